"""Is this export unchanged? The file streams through the verifier; nothing of it is kept."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator
from typing import Annotated, Any, BinaryIO

from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect

from vms.errors import KeyUnavailable
from vms.export_certificate import ExportSealer
from vms.signing import SiteSigner
from web.audit_trail import Actor
from web.bundle.verify import Verdict, verify_export
from web.deps import ServicesDep, needs
from web.problems import Problem
from web.services import Services

router = APIRouter(prefix="/api/controle", tags=["requests"])

MAX_AT_ONCE = 2
_slots = asyncio.Semaphore(MAX_AT_ONCE)
_GATHER_BYTES = 1 << 20


@router.post("")
async def check(
    request: Request, services: ServicesDep, actor: Annotated[Actor, needs("exports.check")]
) -> dict[str, Any]:
    """Body: the zip of an export, one video of it or a fragment, as it is. own_key: this site signed or sealed it."""
    if _slots.locked():
        raise Problem("busy", headers={"Retry-After": "20"})
    async with _slots:
        key = await run_in_threadpool(_own_key, services)
        verdict = await _verified(request.stream(), key)
    sealed = verdict.certificate_sha256
    own = key is not None if verdict.is_package else await run_in_threadpool(_is_own, services, sealed)
    answer = verdict.as_json() | {"own_key": own}

    def audit() -> None:
        about = verdict.about.get("id", "")
        codes = ",".join(sorted({one.code for one in verdict.findings}))
        case = verdict.about.get("case_number", "")
        services.trail.allow(
            actor, "export.check", f"export:{about}", intact=int(verdict.is_intact), findings=codes, reference=case
        )

    await run_in_threadpool(audit)
    return answer


def _own_key(services: Services) -> str | None:
    """None: this site never signed anything."""
    try:
        return SiteSigner(services.config.signing_key_file).public.hex()
    except KeyUnavailable:
        return None


def _is_own(services: Services, certificate_sha256: str) -> bool:
    """Did this site's certificate seal that video?"""
    try:
        return ExportSealer(services.config.export_key_file).certificate_sha256 == certificate_sha256
    except KeyUnavailable:
        return False


async def _verified(chunks: AsyncIterator[bytes], key: str | None) -> Verdict:
    """A pipe between the request and the verifier's thread: neither runs ahead of the other."""
    read_end, write_end = os.pipe()
    reading = asyncio.create_task(run_in_threadpool(_read, os.fdopen(read_end, "rb"), key))
    try:
        await _pour(chunks, os.fdopen(write_end, "wb", buffering=0))
    finally:
        verdict = await reading
    return verdict


def _read(file: BinaryIO, key: str | None) -> Verdict:
    with file:
        return verify_export(file, key)


async def _pour(chunks: AsyncIterator[bytes], pipe: BinaryIO) -> None:
    """The verifier may know enough before the end; the rest is received and dropped."""
    waiting, is_open = bytearray(), True
    try:
        async for chunk in chunks:
            waiting += chunk if is_open else b""
            if len(waiting) >= _GATHER_BYTES:
                is_open = await run_in_threadpool(_write, pipe, bytes(waiting))
                waiting.clear()
        if is_open:
            await run_in_threadpool(_write, pipe, bytes(waiting))
    except ClientDisconnect as error:
        raise Problem("too_slow") from error
    finally:
        with contextlib.suppress(OSError):
            pipe.close()


def _write(pipe: BinaryIO, data: bytes) -> bool:
    """False: nobody reads any more."""
    view = memoryview(data)
    try:
        while view:
            view = view[pipe.write(view) :]
    except BrokenPipeError:
        return False
    return True
