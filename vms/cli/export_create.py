"""What `vms export create` does: checks what was asked, enters it in the register, makes the export."""

import getpass
import secrets
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

from vms.cli.options import open_store
from vms.clock import SystemClock, now_utc
from vms.config import SiteConfig
from vms.errors import ConfigError, StorageError
from vms.rules.requests import NewRequest
from vms.store import Store, audit, requests
from vms.store.audit import AuditEntry
from vms.units import us_from_utc, utc_from_us
from web.bundle.make import MadeBundle
from web.bundle.order import BundleOrder
from web.bundle.stages import NamelessStage
from web.bundle.workshop import MAX_CAMERAS, MAX_SPAN, Workshop
from web.live.own_clips import own_clips

_MAX_CHARS = 80


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """As they were typed."""

    cameras: tuple[str, ...]
    start: str
    end: str
    case: str
    basis: str
    requester: str
    organisation: str
    recipient: str
    approver: str
    is_watermarked: bool


def create_export(site: SiteConfig, wishes: Wishes, out: Path) -> tuple[int, MadeBundle]:
    """(number in the register, what was made). Raises ConfigError, UitkijkError."""
    who = f"cli:{getpass.getuser()}"
    problems = [*_text_problems(wishes), *_camera_problems(site, wishes.cameras)]
    if wishes.approver == who:
        problems.append("--approver: must be somebody else than who makes it")
    if wishes.is_watermarked and not wishes.recipient:
        problems.append("--watermark: needs --recipient, whose name it is")
    if out.exists():
        problems.append(f"--out {out}: exists already; choose another name")
    if problems:
        raise ConfigError(problems)
    order = _order(wishes, who)
    out = out.absolute()
    with open_store(site) as store, NamelessStage(out.parent) as stage:
        workshop = Workshop(site, store, SystemClock(), lambda: own_clips(site, store))
        try:
            workshop.prepare(order, out.parent)
            request_id = _register(store, order)
            order = replace(order, request_id=request_id)
            return request_id, workshop.make(out, order, stage, lambda _: None, threading.Event())
        except OSError as error:
            raise StorageError(f"--out {out}: cannot write it: {error.strerror}") from error


def _order(wishes: Wishes, who: str) -> BundleOrder:
    from_us, to_us = _span(wishes.start, wishes.end)
    return BundleOrder(
        id=secrets.token_urlsafe(18),
        cameras=wishes.cameras,
        profile="main",
        from_us=from_us,
        to_us=to_us,
        case_number=wishes.case,
        legal_basis=wishes.basis,
        organisation=wishes.organisation,
        requester=wishes.requester,
        recipient=wishes.recipient,
        approver=wishes.approver,
        made_by=who,
        is_watermarked=wishes.is_watermarked,
        is_unmasked=False,
        request_id=None,
    )


def _text_problems(wishes: Wishes) -> Iterator[str]:
    texts = {
        "--case": wishes.case,
        "--basis": wishes.basis,
        "--requester": wishes.requester,
        "--organisation": wishes.organisation,
        "--recipient": wishes.recipient,
        "--approver": wishes.approver,
    }
    for name, text in texts.items():
        if name in ("--case", "--basis") and not text:
            yield f"{name}: must not be empty"
        if not text.isprintable():
            yield f"{name}: holds a character that cannot be printed"
        if len(text) > _MAX_CHARS:
            yield f"{name}: is longer than {_MAX_CHARS} characters"


def _camera_problems(site: SiteConfig, cameras: tuple[str, ...]) -> Iterator[str]:
    yield from (f"--camera {one}: there is no such camera" for one in cameras if site.camera(one) is None)
    if len(cameras) > MAX_CAMERAS:
        yield f"--camera: at most {MAX_CAMERAS} in one export"


def _span(start: str, end: str) -> tuple[int, int]:
    """Raises ConfigError."""
    from_at, to_at = _moment("--from", start), _moment("--to", end)
    if to_at <= from_at:
        raise ConfigError(["--to: must lie after --from"])
    if to_at - from_at > MAX_SPAN:
        raise ConfigError([f"--to: an export is at most {MAX_SPAN // timedelta(hours=1)} hours long"])
    if to_at > now_utc(SystemClock()):
        raise ConfigError(["--to: lies in the future"])
    return us_from_utc(from_at), us_from_utc(to_at)


def _moment(option: str, text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ConfigError([f"{option} {text}: not a time; give ISO 8601, e.g. 2026-11-14T13:58:10+01:00"]) from error
    if at.tzinfo is None:
        raise ConfigError([f"{option} {text}: has no zone; add Z or for example +01:00"])
    return at.astimezone(UTC)


def _register(store: Store, order: BundleOrder) -> int:
    """Who runs a command on the server needs nobody's permission, so the register says who did it."""
    now = now_utc(SystemClock())
    new = NewRequest(
        organisation=order.organisation,
        requester=order.requester,
        case_number=order.case_number,
        legal_basis=order.legal_basis,
        recipient=order.recipient,
        cameras=order.cameras,
        start_at=utc_from_us(order.from_us),
        end_at=utc_from_us(order.to_us),
        note="vms export create",
        unmasked=False,
        created_by=order.made_by,
    )
    with store.transaction() as tx:
        made = requests.create(tx, new, now)
        requests.decide(tx, made.id, "granted", order.approver or None, "vms export create", now)
        entry = AuditEntry(
            at=now,
            actor=order.made_by,
            roles=(),
            action="export.create",
            object=f"request:{made.id}",
            result="allowed",
            detail={
                "reference": order.case_number,
                "cameras": ",".join(order.cameras),
                "recipient": order.recipient,
                "from_us": order.from_us,
                "to_us": order.to_us,
                "approver": order.approver,
            },
        )
        audit.append(tx, entry)
    return made.id
