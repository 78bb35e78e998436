"""Requests for footage, and the exports made for them"""

import sqlalchemy as sa
from alembic import op

revision = "0010_export"
down_revision = "0009_wallmap_alarms"
branch_labels = None
depends_on = None

BigId = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "footage_request",
        sa.Column("id", BigId, autoincrement=True, primary_key=True),
        sa.Column("organisation", sa.String(120), nullable=False),
        sa.Column("requester", sa.String(120), nullable=False),
        sa.Column("case_number", sa.String(80), nullable=False),
        sa.Column("legal_basis", sa.String(200), nullable=False),
        sa.Column("recipient", sa.String(120), nullable=False),
        sa.Column("cameras", sa.JSON(), nullable=False),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("unmasked", sa.Boolean(), nullable=False),
        sa.Column("created_by", sa.String(80), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("decided_by", sa.String(80), nullable=True),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("receipt", sa.String(200), nullable=False),
        sa.Column("received_by", sa.String(80), nullable=True),
        sa.Column("received_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("end_at > start_at", name="footage_request_has_length"),
        sa.CheckConstraint("state in ('asked', 'granted', 'refused')", name="footage_request_state"),
        sa.CheckConstraint("decided_by is null or decided_by <> created_by", name="footage_request_four_eyes"),
    )
    op.create_index("footage_request_by_time", "footage_request", ["created_at"])
    op.create_table(
        "bundle_job",
        sa.Column("id", sa.String(40), primary_key=True),
        sa.Column("username", sa.String(80), nullable=False),
        sa.Column("request_id", sa.BigInteger(), sa.ForeignKey("footage_request.id"), nullable=False),
        sa.Column("ordered", sa.JSON(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("expected_bytes", sa.BigInteger(), nullable=False),
        sa.Column("created_at", sa.BigInteger(), nullable=False),
        sa.Column("delete_at", sa.BigInteger(), nullable=False),
        sa.Column("error_code", sa.String(40), nullable=False),
        sa.Column("bytes", sa.BigInteger(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("fetched_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("bundle_job_by_state", "bundle_job", ["state", "created_at"])


def downgrade() -> None:
    op.drop_table("bundle_job")
    op.drop_table("footage_request")
