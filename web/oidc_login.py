"""Signing in with an account of elsewhere: what is under way in which browser, and who it turns out to be."""

import secrets
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from vms.clock import Clock, now_utc
from vms.config import Web
from vms.config.web import Oidc
from vms.errors import UitkijkError
from vms.rules.external_accounts import ExternalPerson, ExternalRefusal, Mapped, account_name_of, is_asked, person_of
from vms.rules.grants import Grant
from vms.store import Store, Transaction, audit, grants, users
from vms.store.audit import AuditEntry
from vms.store.users import User
from web.audit_trail import AuditTrail
from web.auth import Accounts, Login
from web.oidc_provider import OidcProvider, ProviderAway, TokenRefused

UNDER_WAY_S: Final = 600.0
_MAX_UNDER_WAY: Final = 1000


class LoginRefused(UitkijkError):
    """code: of web.login_words.ELSEWHERE."""

    def __init__(self, code: str, detail: str = "") -> None:
        super().__init__(detail or code)
        self.code = code


@dataclass(frozen=True, slots=True)
class _UnderWay:
    nonce: str
    verifier: str
    following: str
    began_s: float


@dataclass(frozen=True, slots=True)
class Departure:
    """state stands in the address and in a cookie: only the browser that left may come back with it."""

    url: str
    state: str


class OidcLogin:
    """Blocking (network, database): call from a worker thread. Thread-safe."""

    def __init__(self, web: Web, oidc: Oidc, store: Store, clock: Clock, trail: AuditTrail, accounts: Accounts) -> None:
        self._provider = OidcProvider(oidc, clock)
        self._mapped = Mapped(oidc.claim, oidc.roles, oidc.mfa, web.second_factor)
        self._store = store
        self._clock = clock
        self._trail = trail
        self._accounts = accounts
        self._lock = threading.Lock()
        self._under_way: OrderedDict[str, _UnderWay] = OrderedDict()

    def depart(self, following: str) -> Departure:
        """following: a path here, to go to afterwards. Raises LoginRefused."""
        state, nonce, verifier = (secrets.token_urlsafe(48) for _ in range(3))
        try:
            url = self._provider.authorization_url(state=state, nonce=nonce, verifier=verifier)
        except ProviderAway as error:
            raise LoginRefused("away", str(error)) from error
        with self._lock:
            self._under_way[state] = _UnderWay(nonce, verifier, following, self._clock.monotonic_s())
            if len(self._under_way) > _MAX_UNDER_WAY:
                self._under_way.popitem(last=False)
        return Departure(url, state)

    def arrive(self, state: str, code: str, workstation: str) -> tuple[Login, str]:
        """state: of address and cookie alike, else empty. Answers where to go too. Raises LoginRefused."""
        with self._lock:
            under_way = self._under_way.pop(state, None)
        if under_way is None or self._clock.monotonic_s() - under_way.began_s > UNDER_WAY_S:
            raise LoginRefused("unknown")
        if not code:
            raise LoginRefused("cancelled")
        try:
            claims = self._provider.claims(code=code, nonce=under_way.nonce, verifier=under_way.verifier)
        except ProviderAway as error:
            raise LoginRefused("away", str(error)) from error
        except TokenRefused as error:
            self._refuse("elsewhere", workstation, "token")
            raise LoginRefused("token", str(error)) from error
        person = person_of(claims, self._mapped)
        if not isinstance(person, ExternalPerson):
            self._refuse(account_name_of(claims) or "elsewhere", workstation, person)
            raise LoginRefused(person)
        method = "oidc_mfa" if person.has_second_factor else "oidc"
        login = self._accounts.login_elsewhere(self._user(person, workstation), workstation, method)
        if login is None:
            self._refuse(person.username, workstation, "off")
            raise LoginRefused("off")
        return login, under_way.following

    def _user(self, person: ExternalPerson, workstation: str) -> User:
        """The account of this person, with the roles that the provider gives today. Raises LoginRefused."""
        with self._store.transaction() as tx:
            known = users.by_external_id(tx, person.external_id)
            refusal = self._refusal(tx, person, known)
            if refusal is None:
                user = self._taken_in(tx, person, known, workstation)
                held = grants.rights_of(tx, user.username, user.roles, now_utc(self._clock)).roles
                if person.has_second_factor or not is_asked(held, self._mapped):
                    return user
                refusal = "mfa"
        self._refuse(person.username, workstation, refusal)
        raise LoginRefused(refusal)

    def _refusal(self, tx: Transaction, person: ExternalPerson, known: User | None) -> ExternalRefusal | None:
        if known is not None:
            return None if known.active else "off"
        return "name_taken" if users.by_name(tx, person.username) is not None else None

    def _taken_in(self, tx: Transaction, person: ExternalPerson, known: User | None, workstation: str) -> User:
        """An account's name stays: the audit log knows it by that."""
        if known is not None and known.roles == person.roles:
            return known
        now = now_utc(self._clock)
        revoked: list[Grant] = []
        if known is not None:
            user, revoked = users.set_roles(tx, known.username, person.roles, known.username, now)
        else:
            name, shown = person.username, person.display_name
            user = users.add(tx, name, shown, users.NOT_HERE, person.roles, now, external_id=person.external_id)
        entry = AuditEntry(
            at=now,
            actor=user.username,
            roles=person.roles,
            action="users.external",
            object=f"user:{user.username}",
            result="allowed",
            detail={"roles": ",".join(person.roles)} | grants.as_detail(revoked),
            workstation=workstation,
        )
        audit.append(tx, entry)
        return user

    def _refuse(self, name: str, workstation: str, reason: str) -> None:
        self._trail.refuse_name(name, (), workstation, "login", f"user:{name}", reason=f"oidc: {reason}")
