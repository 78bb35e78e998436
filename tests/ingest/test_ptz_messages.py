import math
import re
from xml.etree.ElementTree import Element

import pytest

from ingest import ptz_messages
from ingest.onvif_soap import read_body
from ingest.ptz_messages import PtzPreset, read_pose, read_presets, read_saved_preset
from tests.fakes import T0_US
from tests.ingest.scripted_camera import SOAP_END, SOAP_START
from vms.errors import ProtocolError
from vms.units import CameraId

CAMERA = CameraId("markt-01")
PAN_TILT_SPACE = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/PositionGenericSpace"
DEGREES = "http://www.onvif.org/ver10/tptz/PanTiltSpaces/SphericalPositionSpaceDegrees"


def _answer(content: str) -> Element:
    return read_body(SOAP_START + content.encode() + SOAP_END)


def _status(
    pan_tilt: str = f'<tt:PanTilt x="0.5" y="-0.25" space="{PAN_TILT_SPACE}"/>',
    zoom: str = '<tt:Zoom x="0.75"/>',
    move: str = "<tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>IDLE</tt:Zoom>",
    utc: str = "2026-11-18T11:06:40.500Z",
) -> Element:
    return _answer(
        "<tptz:GetStatusResponse><tptz:PTZStatus>"
        f"<tt:Position>{pan_tilt}{zoom}</tt:Position><tt:MoveStatus>{move}</tt:MoveStatus>"
        f"<tt:UtcTime>{utc}</tt:UtcTime></tptz:PTZStatus></tptz:GetStatusResponse>"
    )


def test_a_whole_status_is_a_pose_with_both_times() -> None:
    pose = read_pose(_status(), CAMERA, T0_US + 1)
    assert (pose.pan, pose.tilt, pose.zoom, pose.move_status) == (0.5, -0.25, 0.75, "idle")
    assert (pose.at_us, pose.camera_utc_us) == (T0_US + 1, T0_US + 500_000)


def test_a_camera_time_in_whole_seconds_does_not_date_a_pose() -> None:
    assert read_pose(_status(utc="2026-11-18T11:06:40Z"), CAMERA, T0_US).camera_utc_us is None


@pytest.mark.parametrize(
    ("move", "expected"),
    [
        ("<tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>MOVING</tt:Zoom>", "moving"),
        ("<tt:PanTilt>MOVING</tt:PanTilt>", "moving"),
        ("<tt:PanTilt>idle</tt:PanTilt>", "idle"),
        ("<tt:PanTilt>IDLE</tt:PanTilt><tt:Zoom>UNKNOWN</tt:Zoom>", "unknown"),
        ("", "unknown"),
    ],
)
def test_the_head_moves_when_any_axis_does(move: str, expected: str) -> None:
    assert read_pose(_status(move=move), CAMERA, T0_US).move_status == expected


@pytest.mark.parametrize(
    ("pan_tilt", "zoom"),
    [
        ("", '<tt:Zoom x="0"/>'),
        ('<tt:PanTilt x="0" y="0"/>', ""),
        ('<tt:PanTilt x="0"/>', '<tt:Zoom x="0"/>'),
        ('<tt:PanTilt x="nan" y="0"/>', '<tt:Zoom x="0"/>'),
        ('<tt:PanTilt x="inf" y="0"/>', '<tt:Zoom x="0"/>'),
        ('<tt:PanTilt x="left" y="0"/>', '<tt:Zoom x="0"/>'),
        ('<tt:PanTilt x="1.2" y="0"/>', '<tt:Zoom x="0"/>'),
        ('<tt:PanTilt x="0" y="0"/>', '<tt:Zoom x="-0.5"/>'),
        (f'<tt:PanTilt x="0.5" y="0.5" space="{DEGREES}"/>', '<tt:Zoom x="0"/>'),
    ],
)
def test_half_a_pose_or_an_impossible_one_is_none_at_all(pan_tilt: str, zoom: str) -> None:
    with pytest.raises(ProtocolError):
        read_pose(_status(pan_tilt, zoom), CAMERA, T0_US)


def test_rounding_at_the_end_of_the_range_is_forgiven() -> None:
    pose = read_pose(_status('<tt:PanTilt x="1.0002" y="-1.001"/>', '<tt:Zoom x="-0.0001"/>'), CAMERA, T0_US)
    assert (pose.pan, pose.tilt, pose.zoom) == (1.0, -1.0, 0.0)


def test_a_move_is_clamped_and_always_ends_by_itself() -> None:
    text = ptz_messages.continuous_move("p", 7.0, -math.inf, math.nan, 1e9)("").decode()
    assert '<tt:PanTilt x="1.0000" y="0.0000"/><tt:Zoom x="0.0000"/>' in text
    assert re.search(r"<tptz:Timeout>PT5\.000S</tptz:Timeout>", text)
    assert "PT0.100S" in ptz_messages.continuous_move("p", 0, 0, 0, -3)("").decode()


def test_presets_are_bounded_and_printable() -> None:
    presets = "".join(f'<tptz:Preset token="{n}"><tt:Name>P\n{n}</tt:Name></tptz:Preset>' for n in range(1000))
    bad = f'<tptz:Preset token=""/><tptz:Preset token="{"x" * 300}"/>'
    found = read_presets(_answer(f"<tptz:GetPresetsResponse>{bad}{presets}</tptz:GetPresetsResponse>"))
    assert found[0] == PtzPreset(ptz_messages.PresetToken("0"), "P 0")
    assert len(found) <= ptz_messages.MAX_PRESETS


def test_a_preset_without_a_name_shows_its_token() -> None:
    answer = _answer('<tptz:GetPresetsResponse><tptz:Preset token="7"/></tptz:GetPresetsResponse>')
    assert [preset.name for preset in read_presets(answer)] == ["7"]


def test_a_saved_preset_without_token_is_an_error() -> None:
    with pytest.raises(ProtocolError):
        read_saved_preset(_answer("<tptz:SetPresetResponse/>"), "x")
