"""How long the fault suites run: few rounds in CI, many by `make faults`."""

from __future__ import annotations

import os
import random

# Rounds of each scenario on each engine.
ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "3"))
# Then also what takes minutes: every scenario of a live Airflow, thousands of programs.
IS_LONG = ROUNDS >= 20
# Another seed is another set of moments; the default makes a failure come again.
SEED = os.environ.get("FAULTS_SEED", "500+")


def chance(*names: object) -> random.Random:
    """The dice of one scenario: the same names and seed give the same throws."""
    return random.Random("|".join([SEED, *map(str, names)]))
