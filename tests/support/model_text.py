"""A report model as text that a reviewer reads: a table's row, a sentence, a figure a line.

Fields that have their default are left out; everything else is there, so that two models that
differ give different text. A figure stands with its numerator and denominator.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date
from typing import Any

from roadmap.reports import model as m

_VALUES = (
    m.Share, m.Points, m.Count, m.Mean, m.Day, m.Words, m.Suppressed, m.NoData, m.NotHeld,
)  # fmt: skip
_ON_ONE_LINE = (m.Cell, m.Column, m.LetterColumn, m.Place)


def text_of(*parts: m.Part) -> str:
    """The parts from top to bottom, what belongs to a part indented below it."""
    return "".join(f"{line}\n" for part in parts for line in _lines(_name(part), part))


def _lines(name: str, node: Any) -> Iterator[str]:
    if isinstance(node, tuple):
        for item in node:
            yield from _lines(name, item)
    elif isinstance(node, m.Part):
        told = {field: getattr(node, field) for field in type(node).model_fields}
        told = {field: value for field, value in told.items() if not _is_left_out(node, field)}
        beside = {field: value for field, value in told.items() if _is_short(value)}
        yield " | ".join([_name(node), *(_said(field, value) for field, value in beside.items())])
        for field, value in told.items():
            if field not in beside:
                yield from ("  " + line for line in _lines(field, value))
    else:
        yield f"{name}: {_shown(node)}"


def _name(part: m.Part) -> str:
    kind = getattr(part, "kind", "")
    return f"Row {kind}" if isinstance(part, m.Row | m.LetterRow) else type(part).__name__


def _is_left_out(part: m.Part, field: str) -> bool:
    return field == "kind" or bool(getattr(part, field) == type(part).model_fields[field].default)


def _is_short(value: Any) -> bool:
    if isinstance(value, tuple):
        return all(isinstance(item, _ON_ONE_LINE) for item in value)
    return not isinstance(value, m.Part) or isinstance(value, _VALUES)


def _said(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return field if value else f"not {field}"
    if isinstance(value, tuple):
        return " | ".join(map(_shown, value))
    return f"{field} {_shown(value)}"


def _shown(value: Any) -> str:
    match value:
        case m.Share():
            return f"{value.numerator}/{value.denominator}"
        case m.Points():
            return f"{_shown(value.previous)} → {_shown(value.current)}"
        case m.Count():
            return str(value.n)
        case m.Mean():
            return f"{value.total}:{value.n} to {value.digits} places"
        case m.Day():
            return value.on.isoformat()
        case m.Words():
            return _quoted(value.text)
        case m.Suppressed():
            where = " in every school" if value.in_every_school else ""
            where = " in every work" if value.in_every_work else where
            return f"<fewer than {value.fewer_than}{where}>"
        case m.NoData() | m.NotHeld():
            return f"<{value.kind}>"
        case m.Cell():
            marks = ("!" if value.at_threshold else "") + ("" if value.own else " (not own)")
            if value.own_words is not None:
                marks += f" (own: {value.own_words})"
            return f"{_shown(value.value)}{marks}"
        case m.Column():
            group = "" if value.group is None else f"{_quoted(value.group)} / "
            return f"{value.key}: {group}{_quoted(value.title)} {value.align} {value.width}"
        case m.LetterColumn():
            return f"{value.key}: {_quoted(value.title)}"
        case m.Place():
            return f"{value.view} {_quoted(value.table_id)} {value.row}, {value.column}"
        case str():
            return _quoted(value)
        case date():
            return value.isoformat()
    return str(value)


def _quoted(text: str) -> str:
    """The text in quotes; what no reader would see in it is written out: ~ for a no-break space."""
    quoted = json.dumps(text, ensure_ascii=False).replace("~", "\\~").replace("\u00a0", "~")
    return "".join(f"\\u{ord(c):04x}" if c in "\u00ad\u200b\u2060\u202f" else c for c in quoted)
