"""The second factor: codes of a telephone (TOTP, RFC 6238), and recovery codes for when it is gone."""

import base64
import hmac
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pyotp
import segno

from vms.errors import KeyUnavailable
from vms.rules.second_factor import CODE_LASTS_S, steps_that_count
from vms.store import Transaction, second_factors
from vms.store.second_factors import SecondFactor
from vms.store.users import User
from web.passwords import token_hash
from web.sealed import Sealer

RECOVERY_CODES = 10
_RECOVERY_BYTES = 10
_CODE = re.compile(r"[0-9]{6}")


@dataclass(frozen=True, slots=True)
class Proof:
    """How somebody proves who they are. take: in the transaction that lets them in; False = used before, or wrong."""

    method: str
    take: Callable[[Transaction], bool]


@dataclass(frozen=True, slots=True)
class Enrolment:
    """What a telephone takes over, once. qr: a data: URI of an SVG."""

    secret: str
    uri: str
    qr: str


class SecondFactors:
    """Blocking (database, key file): call from a worker thread. Thread-safe."""

    def __init__(self, key_file: Path, issuer: str) -> None:
        """issuer: the site's name, as the telephone shows it."""
        self._sealer = Sealer(key_file)
        self._issuer = issuer

    def begin(self, tx: Transaction, user: User) -> Enrolment | None:
        """A new secret, not in use until `confirm`. None: a telephone is coupled already."""
        secret = pyotp.random_base32()
        if not second_factors.begin(tx, user.id, self._sealer.seal(secret.encode(), _bound_to(user))):
            return None
        uri = pyotp.TOTP(secret).provisioning_uri(name=user.username, issuer_name=self._issuer)
        return Enrolment(secret, uri, segno.make(uri, error="m").svg_data_uri(scale=5, border=4, light="#fff"))

    def proof(self, user: User, factor: SecondFactor, code: str, now: datetime) -> Proof | None:
        """None: the code is wrong. Raises KeyUnavailable."""
        given = code.replace(" ", "")
        if not _CODE.fullmatch(given):
            code_hash = _recovery_hash(given)
            return Proof("recovery", lambda tx: second_factors.take_recovery_code(tx, user.id, code_hash, now))
        step = self._step_of(user, factor, given, now)
        if step is None:
            return None
        return Proof("totp", lambda tx: _is_same(tx, user, factor) and second_factors.take_step(tx, user.id, step))

    def new_recovery_codes(self, tx: Transaction, user: User) -> tuple[str, ...]:
        """Shown once; only their hashes are stored. Earlier ones end."""
        codes = [_recovery_code() for _ in range(RECOVERY_CODES)]
        second_factors.set_recovery_codes(tx, user.id, [_recovery_hash(code) for code in codes])
        return tuple(codes)

    def _step_of(self, user: User, factor: SecondFactor, code: str, now: datetime) -> int | None:
        try:
            secret = self._sealer.open(factor.sealed_secret, _bound_to(user)).decode()
        except ValueError as error:
            raise KeyUnavailable(
                f"the second factor of {user.username} does not open with login.key; `vms users totp-reset` starts anew"
            ) from error
        totp = pyotp.TOTP(secret, interval=CODE_LASTS_S)
        counting = steps_that_count(now.timestamp(), factor.last_step)
        return next((step for step in counting if hmac.compare_digest(totp.generate_otp(step), code)), None)


def _is_same(tx: Transaction, user: User, factor: SecondFactor) -> bool:
    """Not replaced since the code was compared."""
    known = second_factors.of(tx, user.id)
    return known is not None and known.sealed_secret == factor.sealed_secret


def _bound_to(user: User) -> bytes:
    """A secret copied to another account does not open there."""
    return f"user:{user.id}".encode()


def _recovery_code() -> str:
    text = base64.b32encode(secrets.token_bytes(_RECOVERY_BYTES)).decode().lower()
    return "-".join(text[start : start + 4] for start in range(0, len(text), 4))


def _recovery_hash(code: str) -> str:
    return token_hash("recovery:" + re.sub(r"[\s-]", "", code).lower())
