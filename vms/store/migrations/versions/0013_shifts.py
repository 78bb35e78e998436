"""Roles for a camera group, a purpose and a period"""

import sqlalchemy as sa
from alembic import op

revision = "0013_shifts"
down_revision = "0012_holds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "role_grant",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("holder", sa.String(90), nullable=False),
        sa.Column("role", sa.String(20), nullable=False),
        sa.Column("area", sa.String(60), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=True),
        sa.Column("granted_by", sa.String(80), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.Column("revoked_by", sa.String(80), nullable=False),
        sa.Column("revoked_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("end_at is null or end_at > start_at", name="role_grant_has_length"),
    )
    op.create_index("role_grant_by_holder", "role_grant", ["holder"])


def downgrade() -> None:
    op.drop_table("role_grant")


def _id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
