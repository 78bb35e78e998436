"""A camera's day from one index"""

from alembic import op

revision = "0006_start"
down_revision = "0005_given_up_volumes"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """While the index is built, rows wait in the recorders' journals; reading goes on, by the old index."""
    op.create_index("segment_by_span", "segment", ["camera_id", "profile", "start_at", "end_at", "state"])
    op.drop_index("segment_by_time", "segment")
    if op.get_bind().dialect.name == "postgresql":
        # Which rows everybody may see is noted by vacuum; without that note an index alone answers nothing. By default
        # vacuum would look once a fifth of the table is new: after a week.
        op.execute("alter table segment set (autovacuum_vacuum_insert_scale_factor = 0.01)")


def downgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute("alter table segment reset (autovacuum_vacuum_insert_scale_factor)")
    op.create_index("segment_by_time", "segment", ["camera_id", "profile", "start_at"])
    op.drop_index("segment_by_span", "segment")
