"""Imports what tasks need, for the process that Airflow forks its workers from.

A task runs in a fork of a worker. Importing pandas and matplotlib anew costs each
of them seconds of processor time, several times what its own work takes; what Airflow itself
imports to read a DAG file costs a quarter of a second more. A worker that was forked with these
modules loaded gives them to every task for nothing. Named in
`[core] mp_forkserver_preload` (roadmap_cli.environment, docker-compose.yaml); nothing breaks
without it, runs only take longer.
"""

import airflow.dag_processing.dagbag
import airflow.providers.standard.decorators.python
import css_inline
import docx
import docxtpl
import lxml.html
import matplotlib.backends.backend_svg
import matplotlib.figure
import pandas
import pikepdf
import pypdfium2
import python_calamine
import typst
import xlsxwriter

import roadmap.analysis.analyse
import roadmap.delivery.account.reconcile
import roadmap.delivery.letters.planning
import roadmap.delivery.letters.to_operator
import roadmap.delivery.sending.sender
import roadmap.evidence.freeze
import roadmap.evidence.intake
import roadmap.evidence.schemas
import roadmap.evidence.troubles
import roadmap.indicators.evaluate
import roadmap.plan.schedule
import roadmap.reports.compose
import roadmap.reports.package
import roadmap_airflow.intake
import roadmap_airflow.mail
import roadmap_airflow.phases
import roadmap_airflow.watch

__all__ = [
    "airflow", "css_inline", "docx", "docxtpl", "lxml", "matplotlib", "pandas",
    "pikepdf", "pypdfium2", "python_calamine", "roadmap", "roadmap_airflow", "typst", "xlsxwriter",
]  # fmt: skip
