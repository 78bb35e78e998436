"""Questions to one camera's ONVIF services: digest first, UsernameToken where only that works, never a loop.

A wrong password costs a camera account at most three tries a minute; further questions are refused here, unsent,
so that the account does not lock.
"""

from dataclasses import dataclass
from xml.etree.ElementTree import Element

from ingest.http_digest import DigestAnswer, strongest_challenge
from ingest.onvif_endpoint import OnvifEndpoint
from ingest.onvif_http import HttpConnection, HttpReply
from ingest.onvif_soap import (
    GET_SYSTEM_DATE_AND_TIME,
    Envelope,
    SoapFault,
    camera_time_us,
    read_body,
    username_token,
)
from vms.clock import Clock
from vms.errors import CameraUnauthorized, CameraUnreachable, ProtocolError
from vms.units import US_PER_SECOND

DEVICE_PATH = "/onvif/device_service"
REFUSED_S = 60.0
"""After a refusal no credential leaves for so long."""
MIN_SKEW_STEP_US = 1_000_000
"""A clock that moved less than this does not explain a refused token."""
_CONTENT_TYPE = "application/soap+xml; charset=utf-8"


@dataclass(frozen=True, slots=True)
class ClockSkew:
    """Camera clock minus server clock lies within [low_us, high_us]; cameras tell whole seconds only."""

    low_us: int
    high_us: int

    @property
    def middle_us(self) -> int:
        return (self.low_us + self.high_us) // 2

    @property
    def ms(self) -> float:
        return self.middle_us / 1000

    def narrowed_by(self, other: "ClockSkew") -> "ClockSkew":
        """Both are true, so the truth is in both; when they exclude each other the clock moved: the newer counts."""
        low_us, high_us = max(self.low_us, other.low_us), min(self.high_us, other.high_us)
        return ClockSkew(low_us, high_us) if low_us <= high_us else other


@dataclass(frozen=True, slots=True)
class Answer:
    """content: first element of the SOAP body. sent_us, received_us: server clock around the exchange that worked."""

    content: Element
    sent_us: int
    received_us: int

    @property
    def middle_us(self) -> int:
        return (self.sent_us + self.received_us) // 2


class OnvifLink:
    """One connection, one account. Belongs to one thread at a time."""

    def __init__(self, endpoint: OnvifEndpoint, clock: Clock, skew: ClockSkew | None = None) -> None:
        self._endpoint = endpoint
        self._clock = clock
        self._http = HttpConnection(endpoint, clock)
        self._digest: DigestAnswer | None = None
        self._digest_works = False
        self._use_token = False
        self._refused_until_s = float("-inf")
        self.skew = skew

    def close(self) -> None:
        self._http.close()

    def ask(self, path: str, request: Envelope, timeout_s: float, *, repeatable: bool = True) -> Answer:
        """timeout_s: for all exchanges together. repeatable: see HttpConnection.post.

        Raises CameraUnreachable, CameraUnauthorized, SoapFault and other ProtocolErrors.
        """
        return self.read(self.exchange(path, request, timeout_s, repeatable=repeatable))

    def exchange(self, path: str, request: Envelope, timeout_s: float, *, repeatable: bool = True) -> HttpReply:
        """Like `ask`, but the bytes as they came; `read` reads them."""
        now_s = self._clock.monotonic_s()
        if now_s < self._refused_until_s:
            raise self._unauthorized("refused a moment ago; not asked again, so that the account does not lock")
        deadline_s = now_s + timeout_s
        reply = self._send(path, request, deadline_s, repeatable)
        if _refuses(reply):
            reply = self._authenticate(path, request, deadline_s, repeatable, reply)
        if self._digest is not None:
            self._digest_works = True
        return reply

    def read_clock(self, timeout_s: float, path: str = DEVICE_PATH) -> ClockSkew:
        """Ask the camera's time, without any credential; the skew is remembered. Raises like `ask`."""
        answer = self.read(self._post(path, GET_SYSTEM_DATE_AND_TIME(""), {}, timeout_s, repeatable=True))
        told_us = camera_time_us(answer.content)
        found = ClockSkew(told_us - answer.received_us, told_us + US_PER_SECOND - answer.sent_us)
        self.skew = self.skew.narrowed_by(found) if self.skew else found
        return self.skew

    def _authenticate(
        self, path: str, request: Envelope, deadline_s: float, repeatable: bool, reply: HttpReply
    ) -> HttpReply:
        if not self._endpoint.username:
            raise self._unauthorized("it asks for an account; give username and password_file")
        challenge = strongest_challenge(reply.challenges)
        if challenge and not self._use_token:
            self._digest = DigestAnswer(challenge, self._endpoint.username, self._endpoint.password)
            reply = self._send(path, request, deadline_s, repeatable)
            if not _refuses(reply):
                return reply
        if not self._digest_works:
            found = self._try_token(path, request, deadline_s, repeatable)
            if found:
                return found
        self._digest, self._digest_works, self._use_token = None, False, False
        self._refused_until_s = self._clock.monotonic_s() + REFUSED_S
        basic_only = reply.challenges and challenge is None
        raise self._unauthorized(
            "it offers no digest authentication we know; switch digest on in the camera"
            if basic_only
            else "account refused; check username, password_file and the account's rights"
        )

    def _try_token(self, path: str, request: Envelope, deadline_s: float, repeatable: bool) -> HttpReply | None:
        """None: refused. The clock is read first, or again when it may explain why an earlier token was refused."""
        before = self.skew
        had_token, self._use_token, self._digest = self._use_token, True, None
        if had_token or before is None:
            self.skew = None
            try:
                self.read_clock(self._left_s(deadline_s))
            except ProtocolError:
                self.skew = before
        if had_token and before and self.skew and abs(self.skew.middle_us - before.middle_us) < MIN_SKEW_STEP_US:
            return None
        reply = self._send(path, request, deadline_s, repeatable)
        return None if _refuses(reply) else reply

    def _send(self, path: str, request: Envelope, deadline_s: float, repeatable: bool) -> HttpReply:
        security, headers = "", {}
        if self._use_token:
            now_us = self._clock.now_us() + (self.skew.middle_us if self.skew else 0)
            security = username_token(self._endpoint.username, self._endpoint.password, now_us)
        elif self._digest:
            headers["Authorization"] = self._digest.header("POST", path)
        return self._post(path, request(security), headers, self._left_s(deadline_s), repeatable=repeatable)

    def _post(
        self, path: str, body: bytes, headers: dict[str, str], timeout_s: float, *, repeatable: bool
    ) -> HttpReply:
        return self._http.post(path, body, {"Content-Type": _CONTENT_TYPE, **headers}, timeout_s, repeatable=repeatable)

    def _left_s(self, deadline_s: float) -> float:
        left_s = deadline_s - self._clock.monotonic_s()
        if left_s <= 0:
            raise CameraUnreachable(f"{self._endpoint.authority}: no answer in time")
        return left_s

    def read(self, reply: HttpReply) -> Answer:
        """What a reply says. Raises CameraUnauthorized, SoapFault and other ProtocolErrors."""
        if reply.status in (401, 403) and not reply.body.lstrip().startswith(b"<"):
            raise self._unauthorized(f"HTTP {reply.status}; check the account's rights")
        if not reply.body:
            raise ProtocolError(f"{self._endpoint.authority}: HTTP {reply.status} without an answer in it")
        try:
            return Answer(read_body(reply.body), reply.sent_us, reply.received_us)
        except SoapFault as fault:
            if fault.is_not_authorized:
                raise self._unauthorized(str(fault)) from fault
            raise
        except ProtocolError as error:
            raise ProtocolError(f"{self._endpoint.authority}: HTTP {reply.status}: {error}") from error

    def _unauthorized(self, why: str) -> CameraUnauthorized:
        return CameraUnauthorized(f"{self._endpoint.authority}: {why}")


def _refuses(reply: HttpReply) -> bool:
    """401, or the fault that cameras without digest send in its place."""
    return reply.status == 401 or (reply.status >= 400 and b"NotAuthorized" in reply.body and b"Fault" in reply.body)
