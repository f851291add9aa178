"""What letters told is kept, and the logs only grow.

Revision 0004. Of letters that were planned before, what they told is taken from their run's
report, where that was not composed anew since.
"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "told_report",
        sa.Column("municipality_id", sa.Text(), nullable=False),
        sa.Column("content_sha256", sa.String(length=64), nullable=False),
        sa.Column("model", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("municipality_id", "content_sha256", name=op.f("pk_told_report")),
    )
    op.execute(
        "insert into told_report (municipality_id, content_sha256, model)"
        " select report.municipality_id, report.content_sha256, min(report.model)"
        " from report join delivery on delivery.run_id = report.run_id"
        " and delivery.municipality_id = report.municipality_id"
        " and delivery.content_sha256 = report.content_sha256"
        " group by report.municipality_id, report.content_sha256"
    )
    if op.get_bind().dialect.name == "postgresql":
        # An owner may take rights from itself: these tables only grow, whatever code says.
        op.execute(
            "revoke update, delete, truncate on delivery_event, control_event, approval"
            " from current_user"
        )
