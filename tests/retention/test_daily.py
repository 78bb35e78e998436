"""A certificate a day: each over the ledger since the one before, none half, none for ever."""

from datetime import date, timedelta
from pathlib import Path

import pytest

from retention import certificate, daily
from retention.daily import DailyCertificates, certificate_name, certificates
from tests.retention.test_certificate import check
from tests.retention.world import World, days_ago
from vms.clock import now_utc
from vms.rules.terms import Terms
from vms.signing import SiteSigner, create_signing_key


@pytest.fixture
def making(world: World, tmp_path: Path) -> DailyCertificates:
    create_signing_key(tmp_path / "signing.pem")
    world.runner.signer = signer = SiteSigner(tmp_path / "signing.pem")
    directory = tmp_path / "certificates"
    return DailyCertificates(
        directory,
        "Gemeente Ergens",
        world.store,
        [world.root],
        world.keys_dir,
        signer,
        world.clock,
        Terms(28),
        world.evidence_dir,
    )


def run(making: DailyCertificates) -> list[date]:
    making.run()
    making.join()
    return [day for day, _ in certificates(making.directory)]


def test_one_a_day_each_over_what_came_since_the_one_before(world: World, making: DailyCertificates) -> None:
    assert run(making) == [], "nothing was erased yet"
    first = now_utc(world.clock).date()
    world.record(days_ago(29))
    world.runner.run()
    assert run(making) == run(making) == [first]
    world.clock.advance(86_400)
    world.record(days_ago(28))
    world.runner.run(confirmed=True)
    assert run(making) == [first + timedelta(days=1), first]
    for _, path in certificates(making.directory):
        code, text = check(path)
        assert code == 0, text
    texts = [check(path)[1] for _, path in certificates(making.directory)]
    assert all("gewist: 1 opnamen" in text for text in texts), texts


def test_no_disk_is_read_when_there_is_nothing_to_certify(
    world: World, making: DailyCertificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[object] = []
    monkeypatch.setattr(certificate, "verify", lambda *arguments: read.append(arguments))
    assert run(making) == run(making) == []
    assert read == []


def test_a_half_one_is_begun_anew_and_old_ones_go(world: World, making: DailyCertificates) -> None:
    making.directory.mkdir()
    today = now_utc(world.clock).date()
    (making.directory / (certificate_name(today) + ".part")).write_bytes(b"half")
    for age in (daily.KEPT.days, daily.KEPT.days + 1):
        (making.directory / certificate_name(today - timedelta(days=age))).write_bytes(b"old")
    world.record(days_ago(29))
    world.runner.run()
    assert run(making) == [today, today - daily.KEPT]
    assert list(making.directory.glob("*.part")) == []


def test_what_cannot_be_written_is_said_and_tried_again(world: World, making: DailyCertificates, caplog) -> None:
    world.record(days_ago(29))
    world.runner.run()
    making.directory.write_text("in the way")
    making.run()
    making.join()
    assert "certificate_postponed" in caplog.text
    making.directory.unlink()
    assert len(run(making)) == 1
