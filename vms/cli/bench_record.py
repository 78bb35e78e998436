"""`vms bench record`: cost of recording, beside `ffmpeg -c copy` and MediaMTX on the same streams in the same run."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vms.cli.options import JsonOption, answer
from vms.clock import SystemClock
from vms.config import SiteConfig, load_config
from vms.errors import UitkijkError
from vms.store import Store, catalog
from vms.units import PROFILES, us_from_utc, utc_from_us

WARM_UP_S = 6.0
_STOP_TIMEOUT_S = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")
_ACCOUNT = "vms"
_PASSWORD = "bench"  # noqa: S105 - of simulated cameras on loopback


@dataclass(frozen=True, slots=True)
class RecordFigure:
    """cpu_pct: user + system in % of one core, all processes. lost: RTP packets; None = the peer does not tell."""

    name: str
    processes: int
    cpu_pct: float
    rss_mb: float
    megabytes: float
    lost_packets: int | None
    recorded_pct: float | None


def bench_record(
    cameras: Annotated[int, typer.Option(min=1, max=200, help="1080p25 cameras of 4 Mbit/s, main and sub.")] = 20,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="How long each recorder is measured.")] = 20,
    as_json: JsonOption = False,
) -> None:
    """Record simulated cameras, encrypted and catalogued, and compare the cost with its peers.

    MediaMTX takes part when the environment variable MEDIAMTX names its binary.
    """
    with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory:
        work = Path(directory)
        with _simulator(work, cameras) as street:
            figures = [_measure_own(work / "own", street, seconds)]
            if shutil.which("ffmpeg"):
                figures.append(_measure_ffmpeg(work / "ffmpeg", street, seconds))
            if mediamtx := os.environ.get("MEDIAMTX"):
                figures.append(_measure_mediamtx(work / "mediamtx", Path(mediamtx), street, seconds))
    ratios = {
        f"cpu_{figure.name}_over_uitkijk": round(figure.cpu_pct / figures[0].cpu_pct, 2)
        for figure in figures[1:]
        if figures[0].cpu_pct > 0
    }
    document = {"cameras": cameras, "seconds": seconds, "figures": [asdict(f) for f in figures], "ratios": ratios}
    lines = [f"{cameras} cameras, main and sub, {seconds:g} s each"]
    lines += [
        f"{f.name:10} {f.processes:4} processes  {f.cpu_pct:7.1f} % of a core  {f.rss_mb:7.0f} MB resident"
        f"  {f.megabytes:7.0f} MB written  lost packets: {'?' if f.lost_packets is None else f.lost_packets}"
        + ("" if f.recorded_pct is None else f"  recorded {f.recorded_pct:g} % of the time")
        for f in figures
    ]
    lines += [f"{name}: {value}" for name, value in ratios.items()]
    answer(document, lines, as_json=as_json)


@contextmanager
def _simulator(work: Path, cameras: int) -> Iterator[dict[str, Any]]:
    """What `vms simulate --bench --json` said, while it runs."""
    command = [sys.executable, "-m", "ingest.simulator", "--bench", "--json", "--no-discovery"]
    command += ["--cameras", str(cameras), "--rtsp-port", "0", "--onvif-port", "0", "--control-port", "0"]
    with (work / "simulator.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--username", _ACCOUNT],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "VMS_SIMULATE_PASSWORD": _PASSWORD},
        )
        try:
            if process.stdout is None:
                raise UitkijkError("the simulator has no output")
            line = process.stdout.readline()
            if not line:
                raise UitkijkError(f"the simulator did not start: {(work / 'simulator.log').read_text()[-300:]}")
            yield json.loads(line)
        finally:
            _stop([process])
            if process.stdout is not None:
                process.stdout.close()


def _measure_own(work: Path, street: dict[str, Any], seconds: float) -> RecordFigure:
    work.mkdir()
    config = _write_site(work, street)
    store = Store(config.database_url)
    try:
        store.migrate()
        groups = len(config.capture_groups())
        commands = [
            [sys.executable, "-m", "recorder", "--config", str(work / "site.toml"), "--group", str(group)]
            for group in range(groups)
        ]
        cpu_pct, rss_mb, from_us, to_us = _run(commands, work, seconds)
        with store.reading() as tx:
            lost = sum(row.lost_packets for row in catalog.page(tx, limit=100_000))
            covered_us = _covered_us(tx, config, from_us, to_us)
    finally:
        store.close()
    wanted_us = (to_us - from_us) * len(config.cameras) * len(PROFILES)
    return RecordFigure(
        "uitkijk", groups, cpu_pct, rss_mb, _megabytes(work / "media"), lost, round(100 * covered_us / wanted_us, 1)
    )


def _covered_us(tx: Any, config: SiteConfig, from_us: int, to_us: int) -> int:
    """Footage of all streams within the interval, microseconds."""
    streams = [(camera.id, profile) for camera in config.cameras for profile in PROFILES]
    return sum(
        min(us_from_utc(row.end_at), to_us) - max(us_from_utc(row.start_at), from_us)
        for camera_id, profile in streams
        for row in catalog.segments(tx, camera_id, profile, utc_from_us(from_us), utc_from_us(to_us))
    )


def _write_site(work: Path, street: dict[str, Any]) -> SiteConfig:
    (work / "password").write_text(_PASSWORD + "\n", encoding="utf-8")
    parts = ['[site]\ndata_dir = "data"\n[recorder]\nsegment_s = 10\n[[recorder.volumes]]\npath = "media"']
    for number, camera in enumerate(street["cameras"], 1):
        parts.append(
            f'[[cameras]]\nid = "{camera["id"]}"\nnumber = {number}\nname = "{camera["name"]}"\n'
            f'main = "{camera["main_url"]}"\nsub = "{camera["sub_url"]}"\n'
            f'username = "{_ACCOUNT}"\npassword_file = "password"'
        )
    (work / "site.toml").write_text("\n".join(parts), encoding="utf-8")
    return load_config(work / "site.toml")


def _with_account(url: str) -> str:
    return url.replace("rtsp://", f"rtsp://{_ACCOUNT}:{_PASSWORD}@", 1)


def _stream_urls(street: dict[str, Any]) -> list[tuple[str, str]]:
    """(name, URL) of every stream."""
    return [
        (f"{camera['id']}-{profile}", _with_account(camera[f"{profile}_url"]))
        for camera in street["cameras"]
        for profile in PROFILES
    ]


def _measure_ffmpeg(work: Path, street: dict[str, Any], seconds: float) -> RecordFigure:
    work.mkdir()
    quiet = ["ffmpeg", "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp"]
    cut = ["-an", "-c", "copy", "-f", "segment", "-segment_time", "10", "-reset_timestamps", "1"]
    fragmented = ["-segment_format_options", "movflags=+frag_keyframe+empty_moov+default_base_moof"]
    commands = [
        [*quiet, "-i", url, *cut, *fragmented, str(work / f"{name}-%03d.mp4")] for name, url in _stream_urls(street)
    ]
    cpu_pct, rss_mb, _, _ = _run(commands, work, seconds)
    return RecordFigure("ffmpeg", len(commands), cpu_pct, rss_mb, _megabytes(work), None, None)


def _measure_mediamtx(work: Path, binary: Path, street: dict[str, Any], seconds: float) -> RecordFigure:
    work.mkdir()
    off = "".join(f"{name}: no\n" for name in ("rtsp", "rtmp", "hls", "webrtc", "srt", "api", "metrics"))
    defaults = (
        "pathDefaults:\n  record: yes\n  recordFormat: fmp4\n  recordPartDuration: 1s\n"
        f"  recordSegmentDuration: 10s\n  recordPath: {work}/%path/%Y-%m-%d_%H-%M-%S-%f\n  rtspTransport: tcp\n"
    )
    paths = "paths:\n" + "".join(f"  {name}:\n    source: {url}\n" for name, url in _stream_urls(street))
    (work / "mediamtx.yml").write_text(off + "logLevel: error\n" + defaults + paths, encoding="utf-8")
    cpu_pct, rss_mb, _, _ = _run([[str(binary), str(work / "mediamtx.yml")]], work, seconds)
    return RecordFigure("mediamtx", 1, cpu_pct, rss_mb, _megabytes(work), None, None)


def _run(commands: Sequence[Sequence[str]], work: Path, seconds: float) -> tuple[float, float, int, int]:
    """Start them all, let them settle, measure, stop. CPU %, RSS MB, and the measured interval in UTC µs."""
    clock = SystemClock()
    with (work / "output.log").open("wb") as log:
        processes = [
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)  # noqa: S603
            for command in commands
        ]
        try:
            clock.sleep_s(WARM_UP_S + 0.05 * len(commands))
            from_us, started_s = clock.now_us(), clock.monotonic_s()
            before_s = sum(_cpu_s(process.pid) for process in processes)
            clock.sleep_s(seconds)
            used_s = sum(_cpu_s(process.pid) for process in processes) - before_s
            elapsed_s, to_us = clock.monotonic_s() - started_s, clock.now_us()
            rss_mb = sum(_rss_bytes(process.pid) for process in processes) / 1e6
            fallen = [process.args for process in processes if process.poll() is not None]
            if fallen:
                raise UitkijkError(f"{len(fallen)} recorders fell: {(work / 'output.log').read_text()[-300:]}")
        finally:
            _stop(processes)
    return round(100 * used_s / elapsed_s, 1), round(rss_mb, 1), from_us, to_us


def _stop(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
    for process in processes:
        process.send_signal(signal.SIGTERM)
    clock = SystemClock()
    until_s = clock.monotonic_s() + _STOP_TIMEOUT_S
    for process in processes:
        try:
            process.wait(max(0.1, until_s - clock.monotonic_s()))
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _cpu_s(pid: int) -> float:
    """User and system time of a process and the children it waited for."""
    fields = _stat(pid)
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / _TICKS if fields else 0.0


def _rss_bytes(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[21]) * _PAGE if fields else 0


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return []


def _megabytes(directory: Path) -> float:
    return round(sum(path.stat().st_size for path in directory.rglob("*.mp4*")) / 1e6, 1)
