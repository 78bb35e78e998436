"""`vms serve`: everything under one supervisor, or one process of it."""

import contextlib
import os
import signal
import sys
import threading
from enum import StrEnum
from typing import Annotated

import typer

from vms import log as logs
from vms.cli.options import ConfigOption, config_path, open_store
from vms.clock import SystemClock
from vms.config import SiteConfig, load_config
from vms.errors import StorageError, StoreBusy
from vms.process import process_lock
from vms.store import Store
from vms.store.mask_lapse import lapse_moved
from vms.supervise import ProcessSpec, Supervisor, product_processes


class ProcessName(StrEnum):
    CAPTURE = "capture"
    LIVE = "live"
    WEB = "web"
    RETENTION = "retention"


_MODULES = {ProcessName.LIVE: "web.live", ProcessName.WEB: "web", ProcessName.RETENTION: "retention"}


def serve(
    process: Annotated[ProcessName | None, typer.Argument(help="Only this process; default: all, supervised.")] = None,
    config: ConfigOption = None,
    group: Annotated[int | None, typer.Option(help="Only this group of cameras, from 0 (for capture).")] = None,
    shard: Annotated[int | None, typer.Option(help="Only this one of [live] processes, from 0 (for live).")] = None,
) -> None:
    """Run the system. SIGTERM or Ctrl-C stops it cleanly within 5 s."""
    path = config_path(config).resolve()
    site = load_config(path)
    if process is None:
        specs = product_processes(path, len(site.capture_groups()), site.live.processes)
        if not prepare(site):
            specs.append(ProcessSpec("migrate", "vms.cli", ("migrate", "--config", str(path)), once=True))
        if not supervise(site, specs):
            raise typer.Exit(2)
    elif process is ProcessName.CAPTURE and group is None:
        specs = [spec for spec in product_processes(path, len(site.capture_groups())) if spec.module == "recorder"]
        if not supervise(site, specs, "supervisor-capture"):
            raise typer.Exit(2)
    elif process is ProcessName.LIVE and shard is None and site.live.processes > 1:
        specs = [spec for spec in product_processes(path, 0, site.live.processes) if spec.module == "web.live"]
        if not supervise(site, specs, "supervisor-live"):
            raise typer.Exit(2)
    else:
        module = "recorder" if process is ProcessName.CAPTURE else _MODULES[process]
        arguments = ["--group", str(group)] if process is ProcessName.CAPTURE else []
        arguments += ["--shard", str(shard)] if process is ProcessName.LIVE and shard is not None else []
        os.execv(sys.executable, [sys.executable, "-m", module, "--config", str(path), *arguments])  # noqa: S606


def prepare(site: SiteConfig) -> bool:
    """What must be there before the first process starts: site key, schema, new volumes; masks of moved cameras
    lapse. False: the database is away, and a job has to migrate it later; recording does not wait for that."""
    from vms.keys import create_site_key

    site.site.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    if site.recorder.encrypt:
        create_site_key(site.site_key_file)
    try:
        with open_store(site) as store:
            _prepare_volumes(site, store)
            lapse_moved(store, {camera.id: camera.placed for camera in site.cameras}, SystemClock())
            return True
    except StoreBusy:
        return False


def _prepare_volumes(site: SiteConfig, store: Store) -> None:
    """New ones, so that nobody finds them missing in the moment before recording starts. What is wrong with others is
    said by who records. Raises StoreBusy."""
    from recorder.disk import VolumeFinder

    finder = VolumeFinder(site.volumes, store, SystemClock())
    for root in finder.marks:
        with contextlib.suppress(StorageError, OSError):
            finder.find(root)


def supervise(site: SiteConfig, specs: list[ProcessSpec], name: str = "supervisor") -> bool:
    """Run these processes until SIGTERM or SIGINT. False when one of them refuses its configuration."""
    logs.configure(name)
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with process_lock(site.run_dir, name):
        return Supervisor(specs, site.run_dir, SystemClock()).run(stop)
