"""Which live process serves what."""

from collections import Counter

from vms.rules.live_shards import live_name, shard_of

CAMERAS = [f"camera-{number:02d}" for number in range(74)]


def test_every_process_has_its_share_of_the_cameras() -> None:
    for processes in (2, 3, 4):
        shares = Counter(shard_of(camera, processes) for camera in CAMERAS)
        assert set(shares) == set(range(processes))
        assert max(shares.values()) < 1.5 * len(CAMERAS) / processes


def test_who_serves_a_camera_stays_when_others_come_and_go() -> None:
    """Also over versions of the product: sessions and cameras are looked up by it from another process."""
    assert [shard_of(camera, 4) for camera in ("vrij", "vast", "markt-01", "toren")] == [2, 3, 1, 0]


def test_the_only_process_has_no_number() -> None:
    assert [live_name(0, 1), *(live_name(shard, 2) for shard in range(2))] == ["live", "live-0", "live-1"]
