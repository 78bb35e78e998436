"""Recorded footage: masked by `live` as it was in force then, or the decrypted original of a camera without masks."""

from collections.abc import Iterator
from contextlib import AsyncExitStack
from typing import Annotated, BinaryIO

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from recorder.footage_from import footage_from
from vms.errors import FootageExpired
from vms.store.catalog import Segment
from vms.units import us_from_utc, utc_from_us
from web.api.consultations import Consulting, ConsultingDep
from web.byte_range import ByteRange, parse_range
from web.deps import ServicesDep
from web.mask_need import mask_need
from web.services import Services

router = APIRouter(prefix="/api", tags=["footage"])

_MP4 = "video/mp4"
_CHUNK_BYTES = 256 * 1024


@router.get("/media/{segment}", response_class=Response, responses={200: {"content": {_MP4: {}}}})
async def media(
    request: Request,
    segment: Annotated[int, Path(ge=1, le=2**53)],
    services: ServicesDep,
    consulting: ConsultingDep,
    from_us: Annotated[int, Query(ge=0, le=2**53)] = 0,
) -> Response:
    """Fragmented MP4. Range for originals. 403 no right, 410 retention is over, 404 never was.

    from_us: who seeks needs no picture before the keyframe at or before this moment.
    """
    found = await run_in_threadpool(checked_segment, services, consulting, segment)
    if await run_in_threadpool(_needs_masks, services, found):
        return await _masked(services, found, from_us)
    if from_us > us_from_utc(found.start_at):
        return await run_in_threadpool(_original_from, services, found, from_us)
    return await run_in_threadpool(_original, services, found, request.headers.get("range"))


@router.get("/media/{segment}/thumbnail", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def thumbnail(
    segment: Annotated[int, Path(ge=1, le=2**53)],
    at_us: Annotated[int, Query(ge=0, le=2**53)],
    services: ServicesDep,
    consulting: ConsultingDep,
) -> Response:
    """Small, masked, of the keyframe at or before the moment. In the audit log as a view of its segment."""
    found = await run_in_threadpool(checked_segment, services, consulting, segment)
    still = await services.live.footage_still(found.camera_id, segment, "thumbnail", at_us)
    headers = {"X-Mask": still.mask, "X-Taken-Us": str(still.taken_us), "Cache-Control": "no-store"}
    return Response(still.jpeg, headers=headers, media_type="image/jpeg")


@router.get("/media/{segment}/photo", response_class=Response, responses={200: {"content": {"image/jpeg": {}}}})
async def photo(
    segment: Annotated[int, Path(ge=1, le=2**53)],
    at_us: Annotated[int, Query(ge=0, le=2**53)],
    services: ServicesDep,
    consulting: ConsultingDep,
) -> Response:
    """The picture of that moment, masked, in full size. Each is a row of the audit log."""

    def checked() -> Segment:
        found = checked_segment(services, consulting, segment)
        services.reach.require(consulting.actor, "footage.export", found.camera_id)  # it is taken along
        services.trail.allow(
            consulting.actor,
            "footage.photo",
            f"segment:{segment}",
            camera=found.camera_id,
            at_us=at_us,
            consultation=consulting.consultation.id,
            reference=consulting.consultation.reference,
        )
        return found

    found = await run_in_threadpool(checked)
    still = await services.live.footage_still(found.camera_id, segment, "photo", at_us)
    taken = utc_from_us(still.taken_us)
    name = f"{found.camera_id}-{taken:%Y%m%dT%H%M%S}Z.jpg"
    headers = {"X-Mask": still.mask, "X-Taken-Us": str(still.taken_us), "Cache-Control": "no-store"}
    headers["Content-Disposition"] = f'attachment; filename="{name}"'
    return Response(still.jpeg, headers=headers, media_type="image/jpeg")


def _needs_masks(services: Services, segment: Segment) -> bool:
    camera = services.config.camera(segment.camera_id)
    return mask_need(services.store, camera, segment.camera_id, segment.start_at, segment.end_at).of(segment)


def checked_segment(services: Services, consulting: Consulting, segment_id: int) -> Segment:
    """Within retention or held, and in the audit log: one row per login, consultation and segment."""
    consultation = consulting.consultation
    object_ = f"segment:{segment_id}"
    try:
        segment = services.footage.segment(segment_id)
    except FootageExpired:
        services.trail.refuse(consulting.actor, "footage.view", object_, reason="expired")
        raise
    services.reach.require(consulting.actor, "footage.view", segment.camera_id)
    crossing = services.reach.crossing(consulting.actor, "footage.view", segment.camera_id)
    key = (consulting.actor.login_key, consultation.id, segment.id, crossing.get("crossing", 0))
    if key not in services.viewed:
        services.trail.allow(
            consulting.actor,
            "footage.view",
            object_,
            camera=segment.camera_id,
            profile=segment.profile,
            start_us=us_from_utc(segment.start_at),
            consultation=consultation.id,
            purpose=consultation.purpose,
            reference=consultation.reference,
            **crossing,
        )
        services.viewed.add(key)
    return segment


async def _masked(services: Services, segment: Segment, from_us: int) -> Response:
    stack = AsyncExitStack()
    chunks = await stack.enter_async_context(services.live.masked(segment.camera_id, segment.id, from_us))
    return _Relay(chunks, stack)


class _Relay(StreamingResponse):
    """A stream of live's, handed on; closed however the answer ends."""

    def __init__(self, chunks: object, stack: AsyncExitStack) -> None:
        super().__init__(chunks, media_type=_MP4, headers={"Accept-Ranges": "none"})  # type: ignore[arg-type]
        self._stack = stack

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with self._stack:
            await super().__call__(scope, receive, send)


def _original(services: Services, segment: Segment, range_header: str | None) -> Response:
    reader = services.originals.reader
    size = reader.file_size(segment)
    part = parse_range(range_header, size)
    whole = part or ByteRange(0, size, size)
    headers = {"Accept-Ranges": "bytes", "Content-Length": str(whole.length), "ETag": f'"{segment.sha256}"'}
    if part is not None:
        headers["Content-Range"] = part.content_range
    chunks = _read(reader.open(segment), whole)
    return StreamingResponse(chunks, 206 if part else 200, headers, media_type=_MP4)


def _original_from(services: Services, segment: Segment, from_us: int) -> Response:
    file = footage_from(services.originals.reader.open(segment), from_us - us_from_utc(segment.start_at))
    return StreamingResponse(_read_all(file), headers={"Accept-Ranges": "none"}, media_type=_MP4)


def _read_all(file: BinaryIO) -> Iterator[bytes]:
    with file:
        while chunk := file.read(_CHUNK_BYTES):
            yield chunk


def _read(file: BinaryIO, part: ByteRange) -> Iterator[bytes]:
    with file:
        file.seek(part.start)
        left = part.length
        while left > 0 and (chunk := file.read(min(_CHUNK_BYTES, left))):
            left -= len(chunk)
            yield chunk
