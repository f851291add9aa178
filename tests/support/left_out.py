"""Tests that need system software which this machine lacks: left out, and named at the end."""

from __future__ import annotations

from typing import NoReturn

import pytest

PREFIX = "left out: "


def leave_out(what_is_missing: str) -> NoReturn:
    """Skip the test and have it listed by name at the end of the run (tests/conftest.py)."""
    pytest.skip(PREFIX + what_is_missing)
