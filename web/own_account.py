"""What people do with their own account: another password, another telephone, new recovery codes, end a session."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from vms.clock import Clock, now_utc
from vms.store import Store, Transaction, login_sessions, second_factors, users
from vms.store.login_sessions import LoginSession
from vms.store.users import User
from vms.units import us_from_utc
from web.audit_trail import Actor, AuditTrail
from web.auth import Accounts, Attempt, Done
from web.passwords import hash_password
from web.problems import Problem, field_problem
from web.second_factor import SecondFactors

_UNAUTHENTICATED: Final = 401


@dataclass(frozen=True, slots=True)
class Consent:
    """That it is really them who asks: a session that somebody left open must not be enough."""

    password: str
    code: str = ""


class OwnAccount:
    """Blocking (database, argon2): call from a worker thread. Thread-safe."""

    def __init__(
        self, store: Store, clock: Clock, trail: AuditTrail, accounts: Accounts, factors: SecondFactors
    ) -> None:
        self._store = store
        self._clock = clock
        self._trail = trail
        self._accounts = accounts
        self._factors = factors

    def about(self, actor: Actor) -> dict[str, Any]:
        with self._store.reading() as tx:
            user = self._user(tx, actor)
            factor = second_factors.of(tx, user.id)
            left = second_factors.recovery_codes_left(tx, user.id)
            is_needed = user.external_id is None and self._accounts.needs_second_factor(tx, user)
        return {
            "username": user.username,
            "display_name": user.display_name,
            "roles": list(user.roles),
            "is_local": user.external_id is None,
            "is_break_glass": user.is_break_glass,
            "second_factor": {
                "is_needed": is_needed,
                "is_coupled": factor is not None and factor.confirmed_at is not None,
                "recovery_codes_left": left,
            },
        }

    def change_password(self, actor: Actor, consent: Consent, new: str) -> None:
        """Ends this person's other sessions. Raises Problem."""
        if new == consent.password:
            raise field_problem("new", "password_same")
        try:
            password_hash = hash_password(new)
        except ValueError as error:
            raise field_problem("new", "password_rule") from error

        def change(tx: Transaction) -> None:
            self._trail.allow_within(tx, actor, "account.password", f"user:{actor.username}")
            users.set_password(tx, actor.username, password_hash, keep_session=actor.login_key)

        self._proven(actor, consent, change)

    def forget_telephone(self, actor: Actor, consent: Consent) -> None:
        """The next login couples another one. Ends every session of this person. Raises Problem."""

        def forget(tx: Transaction) -> None:
            self._trail.allow_within(tx, actor, "second_factor.reset", f"user:{actor.username}")
            second_factors.reset(tx, self._user(tx, actor).id)
            for session in login_sessions.standing(tx, now_utc(self._clock), actor.username):
                login_sessions.end(tx, session.token_hash)

        self._proven(actor, consent, forget)

    def new_recovery_codes(self, actor: Actor, consent: Consent) -> tuple[str, ...]:
        """Shown once; the earlier ones end. Raises Problem."""

        def renew(tx: Transaction) -> tuple[str, ...]:
            user = self._user(tx, actor)
            factor = second_factors.of(tx, user.id)
            if factor is None or factor.confirmed_at is None:
                raise Problem("second_factor_enrol")
            self._trail.allow_within(tx, actor, "second_factor.recovery_codes", f"user:{user.username}")
            return self._factors.new_recovery_codes(tx, user)

        return self._proven(actor, consent, renew)

    def sessions(self, actor: Actor, *, of_all: bool = False) -> list[dict[str, Any]]:
        now = now_utc(self._clock)
        with self._store.reading() as tx:
            found = login_sessions.standing(tx, now, None if of_all else actor.username)
        return [_session(session, actor) for session in found]

    def end_session(self, actor: Actor, handle: str, *, of_all: bool = False) -> None:
        """Raises Problem not_found: others' do not exist for who may not end them."""
        now = now_utc(self._clock)
        with self._store.transaction() as tx:
            standing = login_sessions.standing(tx, now, None if of_all else actor.username)
            found = next((session for session in standing if session.handle == handle), None)
            if found is None:
                raise Problem("not_found")
            self._trail.allow_within(tx, actor, "session.end", f"user:{found.user.username}", session=handle)
            login_sessions.end(tx, found.token_hash)

    def _proven(self, actor: Actor, consent: Consent, act: Callable[[Transaction], Done]) -> Done:
        """What `act` answers, done while the account is still the one that was proved."""
        with self._store.reading() as tx:
            user = self._user(tx, actor)
        if user.external_id is not None:
            raise Problem("not_local")
        attempt = Attempt(user.username, consent.password, actor.workstation, consent.code)
        try:
            return self._accounts.prove_again(attempt, act)
        except Problem as problem:
            if problem.status_code != _UNAUTHENTICATED:
                raise
            raise _refused(problem) from problem

    def _user(self, tx: Transaction, actor: Actor) -> User:
        user = users.by_name(tx, actor.username) if actor.by_cookie else None
        if user is None:
            raise Problem("not_found")
        return user


def _refused(problem: Problem) -> Problem:
    """Beside its field, and not as a 401: that would say that the session is over."""
    field, code = ("password", "own_password") if problem.code == "login_failed" else ("code", problem.code)
    return Problem(code, status=403, fields=field_problem(field, code).fields)


def _session(session: LoginSession, actor: Actor) -> dict[str, Any]:
    return {
        "id": session.handle,
        "username": session.user.username,
        "display_name": session.user.display_name,
        "workstation": session.workstation,
        "method": session.method,
        "began_us": us_from_utc(session.created_at),
        "seen_us": us_from_utc(session.seen_at),
        "ends_us": us_from_utc(session.expires_at),
        "is_this": session.token_hash == actor.login_key,
    }
