"""`vms bench restart`: how long the cameras of a capture process go unrecorded when it is killed."""

import json
import os
import signal
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from vms.cli.bench_rig import running, simulator, write_site
from vms.cli.options import JsonOption, answer
from vms.clock import Clock, SystemClock
from vms.errors import UitkijkError
from vms.keys import create_site_key
from vms.process import running_pid
from vms.rules.layout import parse_path
from vms.store import Store
from vms.units import PROFILES, Profile, us_from_utc

_WITHIN_S = 90.0
_SETTLE_S = 25.0
_PROCESS = "capture-0"
_MEDIA = "media"
_FAR_US = 86_400_000_000
Stream = tuple[str, Profile]


@dataclass(frozen=True, slots=True)
class RestartFigure:
    """Of all streams after one kill, seconds. frame: kill to first recorded picture. connected: the same without the
    wait for the camera's next keyframe. started: until the new process said that it was there."""

    started_s: float
    connected_median_s: float
    connected_max_s: float
    frame_median_s: float
    frame_max_s: float


def bench_restart(
    cameras: Annotated[int, typer.Option(min=1, max=20, help="1080p25 cameras of one process, main and sub.")] = 20,
    kills: Annotated[int, typer.Option(min=1, max=100, help="How often the process is killed.")] = 5,
    onvif: Annotated[bool, typer.Option(help="Cameras are asked through ONVIF where their streams are.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Kill a recording process and time how soon all of its cameras are recorded again.

    The simulated cameras send a keyframe every two seconds and none on demand, so that wait is told apart.
    """
    with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory:
        work = Path(directory)
        with simulator(work, cameras) as street:
            figures = _measure(work / "own", street, kills, by_onvif=onvif)
    setting = {"cameras": cameras, "onvif": onvif}
    lines = [f"{cameras} cameras, main and sub, found {'by ONVIF' if onvif else 'by URL'}; seconds after kill -9"]
    lines += [
        f"process {f.started_s:5.2f}   connected {f.connected_median_s:5.2f}, all {f.connected_max_s:5.2f}"
        f"   first picture {f.frame_median_s:5.2f}, all {f.frame_max_s:5.2f}"
        for f in figures
    ]
    answer({**setting, "figures": [asdict(f) for f in figures]}, lines, as_json=as_json)


def _measure(work: Path, street: dict[str, Any], kills: int, *, by_onvif: bool) -> list[RestartFigure]:
    work.mkdir()
    file = work / "site.toml"
    volume = f'[[recorder.volumes]]\npath = "{_MEDIA}"'
    config = write_site(file, street, sections=volume, masks="none", by_onvif=by_onvif)
    create_site_key(config.site_key_file)
    store = Store(config.database_url)
    store.migrate()
    store.close()
    streams = {(camera.id, profile) for camera in config.cameras for profile in PROFILES}
    clock, command = SystemClock(), [sys.executable, "-m", "vms.cli", "serve", "capture", "--config", str(file)]
    killed_us = [0]
    with running([command], work, 0.0):
        _await_footage(work, streams, 0, clock)
        for _ in range(kills):
            clock.sleep_s(_SETTLE_S)
            pid = running_pid(config.run_dir, _PROCESS)
            if pid is None:
                raise UitkijkError(f"{_PROCESS} does not run")
            os.kill(pid, signal.SIGKILL)
            killed_us.append(clock.now_us())
            _await_footage(work, streams, killed_us[-1], clock)
        clock.sleep_s(1.0)
    events = _events(work / "output.log")
    ends = [*killed_us[1:], clock.now_us()]
    return [_figure(work, streams, events, *span) for span in pairwise(ends)]


def _await_footage(work: Path, streams: set[Stream], since_us: int, clock: Clock) -> None:
    """Until every stream has a file that began then or later. Raises UitkijkError."""
    until_s = clock.monotonic_s() + _WITHIN_S
    while missing := streams - set(_first_pictures_us(work, since_us)):
        if clock.monotonic_s() > until_s:
            raise UitkijkError(f"{len(missing)} of {len(streams)} streams were not recorded after {_WITHIN_S:.0f} s")
        clock.sleep_s(0.2)


def _first_pictures_us(work: Path, since_us: int) -> Mapping[Stream, int]:
    """Of each stream's first file that began then or later."""
    found: dict[Stream, int] = {}
    for path in (work / _MEDIA).rglob("*.mp4*"):
        name = parse_path(str(path.relative_to(work / _MEDIA)))
        if name is not None and us_from_utc(name.start_at) >= since_us:
            stream = name.camera_id, name.profile
            found[stream] = min(us_from_utc(name.start_at), found.get(stream, since_us + _FAR_US))
    return found


def _events(log: Path) -> list[dict[str, Any]]:
    lines = log.read_text(encoding="utf-8").splitlines()
    return [json.loads(line) for line in lines if line.startswith("{")]


def _figure(
    work: Path, streams: set[Stream], events: list[dict[str, Any]], killed_us: int, until_us: int
) -> RestartFigure:
    first = _first_pictures_us(work, killed_us)
    frame_s = {stream: (first[stream] - killed_us) / 1e6 for stream in streams}
    waits: dict[Stream, float] = {}
    started_s = 0.0
    for event in events:
        at_us = us_from_utc(datetime.fromisoformat(event["at"]))
        if not killed_us <= at_us < until_us:
            continue
        if event["event"] == "process_started":
            started_s = (at_us - killed_us) / 1e6
        elif event["event"] == "stream_up":
            waits.setdefault((event["camera"], event["profile"]), float(event["keyframe_wait_s"]))
    connected_s = [frame_s[stream] - waits.get(stream, 0.0) for stream in streams]
    return RestartFigure(
        round(started_s, 2),
        round(median(connected_s), 2),
        round(max(connected_s), 2),
        round(median(frame_s.values()), 2),
        round(max(frame_s.values()), 2),
    )
