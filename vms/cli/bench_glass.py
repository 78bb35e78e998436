"""`vms bench glass`: how old a picture is when a viewer has decoded it, by the clock that the camera burns in."""

import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ingest.simulator.overlay import read_clock_us
from vms.cli.bench_live import prepare_site
from vms.cli.bench_privacy_path import Leg
from vms.cli.bench_privacy_rig import Rig, running_rig
from vms.cli.bench_rig import running, simulator
from vms.cli.options import JsonOption, answer
from vms.clock import SystemClock
from web.live.glass import Seen, watch_glass

SETTLE_S = 4.0
_START_S = 5.0
_PROFILES = ("tile", "hero")


@dataclass(frozen=True, slots=True)
class GlassFigure:
    """Milliseconds from drawing to decoded picture; encoding in the camera and decoding at the viewer are in it, the
    jitter buffer and the screen of a browser are not. unreadable: pictures whose clock was covered or damaged."""

    kind: str
    profile: str
    pictures: int
    unreadable: int
    p50_ms: float
    p95_ms: float
    max_ms: float


def bench_glass(
    seconds: Annotated[float, typer.Option(min=2, max=600, help="How long each is measured.")] = 10,
    turning: Annotated[bool, typer.Option(help="Also a masked PTZ camera while it is steered, in the demo.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Measure glass to glass: passed on, masked, and masked while the camera turns."""
    figures: list[GlassFigure] = []
    for masked in (False, True):
        with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory:
            figures += _fixed(Path(directory), seconds, masked=masked)
    if turning:
        with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory:
            figures += _turning(Path(directory), seconds)
    lines = [
        f"{f.kind:8} {f.profile}  p50 {f.p50_ms:4.0f}  p95 {f.p95_ms:4.0f}  max {f.max_ms:4.0f} ms  "
        f"{f.pictures} pictures, {f.unreadable} unreadable"
        for f in figures
    ]
    answer({"seconds": seconds, "figures": [asdict(figure) for figure in figures]}, lines, as_json=as_json)


def glass_figure(kind: str, seen: Seen) -> GlassFigure:
    ages_ms = sorted(age_us / 1000 for age_us in seen.ages_us) or [0.0]

    def at(share: float) -> float:
        return round(ages_ms[min(len(ages_ms) - 1, int(share * len(ages_ms)))], 1)

    return GlassFigure(kind, seen.profile, len(seen.ages_us), seen.unreadable, at(0.5), at(0.95), at(1.0))


def _fixed(work: Path, seconds: float, *, masked: bool) -> list[GlassFigure]:
    with simulator(work, 1, live=True) as street:
        config_file = work / "glass.toml"
        config = prepare_site(config_file, street, masked=masked)
        python = [sys.executable, "-m"]
        commands = [
            [*python, "recorder", "--config", str(config_file), "--group", "0"],
            [*python, "web.live", "--config", str(config_file)],
        ]
        with running(commands, work, _START_S):
            streams = [(str(street["cameras"][0]["id"]), profile) for profile in _PROFILES]
            return _figures("masked" if masked else "passed", config.live_socket, streams, seconds)


def _turning(work: Path, seconds: float) -> list[GlassFigure]:
    clock = SystemClock()
    with running_rig(work, 1, clock) as rig:
        camera = next(iter(rig.cameras))
        streams = [(camera, profile) for profile in _PROFILES]
        return _figures("turning", rig.config.live_socket, streams, seconds, lambda: _steer(rig, camera, seconds))


def _steer(rig: Rig, camera: str, seconds: float) -> None:
    """To and fro, never long at rest."""
    clock = SystemClock()
    until_s, pan = clock.monotonic_s() + seconds, 0.1
    while clock.monotonic_s() < until_s:
        rig.drive(camera, Leg("move", min(1.5, seconds), 0.0, pan=pan))
        pan = -pan


def _figures(
    kind: str,
    socket: Path,
    streams: Sequence[tuple[str, str]],
    seconds: float,
    meanwhile: Callable[[], Any] | None = None,
) -> list[GlassFigure]:
    clock = SystemClock()
    wait = meanwhile or (lambda: clock.sleep_s(seconds))
    return [glass_figure(kind, seen) for seen in watch_glass(socket, streams, clock, read_clock_us, SETTLE_S, wait)]
