"""A long run under faults: `.venv/bin/python tools/soak.py --minutes 120 --cameras 74 --dir DIR`, as root.

Simulated cameras, the whole system under its supervisor, footage on a small file system of its own so that it fills
and is erased early all the time. Every so often something breaks: a capture process, retention or the supervisor is
killed (-9), the disk is filled to the last byte, the database is locked (with --postgres: restarted, and its
connections killed). At the end: how much of the time is recorded,
seconds lost per camera and day with their reasons, what nothing explains, memory over time, `vms check`. JSON.
"""

import argparse
import contextlib
import json
import os
import random
import runpy
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vms.cli.bench_rig import pss_bytes, simulator, stop, write_site
from vms.config import SiteConfig
from vms.process import running_pid
from vms.rules.coverage import Known, explain, totals
from vms.store import Store
from vms.store.spans import first_known_us, gap_spans, segment_spans
from vms.units import PROFILES

PostgresServer = runpy.run_path(str(Path(__file__).parent.parent / "tests/postgres.py"))["PostgresServer"]
VMS = Path(sys.executable).with_name("vms")
DAY_S = 86_400
SETTLE_S = 20.0
SAMPLE_EVERY_S = 10.0


@contextlib.contextmanager
def small_disk(directory: Path, gib: float) -> Iterator[Path]:
    """A file system of `gib` GiB in a file."""
    image, mount = directory / "disk.img", directory / "disk"
    mount.mkdir()
    with image.open("wb") as file:
        file.truncate(int(gib * (1 << 30)))
    subprocess.run(["mkfs.ext4", "-q", "-m", "0", str(image)], check=True)
    subprocess.run(["mount", "-o", "loop", str(image), str(mount)], check=True)
    try:
        yield mount
    finally:
        subprocess.run(["umount", str(mount)], check=False)


@dataclass
class Soak:
    config_file: Path
    config: SiteConfig
    disk: Path
    chance: random.Random
    log: Path
    supervisor: "subprocess.Popen[bytes]"
    postgres: Any
    done: Counter[str] = field(default_factory=Counter)
    memory: list[tuple[float, float]] = field(default_factory=list)

    def names(self) -> list[str]:
        return [f"capture-{group}" for group in range(len(self.config.capture_groups()))]

    def kill(self, name: str) -> None:
        pid = running_pid(self.config.run_dir, name)
        if pid is not None:
            os.kill(pid, signal.SIGKILL)

    def kill_capture(self) -> None:
        self.kill(self.chance.choice(self.names()))

    def kill_retention(self) -> None:
        self.kill("retention")

    def kill_supervisor(self) -> None:
        self.supervisor.kill()
        self.supervisor.wait()
        self.supervisor = start(self.config_file, self.log)

    def fill_disk(self) -> None:
        ballast = self.disk / "ballast"
        usage = os.statvfs(self.disk)
        with ballast.open("wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, usage.f_bavail * usage.f_frsize)
        time.sleep(15)
        ballast.unlink()

    def break_database(self) -> None:
        """PostgreSQL is away for ten seconds, SQLite is locked for twenty."""
        if self.postgres is None:
            self.lock_database()
        else:
            self.postgres.stop()
            time.sleep(10)
            self.postgres.start()

    def lock_database(self) -> None:
        connection = sqlite3.connect(self.config.site.data_dir / "uitkijk.db", timeout=10)
        with contextlib.closing(connection), contextlib.suppress(sqlite3.OperationalError):
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(20)
            connection.rollback()

    def sample(self, since_s: float) -> None:
        pids = [running_pid(self.config.run_dir, name) for name in self.names()]
        self.memory.append((since_s, sum(pss_bytes(pid) for pid in pids if pid is not None) / 1e6))

    def run(self, minutes: float, every_s: float) -> None:
        faults: list[Callable[[], None]] = [
            self.kill_capture,
            self.fill_disk,
            self.kill_capture,
            self.break_database,
            self.kill_retention,
            self.kill_capture,
            self.kill_supervisor,
        ]
        started_s = time.monotonic()
        next_fault_s, number = every_s, 0
        while (since_s := time.monotonic() - started_s) < minutes * 60:
            self.sample(since_s)
            if since_s >= next_fault_s:
                fault = faults[number % len(faults)]
                number += 1
                fault()
                self.done[fault.__name__] += 1
                next_fault_s = since_s + every_s * (0.5 + self.chance.random())
            time.sleep(SAMPLE_EVERY_S)


def start(config_file: Path, log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as output:
        return subprocess.Popen([str(VMS), "serve", "--config", str(config_file)], stdout=output, stderr=output)


def coverage(config: SiteConfig, from_us: int, to_us: int) -> dict[str, Any]:
    """Over all streams, of the interval."""
    store = Store(config.database_url)
    kept_us, lost_us = 0, Counter[str]()
    worst_s, per_stream = 0.0, len(config.cameras) * len(PROFILES)
    try:
        for camera in config.cameras:
            for profile in PROFILES:
                with store.reading() as tx:
                    spans = segment_spans(tx, camera.id, profile, from_us, to_us)
                    gaps = gap_spans(tx, camera.id, profile, from_us, to_us)
                    first_us = first_known_us(tx, camera.id, profile)
                known = Known(recorded=[(a, b) for a, b, _ in spans], gaps=gaps, first_us=first_us)
                result = totals(explain(known, from_us, to_us, to_us))
                kept_us += result.kept_us
                lost_us.update(result.lost_us)
                worst_s = max(worst_s, sum(result.lost_us.values()) / 1e6)
    finally:
        store.close()
    days = (to_us - from_us) / 1e6 / DAY_S * per_stream
    wanted_us = kept_us + sum(lost_us.values())
    return {
        "availability_pct": round(100 * kept_us / wanted_us, 3) if wanted_us else None,
        "lost_s_per_camera_day": {reason: round(us / 1e6 / days, 1) for reason, us in lost_us.items()},
        "lost_s_worst_stream": round(worst_s, 1),
    }


def slope_mb_per_hour(samples: list[tuple[float, float]]) -> float:
    """Least squares over the second half, when everything has warmed up."""
    late = samples[len(samples) // 2 :]
    if len(late) < 2:
        return 0.0
    mean_t = sum(t for t, _ in late) / len(late)
    mean_m = sum(m for _, m in late) / len(late)
    spread = sum((t - mean_t) ** 2 for t, _ in late)
    return round(3600 * sum((t - mean_t) * (m - mean_m) for t, m in late) / spread, 2) if spread else 0.0


def main() -> int:
    parser = argparse.ArgumentParser(description="Record under faults for hours.")
    parser.add_argument("--minutes", type=float, default=120)
    parser.add_argument("--cameras", type=int, default=74)
    parser.add_argument("--every-s", type=float, default=60, help="seconds between faults, on average")
    parser.add_argument("--disk-gib", type=float, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--dir", type=Path, default=None)
    parser.add_argument("--postgres", action="store_true", help="the catalog in PostgreSQL, with its fsync on")
    options = parser.parse_args()
    with contextlib.ExitStack() as stack, tempfile.TemporaryDirectory(prefix="uitkijk-soak-", dir=options.dir) as name:
        work = Path(name)
        postgres = stack.enter_context(contextlib.closing(PostgresServer(fsync=True))) if options.postgres else None
        with small_disk(work, options.disk_gib) as disk, simulator(work, options.cameras) as street:
            volume = disk / "media"
            volume.mkdir()
            recorder = f'[recorder]\n[[recorder.volumes]]\npath = "{volume}"\nhigh_water_pct = 80\n'
            web = '[web]\nlisten = "127.0.0.1:0"\n'
            database = f'[database]\nurl = "{postgres.new_database()}"\n' if postgres else ""
            config_file = work / "site.toml"
            config = write_site(config_file, street, sections=recorder + web + database, masks="none")
            log = work / "log"
            chance = random.Random(options.seed)
            soak = Soak(config_file, config, disk, chance, log, start(config_file, log), postgres)
            time.sleep(SETTLE_S)
            from_us = time.time_ns() // 1000
            soak.run(options.minutes, options.every_s)
            to_us = time.time_ns() // 1000
            for _ in range(2):  # once more: what a stop left undone, the next start does
                time.sleep(SETTLE_S)
                stop([soak.supervisor])
                soak.supervisor = start(config_file, log)
            time.sleep(SETTLE_S)
            stop([soak.supervisor])
            check = subprocess.run(
                [str(VMS), "check", "--json", "--config", str(config_file)],
                capture_output=True,
                check=False,
            )
            findings = json.loads(check.stdout or b"{}").get("findings")
            result = {
                "minutes": options.minutes,
                "cameras": options.cameras,
                "database": "postgresql" if postgres else "sqlite",
                "faults": dict(soak.done),
                **coverage(config, from_us, to_us),
                "memory_mb": {
                    "median": sorted(m for _, m in soak.memory)[len(soak.memory) // 2],
                    "max": max(m for _, m in soak.memory),
                    "slope_per_hour": slope_mb_per_hour(soak.memory),
                },
                "check_findings": findings,
            }
            (Path.cwd() / "soak.json").write_text(json.dumps(result, indent=1), encoding="utf-8")
            print(json.dumps(result, indent=1))
            shutil.copy(log, Path.cwd() / "soak.log")
    return 0 if not findings else 1


if __name__ == "__main__":
    sys.exit(main())
