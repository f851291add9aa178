"""Delivery that watches itself: the breaker, pauses, their events, alarms told, test samples.

Revision 0003; two moves are new: a waiting letter of a database that was put back from a copy
may have gone out, so it becomes unknown.
"""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "alarm",
        sa.Column("alarm_key", sa.Text(), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("since_ms", sa.BigInteger(), nullable=False),
        sa.Column("told_ms", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("alarm_key", name=op.f("pk_alarm")),
    )
    op.create_table(
        "control_event",
        sa.Column("event_id", sa.String(length=32), nullable=False),
        sa.Column("at_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "action in ('stop', 'start', 'pause', 'continue', 'open', 'close', 'restored')",
            name=op.f("ck_control_event_action"),
        ),
        sa.PrimaryKeyConstraint("event_id", name=op.f("pk_control_event")),
    )
    op.create_table(
        "paused_occasion",
        sa.Column("occasion", sa.Text(), nullable=False),
        sa.Column("mode", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("paused_ms", sa.BigInteger(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("occasion", "mode", name=op.f("pk_paused_occasion")),
    )
    op.create_table(
        "relay",
        sa.Column("relay", sa.Text(), nullable=False),
        sa.Column("failures", sa.Integer(), server_default=sa.text("0"), nullable=False),
        sa.Column("open_until_ms", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=True),
        sa.Column("next_slot_ms", sa.BigInteger(), server_default=sa.text("0"), nullable=False),
        sa.Column("updated_ms", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_relay_failures")),
        sa.PrimaryKeyConstraint("relay", name=op.f("pk_relay")),
    )
    with op.batch_alter_table("phase_run", schema=None) as batch_op:
        batch_op.add_column(sa.Column("sample", sa.Integer(), nullable=True))
    transition = sa.table("transition", sa.column("from_state"), sa.column("to_state"))
    op.bulk_insert(
        transition,
        [
            {"from_state": "ready", "to_state": "unknown"},
            {"from_state": "retry", "to_state": "unknown"},
        ],
    )
