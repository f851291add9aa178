"""Of which warnings the operator is mailed is a code, not the way their sentences begin.

Revision 0014. Warnings of before get theirs by how they were found until now.
"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

_BEGIN = {"without_marks": "Нет шкалы отметок %", "about_another": "Файл прежде был о другом%"}


def upgrade() -> None:
    op.add_column("load_warning", sa.Column("code", sa.Text(), nullable=True))
    warning = sa.table("load_warning", *map(sa.column, ("batch_id", "message", "code")))
    batch = sa.table("load_batch", *map(sa.column, ("batch_id", "state", "size_bytes")))
    for code, begin in _BEGIN.items():
        op.execute(sa.update(warning).where(warning.c.message.like(begin)).values(code=code))
    # An empty batch stands in the place of what a renamed file said before.
    empty = sa.select(batch.c.batch_id).where(batch.c.size_bytes == 0, batch.c.state == "accepted")
    op.execute(sa.update(warning).where(warning.c.batch_id.in_(empty)).values(code="withdrawn"))
