"""Every way to a picture goes by the same decision: what was in force when it was taken, whatever the configuration.

Enumerated: live pictures, mask state, masked playback, clips, and the originals that web sends itself.
"""

import ast
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from live_site import FPS, HEIGHT, WIDTH, encoder, noisy_street, site_config

from recorder.boxes import read_index
from recorder.poses import SidecarContent
from tests.fakes import T0_US, FakeClock
from vms.config.model import SiteConfig
from vms.errors import FootageExpired, FootageMissing, Refused, StorageError
from vms.rules.masking import BlankFrame, NoMaskRequired, PaintPolygons, mask_plan, pass_through_now
from vms.rules.masks import parse_mask_import
from vms.rules.pose_at import FrameTime
from vms.rules.ptz_geometry import FrameSize
from vms.rules.requests import NewRequest
from vms.store import Store, catalog, evidence, holds, requests
from vms.store import masks as mask_store
from vms.store.catalog import NewSegment, Segment
from vms.store.evidence import NewItem
from vms.store.holds import NewHold
from vms.store.schema import VolumeRow
from vms.units import CameraId, us_from_utc, utc_from_us
from web.live.channel import mask_rules
from web.live.footage_still import FootageStills
from web.live.mask_book import MaskBook
from web.live.mask_state import camera_mask_state
from web.live.playback import Playback
from web.live.references import ReferenceBook
from web.mask_need import mask_need

T0 = utc_from_us(T0_US)
COUNT, GOP = 25, 12
LENGTH = timedelta(seconds=COUNT / FPS)
HOME = {"name": "woning", "space": "image", "polygon": [[0.1, 0.1], [0.5, 0.1], [0.5, 0.6], [0.1, 0.6]]}
SPHERE = {"name": "woning", "space": "sphere", "polygon": [[-8, 2], [8, 2], [8, -8], [-8, -8]]}
LENS = {"pan_range_deg": [-180, 180], "tilt_range_deg": [-90, 20], "hfov_deg_at_zoom": [[0.0, 60.0], [1.0, 3.0]]}


def approved(valid_from: timedelta, *masks: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Of one camera; valid_from: after the start of the footage."""
    return {
        "camera": "c", "lens": None, "masks": list(masks), "author": "j.devries", "approver": "a.bakker",
        "valid_from": (T0 + valid_from).isoformat(), **changes,
    }  # fmt: skip


@dataclass(frozen=True)
class Case:
    """verdict: original, painted, blank; mixed = changes during the footage, so painted until the end.

    closes: after the sets, the camera was closed from so long after the start of the footage.
    """

    policy: str
    sets: tuple[dict[str, Any], ...]
    verdict: str
    ptz: bool = False
    closes: timedelta | None = None


DAY, NOW = timedelta(days=1), timedelta(0)
CASES = {
    "nothing was ever in force": Case("none", (), "original"),
    "nothing in force, masks required": Case("required", (), "blank"),
    "masks required": Case("required", (approved(-DAY, HOME),), "painted"),
    "the configuration lifts no mask": Case("none", (approved(-DAY, HOME),), "painted"),
    "in force from the first picture": Case("none", (approved(NOW, HOME),), "painted"),
    "only a draft": Case("none", (approved(-DAY, HOME, approver=None),), "original"),
    "only later": Case("none", (approved(DAY, HOME),), "original"),
    "comes into force meanwhile": Case("none", (approved(LENGTH / 2, HOME),), "mixed"),
    "replaced by none": Case("none", (approved(-2 * DAY, HOME), approved(-DAY)), "original"),
    "decided that no home shows": Case("required", (approved(-DAY),), "original"),
    "withdrawn": Case("required", (approved(-DAY, HOME),), "blank", closes=-DAY / 2),
    "withdrawn, and the configuration asks for none": Case("none", (), "blank", closes=-DAY),
    "withdrawn after it was decided that no home shows": Case("none", (approved(-DAY),), "blank", closes=-DAY / 2),
    "withdrawn only later": Case("required", (approved(-DAY, HOME),), "painted", closes=DAY),
    "it turns and tells no position": Case("none", (approved(-DAY, SPHERE, lens=LENS),), "blank", ptz=True),
}


@pytest.fixture(scope="module")
def footage() -> bytes:
    made = io.BytesIO()
    with av.open(made, "w", format="mp4", options={"movflags": "empty_moov+default_base_moof+frag_keyframe"}) as mp4:
        stream = mp4.add_stream("libx264", rate=25)
        source = encoder("h264", gop=GOP)
        stream.codec_context.width, stream.codec_context.height = WIDTH, HEIGHT
        stream.codec_context.pix_fmt, stream.time_base = "yuv420p", source.time_base
        stream.codec_context.time_base, stream.codec_context.gop_size = source.time_base, GOP
        stream.codec_context.options = {"preset": "ultrafast", "tune": "zerolatency", "crf": "22"}
        for index in range(COUNT):
            frame = av.VideoFrame.from_ndarray(noisy_street(index), format="bgr24").reformat(format="yuv420p")
            frame.pts, frame.time_base = index, source.time_base
            mp4.mux(stream.encode(frame))
        mp4.mux(stream.encode(None))
    return made.getvalue()


class Shelf:
    """A SegmentReader of one file."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def open(self, segment: object) -> io.BytesIO:
        del segment
        return io.BytesIO(self._content)

    def poses(self, segment: object) -> list[Any]:
        del segment
        return []

    def sidecar(self, segment: object) -> SidecarContent:
        del segment
        return SidecarContent((), ())


@dataclass(frozen=True)
class Register:
    config: SiteConfig
    store: Store
    segment: Segment
    playback: Playback
    book: MaskBook


@pytest.fixture(scope="module")
def empty_database(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    path = tmp_path_factory.mktemp("empty") / "uitkijk.db"
    store = Store(f"sqlite:///{path}")
    store.migrate()
    store.close()
    return path.read_bytes()


@pytest.fixture
def register(
    request: pytest.FixtureRequest, tmp_path: Path, footage: bytes, empty_database: bytes
) -> Iterator[Register]:
    case: Case = request.param
    camera = {"id": "c", "masks": case.policy, "ptz": case.ptz}
    config = site_config(tmp_path, [camera])
    (tmp_path / "uitkijk.db").write_bytes(empty_database)
    store = Store(config.database_url)
    new = NewSegment(
        camera_id=CameraId("c"), profile="sub", volume_uuid="v", path="c/x.mp4", start_at=T0, end_at=T0 + LENGTH,
        duration_90k=COUNT * 7200, bytes=len(footage), codec="avc1.42c01f", width=WIDTH, height=HEIGHT, sha256="0" * 64,
        key_id=None, sidecar_sha256=None, starts_run=True,
    )  # fmt: skip
    with store.transaction() as tx:
        tx.add(VolumeRow(uuid="v", path=str(tmp_path), created_at=T0))
    with store.transaction() as tx:
        segment = catalog.add(tx, new)
        for document in case.sets:
            mask_store.add(tx, parse_mask_import(document), T0)
        if case.closes is not None:
            mask_store.close(tx, "c", "withdrawn", "a.bakker", "verbouwing", T0 + case.closes, T0)
    shelf: Any = Shelf(footage)
    book = MaskBook(store, ["c"])
    book.refresh()
    references = ReferenceBook(tmp_path, config.site_key_file, {}, must_be_placed=True)
    yield Register(config, store, segment, Playback(config, store, lambda: shelf, references), book)
    store.close()


each_case = pytest.mark.parametrize(
    ("register", "case"), [pytest.param(c, c, id=name) for name, c in CASES.items()], indirect=["register"]
)


def look(bgr: np.ndarray) -> str:
    if bgr.std() < 1:
        return "blank"
    return "painted" if bgr[50:200, 80:300].std() < 3 else "original"


def looks(content: bytes) -> list[str]:
    with av.open(io.BytesIO(content)) as container:
        return [look(frame.to_ndarray(format="bgr24")) for frame in container.decode(video=0)]


def expected(case: Case) -> list[str]:
    if case.verdict == "mixed":
        return ["original"] * 13 + ["painted"] * 12
    return [case.verdict] * COUNT


def live_verdict(register: Register, at_us: int) -> str:
    camera = register.config.cameras[0]
    plan = mask_plan(
        mask_rules(camera, register.config.live),
        register.book.in_force("c", at_us),
        FrameTime(at_us, None),
        [],
        FrameSize(WIDTH, HEIGHT),
    )
    return {NoMaskRequired: "original", PaintPolygons: "painted", BlankFrame: "blank"}[type(plan)]


@each_case
def test_live_pictures_and_masked_playback_show_the_same(register: Register, case: Case) -> None:
    played = looks(b"".join(register.playback.masked_segment(register.segment.id)))
    assert played == expected(case)
    assert [live_verdict(register, T0_US + round(i * 1e6 / FPS)) for i in range(COUNT)] == played


@each_case
def test_a_clip_shows_the_same_and_says_when_it_starts(register: Register, case: Case, footage: bytes) -> None:
    from_us = T0_US + 1_500_000  # between keyframes
    clip = register.playback.clip("c", "sub", from_us, T0_US + 60_000_000)
    found = looks(b"".join(clip.chunks))
    assert clip.is_original == (case.verdict == "original")
    if clip.is_original:
        assert clip.start_us == T0_US + round(GOP * 1e6 / FPS)
        assert found == expected(case)[GOP:]
    else:
        assert clip.start_us == from_us
        assert found == expected(case)[19:]


def look_at(jpeg: bytes) -> str:
    picture = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return look(cv2.resize(picture, (WIDTH, HEIGHT), interpolation=cv2.INTER_NEAREST))


@each_case
def test_a_photo_and_a_thumbnail_show_the_same(register: Register, case: Case) -> None:
    stills = FootageStills(register.playback, FakeClock(T0_US))
    for index in (0, 5, 13, 24):
        at_us = T0_US + round((index + 0.5) * 1e6 / FPS)
        photo = stills.photo(register.segment.id, at_us)
        assert (look_at(photo.jpeg), photo.taken_us) == (expected(case)[index], T0_US + round(index * 1e6 / FPS))
        small = stills.thumbnail(register.segment.id, at_us)
        keyframe = index // GOP * GOP
        assert (look_at(small.jpeg), small.taken_us) == (expected(case)[keyframe], T0_US + round(keyframe * 1e6 / FPS))
        assert len(small.jpeg) < len(photo.jpeg)


@each_case
def test_a_seek_into_masked_playback_shows_the_same(register: Register, case: Case) -> None:
    part = b"".join(register.playback.masked_segment(register.segment.id, T0_US + 1_500_000))
    assert looks(part) == expected(case)[GOP:]
    [first, *_] = read_index(io.BytesIO(part)).fragments
    assert first.start_ticks == GOP * 7200, "on the segment's own timeline"


def secure(register: Register) -> int:
    """The segment is in the evidence store, and its original is gone."""
    segment = register.segment
    new = NewHold(
        cameras=("c",), start_at=T0, end_at=T0 + LENGTH, case_number="PL 12", legal_basis="art. 126nd Sv",
        requester="ovj", created_by="e.officer", review_at=T0 + timedelta(days=90),
    )  # fmt: skip
    with register.store.transaction() as tx:
        hold_id = holds.create(tx, new, T0).id
        item = NewItem(
            hold_id=hold_id, segment_id=segment.id, camera_id=segment.camera_id, profile="sub",
            start_at=segment.start_at, end_at=segment.end_at, codec=segment.codec, source_sha256="0" * 64,
            source_chain_hash=segment.chain_hash, is_intact=True, volume_uuid="e", path=f"h{hold_id}/c/x.mp4",
            bytes=segment.bytes, sha256="1" * 64, sidecar_sha256=None, key_id=f"_evidence/h{hold_id}/00000000",
            copied_at=T0,
        )  # fmt: skip
        evidence.add(tx, item)
        catalog.set_state(tx, segment.id, "purged")
    return hold_id


@each_case
def test_secured_footage_is_painted_as_its_original_was(register: Register, case: Case) -> None:
    hold_id = secure(register)
    assert looks(b"".join(register.playback.masked_segment(register.segment.id))) == expected(case)
    with register.store.transaction() as tx:
        holds.release(tx, hold_id, "second", T0)
    with pytest.raises(FootageExpired):
        register.playback.masked_segment(register.segment.id)
    with pytest.raises(FootageMissing):
        register.playback.clip("c", "sub", T0_US, T0_US + 60_000_000)


@each_case
def test_web_sends_originals_exactly_when_nothing_is_painted(register: Register, case: Case) -> None:
    segment, (camera,) = register.segment, register.config.cameras
    need = mask_need(register.store, camera, "c", segment.start_at, segment.end_at)
    assert need.of(segment) == (case.verdict != "original")
    unknown = mask_need(register.store, None, "c", segment.start_at, segment.end_at)
    assert unknown.of(segment) or (case.verdict == "original" and case.sets)


@pytest.mark.parametrize("register", [CASES["masks required"]], indirect=True)
def test_masks_are_lifted_by_a_granted_request_only_and_then_to_the_byte(register: Register, footage: bytes) -> None:
    until = us_from_utc(register.segment.end_at)
    with register.store.transaction() as tx:
        request = requests.create(tx, asked_unmasked(register.segment), T0)
    wanted = request.id, "c", "sub", T0_US, until, T0 + DAY
    for known in (wanted, (99, *wanted[1:])):
        with pytest.raises(Refused):
            register.playback.lifted(*known)  # type: ignore[arg-type]
    with register.store.transaction() as tx:
        requests.decide(tx, request.id, "granted", "p.officer", "", T0)
    for known in ((request.id, "c", "sub", T0_US - 1, until, T0 + DAY), (*wanted[:-1], T0 + 8 * DAY)):
        with pytest.raises(Refused):
            register.playback.lifted(*known)  # type: ignore[arg-type]
    clip = register.playback.lifted(*wanted)  # type: ignore[arg-type]
    with av.open(io.BytesIO(b"".join(clip.chunks))) as copy, av.open(io.BytesIO(footage)) as camera:
        copied = [bytes(packet) for packet in copy.demux(video=0) if packet.size]
        assert copied == [bytes(packet) for packet in camera.demux(video=0) if packet.size]
    assert looks(b"".join(register.playback.clip("c", "sub", T0_US, until).chunks)) == ["painted"] * COUNT


def asked_unmasked(segment: Segment) -> NewRequest:
    return NewRequest(
        organisation="Politie", requester="B. Smits", case_number="PL1", legal_basis="art. 126nd Sv",
        recipient="OvJ", cameras=("c",), start_at=segment.start_at, end_at=segment.end_at,
        note="gezicht onder het masker", unmasked=True, created_by="e.officer",
    )  # fmt: skip


class Nobody:
    """No channel is watched, no position is known."""

    def find(self, camera_id: str) -> list[Any]:
        del camera_id
        return []

    def poses(self, camera_id: str) -> list[Any]:
        del camera_id
        return []


@each_case
def test_the_mask_state_tells_the_same(register: Register, case: Case) -> None:
    clock, nobody = FakeClock(us_from_utc(T0 + LENGTH) - 1), Nobody()
    camera = register.config.cameras[0]
    state = camera_mask_state(camera, register.config.live, nobody, register.book, nobody, clock)  # type: ignore[arg-type]
    assert state["mask"] == {"original": "none", "blank": "fault"}.get(case.verdict, "ok")


@pytest.mark.parametrize("register", [CASES["replaced by none"]], indirect=True)
def test_a_register_that_cannot_be_read_shows_nothing(register: Register) -> None:
    rules = mask_rules(register.config.cameras[0], register.config.live)
    unread = MaskBook(register.store, ["c"])
    assert pass_through_now(rules, unread.in_force("c", T0_US)) is None
    with register.store.transaction() as tx:
        tx.connection().exec_driver_sql("update mask_set set masks = '[{}]' where version = 1")
    with pytest.raises(StorageError):
        register.playback.masked_segment(register.segment.id)
    with pytest.raises(StorageError):
        register.playback.clip("c", "sub", T0_US, T0_US + 1_000_000)
    unread.refresh()
    assert pass_through_now(rules, unread.in_force("c", T0_US)) is None


ORIGINALS = {
    "NoMaskRequired": {"vms/rules/masking.py"},
    "MaskLift": {"vms/rules/lifting.py"},
    "passed": {"web/live/producer.py"},
    "remux_footage": {"web/live/playback.py"},
    "DrawingRight": {"web/live/app.py"},
    "SegmentReader": set[str](),
    "Shelf": {"web/live/own_clips.py", "web/live/service.py", "web/services.py"},
}
"""Where originals come from. A new place must ask vms.rules.masking.pass_through, and be added to the tests above."""


def test_there_is_no_other_way_to_an_original() -> None:
    root = Path(__file__).parents[3]
    found: dict[str, set[str]] = {name: set() for name in ORIGINALS}
    for path in [path for package in ("vms", "web") for path in sorted((root / package).rglob("*.py"))]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                if name in found:
                    found[name].add(str(path.relative_to(root)))
    assert found == ORIGINALS
