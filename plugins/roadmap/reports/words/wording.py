"""Sentences of reports: Jinja macros in include/templates/wording, filled with plain values.

Each kind of report has one template, in the order in which the report is read; what several say
in the same words they import from shared.j2. An editor changes a sentence there and no code.
Values are data and never templates: a name `{{ 7*7 }}` stays these eight characters. A value that
a sentence needs and did not get is an error, not a gap in the sentence.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from jinja2 import FileSystemLoader, StrictUndefined, Template
from jinja2.runtime import Macro
from jinja2.sandbox import ImmutableSandboxedEnvironment

from roadmap import russian
from roadmap.paths import TEMPLATES
from roadmap.plan.procedures import kinds
from roadmap.plan.strict_yaml import read_yaml
from roadmap.reports.words import show
from roadmap.russian import NBSP

_BREAKS = re.compile(r"[ \t\n]+")  # not the no-break space
_NOTHING: Mapping[str, Any] = {}
# What the first does not say itself it says in the words of the second.
_AS_SAID_IN = {"summary": "monitoring"}


def say(template: str, sentence: str, known: Mapping[str, Any] = _NOTHING, /, **values: Any) -> str:
    """The sentence: macro `sentence` of wording/<template>.j2, or one it imports, in one line.

    `known` are values that it gets if it asks for them. KeyError when the template has no such
    macro; jinja2.UndefinedError when it needs a value that is not given.
    """
    macro = _macros(template).get(sentence)
    if not isinstance(macro, Macro):
        raise KeyError(f"include/templates/wording/{template}.j2 has no macro «{sentence}»")
    asked = {name: known[name] for name in macro.arguments if name in known}
    return _in_one_line(str(macro(**{**asked, **values})))


def _in_one_line(rendered: str) -> str:
    text = _BREAKS.sub(" ", rendered).strip()
    # «… 569 чел.» at the end of a sentence already has its full stop.
    if text.endswith("..") and not text.endswith("..."):
        text = text[:-1]
    return russian.typographic(text)


def say_declared(sentence: str, **values: Any) -> str:
    """The same for a sentence that is declared beside what it speaks of: an indicator's query.

    jinja2.TemplateError where it is no template or needs a value that is not given.
    """
    return _in_one_line(_declared(sentence).render(**values))


def named(name: str) -> str:
    """A name as every format shows it: «Школа № 101» does not break after «№»."""
    return russian.typographic(" ".join(name.split()))


def listed(items: Sequence[str], last: str = "и") -> str:
    """«русскому языку, физике и математике»."""
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} {last}{NBSP}{items[-1]}"


def subject_dative(subject: str) -> str:
    """«русскому языку» for «русский язык»; a subject unknown here is quoted: «предмету «…»»."""
    return _subjects().get(subject, f"предмету «{subject}»")


def title(text: str) -> str:
    """The text with a capital first letter, the rest as it is."""
    return text[:1].upper() + text[1:]


@cache
def _macros(template: str) -> dict[str, Any]:
    # Not the template's module: that leaves out what the template imports.
    parsed = _environment().get_template(f"{template}.j2")
    context = parsed.new_context()
    "".join(parsed.root_render_func(context))
    other = _AS_SAID_IN.get(template)
    return {**_macros(other), **context.vars} if other is not None else context.vars


@cache
def _declared(sentence: str) -> Template:
    return _environment().from_string(sentence)


@cache
def _subjects() -> dict[str, str]:
    own = {name: dative for kind in kinds().values() for name, dative in kind.subjects.items()}
    return {**own, **{name: str(dative) for name, dative in read_words("subjects").items()}}


def read_words(name: str) -> dict[str, Any]:
    """What wording/<name>.yaml holds: words that are no sentences."""
    words = read_yaml((TEMPLATES / "wording" / f"{name}.yaml").read_text(encoding="utf-8"))
    return {str(key): value for key, value in words.items()}


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    # Plain sentences, not HTML: the letter's own templates escape them.
    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES / "wording"),
        undefined=StrictUndefined,
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(
        integer=russian.integer,
        genitive=russian.genitive,
        instrumental=russian.instrumental,
        day=russian.day,
        long_day=russian.long_day,
        value=show.show,
        unit=show.show_with_unit,
        # In a sentence «13 из 38 чел.» stays on one line; a table cell may break it.
        of=lambda share: show.show_of(share).replace(" ", NBSP),
        full=show.show_in_full,
        points=lambda number: russian.decimal(abs(number), 1),
        title=title,
        lower_first=lambda text: text[:1].lower() + text[1:],
        listed=listed,
        dative=subject_dative,
    )
    environment.globals.update(counted=russian.counted, plural=russian.plural)
    return environment
