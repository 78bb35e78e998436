"""Alerts: what was handled may be told anew, of later rows"""

from contextlib import AbstractContextManager

import sqlalchemy as sa
from alembic import op
from alembic.operations import BatchOperations

revision = "0016_alerts"
down_revision = "0015_audit"
branch_labels = None
depends_on = None

_PERIOD = ["code", "actor", "camera", "period"]
_ONE_A_PERIOD = "oversight_alert_code_actor_camera_period_key"
_ONCE = "oversight_alert_once"


def upgrade() -> None:
    with _alerts() as batch_op:
        batch_op.drop_constraint(_ONE_A_PERIOD, type_="unique")
        batch_op.create_unique_constraint(_ONCE, [*_PERIOD, "first_seq"])


def downgrade() -> None:
    op.execute(
        """delete from oversight_alert where exists (select 1 from oversight_alert later
            where later.code = oversight_alert.code and later.actor = oversight_alert.actor
            and later.camera = oversight_alert.camera and later.period = oversight_alert.period
            and later.id > oversight_alert.id)"""
    )
    with _alerts() as batch_op:
        batch_op.drop_constraint(_ONCE, type_="unique")
        batch_op.create_unique_constraint(_ONE_A_PERIOD, _PERIOD)


def _alerts() -> AbstractContextManager[BatchOperations]:
    """SQLite makes the table anew, and tells neither its checks nor the name of what has none."""
    return op.batch_alter_table(
        "oversight_alert",
        schema=None,
        table_args=(sa.CheckConstraint("handled_by <> actor", name="oversight_alert_four_eyes"),),
        naming_convention={"uq": "%(table_name)s_%(column_0_N_name)s_key"},
    )
