"""A bounded number of answers in the making: every one gives its place back, however it ends."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest

from web.live.slots import AllTaken, Slots

SCOPE = {"type": "http", "asgi": {"spec_version": "2.4"}}


def chunks() -> Iterator[bytes]:
    yield b"one"
    yield b"two"


async def never() -> dict[str, Any]:
    await asyncio.Event().wait()
    raise AssertionError


async def answered(slots: Slots, fails_at: int | None = None) -> list[bytes]:
    """What was sent; fails_at: who asked is gone when message number so many is sent."""
    sent: list[dict[str, Any]] = []

    async def send(message: Any) -> None:
        if len(sent) == fails_at:
            raise OSError("gone")
        sent.append(message)

    response = await slots.stream(lambda: (chunks(), {"X-Clip-Kind": "painted"}), "video/mp4")
    assert slots.taken == 1
    await response(SCOPE, never, send)
    return [message.get("body", b"") for message in sent]


def test_an_answer_streams_and_frees_its_slot() -> None:
    slots = Slots(1, "others are busy")
    assert b"".join(asyncio.run(answered(slots))) == b"onetwo"
    assert slots.taken == 0


@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_whoever_asked_may_go_at_any_moment_and_the_slot_is_free(fails_at: int) -> None:
    slots = Slots(1, "others are busy")
    with pytest.raises(BaseException):  # noqa: B017 - how a server says it is its own affair
        asyncio.run(answered(slots, fails_at))
    assert slots.taken == 0


def test_work_that_cannot_begin_frees_its_slot_and_what_is_too_many_is_told() -> None:
    slots = Slots(1, "others are busy")

    def broken() -> Any:
        raise OSError("no disk")

    async def scenario() -> None:
        with pytest.raises(OSError, match="no disk"):
            await slots.stream(broken, "video/mp4")
        await slots.stream(lambda: (chunks(), {}), "video/mp4")
        with pytest.raises(AllTaken, match="others are busy"):
            await slots.stream(lambda: (chunks(), {}), "video/mp4")

    asyncio.run(scenario())
