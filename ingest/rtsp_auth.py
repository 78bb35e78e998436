"""HTTP authentication as RTSP cameras use it: Digest (RFC 7616: SHA-256, MD5, qop=auth) and Basic over TLS only."""

import base64
import hashlib
import re
import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vms.errors import CameraUnauthorized

_TOKENS = re.compile(r'([A-Za-z][\w-]*)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([A-Za-z][\w-]*)')
_MAX_CHALLENGE_CHARS = 4096
_MAX_CHALLENGES = 8
_STRENGTH = ("SHA-256", "SHA-256-SESS", "MD5", "MD5-SESS")


@dataclass(frozen=True, slots=True)
class Challenge:
    """scheme: lower case. params: names in lower case, quotes removed."""

    scheme: str
    params: dict[str, str] = field(default_factory=dict)

    @property
    def algorithm(self) -> str:
        return self.params.get("algorithm", "MD5").upper()


def parse_challenges(values: Sequence[str]) -> list[Challenge]:
    """From all WWW-Authenticate headers, whether one challenge each or several in one line."""
    challenges: list[Challenge] = []
    for value in values[:_MAX_CHALLENGES]:
        for name, quoted, plain, scheme in _TOKENS.findall(value[:_MAX_CHALLENGE_CHARS]):
            if scheme:
                challenges.append(Challenge(scheme.lower()))
            elif challenges:
                challenges[-1].params[name.lower()] = plain or re.sub(r"\\(.)", r"\1", quoted)
    return challenges[:_MAX_CHALLENGES]


def _digest(algorithm: str, text: str) -> str:
    if algorithm.startswith("SHA-256"):
        return hashlib.sha256(text.encode()).hexdigest()
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()  # what most cameras offer


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def choose(challenges: Sequence[Challenge], *, encrypted: bool) -> Challenge:
    """The strongest one we may answer. Raises CameraUnauthorized, saying what to change on the camera."""
    usable = [
        c
        for c in challenges
        if c.scheme == "digest" and c.algorithm in _STRENGTH and _qop(c) != "unsupported" and c.params.get("nonce")
    ]
    if usable:
        return min(usable, key=lambda c: _STRENGTH.index(c.algorithm))
    basic = [c for c in challenges if c.scheme == "basic"]
    if basic and encrypted:
        return basic[0]
    if basic:
        raise CameraUnauthorized(
            "RTSP 401: the camera offers only Basic, which would send the password in the clear: "
            "enable digest authentication on the camera or use rtsps://"
        )
    raise CameraUnauthorized("RTSP 401: the camera offers no authentication this client knows")


def _qop(challenge: Challenge) -> str:
    offered = challenge.params.get("qop")
    if offered is None:
        return ""
    return "auth" if "auth" in re.split(r"[\s,]+", offered.lower()) else "unsupported"


class Authenticator:
    """Credentials of one session. Answers a challenge, counts nonces; never shows the password."""

    def __init__(
        self,
        username: str,
        password: str,
        *,
        encrypted: bool,
        new_cnonce: Callable[[], str] = lambda: secrets.token_hex(8),
    ) -> None:
        self._username = username
        self._password = password
        self._encrypted = encrypted
        self._new_cnonce = new_cnonce
        self._challenge: Challenge | None = None
        self._nonce_count = 0

    def __repr__(self) -> str:
        return "Authenticator(***)"

    def challenged(self, headers: Sequence[str]) -> None:
        """Take the challenges of a 401. Raises CameraUnauthorized when answering (again) would be pointless."""
        if not self._username:
            raise CameraUnauthorized("RTSP 401: the camera asks for credentials and none are configured")
        challenge = choose(parse_challenges(headers), encrypted=self._encrypted)
        before = self._challenge
        if before is not None and not self._is_fresh(before, challenge):
            raise CameraUnauthorized("RTSP 401: username or password refused")
        self._challenge, self._nonce_count = challenge, 0

    def _is_fresh(self, before: Challenge, now: Challenge) -> bool:
        """Only a nonce that the camera itself calls stale, or one that served before, is worth a new answer."""
        if now.scheme != "digest" or now.params.get("nonce") == before.params.get("nonce"):
            return False
        return now.params.get("stale", "").lower() == "true" or self._nonce_count > 1

    def header(self, method: str, uri: str) -> str | None:
        """Value of Authorization for this request; None before any challenge."""
        challenge = self._challenge
        if challenge is None:
            return None
        if challenge.scheme == "basic":
            return "Basic " + base64.b64encode(f"{self._username}:{self._password}".encode()).decode()
        return self._digest_header(challenge, method, uri)

    def _digest_header(self, challenge: Challenge, method: str, uri: str) -> str:
        algorithm, params = challenge.algorithm, challenge.params
        realm, nonce = params.get("realm", ""), params["nonce"]
        self._nonce_count += 1
        count, cnonce, qop = f"{self._nonce_count:08x}", self._new_cnonce(), _qop(challenge)
        secret = _digest(algorithm, f"{self._username}:{realm}:{self._password}")
        if algorithm.endswith("-SESS"):
            secret = _digest(algorithm, f"{secret}:{nonce}:{cnonce}")
        request = _digest(algorithm, f"{method}:{uri}")
        middle = f"{nonce}:{count}:{cnonce}:{qop}" if qop else nonce
        fields = [
            f"username={_quoted(self._username)}",
            f"realm={_quoted(realm)}",
            f"nonce={_quoted(nonce)}",
            f"uri={_quoted(uri)}",
            f'response="{_digest(algorithm, f"{secret}:{middle}:{request}")}"',
        ]
        if "algorithm" in params:
            fields.append(f"algorithm={params['algorithm']}")
        if "opaque" in params:
            fields.append(f"opaque={_quoted(params['opaque'])}")
        if qop or algorithm.endswith("-SESS"):
            fields.append(f'cnonce="{cnonce}"')
        if qop:
            fields += [f"qop={qop}", f"nc={count}"]
        return "Digest " + ", ".join(fields)
