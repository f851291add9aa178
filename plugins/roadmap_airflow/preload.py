"""Imports what tasks need, for the process that Airflow forks its workers from.

A task runs in a fork of a worker. Importing pandas, pandera and matplotlib anew costs each
of them seconds of processor time, several times what its own work takes; a worker that
was forked with these modules loaded gives them to every task for nothing. Named in
`[core] mp_forkserver_preload` (roadmap_cli.environment, docker-compose.yaml); nothing breaks
without it, runs only take longer.
"""

import css_inline
import docx
import docxtpl
import lxml.html
import matplotlib.backends.backend_agg
import matplotlib.backends.backend_svg
import matplotlib.figure
import openpyxl
import pandas
import pandera.pandas
import pypdfium2
import typst
import xlsxwriter

import roadmap.analysis.analyse
import roadmap.delivery.planning
import roadmap.delivery.reconcile
import roadmap.delivery.sender
import roadmap.evidence.freeze
import roadmap.evidence.intake
import roadmap.evidence.schemas
import roadmap.indicators.evaluate
import roadmap.reports.compose
import roadmap.reports.package

__all__ = [
    "css_inline", "docx", "docxtpl", "lxml", "matplotlib", "openpyxl", "pandas", "pandera",
    "pypdfium2", "roadmap", "typst", "xlsxwriter",
]  # fmt: skip
