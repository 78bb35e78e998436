"""Slow answers to who guesses: an account rests after wrong passwords or codes, one that does not exist likewise."""

import math
import threading
from collections import OrderedDict
from datetime import datetime, timedelta

from vms.rules.lockout import back_off_s
from vms.store import Store, users
from vms.store.users import User
from web.problems import Problem

_MAX_UNKNOWN_NAMES = 10_000


class LoginPauses:
    """Thread-safe. Of accounts in the database, of other names in memory."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._unknown: OrderedDict[str, tuple[int, datetime | None]] = OrderedDict()

    def rest(self, username: str, user: User | None, now: datetime) -> timedelta:
        """How long this name must wait yet; zero: it may try."""
        _, locked_until = self._failures(username, user)
        return max(timedelta(0), locked_until - now) if locked_until is not None else timedelta(0)

    def failed(self, username: str, user: User | None, now: datetime) -> None:
        """user: as read before the attempt. Raises StoreBusy."""
        failed = self._failures(username, user)[0] + 1
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

    def _failures(self, username: str, user: User | None) -> tuple[int, datetime | None]:
        if user is not None:
            return user.failed_logins, user.locked_until
        with self._lock:
            return self._unknown.get(username, (0, None))


def paused(rest: timedelta) -> Problem:
    return Problem("login_paused", headers={"Retry-After": str(math.ceil(rest.total_seconds()))})
