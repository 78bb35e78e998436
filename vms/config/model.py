"""Every key of the configuration with its unit, bound and sentence. Unknown keys are errors."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import Field, field_validator, model_validator

from vms.config.audit import Audit, Oversight
from vms.config.decisions import Decisions
from vms.config.following import GivenNeighbour, GivenPatrol
from vms.config.places import Area, Map
from vms.config.purposes import Purpose, Purposes
from vms.config.section import Section as _Section
from vms.config.shifts import Shifts
from vms.config.web import Web
from vms.rules.live_shards import live_name, shard_of
from vms.rules.placements import Placement
from vms.rules.terms import CEILING_DAYS, LONGEST_DAYS, CameraTerm, Terms

CAMERAS_PER_CAPTURE = 20
"""A capture process records at most this many cameras, so that a crash of one touches few."""
RETENTION_CEILING_DAYS = CEILING_DAYS


class Site(_Section):
    name: str = Field("Uitkijk", min_length=1, max_length=60, description="Municipality, shown on every page.")
    timezone: str = Field("Europe/Amsterdam", description="IANA zone for people's eyes; inside everything is UTC.")
    data_dir: Path = Field(description="Database, keys, sockets and other state. Not the footage.")

    @field_validator("timezone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError(f"unknown time zone {value!r}; use an IANA name such as Europe/Amsterdam") from error
        return value


class Database(_Section):
    url: str = Field("", description="sqlite:///FILE or postgresql+psycopg://…; empty = sqlite in data_dir.")


class Live(_Section):
    addresses: tuple[str, ...] = Field(
        ("127.0.0.1",),
        min_length=1,
        description="Addresses offered to browsers (ICE). Never the camera VLAN's.",
    )
    processes: int = Field(
        1, ge=1, le=16, description="Live processes; each serves its share of the cameras. More use more cores."
    )
    max_viewers: int = Field(
        200, ge=1, le=5000, description="WHEP sessions at once in each live process; further ones get 503."
    )
    pose_wait_ms: int = Field(
        150,
        ge=0,
        le=1000,
        description="How long a frame of a moving masked camera waits for the pose after it.",
    )
    pose_stale_ms: int = Field(
        2000, ge=100, le=10_000, description="A pose older than this is unknown: the picture is blanked."
    )
    mask_margin_deg: float = Field(
        0.1,
        ge=0,
        le=10,
        description="Masks grow by this much on every side, and by 0.25 % of the field of view, for calibration error.",
    )
    unplaced: Literal["blank", "show"] = Field(
        "blank",
        description="What becomes of a calibrated camera's picture that its known surroundings do not bear out, "
        'by night or in snow: "blank", or "show" with the masks where the status says.',
    )


class Volume(_Section):
    path: Path = Field(description="Directory on the volume; a uuid marker file guards against a missing mount.")
    high_water_pct: float = Field(
        92.0, gt=0, le=99, description="Fill level in % at which the oldest un-held footage is deleted early."
    )


class Recorder(_Section):
    segment_s: int = Field(60, ge=10, le=300, description="Target segment length in seconds; cut at the next keyframe.")
    cameras_per_process: int = Field(
        CAMERAS_PER_CAPTURE,
        ge=1,
        le=CAMERAS_PER_CAPTURE,
        description="Cameras that one capture process records at most; fewer share the fate of a crash.",
    )
    sync_s: float = Field(
        0.5,
        ge=0.5,
        le=60,
        description="Seconds between two syncs, at least one round of writing (0.7): a power cut costs 0.3 more.",
    )
    record_sub: bool = Field(True, description="Also record the substream (about 12 % more disk).")
    encrypt: bool = Field(True, description="AES-256-CTR at rest. false is for trials and shown as a warning.")
    site_key_file: Path | None = Field(
        None, description="Wraps the day keys; keep it off the media volumes. Empty = data_dir/keys/site.key."
    )
    volumes: tuple[Volume, ...] = Field((), description="Where footage goes. Empty = data_dir/media.")


class Retention(_Section):
    days: int = Field(
        28,
        ge=1,
        le=RETENTION_CEILING_DAYS,
        description="Days of 24 hours that footage is kept, of purposes that say nothing else.",
    )
    purge_interval_s: int = Field(60, ge=5, le=3600, description="Seconds between purge runs.")
    max_share_per_run: float = Field(
        0.5, gt=0, le=1, description="A run that would erase a larger share of the store stops and asks."
    )
    signing_key_file: Path | None = Field(
        None, description="Ed25519 key under the erasure ledger and its certificate. Empty = data_dir/keys/signing.pem."
    )
    timestamp_url: str | None = Field(
        None, description="RFC 3161 time-stamp authority. Empty = none: seals are dated by this server's clock alone."
    )
    timestamp_ca_file: Path | None = Field(
        None, description="PEM with the root certificates of that authority; what they do not vouch for is refused."
    )
    timestamp_interval_s: int = Field(
        3600, ge=60, le=86400, description="Seconds between two time-stamps; each covers every seal before it."
    )

    @property
    def ahead(self) -> timedelta:
        """How long before its limit footage is due: two purge runs, so that nothing is ever older on any disk."""
        return timedelta(seconds=2 * self.purge_interval_s)

    @field_validator("timestamp_url")
    @classmethod
    def _is_http(cls, value: str | None) -> str | None:
        if value is not None and urlsplit(value).scheme not in ("http", "https"):
            raise ValueError("must be http://… or https://…")
        return value

    @model_validator(mode="after")
    def _authority_is_checked(self) -> "Retention":
        if self.timestamp_url is not None and self.timestamp_ca_file is None:
            raise ValueError("timestamp_url needs timestamp_ca_file, or no answer can be trusted")
        return self


class Evidence(_Section):
    path: Path | None = Field(
        None,
        description="Where secured footage (evidence holds) is copied; a disk of its own. Empty = data_dir/evidence.",
    )
    high_water_pct: float = Field(
        90.0,
        gt=0,
        le=99,
        description="Fill level in % from which nothing more is copied there: an alarm, never erasure.",
    )


class Onvif(_Section):
    host: str = Field(min_length=1, description="Address of the camera's ONVIF service.")
    port: int = Field(80, ge=1, le=65535, description="Port of the camera's ONVIF service.")
    username: str = Field("", description="Camera account (Operator level, not the camera's admin).")
    password_file: Path | None = Field(None, description="File whose first line is the password.")


def _stream_url(value: str | None) -> str | None:
    if value is None:
        return None
    parts = urlsplit(value)
    if parts.scheme not in ("rtsp", "rtsps") or not parts.hostname or not re.fullmatch(r"[!-~]+", value):
        raise ValueError("must be rtsp://HOST[:PORT]/PATH or rtsps://…")
    if parts.username or parts.password:
        raise ValueError("holds a credential; move it to username and password_file")
    return value


class Camera(_Section):
    id: str = Field(pattern=r"^[a-z0-9][a-z0-9-]{0,39}$", description="Stable name: a-z, 0-9, hyphen.")
    number: int = Field(ge=1, le=9999, description="What observers type to call the camera up.")
    name: str = Field(min_length=1, max_length=40, description="What people see; at most 24 characters reads best.")
    kind: Literal["fixed", "ptz", "flex"] = Field("fixed", description="flex = movable to another placement.")
    ptz: bool | None = Field(None, description="Can it turn? Default: yes for kind ptz and flex with onvif.")
    area: str = Field("", max_length=60, description="Area of the mayor's decision, for grouping.")
    purpose: Purpose = Field("public_order", description="Why it records: decides retention, roles, keys.")
    retention_days: Annotated[int, Field(ge=1)] | None = Field(
        None, description="Days of 24 hours that its footage is kept, shorter than its purpose's."
    )
    lat: Annotated[float, Field(ge=-90, le=90)] | None = Field(None, description="Latitude, WGS 84 degrees.")
    lon: Annotated[float, Field(ge=-180, le=180)] | None = Field(None, description="Longitude, WGS 84 degrees.")
    bearing_deg: Annotated[float, Field(ge=0, lt=360)] | None = Field(
        None, description="Which way it looks, clockwise from north: its picture's middle, or pan 0 when it turns."
    )
    hfov_deg: Annotated[float, Field(gt=0, le=180)] | None = Field(
        None, description="Horizontal field of view of a camera that does not turn; calibration tells the others'."
    )
    reach_m: float = Field(60, gt=0, le=2000, description="How far its view is drawn on the map.")
    placement: str = Field(
        "",
        max_length=60,
        description="Name of where and how it hangs; give another when it is moved or hung anew: its masks lapse.",
    )
    main: str | None = Field(None, description="rtsp:// or rtsps:// URL of the main stream, without credentials.")
    sub: str | None = Field(None, description="The same for the substream; empty = only main.")
    username: str = Field("", description="RTSP account, when not given under onvif.")
    password_file: Path | None = Field(None, description="File whose first line is the RTSP password.")
    tls_ca_file: Path | None = Field(
        None, description="For rtsps://: PEM of who vouches for the camera. Empty = the system's authorities."
    )
    onvif: Onvif | None = Field(None, description="Streams and PTZ through ONVIF.")
    transport: Literal["tcp", "libav"] = Field("tcp", description="tcp = own client; libav for odd cameras.")
    masks: Literal["required", "none"] = Field(
        "required",
        description="required: no picture without an approved mask set; none: decided that no home shows.",
    )
    neighbours: tuple[GivenNeighbour, ...] = Field(
        (), max_length=12, description="Cameras whose view joins this one's: each its id, or a table."
    )
    patrols: tuple[GivenPatrol, ...] = Field((), max_length=8, description="Rounds along this camera's presets.")

    _urls = field_validator("main", "sub")(_stream_url)

    @model_validator(mode="after")
    def _has_a_source(self) -> "Camera":
        if self.main is None and self.onvif is None:
            raise ValueError('needs main = "rtsp://…" or onvif = { host = "…" }')
        return self

    @model_validator(mode="after")
    def _is_placed_whole(self) -> "Camera":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("give lat and lon, or neither")
        if self.bearing_deg is not None and self.lat is None:
            raise ValueError("bearing_deg needs lat and lon")
        return self

    @property
    def can_turn(self) -> bool:
        """Has PTZ; masks are then on the sphere and need a pose."""
        if self.ptz is not None:
            return self.ptz
        return self.kind in ("ptz", "flex") and self.onvif is not None

    @property
    def placed(self) -> Placement:
        return Placement(self.placement, self.lat, self.lon)


class SiteConfig(_Section):
    """A whole configuration file. Pass on the part that is used, never the whole."""

    site: Site
    database: Database = Database()
    web: Web = Web()
    live: Live = Live()
    recorder: Recorder = Recorder()
    retention: Retention = Retention()
    purposes: Purposes = Purposes()
    decisions: Decisions = Decisions()
    shifts: Shifts = Shifts()
    map: Map = Map()
    areas: tuple[Area, ...] = ()
    evidence: Evidence = Evidence()
    audit: Audit = Audit()
    oversight: Oversight = Oversight()
    cameras: tuple[Camera, ...] = ()

    @property
    def ground_file(self) -> Path:
        """May be missing: the map is plain then."""
        return self.map.ground_file or self.site.data_dir / "kaart.pmtiles"

    @property
    def run_dir(self) -> Path:
        """Sockets of the running system."""
        return self.site.data_dir / "run"

    @property
    def journals_dir(self) -> Path:
        """Where capture processes keep rows on their way to the database."""
        return self.site.data_dir / "journal"

    def journal_file(self, group: int) -> Path:
        return self.journals_dir / f"capture-{group}.jsonl"

    @property
    def database_url(self) -> str:
        return self.database.url or f"sqlite:///{self.site.data_dir / 'uitkijk.db'}"

    @property
    def volumes(self) -> tuple[Volume, ...]:
        return self.recorder.volumes or (Volume(path=self.site.data_dir / "media"),)

    @property
    def site_key_file(self) -> Path:
        return self.recorder.site_key_file or self.site.data_dir / "keys" / "site.key"

    @property
    def certificates_dir(self) -> Path:
        """Where the retention process leaves a certificate of erasure a day."""
        return self.site.data_dir / "certificates"

    @property
    def audit_copies_dir(self) -> Path:
        """How far each copy of the audit log is; outside the database, so that neither can be cut alone."""
        return self.site.data_dir / "audit-copies"

    @property
    def evidence_dir(self) -> Path:
        return self.evidence.path or self.site.data_dir / "evidence"

    @property
    def signing_key_file(self) -> Path:
        return self.retention.signing_key_file or self.site.data_dir / "keys" / "signing.pem"

    @property
    def export_key_file(self) -> Path:
        """Key and certificate that seal exported videos."""
        return self.site.data_dir / "keys" / "export.pem"

    @property
    def login_key_file(self) -> Path:
        """Seals the secrets of second factors in the database."""
        return self.site.data_dir / "keys" / "login.key"

    @property
    def first_run_file(self) -> Path:
        """The code with which the first account is made; there only while there is none."""
        return self.site.data_dir / "first-run.code"

    @property
    def bundles_dir(self) -> Path:
        """Exports in the making, and those that wait to be fetched."""
        return self.site.data_dir / "bundles"

    @property
    def terms(self) -> Terms:
        """How long each camera's footage is kept, as this file has it (vms.store.terms: what acted before)."""
        days = self.retention.days
        cameras = {
            camera.id: CameraTerm(
                camera.purpose, min(self.purposes.days(camera.purpose, days), camera.retention_days or LONGEST_DAYS)
            )
            for camera in self.cameras
        }
        return Terms(days, cameras)

    def camera(self, camera_id: str) -> Camera | None:
        return next((camera for camera in self.cameras if camera.id == camera_id), None)

    def capture_groups(self) -> list[tuple[Camera, ...]]:
        """Cameras of capture process 0, 1, …: at most `cameras_per_process` each, in the order of the file."""
        step = self.recorder.cameras_per_process
        return [self.cameras[i : i + step] for i in range(0, len(self.cameras), step)]

    def bus_endpoint(self, group: int) -> str:
        return f"ipc://{self.run_dir / f'capture-{group}.bus'}"

    def control_endpoint(self, group: int) -> str:
        return f"ipc://{self.run_dir / f'capture-{group}.ctl'}"

    def bus_endpoints(self) -> list[str]:
        return [self.bus_endpoint(group) for group in range(len(self.capture_groups()))]

    def control_endpoint_of(self, camera_id: str) -> str | None:
        """Where to ask the capture process that owns this camera."""
        for group, cameras in enumerate(self.capture_groups()):
            if any(camera.id == camera_id for camera in cameras):
                return self.control_endpoint(group)
        return None

    def live_names(self) -> list[str]:
        """Of the live processes."""
        return [live_name(shard, self.live.processes) for shard in range(self.live.processes)]

    def live_sockets(self) -> list[Path]:
        """Unix sockets on which live processes answer `web` (signalling, snapshots, masked playback)."""
        return [self.run_dir / f"{name}.sock" for name in self.live_names()]

    @property
    def live_socket(self) -> Path:
        """The only one, or the first."""
        return self.live_sockets()[0]

    def live_shard(self, camera_id: str) -> int:
        """Which live process serves this camera."""
        return shard_of(camera_id, self.live.processes)
