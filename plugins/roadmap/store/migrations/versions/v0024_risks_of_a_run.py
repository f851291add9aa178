"""Each run's risks by school and factor, of the last assessment that it knew.

Revision 0024. Of the runs that there are they are found from what they froze.
"""

import sqlalchemy as sa
from alembic import op

revision = "0024"
down_revision = "0023"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_risk",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("is_activated", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["phase_run.run_id"], name=op.f("fk_run_risk_run_id")),
        sa.PrimaryKeyConstraint("run_id", "school_id", "factor", name=op.f("pk_run_risk")),
    )
    op.execute(
        """
        insert into run_risk (run_id, school_id, factor, is_activated)
        with assessed as (
            select
                phase_run.run_id,
                risk.school_id,
                risk.factor,
                risk.is_activated,
                row_number() over (
                    partition by phase_run.run_id, risk.school_id, risk.factor
                    order by risk.assessed_on desc, risk.row desc, risk.is_activated desc
                ) as place
            from risk
            join run_batch on run_batch.batch_id = risk.batch_id
            join phase_run on phase_run.run_id = run_batch.run_id
            where risk.assessed_on <= phase_run.as_of
        )
        select run_id, school_id, factor, is_activated
        from assessed
        where place = 1
        """
    )
