"""Logging in: second factors, recovery codes, break-glass accounts, OpenID Connect, tokens of fewer actions"""

import sqlalchemy as sa
from alembic import op

revision = "0013_login"
down_revision = "0012_holds"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In place: SQLite cannot drop the old table while sessions refer to it.
    with op.batch_alter_table("user_account", schema=None, recreate="never") as batch_op:
        batch_op.add_column(sa.Column("is_break_glass", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch_op.add_column(sa.Column("external_id", sa.String(64), nullable=True))
    op.create_index("user_account_external_id", "user_account", ["external_id"], unique=True)
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.add_column(sa.Column("method", sa.String(20), nullable=False, server_default="password"))
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.add_column(sa.Column("actions", sa.JSON(), nullable=True))
    op.create_table(
        "second_factor",
        sa.Column("user_id", _id(), sa.ForeignKey("user_account.id"), primary_key=True),
        sa.Column("sealed_secret", sa.LargeBinary(), nullable=False),
        sa.Column("confirmed_at", sa.BigInteger(), nullable=True),
        sa.Column("last_step", sa.BigInteger(), nullable=False),
    )
    op.create_table(
        "recovery_code",
        sa.Column("code_hash", sa.String(64), primary_key=True),
        sa.Column("user_id", _id(), sa.ForeignKey("user_account.id"), nullable=False),
        sa.Column("used_at", sa.BigInteger(), nullable=True),
    )
    op.create_index("recovery_code_by_user", "recovery_code", ["user_id"])


def downgrade() -> None:
    op.drop_table("recovery_code")
    op.drop_table("second_factor")
    with op.batch_alter_table("api_token", schema=None) as batch_op:
        batch_op.drop_column("actions")
    with op.batch_alter_table("login_session", schema=None) as batch_op:
        batch_op.drop_column("method")
    op.drop_index("user_account_external_id", table_name="user_account")
    op.drop_column("user_account", "external_id")
    op.drop_column("user_account", "is_break_glass")


def _id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
