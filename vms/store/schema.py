"""The database, table by table. Only vms/store speaks SQL; everyone else uses the modules beside this one.

Times are stored as integers, microseconds UTC (`UtcDateTime` maps them to aware datetimes and refuses naive
ones), so that SQLite and PostgreSQL compare them alike.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Text,
    UniqueConstraint,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from vms.store.readable_json import ReadableJson
from vms.units import us_from_utc, utc_from_us


class UtcDateTime(TypeDecorator[datetime]):
    """Aware datetime ↔ integer microseconds UTC."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:  # noqa: ARG002
        return None if value is None else us_from_utc(value)

    def process_result_value(self, value: Any | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        return None if value is None else utc_from_us(int(value))


class Base(DeclarativeBase):
    type_annotation_map = {datetime: UtcDateTime(), dict[str, Any]: JSON(), list[Any]: JSON()}  # noqa: RUF012


BigId = BigInteger().with_variant(Integer(), "sqlite")


class VolumeRow(Base):
    """A disk that holds footage, known by the uuid in its marker file, wherever it is mounted."""

    __tablename__ = "volume"
    uuid: Mapped[str] = mapped_column(String(36), primary_key=True)
    path: Mapped[str] = mapped_column(Text, doc="Last seen mount point.")
    created_at: Mapped[datetime]
    given_up_at: Mapped[datetime | None] = mapped_column(doc="Lost for good: `vms volumes forget`. Its path is free.")


class SegmentRow(Base):
    """One recorded file. Invariant I1: a row in state `recorded` never promises footage that is not on disk."""

    __tablename__ = "segment"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(40))
    profile: Mapped[str] = mapped_column(String(4))
    volume_uuid: Mapped[str] = mapped_column(ForeignKey("volume.uuid"))
    path: Mapped[str] = mapped_column(Text, doc="Relative to the volume: camera/YYYY-MM-DD/HH/start-profile.mp4")
    start_at: Mapped[datetime] = mapped_column(doc="Server wall clock of the first picture.")
    end_at: Mapped[datetime] = mapped_column(doc="start_at + duration, exclusive.")
    duration_90k: Mapped[int] = mapped_column(BigInteger, doc="Sum of picture durations, from PTS.")
    bytes: Mapped[int] = mapped_column(BigInteger)
    codec: Mapped[str] = mapped_column(String(40), doc='RFC 6381, for example "avc1.64001f".')
    width: Mapped[int]
    height: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64), doc="Of the file as it lies on disk (encrypted).")
    prev_hash: Mapped[str] = mapped_column(String(64), doc="chain_hash of the camera's stream before it.")
    chain_hash: Mapped[str] = mapped_column(String(64), doc="rules.chain over this row; survives erasure.")
    key_id: Mapped[str | None] = mapped_column(String(80), doc="Day key that encrypts it; null = not encrypted.")
    sidecar_sha256: Mapped[str | None] = mapped_column(String(64), doc="Of the pose sidecar, if the camera turns.")
    starts_run: Mapped[bool] = mapped_column(Boolean, doc="Footage does not join the segment before.")
    lost_packets: Mapped[int] = mapped_column(default=0)
    skew_ms: Mapped[int | None] = mapped_column(
        BigInteger, doc="Camera clock minus the time of the footage at its start."
    )
    placement_id: Mapped[int | None] = mapped_column(BigInteger)
    decision_id: Mapped[int | None] = mapped_column(BigInteger)
    purpose: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(12), doc="recorded → purging → purged")
    __table_args__ = (
        UniqueConstraint("volume_uuid", "path"),
        CheckConstraint("end_at > start_at", name="segment_has_length"),
        CheckConstraint("state in ('recorded', 'purging', 'purged')", name="segment_state"),
        Index("segment_by_span", "camera_id", "profile", "start_at", "end_at", "state"),
        Index("segment_by_expiry", "state", "start_at"),
        Index("segment_by_chain", "camera_id", "profile", "id"),
    )


class GapRow(Base):
    """Why there is no footage. Open (end_at null) while it lasts."""

    __tablename__ = "gap"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(40))
    profile: Mapped[str] = mapped_column(String(4))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(String(40), doc="unreachable, unauthorized, stalled, overflow, restart, …")
    detail: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        Index("gap_by_time", "camera_id", "profile", "start_at"),
        Index("gap_by_end", "camera_id", "profile", "end_at"),
    )


class JournalRow(Base):
    """How far a capture process's journal was written into this database: each entry once, whatever crashes."""

    __tablename__ = "journal"
    id: Mapped[str] = mapped_column(String(36), primary_key=True, doc="Of the journal's file, for its life.")
    name: Mapped[str] = mapped_column(String(80), doc="Of the file, for people.")
    seq: Mapped[int] = mapped_column(BigInteger, doc="Last entry that is in the database.")


class LedgerRow(Base):
    """Purge ledger: append-only, hash-chained. intent → done | failed, and notes (run, guard, pressure)."""

    __tablename__ = "ledger"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    kind: Mapped[str] = mapped_column(String(12))
    segment_id: Mapped[int | None] = mapped_column(BigInteger, doc="When it is about one file.")
    payload: Mapped[dict[str, Any]] = mapped_column(ReadableJson(dict))
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    __table_args__ = (Index("ledger_by_segment", "segment_id"),)


class SealColumns:
    """The site's signature under a hash chain up to a row, and a time-stamp from outside."""

    last_seq: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    first_seq: Mapped[int] = mapped_column(BigInteger, doc="The row after the last one of the seal before.")
    at: Mapped[datetime]
    head: Mapped[str] = mapped_column(String(64), doc="Hash of row last_seq; covers every row before it.")
    root: Mapped[str] = mapped_column(String(64), doc="Merkle root over the hashes of rows first_seq … last_seq.")
    key_id: Mapped[str] = mapped_column(String(16))
    signature: Mapped[str] = mapped_column(String(128), doc="Ed25519 over all of the above, hexadecimal.")
    token: Mapped[bytes | None] = mapped_column(LargeBinary, doc="RFC 3161 answer over the signature, DER.")
    token_at: Mapped[datetime | None] = mapped_column(doc="The time-stamp authority's time.")


class LedgerSealRow(SealColumns, Base):
    """Under the ledger, one for each purge run."""

    __tablename__ = "ledger_seal"
    __table_args__ = (
        CheckConstraint("last_seq >= first_seq", name="ledger_seal_covers"),
        Index("ledger_seal_by_token", "token_at"),
    )


class HoldRow(Base):
    """Evidence hold (veiligstelling): footage in [start_at, end_at) survives until released.

    Until secured_at where it was recorded, then as copies in the evidence store; erased_at: those are gone too.
    """

    __tablename__ = "evidence_hold"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    cameras: Mapped[list[Any]] = mapped_column(doc="Camera ids.")
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    case_number: Mapped[str] = mapped_column(String(80))
    legal_basis: Mapped[str] = mapped_column(Text)
    requester: Mapped[str] = mapped_column(String(80))
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    review_at: Mapped[datetime]
    released_at: Mapped[datetime | None]
    released_by: Mapped[str | None] = mapped_column(String(80))
    basis: Mapped[str] = mapped_column(String(20), default="other", doc="vms.rules.holds.Basis; legal_basis in words.")
    expired_before: Mapped[datetime] = mapped_column(doc="What began by then had expired when the hold was set.")
    secured_at: Mapped[datetime | None]
    secured_root: Mapped[str | None] = mapped_column(String(64), doc="Merkle root over its items when secured.")
    erased_at: Mapped[datetime | None] = mapped_column(doc="After its release: its copies and their key are gone.")
    problem: Mapped[str] = mapped_column(Text, default="", doc="Why it cannot be secured now; empty = nothing known.")
    __table_args__ = (CheckConstraint("end_at > start_at", name="hold_has_length"),)


class FootageRequestRow(Base):
    """Somebody asks for footage; a second person grants or refuses it; who took it signs for it."""

    __tablename__ = "footage_request"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    organisation: Mapped[str] = mapped_column(String(120))
    requester: Mapped[str] = mapped_column(String(120))
    case_number: Mapped[str] = mapped_column(String(80))
    legal_basis: Mapped[str] = mapped_column(String(200))
    recipient: Mapped[str] = mapped_column(String(120))
    cameras: Mapped[list[Any]] = mapped_column(doc="Camera ids.")
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="", doc="The reason, when it is unmasked.")
    unmasked: Mapped[bool] = mapped_column(Boolean, default=False, doc="The camera's own pictures are asked for.")
    created_by: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(String(12), doc="asked → granted or refused")
    decided_by: Mapped[str | None] = mapped_column(String(80))
    decided_at: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(Text, default="", doc="Of the decision.")
    receipt: Mapped[str] = mapped_column(String(200), default="", doc="Who took it, and on which paper.")
    received_by: Mapped[str | None] = mapped_column(String(80), doc="Who noted the receipt.")
    received_at: Mapped[datetime | None]
    __table_args__ = (
        CheckConstraint("end_at > start_at", name="footage_request_has_length"),
        CheckConstraint("state in ('asked', 'granted', 'refused')", name="footage_request_state"),
        CheckConstraint("decided_by is null or decided_by <> created_by", name="footage_request_four_eyes"),
        Index("footage_request_by_time", "created_at"),
    )


class BundleJobRow(Base):
    """An export that is being made, waits to be fetched, or did."""

    __tablename__ = "bundle_job"
    id: Mapped[str] = mapped_column(String(40), primary_key=True)
    username: Mapped[str] = mapped_column(String(80))
    request_id: Mapped[int] = mapped_column(BigInteger, ForeignKey("footage_request.id"))
    order: Mapped[dict[str, Any]] = mapped_column("ordered", doc="What to make: web.bundle.order.")
    state: Mapped[str] = mapped_column(String(12), doc="queued → busy → done, failed or cancelled; done → deleted")
    expected_bytes: Mapped[int] = mapped_column(BigInteger, doc="Of the stored footage.")
    created_at: Mapped[datetime]
    delete_at: Mapped[datetime] = mapped_column(doc="When its file must be gone.")
    error_code: Mapped[str] = mapped_column(String(40), default="")
    bytes: Mapped[int] = mapped_column(BigInteger, default=0, doc="Of the zip.")
    sha256: Mapped[str] = mapped_column(String(64), default="", doc="Of the zip.")
    fetched_at: Mapped[datetime | None] = mapped_column(doc="For the first time.")
    __table_args__ = (Index("bundle_job_by_state", "state", "created_at"),)


class EvidenceItemRow(Base):
    """A segment's copy in the evidence store, under the hold's own key. Written when the copy is safe on disk."""

    __tablename__ = "evidence_item"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    hold_id: Mapped[int] = mapped_column(ForeignKey("evidence_hold.id"))
    segment_id: Mapped[int] = mapped_column(BigInteger, doc="Of the catalog; with source_chain_hash.")
    camera_id: Mapped[str] = mapped_column(String(40))
    profile: Mapped[str] = mapped_column(String(4))
    start_at: Mapped[datetime]
    end_at: Mapped[datetime]
    codec: Mapped[str] = mapped_column(String(40), doc="As in segment.")
    source_sha256: Mapped[str] = mapped_column(String(64), doc="Of the original file as it was read for the copy.")
    source_chain_hash: Mapped[str] = mapped_column(String(64), doc="Of the segment's row.")
    is_intact: Mapped[bool] = mapped_column(Boolean, doc="Original and poses were still what their hashes say.")
    volume_uuid: Mapped[str] = mapped_column(String(36), doc="Of the evidence store.")
    path: Mapped[str] = mapped_column(Text, doc="Relative to the evidence store: h<hold>/ and the segment's path.")
    bytes: Mapped[int] = mapped_column(BigInteger)
    sha256: Mapped[str] = mapped_column(String(64), doc="Of the copy as it lies on disk.")
    sidecar_sha256: Mapped[str | None] = mapped_column(String(64), doc="Of its pose sidecar.")
    key_id: Mapped[str] = mapped_column(String(80))
    copied_at: Mapped[datetime]
    erased_at: Mapped[datetime | None]
    __table_args__ = (
        UniqueConstraint("hold_id", "segment_id"),
        Index("evidence_item_by_segment", "segment_id"),
        Index("evidence_item_by_span", "camera_id", "profile", "start_at"),
    )


class MaskSetRow(Base):
    """One version of a camera's masks and lens. Never changed, only followed by a newer one."""

    __tablename__ = "mask_set"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    lens: Mapped[dict[str, Any]] = mapped_column(doc="As in CONTRACT: pan_range_deg, tilt_range_deg, hfov_deg_at_zoom.")
    masks: Mapped[list[Any]] = mapped_column(doc="[{name, space, polygon}]")
    author: Mapped[str] = mapped_column(String(80))
    approver: Mapped[str | None] = mapped_column(String(80), doc="Null = draft: not in force.")
    valid_from: Mapped[datetime]
    created_at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text, default="", doc="Why it was made.")
    placement: Mapped[dict[str, Any] | None] = mapped_column(doc="Where the camera hung; null = not noted then.")
    approves: Mapped[int | None] = mapped_column(doc="The draft's version that this one put in force.")
    closes: Mapped[str | None] = mapped_column(String(12), doc="Nothing may be seen: withdrawn or lapsed.")
    __table_args__ = (
        UniqueConstraint("camera_id", "version"),
        CheckConstraint("approver is null or approver <> author or closes is not null", name="mask_four_eyes"),
        CheckConstraint("closes is null or closes in ('withdrawn', 'lapsed')", name="mask_closes"),
        Index("mask_set_by_time", "camera_id", "valid_from"),
    )


class MaskStepRow(Base):
    """What happened to a draft: proposed, rejected by a second person, or taken back by its author. Append-only."""

    __tablename__ = "mask_step"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(40))
    version: Mapped[int]
    kind: Mapped[str] = mapped_column(String(12))
    actor: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(Text, default="")
    __table_args__ = (
        CheckConstraint("kind in ('proposed', 'rejected', 'retracted')", name="mask_step_kind"),
        Index("mask_step_by_version", "camera_id", "version"),
    )


class WallLayoutRow(Base):
    """What an operator's wall shows, under a name of their own."""

    __tablename__ = "wall_layout"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    owner: Mapped[str] = mapped_column(String(80))
    name: Mapped[str] = mapped_column(String(40))
    shared: Mapped[bool] = mapped_column(Boolean, default=False, doc="With everybody, by a shift manager.")
    arrangement: Mapped[dict[str, Any]] = mapped_column(doc="{layout, hero, page, picks}: cameras by number.")
    changed_at: Mapped[datetime]
    __table_args__ = (UniqueConstraint("owner", "name"),)


class PatrolRow(Base):
    """A camera that goes along its presets by itself: what was started and not stopped, also over a restart."""

    __tablename__ = "ptz_patrol"
    camera_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(40), doc="Of one of the camera's patrols in the configuration.")
    started_by: Mapped[str] = mapped_column(String(80))
    started_at: Mapped[datetime]


class TrailRow(Base):
    """Volgspoor: along which cameras somebody was followed."""

    __tablename__ = "follow_trail"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    owner: Mapped[str] = mapped_column(String(80), doc="Who followed.")
    name: Mapped[str] = mapped_column(String(60), default="", doc="Given by who followed; no personal data.")
    started_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    __table_args__ = (Index("follow_trail_by_owner", "owner", "ended_at"), Index("follow_trail_by_start", "started_at"))


class TrailStepRow(Base):
    __tablename__ = "follow_step"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    trail_id: Mapped[int] = mapped_column(ForeignKey("follow_trail.id"))
    camera_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(doc="From then on this camera was looked at.")
    __table_args__ = (Index("follow_step_by_trail", "trail_id", "id"),)


class BookmarkRow(Base):
    """Markering: a moment of a camera that an observer marked, for who looks back."""

    __tablename__ = "bookmark"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    camera_id: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime]
    note: Mapped[str] = mapped_column(String(120), default="", doc="No personal data.")
    author: Mapped[str] = mapped_column(String(80))
    __table_args__ = (Index("bookmark_by_time", "camera_id", "at"),)


class AlarmRow(Base):
    """Something people had to notice, and who said that they did."""

    __tablename__ = "alarm"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    camera_id: Mapped[str] = mapped_column(String(40), doc="Empty: it concerns all.")
    code: Mapped[str] = mapped_column(String(40))
    text_nl: Mapped[str] = mapped_column(Text)
    text_en: Mapped[str] = mapped_column(Text)
    detail: Mapped[str] = mapped_column(Text, default="", doc="For technicians, in English.")
    acknowledged_by: Mapped[str] = mapped_column(String(80), default="", doc="Display name.")
    acknowledged_at: Mapped[datetime | None]
    __table_args__ = (Index("alarm_by_time", "at"),)


class UserRow(Base):
    __tablename__ = "user_account"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(String(80), unique=True)
    display_name: Mapped[str] = mapped_column(String(80))
    password_hash: Mapped[str] = mapped_column(Text, doc="argon2id")
    roles: Mapped[list[Any]]
    active: Mapped[bool] = mapped_column(Boolean, default=True)
    failed_logins: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    created_at: Mapped[datetime]
    is_break_glass: Mapped[bool] = mapped_column(
        Boolean, default=False, doc="Sealed, for emergencies: a reason instead of a second factor, and an alarm."
    )
    spent_at: Mapped[datetime | None] = mapped_column(doc="Its break-glass password was used: it opens nothing more.")
    external_id: Mapped[str | None] = mapped_column(
        String(64), doc="SHA-256 over issuer and subject of who signs in through OpenID Connect."
    )
    __table_args__ = (Index("user_account_external_id", "external_id", unique=True),)


class LoginSessionRow(Base):
    __tablename__ = "login_session"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, doc="SHA-256 of the cookie's token.")
    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    csrf_token: Mapped[str] = mapped_column(String(64))
    workstation: Mapped[str] = mapped_column(String(80), default="")
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    method: Mapped[str] = mapped_column(String(20), default="password", doc="How they proved who they are.")


class ApiTokenRow(Base):
    __tablename__ = "api_token"
    token_hash: Mapped[str] = mapped_column(String(64), primary_key=True, doc="SHA-256 of the bearer token.")
    name: Mapped[str] = mapped_column(String(80), unique=True)
    roles: Mapped[list[Any]]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    actions: Mapped[list[Any] | None] = mapped_column(
        JSON(none_as_null=True), doc="Narrows the roles to these. None: not."
    )


class ConsultationRow(Base):
    """Purpose and reference a police officer gave before looking back."""

    __tablename__ = "consultation"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    username: Mapped[str] = mapped_column(String(80))
    purpose: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class AuditRow(Base):
    """Who did what, or was refused it. Append-only, hash-chained; written before the act is allowed."""

    __tablename__ = "audit"
    seq: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=False)
    at: Mapped[datetime]
    actor: Mapped[str] = mapped_column(String(80))
    roles: Mapped[list[Any]] = mapped_column(ReadableJson(list))
    action: Mapped[str] = mapped_column(String(40))
    object: Mapped[str] = mapped_column(String(120), doc="camera:markt-01, user:j.jansen, …")
    result: Mapped[str] = mapped_column(String(10), doc="allowed or refused")
    detail: Mapped[dict[str, Any]] = mapped_column(ReadableJson(dict))
    workstation: Mapped[str] = mapped_column(String(80), default="")
    prev_hash: Mapped[str] = mapped_column(String(64))
    hash: Mapped[str] = mapped_column(String(64))
    camera: Mapped[str] = mapped_column(
        String(40), default="", doc="To search by, follows from object and detail: one camera, * = several, or none."
    )
    __table_args__ = (
        Index("audit_by_time", "at", "seq"),
        Index("audit_by_actor", "actor", "at", "seq"),
        Index("audit_by_action", "action", "at", "seq"),
        Index("audit_by_camera", "camera", "at", "seq"),
    )


class DecisionRow(Base):
    """One version of one of the mayor's decisions (besluiten). Never changed, only followed by a newer one."""

    __tablename__ = "decision"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    decision_id: Mapped[int] = mapped_column(BigInteger, doc="The same for all versions of a decision.")
    version: Mapped[int]
    document: Mapped[dict[str, Any]] = mapped_column(doc="As in CONTRACT, with whatever else it came with.")
    author: Mapped[str] = mapped_column(String(80), doc="Who wrote this version down.")
    at: Mapped[datetime]
    reason: Mapped[str] = mapped_column(Text, default="", doc="Of a correction.")
    __table_args__ = (UniqueConstraint("decision_id", "version"),)


class SignCheckRow(Base):
    """Somebody saw that the signs of an area (kenbaarheid) hang where they must."""

    __tablename__ = "sign_check"
    id: Mapped[int] = mapped_column(BigId, primary_key=True, autoincrement=True)
    area: Mapped[str] = mapped_column(String(60))
    checked_on: Mapped[str] = mapped_column(String(10), doc="YYYY-MM-DD")
    note: Mapped[str] = mapped_column(Text, default="", doc="Where, and where the photo is kept.")
    author: Mapped[str] = mapped_column(String(80))
    at: Mapped[datetime]
    __table_args__ = (Index("sign_check_by_area", "area", "checked_on"),)
