"""Retention terms by purpose and camera"""

import json

import sqlalchemy as sa
from alembic import op

revision = "0018_purposes"
down_revision = "0017_ident"
branch_labels = None
depends_on = None

_CEILING_DAYS = 28


def upgrade() -> None:
    op.create_table(
        "retention_term",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("camera_id", sa.String(40), nullable=False),
        sa.Column("purpose", sa.String(20), nullable=False),
        sa.Column("days", sa.Integer(), nullable=False),
        sa.Column("since", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=True),
    )
    op.create_index("retention_term_by_camera", "retention_term", ["camera_id", "until"])
    known = sa.text(
        "insert into retention_term (camera_id, purpose, days, since) select distinct camera_id, '', :days, 0 "
        "from segment"
    )
    op.get_bind().execute(known, {"days": _days_until_now()})


def downgrade() -> None:
    op.drop_table("retention_term")


def _days_until_now() -> int:
    """There was one term for all footage: the last purge says which."""
    run = sa.text("select payload from ledger where kind = 'run' order by seq desc limit 1")
    payload = op.get_bind().execute(run).scalar()
    found = json.loads(payload) if isinstance(payload, str) else payload or {}
    return min(_CEILING_DAYS, int(found.get("days") or _CEILING_DAYS))


def _id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
