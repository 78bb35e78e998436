"""`vms bench live`: what a viewer costs, beside MediaMTX on the same streams in the same run."""

import os
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Annotated, Any

import typer

from vms.cli.bench_rig import cpu_s, rss_bytes, running, simulator, with_account, write_site
from vms.cli.options import JsonOption, answer
from vms.clock import SystemClock, now_utc
from vms.config import SiteConfig
from vms.keys import create_site_key
from vms.rules.masks import parse_mask_import
from vms.store import Store
from vms.store import masks as mask_store
from web.live.load import LoadFigure, watch_live, watch_urls

SETTLE_S = 4.0
_START_S = 5.0
_MEDIAMTX_HTTP, _MEDIAMTX_UDP = 18889, 18189
_MASK = {"name": "bench", "space": "image", "polygon": [[0.1, 0.1], [0.4, 0.1], [0.4, 0.5], [0.1, 0.5]]}


@dataclass(frozen=True, slots=True)
class LiveFigure:
    """cpu_pct: of one core while viewers watch, ingest included; idle_pct: the same processes without viewers.

    first_picture_s: median and last. decode: viewers count packets, they do not decode.
    """

    name: str
    viewers: int
    watching: int
    cpu_pct: float
    idle_pct: float
    cpu_pct_per_viewer: float
    rss_mb: float
    pictures_per_s: float
    lost_packets: int
    first_picture_s: tuple[float, float]


def bench_live(
    tiles: Annotated[int, typer.Option(min=0, max=200, help="Viewers of substreams (640×360 at 12.5/s).")] = 16,
    heroes: Annotated[int, typer.Option(min=0, max=50, help="Viewers of main streams (1920×1080 at 25/s).")] = 0,
    cameras: Annotated[int, typer.Option(min=1, max=74, help="Cameras that the viewers share.")] = 8,
    seconds: Annotated[float, typer.Option(min=2, max=600, help="How long it is measured.")] = 10,
    masked: Annotated[bool, typer.Option("--masked", help="Every camera has a mask.")] = False,
    as_json: JsonOption = False,
) -> None:
    """Measure live views over WHEP. MediaMTX takes part (unmasked) when MEDIAMTX names its binary."""
    with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory:
        work = Path(directory)
        with simulator(work, cameras) as street:
            names = [str(camera["id"]) for camera in street["cameras"]]
            streams = [(names[n % len(names)], "tile") for n in range(tiles)]
            streams += [(names[n % len(names)], "hero") for n in range(heroes)]
            figures = [_measure_own(work, street, streams, seconds, masked=masked)]
            if (mediamtx := os.environ.get("MEDIAMTX")) and not masked:
                figures.append(_measure_mediamtx(work, Path(mediamtx), street, streams, seconds))
    document = {"tiles": tiles, "heroes": heroes, "masked": masked, "figures": [asdict(figure) for figure in figures]}
    lines = [
        f"{f.name:9} {f.watching}/{f.viewers} viewers  {f.cpu_pct:6.1f} % of a core (idle {f.idle_pct:.1f} %), "
        f"{f.cpu_pct_per_viewer:.2f} % each  {f.rss_mb:.0f} MB  {f.pictures_per_s:.0f} pictures/s  "
        f"lost {f.lost_packets}  first picture {f.first_picture_s[0]:.2f} s, last {f.first_picture_s[1]:.2f} s"
        for f in figures
    ]
    answer(document, lines, as_json=as_json)


def _measure_own(
    work: Path, street: dict[str, Any], streams: Sequence[tuple[str, str]], seconds: float, *, masked: bool
) -> LiveFigure:
    config_file = work / "live.toml"
    config = prepare_site(config_file, street, masked=masked)
    python = [sys.executable, "-m"]
    capture = [
        [*python, "recorder", "--config", str(config_file), "--group", str(group)]
        for group in range(len(config.capture_groups()))
    ]
    with running([*capture, [*python, "web.live", "--config", str(config_file)]], work, _START_S) as pids:
        return _measured(
            "uitkijk",
            pids,
            seconds,
            lambda measured: watch_live(config.live_socket, streams, SystemClock(), SETTLE_S, measured),
        )


def _measure_mediamtx(
    work: Path, binary: Path, street: dict[str, Any], streams: Sequence[tuple[str, str]], seconds: float
) -> LiveFigure:
    off = "".join(f"{name}: no\n" for name in ("rtsp", "rtmp", "hls", "srt", "api", "metrics"))
    webrtc = (
        f"webrtc: yes\nwebrtcAddress: 127.0.0.1:{_MEDIAMTX_HTTP}\nwebrtcLocalUDPAddress: 127.0.0.1:{_MEDIAMTX_UDP}\n"
        "webrtcIPsFromInterfaces: no\nwebrtcAdditionalHosts: [127.0.0.1]\n"
    )
    paths = "pathDefaults:\n  rtspTransport: tcp\npaths:\n" + "".join(
        f"  {camera['id']}-{name}:\n    source: {with_account(camera[f'{profile}_url'])}\n"
        for camera in street["cameras"]
        for name, profile in (("tile", "sub"), ("hero", "main"))
    )
    (work / "mediamtx.yml").write_text(off + webrtc + "logLevel: error\n" + paths, encoding="utf-8")
    urls = [f"http://127.0.0.1:{_MEDIAMTX_HTTP}/{camera}-{profile}/whep" for camera, profile in streams]
    with running([[str(binary), str(work / "mediamtx.yml")]], work, _START_S) as pids:
        return _measured(
            "mediamtx", pids, seconds, lambda measured: watch_urls(urls, SystemClock(), SETTLE_S, measured)
        )


def _measured(
    name: str, pids: Sequence[int], seconds: float, watch: Callable[[Callable[[], None]], LoadFigure]
) -> LiveFigure:
    shares: list[float] = []

    def measure() -> None:
        shares.append(_cpu_pct(pids, seconds))

    load = watch(measure)
    SystemClock().sleep_s(SETTLE_S)
    measure()
    busy, idle = shares
    first = load.first_picture_s or (0.0,)
    return LiveFigure(
        name=name,
        viewers=load.viewers,
        watching=load.watching,
        cpu_pct=round(busy, 1),
        idle_pct=round(idle, 1),
        cpu_pct_per_viewer=round((busy - idle) / max(1, load.viewers), 2),
        rss_mb=round(sum(rss_bytes(pid) for pid in pids) / 1e6, 1),
        pictures_per_s=round(load.pictures / seconds, 1),
        lost_packets=load.lost,
        first_picture_s=(round(median(first), 2), round(first[-1], 2)),
    )


def _cpu_pct(pids: Sequence[int], seconds: float) -> float:
    clock = SystemClock()
    before_s, started_s = sum(map(cpu_s, pids)), clock.monotonic_s()
    clock.sleep_s(seconds)
    return 100 * (sum(map(cpu_s, pids)) - before_s) / (clock.monotonic_s() - started_s)


def prepare_site(file: Path, street: dict[str, Any], *, masked: bool) -> SiteConfig:
    config = write_site(file, street, sections="", masks="required" if masked else "none")
    create_site_key(config.site_key_file)
    store = Store(config.database_url)
    try:
        store.migrate()
        if masked:
            _import_masks(store, config)
    finally:
        store.close()
    return config


def _import_masks(store: Store, config: SiteConfig) -> None:
    people = {"author": "bench.a", "approver": "bench.b", "valid_from": "2020-01-01T00:00:00Z"}
    with store.transaction() as tx:
        for camera in config.cameras:
            document = {"camera": camera.id, "masks": [_MASK], **people}
            mask_store.add(tx, parse_mask_import(document), now_utc(SystemClock()))
