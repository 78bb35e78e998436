"""The very first account: made once, on a page, by who can read a file on the server. There is no default password."""

import hmac
import logging
import secrets
from dataclasses import dataclass
from pathlib import Path

from vms.clock import Clock, now_utc
from vms.errors import StorageError, StoreBusy
from vms.rules.account_names import is_account_name
from vms.site_key import write_once
from vms.store import Store, audit, users
from vms.store.audit import AuditEntry
from web.audit_trail import AuditTrail
from web.passwords import hash_password
from web.problems import Problem, field_problem

log = logging.getLogger(__name__)

PAGE = "/eerste-start"
_ACTOR = "first run"


@dataclass(frozen=True, slots=True)
class FirstAdmin:
    code: str
    username: str
    display_name: str
    password: str


class FirstRun:
    """Blocking (database, file, argon2): call from a worker thread. Thread-safe."""

    def __init__(self, code_file: Path, store: Store, clock: Clock, trail: AuditTrail) -> None:
        self._code_file = code_file
        self._store = store
        self._clock = clock
        self._trail = trail
        self._is_over = False

    def prepare(self) -> None:
        """At a start: while there is no account, a code in a file of mode 0600, and a line in the log says where."""
        try:
            if not self.is_open():
                self._code_file.unlink(missing_ok=True)
                return
            write_once(self._code_file, secrets.token_urlsafe(24) + "\n")
        except StoreBusy as error:
            log.warning("first_run_not_prepared", extra={"reason": str(error)})
            return
        except OSError as error:
            raise StorageError(f"{self._code_file}: cannot write the code of the first run: {error}") from error
        log.warning("first_run", extra={"page": PAGE, "code_file": str(self._code_file)})

    def is_open(self) -> bool:
        """Once over it stays so: accounts are switched off, never removed. Raises StoreBusy."""
        if not self._is_over:
            with self._store.reading() as tx:
                self._is_over = not users.is_empty(tx)
        return not self._is_over

    def make_admin(self, wanted: FirstAdmin, workstation: str) -> None:
        """Raises Problem first_run_over, first_run_code, or what is wrong with a field."""
        if not self.is_open():
            raise Problem("first_run_over")
        if not self._fits(wanted.code):
            self._trail.refuse_name(_ACTOR, (), workstation, "users.first", "users", reason="wrong")
            raise Problem("first_run_code", fields=field_problem("code", "first_run_code").fields)
        if not is_account_name(wanted.username):
            raise field_problem("username", "account_name")
        try:
            password_hash = hash_password(wanted.password)
        except ValueError as error:
            raise field_problem("password", "password_rule") from error
        self._add(wanted, password_hash, workstation)
        self._code_file.unlink(missing_ok=True)

    def _fits(self, code: str) -> bool:
        try:
            right = self._code_file.read_text(encoding="ascii").strip()
        except (OSError, UnicodeDecodeError):
            return False
        return right != "" and hmac.compare_digest(right.encode(), code.strip().encode())

    def _add(self, wanted: FirstAdmin, password_hash: str, workstation: str) -> None:
        now = now_utc(self._clock)
        entry = AuditEntry(
            at=now,
            actor=_ACTOR,
            roles=(),
            action="users.first",
            object=f"user:{wanted.username}",
            result="allowed",
            detail={"roles": "admin"},
            workstation=workstation,
        )
        with self._store.transaction() as tx:
            if not users.is_empty(tx):  # one writer at a time: who comes second sees the first one's account
                raise Problem("first_run_over")
            audit.append(tx, entry)
            users.add(tx, wanted.username, wanted.display_name, password_hash, ["admin"], now)
