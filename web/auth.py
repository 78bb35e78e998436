"""Signing in: password, for privileged roles a second factor; opaque tokens, of which only the SHA-256 is stored."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TypeVar

from starlette.requests import HTTPConnection

from vms.clock import Clock, now_utc
from vms.config import Web
from vms.errors import StoreBusy
from vms.rules.grants import Rights
from vms.rules.second_factor import is_demanded
from vms.store import Store, Transaction, audit, grants, login_sessions, second_factors, users
from vms.store.audit import AuditEntry
from vms.store.login_sessions import LoginSession
from vms.store.users import User
from web.audit_trail import Actor, AuditTrail
from web.login_pauses import LoginPauses, paused
from web.passwords import new_token, token_hash, verify_password
from web.problems import Problem
from web.second_factor import Enrolment, Proof, SecondFactors

log = logging.getLogger(__name__)

COOKIE = "uitkijk_session"
SESSION_LASTS = timedelta(hours=12)
BREAK_GLASS_LASTS = timedelta(hours=2)
MIN_REASON_CHARS = 10
_TOUCH_EVERY = timedelta(minutes=5)
_MAX_TOKEN_CHARS = 200
Done = TypeVar("Done")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What somebody gives to sign in. code: of their telephone, or a recovery code. reason: of a break-glass login."""

    username: str
    password: str
    workstation: str
    code: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Login:
    """token goes into the cookie and nowhere else; recovery_codes are shown once."""

    token: str
    actor: Actor
    method: str
    lasts: timedelta
    recovery_codes: tuple[str, ...] = ()


class _Refused(Exception):
    """Inside a transaction: nothing of it is kept."""


class _Changed(Exception):
    """The same, because the account is not any more what was proved: another password, switched off, or spent."""


class Accounts:
    """Blocking (database, argon2): call from a worker thread. Thread-safe."""

    def __init__(self, store: Store, clock: Clock, trail: AuditTrail, web: Web, factors: SecondFactors) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._demand = web.second_factor
        self._one_factor = {"password", "oidc"} if web.oidc and web.oidc.mfa else {"password"}
        self._factors = factors
        self._pauses = LoginPauses(store)

    def login(self, attempt: Attempt) -> Login:
        """Raises Problem login_failed or login_paused, the same for names that do not exist; for who has the password,
        what is missing yet: second_factor_enrol, second_factor_code, second_factor_wrong or break_glass_reason; or that
        a break-glass account was used before: break_glass_spent."""
        user = self.person(attempt)
        return self._enter(attempt, user, self._proof(attempt, user))

    def person(self, attempt: Attempt) -> User:
        """Whose password this is. Raises Problem login_failed or login_paused."""
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            user = users.by_name(tx, attempt.username)
        rest = self._pauses.rest(attempt.username, user, now)
        if rest:
            self._refuse(attempt, "paused")
            raise paused(rest)
        usable = user if user is not None and user.active else None
        if not verify_password(attempt.password, usable.password_hash if usable else None) or usable is None:
            self._pauses.failed(attempt.username, user, now)
            self._refuse(attempt, "wrong")
            raise Problem("login_failed")
        return usable

    def needs_second_factor(self, tx: Transaction, user: User) -> bool:
        """For a role that they hold now, by a grant too."""
        return not user.is_break_glass and is_demanded(self._rights(tx, user).roles, self._demand)

    def begin_second_factor(self, attempt: Attempt) -> Enrolment:
        """A secret for the telephone of who needs one and has none. Raises Problem as `person` does."""
        user = self.person(attempt)
        with self._store.transaction() as tx:
            enrolment = self._factors.begin(tx, user) if self.needs_second_factor(tx, user) else None
        if enrolment is None:
            raise Problem("second_factor_enrolled")
        return enrolment

    def confirm_second_factor(self, attempt: Attempt) -> Login:
        """The first code of the telephone: from now on it is needed. Raises Problem as `login` does."""
        user = self.person(attempt)
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            factor = second_factors.of(tx, user.id) if self.needs_second_factor(tx, user) else None
        if factor is None or factor.confirmed_at is not None:
            raise Problem("second_factor_enrolled")
        proof = self._factors.proof(user, factor, attempt.code, now)
        codes: tuple[str, ...] = ()

        def couple(tx: Transaction) -> bool:
            nonlocal codes
            if proof is None or proof.method != "totp" or second_factors.of(tx, user.id) != factor:
                return False
            if not proof.take(tx):
                return False
            second_factors.confirm(tx, user.id, now)
            codes = self._factors.new_recovery_codes(tx, user)
            audit.append(tx, self._entry(user, self._rights(tx, user), "second_factor.enrol", attempt.workstation))
            return True

        login = self._enter(attempt, user, Proof("totp", couple))
        return replace(login, recovery_codes=codes)

    def prove_again(self, attempt: Attempt, act: Callable[[Transaction], Done]) -> Done:
        """For what only this very person may do to their own account. act: in the transaction that looks whether the
        account is still the one that was proved. Raises Problem as `login` does."""
        user = self.person(attempt)
        proof = self._proof(attempt, user)

        def take_and_act() -> Done:
            with self._store.transaction() as tx:
                _take(tx, user, proof)
                return act(tx)

        return self._decided(attempt, user, take_and_act)

    def login_elsewhere(self, user: User, workstation: str, method: str) -> Login | None:
        """Somebody else vouched for them: the provider of OpenID Connect. None: meanwhile switched off."""
        try:
            return self._open(user, workstation, Proof(method, lambda _tx: True))
        except _Changed:
            return None

    def wrong_code(self, attempt: Attempt, user: User) -> Problem:
        """Counted like a wrong password: who has that one must not get to guess the code."""
        self._pauses.failed(user.username, user, now_utc(self._clock))
        self._refuse(attempt, "second_factor")
        return Problem("second_factor_wrong")

    def logout(self, actor: Actor) -> None:
        self._trail.allow(actor, "logout", f"user:{actor.username}")
        with self._store.transaction() as tx:
            login_sessions.end(tx, actor.login_key)

    def authenticate(self, connection: HTTPConnection) -> Actor | None:
        """Whoever the bearer token or else the cookie says. None: nobody, or it is over."""
        workstation = address_of(connection)
        scheme, _, bearer = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer":
            return self._by_token(bearer.strip(), workstation)
        cookie = connection.cookies.get(COOKIE, "")
        return self._by_cookie(cookie, workstation) if cookie else None

    def current(self, actor: Actor) -> Actor | None:
        """With what they may now; None: the login is over. For connections that last."""
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            if actor.by_cookie:
                session = login_sessions.find(tx, actor.login_key, now)
                rights = self._rights_in(tx, session) if session else None
            else:
                token = users.token(tx, actor.login_key, now)
                rights = grants.rights_of(tx, actor.username, token.roles, now) if token else None
        if rights is None:
            return None
        return replace(actor, roles=rights.roles, limited=rights.limited, named=rights.named)

    def _proof(self, attempt: Attempt, user: User) -> Proof:
        if user.is_break_glass:
            if user.spent_at is not None:
                self._refuse(attempt, "spent")
                raise Problem("break_glass_spent")
            if len(attempt.reason.strip()) < MIN_REASON_CHARS:
                raise Problem("break_glass_reason")
            return Proof("break_glass", lambda tx: users.spend(tx, user.id, now_utc(self._clock)))
        with self._store.reading() as tx:
            if not self.needs_second_factor(tx, user):
                return Proof("password", lambda _tx: True)
            factor = second_factors.of(tx, user.id)
        if factor is None or factor.confirmed_at is None:
            raise Problem("second_factor_enrol")
        if not attempt.code.strip():
            raise Problem("second_factor_code")
        proof = self._factors.proof(user, factor, attempt.code, now_utc(self._clock))
        if proof is None:
            raise self.wrong_code(attempt, user)
        return proof

    def _enter(self, attempt: Attempt, user: User, proof: Proof) -> Login:
        return self._decided(
            attempt, user, lambda: self._open(user, attempt.workstation, proof, attempt.reason.strip())
        )

    def _decided(self, attempt: Attempt, user: User, step: Callable[[], Done]) -> Done:
        """Raises Problem where the step raises _Refused or _Changed."""
        try:
            return step()
        except _Refused:
            raise self.wrong_code(attempt, user) from None
        except _Changed:
            self._refuse(attempt, "changed")
            raise Problem("login_failed") from None

    def _open(self, user: User, workstation: str, proof: Proof, reason: str = "") -> Login:
        """Raises _Refused when the proof was used before; _Changed."""
        now = now_utc(self._clock)
        token, csrf_token = new_token(), new_token()
        is_emergency = proof.method == "break_glass"
        lasts = BREAK_GLASS_LASTS if is_emergency else SESSION_LASTS
        detail = {"method": proof.method} | ({"reason": reason} if is_emergency else {})
        action = "login.break_glass" if is_emergency else "login"
        with self._store.transaction() as tx:
            rights = self._rights(tx, _take(tx, user, proof))
            audit.append(tx, self._entry(user, rights, action, workstation, **detail))
            users.set_failures(tx, user.id, 0, None)
            login_sessions.add(
                tx,
                token_hash=token_hash(token),
                user_id=user.id,
                csrf_token=csrf_token,
                workstation=workstation,
                created_at=now,
                expires_at=now + lasts,
                method=proof.method,
            )
        actor = _person(user, rights, workstation, token_hash(token), csrf_token)
        return Login(token, actor, proof.method, lasts)

    def _rights(self, tx: Transaction, user: User) -> Rights:
        return grants.rights_of(tx, user.username, user.roles, now_utc(self._clock))

    def _rights_in(self, tx: Transaction, session: LoginSession) -> Rights | None:
        """None: over, because by now a role is held that needs more than this session began with."""
        rights = self._rights(tx, session.user)
        return None if session.method in self._one_factor and is_demanded(rights.roles, self._demand) else rights

    def _entry(self, user: User, rights: Rights, action: str, workstation: str, **detail: str) -> AuditEntry:
        return AuditEntry(
            at=now_utc(self._clock),
            actor=user.username,
            roles=tuple(rights.roles),
            action=action,
            object=f"user:{user.username}",
            result="allowed",
            detail=detail,
            workstation=workstation,
        )

    def _refuse(self, attempt: Attempt, reason: str) -> None:
        name = attempt.username
        self._trail.refuse_name(name, (), attempt.workstation, "login", f"user:{name}", reason=reason)

    def _by_token(self, bearer: str, workstation: str) -> Actor | None:
        if not 0 < len(bearer) <= _MAX_TOKEN_CHARS:
            return None
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            token = users.token(tx, token_hash(bearer), now)
            if token is None:
                return None
            name = f"token:{token.name}"
            rights = grants.rights_of(tx, name, token.roles, now)
        scope = None if token.actions is None else frozenset(token.actions)
        limited, named = rights.limited, rights.named
        return Actor(
            name, token.name, rights.roles, workstation, token.token_hash, scope=scope, limited=limited, named=named
        )

    def _by_cookie(self, cookie: str, workstation: str) -> Actor | None:
        if len(cookie) > _MAX_TOKEN_CHARS:
            return None
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            session = login_sessions.find(tx, token_hash(cookie), now)
            rights = self._rights_in(tx, session) if session else None
        if session is None or rights is None:
            return None
        if now - session.seen_at >= _TOUCH_EVERY:
            self._touch(session.token_hash, now)
        return _person(session.user, rights, workstation, session.token_hash, session.csrf_token)

    def _touch(self, session_hash: str, now: datetime) -> None:
        try:
            with self._store.transaction() as tx:
                login_sessions.touch(tx, session_hash, now)
        except StoreBusy as error:
            log.warning("session_not_touched", extra={"reason": str(error)})


def _take(tx: Transaction, user: User, proof: Proof) -> User:
    """The account as it is now. Raises _Changed; _Refused: the proof was used before."""
    known = users.by_name(tx, user.username)
    is_same = known is not None and (known.active, known.password_hash) == (True, user.password_hash)
    if known is None or not is_same or known.spent_at != user.spent_at:
        raise _Changed
    if not proof.take(tx):
        raise _Refused
    return known


def _person(user: User, rights: Rights, workstation: str, login_key: str, csrf_token: str) -> Actor:
    limited, named = rights.limited, rights.named
    who = user.username, user.display_name, rights.roles
    return Actor(*who, workstation, login_key, csrf_token, limited=limited, named=named)


def address_of(connection: HTTPConnection) -> str:
    """Of the peer itself: no X-Forwarded-For, which anybody can write."""
    return connection.client.host if connection.client else "unix"
