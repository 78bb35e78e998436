"""Saved layouts of the wall"""

import sqlalchemy as sa
from alembic import op

revision = "0004_wall"
down_revision = "0003_govern"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "wall_layout",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("shared", sa.Boolean(), nullable=False),
        sa.Column("arrangement", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("owner", "name"),
    )


def downgrade() -> None:
    op.drop_table("wall_layout")
