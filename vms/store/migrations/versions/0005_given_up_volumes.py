"""Volumes that are lost for good"""

import sqlalchemy as sa
from alembic import op

revision = "0005_given_up_volumes"
down_revision = "0004_wall"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("volume", sa.Column("given_up_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("volume", "given_up_at")
