"""Codes of municipalities have up to 40 characters, as plans and registers take them.

Revision 0029. The table of those that letters go to refused codes above 16.
"""

from alembic import op

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None

_NAME = "ck_municipality_id_length"
_BEFORE, _NOW = (f"length(municipality_id) between 1 and {longest}" for longest in (16, 40))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.drop_constraint(op.f(_NAME), "municipality", type_="check")
        op.create_check_constraint(op.f(_NAME), "municipality", _NOW)
        return
    # Other tables refer to this one, so a copy in its place would break the references; a looser
    # check changes nothing that is stored (https://www.sqlite.org/lang_altertable.html).
    op.execute("pragma writable_schema = on")
    op.execute(
        f"update sqlite_master set sql = replace(sql, '{_BEFORE}', '{_NOW}') "  # noqa: S608
        "where type = 'table' and name = 'municipality'"
    )
    op.execute("pragma writable_schema = reset")
