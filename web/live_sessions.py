"""Whose live (WHEP) sessions are whose, and their end when a login ends. The event loop's own."""

import logging
from collections.abc import Callable
from dataclasses import dataclass

from starlette.concurrency import run_in_threadpool

from vms.clock import Clock
from vms.errors import StoreBusy
from web.audit_trail import Actor
from web.auth import Accounts
from web.live_client import LiveClient, LiveDown
from web.problems import Problem
from web.status_board import StatusBoard

log = logging.getLogger(__name__)

GRACE_S = 60.0
"""A session that only one side knows ends after this: web restarted and no page came back, or live did."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Something was taken from somebody: the login (camera None), or the right to watch this camera."""

    actor: Actor
    camera: str | None = None


class LiveSessions:
    def __init__(
        self,
        clock: Clock,
        live: LiveClient,
        board: StatusBoard,
        accounts: Accounts,
        may_watch: Callable[[Actor, str], bool],
    ) -> None:
        """may_watch(actor, camera): blocking; may raise StoreBusy."""
        self._clock = clock
        self._live = live
        self._board = board
        self._accounts = accounts
        self._may_watch = may_watch
        self._owners: dict[str, Actor] = {}
        self._cameras: dict[str, str] = {}
        self._one_sided_since_s: dict[str, float] = {}

    def add(self, session: str, actor: Actor, camera: str) -> None:
        self._owners[session] = actor
        self._cameras[session] = camera

    def shows(self, session: str, camera: str) -> None:
        """Another camera than before."""
        self._cameras[session] = camera

    def forget(self, session: str) -> None:
        self._owners.pop(session, None)
        self._cameras.pop(session, None)

    def require(self, actor: Actor, session: str) -> None:
        """Raises Problem not_found for a session that is not this person's: others' do not exist for them."""
        owner = self._owners.get(session)
        username = owner.username if owner else self._board.session_user(session)
        if username != actor.username:
            raise Problem("not_found")

    def adopt(self, actor: Actor) -> None:
        """A page of theirs is back after a restart of web: its sessions belong to this login now."""
        for session in self._board.sessions_of(actor.username):
            self._owners.setdefault(session, actor)
            self._cameras.setdefault(session, self._board.session_camera(session))

    async def hang_up_login(self, actor: Actor) -> None:
        """The login is over: every picture of it ends."""
        for session in [s for s, owner in self._owners.items() if owner.login_key == actor.login_key]:
            await self._hang_up(session)

    async def check(self) -> list[Ended]:
        """Every few seconds: end what belongs to a login that is over, what a person may watch no longer (both are
        returned), and what is nobody's any more."""
        ended: list[Ended] = []
        for actor in {owner.login_key: owner for owner in self._owners.values()}.values():
            sessions = self._watched_by(actor)
            try:
                lost = await run_in_threadpool(self._lost, actor, set(sessions.values()))
            except StoreBusy as error:
                log.warning("login_not_checked", extra={"reason": str(error)})
                return ended
            if lost is None:
                log.info("live_login_over", extra={"user": actor.username})
                await self.hang_up_login(actor)
                ended.append(Ended(actor))
                continue
            for session in [session for session, camera in sessions.items() if camera in lost]:
                await self._hang_up(session)
            for camera in lost:
                log.info("live_right_over", extra={"user": actor.username, "camera": camera})
            ended += [Ended(actor, camera) for camera in lost]
        await self._end_one_sided()
        return ended

    def _watched_by(self, actor: Actor) -> dict[str, str]:
        """Session to camera, of this login."""
        return {s: self._cameras[s] for s, owner in self._owners.items() if owner.login_key == actor.login_key}

    def _lost(self, actor: Actor, cameras: set[str]) -> set[str] | None:
        """Blocking. Which of these the person may not watch now; None: the login is over."""
        current = self._accounts.current(actor)
        if current is None:
            return None
        return {camera for camera in cameras if not self._may_watch(current, camera)}

    async def _end_one_sided(self) -> None:
        if not self._board.live_answers:
            return
        now_s = self._clock.monotonic_s()
        one_sided = self._board.session_ids() ^ self._owners.keys()
        self._one_sided_since_s = {s: self._one_sided_since_s.get(s, now_s) for s in one_sided}
        for session, since_s in list(self._one_sided_since_s.items()):
            if now_s - since_s >= GRACE_S:
                await self._hang_up(session)

    async def _hang_up(self, session: str) -> None:
        self.forget(session)
        try:
            await self._live.hang_up(session)
        except (LiveDown, Problem) as error:
            log.warning("live_not_hung_up", extra={"session": session, "reason": str(error)})
