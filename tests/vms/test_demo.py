"""The demo begins well: the recorder waits for the street, and history is quick, real and says how far it is."""

import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ingest.simulator.street import Street
from ingest.simulator.street_server import make_specs
from tests.fakes import T0_US, FakeClock
from vms.cli.demo import STREET_WITHIN_S, StreetGate, ignored_for_existing
from vms.cli.demo_history import DAY_US, daily_starts_us, lay_down_history
from vms.cli.demo_site import open_demo_site
from vms.cli.options import open_store
from vms.cli.serve import prepare
from vms.config import load_config
from vms.store import catalog
from vms.units import utc_from_us


@pytest.fixture
def port() -> Iterator[int]:
    """One that nobody listens on."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield taken.getsockname()[1]


def test_the_recorder_may_start_once_the_street_answers_and_from_then_on() -> None:
    with socket.create_server(("127.0.0.1", 0)) as street:
        gate = StreetGate("127.0.0.1", street.getsockname()[1], FakeClock())
        assert gate.is_open()
    assert gate.is_open()


def test_the_recorder_does_not_wait_for_ever_for_a_street_that_does_not_come(port: int) -> None:
    clock = FakeClock()
    gate = StreetGate("127.0.0.1", port, clock)
    assert not gate.is_open()
    clock.advance(STREET_WITHIN_S + 1)
    assert gate.is_open()


@pytest.fixture
def short_path() -> Iterator[Path]:
    """The addresses of its sockets are to fit."""
    with tempfile.TemporaryDirectory(prefix="uk-", dir="/tmp") as directory:
        yield Path(directory)


def test_history_lies_there_day_by_day_and_each_day_is_told(short_path: Path) -> None:
    street, clock = Street(), FakeClock()
    site = open_demo_site(short_path / "demo", 2, 0, street)
    config = load_config(site.config_file)
    prepare(config)
    told: list[int] = []
    starts_us = daily_starts_us(T0_US, 3)
    with open_store(config) as store:
        lay_down_history(
            config, store, clock, street, make_specs(site.options), starts_us, 4, on_made=lambda: told.append(1)
        )
        with store.reading() as tx:
            for camera in config.cameras:
                for profile in ("main", "sub"):
                    found = catalog.segments(
                        tx, camera.id, profile, utc_from_us(T0_US - 4 * DAY_US), utc_from_us(T0_US)
                    )
                    assert [segment.start_at for segment in found] == [utc_from_us(us) for us in starts_us]
    assert len(told) == 2 * 3


def test_what_an_existing_demo_cannot_take_on_is_said(tmp_path: Path) -> None:
    site = open_demo_site(tmp_path / "demo", 2, 0, Street())
    assert ignored_for_existing(site, cameras=2, days_of_history=0) == []
    more, history = ignored_for_existing(site, cameras=9, days_of_history=30)
    assert "keeps its 2" in more
    assert "--days-of-history 30" in history
    assert all("--dir" in line for line in (more, history))
