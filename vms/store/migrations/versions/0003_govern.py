"""Mask sets: why, where, what they approve or close; steps of drafts"""

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

from vms.store.schema import UtcDateTime

revision = "0003_govern"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("mask_set", schema=None) as batch_op:
        batch_op.add_column(sa.Column("reason", sa.Text(), nullable=False, server_default=""))
        batch_op.add_column(sa.Column("placement", sa.JSON(), nullable=True))
        batch_op.add_column(sa.Column("approves", sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column("closes", sa.String(length=12), nullable=True))
        _drop_check(batch_op, "mask_four_eyes")
        batch_op.create_check_constraint(
            "mask_four_eyes", "approver is null or approver <> author or closes is not null"
        )
        batch_op.create_check_constraint("mask_closes", "closes is null or closes in ('withdrawn', 'lapsed')")
    op.create_table(
        "mask_step",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("camera_id", sa.String(length=40), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("actor", sa.String(length=80), nullable=False),
        sa.Column("at", UtcDateTime(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint("kind in ('proposed', 'rejected', 'retracted')", name="mask_step_kind"),
        sa.PrimaryKeyConstraint("id"),
    )
    with op.batch_alter_table("mask_step", schema=None) as batch_op:
        batch_op.create_index("mask_step_by_version", ["camera_id", "version"], unique=False)


def downgrade() -> None:
    op.drop_table("mask_step")
    with op.batch_alter_table("mask_set", schema=None) as batch_op:
        _drop_check(batch_op, "mask_closes")
        _drop_check(batch_op, "mask_four_eyes")
        batch_op.create_check_constraint("mask_four_eyes", "approver is null or approver <> author")
        for column in ("closes", "approves", "placement", "reason"):
            batch_op.drop_column(column)


def _drop_check(table: BatchOperations, name: str) -> None:
    """SQLite's copy of the table leaves all checks behind already."""
    if op.get_bind().dialect.name != "sqlite":
        table.drop_constraint(name, type_="check")
