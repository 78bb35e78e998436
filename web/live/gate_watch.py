"""Ends every picture of a camera that may not be shown any more, soon after the decision for it ended or changed."""

import asyncio
import logging

from vms.clock import Clock
from vms.decision_file import DecisionBook
from vms.rules.gating import Gate
from web.live.whep import WhepSessions

log = logging.getLogger(__name__)

LOOK_EVERY_S = 0.5


class GateWatch:
    """The event loop's; the file is read in a thread."""

    def __init__(self, book: DecisionBook, sessions: WhepSessions, clock: Clock) -> None:
        self._book = book
        self._sessions = sessions
        self._clock = clock
        self._task: asyncio.Task[None] | None = None

    def gate(self, camera_id: str) -> Gate:
        return self._book.gate(camera_id, self._clock.now_us())

    async def start(self) -> None:
        await asyncio.to_thread(self._book.refresh)
        self._task = asyncio.create_task(self._run())

    async def stop(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    def end_closed(self) -> None:
        for session in self._sessions.all():
            camera_id = session.channel.key[0]
            gate = self.gate(camera_id)
            if not gate.is_open:
                log.info("live_decision_over", extra={"camera": camera_id, "gate": gate.state, "number": gate.number})
                self._sessions.delete(session.id)

    async def _run(self) -> None:
        while True:
            await asyncio.to_thread(self._book.refresh)
            self.end_closed()
            await asyncio.sleep(LOOK_EVERY_S)
