from typing import Any

from web.disk_alarms import DiskAlarmWatch


def disk(**changes: Any) -> dict[str, Any]:
    fine = {
        "path": "/srv/media-1", "volume": "media-1", "fault": "", "fault_detail": "",
        "is_above_high_water": False, "days_to_full": None,
    }  # fmt: skip
    return fine | changes


def codes(*looks: dict[str, Any]) -> list[str]:
    watch = DiskAlarmWatch(28)
    return [alarm.code for look in looks for alarm in watch.look([look])]


def test_a_volume_that_is_lost_is_told_once_and_so_is_its_return() -> None:
    lost = disk(fault="volume_missing", fault_detail="no marker")
    assert codes(disk(), lost, lost, disk(), disk()) == ["volume_fault", "volume_back"]


def test_a_volume_that_is_missing_from_the_start_is_told_too() -> None:
    assert codes(disk(fault="volume_missing")) == ["volume_fault"]


def test_another_fault_of_the_same_volume_is_another_alarm() -> None:
    assert codes(disk(fault="volume_slow"), disk(fault="volume_failing")) == ["volume_fault"] * 2


def test_early_erasure_is_told_each_time_it_begins() -> None:
    high = disk(is_above_high_water=True)
    assert codes(high, high, disk(), high) == ["disk_pressure", "disk_pressure"]


def test_a_volume_that_fills_within_a_week_is_told_in_time() -> None:
    assert codes(disk(days_to_full=7.1), disk(days_to_full=6.9), disk(days_to_full=6.8)) == ["disk_forecast"]
    assert codes(disk(days_to_full=0.0)) == []


def test_an_alarm_says_which_volume_in_both_languages_and_what_the_disk_said() -> None:
    [alarm] = DiskAlarmWatch(28).look([disk(fault="volume_held", fault_detail="past its mark")])
    fault_nl = "vol met veiliggesteld beeld of andere bestanden: de opname op dit volume staat stil"
    assert alarm.text_nl == f"Schijf media-1: {fault_nl}"
    assert alarm.text_en == "Volume media-1: full of held footage or other files: recording on this volume has stopped"
    assert alarm.detail == "past its mark"
