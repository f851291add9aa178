"""What a golden model shows: every field of a report model, so that no change goes unseen."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any, Literal, get_args, get_origin

import pytest
from sqlalchemy import Engine

from roadmap.reports.compose import compose, load_model
from roadmap.reports.model import Part, ReportModel
from support.analysis_rows import ANSWERS_TO, march_model, plan
from support.august_rows import august_run
from support.model_text import text_of

Path = tuple[str | int, ...]
NOTHING = object()


@pytest.fixture
def models(engine: Engine) -> list[ReportModel]:
    """March has bars and what may not be shown, August changes and pairs."""
    run_id = august_run().insert(engine)
    compose(engine, plan(), run_id, ANSWERS_TO)
    with engine.connect() as db:
        units = ("buyskiy", "region")
        return [march_model(), *(load_model(db, run_id, unit) for unit in units)]


def test_whatever_is_changed_in_a_model_changes_its_text(models: list[ReportModel]) -> None:
    tried: set[tuple[str, str, str]] = set()
    for model in models:
        text, told = text_of(model), model.model_dump_json()
        for part, name, path, value in _values(model):
            kind = (type(part).__name__, name, type(value).__name__)
            other = _other(part, name, value)
            if kind not in tried and other is not NOTHING:
                tried.add(kind)
                assert text_of(_with(told, path, other)) != text, path
    fields = {
        (part.__name__, name)
        for part in Part.__subclasses__()
        for name in part.model_fields
        if part.__module__ == Part.__module__ and not _has_one_value(part, name)
    }
    assert {(part, name) for part, name, _ in tried} >= fields


def _values(part: Part, path: Path = ()) -> Iterator[tuple[Part, str, Path, Any]]:
    """Every field of every part below, an item of a tuple being one: whose it is, its name, the
    way to it, what it holds."""
    for name in type(part).model_fields:
        value = getattr(part, name)
        yield part, name, (*path, name), value
        if isinstance(value, Part):
            yield from _values(value, (*path, name))
        for number, item in enumerate(value if isinstance(value, tuple) else ()):
            if isinstance(item, Part):
                yield from _values(item, (*path, name, number))
            else:
                yield part, name, (*path, name, number), item


def _other(part: Part, name: str, value: Any) -> Any:
    """Another value that the field may have, as JSON; NOTHING where it has but one.

    Of a part that is held only its own fields are changed.
    """
    annotation = type(part).model_fields[name].annotation
    if get_origin(annotation) is Literal:
        return next((word for word in get_args(annotation) if word != value), NOTHING)
    match value:
        case bool():
            return not value
        case int() | float():
            return value + 1
        case date():
            return (value + timedelta(days=1)).isoformat()
        case str():
            return f"{value}\u00a0"
        case None if str in get_args(annotation):
            return "said"
        case (_, *_):  # in another order; there may be as many cells as columns only
            dumped = json.loads(part.model_dump_json())[name]
            return dumped[::-1] if len(dumped) > 1 else []
    return NOTHING


def _with(told: str, path: Path, other: Any) -> ReportModel:
    changed = node = json.loads(told)
    for step in path[:-1]:
        node = node[step]
    node[path[-1]] = other
    return ReportModel.model_validate(changed)


def _has_one_value(part: type[Part], name: str) -> bool:
    """Whether the field tells but the kind of the part, or holds one part, whose fields count."""
    annotation = part.model_fields[name].annotation
    if get_origin(annotation) is Literal:
        return len(get_args(annotation)) == 1
    return not {str, int, float, bool, date, tuple} & set(_kinds(annotation))


def _kinds(annotation: Any) -> Iterator[Any]:
    yield get_origin(annotation) or annotation
    if get_origin(annotation) is not tuple:
        for inner in get_args(annotation):
            yield from _kinds(inner)
