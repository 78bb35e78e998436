"""A sidecar that somebody changed is damaged; no mask is ever placed by what it says."""

import pytest

from recorder.poses import parse_sidecar
from vms.units import CameraId

POSE = '{"pan":0.1,"tilt":-1,"zoom":0,"at_us":1,"camera_utc_us":null,"move_status":"idle"}'
LOSS = '{"before_90k":3600,"lost_packets":2}'


def test_poses_and_losses_are_told_apart() -> None:
    found = parse_sidecar(CameraId("toren-01"), f"{POSE}\n{LOSS}\n{POSE}\n".encode())
    assert [(pose.pan, pose.tilt, pose.at_us) for pose in found.poses] == [(0.1, -1, 1)] * 2
    assert [(mark.before_90k, mark.lost_packets) for mark in found.losses] == [(3600, 2)]


@pytest.mark.parametrize(
    "line",
    [
        POSE.replace("0.1", "NaN"),
        POSE.replace("0.1", "1e9"),
        POSE.replace("0.1", '"left"'),
        POSE.replace('"at_us":1', '"at_us":"now"'),
        POSE.replace("null", "1.5"),
        POSE.replace("idle", "asleep"),
        POSE.replace("zoom", "zooom"),
        LOSS.replace("3600", "null"),
        "[" * 100_000,
        "7",
        '"text"',
        "\xff",
        POSE[:-1],
    ],
    ids=lambda line: line[:80],
)
def test_what_is_no_pose_is_damage(line: str) -> None:
    with pytest.raises((ValueError, TypeError)):
        parse_sidecar(CameraId("toren-01"), f"{POSE}\n{line}\n".encode("latin-1"))
