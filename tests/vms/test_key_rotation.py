"""A new site key while others read, record and erase."""

import secrets
import threading
from datetime import date, timedelta
from pathlib import Path

import pytest

from vms.errors import KeyUnavailable
from vms.key_rotation import rotate_site_key
from vms.keys import DayKey, KeyRing, create_site_key, day_keys, destroy_day_key, destroy_evidence_key, evidence_keys
from vms.site_key import read_site_keys, replace_site_keys

DAY = date(2026, 11, 18)
PURPOSE = "public_order"


@pytest.fixture
def site_key(tmp_path: Path) -> Path:
    create_site_key(tmp_path / "site.key")
    return tmp_path / "site.key"


@pytest.fixture
def keys_dir(tmp_path: Path) -> Path:
    return tmp_path / "keys"


def test_a_running_process_and_a_new_one_open_everything_and_the_old_key_nothing(keys_dir, site_key, tmp_path) -> None:
    running = KeyRing(keys_dir, site_key)
    made = [running.data_key("markt-01", DAY + timedelta(n), PURPOSE) for n in range(4)]
    old = site_key.read_text()
    assert rotate_site_key(keys_dir, site_key).rewrapped == 4
    assert site_key.read_text() != old
    assert site_key.stat().st_mode & 0o777 == 0o600
    assert [running.find(key.key_id).secret for key in made] == [key.secret for key in made]
    later = running.data_key("markt-01", DAY + timedelta(9), PURPOSE)
    fresh = KeyRing(keys_dir, site_key)
    assert [fresh.find(key.key_id) for key in (*made, later)] == [*made, later]
    (tmp_path / "stolen.key").write_text(old)
    thief = KeyRing(keys_dir, tmp_path / "stolen.key")
    for key in (*made, later):
        with pytest.raises(KeyUnavailable):
            thief.find(key.key_id)


def test_an_interrupted_rotation_reads_and_writes_and_is_finished_later(keys_dir, site_key) -> None:
    key = KeyRing(keys_dir, site_key).data_key("markt-01", DAY, PURPOSE)
    [old] = read_site_keys(site_key)
    new = secrets.token_bytes(32)
    replace_site_keys(site_key, [new, old])
    between = KeyRing(keys_dir, site_key)
    assert between.find(key.key_id) == key
    other = between.data_key("markt-02", DAY, PURPOSE)
    assert rotate_site_key(keys_dir, site_key).rewrapped == 1, "the second was made with the new key already"
    assert read_site_keys(site_key) == [new]
    assert [KeyRing(keys_dir, site_key).find(k.key_id) for k in (key, other)] == [key, other]


def test_a_day_key_that_no_site_key_opens_is_named_and_left_alone(keys_dir, site_key, tmp_path) -> None:
    create_site_key(tmp_path / "other.key")
    foreign = KeyRing(keys_dir, tmp_path / "other.key").data_key("markt-01", DAY, PURPOSE)
    assert rotate_site_key(keys_dir, site_key).locked == (f"markt-01/{DAY}.{PURPOSE}",)
    assert KeyRing(keys_dir, tmp_path / "other.key").find(foreign.key_id) == foreign


def test_a_destroyed_key_is_never_written_again(keys_dir, site_key) -> None:
    ring = KeyRing(keys_dir, site_key)
    days = [DAY + timedelta(n) for n in range(60)]
    for day in days:
        ring.data_key("markt-01", day, PURPOSE)
    shredder = threading.Thread(
        target=lambda: [destroy_day_key(keys_dir, DayKey("markt-01", day, PURPOSE)) for day in reversed(days)]
    )
    shredder.start()
    while shredder.is_alive():
        rotate_site_key(keys_dir, site_key)
    shredder.join()
    assert list(day_keys(keys_dir)) == []
    assert [path.name for path in (keys_dir / "markt-01").iterdir()] == []


def test_keys_made_while_the_site_key_changes_open_afterwards(keys_dir, site_key) -> None:
    ring = KeyRing(keys_dir, site_key)
    made = []
    recorder = threading.Thread(
        target=lambda: made.extend(ring.data_key(f"markt-{n:02}", DAY, PURPOSE) for n in range(60)), name="recorder"
    )
    recorder.start()
    while recorder.is_alive():
        rotate_site_key(keys_dir, site_key)
    recorder.join()
    fresh = KeyRing(keys_dir, site_key)
    assert len(made) == 60
    assert [fresh.find(key.key_id) for key in made] == made


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 16, "ab" * 32 + "\ncd"])
def test_a_site_key_that_is_none_is_refused_in_words(keys_dir, site_key, content) -> None:
    site_key.write_text(content)
    with pytest.raises(KeyUnavailable, match="site key"):
        KeyRing(keys_dir, site_key)
    with pytest.raises(KeyUnavailable, match="site key"):
        rotate_site_key(keys_dir, site_key)
    assert site_key.read_text() == content


def test_evidence_keys_are_wrapped_anew_too_and_die_alone(keys_dir, site_key) -> None:
    ring = KeyRing(keys_dir, site_key)
    day, seven, eight = ring.data_key("h7", DAY, PURPOSE), ring.evidence_key(7), ring.evidence_key(8)
    assert seven.key_id.startswith("_evidence/h7/")
    assert ring.evidence_key(7) == seven
    assert rotate_site_key(keys_dir, site_key).rewrapped == 3
    fresh = KeyRing(keys_dir, site_key)
    assert [fresh.find(key.key_id) for key in (day, seven, eight)] == [day, seven, eight]
    assert destroy_evidence_key(keys_dir, 7)
    assert not destroy_evidence_key(keys_dir, 7)
    with pytest.raises(KeyUnavailable):
        fresh.find(seven.key_id)
    assert fresh.find(eight.key_id) == eight
    assert list(day_keys(keys_dir)) == [DayKey("h7", DAY, PURPOSE)]
    assert list(evidence_keys(keys_dir)) == [8]
