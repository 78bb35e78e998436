"""A camera's known surroundings on disk: sealed, bound to their camera, readable after a key rotation."""

from pathlib import Path

import pytest

from vms.errors import KeyUnavailable, StorageError
from vms.key_rotation import rotate_site_key
from vms.keys import create_site_key
from vms.reference_file import forget_reference, read_reference, reference_path, write_reference

CONTENT = b"keypoints of the square" * 10


@pytest.fixture
def site_key(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    return tmp_path / "site.key"


def test_it_is_read_back_and_lies_sealed_on_disk(tmp_path: Path, site_key: Path) -> None:
    assert read_reference(tmp_path, site_key, "markt-01") is None
    write_reference(tmp_path, site_key, "markt-01", CONTENT)
    assert read_reference(tmp_path, site_key, "markt-01") == CONTENT
    assert b"keypoints" not in reference_path(tmp_path, "markt-01").read_bytes()
    assert forget_reference(tmp_path, "markt-01")
    assert not forget_reference(tmp_path, "markt-01")
    assert read_reference(tmp_path, site_key, "markt-01") is None


def test_another_cameras_file_and_a_damaged_one_are_refused(tmp_path: Path, site_key: Path) -> None:
    write_reference(tmp_path, site_key, "markt-01", CONTENT)
    sealed = reference_path(tmp_path, "markt-01").read_bytes()
    for camera_id, content in (("markt-02", sealed), ("markt-01", sealed[:-1] + b"x"), ("markt-01", b"nothing")):
        reference_path(tmp_path, camera_id).write_bytes(content)
        with pytest.raises(StorageError):
            read_reference(tmp_path, site_key, camera_id)


def test_it_opens_after_a_rotation_of_the_site_key_and_not_with_another(tmp_path: Path, site_key: Path) -> None:
    write_reference(tmp_path, site_key, "markt-01", CONTENT)
    before = site_key.read_bytes()
    assert rotate_site_key(tmp_path / "keys", site_key).rewrapped == 1
    assert read_reference(tmp_path, site_key, "markt-01") == CONTENT
    site_key.write_bytes(before)
    with pytest.raises(KeyUnavailable):
        read_reference(tmp_path, site_key, "markt-01")
    create_site_key(tmp_path / "other.key")
    with pytest.raises(KeyUnavailable):
        read_reference(tmp_path, tmp_path / "other.key", "markt-01")
