"""What a name means depends on the procedure's day: references by procedure, dated spellings.

Revision 0005. Runs that were frozen before read their results as they did: each of their
references is kept for every procedure in whose results it stands. Spellings that were read
before have no days, so they are valid on all.
"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("municipality_alias", schema=None) as batch_op:
        batch_op.add_column(
            sa.Column(
                "valid_from", sa.String(length=10), nullable=False, server_default="0001-01-01"
            )
        )
        batch_op.add_column(sa.Column("valid_to", sa.String(length=10), nullable=True))
    with op.batch_alter_table("municipality_alias", schema=None) as batch_op:
        batch_op.alter_column("valid_from", server_default=None)
    _create(
        "run_municipality_ref", ("ref",), sa.Column("municipality_id", sa.Text(), nullable=False)
    )
    # Of the tables that are made anew the rows are repeated for each procedure whose results hold
    # the reference.
    op.execute("create temporary table old_school_ref as select * from run_school_ref")
    op.execute("create temporary table old_foreign_ref as select * from run_foreign_ref")
    op.execute(
        "create temporary table old_result as"
        " select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref"
        " from mark_result where school_ref is not null union"
        " select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref"
        " from journal_result where school_ref is not null union"
        " select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref"
        " from exam_result union"
        " select batch_id, kind, year, wave, school_scheme, school_ref, municipality_ref"
        " from appeal_change"
    )
    op.drop_table("run_school_ref")
    op.drop_table("run_foreign_ref")
    _create("run_school_ref", ("scheme", "ref"), sa.Column("school_id", sa.Text(), nullable=False))
    _create("run_foreign_ref", ("scheme", "ref", "municipality_ref"))
    op.execute(
        "insert into run_school_ref (run_id, kind, year, wave, scheme, ref, school_id)"
        " select distinct old.run_id, old_result.kind, old_result.year, old_result.wave,"
        " old.scheme, old.ref, old.school_id"
        " from old_school_ref old"
        " join run_batch on run_batch.run_id = old.run_id"
        " join old_result on old_result.batch_id = run_batch.batch_id"
        " and old_result.school_scheme = old.scheme and old_result.school_ref = old.ref"
    )
    op.execute(
        "insert into run_foreign_ref (run_id, kind, year, wave, scheme, ref, municipality_ref)"
        " select distinct old.run_id, old_result.kind, old_result.year, old_result.wave,"
        " old.scheme, old.ref, old.municipality_ref"
        " from old_foreign_ref old"
        " join run_batch on run_batch.run_id = old.run_id"
        " join old_result on old_result.batch_id = run_batch.batch_id"
        " and old_result.school_scheme = old.scheme and old_result.school_ref = old.ref"
        " and old_result.municipality_ref = old.municipality_ref"
    )
    for name in ("old_school_ref", "old_foreign_ref", "old_result"):
        op.drop_table(name)


def _create(name: str, keys: tuple[str, ...], *columns: sa.Column[str]) -> None:
    procedure = ("kind", "year", "wave")
    op.create_table(
        name,
        sa.Column("run_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("wave", sa.Text(), nullable=False),
        *(sa.Column(key, sa.Text(), nullable=False) for key in keys),
        *columns,
        sa.ForeignKeyConstraint(["run_id"], ["phase_run.run_id"], name=op.f(f"fk_{name}_run_id")),
        sa.PrimaryKeyConstraint("run_id", *procedure, *keys, name=op.f(f"pk_{name}")),
    )
