"""Everything the routes use, made once per application."""

from dataclasses import dataclass

import anyio

from recorder.shelf import Shelf
from vms.clock import Clock
from vms.config import SiteConfig
from vms.store import Store
from web.alarm_book import AlarmBook
from web.audit_copies import AuditCopies
from web.audit_trail import Actor, AuditTrail
from web.auth import Accounts
from web.bundle.clips import LiveClips
from web.bundle.workshop import Workshop
from web.bundle_jobs import BundleJobs
from web.camera_views import CameraViews
from web.capture_client import CaptureClient
from web.coverage_report import CoverageReport
from web.decision_board import DecisionBoard
from web.disk_board import DiskBoard
from web.event_hub import EventHub
from web.exports import ExportJobs
from web.first_run import FirstRun
from web.footage import Footage
from web.fragment_seal import fragment_seal
from web.incident_register import IncidentRegister
from web.live_client import LiveClient
from web.live_sessions import LiveSessions
from web.looking import Looking
from web.metrics import Metrics
from web.metrics_streams import StreamCollector
from web.metrics_system import PurgeCollector, SystemCollector
from web.oidc_login import OidcLogin
from web.oversight import Oversight
from web.oversight_watch import OversightWatch
from web.own_account import OwnAccount
from web.ptz_locks import PtzControl
from web.ptz_patrols import Patrols
from web.rate_limit import RateLimit
from web.reach import Reach
from web.second_factor import SecondFactors
from web.shift_book import ShiftBook
from web.status_board import StatusBoard
from web.tls_files import Certificate, read_certificate
from web.viewed import Viewed
from web.viewing_meter import ViewingMeter
from web.volume_forecast import VolumeForecasts

_HASHES_AT_ONCE = 2


@dataclass(slots=True)
class Limits:
    """Per address or user; a wall of 25 tiles that reconnects must fit."""

    login: RateLimit
    whep: RateLimit
    snapshot: RateLimit
    hashing: anyio.CapacityLimiter
    """argon2 takes 64 MiB each: a flood of logins waits in line instead of filling the memory."""


@dataclass(slots=True)
class Services:
    config: SiteConfig
    store: Store
    clock: Clock
    certificate: Certificate | None
    """That this process serves: of its start, whatever became of the file since. None without TLS."""
    trail: AuditTrail
    accounts: Accounts
    oidc: OidcLogin | None
    own_account: OwnAccount
    first_run: FirstRun
    reach: Reach
    shifts: ShiftBook
    incidents: IncidentRegister
    viewing: ViewingMeter
    capture: CaptureClient
    live: LiveClient
    board: StatusBoard
    ptz: PtzControl
    patrols: Patrols
    hub: EventHub
    alarms: AlarmBook
    camera_views: CameraViews
    live_sessions: LiveSessions
    footage: Footage
    coverage: CoverageReport
    originals: Shelf
    exports: ExportJobs
    workshop: Workshop
    bundles: BundleJobs
    viewed: Viewed
    overviews: Looking
    oversight: Oversight
    audit_copies: AuditCopies
    patterns: OversightWatch
    decisions: DecisionBoard
    limits: Limits
    metrics: Metrics


def make_services(config: SiteConfig, store: Store, clock: Clock) -> Services:
    certificate = read_certificate(config.web)
    trail = AuditTrail(store, clock)
    factors = SecondFactors(config.login_key_file, config.site.name)
    accounts = Accounts(store, clock, trail, config.web, factors)
    decisions = DecisionBoard(config, store, clock)
    reach = Reach(config, trail, decisions.now)
    shifts = ShiftBook(config, store, clock, trail)
    capture = CaptureClient(config, clock)
    live = LiveClient(dict(zip(config.live_names(), config.live_sockets(), strict=True)))
    hub = EventHub()
    ptz = PtzControl(clock, capture, trail, hub.publish, reach.roles)
    patrols = Patrols(config, clock, capture, ptz, store)
    disks = DiskBoard(config.volumes, capture, VolumeForecasts(store, config.terms.longest_days()), clock)
    workshop = Workshop(config, store, clock, lambda: LiveClips(config.live_sockets()))
    board = StatusBoard(config, clock, capture, live, ptz.lock_of, patrols.seen, disks, decisions.gate)

    def may_watch(actor: Actor, camera_id: str) -> bool:
        return reach.may(actor, "live.watch", camera_id) and shifts.lets(actor, "live.watch")

    metrics = Metrics()
    metrics.watch(StreamCollector(board, clock), SystemCollector(board), PurgeCollector(store, clock, config.terms))
    return Services(
        config=config,
        store=store,
        clock=clock,
        certificate=certificate,
        trail=trail,
        accounts=accounts,
        oidc=OidcLogin(config.web, config.web.oidc, store, clock, trail, accounts) if config.web.oidc else None,
        own_account=OwnAccount(store, clock, trail, accounts, factors),
        first_run=FirstRun(config.first_run_file, store, clock, trail),
        reach=reach,
        shifts=shifts,
        incidents=IncidentRegister(config, store, clock, trail, reach, shifts),
        viewing=ViewingMeter(store, clock),
        capture=capture,
        live=live,
        board=board,
        ptz=ptz,
        patrols=patrols,
        hub=hub,
        alarms=AlarmBook(store, clock, hub.publish),
        camera_views=CameraViews(config, store, clock, capture, decisions.now),
        live_sessions=LiveSessions(clock, live, board, accounts, may_watch),
        footage=Footage(store, clock, config.terms, config.retention.ahead),
        coverage=CoverageReport(store, clock, capture, config.terms, config.retention.ahead),
        originals=Shelf(config),
        exports=ExportJobs(config.site.data_dir / "exports", live, clock, fragment_seal(config, clock)),
        workshop=workshop,
        bundles=BundleJobs(config.bundles_dir, store, workshop, clock),
        viewed=Viewed(),
        overviews=Looking(clock),
        oversight=Oversight(config, store, clock),
        audit_copies=AuditCopies(config, store),
        patterns=OversightWatch(config, store, clock),
        decisions=decisions,
        limits=Limits(
            login=RateLimit(clock, burst=20, per_s=0.5),
            whep=RateLimit(clock, burst=120, per_s=10),
            snapshot=RateLimit(clock, burst=120, per_s=10),
            hashing=anyio.CapacityLimiter(_HASHES_AT_ONCE),
        ),
        metrics=metrics,
    )
