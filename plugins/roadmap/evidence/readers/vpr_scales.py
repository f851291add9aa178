"""The region's workbook of scales: rows for papers that include/scales does not know."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from roadmap.evidence.messages import place, sentence
from roadmap.evidence.parsed import Parsed, ReaderContext, Rejected, scale_of, scale_text
from roadmap.evidence.readers import register
from roadmap.evidence.readers.paper import subject_of


def read(content: bytes, context: ReaderContext) -> Parsed:
    """Facts `vpr_scale`, subjects in their one spelling; the option `scales`: the shipped ones.

    A shipped scale is never replaced: the row of another one is set aside. Raises FileRefused
    as `register.read` does.
    """
    parsed = register.read(content, context)
    shipped: Mapping[str, Any] = context.options["scales"]
    kept: list[dict[str, Any]] = []
    rejected: list[Rejected] = []
    for row in parsed.facts["vpr_scale"]:
        subject = subject_of(row["subject"])
        of_subject = shipped.get(str(row["year"]), {}).get(subject, {})
        known = scale_text(of_subject.get(str(row["grade"])))
        if subject is None:
            found = ("SUBJECT", f"предмет «{row['subject'][:60]}» не известен", "Проверьте его")
        elif known and known != scale_text(scale_of(row)):
            found = (
                "CONTRADICTION",
                f"в программе для этой работы другая шкала ({known})",
                f"Сверьте с описанием работы; верна новая — исправьте "
                f"include/scales/vpr_{row['year']}.yaml",
            )
        else:
            kept.append({**row, "subject": subject})
            continue
        rule, what, to_do = found
        where = place(context.file_name, row["sheet"], row["row"])
        message = sentence(f"Строка не принята: {what}", where, to_do)
        rejected.append(Rejected(rule, message, row["sheet"], row["row"]))
    return replace(
        parsed,
        facts={"vpr_scale": kept},
        rows_accepted=parsed.rows_accepted - len(rejected),
        rejected=(*parsed.rejected, *rejected),
    )
