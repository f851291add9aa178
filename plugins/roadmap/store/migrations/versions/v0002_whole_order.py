"""The evidence of the whole order: acts, surveys, publications, МЭДК, internships, appeals.

Revision 0002; after it every dataset of the seventeen measures has its table, and a run keeps
the plan's lists and what a monitoring counts.
"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "acknowledgement",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("received_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_acknowledgement_batch_id")
        ),
    )
    with op.batch_alter_table("acknowledgement", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_acknowledgement_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "appeal_change",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("school_scheme", sa.Text(), nullable=False),
        sa.Column("school_ref", sa.Text(), nullable=False),
        sa.Column("municipality_ref", sa.Text(), nullable=True),
        sa.Column("appeals", sa.Integer(), nullable=False),
        sa.Column("mark_2", sa.Integer(), nullable=False),
        sa.Column("mark_3", sa.Integer(), nullable=False),
        sa.Column("mark_4", sa.Integer(), nullable=False),
        sa.Column("mark_5", sa.Integer(), nullable=False),
        sa.Column("below_minimum", sa.Integer(), nullable=False),
        sa.Column("score_sum", sa.Integer(), nullable=False),
        sa.Column("high_scores", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_appeal_change_batch_id")
        ),
    )
    with op.batch_alter_table("appeal_change", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_appeal_change_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "direction",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("direction_id", sa.Text(), nullable=False),
        sa.Column("for_year", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("approved_on", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_direction_batch_id")
        ),
    )
    with op.batch_alter_table("direction", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_direction_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "medk_document",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("state_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_medk_document_batch_id")
        ),
    )
    with op.batch_alter_table("medk_document", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_medk_document_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "monitoring_scope",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("monitoring", sa.Integer(), nullable=False),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_monitoring_scope_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "monitoring", "measure", name=op.f("pk_monitoring_scope")
        ),
    )
    op.create_table(
        "own_schedule_date",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.Column("due_on", sa.String(length=10), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_own_schedule_date_batch_id")
        ),
    )
    with op.batch_alter_table("own_schedule_date", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_own_schedule_date_batch_id"), ["batch_id"], unique=False
        )

    op.create_table(
        "programme",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("programme_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("approved_on", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_programme_batch_id")
        ),
    )
    with op.batch_alter_table("programme", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_programme_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "publication",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("publication_id", sa.Text(), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("link", sa.Text(), nullable=False),
        sa.Column("published_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_publication_batch_id")
        ),
    )
    with op.batch_alter_table("publication", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_publication_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "regional_act",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("act_id", sa.Text(), nullable=False),
        sa.Column("document", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.String(length=10), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_regional_act_batch_id")
        ),
    )
    with op.batch_alter_table("regional_act", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_regional_act_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "risk",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("factor", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("is_activated", sa.Integer(), nullable=False),
        sa.Column("assessed_on", sa.String(length=10), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_risk_batch_id")
        ),
    )
    with op.batch_alter_table("risk", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_risk_batch_id"), ["batch_id"], unique=False)

    op.create_table(
        "run_rule",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["phase_run.run_id"], name=op.f("fk_run_rule_run_id")),
        sa.PrimaryKeyConstraint("run_id", "measure", "rule", "value", name=op.f("pk_run_rule")),
    )
    op.create_table(
        "survey",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("respondent", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("school_id", sa.Text(), nullable=True),
        sa.Column("questionnaire", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("closed_on", sa.String(length=10), nullable=True),
        sa.CheckConstraint(
            "respondent in ('curator', 'school')", name=op.f("ck_survey_respondent")
        ),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_survey_batch_id")
        ),
    )
    with op.batch_alter_table("survey", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_survey_batch_id"), ["batch_id"], unique=False)

    with op.batch_alter_table("event", schema=None) as batch_op:
        batch_op.add_column(sa.Column("programme_id", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("host_kind", sa.Text(), nullable=True))
        batch_op.add_column(sa.Column("host", sa.Text(), nullable=True))

    with op.batch_alter_table("indicator_gap", schema=None) as batch_op:
        batch_op.add_column(sa.Column("measure", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("detail", sa.Text(), nullable=True))

    with op.batch_alter_table("measure_status", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column("is_executed", sa.Integer(), server_default=sa.text("0"), nullable=False)
        )
