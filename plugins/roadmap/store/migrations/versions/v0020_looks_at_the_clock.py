"""When somebody looked what is late, and the look before: a letter is cancelled by two of them.

Revision 0020. A ledger in use begins with no look.
"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    for name in ("looked_ms", "looked_before_ms"):
        op.add_column("relay", sa.Column(name, sa.BigInteger(), nullable=True))
