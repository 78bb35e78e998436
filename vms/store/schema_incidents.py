"""Tables of the observers' incident register. The others are in schema.py."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, Boolean, CheckConstraint, ForeignKey, Index, Integer, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vms.store.schema import Base, BigId


class IncidentCategoryRow(Base):
    """What incidents are called, from year to year. Never deleted: old incidents keep theirs."""

    __tablename__ = "incident_category"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    name: Mapped[str] = mapped_column(String(300))
    first_year: Mapped[int] = mapped_column(Integer)
    last_year: Mapped[int | None] = mapped_column(Integer, doc="Null = until further notice.")
    became: Mapped[list[Any]] = mapped_column(doc="Ids of categories under which its incidents count later.")
    __table_args__ = (CheckConstraint("last_year is null or last_year >= first_year", name="incident_category_years"),)


class IncidentRow(Base):
    """One incident. Changed by adding to its revision; never deleted."""

    __tablename__ = "incident"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    at: Mapped[datetime] = mapped_column(doc="When it was seen.")
    category_id: Mapped[int] = mapped_column(ForeignKey("incident_category.id"))
    first_seen: Mapped[str] = mapped_column(String(20), doc="vms.rules.incidents.FIRST_SEEN")
    requester: Mapped[str] = mapped_column(String(80), default="")
    follow_ups: Mapped[dict[str, Any]] = mapped_column(doc="Counts by kind.")
    note: Mapped[str] = mapped_column(Text, default="", doc="No personal data.")
    project: Mapped[str] = mapped_column(String(60), default="", doc="Reported apart; empty = none.")
    status: Mapped[str] = mapped_column(String(12), doc="vms.rules.incidents.STATUSES")
    shift_id: Mapped[int | None] = mapped_column(BigInteger, doc="In which it was registered.")
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    changed_by: Mapped[str] = mapped_column(String(80))
    changed_at: Mapped[datetime]
    revision: Mapped[int] = mapped_column(Integer, default=1)
    request_key: Mapped[str | None] = mapped_column(String(64), doc="Of who registered it: twice sent is once kept.")
    request_hash: Mapped[str] = mapped_column(String(64), default="", doc="SHA-256 of what was sent.")
    __table_args__ = (
        UniqueConstraint("created_by", "request_key", name="incident_once"),
        Index("incident_by_time", "at", "id"),
    )


class IncidentPlaceRow(Base):
    """A camera of an incident, and when: its own cameras at its time, those of the trail at theirs."""

    __tablename__ = "incident_place"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    camera_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    is_followed: Mapped[bool] = mapped_column(Boolean, doc="A step of the trail.")
    __table_args__ = (
        Index("incident_place_by_camera", "camera_id", "at"),
        Index("incident_place_by_incident", "incident_id", "id"),
    )


class IncidentChangeRow(Base):
    """An incident as one revision made it. Without its texts: what somebody took out of a note is nowhere any more."""

    __tablename__ = "incident_change"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    incident_id: Mapped[int] = mapped_column(ForeignKey("incident.id"))
    revision: Mapped[int] = mapped_column(Integer)
    at: Mapped[datetime]
    by: Mapped[str] = mapped_column(String(80))
    category_id: Mapped[int] = mapped_column(ForeignKey("incident_category.id"))
    status: Mapped[str] = mapped_column(String(12))
    follow_ups: Mapped[dict[str, Any]]
    changed: Mapped[list[Any]] = mapped_column(doc="Names of what became otherwise; empty: it was registered.")
    __table_args__ = (Index("incident_change_by_incident", "incident_id", "id"),)


class IncidentYearRow(Base):
    """A row of a year's printed table, whole. It counts as long as it stands here; nothing is read into it."""

    __tablename__ = "incident_year_row"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    year: Mapped[int] = mapped_column(Integer)
    category_id: Mapped[int] = mapped_column(ForeignKey("incident_category.id"))
    document: Mapped[dict[str, Any]]
    imported_at: Mapped[datetime]
    __table_args__ = (Index("incident_year_row_by_year", "year", "id"),)
