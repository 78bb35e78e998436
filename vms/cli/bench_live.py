"""`vms bench live`: what a viewer costs, beside MediaMTX on the same streams in the same run."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
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
from vms.supervise import product_processes
from web.live.load import LoadFigure, watch_live, watch_urls

SETTLE_S = 4.0
FAN_OUT = (10, 50, 200)
_START_S = 12.0
"""Imports, connecting to all cameras, the first keyframes."""
_MEDIAMTX_HTTP, _MEDIAMTX_UDP = 18889, 18189
Stream = tuple[str, str]
"""Camera and profile."""
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


@dataclass(frozen=True, slots=True)
class Server:
    """A WHEP server that runs. watch: opens a viewer per stream and calls what measures, once they have settled."""

    name: str
    pids: list[int]
    watch: Callable[[Sequence[Stream], Callable[[], None]], LoadFigure]


def bench_live(
    tiles: Annotated[int, typer.Option(min=0, max=200, help="Viewers of substreams (640×360 at 12.5/s).")] = 16,
    heroes: Annotated[int, typer.Option(min=0, max=50, help="Viewers of main streams (1920×1080 at 25/s).")] = 0,
    cameras: Annotated[int, typer.Option(min=1, max=74, help="Cameras that the viewers share.")] = 8,
    seconds: Annotated[float, typer.Option(min=2, max=600, help="How long it is measured.")] = 10,
    masked: Annotated[bool, typer.Option("--masked", help="Every camera has a mask.")] = False,
    fan_out: Annotated[
        bool, typer.Option("--fan-out", help="Instead: 10, 50 and 200 viewers of tiles, one after the other.")
    ] = False,
    processes: Annotated[int, typer.Option(min=1, max=16, help="Live processes of ours.")] = 1,
    as_json: JsonOption = False,
) -> None:
    """Measure live views over WHEP. MediaMTX takes part (unmasked) when MEDIAMTX names its binary."""
    with tempfile.TemporaryDirectory(prefix="uitkijk-bench-") as directory, ExitStack() as stack:
        work = Path(directory)
        street = stack.enter_context(simulator(work, cameras))
        names = [str(camera["id"]) for camera in street["cameras"]]
        audiences = [[(names[n % len(names)], "tile") for n in range(viewers)] for viewers in FAN_OUT if fan_out]
        if not fan_out:
            streams = [(names[n % len(names)], "tile") for n in range(tiles)]
            audiences = [streams + [(names[n % len(names)], "hero") for n in range(heroes)]]
        figures = []
        with _own(work, street, masked=masked, processes=processes) as server:
            figures += _measured(server, audiences, seconds)
        if (mediamtx := os.environ.get("MEDIAMTX")) and not masked:
            with _mediamtx(work, Path(mediamtx), street) as server:
                figures += _measured(server, audiences, seconds)
    document = {"tiles": tiles, "heroes": heroes, "masked": masked, "figures": [asdict(figure) for figure in figures]}
    if fan_out:
        document = {"fan_out": FAN_OUT, "growth": _growth(figures), "figures": document["figures"]}
    lines = [
        f"{f.name:9} {f.watching}/{f.viewers} viewers  {f.cpu_pct:6.1f} % of a core (idle {f.idle_pct:.1f} %), "
        f"{f.cpu_pct_per_viewer:.3f} % each  {f.rss_mb:.0f} MB  {f.pictures_per_s:.0f} pictures/s  "
        f"lost {f.lost_packets}  first picture {f.first_picture_s[0]:.2f} s, last {f.first_picture_s[1]:.2f} s"
        for f in figures
    ]
    answer(document, lines, as_json=as_json)


def _growth(figures: Sequence[LiveFigure]) -> dict[str, float | None]:
    """What a viewer costs in the largest audience against the smallest, by server; 1 = linear, less is better.

    None: not everybody watched, because this machine cannot carry so many viewers; the figures say nothing then.
    """
    by_name = {figure.name: [one for one in figures if one.name == figure.name] for figure in figures}
    return {
        name: round(found[-1].cpu_pct_per_viewer / max(0.001, found[0].cpu_pct_per_viewer), 2)
        if all(one.watching == one.viewers for one in found)
        else None
        for name, found in by_name.items()
    }


@contextmanager
def _own(work: Path, street: dict[str, Any], *, masked: bool, processes: int) -> Iterator[Server]:
    config_file = work / "live.toml"
    config = prepare_site(config_file, street, masked=masked, processes=processes)
    specs = product_processes(config_file, len(config.capture_groups()), processes)
    commands = [
        [sys.executable, "-m", spec.module, *spec.arguments]
        for spec in specs
        if spec.module in ("recorder", "web.live")
    ]
    sockets = config.live_sockets()

    def watch(streams: Sequence[Stream], measured: Callable[[], None]) -> LoadFigure:
        return watch_live(lambda camera: sockets[config.live_shard(camera)], streams, SystemClock(), SETTLE_S, measured)

    with running(commands, work, _START_S) as pids:
        yield Server("uitkijk", pids, watch)


@contextmanager
def _mediamtx(work: Path, binary: Path, street: dict[str, Any]) -> Iterator[Server]:
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

    def watch(streams: Sequence[Stream], measured: Callable[[], None]) -> LoadFigure:
        urls = [f"http://127.0.0.1:{_MEDIAMTX_HTTP}/{camera}-{profile}/whep" for camera, profile in streams]
        return watch_urls(urls, SystemClock(), SETTLE_S, measured)

    with running([[str(binary), str(work / "mediamtx.yml")]], work, _START_S) as pids:
        yield Server("mediamtx", pids, watch)


def _measured(server: Server, audiences: Sequence[Sequence[Stream]], seconds: float) -> list[LiveFigure]:
    """The cost without any viewer, then with one audience after the other."""
    idle = _cpu_pct(server.pids, seconds)
    shares: list[float] = []
    loads = []
    resident = []
    for streams in audiences:
        loads.append(server.watch(streams, lambda: shares.append(_cpu_pct(server.pids, seconds))))
        resident.append(sum(map(rss_bytes, server.pids)))
        SystemClock().sleep_s(SETTLE_S)
    return [
        _figure(server.name, load, busy, idle, rss, seconds)
        for load, busy, rss in zip(loads, shares, resident, strict=True)
    ]


def _figure(name: str, load: LoadFigure, busy: float, idle: float, rss: int, seconds: float) -> LiveFigure:
    first = load.first_picture_s or (0.0,)
    return LiveFigure(
        name=name,
        viewers=load.viewers,
        watching=load.watching,
        cpu_pct=round(busy, 1),
        idle_pct=round(idle, 1),
        cpu_pct_per_viewer=round((busy - idle) / max(1, load.viewers), 3),
        rss_mb=round(rss / 1e6, 1),
        pictures_per_s=round(load.pictures / seconds, 1),
        lost_packets=load.lost,
        first_picture_s=(round(median(first), 2), round(first[-1], 2)),
    )


def _cpu_pct(pids: Sequence[int], seconds: float) -> float:
    clock = SystemClock()
    before_s, started_s = sum(map(cpu_s, pids)), clock.monotonic_s()
    clock.sleep_s(seconds)
    return 100 * (sum(map(cpu_s, pids)) - before_s) / (clock.monotonic_s() - started_s)


def prepare_site(file: Path, street: dict[str, Any], *, masked: bool, processes: int = 1) -> SiteConfig:
    sections = f"[live]\nprocesses = {processes}\n"
    config = write_site(file, street, sections=sections, masks="required" if masked else "none")
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
