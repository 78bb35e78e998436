"""Signing in: opaque tokens, of which only the SHA-256 is stored; slow answers after wrong passwords."""

import logging
import math
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from starlette.requests import HTTPConnection

from vms.clock import Clock, now_utc
from vms.errors import StoreBusy
from vms.rules.grants import Rights, rights_at
from vms.rules.lockout import back_off_s
from vms.store import Store, Transaction, audit, grants, users
from vms.store.audit import AuditEntry
from vms.store.users import User
from vms.units import us_from_utc
from web.audit_trail import Actor, AuditTrail
from web.passwords import new_token, token_hash, verify_password
from web.problems import Problem

log = logging.getLogger(__name__)

COOKIE = "uitkijk_session"
SESSION_LASTS = timedelta(hours=12)
_TOUCH_EVERY = timedelta(minutes=5)
_MAX_TOKEN_CHARS = 200
_MAX_UNKNOWN_NAMES = 10_000


@dataclass(frozen=True, slots=True)
class Login:
    """token goes into the cookie and nowhere else."""

    token: str
    actor: Actor


class Accounts:
    """Blocking (database, argon2): call from a worker thread. Thread-safe."""

    def __init__(self, store: Store, clock: Clock, trail: AuditTrail) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._lock = threading.Lock()
        self._unknown: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def login(self, username: str, password: str, workstation: str) -> Login:
        """Raises Problem login_failed or login_paused, the same for names that do not exist."""
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            user = users.by_name(tx, username)
        failed, locked_until = self._failures(username, user)
        if locked_until is not None and locked_until > now:
            self._trail.refuse_name(username, (), workstation, "login", f"user:{username}", reason="paused")
            raise _paused(locked_until - now)
        usable = user if user is not None and user.active else None
        if not verify_password(password, usable.password_hash if usable else None) or usable is None:
            self._fail(username, user, failed + 1, now)
            self._trail.refuse_name(username, (), workstation, "login", f"user:{username}", reason="wrong")
            raise Problem("login_failed")
        return self._open(usable, workstation, now)

    def logout(self, actor: Actor) -> None:
        self._trail.allow(actor, "logout", f"user:{actor.username}")
        with self._store.transaction() as tx:
            users.close_session(tx, actor.login_key)

    def authenticate(self, connection: HTTPConnection) -> Actor | None:
        """Whoever the bearer token or else the cookie says. None: nobody, or it is over."""
        workstation = address_of(connection)
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_token(bearer.strip(), workstation)
        cookie = connection.cookies.get(COOKIE, "")
        return self._by_cookie(cookie, workstation) if cookie else None

    def is_valid(self, actor: Actor) -> bool:
        """Still signed in? For connections that last."""
        return self.current(actor) is not None

    def current(self, actor: Actor) -> Actor | None:
        """With what they may now; None: the login is over."""
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            if actor.by_cookie:
                session = users.session(tx, actor.login_key, now)
                roles = session.user.roles if session else None
            else:
                token = users.token(tx, actor.login_key, now)
                roles = token.roles if token else None
            if roles is None:
                return None
            rights = _rights(tx, actor.username, roles, now)
        return replace(actor, roles=rights.roles, limited=rights.limited)

    def _open(self, user: User, workstation: str, now: datetime) -> Login:
        token, csrf_token = new_token(), new_token()
        with self._store.reading() as tx:
            rights = _rights(tx, user.username, user.roles, now)
        actor = Actor(
            user.username,
            user.display_name,
            rights.roles,
            workstation,
            token_hash(token),
            csrf_token,
            rights.limited,
        )
        entry = AuditEntry(
            at=now,
            actor=user.username,
            roles=user.roles,
            action="login",
            object=f"user:{user.username}",
            result="allowed",
            detail={},
            workstation=workstation,
        )
        with self._store.transaction() as tx:
            audit.append(tx, entry)
            users.set_failures(tx, user.id, 0, None)
            users.open_session(
                tx,
                token_hash=actor.login_key,
                user_id=user.id,
                csrf_token=csrf_token,
                workstation=workstation,
                created_at=now,
                expires_at=now + SESSION_LASTS,
            )
        return Login(token, actor)

    def _failures(self, username: str, user: User | None) -> tuple[int, datetime | None]:
        if user is not None:
            return user.failed_logins, user.locked_until
        with self._lock:
            return self._unknown.get(username, (0, None))

    def _fail(self, username: str, user: User | None, failed: int, now: datetime) -> None:
        rest_s = back_off_s(failed)
        locked_until = now + timedelta(seconds=rest_s) if rest_s else None
        if user is not None:
            with self._store.transaction() as tx:
                users.set_failures(tx, user.id, failed, locked_until)
            return
        with self._lock:
            self._unknown[username] = (failed, locked_until)
            self._unknown.move_to_end(username)
            if len(self._unknown) > _MAX_UNKNOWN_NAMES:
                self._unknown.popitem(last=False)

    def _by_token(self, bearer: str, workstation: str) -> Actor | None:
        if not 0 < len(bearer) <= _MAX_TOKEN_CHARS:
            return None
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            token = users.token(tx, token_hash(bearer), now)
            if token is None:
                return None
            name = f"token:{token.name}"
            rights = _rights(tx, name, token.roles, now)
        return Actor(name, token.name, rights.roles, workstation, token.token_hash, limited=rights.limited)

    def _by_cookie(self, cookie: str, workstation: str) -> Actor | None:
        if len(cookie) > _MAX_TOKEN_CHARS:
            return None
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            session = users.session(tx, token_hash(cookie), now)
            if session is None:
                return None
            rights = _rights(tx, session.user.username, session.user.roles, now)
        if now - session.seen_at >= _TOUCH_EVERY:
            self._touch(session.token_hash, now)
        user = session.user
        return Actor(
            user.username,
            user.display_name,
            rights.roles,
            workstation,
            session.token_hash,
            session.csrf_token,
            rights.limited,
        )

    def _touch(self, session_hash: str, now: datetime) -> None:
        try:
            with self._store.transaction() as tx:
                users.touch_session(tx, session_hash, now)
        except StoreBusy as error:
            log.warning("session_not_touched", extra={"reason": str(error)})


def _rights(tx: Transaction, holder: str, roles: Sequence[str], now: datetime) -> Rights:
    return rights_at(roles, grants.of(tx, holder), us_from_utc(now))


def address_of(connection: HTTPConnection) -> str:
    """Of the peer itself: no X-Forwarded-For, which anybody can write."""
    return connection.client.host if connection.client else "unix"


def _paused(rest: timedelta) -> Problem:
    return Problem("login_paused", headers={"Retry-After": str(math.ceil(rest.total_seconds()))})
