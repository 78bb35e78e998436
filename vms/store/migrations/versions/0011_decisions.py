"""The register of decisions, and checks of the signs"""

import sqlalchemy as sa
from alembic import op

revision = "0011_decisions"
down_revision = "0010_export"
branch_labels = None
depends_on = None

_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "decision",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("decision_id", sa.BigInteger(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("document", sa.JSON(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("decision_id", "version"),
    )
    op.create_table(
        "sign_check",
        sa.Column("id", _ID, autoincrement=True, nullable=False),
        sa.Column("area", sa.String(length=60), nullable=False),
        sa.Column("checked_on", sa.String(length=10), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("author", sa.String(length=80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("sign_check_by_area", "sign_check", ["area", "checked_on"])


def downgrade() -> None:
    op.drop_index("sign_check_by_area", "sign_check")
    op.drop_table("sign_check")
    op.drop_table("decision")
