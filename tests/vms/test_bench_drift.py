"""The property that `vms bench drift` measures, on two simulated hours."""

import json

import pytest
from typer.testing import CliRunner

from vms.cli import bench_drift, make_app


@pytest.mark.parametrize("camera_ppm", [-200, 50])
def test_recorded_time_follows_the_true_time_whatever_the_cameras_crystal_does(camera_ppm):
    figure = bench_drift.simulate_drift(camera_ppm, hours=2)
    assert (figure.pictures_lost, figure.overlaps, figure.gaps) == (0, 0, 0)
    assert figure.segments > 100
    assert figure.error_ms_largest < 150
    assert abs(figure.drift_ms_per_24h) < 100  # uncorrected, 200 ppm are 17 280 ms
    assert figure.largest_correction_ppm <= 501


def test_with_even_arrival_the_error_is_what_one_segment_drifts():
    figure = bench_drift.simulate_drift(200, hours=1, jitter=False)
    assert figure.error_ms_largest <= 200 * 60 * 2 / 1000
    assert abs(figure.drift_ms_per_24h) < 1


def test_the_command_answers_in_json(monkeypatch):
    monkeypatch.setattr(bench_drift, "CAMERA_PPM", (50,))
    result = CliRunner().invoke(make_app(), ["bench", "drift", "--hours", "1", "--json"])
    assert result.exit_code == 0
    [figure] = json.loads(result.stdout)["figures"]
    assert (figure["camera_ppm"], figure["pictures_lost"]) == (50, 0)
