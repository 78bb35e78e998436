"""WHEP sessions: one peer connection per tile, kept when its camera changes. All in the event loop."""

import asyncio
import logging
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import aioice.ice
from aiortc import (
    InvalidAccessError,
    InvalidStateError,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpCodecCapability,
    RTCRtpSender,
    RTCSessionDescription,
)
from aiortc.exceptions import InternalError, OperationError
from aiortc.sdp import candidate_from_sdp

from vms.clock import Clock
from vms.rules.link_quality import LinkQuality, after_report
from vms.rules.live_shards import shard_of
from vms.units import CameraId, LiveProfile
from web.live import sdp
from web.live.channel import Channel, ChannelKey, Channels
from web.live.receiver_reports import on_loss_reports
from web.live.sender import LeanSender

log = logging.getLogger(__name__)

CONNECT_TIMEOUT_S = 20.0
CONSENT_FAILURES = 4
"""Unanswered consent checks, about 5 s apart, after which a viewer is gone: 20 to 30 s."""
CLOSE_TIMEOUT_S = 5.0
SWEEP_S = 2.0
REPAIR_PERIOD_S = 1.0
NEGOTIATION_ERRORS = (
    InvalidAccessError,
    InvalidStateError,
    InternalError,
    OperationError,
    ValueError,
    KeyError,
    IndexError,
    AttributeError,
    AssertionError,
    OSError,
)


NEGOTIATIONS_AT_ONCE = 4
"""Each keeps the event loop busy for milliseconds at a time; pictures go out between them."""
MAX_CONNECTING_PER_USER = 60
"""Offers of one user whose connection does not stand yet: two walls that reconnect, and a flood stops there."""


class TooManyViewers(Exception):
    """The limit of [live] max_viewers is reached (HTTP 503)."""


class TooManyOffers(Exception):
    """This user opens connections and does not use them (HTTP 429)."""


class NoSession(LookupError):
    """There is no such session (any more) (HTTP 404)."""


def use_addresses(addresses: Sequence[str]) -> None:
    """Offer these addresses to browsers and no other: never the camera VLAN's. aioice's own list skips loopback.

    The only place that changes aioice; call once per process.
    """
    chosen = list(addresses)

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        return [address for address in chosen if (use_ipv6 if ":" in address else use_ipv4)]

    aioice.ice.get_host_addresses = get_host_addresses
    aioice.ice.CONSENT_FAILURES = CONSENT_FAILURES


def ids_of(shard: int, processes: int) -> Callable[[], str]:
    """Makes session ids, unguessable, that tell whoever knows the rule which process has the session."""

    def new_id() -> str:
        while shard_of(found := str(uuid.uuid4()), processes) != shard:
            pass
        return found

    return new_id


def h264_preferences() -> list[RTCRtpCodecCapability]:
    """H.264 only, constrained baseline first, with retransmission."""
    codecs = RTCRtpSender.getCapabilities("video").codecs
    h264 = [codec for codec in codecs if codec.mimeType == "video/H264"]
    h264.sort(key=lambda codec: codec.parameters.get("profile-level-id") != "42e01f")
    return h264 + [codec for codec in codecs if codec.mimeType == "video/rtx"]


@dataclass(frozen=True, slots=True)
class Answer:
    session: str
    sdp: str


@dataclass(slots=True, eq=False)
class WhepSession:
    """One viewer. channel changes on a swap, the peer connection stays.

    wanted: what the viewer asked for; channel is a smaller one while the connection cannot carry that.
    """

    id: str
    user: str
    peer: RTCPeerConnection
    sender: LeanSender
    channel: Channel
    wanted: ChannelKey
    created_s: float
    remote_ufrag: str | None
    connected: bool = False
    closed: bool = False
    repaired_s: float = float("-inf")
    quality: LinkQuality = field(default_factory=LinkQuality)

    @property
    def is_reduced(self) -> bool:
        return self.channel.key != self.wanted


class WhepSessions:
    def __init__(
        self, channels: Channels, clock: Clock, max_viewers: int, new_id: Callable[[], str] = lambda: str(uuid.uuid4())
    ) -> None:
        self._new_id = new_id
        self._channels = channels
        self._clock = clock
        self._max_viewers = max_viewers
        self._sessions: dict[str, WhepSession] = {}
        self._closing: set[asyncio.Task[None]] = set()
        self._sweeper: asyncio.Task[None] | None = None
        self._negotiating = asyncio.Semaphore(NEGOTIATIONS_AT_ONCE)

    def start(self) -> None:
        self._sweeper = asyncio.create_task(self._sweep())

    async def stop(self) -> None:
        if self._sweeper is not None:
            self._sweeper.cancel()
        for session in list(self._sessions.values()):
            self._drop(session)
        if self._closing:
            await asyncio.wait(set(self._closing), timeout=CLOSE_TIMEOUT_S)

    def all(self) -> list[WhepSession]:
        return list(self._sessions.values())

    @property
    def closing(self) -> int:
        """Connections that are being taken down."""
        return len(self._closing)

    def get(self, session_id: str) -> WhepSession:
        """Raises NoSession."""
        try:
            return self._sessions[session_id]
        except KeyError as error:
            raise NoSession(session_id) from error

    async def create(self, camera_id: CameraId, profile: LiveProfile, offer: str, user: str) -> Answer:
        """Raises sdp.OfferRefused, TooManyViewers, TooManyOffers, KeyError for an unknown camera."""
        self._check_room(user)
        usable = sdp.usable_offer(offer)
        peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        transceiver = peer.addTransceiver("video", direction="sendonly")
        transceiver.setCodecPreferences(h264_preferences())
        session_id = self._new_id()
        sender = LeanSender(
            transceiver.sender, self._clock, lambda: self._ready(session_id), lambda: self._repair(session_id)
        )
        on_loss_reports(transceiver.sender, lambda loss: self._heard(session_id, loss))
        channel, now_s = self._channels.open(camera_id, profile), self._clock.monotonic_s()
        session = WhepSession(
            session_id, user, peer, sender, channel, (camera_id, profile), now_s, sdp.ice_ufrag(usable)
        )
        self._sessions[session_id] = session
        peer.add_listener("connectionstatechange", lambda: self._state_changed(session))
        try:
            async with self._negotiating:
                await peer.setRemoteDescription(RTCSessionDescription(usable, "offer"))
                answer = await peer.createAnswer()
                if answer is None:
                    raise sdp.OfferRefused("no answer could be made")
                await peer.setLocalDescription(answer)
        except NEGOTIATION_ERRORS as error:
            self._drop(session)
            raise sdp.OfferRefused(f"the offer could not be answered: {error}") from error
        return Answer(session_id, sdp.finished_answer(peer.localDescription.sdp))

    def _check_room(self, user: str) -> None:
        if len(self._sessions) >= self._max_viewers:
            raise TooManyViewers("as many people watch as [live] max_viewers allows")
        connecting = sum(not session.connected and session.user == user for session in self._sessions.values())
        if connecting >= MAX_CONNECTING_PER_USER:
            raise TooManyOffers(f"{connecting} connections of {user} do not stand yet")

    def swap(self, session_id: str, camera_id: CameraId, profile: LiveProfile) -> int | None:
        """Another camera over the same connection. Raises NoSession, KeyError for an unknown camera.

        Returns the RTP timestamp after which every picture is of this camera; None when that is not known.
        """
        session = self.get(session_id)
        return self._show(session, (camera_id, profile))

    def _show(self, session: WhepSession, wanted: ChannelKey) -> int | None:
        channel = self._channels.open(*self._affordable(wanted, session.quality))
        session.wanted = wanted
        if channel is session.channel:
            self._channels.close(channel)
            return None
        last = session.sender.rtp_timestamp if session.connected else None
        self._detach(session)
        session.channel = channel
        session.sender.restart()
        if session.connected:
            self._attach(session)
        return last

    def _affordable(self, wanted: ChannelKey, quality: LinkQuality) -> ChannelKey:
        """What a connection of this quality can carry of it."""
        camera_id, profile = wanted
        if profile == "hero" and quality.is_reduced and self._channels.has_smaller(camera_id):
            return camera_id, "tile"
        return wanted

    def _heard(self, session_id: str, loss: float) -> None:
        """Down to the small stream and up again, over the same connection."""
        session = self._sessions.get(session_id)
        if session is None or not session.connected:
            return
        was = session.quality
        session.quality = after_report(was, loss, self._clock.monotonic_s())
        if session.quality.is_reduced != was.is_reduced:
            camera_id, _ = session.wanted
            log.info("viewer_quality", extra={"camera": camera_id, "reduced": session.quality.is_reduced})
            self._show(session, session.wanted)

    async def add_candidates(self, session_id: str, fragment: str) -> None:
        """Raises NoSession, sdp.OfferRefused (IceRestartRefused: aiortc cannot do it)."""
        session = self.get(session_id)
        ufrag = sdp.ice_ufrag(fragment)
        if ufrag is not None and ufrag != session.remote_ufrag:
            raise sdp.IceRestartRefused("ICE restart is not supported; open a new session")
        for line in sdp.fragment_candidates(fragment):
            try:
                candidate = candidate_from_sdp(line.removeprefix("candidate:"))
                candidate.sdpMid, candidate.sdpMLineIndex = "0", 0
                await session.peer.addIceCandidate(candidate)
            except NEGOTIATION_ERRORS as error:
                raise sdp.OfferRefused(f"a candidate is malformed: {error}") from error

    def delete(self, session_id: str) -> None:
        """Raises NoSession."""
        self._drop(self.get(session_id))

    def _ready(self, session_id: str) -> None:
        session = self._sessions.get(session_id)
        if session is not None:
            session.connected = True
            self._attach(session)

    def _attach(self, session: WhepSession) -> None:
        gop = session.channel.gop
        if gop:
            session.sender.send_gop(gop)
        else:
            self._channels.request_keyframe(session.channel)
        session.channel.viewers.add(session.sender)

    def _detach(self, session: WhepSession) -> None:
        session.channel.viewers.discard(session.sender)
        self._channels.close(session.channel)

    def _repair(self, session_id: str) -> None:
        """The viewer lost its picture: the current group again, or a new keyframe."""
        session = self._sessions.get(session_id)
        now_s = self._clock.monotonic_s()
        if session is None or not session.connected or now_s - session.repaired_s < REPAIR_PERIOD_S:
            return
        session.repaired_s = now_s
        if session.channel.gop:
            session.sender.send_gop(session.channel.gop)
        self._channels.request_keyframe(session.channel)

    def _state_changed(self, session: WhepSession) -> None:
        if session.peer.connectionState in ("failed", "closed"):
            self._drop(session)

    def _drop(self, session: WhepSession) -> None:
        if session.closed:
            return
        session.closed = True
        self._sessions.pop(session.id, None)
        self._detach(session)
        task = asyncio.create_task(self._close(session.peer))
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    async def _close(self, peer: RTCPeerConnection) -> None:
        try:
            await asyncio.wait_for(peer.close(), CLOSE_TIMEOUT_S)
        except (TimeoutError, ConnectionError) as error:
            log.warning("viewer_not_closed", extra={"detail": type(error).__name__})

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_S)
            self._free_unconnected()

    def _free_unconnected(self) -> None:
        now_s = self._clock.monotonic_s()
        for session in self.all():
            if not session.connected and now_s - session.created_s > CONNECT_TIMEOUT_S:
                self._drop(session)
