"""Roles for a camera group, a purpose and a period; shifts; hours watched; placements"""

import sqlalchemy as sa
from alembic import op

revision = "0014_shifts"
down_revision = "0013_login"
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
    op.create_table(
        "placement",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("area", sa.String(60), nullable=False),
        sa.Column("lat", sa.Float(), nullable=True),
        sa.Column("lon", sa.Float(), nullable=True),
        sa.Column("decision_id", sa.BigInteger(), nullable=True),
        sa.Column("start_at", sa.BigInteger(), nullable=True),
        sa.Column("author", sa.String(80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
    )
    op.create_index("placement_by_camera", "placement", ["camera_id", "id"])
    op.create_table(
        "shift",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("username", sa.String(80), nullable=False),
        sa.Column("colleagues", sa.JSON(), nullable=False),
        sa.Column("coordinator", sa.String(80), nullable=False),
        sa.Column("workstation", sa.String(80), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
    )
    op.create_index("shift_by_start", "shift", ["started_at"])
    op.create_index("shift_by_end", "shift", ["ended_at"])
    op.create_table(
        "watched_hour",
        sa.Column("camera_id", sa.String(40), primary_key=True),
        sa.Column("hour_at", sa.BigInteger(), primary_key=True),
        sa.Column("watched_us", sa.BigInteger(), nullable=False),
        sa.Column("viewer_us", sa.BigInteger(), nullable=False),
    )
    op.create_index("watched_hour_by_time", "watched_hour", ["hour_at"])


def downgrade() -> None:
    op.drop_table("watched_hour")
    op.drop_table("shift")
    op.drop_table("placement")
    op.drop_table("role_grant")


def _id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
