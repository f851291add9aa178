"""Where the files that are not Python lie; found from the package's own path."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
INCLUDE = ROOT / "include"
PLANS = INCLUDE / "plans"
# Drafts that a demo makes for itself stand beside its data, not among the operator's plans.
DRAFTS = Path(os.environ["ROADMAP_DRAFTS"]) if os.environ.get("ROADMAP_DRAFTS") else None
REGIONS = INCLUDE / "regions"
SQL = INCLUDE / "sql"
TEMPLATES = INCLUDE / "templates"
SCALES = INCLUDE / "scales"
SOURCES = INCLUDE / "sources.yaml"
RISK_FACTORS = INCLUDE / "risk_factors.yaml"
MECHANISMS = INCLUDE / "mechanisms.yaml"
PROCEDURES = INCLUDE / "procedures.yaml"
BLOCKS = INCLUDE / "blocks.yaml"
