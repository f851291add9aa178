"""The first tables: evidence, phase runs, reports, the delivery ledger.

Revision 0001; nothing before it.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

# The only moves a delivery may make; from unknown and in_doubt none leads to ready or claimed.
TRANSITIONS = (
    ("new", "held"),
    ("new", "ready"),
    ("held", "ready"),
    ("ready", "claimed"),
    ("retry", "claimed"),
    ("claimed", "in_doubt"),
    ("claimed", "retry"),
    ("claimed", "ready"),
    ("claimed", "rejected"),
    ("claimed", "exhausted"),
    ("in_doubt", "accepted"),
    ("in_doubt", "retry"),
    ("in_doubt", "rejected"),
    ("in_doubt", "exhausted"),
    ("in_doubt", "unknown"),
    ("unknown", "accepted"),
    ("unknown", "retry"),
    ("unknown", "cancelled"),
    ("held", "cancelled"),
    ("ready", "cancelled"),
    ("retry", "cancelled"),
    ("exhausted", "cancelled"),
    ("exhausted", "retry"),
    ("accepted", "bounced"),
)


def upgrade() -> None:
    _create_tables()
    transition = sa.table("transition", sa.column("from_state"), sa.column("to_state"))
    op.bulk_insert(transition, [{"from_state": a, "to_state": b} for a, b in TRANSITIONS])
    control = sa.table("control", sa.column("k"), sa.column("v"))
    op.bulk_insert(control, [{"k": "sending_enabled", "v": "1"}])


def _create_tables() -> None:
    op.create_table(
        "approval",
        sa.Column("approval_id", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("batch_sha256", sa.Text(), nullable=False),
        sa.Column("decision", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("approved_by", sa.Text(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "decision in ('approved', 'rejected')", name=op.f("ck_approval_decision")
        ),
        sa.CheckConstraint("length(batch_sha256) = 64", name=op.f("ck_approval_batch_sha256")),
        sa.CheckConstraint("n > 0", name=op.f("ck_approval_n")),
        sa.PrimaryKeyConstraint("approval_id", name=op.f("pk_approval")),
    )
    op.create_table(
        "control",
        sa.Column("k", sa.Text(), nullable=False),
        sa.Column("v", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("k", name=op.f("pk_control")),
    )
    op.create_table(
        "load_batch",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("plan_year", sa.Integer(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.BigInteger(), nullable=False),
        sa.Column("received_ms", sa.BigInteger(), nullable=False),
        sa.Column("loaded_ms", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("rows_read", sa.Integer(), nullable=False),
        sa.Column("rows_accepted", sa.Integer(), nullable=False),
        sa.Column("rows_rejected", sa.Integer(), nullable=False),
        sa.Column("refusal_code", sa.Text(), nullable=True),
        sa.Column("refusal_message", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "(state = 'refused') = (refusal_code is not null)", name=op.f("ck_load_batch_refusal")
        ),
        sa.CheckConstraint("state in ('accepted', 'refused')", name=op.f("ck_load_batch_state")),
        sa.PrimaryKeyConstraint("batch_id", name=op.f("pk_load_batch")),
    )
    op.create_index(
        "ix_load_batch_in_force",
        "load_batch",
        ["plan_year", "dataset", "scope", "received_ms"],
        unique=False,
    )
    op.create_table(
        "municipality",
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "length(municipality_id) between 1 and 16", name=op.f("ck_municipality_id_length")
        ),
        sa.PrimaryKeyConstraint("municipality_id", name=op.f("pk_municipality")),
    )
    op.create_table(
        "phase_run",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("plan_year", sa.Integer(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("as_of", sa.String(length=10), nullable=False),
        sa.Column("known_at_ms", sa.BigInteger(), nullable=False),
        sa.Column("started_ms", sa.BigInteger(), nullable=False),
        sa.Column("plan_sha256", sa.String(length=64), nullable=False),
        sa.Column("templates_sha256", sa.String(length=64), nullable=False),
        sa.Column("code_version", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("requested_by", sa.Text(), nullable=False),
        sa.CheckConstraint("mode in ('live', 'redirect', 'dry')", name=op.f("ck_phase_run_mode")),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_phase_run")),
    )
    op.create_table(
        "send_fuse",
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("day", sa.Text(), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.Column("cap", sa.Integer(), nullable=False),
        sa.CheckConstraint("n <= cap", name=op.f("ck_send_fuse_cap")),
        sa.PrimaryKeyConstraint("scope", "day", name=op.f("pk_send_fuse")),
    )
    op.create_table(
        "transition",
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("from_state", "to_state", name=op.f("pk_transition")),
    )
    op.create_table(
        "attendance",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("school_id", sa.Text(), nullable=True),
        sa.Column("is_present", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_attendance_batch_id")
        ),
    )
    op.create_index(op.f("ix_attendance_batch_id"), "attendance", ["batch_id"], unique=False)
    op.create_table(
        "contact",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_contact_batch_id")
        ),
    )
    op.create_index(op.f("ix_contact_batch_id"), "contact", ["batch_id"], unique=False)
    op.create_table(
        "document",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("document_id", sa.Text(), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("signed_on", sa.String(length=10), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_document_batch_id")
        ),
    )
    op.create_index(op.f("ix_document_batch_id"), "document", ["batch_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("event_id", sa.Text(), nullable=False),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("seminar_id", sa.Text(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("held_on", sa.String(length=10), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("participants", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_event_batch_id")
        ),
    )
    op.create_index(op.f("ix_event_batch_id"), "event", ["batch_id"], unique=False)
    op.create_table(
        "exam_result",
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
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("below_minimum", sa.Integer(), nullable=False),
        sa.Column("minimum", sa.Integer(), nullable=False),
        sa.Column("score_sum", sa.Integer(), nullable=False),
        sa.Column("high_scores", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_exam_result_batch_id")
        ),
    )
    op.create_index(op.f("ix_exam_result_batch_id"), "exam_result", ["batch_id"], unique=False)
    op.create_table(
        "indicator_gap",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("unit_kind", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Text(), nullable=True),
        sa.Column("school_id", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_indicator_gap_run_id")
        ),
    )
    op.create_index(op.f("ix_indicator_gap_run_id"), "indicator_gap", ["run_id"], unique=False)
    op.create_table(
        "indicator_result",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("indicator", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("numerator", sa.Integer(), nullable=True),
        sa.Column("denominator", sa.Integer(), nullable=True),
        sa.Column("target", sa.Float(), nullable=False),
        sa.Column("shortfall", sa.Integer(), nullable=True),
        sa.Column("met_on", sa.String(length=10), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_indicator_result_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "indicator", "municipality_id", name=op.f("pk_indicator_result")
        ),
    )
    op.create_table(
        "journal_result",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("school_scheme", sa.Text(), nullable=True),
        sa.Column("school_ref", sa.Text(), nullable=True),
        sa.Column("municipality_ref", sa.Text(), nullable=True),
        sa.Column("compared", sa.Integer(), nullable=False),
        sa.Column("lowered", sa.Integer(), nullable=False),
        sa.Column("confirmed", sa.Integer(), nullable=False),
        sa.Column("raised", sa.Integer(), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_journal_result_batch_id")
        ),
    )
    op.create_index(
        op.f("ix_journal_result_batch_id"), "journal_result", ["batch_id"], unique=False
    )
    op.create_table(
        "load_warning",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_load_warning_batch_id")
        ),
    )
    op.create_index(op.f("ix_load_warning_batch_id"), "load_warning", ["batch_id"], unique=False)
    op.create_table(
        "mark_result",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("school_scheme", sa.Text(), nullable=True),
        sa.Column("school_ref", sa.Text(), nullable=True),
        sa.Column("municipality_ref", sa.Text(), nullable=True),
        sa.Column("schools", sa.Integer(), nullable=True),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=True),
        sa.Column("mark_2", sa.Integer(), nullable=False),
        sa.Column("mark_3", sa.Integer(), nullable=False),
        sa.Column("mark_4", sa.Integer(), nullable=False),
        sa.Column("mark_5", sa.Integer(), nullable=False),
        sa.Column("restored", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_mark_result_batch_id")
        ),
    )
    op.create_index(op.f("ix_mark_result_batch_id"), "mark_result", ["batch_id"], unique=False)
    op.create_table(
        "measure_status",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("measure", sa.Integer(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("due", sa.String(length=10), nullable=True),
        sa.Column("status", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_measure_status_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "measure", "municipality_id", name=op.f("pk_measure_status")
        ),
    )
    op.create_table(
        "message",
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("rfc822", sa.LargeBinary(), nullable=False),
        sa.Column("created_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("message_id like '<%@%>'", name=op.f("ck_message_message_id")),
        sa.CheckConstraint("length(sha256) = 64", name=op.f("ck_message_sha256")),
        sa.ForeignKeyConstraint(
            ["municipality_id"],
            ["municipality.municipality_id"],
            name=op.f("fk_message_municipality_id"),
        ),
        sa.PrimaryKeyConstraint("message_id", name=op.f("pk_message")),
        sa.UniqueConstraint(
            "message_id",
            "municipality_id",
            "sha256",
            name=op.f("uq_message_message_id_municipality_id_sha256"),
        ),
    )
    op.create_table(
        "municipal_act",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("adopted_on", sa.String(length=10), nullable=False),
        sa.Column("link", sa.Text(), nullable=True),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_municipal_act_batch_id")
        ),
    )
    op.create_index(op.f("ix_municipal_act_batch_id"), "municipal_act", ["batch_id"], unique=False)
    op.create_table(
        "municipality_alias",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("alias", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_municipality_alias_batch_id")
        ),
    )
    op.create_index(
        op.f("ix_municipality_alias_batch_id"), "municipality_alias", ["batch_id"], unique=False
    )
    op.create_table(
        "municipality_name",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("genitive", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_municipality_name_batch_id")
        ),
    )
    op.create_index(
        op.f("ix_municipality_name_batch_id"), "municipality_name", ["batch_id"], unique=False
    )
    op.create_table(
        "paper_result",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=False),
        sa.Column("grade", sa.Integer(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("unit_id", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("schools", sa.Integer(), nullable=False),
        sa.Column("small_schools", sa.Integer(), nullable=False),
        sa.Column("participants", sa.Integer(), nullable=False),
        sa.Column("absent", sa.Integer(), nullable=True),
        sa.Column("mark_2", sa.Integer(), nullable=True),
        sa.Column("mark_3", sa.Integer(), nullable=True),
        sa.Column("mark_4", sa.Integer(), nullable=True),
        sa.Column("mark_5", sa.Integer(), nullable=True),
        sa.Column("compared", sa.Integer(), nullable=True),
        sa.Column("lowered", sa.Integer(), nullable=True),
        sa.Column("confirmed", sa.Integer(), nullable=True),
        sa.Column("raised", sa.Integer(), nullable=True),
        sa.Column("below_minimum", sa.Integer(), nullable=True),
        sa.Column("minimum", sa.Integer(), nullable=True),
        sa.Column("score_sum", sa.Integer(), nullable=True),
        sa.Column("high_scores", sa.Integer(), nullable=True),
        sa.Column("is_small", sa.Integer(), nullable=False),
        sa.Column("is_low", sa.Integer(), nullable=True),
        sa.Column("is_journal_small", sa.Integer(), nullable=True),
        sa.Column("elsewhere_schools", sa.Integer(), nullable=True),
        sa.Column("elsewhere_participants", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_paper_result_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id",
            "kind",
            "year",
            "wave",
            "grade",
            "subject",
            "level",
            "unit_id",
            name=op.f("pk_paper_result"),
        ),
    )
    op.create_table(
        "person_role",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("person_id", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=True),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.CheckConstraint("role in ('coordinator', 'curator')", name=op.f("ck_person_role_role")),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_person_role_batch_id")
        ),
    )
    op.create_index(op.f("ix_person_role_batch_id"), "person_role", ["batch_id"], unique=False)
    op.create_table(
        "recipient",
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("addr", sa.Text(), nullable=False),
        sa.Column("active", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.CheckConstraint(
            "addr not like '% %' and addr like '%_@_%'", name=op.f("ck_recipient_addr")
        ),
        sa.CheckConstraint("active in (0, 1)", name=op.f("ck_recipient_active")),
        sa.ForeignKeyConstraint(
            ["municipality_id"],
            ["municipality.municipality_id"],
            name=op.f("fk_recipient_municipality_id"),
        ),
        sa.PrimaryKeyConstraint("recipient_id", name=op.f("pk_recipient")),
        sa.UniqueConstraint(
            "municipality_id", "addr", name=op.f("uq_recipient_municipality_id_addr")
        ),
        sa.UniqueConstraint(
            "recipient_id",
            "municipality_id",
            name=op.f("uq_recipient_recipient_id_municipality_id"),
        ),
    )
    op.create_table(
        "rejected_row",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("rows", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_rejected_row_batch_id")
        ),
    )
    op.create_index(op.f("ix_rejected_row_batch_id"), "rejected_row", ["batch_id"], unique=False)
    op.create_table(
        "report",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["run_id"], ["phase_run.run_id"], name=op.f("fk_report_run_id")),
        sa.PrimaryKeyConstraint("run_id", "municipality_id", name=op.f("pk_report")),
    )
    op.create_table(
        "run_batch",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_run_batch_batch_id")
        ),
        sa.ForeignKeyConstraint(["run_id"], ["phase_run.run_id"], name=op.f("fk_run_batch_run_id")),
        sa.PrimaryKeyConstraint("run_id", "batch_id", name=op.f("pk_run_batch")),
    )
    op.create_table(
        "run_dataset",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("need", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("batches", sa.Integer(), nullable=False),
        sa.Column("latest_received_ms", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_dataset_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "dataset", name=op.f("pk_run_dataset")),
    )
    op.create_table(
        "run_finding",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("rule", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=True),
        sa.Column("dataset", sa.Text(), nullable=True),
        sa.Column("batch_id", sa.Text(), nullable=True),
        sa.Column("message", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_finding_run_id")
        ),
    )
    op.create_index(op.f("ix_run_finding_run_id"), "run_finding", ["run_id"], unique=False)
    op.create_table(
        "run_foreign_ref",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("municipality_ref", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_foreign_ref_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "scheme", "ref", "municipality_ref", name=op.f("pk_run_foreign_ref")
        ),
    )
    op.create_table(
        "run_municipality",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("genitive", sa.Text(), nullable=False),
        sa.Column("short_name", sa.Text(), nullable=False),
        sa.Column("is_participating", sa.Integer(), nullable=False),
        sa.Column("is_selected", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_municipality_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "municipality_id", name=op.f("pk_run_municipality")),
    )
    op.create_table(
        "run_school",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("is_participating", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_school_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "school_id", name=op.f("pk_run_school")),
    )
    op.create_table(
        "run_school_ref",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("scheme", sa.Text(), nullable=False),
        sa.Column("ref", sa.Text(), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_school_ref_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "scheme", "ref", name=op.f("pk_run_school_ref")),
    )
    op.create_table(
        "school",
        sa.Column("batch_id", sa.String(length=32), nullable=False),
        sa.Column("sheet", sa.Text(), nullable=True),
        sa.Column("row", sa.Integer(), nullable=True),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("vpr_login", sa.Text(), nullable=True),
        sa.Column("gia_code", sa.Text(), nullable=True),
        sa.Column("project_from", sa.String(length=10), nullable=True),
        sa.Column("project_to", sa.String(length=10), nullable=True),
        sa.Column("valid_from", sa.String(length=10), nullable=False),
        sa.Column("valid_to", sa.String(length=10), nullable=True),
        sa.ForeignKeyConstraint(
            ["batch_id"], ["load_batch.batch_id"], name=op.f("fk_school_batch_id")
        ),
    )
    op.create_index(op.f("ix_school_batch_id"), "school", ["batch_id"], unique=False)
    op.create_table(
        "school_verdict",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("school_id", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("papers", sa.Integer(), nullable=False),
        sa.Column("small_papers", sa.Integer(), nullable=False),
        sa.Column("low_papers", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_school_verdict_run_id")
        ),
        sa.PrimaryKeyConstraint("run_id", "school_id", name=op.f("pk_school_verdict")),
    )
    op.create_table(
        "delivery",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("content_sha256", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("payload_sha256", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("send_epoch", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("not_before_ms", sa.BigInteger(), nullable=False),
        sa.Column("expires_ms", sa.BigInteger(), nullable=False),
        sa.Column("claim_token", sa.Text(), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("lease_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("accepted_via", sa.Text(), nullable=True),
        sa.Column("approval_id", sa.Text(), nullable=True),
        sa.Column("last_code", sa.Integer(), nullable=True),
        sa.Column("last_detail", sa.Text(), nullable=True),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.CheckConstraint(
            "(state in ('accepted', 'bounced')) = (accepted_via is not null)",
            name=op.f("ck_delivery_accepted"),
        ),
        sa.CheckConstraint(
            "(state in ('claimed', 'in_doubt')) = (claim_token is not null)",
            name=op.f("ck_delivery_claim"),
        ),
        sa.CheckConstraint(
            "accepted_via in ('reply', 'evidence')", name=op.f("ck_delivery_accepted_via")
        ),
        sa.CheckConstraint(
            "accepted_via is null or accepted_via = 'evidence' or (last_code is not null and last_code between 200 and 299)",  # noqa: E501
            name=op.f("ck_delivery_accepted_code"),
        ),
        sa.CheckConstraint("mode in ('live', 'redirect', 'dry')", name=op.f("ck_delivery_mode")),
        sa.CheckConstraint(
            "state in ('held', 'ready', 'claimed', 'in_doubt', 'unknown', 'retry', 'accepted', 'rejected', 'exhausted', 'cancelled', 'bounced')",  # noqa: E501
            name=op.f("ck_delivery_state"),
        ),
        sa.CheckConstraint(
            "(claim_token is null) = (lease_until_ms is null)", name=op.f("ck_delivery_lease")
        ),
        sa.CheckConstraint("length(delivery_id) = 64", name=op.f("ck_delivery_delivery_id")),
        sa.CheckConstraint("revision >= 1", name=op.f("ck_delivery_revision")),
        sa.ForeignKeyConstraint(
            ["message_id", "municipality_id", "payload_sha256"],
            ["message.message_id", "message.municipality_id", "message.sha256"],
            name=op.f("fk_delivery_message_id_municipality_id_payload_sha256"),
        ),
        sa.ForeignKeyConstraint(
            ["recipient_id", "municipality_id"],
            ["recipient.recipient_id", "recipient.municipality_id"],
            name=op.f("fk_delivery_recipient_id_municipality_id"),
        ),
        sa.ForeignKeyConstraint(["run_id"], ["phase_run.run_id"], name=op.f("fk_delivery_run_id")),
        sa.PrimaryKeyConstraint("delivery_id", name=op.f("pk_delivery")),
        sa.UniqueConstraint("message_id", name=op.f("uq_delivery_message_id")),
        sa.UniqueConstraint(
            "occasion",
            "mode",
            "municipality_id",
            "recipient_id",
            "revision",
            name=op.f("uq_delivery_occasion_mode_municipality_id_recipient_id_revision"),
        ),
    )
    op.create_index("delivery_due", "delivery", ["state", "not_before_ms"], unique=False)
    op.create_index(
        "one_live_per_target",
        "delivery",
        ["occasion", "mode", "municipality_id", "recipient_id"],
        unique=True,
        sqlite_where=sa.text(
            "state in ('held', 'ready', 'claimed', 'in_doubt', 'unknown', 'retry')"
        ),
        postgresql_where=sa.text(
            "state in ('held', 'ready', 'claimed', 'in_doubt', 'unknown', 'retry')"
        ),
    )
    op.create_table(
        "report_file",
        sa.Column("run_id", sa.Text(), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("file_kind", sa.Text(), nullable=False),
        sa.Column("part", sa.Text(), server_default=sa.text("''"), nullable=False),
        sa.Column("file_name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.String(length=64), nullable=False),
        sa.Column("size_bytes", sa.Integer(), nullable=False),
        sa.Column("pages", sa.Integer(), nullable=True),
        sa.Column("path", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id", "municipality_id"],
            ["report.run_id", "report.municipality_id"],
            name=op.f("fk_report_file_run_id_municipality_id"),
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "municipality_id", "file_kind", "part", name=op.f("pk_report_file")
        ),
    )
    op.create_table(
        "delivery_event",
        sa.Column("delivery_id", sa.Text(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("from_state", sa.Text(), nullable=False),
        sa.Column("to_state", sa.Text(), nullable=False),
        sa.Column("send_epoch", sa.Integer(), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("phase", sa.Text(), nullable=True),
        sa.Column("code", sa.Integer(), nullable=True),
        sa.Column("detail", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.delivery_id"], name=op.f("fk_delivery_event_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["from_state", "to_state"],
            ["transition.from_state", "transition.to_state"],
            name=op.f("fk_delivery_event_from_state_to_state"),
        ),
        sa.PrimaryKeyConstraint("delivery_id", "seq", name=op.f("pk_delivery_event")),
    )
    op.create_index(
        "one_acceptance",
        "delivery_event",
        ["delivery_id"],
        unique=True,
        sqlite_where=sa.text("to_state = 'accepted'"),
        postgresql_where=sa.text("to_state = 'accepted'"),
    )
    op.create_index(
        "one_arm_per_epoch",
        "delivery_event",
        ["delivery_id", "send_epoch"],
        unique=True,
        sqlite_where=sa.text("to_state = 'in_doubt'"),
        postgresql_where=sa.text("to_state = 'in_doubt'"),
    )
    op.create_table(
        "run_outcome",
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("recipient_id", sa.Text(), nullable=False),
        sa.Column("outcome", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("delivery_id", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "outcome in ('planned', 'suppressed', 'blocked')", name=op.f("ck_run_outcome_outcome")
        ),
        sa.ForeignKeyConstraint(
            ["delivery_id"], ["delivery.delivery_id"], name=op.f("fk_run_outcome_delivery_id")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["phase_run.run_id"], name=op.f("fk_run_outcome_run_id")
        ),
        sa.PrimaryKeyConstraint(
            "run_id", "municipality_id", "recipient_id", name=op.f("pk_run_outcome")
        ),
    )
