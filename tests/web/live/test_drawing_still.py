"""The still that masks are drawn on: of now, with where the camera looked, bare or with what is being drawn."""

import io
import threading
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from live_site import HEIGHT, LENS, WIDTH, encoder, noisy_street, site_config

from tests.fakes import T0_US, FakeClock
from vms.config.model import SiteConfig
from vms.packet import Packet, PtzPose
from vms.reference_file import write_reference
from vms.rules.masking import InForce
from vms.rules.masks import MaskProblems
from vms.rules.ptz_geometry import ViewDeg
from vms.units import CameraId
from web.live.drawing_still import DrawingRight, DrawingStills, StillRequest
from web.live.reference import Reference, keypoints_of
from web.live.references import ReferenceBook
from web.live.snapshot import NoPicture
from web.live.source import PoseBook

RIGHT = DrawingRight("technician", "masker tekenen")
HOME = {"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]}
AHEAD = {"name": "woning", "space": "sphere", "polygon": [[-8, -30], [8, -30], [8, -42], [-8, -42]]}


class Sources:
    """Hands each consumer the packets in order, as often as the clock of the test moves."""

    def __init__(self, packets: list[Packet], poses: list[PtzPose]) -> None:
        self._packets = packets
        self.poses = PoseBook(["c"])
        for pose in poses:
            self.poses.add(pose)
        self.attached: set[Any] = set()

    def attach(self, key: object, consumer: Any) -> None:
        assert key == ("c", "main")
        self.attached.add(consumer)
        for packet in self._packets:
            consumer(packet)

    def detach(self, key: object, consumer: Any) -> None:
        del key
        self.attached.discard(consumer)


class NoMasks:
    def in_force(self, camera_id: str, at_us: int) -> InForce:
        del camera_id, at_us
        return None


class ImpatientClock(FakeClock):
    """Every question takes a tenth of a second."""

    def monotonic_s(self) -> float:
        self.mono_s += 0.1
        return self.mono_s


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    return filmed([noisy_street(index) for index in range(4)])


def filmed(images: list[np.ndarray]) -> list[Packet]:
    source, found = encoder("h264"), []
    for index, image in enumerate(images):
        frame = av.VideoFrame.from_ndarray(image, format="bgr24").reformat(format="yuv420p")
        frame.pts = index
        for encoded in source.encode(frame):
            at_us = T0_US + index * 80_000
            found.append(
                Packet(
                    CameraId("c"), "main", "h264", bytes(encoded), index * 7200, index * 7200, encoded.is_keyframe,
                    at_us, at_us, index, starts_run=index == 0,
                )
            )  # fmt: skip
    return found


def config(tmp_path: Path, *, ptz: bool) -> SiteConfig:
    return site_config(tmp_path, [{"id": "c", "masks": "required", "ptz": ptz}])


def pose(at_us: int, status: Any = "idle", tilt: float = -0.1) -> PtzPose:
    return PtzPose(CameraId("c"), 0.0, tilt, 0.0, at_us, at_us, status)


def references(tmp_path: Path) -> ReferenceBook:
    return ReferenceBook(tmp_path, tmp_path / "site.key", {}, must_be_placed=True)


def calibrated(tmp_path: Path, pan_deg: float) -> None:
    """The camera is known to stand in these surroundings, looking `pan_deg` beside what it tells."""
    (tmp_path / "keys").mkdir(exist_ok=True)
    grey = cv2.cvtColor(noisy_street(0), cv2.COLOR_BGR2GRAY)
    hfov_deg = LENS["hfov_deg_at_zoom"][0][1]
    known = Reference(keypoints_of(grey, ViewDeg(pan_deg, -90 + 0.45 * 110, hfov_deg)))
    write_reference(tmp_path, tmp_path / "site.key", "c", known.content())


def taken(tmp_path: Path, packets: list[Packet], poses: list[PtzPose], *, ptz: bool, **asked: Any) -> Any:
    sources: Any = Sources(packets, poses)
    masks: Any = NoMasks()
    stills = DrawingStills(config(tmp_path, ptz=ptz), sources, masks, references(tmp_path), ImpatientClock(T0_US))
    try:
        return stills.take(RIGHT, StillRequest.of(CameraId("c"), asked))
    finally:
        assert sources.attached == set()


def pixels(jpeg: bytes) -> np.ndarray:
    with av.open(io.BytesIO(jpeg), format="image2pipe") as container:
        return next(container.decode(video=0)).to_ndarray(format="bgr24")


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading.Event, "wait", lambda self, timeout=None: self.is_set() or bool(timeout))


def test_a_still_of_a_fixed_camera_is_bare_and_says_when(tmp_path: Path, packets: list[Packet]) -> None:
    still = taken(tmp_path, packets, [], ptz=False)
    assert pixels(still.jpeg)[50:200, 80:300].std() > 30
    assert (still.about["width"], still.about["height"], still.about["view"]) == (WIDTH, HEIGHT, None)
    assert still.about["taken_us"] == packets[-1].received_us


def test_what_is_being_drawn_is_painted_by_the_product_itself(tmp_path: Path, packets: list[Packet]) -> None:
    still = taken(tmp_path, packets, [], ptz=False, masks=[HOME])
    assert pixels(still.jpeg)[50:200, 80:300].std() < 3
    assert still.about["mask"] == "ok"


def test_a_turning_camera_tells_where_it_looked_and_masks_lie_there(tmp_path: Path, packets: list[Packet]) -> None:
    poses = [pose(T0_US - 500_000), pose(T0_US + 100_000), pose(T0_US + 400_000)]
    still = taken(tmp_path, packets, poses, ptz=True, lens=LENS, masks=[AHEAD])
    assert still.about["view"]["pan_deg"] == pytest.approx(0.0)
    assert still.about["view"]["tilt_deg"] == pytest.approx(-90 + 0.45 * 110)
    assert pixels(still.jpeg)[HEIGHT // 2 - 20 : HEIGHT // 2 + 20, WIDTH // 2 - 40 : WIDTH // 2 + 40].std() < 3


def test_masks_on_a_camera_that_tells_no_position_cover_everything(tmp_path: Path, packets: list[Packet]) -> None:
    still = taken(tmp_path, packets, [], ptz=True, lens=LENS, masks=[AHEAD])
    assert (still.about["mask"], still.about["reason"]) == ("fault", "no-pose")
    assert pixels(still.jpeg).std() < 1


@pytest.mark.parametrize(("off_deg", "mask"), [(0.0, "ok"), (6.0, "fault")])
def test_the_picture_is_asked_whether_the_camera_looks_where_it_says(tmp_path: Path, off_deg: float, mask: str) -> None:
    calibrated(tmp_path, off_deg)
    packets = filmed([noisy_street(0)] * 4)
    poses = [pose(T0_US - 500_000), pose(T0_US + 100_000), pose(T0_US + 400_000)]
    painted = taken(tmp_path, packets, poses, ptz=True, lens=LENS, masks=[AHEAD])
    assert painted.about["mask"] == mask
    assert (pixels(painted.jpeg).std() < 1) == (mask == "fault")
    bare = taken(tmp_path, packets, poses, ptz=True, lens=LENS)
    assert (bare.about["view"] is None) == (mask == "fault")


SECOND_US = 1_000_000


@pytest.mark.parametrize(
    ("poses", "good"),
    [
        ([pose(T0_US - 60 * SECOND_US), pose(T0_US + SECOND_US)], True),
        ([pose(T0_US - 60 * SECOND_US, "unknown"), pose(T0_US + SECOND_US, "unknown")], True),
        ([pose(T0_US - SECOND_US), pose(T0_US + SECOND_US // 2)], False),
        ([pose(T0_US - SECOND_US), pose(T0_US + SECOND_US, "moving")], False),
        ([pose(T0_US + SECOND_US // 2, "moving"), pose(T0_US + SECOND_US)], False),
        ([pose(T0_US, "unknown"), pose(T0_US + SECOND_US, "unknown", tilt=-0.2)], False),
    ],
)
def test_it_waits_until_the_camera_has_stood_a_second(
    tmp_path: Path, packets: list[Packet], poses: list[PtzPose], good: bool
) -> None:
    late = [packet._replace(received_us=packet.received_us + SECOND_US) for packet in packets]
    if good:
        assert taken(tmp_path, late, poses, ptz=True, lens=LENS, at_rest=True).jpeg
    else:
        with pytest.raises(NoPicture):
            taken(tmp_path, late, poses, ptz=True, lens=LENS, at_rest=True)


def test_a_picture_of_before_the_question_is_none(tmp_path: Path, packets: list[Packet]) -> None:
    old = [packet._replace(received_us=packet.received_us - 1_000_000) for packet in packets]
    with pytest.raises(NoPicture):
        taken(tmp_path, old, [], ptz=False)


def test_a_drawing_that_is_none_is_refused() -> None:
    with pytest.raises(MaskProblems):
        StillRequest.of(CameraId("c"), {"masks": [{"name": "x"}]})
    with pytest.raises(MaskProblems):
        StillRequest.of(CameraId("c"), {"lens": {"pan_range_deg": [0, 1]}})


def test_nobody_gets_one_without_a_right(tmp_path: Path, packets: list[Packet]) -> None:
    anything: Any = None
    stills = DrawingStills(config(tmp_path, ptz=False), anything, anything, anything, FakeClock())
    with pytest.raises(TypeError):
        stills.take(anything, StillRequest.of(CameraId("c"), {}))
    del packets
