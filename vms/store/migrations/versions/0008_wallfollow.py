"""Patrols that run, trails of who was followed, bookmarks"""

import sqlalchemy as sa
from alembic import op

revision = "0008_wallfollow"
down_revision = "0007_ledger_seals"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "ptz_patrol",
        sa.Column("camera_id", sa.String(length=40), nullable=False),
        sa.Column("name", sa.String(length=40), nullable=False),
        sa.Column("started_by", sa.String(length=80), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("camera_id"),
    )
    op.create_table(
        "follow_trail",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("owner", sa.String(length=80), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("follow_trail_by_owner", "follow_trail", ["owner", "ended_at"])
    op.create_index("follow_trail_by_start", "follow_trail", ["started_at"])
    op.create_table(
        "follow_step",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("trail_id", _ID, nullable=False),
        sa.Column("camera_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["trail_id"], ["follow_trail.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("follow_step_by_trail", "follow_step", ["trail_id", "id"])
    op.create_table(
        "bookmark",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("camera_id", sa.String(length=40), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.String(length=120), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("bookmark_by_time", "bookmark", ["camera_id", "at"])


def downgrade() -> None:
    op.drop_table("bookmark")
    op.drop_table("follow_step")
    op.drop_table("follow_trail")
    op.drop_table("ptz_patrol")
