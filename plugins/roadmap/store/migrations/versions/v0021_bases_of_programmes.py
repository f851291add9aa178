"""Whose base a programme of internships is carried out on.

Revision 0021. Of the programmes that there are nothing is known.
"""

import sqlalchemy as sa
from alembic import op

revision = "0021"
down_revision = "0020"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("programme", sa.Column("host_kind", sa.Text(), nullable=True))
