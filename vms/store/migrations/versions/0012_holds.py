"""Evidence holds: choice of basis, secured, erased; items of the evidence store"""

import sqlalchemy as sa
from alembic import op

revision = "0012_holds"
down_revision = "0011_decisions"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("evidence_hold", schema=None) as batch_op:
        batch_op.add_column(sa.Column("basis", sa.String(20), nullable=False, server_default="other"))
        batch_op.add_column(sa.Column("expired_before", sa.BigInteger(), nullable=False, server_default="0"))
        batch_op.add_column(sa.Column("secured_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("secured_root", sa.String(64), nullable=True))
        batch_op.add_column(sa.Column("erased_at", sa.BigInteger(), nullable=True))
        batch_op.add_column(sa.Column("problem", sa.Text(), nullable=False, server_default=""))
    op.create_table(
        "evidence_item",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("hold_id", _id(), sa.ForeignKey("evidence_hold.id"), nullable=False),
        sa.Column("segment_id", sa.BigInteger(), nullable=False),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("profile", sa.String(4), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("codec", sa.String(40), nullable=False),
        sa.Column("source_sha256", sa.String(64), nullable=False),
        sa.Column("source_chain_hash", sa.String(64), nullable=False),
        sa.Column("is_intact", sa.Boolean(), nullable=False),
        sa.Column("volume_uuid", sa.String(36), nullable=False),
        sa.Column("path", sa.Text(), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("sidecar_sha256", sa.String(64), nullable=True),
        sa.Column("key_id", sa.String(80), nullable=False),
        sa.Column("copied_at", sa.BigInteger(), nullable=False),
        sa.Column("erased_at", sa.BigInteger(), nullable=True),
        sa.UniqueConstraint("hold_id", "segment_id"),
    )
    op.create_index("evidence_item_by_segment", "evidence_item", ["segment_id"])
    op.create_index("evidence_item_by_span", "evidence_item", ["camera_id", "profile", "start_at"])


def downgrade() -> None:
    op.drop_table("evidence_item")
    with op.batch_alter_table("evidence_hold", schema=None) as batch_op:
        for column in ("problem", "erased_at", "secured_root", "secured_at", "expired_before", "basis"):
            batch_op.drop_column(column)


def _id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
