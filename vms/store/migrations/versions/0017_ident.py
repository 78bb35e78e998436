"""Break-glass accounts: spent by their one login, until they have a new password"""

import sqlalchemy as sa
from alembic import op

revision = "0017_ident"
down_revision = "0016_alerts"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("user_account", schema=None, recreate="never") as batch_op:
        batch_op.add_column(sa.Column("spent_at", sa.BigInteger(), nullable=True))


def downgrade() -> None:
    op.drop_column("user_account", "spent_at")
