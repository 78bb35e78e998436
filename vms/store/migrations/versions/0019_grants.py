"""Grants: why each was given"""

import sqlalchemy as sa
from alembic import op

revision = "0019_grants"
down_revision = "0018_purposes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("role_grant", schema=None, recreate="never") as batch_op:
        batch_op.add_column(sa.Column("reason", sa.String(length=200), server_default="", nullable=False))


def downgrade() -> None:
    op.drop_column("role_grant", "reason")
