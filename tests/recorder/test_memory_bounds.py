"""What a broken or hostile camera can cost a recording process in memory, measured in a process of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

MEGABYTE = 1 << 20
REPOSITORY = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("kind", "bound_mb", "refused", "pictures"),
    [
        ("keyframe-20mb", 160, 0, 40 + 3),
        ("sei-bomb", 64, 3, 40),
        ("endless-fragment", 64, 3, 40),
        ("aggregates", 64, 3, 40),
        ("tiny-pictures", 64, 0, 40 + 3 * 15_000),
    ],
)
def test_a_hostile_stream_takes_bounded_memory_and_the_good_pictures_are_recorded(
    tmp_path, kind, bound_mb, refused, pictures
):
    command = [sys.executable, "-m", "tests.recorder.memory_child", str(tmp_path), kind]
    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=REPOSITORY, timeout=120)
    figures = json.loads(done.stdout)
    assert (figures["refused"], figures["pictures"]) == (refused, pictures)
    assert figures["peak"] - figures["before"] < bound_mb * MEGABYTE
    assert figures["segments"] >= 1
    assert figures["gaps"] == ["restart"]
