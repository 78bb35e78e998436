"""What a channel sends and keeps, and which way its producer takes each picture. Scripted packets and clock."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from live_site import mask_document

from tests.fakes import T0_US, FakeClock, packet
from vms.bus import RequestServer
from vms.config.model import Camera, Live
from vms.packet import Packet
from vms.rules.masking import InForce, MaskRules, NoMaskRequired, PreparedSet, SetUnknown, prepare_set
from vms.rules.masks import Mask, MaskSet, parse_mask_import
from vms.rules.placements import Placement
from vms.rules.pose_at import PoseLimits
from vms.store import Store
from vms.store import masks as mask_store
from vms.units import CameraId, utc_from_us
from web.live.channel import Channel, Channels
from web.live.keyframes import PERIOD_S, REFUSED_S, KeyframeRequests
from web.live.mask_book import MaskBook
from web.live.masked import MaskedPacket
from web.live.producer import Producer
from web.live.track import LoopMailbox

STREAM: Any = (CameraId("markt-01"), "sub")
HALF = Mask("woning", "image", ((0.0, 0.0), (0.5, 0.0), (0.5, 0.5)))


class Screen:
    """A viewer. seen: pts of what it got, groups as lists."""

    def __init__(self) -> None:
        self.seen: list[Any] = []

    def send(self, picture: MaskedPacket) -> None:
        self.seen.append(picture.pts_90k // 7200)

    def send_gop(self, gop: list[MaskedPacket]) -> None:
        self.seen.append([picture.pts_90k // 7200 for picture in gop])


def passed(index: int) -> MaskedPacket:
    return MaskedPacket.passed(packet(index), NoMaskRequired("test"))


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def channel(clock: FakeClock) -> Channel:
    return Channel((CameraId("markt-01"), "tile"), clock)


@pytest.fixture
def screen(channel: Channel) -> Screen:
    screen = Screen()
    channel.viewers.add(screen)
    return screen


def test_a_group_is_kept_for_newcomers_only_while_it_is_of_now(channel: Channel, clock: FakeClock) -> None:
    for index in range(3):
        channel.take(0, passed(index))
    clock.advance(2.1)
    assert [p.pts_90k for p in channel.gop] == [0, 7200, 14400]
    clock.advance(0.1)
    assert channel.gop == []


def test_a_remembered_group_of_a_camera_that_stopped_is_not_shown(
    channel: Channel, clock: FakeClock, screen: Screen
) -> None:
    clock.advance(35)
    for index in range(12):
        channel.take(0, passed(index))
    assert screen.seen == []
    assert channel.gop == []
    assert channel.decision is None


def test_the_older_part_of_a_long_group_comes_along_with_its_first_picture_of_now(
    channel: Channel, clock: FakeClock, screen: Screen
) -> None:
    clock.advance(2.5)
    for index in range(8):  # pictures 0 to 6 are older than 2 s
        channel.take(0, passed(index))
    assert screen.seen == [[0, 1, 2, 3, 4, 5, 6, 7]]
    channel.take(0, passed(8))
    assert screen.seen[1:] == [8]


def test_what_the_encoder_still_had_after_a_switch_is_dropped(channel: Channel, screen: Screen) -> None:
    channel.take(0, passed(0))
    channel.take(1, passed(12))
    channel.take(0, passed(1))
    channel.take(1, passed(13))
    assert screen.seen == [0, 12, 13]
    channel.take(2, None)
    assert channel.gop == []
    channel.take(2, passed(14))
    assert screen.seen == [0, 12, 13]


class Book:
    """Mask sets by the time they come into force."""

    def __init__(self, found: InForce = None) -> None:
        self.found = found

    def in_force(self, camera_id: str, at_us: int) -> InForce:
        assert (camera_id, at_us >= T0_US) == ("markt-01", True)
        return self.found


class Painting:
    """In the place of a pipeline."""

    def __init__(self) -> None:
        self.offered: list[int] = []
        self.running = False

    def start(self) -> None:
        self.running = True

    def stop(self) -> None:
        self.running = False

    def offer(self, taken: Packet) -> None:
        self.offered.append(taken.sequence)


class Producing:
    def __init__(self, policy: Any, found: InForce = None) -> None:
        self.book = Book(found)
        self.put: list[Any] = []
        self.pipelines: list[Painting] = []
        rules = MaskRules(policy, False, 0.6, PoseLimits(2_000_000, 2_000_000))
        self.hung = Placement("paal 1", None, None)
        made: Any = Producer(rules, self.book, self._make, self._put, lambda: self.hung)  # type: ignore[arg-type]
        self.take, self.producer = made.take, made

    def _make(self, on_packet: Any) -> Any:
        del on_packet
        self.pipelines.append(Painting())
        return self.pipelines[-1]

    def _put(self, line: int, masked: MaskedPacket | None) -> None:
        self.put.append((line, None if masked is None else masked.pts_90k // 7200))


def in_force(*masks: Mask) -> Any:
    start = utc_from_us(T0_US) - timedelta(days=1)
    return prepare_set(MaskSet("markt-01", 1, None, masks, "a", "b", start))


@pytest.mark.parametrize(
    ("policy", "found", "passes"),
    [
        ("none", None, True),
        ("none", in_force(HALF), False),
        ("none", SetUnknown("damaged"), False),
        ("required", None, False),
        ("required", in_force(), True),
        ("required", SetUnknown("damaged"), False),
    ],
)
def test_only_a_decision_passes_the_cameras_own_pictures(policy: Any, found: InForce, passes: bool) -> None:
    producing = Producing(policy, found)
    for index in range(2):
        producing.take(packet(index))
    assert producing.put == ([(1, 0), (1, 1)] if passes else [])
    assert [p.offered for p in producing.pipelines] == ([] if passes else [[0, 1]])


def test_a_set_that_comes_into_force_masks_the_very_next_picture(channel: Channel) -> None:
    producing = Producing("none")
    for index in range(14):
        if index == 3:
            producing.book.found = in_force(HALF)
        if index == 7:
            producing.book.found = in_force()
        producing.take(packet(index))
    assert producing.put == [(1, 0), (1, 1), (1, 2), (2, None), (3, 12), (3, 13)]
    [painting] = producing.pipelines
    assert painting.offered == list(range(3, 12))  # to the end of the group: passing on starts at a keyframe
    assert not painting.running
    producing.producer.stop()


def test_a_camera_that_is_moved_begins_a_new_line_which_knows_nothing_of_the_old_place() -> None:
    producing = Producing("required")
    for index in range(4):
        if index == 2:
            producing.hung = Placement("paal 2", None, None)
        producing.take(packet(index))
    assert [(painting.offered, painting.running) for painting in producing.pipelines] == [
        ([0, 1], False),
        ([2, 3], True),
    ]
    assert producing.put == [(1, None)]


def test_h265_is_never_passed_on() -> None:
    producing = Producing("none")
    producing.take(packet(0, codec="h265"))
    assert producing.put == []
    assert producing.pipelines[0].offered == [0]


@contextmanager
def capture(endpoint: str, answer: dict[str, Any]) -> Iterator[tuple[list[Any], threading.Event]]:
    asked: list[Any] = []
    came = threading.Event()

    def handler(body: Any) -> dict[str, Any]:
        asked.append(body)
        came.set()
        return answer

    server = RequestServer(endpoint, handler)
    server.start()
    try:
        yield asked, came
    finally:
        server.stop()


@pytest.mark.parametrize(("answer", "again_s"), [({"ok": True}, PERIOD_S), ({"error": "cannot turn"}, REFUSED_S)])
def test_capture_is_asked_for_a_keyframe_but_not_in_a_flood(
    tmp_path: Path, clock: FakeClock, answer: dict[str, Any], again_s: float
) -> None:
    endpoint = f"ipc://{tmp_path}/c.ctl"
    requests = KeyframeRequests(lambda camera_id: endpoint if camera_id == "markt-01" else None, clock)
    with capture(endpoint, answer) as (asked, came):
        assert [requests.ask(STREAM) for _ in range(3)] == [True, False, False]
        assert came.wait(3)
        requests._pool.submit(lambda: None).result(3)
        requests.close()
    assert asked == [{"op": "keyframe", "camera": "markt-01", "profile": "sub"}]
    assert requests._not_before_s[STREAM] == clock.monotonic_s() + again_s


def test_packets_that_came_at_once_wake_the_loop_once() -> None:
    async def body() -> None:
        handled: list[list[int]] = []
        mailbox: LoopMailbox[int] = LoopMailbox(asyncio.get_running_loop(), lambda items, _: handled.append(items))
        arrived = asyncio.Event()

        def put_all() -> None:
            with mailbox.batch():
                for item in range(3):
                    mailbox.put(item)
            with mailbox.batch():
                pass
            mailbox.put(3)
            asyncio.run_coroutine_threadsafe(_set(arrived), loop)

        loop = asyncio.get_running_loop()
        thread = threading.Thread(target=put_all)
        thread.start()
        thread.join()
        await arrived.wait()
        assert handled == [[0, 1, 2, 3]]
        mailbox.put(4)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        assert handled[1:] == [[4]]

    asyncio.run(body())


async def _set(event: asyncio.Event) -> None:
    event.set()


def test_a_set_comes_into_force_to_the_microsecond_and_a_new_version_at_once(tmp_path: Path) -> None:
    store = Store(f"sqlite:///{tmp_path}/u.db")
    store.migrate()
    book = MaskBook(store, ["markt-01"])
    from_us = T0_US + 5_000_000

    def add(at_us: int) -> None:
        document = mask_document("markt-01", {"name": "w", "space": "image", "polygon": [[0, 0], [1, 0], [1, 1]]})
        document["valid_from"] = utc_from_us(at_us).isoformat()
        with store.transaction() as tx:
            mask_store.add(tx, parse_mask_import(document), utc_from_us(T0_US))
        book.refresh()

    def version(at_us: int) -> int | None:
        found = book.in_force("markt-01", at_us)
        return found.mask_set.version if isinstance(found, PreparedSet) else None

    try:
        assert isinstance(book.in_force("markt-01", T0_US), SetUnknown)
        add(from_us)
        assert [version(from_us + step) for step in (-1, 0, 1, -1, 10**9, -1)] == [None, 1, 1, None, 1, None]
        add(T0_US)
        assert [version(from_us + step) for step in (-1, 0, -(10**7))] == [2, 2, None]
    finally:
        store.close()


@pytest.mark.parametrize(
    ("masks", "sub", "has_smaller"),
    [("none", "rtsp://127.0.0.1/klein", True), ("none", None, False), ("required", None, True)],
)
def test_a_camera_has_something_smaller_when_it_sends_two_streams_or_is_encoded_here(
    masks: str, sub: str | None, has_smaller: bool
) -> None:
    document = {"id": "markt-01", "number": 1, "name": "Markt", "main": "rtsp://127.0.0.1/groot"}
    camera = Camera.model_validate(document | {"sub": sub, "masks": masks})
    sources: Any = SimpleNamespace(status=lambda _: None)

    async def body() -> bool:
        unused: Any = None
        channels = Channels({camera.id: camera}, Live(), sources, unused, unused, unused, FakeClock())
        return channels.has_smaller(CameraId(camera.id))

    assert asyncio.run(body()) is has_smaller
