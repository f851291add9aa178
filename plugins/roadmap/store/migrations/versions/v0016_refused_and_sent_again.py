"""What the mail server refused may be sent again by a person's decision.

Revision 0016; one move is new.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    transition = sa.table("transition", sa.column("from_state"), sa.column("to_state"))
    op.bulk_insert(transition, [{"from_state": "rejected", "to_state": "retry"}])
