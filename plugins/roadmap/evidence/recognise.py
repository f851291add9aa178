"""What a file looks like, whatever its name and folder: which dataset's reader can read it.

For sentences only: a file is taken in from where its dataset's files lie, and from nowhere else.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from roadmap.evidence.files.limits import Limits
from roadmap.evidence.files.sandbox import Parse
from roadmap.evidence.parsed import FileRefused, ReaderContext
from roadmap.evidence.registers.vocabulary import with_words
from roadmap.evidence.scales import options_for
from roadmap.evidence.sources import Source, load_sources
from roadmap.plan.model import Plan

# The reader found its table, and refuses the file for what stands in it or in its name.
_ITS_OWN = {"FILE_NAME", "SUBJECT", "PERIOD", "SCALE"}


def how_to_read(
    source: Source, plan: Plan, scales: Mapping[str, Any] | None = None
) -> tuple[dict[str, Any], Limits]:
    """The options of the source's reader for that plan, and the limits of its files.

    `scales`: the option of that name (`evidence.scales`); None: the shipped ones.
    """
    options = with_words(source.options_of(plan.year), plan)
    options |= options_for(source.scales) if scales is None else scales
    limits = Limits(
        size_bytes=round(source.limits.megabytes * 1_000_000),
        rows=source.limits.rows,
        columns=source.limits.columns,
    )
    return options, limits


def recognised(
    parse: Parse, content: bytes, file_name: str, plan: Plan, but: str | None = None
) -> Source | None:
    """The dataset whose reader finds its table in the file; None where none does.

    `but`: a dataset whose reader has refused it already.
    """
    for source in load_sources().values():
        if source.dataset == but or not source.locations:
            continue
        options, limits = how_to_read(source, plan)
        context = ReaderContext(_named(source, file_name), plan.year, options, plan.last_year)
        try:
            parse(content, source.reader, context, limits)
        except FileRefused as refusal:
            if refusal.code not in _ITS_OWN:
                continue
        return source
    return None


def _named(source: Source, file_name: str) -> str:
    """The file's name, or the source's example where the name has to say what the file is."""
    if source.example is None:
        return file_name
    return source.example.rpartition(".")[0] + "." + file_name.rpartition(".")[2]


def belongs(source: Source) -> str:
    """«Похоже на «Контакты получателей»: место таких файлов — contacts/contacts.xlsx»."""
    places = " или ".join(source.locations)
    named = f", с именем вида «{source.example}»" if source.example else ""
    return f"Похоже на «{source.title}»: место таких файлов — {places}{named}"
