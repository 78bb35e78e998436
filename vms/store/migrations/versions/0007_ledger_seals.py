"""Seals under the erasure ledger"""

import sqlalchemy as sa
from alembic import op

revision = "0007_ledger_seals"
down_revision = "0006_start"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "ledger_seal",
        sa.Column("last_seq", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("token_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("last_seq >= first_seq", name="ledger_seal_covers"),
    )
    op.create_index("ledger_seal_by_token", "ledger_seal", ["token_at"])


def downgrade() -> None:
    op.drop_table("ledger_seal")
