"""Keys, headers and reading back; the key that is missing never means plain text."""

import io
import json
import os
import struct
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from recorder.clip import SegmentReader
from recorder.segment_file import SegmentFile
from recorder.segment_format import BOX_UUID, SegmentHeader, read_header
from tests.fakes import T0_US
from tests.recorder.conftest import Site
from tests.recorder.encoded import stream
from vms.errors import FootageMissing, KeyUnavailable, StorageError
from vms.keys import DayKey, KeyRing, create_site_key
from vms.units import CameraId, us_from_utc

DAY = date(2026, 11, 18)


@pytest.fixture
def recorded(site: Site):
    recorder = site.recorder()
    for packet in stream(30):
        recorder.offer(packet)
    recorder.close()
    assert site.journal.stop()
    return site.segments()[0]


def test_any_range_of_an_encrypted_file_reads_as_the_whole_does(site: Site, recorded) -> None:
    with site.reader.open(recorded) as file:
        whole = file.read()
        assert whole[4:8] == b"ftyp"
        assert len(whole) == site.reader.file_size(recorded)
        for start, size in ((0, 1), (1, 15), (15, 2), (16, 16), (17, 100), (len(whole) - 5, 50)):
            file.seek(start)
            assert file.read(size) == whole[start : start + size]
        assert file.seek(-3, os.SEEK_END) == len(whole) - 3
        assert file.read() == whole[-3:]


def test_the_header_alone_tells_whose_and_when_it_is(site: Site, recorded) -> None:
    with (site.volume.root / recorded.path).open("rb") as file:
        header, _ = read_header(file)
    assert (header.camera_id, header.profile, header.start_us) == ("markt-01", "sub", us_from_utc(recorded.start_at))
    assert header.key_id == recorded.key_id
    assert header.starts_run


def test_without_the_right_key_nothing_is_read(site: Site, recorded, tmp_path: Path) -> None:
    create_site_key(tmp_path / "other.key")
    wrong = KeyRing(tmp_path / "keys", tmp_path / "other.key")
    for keys in (None, wrong):
        with pytest.raises(KeyUnavailable):
            SegmentReader([site.volume.root], keys).open(recorded)


def test_a_destroyed_day_is_unreadable_at_once_also_for_who_had_the_key(site: Site, recorded) -> None:
    site.reader.open(recorded).close()
    assert site.keys.destroy(DayKey("markt-01", recorded.start_at.date(), "public_order"))
    with pytest.raises(KeyUnavailable):
        site.reader.open(recorded)
    renewed = site.keys.data_key("markt-01", recorded.start_at.date(), "public_order")
    assert renewed.key_id != recorded.key_id
    with pytest.raises(KeyUnavailable, match="destroyed"):
        site.reader.open(recorded)
    assert not site.keys.destroy(DayKey("markt-01", date(2020, 1, 1), "public_order"))


def test_no_key_no_recording(site: Site) -> None:
    recorder = site.recorder()
    (site.root / "keys" / "markt-01").write_text("in the way")
    for packet in stream(30):
        recorder.offer(packet)
    recorder.close()
    site.journal.stop()
    assert site.files() == site.parts() == []
    assert [gap.reason for gap in site.gaps()] == ["disk"]
    assert "data key" in site.gaps()[0].detail


def test_a_key_is_made_once_and_every_process_finds_it(site: Site) -> None:
    other = KeyRing(site.root / "keys", site.root / "keys" / "site.key")
    key = site.keys.data_key("haven-02", DAY, "harbour")
    assert other.data_key("haven-02", DAY, "harbour") == key == other.find(key.key_id)
    assert site.keys.data_key("haven-02", date(2026, 11, 19), "harbour").secret != key.secret
    assert (site.root / "keys/haven-02/2026-11-18.harbour.json").stat().st_mode & 0o777 == 0o600
    assert key.secret.hex() not in (site.root / "keys/haven-02/2026-11-18.harbour.json").read_text()
    assert repr(key.secret) not in repr(key)


@pytest.mark.parametrize("content", ["", "zz" * 32, "ab" * 16, "\xff"])
def test_a_damaged_site_key_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "site.key"
    path.write_text(content)
    with pytest.raises(KeyUnavailable):
        KeyRing(tmp_path, path)
    with pytest.raises(KeyUnavailable):
        KeyRing(tmp_path, tmp_path / "absent.key")


@pytest.mark.parametrize("key_id", ["../../etc/passwd", "a/2026-11-18/0", "A/2026-11-18/01234567", ""])
def test_a_key_id_from_a_file_cannot_name_another_path(site: Site, key_id: str) -> None:
    with pytest.raises(KeyUnavailable):
        site.keys.find(key_id)


def test_a_file_that_is_not_ours_or_not_there_says_so(site: Site, recorded) -> None:
    with pytest.raises(FootageMissing):
        site.reader.open(replace(recorded, path="markt-01/none.mp4"))
    with pytest.raises(FootageMissing):
        site.reader.open(replace(recorded, path="../../keys/site.key"))
    with pytest.raises(FootageMissing):
        site.reader.open(replace(recorded, volume_uuid="another"))
    (site.volume.root / recorded.path).write_bytes(b"\0\0\0\x20ftypisom" + bytes(40))
    with pytest.raises(StorageError):
        site.reader.open(recorded)


HEADER: dict[str, object] = {
    "v": 1, "camera_id": "markt-01", "profile": "sub", "codec": "h264", "start_us": T0_US, "starts_run": True,
    "purpose": "public_order", "skew_ms": None, "key_id": None, "nonce": None,
}  # fmt: skip
DAMAGED: dict[str, bytes] = {
    **{
        f"{name}: {value!r}": json.dumps(HEADER | {name: value}).encode()
        for name, value in (
            ("camera_id", "../../etc"),
            ("camera_id", "Markt-01"),
            ("camera_id", 7),
            ("profile", "../x"),
            ("codec", "mjpeg"),
            ("start_us", "now"),
            ("start_us", 1.5),
            ("start_us", True),
            ("start_us", 10**30),
            ("starts_run", 1),
            ("skew_ms", "12"),
            ("skew_ms", True),
            ("skew_ms", 2**63),
            ("skew_ms", -(2**63) - 1),
            *(
                (name, value)
                for name in ("decision_id", "placement_id")
                for value in ("7", True, 1.0, [7], {"id": 7}, 0, -1, 2**63, 2**80)
            ),
            ("purpose", None),
            ("key_id", "markt-01/2026-11-18/01234567"),
            ("nonce", "00" * 12),
            ("nonce", "00"),
            ("v", 2),
            ("more", 1),
        )
    },
    "deep": b"[" * 4000,
    "no object": b"[1]",
    "cut": json.dumps(HEADER).encode()[:-1],
}


def test_a_header_that_is_right_is_read() -> None:
    assert read_header(boxed(json.dumps(HEADER).encode()))[0].camera_id == "markt-01"


@pytest.mark.parametrize("number", [1, 2**63 - 1])
def test_a_number_that_fits_its_column_is_read(number: int) -> None:
    more = {"decision_id": number, "placement_id": number, "skew_ms": -number}
    header, _ = read_header(boxed(json.dumps(HEADER | more).encode()))
    assert (header.decision_id, header.placement_id, header.skew_ms) == (number, number, -number)


@pytest.mark.parametrize("content", DAMAGED.values(), ids=DAMAGED)
def test_a_header_that_somebody_changed_names_no_place_and_stops_nobody(content: bytes) -> None:
    with pytest.raises(StorageError):
        read_header(boxed(content))


def boxed(content: bytes) -> io.BytesIO:
    return io.BytesIO(struct.pack(">I4s16s", 24 + len(content), b"uuid", BOX_UUID) + content)


def test_a_segment_is_never_written_over_another(site: Site) -> None:
    header = SegmentHeader(
        camera_id=CameraId("markt-01"),
        profile="sub",
        codec="h264",
        start_us=T0_US,
        starts_run=True,
        purpose="public_order",
        skew_ms=None,
        key_id=None,
        nonce=None,
    )
    SegmentFile(site.volume.root, header, None).finish()
    with pytest.raises(StorageError, match="exists"):
        SegmentFile(site.volume.root, header, None)
    assert site.parts() == []
