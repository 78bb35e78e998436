"""`vms bench record`: cost of recording, beside `ffmpeg -c copy` and MediaMTX on the same streams in the same run."""

import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from vms.cli.bench_rig import cpu_s, pss_bytes, rss_bytes, running, simulator, with_account, write_site
from vms.cli.options import JsonOption, answer
from vms.cli.simulate import CodecName
from vms.clock import Clock, SystemClock
from vms.config import SiteConfig
from vms.errors import UitkijkError
from vms.keys import create_site_key
from vms.store import Store, catalog
from vms.units import PROFILES, Profile, us_from_utc, utc_from_us

WARM_UP_S = 6.0
_START_WITHIN_S = 90.0


@dataclass(frozen=True, slots=True)
class RecordFigure:
    """cpu_pct: user + system in % of one core, all processes. lost_packets: of RTP; None = the peer does not tell.

    rss_mb counts what processes share once for each, pss_mb once in all.
    """

    name: str
    processes: int
    cpu_pct: float
    rss_mb: float
    pss_mb: float
    megabytes: float
    lost_packets: int | None
    recorded_pct: float | None


@dataclass(frozen=True, slots=True)
class RecordOptions:
    seconds: float
    segment_s: int
    profiles: tuple[Profile, ...]
    encrypt: bool


def bench_record(
    cameras: Annotated[int, typer.Option(min=1, max=200, help="1080p25 cameras, main and sub.")] = 20,
    seconds: Annotated[float, typer.Option(min=5, max=3600, help="How long each recorder is measured.")] = 20,
    codec: Annotated[CodecName, typer.Option(help="What the cameras encode.")] = CodecName.H264,
    segment_s: Annotated[int, typer.Option(min=10, max=300, help="Length of a file, of the peers too.")] = 60,
    mbit: Annotated[float, typer.Option(min=0.5, max=50, help="Mbit/s of a main stream.")] = 4.0,
    main_only: Annotated[bool, typer.Option("--main-only", help="Record no substreams, in the peers neither.")] = False,
    encrypt: Annotated[bool, typer.Option(help="Encrypt at rest (the peers never do).")] = True,
    as_json: JsonOption = False,
) -> None:
    """Record simulated cameras, encrypted and catalogued, and compare the cost with its peers.

    MediaMTX takes part when the environment variable MEDIAMTX names its binary.
    """
    options = RecordOptions(seconds, segment_s, ("main",) if main_only else PROFILES, encrypt)
    with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory:
        work = Path(directory)
        with simulator(work, cameras, codec.value, mbit) as street:
            figures = [_measure_own(work / "own", street, options)]
            if shutil.which("ffmpeg"):
                figures.append(_measure_ffmpeg(work / "ffmpeg", street, options))
            if mediamtx := os.environ.get("MEDIAMTX"):
                figures.append(_measure_mediamtx(work / "mediamtx", Path(mediamtx), street, options))
    ratios = {
        f"cpu_{figure.name}_over_uitkijk": round(figure.cpu_pct / figures[0].cpu_pct, 2)
        for figure in figures[1:]
        if figures[0].cpu_pct > 0
    }
    setting = {
        "cameras": cameras,
        "seconds": seconds,
        "codec": codec.value,
        "mbit": mbit,
        "main_only": main_only,
        "encrypt": encrypt,
    }
    document = {**setting, "figures": [asdict(f) for f in figures], "ratios": ratios}
    streams = "main" if main_only else "main and sub"
    lines = [
        f"{cameras} cameras, {codec.value}, {mbit:g} Mbit/s, {streams}, "
        f"encryption {'on' if encrypt else 'off'}, {seconds:g} s each"
    ]
    lines += [
        f"{f.name:10} {f.processes:4} processes  {f.cpu_pct:7.1f} % of a core  {f.pss_mb:7.0f} MB"
        f"  {f.megabytes:7.0f} MB written  lost packets: {'?' if f.lost_packets is None else f.lost_packets}"
        + ("" if f.recorded_pct is None else f"  recorded {f.recorded_pct:g} % of the time")
        for f in figures
    ]
    lines += [f"{name}: {value}" for name, value in ratios.items()]
    answer(document, lines, as_json=as_json)


def _measure_own(work: Path, street: dict[str, Any], options: RecordOptions) -> RecordFigure:
    work.mkdir()
    file = work / "site.toml"
    encrypt = "true" if options.encrypt else "false"
    recorder = f"[recorder]\nsegment_s = {options.segment_s}\nencrypt = {encrypt}\n"
    recorder += '[[recorder.volumes]]\npath = "media"'
    streams = len(street["cameras"]) * len(options.profiles)
    config = write_site(file, street, sections=recorder, masks="none", profiles=options.profiles)
    if options.encrypt:
        create_site_key(config.site_key_file)
    store = Store(config.database_url)
    try:
        store.migrate()
        groups = len(config.capture_groups())
        commands = [
            [sys.executable, "-m", "recorder", "--config", str(file), "--group", str(group)] for group in range(groups)
        ]
        cost, from_us, to_us = _run(commands, work, options.seconds, streams)
        with store.reading() as tx:
            lost = sum(row.lost_packets for row in catalog.page(tx, limit=100_000))
            covered_us = _covered_us(tx, config, options.profiles, from_us, to_us)
    finally:
        store.close()
    wanted_us = (to_us - from_us) * len(config.cameras) * len(options.profiles)
    return RecordFigure(
        "uitkijk", groups, *cost, _megabytes(work / "media"), lost, round(100 * covered_us / wanted_us, 1)
    )


def _covered_us(tx: Any, config: SiteConfig, profiles: Sequence[Profile], from_us: int, to_us: int) -> int:
    """Footage of all streams within the interval, microseconds."""
    streams = [(camera.id, profile) for camera in config.cameras for profile in profiles]
    return sum(
        min(us_from_utc(row.end_at), to_us) - max(us_from_utc(row.start_at), from_us)
        for camera_id, profile in streams
        for row in catalog.segments(tx, camera_id, profile, utc_from_us(from_us), utc_from_us(to_us))
    )


def _stream_urls(street: dict[str, Any], profiles: Sequence[Profile]) -> list[tuple[str, str]]:
    """(name, URL) of every stream."""
    return [
        (f"{camera['id']}-{profile}", with_account(camera[f"{profile}_url"]))
        for camera in street["cameras"]
        for profile in profiles
    ]


def _measure_ffmpeg(work: Path, street: dict[str, Any], options: RecordOptions) -> RecordFigure:
    work.mkdir()
    quiet = ["ffmpeg", "-nostdin", "-loglevel", "error", "-rtsp_transport", "tcp"]
    cut = ["-an", "-c", "copy", "-f", "segment", "-segment_time", str(options.segment_s), "-reset_timestamps", "1"]
    fragmented = ["-segment_format_options", "movflags=+frag_keyframe+empty_moov+default_base_moof"]
    urls = _stream_urls(street, options.profiles)
    streams = len(urls)
    commands = [[*quiet, "-i", url, *cut, *fragmented, str(work / f"{name}-%03d.mp4")] for name, url in urls]
    cost, _, _ = _run(commands, work, options.seconds, streams)
    return RecordFigure("ffmpeg", len(commands), *cost, _megabytes(work), None, None)


def _measure_mediamtx(work: Path, binary: Path, street: dict[str, Any], options: RecordOptions) -> RecordFigure:
    work.mkdir()
    off = "".join(f"{name}: no\n" for name in ("rtsp", "rtmp", "hls", "webrtc", "srt", "api", "metrics"))
    defaults = (
        "pathDefaults:\n  record: yes\n  recordFormat: fmp4\n  recordPartDuration: 1s\n"
        f"  recordSegmentDuration: {options.segment_s}s\n  rtspTransport: tcp\n"
        f"  recordPath: {work}/%path/%Y-%m-%d_%H-%M-%S-%f\n"
    )
    urls = _stream_urls(street, options.profiles)
    streams = len(urls)
    paths = "paths:\n" + "".join(f"  {name}:\n    source: {url}\n" for name, url in urls)
    (work / "mediamtx.yml").write_text(off + "logLevel: error\n" + defaults + paths, encoding="utf-8")
    cost, _, _ = _run([[str(binary), str(work / "mediamtx.yml")]], work, options.seconds, streams)
    return RecordFigure("mediamtx", 1, *cost, _megabytes(work), None, None)


def _run(
    commands: Sequence[Sequence[str]], work: Path, seconds: float, streams: int
) -> tuple[tuple[float, float, float], int, int]:
    """Start them all, let them settle, measure, stop. (CPU %, RSS MB, PSS MB), and the measured interval in UTC µs."""
    clock = SystemClock()
    with running(commands, work, 0.0) as pids:
        _await_files(work, streams, clock)
        clock.sleep_s(WARM_UP_S)
        from_us, started_s, before_s = clock.now_us(), clock.monotonic_s(), sum(map(cpu_s, pids))
        clock.sleep_s(seconds)
        used_s = sum(map(cpu_s, pids)) - before_s
        elapsed_s, to_us = clock.monotonic_s() - started_s, clock.now_us()
        rss_mb, pss_mb = sum(map(rss_bytes, pids)) / 1e6, sum(map(pss_bytes, pids)) / 1e6
    return (round(100 * used_s / elapsed_s, 1), round(rss_mb, 1), round(pss_mb, 1)), from_us, to_us


def _await_files(work: Path, streams: int, clock: Clock) -> None:
    """Until every stream has a file with something in it. Raises UitkijkError."""
    until_s = clock.monotonic_s() + _START_WITHIN_S
    while (files := sum(path.stat().st_size > 0 for path in work.rglob("*.mp4*"))) < streams:
        if clock.monotonic_s() > until_s:
            raise UitkijkError(f"only {files} of {streams} streams were recorded after {_START_WITHIN_S:.0f} s")
        clock.sleep_s(0.5)


def _megabytes(directory: Path) -> float:
    return round(sum(path.stat().st_size for path in directory.rglob("*.mp4*")) / 1e6, 1)
