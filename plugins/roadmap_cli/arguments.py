"""What commands are asked for: a slip is answered by one Russian sentence, not by a usage text."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from typing import NoReturn

from roadmap.plan.part import PLAN_CODE


class ArgumentParser(argparse.ArgumentParser):
    """argparse's, which says of a wrong value only what its type says: Russian in ours."""

    def error(self, message: str) -> NoReturn:
        """SystemExit; `make` prints what stands in it."""
        raise SystemExit(re.sub(r"^argument [^:]*: ", "", message))


def number(name: str) -> Callable[[str], int]:
    """The type of a whole number; `name` is the variable of `make` that holds it, as YEAR."""

    def read(text: str) -> int:
        if not re.fullmatch(r"[0-9]{1,9}", text):
            raise argparse.ArgumentTypeError(f"{name}: «{text}» — не целое число.")
        return int(text)

    return read


def plan_code(text: str) -> str:
    """The type of a plan's code: whether there is such a plan, `load_plan` says."""
    if not re.fullmatch(PLAN_CODE, text):
        raise argparse.ArgumentTypeError(
            f"PLAN: «{text}» — не код плана: латинские буквы, цифры и дефис, не больше 40."
        )
    return text


def one_of(name: str, words: dict[str, str]) -> Callable[[str], str]:
    """The type of a word among several, each with what it means, in Russian."""

    def read(text: str) -> str:
        if text not in words:
            listed = ", ".join(f"{word} ({means})" for word, means in words.items())
            raise argparse.ArgumentTypeError(f"{name}: «{text}» — нет такого. Есть: {listed}.")
        return text

    return read
