from dataclasses import replace

import pytest

from ingest.probe_findings import CameraFacts, StreamFacts, find_problems

MAIN = StreamFacts("main", "rtsp://10.0.0.9/main", "h264", 1920, 1080, 25.0, 2.0, 4_000_000, measured_s=6.0)
SUB = replace(MAIN, profile="sub", url="rtsp://10.0.0.9/sub", width=640, height=360)
GOOD = CameraFacts(onvif=True, streams=(MAIN, SUB), skew_ms=120.0, ptz="ok")


def codes(facts: CameraFacts) -> list[tuple[str, str]]:
    return [(problem.code, problem.severity) for problem in find_problems(facts)]


def test_a_good_camera_has_no_problem() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (replace(MAIN, codec="h265"), [("h265", "info")]),
        (replace(MAIN, gop_s=4.0), []),
        (replace(MAIN, gop_s=4.1), [("long_gop", "warning")]),
        (replace(MAIN, gop_s=0.0, measured_s=12.0), [("long_gop", "warning")]),
        (replace(MAIN, gop_s=0.0, measured_s=1.0), []),
        (replace(MAIN, has_b_frames=True), [("b_frames", "warning")]),
        (replace(MAIN, lost_packets=3), [("packet_loss", "warning")]),
        (replace(MAIN, error="RTSP 404"), [("no_video", "fault")]),
    ],
)
def test_each_fault_of_a_stream_is_named(stream: StreamFacts, expected: list[tuple[str, str]]) -> None:
    assert codes(replace(GOOD, streams=(stream, SUB))) == expected


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        (replace(GOOD, streams=(MAIN,)), [("no_substream", "warning")]),
        (replace(GOOD, streams=(MAIN,), onvif=False), []),
        (replace(GOOD, skew_ms=-1001.0), [("clock_skew", "warning")]),
        (replace(GOOD, skew_ms=999.0), []),
        (replace(GOOD, skew_ms=None), []),
        (replace(GOOD, ptz="fault", ptz_detail="no position"), [("no_ptz_status", "fault")]),
        (replace(GOOD, has_media2=False), [("no_media2", "info")]),
        (CameraFacts(onvif=True, error="no connection"), [("unreachable", "fault")]),
    ],
)
def test_each_fault_of_a_camera_is_named(facts: CameraFacts, expected: list[tuple[str, str]]) -> None:
    assert codes(facts) == expected


def test_every_problem_says_in_both_languages_what_and_how_to_mend_it() -> None:
    bad = replace(MAIN, codec="h265", gop_s=10.0, has_b_frames=True, lost_packets=9)
    everything = replace(GOOD, streams=(bad,), skew_ms=3_600_000.0, ptz="fault", ptz_detail="none", has_media2=False)
    problems = find_problems(everything)
    assert len(problems) == 8
    for problem in problems:
        assert len(problem.nl) > 40
        assert len(problem.en) > 40
        assert problem.nl != problem.en
    texts = {problem.code: problem.nl for problem in problems}
    assert "voor live omgezet" in texts["h265"]
    assert "+3600.0 s" in texts["clock_skew"]
    assert "10.0 s" in texts["long_gop"]
