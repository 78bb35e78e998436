"""`vms demo`: a simulated street and the whole system on an embedded store."""

import socket
import threading
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import httpx
import typer

from vms.clock import Clock, SystemClock
from vms.config import SiteConfig, load_config
from vms.errors import ConfigError
from vms.supervise import ProcessSpec, product_processes

if TYPE_CHECKING:
    from ingest.simulator.street import Street
    from vms.cli.demo_site import DemoSite
    from vms.store import Store

READY_WITHIN_S = 60.0
STREET_WITHIN_S = 30.0


def demo(
    cameras: Annotated[int, typer.Option(min=1, max=74, help="Simulated cameras; every third one turns.")] = 9,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of the pages; 0 takes free ones.")] = 8080,
    directory: Annotated[Path, typer.Option("--dir", help="Where the demo keeps everything.")] = Path("demo-data"),
    days_of_history: Annotated[
        int, typer.Option(min=0, max=60, help="Lay down real footage of so many past days first, sparse.")
    ] = 0,
) -> None:
    """Simulated street + whole system. Ctrl-C stops it; the same --dir continues where it stopped."""
    from ingest.simulator.street import Street
    from vms.cli.demo_site import fill_store, open_demo_site
    from vms.cli.options import open_store
    from vms.cli.serve import prepare, supervise

    typer.echo("Uitkijk demo: preparing the street …")
    street = Street()
    site = open_demo_site(directory.resolve(), cameras, port, street)
    if port and port != site.web_port:
        raise ConfigError([f"--port {port}: the demo in {directory} uses {site.web_port}; give another --dir"])
    config = load_config(site.config_file)
    prepare(config)
    with open_store(config) as store:
        is_new = fill_store(site, store, SystemClock())
        if is_new and days_of_history:
            _lay_down_history(config, site, store, street, days_of_history)
    for line in [] if is_new else ignored_for_existing(site, cameras, days_of_history):
        typer.echo(line)
    arguments = ("--config", str(site.config_file))
    gate = StreetGate(site.options.host, site.options.control_port, SystemClock())
    specs = [
        ProcessSpec("street", "vms.cli.demo_street", arguments),
        *(
            replace(spec, may_start=gate.is_open) if spec.module == "recorder" else spec
            for spec in product_processes(site.config_file, len(config.capture_groups()), config.live.processes)
        ),
    ]
    threading.Thread(target=_announce, args=(config, site.login_password), daemon=True).start()
    if not supervise(config, specs):
        raise typer.Exit(2)


def ignored_for_existing(site: "DemoSite", cameras: int, days_of_history: int) -> list[str]:
    """What was asked for and only counts for a new demo."""
    where = f"the demo in {site.directory} exists already"
    ignored = []
    if cameras != site.options.cameras:
        ignored.append(
            f"--cameras {cameras}: {where} and keeps its {site.options.cameras}; give another --dir for that many"
        )
    if days_of_history:
        ignored.append(f"--days-of-history {days_of_history}: {where} and gets no history; give another --dir")
    return ignored


def _lay_down_history(config: SiteConfig, site: "DemoSite", store: "Store", street: "Street", days: int) -> None:
    """With a bar on a terminal; elsewhere with a line before and after."""
    from ingest.simulator.street_server import make_specs
    from vms.cli.demo_history import CAMERAS, daily_starts_us, lay_down_history

    chosen = make_specs(site.options)[:CAMERAS]
    starts_us = daily_starts_us(SystemClock().now_us(), days)
    began_s = time.monotonic()
    one_at_a_time = threading.Lock()
    label = f"Recording {days} past days of {len(chosen)} cameras, some minutes a day"
    with typer.progressbar(length=len(chosen) * days, label=label) as bar:

        def made_one() -> None:
            with one_at_a_time:
                bar.update(1)

        made = lay_down_history(config, store, SystemClock(), street, chosen, starts_us, on_made=made_one)
    typer.echo(
        f"{made} segments of history in {time.monotonic() - began_s:.0f} s; "
        f"those of more than {config.retention.days} days ago are about to be erased."
    )


@dataclass
class StreetGate:
    """Holds the recorder until the simulated cameras answer: a demo does not begin with cameras that are down.

    A street that does not come at all is for the recorder to report, so the gate opens after STREET_WITHIN_S too.
    """

    host: str
    control_port: int
    clock: Clock
    _asked_first_s: float | None = None
    _opened: bool = False

    def is_open(self) -> bool:
        """The street opens its control port last. Once open the gate stays open."""
        now_s = self.clock.monotonic_s()
        if self._asked_first_s is None:
            self._asked_first_s = now_s
        if not self._opened:
            self._opened = now_s - self._asked_first_s > STREET_WITHIN_S or self._answers()
        return self._opened

    def _answers(self) -> bool:
        try:
            with socket.create_connection((self.host, self.control_port), timeout=0.2):
                return True
        except OSError:
            return False


def _announce(config: SiteConfig, password: str) -> None:
    """Say where to look as soon as the pages answer."""
    from vms.rules.access import ROLES

    address = f"http://{config.web.host}:{config.web.port}"
    began_s = time.monotonic()
    while not _is_up(address):
        if time.monotonic() - began_s > READY_WITHIN_S:
            typer.echo(f"The pages do not answer on {address}; the log above says why.", err=True)
            return
        time.sleep(0.2)
    typer.echo(
        f"\nUitkijk is up: {address}   ({time.monotonic() - began_s:.1f} s)\n"
        f"  log in as one of: {', '.join(ROLES)}\n"
        f"  password for each: {password}\n"
        f"  configuration: {config.site.data_dir.parent / 'site.toml'}\n"
        "  Ctrl-C stops everything.\n"
    )


def _is_up(address: str) -> bool:
    try:
        return httpx.get(f"{address}/readyz", timeout=2).status_code == httpx.codes.OK
    except httpx.HTTPError:
        return False
