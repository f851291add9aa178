"""Plain text for the operator, from the templates of include/templates."""

from __future__ import annotations

from datetime import date, datetime
from functools import cache
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from roadmap import russian
from roadmap.paths import TEMPLATES

if TYPE_CHECKING:
    from jinja2.sandbox import ImmutableSandboxedEnvironment

MOSCOW = ZoneInfo("Europe/Moscow")


def filled_in(template: str, **values: Any) -> str:
    """The text of include/templates/<template>; it ends with one line end.

    jinja2.UndefinedError where the template asks for what is not there.
    """
    return _environment().get_template(template).render(values).rstrip() + "\n"


def moment(moment_ms: int) -> str:
    """«26.03.2021 в 09:14», Moscow time."""
    return datetime.fromtimestamp(moment_ms / 1000, MOSCOW).strftime("%d.%m.%Y в %H:%M")


@cache
def _environment() -> ImmutableSandboxedEnvironment:
    # Imported here: tasks that say nothing to the operator need no Jinja.
    from jinja2 import FileSystemLoader, StrictUndefined
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    environment = ImmutableSandboxedEnvironment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        autoescape=False,  # plain text
    )

    def day(value: date) -> str:
        return russian.day(value)

    environment.filters |= {"moment": moment, "day": day, "counted": russian.counted}
    return environment
