from dataclasses import replace
from typing import Any

from tests.web.served_site import camera_status, stream_status
from vms.config import Camera
from vms.status import StreamCounts
from web.alarms import Alarm, AlarmWatch
from web.camera_state import CameraState, MaskReport, camera_state

CAMERA = Camera(id="markt-01", number=1, name="Markt", main="rtsp://127.0.0.1/a", masks="required")
OK = MaskReport("ok", "")
UP = camera_state(CAMERA, camera_status("markt-01"), 0, OK, None)
SILENT = camera_state(CAMERA, None, 0, OK, None)
LOST = camera_state(CAMERA, camera_status("markt-01", main=stream_status(state="stalled", detail="x")), 0, OK, None)
DISK_FULL = replace(UP, rec="fault", rec_reason="disk", rec_detail="main: full: 3 MiB free")
UNSURE = replace(UP, mask="fault", mask_reason="stale-pose")
NO_REPORT = camera_state(CAMERA, camera_status("markt-01"), 0, None, None)


def codes(*looks: CameraState, live: tuple[bool, ...] = ()) -> list[str]:
    watch = AlarmWatch()
    answers = live or (True,) * len(looks)
    return [
        alarm.code
        for look, live_answers in zip(looks, answers, strict=True)
        for alarm in watch.look({"markt-01": look}, live_answers=live_answers)
    ]


def test_a_start_is_no_alarm() -> None:
    assert codes(SILENT, UP) == []
    assert codes(LOST, UP) == []


def test_a_lost_camera_is_told_once_and_so_is_its_return() -> None:
    assert codes(UP, LOST, LOST, UP, UP) == ["camera_lost", "camera_back"]


def test_a_silent_recorder_is_one_alarm_not_two() -> None:
    assert codes(UP, SILENT, UP) == ["recording_fault"]


def test_a_full_disk_and_an_unsure_mask_are_told() -> None:
    assert codes(UP, DISK_FULL, DISK_FULL) == ["recording_fault"]
    assert codes(UP, UNSURE, UP) == ["mask_fault"]


def dropped(pictures: int, **changes: Any) -> CameraState:
    main = stream_status(counts=StreamCounts(dropped_pictures=pictures))
    return replace(camera_state(CAMERA, camera_status("markt-01", main=main), 0, OK, None), **changes)


def test_pictures_that_a_disk_lost_in_passing_are_told_once_until_it_keeps_up_for_a_minute() -> None:
    assert codes(UP, dropped(3), dropped(3), dropped(9), dropped(9)) == ["pictures_lost"]
    assert codes(dropped(3), dropped(5), *[dropped(5)] * 60, dropped(6)) == ["pictures_lost"] * 2
    assert only_alarm(UP, dropped(3)).text_nl == "Beelden verloren: schijf te traag"
    assert only_alarm(UP, dropped(3)).detail == "3 pictures"


def test_a_disk_that_keeps_losing_is_one_alarm_and_a_recorder_that_starts_anew_is_none() -> None:
    overflow = {"rec": "fault", "rec_reason": "overflow"}
    assert codes(UP, dropped(3, **overflow), dropped(9, **overflow)) == ["recording_fault"]
    assert codes(dropped(900), dropped(0), dropped(0)) == []
    assert codes(SILENT, dropped(900)) == []


def only_alarm(*looks: CameraState) -> Alarm:
    watch = AlarmWatch()
    [alarm] = [alarm for look in looks for alarm in watch.look({"markt-01": look}, live_answers=True)]
    return alarm


def test_an_alarm_speaks_one_language_and_keeps_the_technical_message_apart() -> None:
    lost = replace(LOST, detail="the camera closed the connection")
    assert only_alarm(UP, lost) == Alarm(
        "markt-01",
        "camera_lost",
        "Geen beeld: geen beeld meer",
        "No picture: no picture any more",
        "the camera closed the connection",
    )
    assert only_alarm(UP, DISK_FULL).text_nl == "Opname gestopt: schijf vol of gestoord"
    assert only_alarm(UP, DISK_FULL).detail == "main: full: 3 MiB free"
    unsure = only_alarm(UP, UNSURE)
    assert unsure.text_nl == "Masker onzeker: stand van de camera verouderd"
    assert unsure.text_en == "Mask unsure: position of the camera out of date"
    assert "onbekende oorzaak" in only_alarm(UP, replace(UP, mask="fault", mask_reason="something new")).text_nl


def test_the_fall_of_the_live_process_is_one_alarm_for_all_cameras() -> None:
    assert codes(UP, NO_REPORT, UP, live=(True, False, True)) == ["live_down", "live_back"]
    assert codes(NO_REPORT, NO_REPORT, UP, live=(False, False, True)) == []
