"""Audit log: searched by person, act, camera and time; seals, saved questions, reviews of log-ins, alerts"""

import sqlalchemy as sa
from alembic import op

revision = "0015_audit"
down_revision = "0014_shifts"
branch_labels = None
depends_on = None

_DETAIL_CAMERA = {
    "sqlite": "coalesce(json_extract(detail, '$.cameras'), json_extract(detail, '$.camera'))",
    "postgresql": "coalesce(detail ->> 'cameras', detail ->> 'camera')",
}


def upgrade() -> None:
    with op.batch_alter_table("audit", schema=None, recreate="never") as batch_op:
        batch_op.add_column(sa.Column("camera", sa.String(40), nullable=False, server_default=""))
    _name_cameras()
    op.drop_index("audit_by_time", table_name="audit")
    op.create_index("audit_by_time", "audit", ["at", "seq"])
    for column in ("actor", "action", "camera"):
        op.create_index(f"audit_by_{column}", "audit", [column, "at", "seq"])
    _make_seals()
    op.create_table(
        "audit_query",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("owner", sa.String(80), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("filters", sa.JSON(), nullable=False),
        sa.Column("changed_at", sa.BigInteger(), nullable=False),
        sa.UniqueConstraint("owner", "name"),
    )
    op.create_table(
        "login_review",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("start_at", sa.BigInteger(), nullable=False),
        sa.Column("end_at", sa.BigInteger(), nullable=False),
        sa.Column("seed", sa.String(64), nullable=False),
        sa.Column("drawn_from", sa.BigInteger(), nullable=False),
        sa.Column("verdicts", sa.JSON(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("reviewer", sa.String(80), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("end_at > start_at", name="login_review_has_length"),
    )
    op.create_index("login_review_by_time", "login_review", ["at"])
    _make_alerts()


def downgrade() -> None:
    for table in ("oversight_alert", "login_review", "audit_query", "audit_seal"):
        op.drop_table(table)
    for column in ("time", "actor", "action", "camera"):
        op.drop_index(f"audit_by_{column}", table_name="audit")
    op.create_index("audit_by_time", "audit", ["at"])
    op.drop_column("audit", "camera")


def _name_cameras() -> None:
    """As vms.store.audit.camera_of does for a new row."""
    named = _DETAIL_CAMERA[op.get_bind().dialect.name]
    op.execute(
        f"""update audit set camera = case
            when object = 'cameras:all' then '*'
            when object like 'camera:%' then substr(object, 8, 40)
            when {named} like '%,%' then '*'
            else substr(coalesce({named}, ''), 1, 40) end"""  # noqa: S608 – names of our own
    )


def _make_seals() -> None:
    op.create_table(
        "audit_seal",
        sa.Column("last_seq", sa.BigInteger(), autoincrement=False, primary_key=True),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("head", sa.String(64), nullable=False),
        sa.Column("root", sa.String(64), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("signature", sa.String(128), nullable=False),
        sa.Column("token", sa.LargeBinary(), nullable=True),
        sa.Column("token_at", sa.BigInteger(), nullable=True),
        sa.CheckConstraint("last_seq >= first_seq", name="audit_seal_covers"),
    )
    op.create_index("audit_seal_by_token", "audit_seal", ["token_at"])


def _make_alerts() -> None:
    op.create_table(
        "oversight_alert",
        sa.Column("id", _id(), autoincrement=True, primary_key=True),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("actor", sa.String(80), nullable=False),
        sa.Column("camera", sa.String(40), nullable=False),
        sa.Column("period", sa.String(16), nullable=False),
        sa.Column("figure", sa.BigInteger(), nullable=False),
        sa.Column("bound", sa.BigInteger(), nullable=False),
        sa.Column("first_seq", sa.BigInteger(), nullable=False),
        sa.Column("last_seq", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("handled_by", sa.String(80), nullable=False),
        sa.Column("handled_at", sa.BigInteger(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.UniqueConstraint("code", "actor", "camera", "period"),
        sa.CheckConstraint("handled_by <> actor", name="oversight_alert_four_eyes"),
    )
    op.create_index("oversight_alert_by_time", "oversight_alert", ["at"])


def _id() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")
