"""Letters to the operator stand in the ledger: of mode `operator`, and of no phase run.

Revision 0015. A letter of any other mode still has its run.
"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_MODES = "mode in ('live', 'redirect', 'dry')"
_WITH_OPERATOR = "mode in ('live', 'redirect', 'dry', 'operator')"
_OPERATOR = (
    "case when mode = 'operator' then municipality_id = 'operator' and run_id is null"
    " else municipality_id <> 'operator' and run_id is not null end"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "sqlite":
        _rewrite_sqlite()
        return
    op.alter_column("delivery", "run_id", existing_type=sa.String(length=32), nullable=True)
    op.drop_constraint(op.f("ck_delivery_mode"), "delivery", type_="check")
    op.create_check_constraint(op.f("ck_delivery_mode"), "delivery", _WITH_OPERATOR)
    op.create_check_constraint(op.f("ck_delivery_operator"), "delivery", _OPERATOR)


def _rewrite_sqlite() -> None:
    # A copy of the table would have to be dropped, which its events' foreign key forbids inside
    # a transaction. What changes nothing on the disk may be written into the schema instead:
    # https://www.sqlite.org/lang_altertable.html, section 7.
    db = op.get_bind()
    find = sa.text("select sql from sqlite_master where type = 'table' and name = 'delivery'")
    table = db.execute(find).scalar_one()
    for old, new in (
        ("run_id VARCHAR(32) NOT NULL", "run_id VARCHAR(32)"),
        (
            f"CONSTRAINT ck_delivery_mode CHECK ({_MODES})",
            f"CONSTRAINT ck_delivery_mode CHECK ({_WITH_OPERATOR}), \n\t"
            f"CONSTRAINT ck_delivery_operator CHECK ({_OPERATOR})",
        ),
    ):
        if table.count(old) != 1:
            raise RuntimeError(f"the table delivery has no {old!r} to change")
        table = table.replace(old, new)
    version = db.execute(sa.text("pragma schema_version")).scalar_one()
    db.execute(sa.text("pragma writable_schema = on"))
    db.execute(
        sa.text("update sqlite_master set sql = :table where type = 'table' and name = 'delivery'"),
        {"table": table},
    )
    # Other connections that are open read the schema anew, and so does this one.
    db.execute(sa.text(f"pragma schema_version = {version + 1}"))
    db.execute(sa.text("pragma writable_schema = reset"))
