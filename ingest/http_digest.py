"""HTTP digest authentication, client side (RFC 7616; RFC 2069 when a camera offers no qop). Pure but for randomness.

Basic is never answered: it would hand the password to whoever listens on the camera network.
"""

import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.request import parse_http_list, parse_keqv_list

from vms.errors import ProtocolError

MAX_CHALLENGE_CHARS = 4096
_NEW_CHALLENGE = re.compile(r"(?:^|,)\s*(?=[A-Za-z][A-Za-z0-9-]*\s+[A-Za-z][A-Za-z0-9-]*\s*=)")
_STRENGTH = ("MD5", "SHA-256")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One Digest challenge we can answer. session: the `-sess` variant. stale: only the nonce was too old."""

    realm: str
    nonce: str
    algorithm: str
    session: bool
    has_qop: bool
    opaque: str | None
    stale: bool


def strongest_challenge(headers: Sequence[str]) -> Challenge | None:
    """The best Digest challenge among WWW-Authenticate headers (several per header too); None without one."""
    best: Challenge | None = None
    for header in headers:
        for part in _NEW_CHALLENGE.split(header[:MAX_CHALLENGE_CHARS]):
            found = _parse(part.strip().rstrip(","))
            if found and (best is None or _STRENGTH.index(found.algorithm) > _STRENGTH.index(best.algorithm)):
                best = found
    return best


def _parse(text: str) -> Challenge | None:
    scheme, _, rest = text.partition(" ")
    if scheme.lower() != "digest":
        return None
    try:
        fields = {name.lower(): value for name, value in parse_keqv_list(parse_http_list(rest)).items()}
    except (ValueError, IndexError):
        return None
    algorithm = fields.get("algorithm", "MD5").upper()
    base = algorithm.removesuffix("-SESS")
    qop = {word.strip().lower() for word in fields.get("qop", "").split(",") if word.strip()}
    if base not in _STRENGTH or not fields.get("nonce") or (qop and "auth" not in qop):
        return None
    return Challenge(
        realm=fields.get("realm", ""),
        nonce=fields["nonce"],
        algorithm=base,
        session=algorithm.endswith("-SESS"),
        has_qop=bool(qop),
        opaque=fields.get("opaque"),
        stale=fields.get("stale", "").lower() == "true",
    )


@dataclass(slots=True)
class DigestAnswer:
    """Answers one challenge, any number of times (nc counts up). Belongs to one connection's thread."""

    challenge: Challenge
    username: str
    password: str = field(repr=False)
    _cnonce: str = field(default_factory=lambda: secrets.token_hex(8), repr=False)
    _count: int = 0

    def header(self, method: str, target: str) -> str:
        """The Authorization header's value. Raises ProtocolError when it would not be one line of ASCII."""
        challenge = self.challenge
        digest = _hash_of(challenge.algorithm)
        self._count += 1
        count = f"{self._count:08x}"
        ha1 = digest(f"{self.username}:{challenge.realm}:{self.password}")
        if challenge.session:
            ha1 = digest(f"{ha1}:{challenge.nonce}:{self._cnonce}")
        ha2 = digest(f"{method}:{target}")
        middle = f"{challenge.nonce}:{count}:{self._cnonce}:auth" if challenge.has_qop else challenge.nonce
        algorithm = challenge.algorithm + ("-sess" if challenge.session else "")
        fields = [
            f'username="{_quoted(self.username)}"',
            f'realm="{_quoted(challenge.realm)}"',
            f'nonce="{_quoted(challenge.nonce)}"',
            f'uri="{_quoted(target)}"',
            f"algorithm={algorithm}",
            f'response="{digest(f"{ha1}:{middle}:{ha2}")}"',
        ]
        if challenge.has_qop:
            fields += ["qop=auth", f"nc={count}", f'cnonce="{self._cnonce}"']
        if challenge.opaque is not None:
            fields.append(f'opaque="{_quoted(challenge.opaque)}"')
        return "Digest " + ", ".join(fields)


def _hash_of(algorithm: str) -> Callable[[str], str]:
    if algorithm == "SHA-256":
        return lambda text: hashlib.sha256(text.encode()).hexdigest()
    return lambda text: hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _quoted(text: str) -> str:
    if any(ord(character) < 0x20 or ord(character) > 0x7E for character in text):
        raise ProtocolError("the camera's digest challenge, or the username, has characters a header cannot carry")
    return text.replace("\\", "\\\\").replace('"', '\\"')
