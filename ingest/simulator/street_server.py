"""The whole simulated street in one event loop: RTSP, ONVIF, discovery and the control port."""

import asyncio
import logging
import os
import secrets
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

from ingest.simulator.control import ControlServer
from ingest.simulator.discovery import DiscoveryResponder
from ingest.simulator.faults import parse_fault_options
from ingest.simulator.mechanics import FixedHead, PtzMechanics
from ingest.simulator.model import SimCamera, SimCameraSpec, StreamSpec
from ingest.simulator.onvif import OnvifServer
from ingest.simulator.power import PowerSwitch
from ingest.simulator.rtsp import RtspServer
from ingest.simulator.street import Street
from vms.clock import Clock, SystemClock
from vms.errors import CameraUnreachable, ConfigError
from vms.memory import bound_heap
from vms.units import Codec, Profile

log = logging.getLogger(__name__)

MAX_CAMERAS = 500
DEFAULT_RTSP_PORT = 18554
DEFAULT_ONVIF_PORT = 18080
DEFAULT_CONTROL_PORT = 18079

MAIN = StreamSpec(1280, 720, 12.5, 1_500_000, 12)
SUB = StreamSpec(640, 360, 12.5, 400_000, 12)
BENCH_MAIN = StreamSpec(1920, 1080, 25.0, 4_000_000, 50)
BENCH_SUB = StreamSpec(640, 360, 12.5, 400_000, 25)

STREETS = (
    "Markt",
    "Parade",
    "Vleesstraat",
    "Klaasstraat",
    "Kaldenkerkerweg",
    "Stationsplein",
    "Nolensplein",
    "Lomstraat",
    "Gasthuisstraat",
    "Oude Markt",
    "Jodenstraat",
    "Houtstraat",
    "Keulsepoort",
    "Roermondsepoort",
    "Maasboulevard",
    "Peperstraat",
    "Grote Kerkstraat",
    "Spoorstraat",
    "Keizerstraat",
    "Koninginneplein",
)
_PTZ_EVERY = 3
_SETS_IN_SDP_ONLY_EVERY = 4
_STOP_S = 1.8
_LARGE_BYTES = 1 << 20
"""Nothing of the sort is allocated per picture at rest."""
_GOLDEN_ANGLE_DEG = 137.508
"""Successive multiples never crowd together: each next camera looks where none did."""


@dataclass(frozen=True, slots=True)
class StreetOptions:
    """onvif_port: of the first camera; the next ones follow. A port of 0 takes free ones.

    loop: cameras serve shared pre-encoded loops instead of rendering live (many cameras at little cost).
    bench: the load-test streams, 1920×1080 at 25/s and bench_mbit Mbit/s in 2 s GOPs; always as loops.
    password: of every camera; random unless given. Never logged.
    faults: what is wrong from the start, each as ID:KEY=VALUE.
    """

    cameras: int = 6
    codec: Codec = "h264"
    host: str = "127.0.0.1"
    rtsp_port: int = DEFAULT_RTSP_PORT
    onvif_port: int = DEFAULT_ONVIF_PORT
    control_port: int = DEFAULT_CONTROL_PORT
    loop: bool = False
    bench: bool = False
    bench_mbit: float = 4.0
    discovery: bool = True
    username: str = "vms"
    password: str = field(default_factory=lambda: secrets.token_urlsafe(12), repr=False)
    faults: tuple[str, ...] = ()


def make_specs(options: StreetOptions) -> list[SimCameraSpec]:
    """The street's cameras, the same for the same options. Every third one is a PTZ camera, the first too."""
    return [_spec(options, number) for number in range(1, options.cameras + 1)]


def _spec(options: StreetOptions, number: int) -> SimCameraSpec:
    round_trip, index = divmod(number - 1, len(STREETS))
    street = STREETS[index]
    ptz = (number - 1) % _PTZ_EVERY == 0
    pan_deg = ((number - 1) * _GOLDEN_ANGLE_DEG + 180) % 360 - 180
    return SimCameraSpec(
        id=f"{street.lower().replace(' ', '-')}-{number:02d}",
        name=f"{street} {round_trip + 1}" if round_trip else street,
        ptz=ptz,
        codec=options.codec,
        main=replace(BENCH_MAIN, bitrate_bps=round(options.bench_mbit * 1e6)) if options.bench else MAIN,
        sub=BENCH_SUB if options.bench else SUB,
        username=options.username,
        password=options.password,
        pan_deg=round(pan_deg, 1),
        loop=options.loop or options.bench,
        parameter_sets_in_band=number % _SETS_IN_SDP_ONLY_EVERY != 0,
    )


def _ids(options: StreetOptions) -> list[str]:
    return [spec.id for spec in make_specs(options)]


def make_cameras(specs: list[SimCameraSpec], clock: Clock) -> dict[str, SimCamera]:
    """Running cameras by id, in the specs' order."""
    return {spec.id: SimCamera(spec, PtzMechanics(spec, clock) if spec.ptz else FixedHead(spec)) for spec in specs}


def _check(options: StreetOptions) -> None:
    problems = []
    if not 1 <= options.cameras <= MAX_CAMERAS:
        problems.append(f"--cameras: give 1 to {MAX_CAMERAS}, not {options.cameras}")
    last_onvif_port = options.onvif_port + options.cameras - 1 if options.onvif_port else 0
    for name, port in (
        ("--rtsp-port", options.rtsp_port),
        ("--control-port", options.control_port),
        ("--onvif-port", last_onvif_port),
        ("--onvif-port", options.onvif_port),
    ):
        if not 0 <= port <= 65535:
            problems.append(f"{name}: the cameras would need port {port}; ports end at 65535")
    if problems:
        raise ConfigError(problems)
    parse_fault_options(options.faults, _ids(options))


class StreetServer:
    """A running street. All methods belong to the event loop's thread. Raises ConfigError for unknown faults."""

    def __init__(self, options: StreetOptions, clock: Clock, street: Street) -> None:
        self.options = options
        self.cameras = make_cameras(make_specs(options), clock)
        for camera_id, patch in parse_fault_options(options.faults, self.cameras):
            patch.apply(self.cameras[camera_id].faults)
        self._power = PowerSwitch(self.cameras)
        self.rtsp = RtspServer(self.cameras, street, clock, options.host, options.rtsp_port)
        self.onvif = OnvifServer(self.cameras, self.rtsp, clock, options.host, options.onvif_port, self._power.reboot)
        self._discovery = DiscoveryResponder(self.cameras, options.host, self.onvif.device_url)
        self.control = ControlServer(
            self.cameras,
            clock,
            options.host,
            options.control_port,
            stream_url=self.rtsp.url,
            device_url=self.onvif.device_url,
            reboot=self._power.reboot,
        )
        self._running = AsyncExitStack()

    async def start(self) -> None:
        """Raises ConfigError when a port is taken; then nothing stays open."""
        last_onvif_port = self.options.onvif_port + len(self.cameras) - 1
        try:
            await self._start_part(self.rtsp.start, self.rtsp.stop, f"--rtsp-port {self.options.rtsp_port}")
            await self._start_part(
                self.onvif.start, self.onvif.stop, f"--onvif-port {self.options.onvif_port}–{last_onvif_port}"
            )
            await self._start_part(self.control.start, self.control.stop, f"--control-port {self.options.control_port}")
        except ConfigError:
            await self.stop()
            raise
        if self.options.discovery:
            await self._start_discovery()

    async def _start_part(
        self, start: Callable[[], Awaitable[None]], stop: Callable[[], Awaitable[None]], what: str
    ) -> None:
        try:
            await start()
        except (OSError, CameraUnreachable) as error:
            problem = f"{what} on {self.options.host}: {_reason(error)}; give another port"
            raise ConfigError([problem]) from error
        self._running.push_async_callback(stop)

    async def _start_discovery(self) -> None:
        """Without it cameras can still be added by address, so a busy port is no reason to stop."""
        try:
            await self._discovery.start()
        except OSError as error:
            log.warning("discovery_off", extra={"reason": str(error)})
            return
        self._running.push_async_callback(self._discovery.stop)

    async def stop(self) -> None:
        self._power.stop()
        await self._running.aclose()

    def stream_url(self, camera_id: str, profile: Profile) -> str:
        """Without credentials."""
        return self.rtsp.url(camera_id, profile)


def _reason(error: Exception) -> str:
    """The system's own words, without asyncio's and ours around them."""
    cause = error.__cause__ or error
    return os.strerror(cause.errno) if isinstance(cause, OSError) and cause.errno else str(error)


def run_street(
    options: StreetOptions,
    on_ready: Callable[[StreetServer], None] = lambda _: None,
    clock: Clock | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; belongs to the main thread. Raises ConfigError for options that
    cannot work and for a port that is taken.
    """
    _check(options)
    bound_heap(_LARGE_BYTES)
    asyncio.run(_run_until_signal(options, on_ready, clock or SystemClock()))


async def _run_until_signal(options: StreetOptions, on_ready: Callable[[StreetServer], None], clock: Clock) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    street = StreetServer(options, clock, await asyncio.to_thread(Street))
    await street.start()
    try:
        on_ready(street)
        await ended.wait()
    finally:
        try:
            await asyncio.wait_for(street.stop(), _STOP_S)
        except TimeoutError:
            log.warning("simulator_stop_late", extra={"after_s": _STOP_S})
