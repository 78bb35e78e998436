#!/usr/bin/env python3
"""Days of a whole city on a clock of its own: footage comes in, is erased, and each day's certificate is compared with
what `find` says of the disk.

    tools/simulated_days.py [--days 35] [--cameras 74] [--every-min 60] [--dir DIR]

A segment stands for each camera and every --every-min minutes. The purge runs once an hour. Exit code 1 when a figure
of a certificate differs from the disk by a byte, or anything is older than 28 × 24 hours.
"""

import argparse
import hashlib
import json
import subprocess
import sys
import tempfile
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))

from retention.certificate import write_certificate
from retention.controleer import Check
from retention.runner import PurgeRunner
from retention.verify_evidence import every_copy
from vms.clock import now_utc
from vms.keys import KeyRing, create_site_key
from vms.rules.layout import parse_path, segment_path
from vms.rules.terms import PUBLIC_ORDER, Terms
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store, catalog
from vms.store.catalog import NewSegment
from vms.units import CameraId, us_from_utc
from vms.volume import create_marker

START = datetime(2026, 3, 1, tzinfo=UTC)
LIMIT = timedelta(days=28)
AHEAD = timedelta(hours=2)
"""Two purge intervals, as in the product."""


class ScriptedClock:
    def __init__(self) -> None:
        self.us = us_from_utc(START)

    def now_us(self) -> int:
        return self.us

    def monotonic_s(self) -> float:
        return self.us / 1e6

    def sleep_s(self, duration_s: float) -> None:
        self.us += round(duration_s * 1e6)


class City:
    def __init__(self, work: Path, cameras: int) -> None:
        self.work, self.root, self.clock = work, work / "media", ScriptedClock()
        self.cameras = [CameraId(f"cam-{n:02}") for n in range(cameras)]
        self.store = Store(f"sqlite:///{work}/u.db")
        self.store.migrate()
        create_site_key(work / "keys" / "site.key")
        create_signing_key(work / "keys" / "signing.pem")
        self.keys = KeyRing(work / "keys", work / "keys" / "site.key")
        self.signer = SiteSigner(work / "keys" / "signing.pem")
        self.volume = create_marker(self.root, START)
        with self.store.transaction() as tx:
            catalog.register_volume(tx, self.volume, str(self.root), START)
        self.runner = PurgeRunner(
            self.store, {self.root: 99.0}, work / "keys", self.clock, Terms(28), 0.9, self.signer, AHEAD
        )

    def record(self) -> None:
        """One segment of each camera, of a size of its own."""
        now = now_utc(self.clock)
        with self.store.transaction() as tx:
            for number, camera in enumerate(self.cameras):
                content = hashlib.sha256(f"{camera}{now}".encode()).digest() * (1 + (number * 7 + now.hour) % 40)
                path = segment_path(camera, "main", now)
                (self.root / path).parent.mkdir(parents=True, exist_ok=True)
                (self.root / path).write_bytes(content)
                key = self.keys.data_key(camera, now.date(), PUBLIC_ORDER)
                catalog.add(tx, self._row(camera, path, now, content, key.key_id))

    def _row(self, camera: CameraId, path: str, now: datetime, content: bytes, key_id: str) -> NewSegment:
        return NewSegment(
            camera_id=camera,
            profile="main",
            volume_uuid=self.volume,
            path=path,
            start_at=now,
            end_at=now + timedelta(minutes=1),
            duration_90k=60 * 90_000,
            bytes=len(content),
            codec="avc1.64001f",
            width=1920,
            height=1080,
            sha256=hashlib.sha256(content).hexdigest(),
            key_id=key_id,
            sidecar_sha256=None,
            starts_run=False,
        )

    def compare(self, day: int) -> list[str]:
        """What the day's certificate and the disk disagree about, in words."""
        now, out = now_utc(self.clock), self.work / f"day-{day}.zip"
        write_certificate(
            out,
            "Simulated",
            self.store,
            [self.root],
            self.work / "keys",
            self.signer,
            now,
            Terms(28),
            self.work / "evidence",
            every_copy,
            now - LIMIT,
        )
        with zipfile.ZipFile(out) as package:
            content = json.loads(package.read("certificaat.json"))["content"]
            checked = Check(package, self.signer.key_id, None)
            checked.run()
        out.unlink()
        wrong = list(checked.findings)
        files = _scan(self.root)
        by_day = Counter[tuple[str, str]]()
        for path, size in files.items():
            camera, name_day = path.split("/")[:2]
            by_day[camera, name_day] += size
        said = {
            (row["camera"], "-".join(reversed(row["day"].split("-")))): row["stored_bytes"]
            for row in content["camera_days"]
            if row["stored_bytes"]
        }
        oldest = min(name.start_at for name in map(parse_path, files) if name)
        facts = {
            "files": (content["files"], len(files)),
            "bytes": (content["bytes"], sum(files.values())),
            "oldest": (content["oldest_frame_us"], us_from_utc(oldest)),
            "per camera and day": (said, dict(by_day)),
        }
        wrong += [
            f"{name}: the certificate says {one}, the disk {two}" for name, (one, two) in facts.items() if one != two
        ]
        if now - oldest >= LIMIT:
            wrong.append(f"the oldest file is of {oldest}")
        line = (
            f"day {day:2}: {len(files)} files, {sum(files.values())} bytes, oldest {now - oldest}, {len(wrong)} wrong"
        )
        sys.stdout.write(line + "\n")
        sys.stdout.flush()
        return wrong


def _scan(root: Path) -> dict[str, int]:
    """By a program that nobody here wrote."""
    command = ["find", str(root), "-type", "f", "-name", "*.mp4", "-printf", "%s %P\\n"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return {path: int(size) for size, path in (line.split(" ", 1) for line in listed.splitlines())}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=35)
    parser.add_argument("--cameras", type=int, default=74)
    parser.add_argument("--every-min", type=int, default=60)
    parser.add_argument("--dir", type=Path)
    options = parser.parse_args()
    wrong: list[str] = []
    with tempfile.TemporaryDirectory(prefix="uitkijk-days-", dir=options.dir) as work:
        city = City(Path(work), options.cameras)
        for day in range(1, options.days + 1):
            for minute in range(0, 24 * 60, 5):
                if minute % options.every_min == 0:
                    city.record()
                if minute % 60 == 0:
                    city.runner.run()
                city.clock.sleep_s(300)
            wrong += city.compare(day)
    sys.stdout.write("\n".join([*wrong[:20], f"{len(wrong)} differences in {options.days} days\n"]))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
