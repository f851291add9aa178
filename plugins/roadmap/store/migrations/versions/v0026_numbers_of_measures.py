"""The number of a measure is text.

Revision 0026: other roadmaps number their rows «1.2». Whole numbers become their texts.
"""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None

_TABLES = {
    "event": ("measure",),
    "programme": ("measure",),
    "own_schedule_date": ("measure",),
    "run_rule": ("measure",),
    "run_recommendation": ("measure",),
    "indicator_gap": ("measure",),
    "monitoring_scope": ("monitoring", "measure"),
    "measure_status": ("measure",),
}


def upgrade() -> None:
    for table, columns in _TABLES.items():
        with op.batch_alter_table(table, schema=None) as batch_op:
            for column in columns:
                batch_op.alter_column(
                    column,
                    existing_type=sa.Integer(),
                    type_=sa.Text(),
                    postgresql_using=f"{column}::text",
                )
