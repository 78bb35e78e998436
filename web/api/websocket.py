"""One websocket per window: a digest each second, PTZ locks and alarms as they come."""

import asyncio
import json
import logging
from collections.abc import Collection, Mapping
from typing import Annotated, Any

from fastapi import APIRouter, WebSocket, WebSocketDisconnect
from starlette.concurrency import run_in_threadpool

from vms.errors import StoreBusy
from vms.rules.access import Allow, Deny
from web.audit_trail import Actor
from web.camera_state import CameraState
from web.deps import ServicesDep, needs
from web.event_hub import Follower
from web.services import Services

log = logging.getLogger(__name__)
router = APIRouter()

DIGEST_EVERY_S = 1.0
_SEND_TIMEOUT_S = 5.0
_CHECK_LOGIN_EVERY = 2
"""Digests between two looks whether the login still holds, and the shift."""
_MAX_MESSAGE_CHARS = 1000
LOGIN_OVER = 4401
TOO_MANY = 4429


@router.websocket("/api/ws")
async def follow(socket: WebSocket, services: ServicesDep, actor: Annotated[Actor, needs("events.follow")]) -> None:
    await socket.accept()
    with services.hub.follow(actor.username) as follower:
        if follower is None:
            await socket.close(TOO_MANY, "too many windows")
            return
        services.live_sessions.adopt(actor)
        tasks = {
            asyncio.create_task(_send_all(socket, services, actor, follower)),
            asyncio.create_task(_receive_all(socket, services)),
        }
        done, waiting = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        for task in done:
            _report(task)


def _report(task: "asyncio.Task[None]") -> None:
    """A page that left or does not read is no error; anything else is."""
    error = task.exception()
    if isinstance(error, WebSocketDisconnect | TimeoutError | RuntimeError):
        log.debug("websocket_ended", extra={"reason": type(error).__name__})
    elif error is not None:
        raise error


async def _send_all(socket: WebSocket, services: Services, actor: Actor, follower: Follower) -> None:
    await _send(socket, {"type": "hello", "server_us": services.clock.now_us()})
    if _sees_cameras(actor):
        await _send(socket, _within(_reached(services, actor), {"type": "alarms", "alarms": services.alarms.recent()}))
    awaits_shift = await _awaits_shift(services, actor, before=False)
    loop = asyncio.get_running_loop()
    next_digest_s = loop.time()
    for number in range(1, 1_000_000_000):
        if number % _CHECK_LOGIN_EVERY == 0:
            current = await _current(services, actor)
            if current is None or isinstance(current.may("events.follow"), Deny):
                await socket.close(LOGIN_OVER, "the login is over, or its last role")
                return
            actor = current
            awaits_shift = await _awaits_shift(services, actor, before=awaits_shift)
        await _send(socket, {**digest(services, actor), "awaits_shift": awaits_shift})
        next_digest_s = max(next_digest_s + DIGEST_EVERY_S, loop.time())
        while (wait_s := next_digest_s - loop.time()) > 0:
            try:
                await asyncio.wait_for(follower.arrived.wait(), wait_s)
            except TimeoutError:
                break
            await _send_events(socket, services, actor, follower)


async def _send_events(socket: WebSocket, services: Services, actor: Actor, follower: Follower) -> None:
    """Alarms and PTZ locks say something of one camera: who may not see that gets none."""
    follower.arrived.clear()
    reached = _reached(services, actor)
    while follower.events:
        event = follower.events.popleft()
        if _sees_cameras(actor) and event.get("camera", "") in reached:
            await _send(socket, _within(reached, event))


def _reached(services: Services, actor: Actor) -> set[str]:
    """Cameras of which this person may know how they are; empty: what is about none or all."""
    return {"", *(camera.id for camera in services.reach.cameras(actor, "status.read"))}


def _within(reached: Collection[str], message: Mapping[str, Any]) -> Mapping[str, Any]:
    if "alarms" not in message:
        return message
    return {**message, "alarms": [alarm for alarm in message["alarms"] if alarm["camera"] in reached]}


def _sees_cameras(actor: Actor) -> bool:
    return isinstance(actor.may("status.read"), Allow)


def digest(services: Services, actor: Actor) -> dict[str, Any]:
    """Without status.read: how many cameras are in use, and nothing of any one of them."""
    board = services.board
    states = board.cameras()
    if actor.limited:
        seen = {camera.id for camera in services.reach.seen(actor)}
        states = {camera: state for camera, state in states.items() if camera in seen}
    message: dict[str, Any] = {
        "type": "digest",
        "server_us": services.clock.now_us(),
        "counts": _counts(states),
        "cameras": {},
        "sessions": {},
    }
    if _sees_cameras(actor):
        reached = _reached(services, actor)
        message["cameras"] = {
            camera: state.seen_by(actor.username, streams=False)
            for camera, state in states.items()
            if camera in reached
        }
        message["sessions"] = board.sessions_of(actor.username)
    return message


def _counts(states: Mapping[str, CameraState]) -> dict[str, int]:
    return {
        "cameras": len(states),
        "up": sum(1 for state in states.values() if state.source == "up"),
        "recording_faults": sum(1 for state in states.values() if state.rec == "fault"),
    }


async def _current(services: Services, actor: Actor) -> Actor | None:
    """With what they may now; None: signed in no longer."""
    try:
        return await run_in_threadpool(services.accounts.current, actor)
    except StoreBusy:
        return actor  # unknown; asked again soon, and every request asks for itself


async def _awaits_shift(services: Services, actor: Actor, *, before: bool) -> bool:
    """Live pictures are for a shift, and this person is in none (any more)."""
    try:
        return not await run_in_threadpool(services.shifts.lets, actor, "live.watch")
    except StoreBusy:
        return before


async def _receive_all(socket: WebSocket, services: Services) -> None:
    while True:
        text = await socket.receive_text()
        answer = _answer(text, services)
        if answer is None:
            await socket.close(1007, "not understood")
            return
        await _send(socket, answer)


def _answer(text: str, services: Services) -> dict[str, Any] | None:
    """{"type": "ping", "t"} → pong; None for anything else."""
    if len(text) > _MAX_MESSAGE_CHARS:
        return None
    try:
        message = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(message, dict) or message.get("type") != "ping":
        return None
    sent_at = message.get("t")
    if not isinstance(sent_at, int | float):
        return None
    return {"type": "pong", "t": sent_at, "server_us": services.clock.now_us()}


async def _send(socket: WebSocket, message: Mapping[str, Any]) -> None:
    """Raises TimeoutError when the page does not read."""
    await asyncio.wait_for(socket.send_text(json.dumps(message, ensure_ascii=False)), _SEND_TIMEOUT_S)
