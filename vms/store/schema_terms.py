"""The table of retention terms. The others are in schema.py."""

from datetime import datetime

from sqlalchemy import Index, String
from sqlalchemy.orm import Mapped, mapped_column

from vms.store.schema import Base, BigId


class RetentionTermRow(Base):
    """How long a camera's footage was kept, and for which purpose, as the purge found it configured. Never deleted."""

    __tablename__ = "retention_term"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(40))
    purpose: Mapped[str] = mapped_column(String(20))
    days: Mapped[int] = mapped_column(doc="Of 24 hours.")
    since: Mapped[datetime]
    until: Mapped[datetime | None] = mapped_column(doc="Null = it acts.")
    __table_args__ = (Index("retention_term_by_camera", "camera_id", "until"),)
