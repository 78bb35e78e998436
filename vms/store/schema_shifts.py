"""Tables of who may do what where, of shifts, and of what was watched. The others are in schema.py."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Float, Index, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from vms.store.schema import Base, BigId


class GrantRow(Base):
    """A role of an account or token for a camera group, a purpose and a period. Never deleted, only revoked."""

    __tablename__ = "role_grant"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    holder: Mapped[str] = mapped_column(String(90), doc="An account's username, or token:NAME.")
    role: Mapped[str] = mapped_column(String(20))
    area: Mapped[str] = mapped_column(String(60), default="", doc="Camera group; empty = every one.")
    purpose: Mapped[str] = mapped_column(String(20), default="", doc="Of cameras; empty = every one.")
    start_at: Mapped[datetime]
    end_at: Mapped[datetime | None] = mapped_column(doc="Null = until revoked.")
    granted_by: Mapped[str] = mapped_column(String(80))
    granted_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(String(200), default="", doc="Why it was given.")
    revoked_by: Mapped[str] = mapped_column(String(80), default="")
    revoked_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("end_at is null or end_at > start_at", name="role_grant_has_length"),
        Index("role_grant_by_holder", "holder"),
    )


class PlacementRow(Base):
    """A camera at a place, from a moment until its next row. Never changed: the history of where cameras hung."""

    __tablename__ = "placement"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(60), doc="Of where and how it hangs.")
    area: Mapped[str] = mapped_column(String(60))
    lat: Mapped[float | None] = mapped_column(Float)
    lon: Mapped[float | None] = mapped_column(Float)
    decision_id: Mapped[int | None] = mapped_column(BigInteger, doc="Under which it was hung there.")
    start_at: Mapped[datetime | None] = mapped_column(doc="Null = where it hung before its first move.")
    author: Mapped[str] = mapped_column(String(80), default="")
    reason: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (Index("placement_by_camera", "camera_id", "id"),)


class ShiftRow(Base):
    """Observers at a desk, from their sign-in until somebody closed it or it lapsed (vms.rules.shifts)."""

    __tablename__ = "shift"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(String(80), doc="Who signed in.")
    colleagues: Mapped[list[Any]] = mapped_column(doc="Usernames.")
    coordinator: Mapped[str] = mapped_column(String(80), doc="Of the police, to whom they reported.")
    workstation: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="", doc="For who comes after; no personal data.")
    __table_args__ = (Index("shift_by_start", "started_at"), Index("shift_by_end", "ended_at"))


class WatchedHourRow(Base):
    """How long a camera was watched live in a clock hour. No names: those are in the audit log."""

    __tablename__ = "watched_hour"
    camera_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    hour_at: Mapped[datetime] = mapped_column(primary_key=True, doc="Its start.")
    watched_us: Mapped[int] = mapped_column(BigInteger, doc="By anybody.")
    viewer_us: Mapped[int] = mapped_column(BigInteger, doc="Summed over those who did.")
    __table_args__ = (Index("watched_hour_by_time", "hour_at"),)
