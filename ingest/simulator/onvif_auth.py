"""Who may ask: HTTP digest (RFC 7616 with MD5, qop=auth) and WS-UsernameToken digests, as ONVIF Core 5.9 has them."""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections import deque
from datetime import datetime
from urllib.request import parse_http_list, parse_keqv_list

from ingest.simulator.http_port import Request
from ingest.simulator.onvif_soap import Element
from vms.units import US_PER_SECOND, us_from_utc

REALM = "uitkijk-simulator"
TOKEN_WINDOW_US = 300 * US_PER_SECOND
"""How far a UsernameToken's Created may be from the camera's own clock."""
NONCE_LIFE_US = 300 * US_PER_SECOND
_REMEMBERED_NONCES = 1024


class Gate:
    """Checks one camera's only account. Belongs to the event loop's thread."""

    def __init__(self, username: str, password: str) -> None:
        self._username = username
        self._password = password
        self._secret = secrets.token_bytes(16)
        self._used_nonces: deque[str] = deque(maxlen=_REMEMBERED_NONCES)

    def challenge(self, now_us: int, *, stale: bool = False) -> str:
        """The value of WWW-Authenticate."""
        expired = ", stale=true" if stale else ""
        return f'Digest realm="{REALM}", nonce="{self._nonce(now_us)}", qop="auth", algorithm=MD5{expired}'

    def admits_digest(self, request: Request, now_us: int) -> bool:
        """Whether the Authorization header answers one of our recent challenges for this method and target."""
        fields = _digest_fields(request.headers.get("authorization", ""))
        if fields.get("username") != self._username or fields.get("uri") != request.target:
            return False
        nonce = fields.get("nonce", "")
        if not self._is_ours(nonce, now_us) or fields.get("qop") != "auth":
            return False
        ha1 = _md5(f"{self._username}:{REALM}:{self._password}")
        ha2 = _md5(f"{request.method}:{request.target}")
        expected = _md5(f"{ha1}:{nonce}:{fields.get('nc', '')}:{fields.get('cnonce', '')}:auth:{ha2}")
        return hmac.compare_digest(expected.encode(), fields.get("response", "").encode())

    def is_stale(self, request: Request, now_us: int) -> bool:
        """Ours once, but too old: the client may try again with a new nonce without asking the user."""
        nonce = _digest_fields(request.headers.get("authorization", "")).get("nonce", "")
        return bool(nonce) and not self._is_ours(nonce, now_us) and self._is_ours(nonce, None)

    def admits_token(self, envelope: Element, camera_now_us: int) -> bool:
        """Whether the SOAP header carries a good UsernameToken.

        camera_now_us: the camera's own clock, wrong or not; Created must be within TOKEN_WINDOW_US of it.
        A nonce counts once.
        """
        token = envelope.find("Header", "Security", "UsernameToken")
        if token is None or token.text_of("Username") != self._username:
            return False
        password = token.find("Password")
        nonce = token.text_of("Nonce") or ""
        created = token.text_of("Created") or ""
        if password is None or not password.attributes.get("Type", "").endswith("#PasswordDigest"):
            return False
        try:
            created_us = us_from_utc(datetime.fromisoformat(created))
            nonce_bytes = base64.b64decode(nonce, validate=True)
        except (ValueError, binascii.Error):
            return False
        if abs(created_us - camera_now_us) > TOKEN_WINDOW_US or not nonce_bytes or nonce in self._used_nonces:
            return False
        digest = hashlib.sha1(nonce_bytes + created.encode() + self._password.encode(), usedforsecurity=False)
        expected = base64.b64encode(digest.digest())
        if not hmac.compare_digest(expected, password.text.strip().encode()):
            return False
        self._used_nonces.append(nonce)
        return True

    def _nonce(self, now_us: int) -> str:
        stamp = f"{now_us:016x}"
        return stamp + hmac.new(self._secret, stamp.encode(), hashlib.sha256).hexdigest()[:32]

    def _is_ours(self, nonce: str, now_us: int | None) -> bool:
        """now_us: None asks only whether we made it, not whether it still counts."""
        try:
            made_us = int(nonce[:16], 16)
        except ValueError:
            return False
        if not hmac.compare_digest(self._nonce(made_us).encode(), nonce.encode()):
            return False
        return now_us is None or abs(now_us - made_us) <= NONCE_LIFE_US


def _digest_fields(header: str) -> dict[str, str]:
    scheme, _, rest = header.partition(" ")
    if scheme.lower() != "digest":
        return {}
    try:
        return parse_keqv_list(parse_http_list(rest))
    except (ValueError, IndexError):
        return {}


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
