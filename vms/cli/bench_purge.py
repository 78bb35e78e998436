"""`vms bench purge`: erasing with ledger, tombstones and destroyed keys, beside `find -delete` on the same files."""

import hashlib
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from vms.cli.options import JsonOption, answer
from vms.clock import SystemClock, now_utc
from vms.errors import ConfigError, UitkijkError
from vms.keys import KeyRing, create_site_key
from vms.rules.layout import segment_path
from vms.rules.terms import PUBLIC_ORDER, Terms
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store, catalog
from vms.store.catalog import NewSegment
from vms.units import CameraId
from vms.volume import create_marker

_CAMERAS = 20
_DAYS = 28
_ROWS_AT_ONCE = 1000
_FIND = "/usr/bin/find"


@dataclass(frozen=True, slots=True)
class PurgeFigure:
    """files_per_s: segments erased, with intent, tombstone, done and a seal. find_files_per_s: `find -delete`, sync.

    *_ms: what a round of writing and syncing twenty cameras took, before and during the purge.
    """

    segments: int
    kib: int
    files_per_s: int
    find_files_per_s: int
    ratio: float
    keys_destroyed: int
    quiet_p99_ms: float
    purge_p99_ms: float
    quiet_median_ms: float
    purge_median_ms: float

    def line(self) -> str:
        return (
            f"{self.segments} segments of {self.kib} KiB: {self.files_per_s} files/s, "
            f"find {self.find_files_per_s}/s ({self.ratio:.2f} ×); a round of writing: "
            f"median {self.quiet_median_ms:.0f} → {self.purge_median_ms:.0f}, "
            f"p99 {self.quiet_p99_ms:.0f} → {self.purge_p99_ms:.0f} ms"
        )


def bench_purge(
    segments: Annotated[
        list[int], typer.Option("--segments", min=20, max=1_000_000, help="How many to erase; may be repeated.")
    ] = [10_000, 100_000],  # noqa: B006 - Typer's own form for a repeated option
    kib: Annotated[int, typer.Option("--kib", min=1, max=32_768, help="Size of each file in KiB.")] = 16,
    directory: Annotated[
        Path | None, typer.Option("--dir", help="Where the files are laid; on the disk to be measured. Default: /tmp.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Lay down expired segments, erase them as the retention process does, and the same files with find."""
    if directory is not None and not directory.is_dir():
        raise ConfigError([f"--dir {directory}: not a directory"])
    figures = []
    for number in segments:
        with tempfile.TemporaryDirectory(prefix="uitkijk-bench-", dir=directory) as work:
            figures.append(measure(Path(work), number, kib))
    answer([asdict(figure) for figure in figures], [figure.line() for figure in figures], as_json=as_json)


def measure(work: Path, segments: int, kib: int) -> PurgeFigure:
    from retention.runner import PurgeRunner

    clock = SystemClock()
    site, root = _Site(work, now_utc(clock) - timedelta(days=2 * _DAYS)), work / "media"
    site.lay(segments, kib)
    plain = work / "plain"
    plain.mkdir()
    _lay_files(plain, site.paths, kib)
    find_s = _find(plain)
    runner = PurgeRunner(site.store, {root: 99.0}, site.keys_dir, clock, Terms(_DAYS), 1.0, site.signer)
    with _probing(work) as probe:
        clock.sleep_s(max(8.0, segments / 5000))
        quiet = probe.taken()
        started_s = clock.monotonic_s()
        result = runner.run(confirmed=True)
        took_s = clock.monotonic_s() - started_s
        during = probe.taken()
    site.store.close()
    if result.erased != segments or result.failed:
        raise UitkijkError(f"erased {result.erased} of {segments}, {result.failed} failed")
    return PurgeFigure(
        segments=segments,
        kib=kib,
        files_per_s=round(segments / took_s),
        find_files_per_s=round(segments / find_s),
        ratio=round(find_s / took_s, 3),
        keys_destroyed=result.keys_destroyed,
        quiet_p99_ms=_quantile(quiet, 0.99),
        purge_p99_ms=_quantile(during, 0.99),
        quiet_median_ms=_quantile(quiet, 0.5),
        purge_median_ms=_quantile(during, 0.5),
    )


@dataclass(slots=True)
class _Site:
    """A store, a volume and keys below `work`. start: of the oldest footage."""

    work: Path
    start: datetime
    paths: list[str] = field(default_factory=list)
    store: Store = field(init=False)
    keys_dir: Path = field(init=False)
    signer: SiteSigner = field(init=False)
    _volume_uuid: str = field(init=False)

    def __post_init__(self) -> None:
        self.store = Store(f"sqlite:///{self.work}/u.db")
        self.store.migrate()
        self.keys_dir = self.work / "keys"
        create_site_key(self.keys_dir / "site.key")
        create_signing_key(self.keys_dir / "signing.pem")
        self.signer = SiteSigner(self.keys_dir / "signing.pem")
        self._volume_uuid = create_marker(self.work / "media", self.start)
        with self.store.transaction() as tx:
            catalog.register_volume(tx, self._volume_uuid, str(self.work / "media"), self.start)

    def lay(self, segments: int, kib: int) -> None:
        """A segment a minute of twenty cameras, with files, rows and day keys."""
        keys = KeyRing(self.keys_dir, self.keys_dir / "site.key")
        sha256 = hashlib.sha256(bytes(kib * 1024)).hexdigest()
        for first in range(0, segments, _ROWS_AT_ONCE):
            with self.store.transaction() as tx:
                for number in range(first, min(first + _ROWS_AT_ONCE, segments)):
                    camera_id = CameraId(f"cam-{number % _CAMERAS:02}")
                    start = self.start + timedelta(minutes=number // _CAMERAS)
                    path = segment_path(camera_id, "main", start)
                    key_id = keys.data_key(camera_id, start.date(), PUBLIC_ORDER).key_id
                    new = _segment(camera_id, self._volume_uuid, path, start, kib * 1024, sha256, key_id)
                    catalog.add(tx, new)
                    self.paths.append(path)
        _lay_files(self.work / "media", self.paths, kib)


def _segment(
    camera_id: CameraId, volume_uuid: str, path: str, start: datetime, size: int, sha256: str, key_id: str
) -> NewSegment:
    return NewSegment(
        camera_id=camera_id,
        profile="main",
        volume_uuid=volume_uuid,
        path=path,
        start_at=start,
        end_at=start + timedelta(minutes=1),
        duration_90k=60 * 90_000,
        bytes=size,
        codec="avc1.64001f",
        width=1920,
        height=1080,
        sha256=sha256,
        key_id=key_id,
        sidecar_sha256=None,
        starts_run=False,
    )


def _lay_files(root: Path, paths: list[str], kib: int) -> None:
    content = bytes(kib * 1024)
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
    subprocess.run(["/usr/bin/sync", "-f", str(root)], check=True)  # noqa: S603


def _find(root: Path) -> float:
    """Seconds that it takes, with the disk knowing it."""
    clock = SystemClock()
    started_s = clock.monotonic_s()
    subprocess.run([_FIND, str(root), "-type", "f", "-delete"], check=True)  # noqa: S603
    subprocess.run(["/usr/bin/sync", "-f", str(root)], check=True)  # noqa: S603
    return clock.monotonic_s() - started_s


class _Probe:
    """Reads what the probing process prints; `taken` gives what came since it was last asked."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        self._lock = threading.Lock()
        self._taken: list[float] = []
        self.thread = threading.Thread(target=self._read, name="probe")

    def taken(self) -> list[float]:
        with self._lock:
            taken, self._taken = self._taken, []
            return taken

    def _read(self) -> None:
        for line in self._process.stdout or ():
            with self._lock:
                self._taken.append(float(line))


@contextmanager
def _probing(work: Path) -> Iterator[_Probe]:
    command = [sys.executable, "-m", "vms.cli.bench_purge_probe", str(work / "media")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603
        probe = _Probe(process)
        probe.thread.start()
        try:
            yield probe
        finally:
            process.terminate()
            probe.thread.join()


def _quantile(values: list[float], share: float) -> float:
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
