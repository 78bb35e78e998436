"""What the benchmarks share: simulated cameras, processes under measurement, their cost."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from vms.clock import SystemClock
from vms.config import SiteConfig, load_config
from vms.errors import UitkijkError
from vms.units import PROFILES, Profile

ACCOUNT = "vms"
PASSWORD = "bench"  # noqa: S105 - of simulated cameras on loopback
_STOP_TIMEOUT_S = 10.0
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")


@contextmanager
def simulator(
    work: Path, cameras: int, codec: str = "h264", mbit: float = 4.0, *, live: bool = False
) -> Iterator[dict[str, Any]]:
    """What `vms simulate --bench --json` said, while it runs. live: drawn as it goes, with a true clock."""
    command = [sys.executable, "-m", "ingest.simulator", "--json", "--no-discovery"]
    command += ["--cameras", str(cameras), "--codec", codec]
    command += [] if live else ["--bench", "--bench-mbit", str(mbit)]
    command += ["--rtsp-port", "0", "--onvif-port", "0", "--control-port", "0"]
    with (work / "simulator.log").open("wb") as log:
        process = subprocess.Popen(  # noqa: S603
            [*command, "--username", ACCOUNT],
            stdout=subprocess.PIPE,
            stderr=log,
            env={**os.environ, "VMS_SIMULATE_PASSWORD": PASSWORD},
        )
        try:
            if process.stdout is None:
                raise UitkijkError("the simulator has no output")
            line = process.stdout.readline()
            if not line:
                raise UitkijkError(f"the simulator did not start: {(work / 'simulator.log').read_text()[-300:]}")
            yield json.loads(line)
        finally:
            stop([process])
            if process.stdout is not None:
                process.stdout.close()


def write_site(
    file: Path,
    street: dict[str, Any],
    *,
    sections: str,
    masks: str,
    profiles: Sequence[Profile] = PROFILES,
    by_onvif: bool = False,
) -> SiteConfig:
    """A configuration with the street's cameras; sections: TOML between [site] and the cameras.

    by_onvif: without their streams' addresses, which the cameras tell.
    """
    (file.parent / "password").write_text(PASSWORD + "\n", encoding="utf-8")
    parts = [f'[site]\ndata_dir = "{file.stem}-data"\n[decisions]\nenforce = false\n{sections}']
    for number, camera in enumerate(street["cameras"], 1):
        account = f'username = "{ACCOUNT}"{{0}}password_file = "password"'
        source = f'onvif = {{ host = "127.0.0.1", port = {camera["onvif_port"]}, {account.format(", ")} }}'
        if not by_onvif:
            urls = "".join(f'{profile} = "{camera[f"{profile}_url"]}"\n' for profile in profiles)
            source = urls + account.format("\n")
        parts.append(
            f'[[cameras]]\nid = "{camera["id"]}"\nnumber = {number}\nname = "{camera["name"]}"\n'
            f'{source}\nmasks = "{masks}"'
        )
    file.write_text("\n".join(parts), encoding="utf-8")
    return load_config(file)


def with_account(url: str) -> str:
    return url.replace("rtsp://", f"rtsp://{ACCOUNT}:{PASSWORD}@", 1)


@contextmanager
def running(commands: Sequence[Sequence[str]], work: Path, settle_s: float) -> Iterator[list[int]]:
    """Pids of the started commands, once they have settled. Raises UitkijkError when one of them fell meanwhile."""
    with (work / "output.log").open("wb") as log:
        processes = [
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=work)  # noqa: S603
            for command in commands
        ]
        try:
            SystemClock().sleep_s(settle_s)
            yield [process.pid for process in processes]
            if fallen := [process for process in processes if process.poll() is not None]:
                raise UitkijkError(f"{len(fallen)} processes fell: {(work / 'output.log').read_text()[-300:]}")
        finally:
            stop(processes)


def stop(processes: "Sequence[subprocess.Popen[bytes]]") -> None:
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


def cpu_s(pid: int) -> float:
    """User and system time of a process and the children it waited for."""
    fields = _stat(pid)
    return sum(int(fields[index]) for index in (11, 12, 13, 14)) / _TICKS if fields else 0.0


def rss_bytes(pid: int) -> int:
    fields = _stat(pid)
    return int(fields[21]) * _PAGE if fields else 0


def pss_bytes(pid: int) -> int:
    """Resident memory, what is shared with other processes counted in part (proportional set size)."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) * 1024


def _stat(pid: int) -> list[str]:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    except OSError:
        return []
