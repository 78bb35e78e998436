"""Tables of those who oversee: seals under the audit log, saved questions, reviews of log-ins, alerts."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from vms.store.schema import Base, BigId, SealColumns


class AuditSealRow(SealColumns, Base):
    """Under the audit log, one for each purge run in which rows came."""

    __tablename__ = "audit_seal"
    __table_args__ = (
        CheckConstraint("last_seq >= first_seq", name="audit_seal_covers"),
        Index("audit_seal_by_token", "token_at"),
    )


class AuditQueryRow(Base):
    """A question to the audit log that somebody asks again and again."""

    __tablename__ = "audit_query"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    owner: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(60))
    filters: Mapped[dict[str, Any]] = mapped_column(
        doc="{actor, action, camera, result, from, to}, as the page sends them."
    )
    changed_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("owner", "name"),)


class LoginReviewRow(Base):
    """A shift manager looked at a sample of log-ins and signed for it. Append-only."""

    __tablename__ = "login_review"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    seed: Mapped[str] = mapped_column(String(64), doc="Which rows were drawn follows from it: vms.rules.sampling.")
    drawn_from: Mapped[int] = mapped_column(BigInteger, doc="Log-ins in the period.")
    verdicts: Mapped[list[Any]] = mapped_column(doc="[{seq, hash, good, note}] of the rows drawn.")
    note: Mapped[str] = mapped_column(Text, default="")
    reviewer: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    __table_args__ = (
        CheckConstraint("end_at > start_at", name="login_review_has_length"),
        Index("login_review_by_time", "at"),
    )


class OversightAlertRow(Base):
    """An unusual pattern in the audit log, and who looked into it."""

    __tablename__ = "oversight_alert"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    code: Mapped[str] = mapped_column(String(40), doc="Which rule: vms.rules.oversight.")
    actor: Mapped[str] = mapped_column(String(80))
    camera: Mapped[str] = mapped_column(String(40), default="")
    period: Mapped[str] = mapped_column(String(16), doc="The local day, that and the hour, or the week.")
    figure: Mapped[int] = mapped_column(BigInteger, doc="What passed the bound: minutes, looks or refusals.")
    bound: Mapped[int] = mapped_column(BigInteger)
    first_seq: Mapped[int] = mapped_column(BigInteger, doc="Audit rows it is about: from")
    last_seq: Mapped[int] = mapped_column(BigInteger, doc="up to.")
    at: Mapped[datetime] = mapped_column(doc="When it was found.")
    handled_by: Mapped[str] = mapped_column(String(80), default="")
    handled_at: Mapped[datetime | None]
    note: Mapped[str] = mapped_column(Text, default="", doc="Of who looked into it.")
    __table_args__ = (
        UniqueConstraint("code", "actor", "camera", "period", "first_seq", name="oversight_alert_once"),
        CheckConstraint("handled_by <> actor", name="oversight_alert_four_eyes"),
        Index("oversight_alert_by_time", "at"),
    )
