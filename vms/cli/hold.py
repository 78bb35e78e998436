"""`vms hold create|list|extend|release`: secure footage beyond its 28 days, and let go of it again.

Whoever has this command has the server; an evidence officer's account is named with `--by`, and must be one.
"""

import getpass
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from vms.cli import EXIT_FAILED
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.config import SiteConfig
from vms.errors import ConfigError
from vms.placement_file import PlacementBook
from vms.rules.access import Allow, decide_at_all, decide_on
from vms.rules.grants import Rights
from vms.rules.holds import BASES, HoldRequest, Missing
from vms.store import Transaction, audit, evidence, grants, holding, holds, users
from vms.store.audit import AuditEntry
from vms.store.evidence import Secured
from vms.store.holding import HoldRefused
from vms.store.holds import EvidenceHold
from vms.units import us_from_utc, utc_from_us

hold_app = typer.Typer(no_args_is_help=True, help="Evidence holds: footage that must outlive its 28 days.")

_REVIEW_AFTER = timedelta(days=90)
_OPTIONS = {
    "cameras": "--camera",
    "from": "--from",
    "to": "--to",
    "case_number": "--case",
    "basis": "--basis",
    "legal_basis": "--basis",
    "requester": "--requester",
    "review": "--review",
    "by": "--by",
}
HoldArgument = Annotated[int, typer.Argument(help="Its number, as `vms hold list` shows it.", min=1)]
ByOption = Annotated[
    str | None, typer.Option("--by", help="The evidence officer who does it. Default: this shell's login name.")
]
ReviewOption = Annotated[
    str | None, typer.Option("--review", help="When somebody looks whether it is still needed; default in 90 days.")
]


@hold_app.command("create")
def create(
    camera: Annotated[list[str], typer.Option("--camera", help="Camera id; repeat for more.")],
    start: Annotated[str, typer.Option("--from", help="ISO 8601 with a zone, e.g. 2026-11-22T13:00:00Z.")],
    end: Annotated[str, typer.Option("--to", help="The same; exclusive, and not in the future.")],
    case: Annotated[str, typer.Option("--case", help="Number under which police registered the case.")],
    basis: Annotated[str, typer.Option("--basis", help=f"Legal basis: {', '.join(BASES[:-1])}, or in words.")],
    config: ConfigOption = None,
    requester: Annotated[str, typer.Option("--requester", help="Who asked for it. Default: who does it.")] = "",
    review: ReviewOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set a hold. What of the interval it cannot keep is listed; nothing that had expired comes back."""
    site = read_config(config)
    now = now_utc(SystemClock())
    is_choice = basis in BASES
    with open_store(site) as store, store.transaction() as tx:
        actor = _actor(tx, site, by, camera, now)
        request = HoldRequest(
            cameras=tuple(camera),
            start_at=_moment(start, "--from"),
            end_at=_moment(end, "--to"),
            case_number=case,
            basis=basis if is_choice else "other",
            legal_basis="" if is_choice else basis,
            requester=requester or actor,
            review_at=now + _REVIEW_AFTER if review is None else _moment(review, "--review"),
        )
        try:
            placed = holding.place(
                tx, request, [c.id for c in site.cameras], actor, now, site.terms, site.retention.ahead
            )
        except HoldRefused as error:
            raise _usage(error) from error
        _note(tx, actor, "holds.create", placed.hold, now)
    value = {**_value(placed.hold, Secured()), "missing": [_lack(lack) for lack in placed.missing]}
    answer(
        value,
        [f"hold {placed.hold.id} set; retention copies its footage now", *_lines(placed.missing)],
        as_json=as_json,
    )


@hold_app.command("list")
def list_holds(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every hold, the newest first: requested, secured, released."""
    now = now_utc(SystemClock())
    with open_store(read_config(config)) as store, store.reading() as tx:
        known, secured = holds.everything(tx), evidence.secured(tx)
    lines = [line for hold in known for line in _text(hold, secured.get(hold.id, Secured()), now)]
    value = [_value(hold, secured.get(hold.id, Secured())) for hold in known]
    answer(value, lines or ["nothing is held"], as_json=as_json)


@hold_app.command("extend")
def extend(
    hold: HoldArgument,
    config: ConfigOption = None,
    end: Annotated[str | None, typer.Option("--to", help="A later end, ISO 8601 with a zone.")] = None,
    review: ReviewOption = None,
    by: ByOption = None,
    as_json: JsonOption = False,
) -> None:
    """Give a hold a later end, a later review, or both."""
    if end is None and review is None:
        raise ConfigError(["--to, --review: give at least one of them"])
    site = read_config(config)
    now = now_utc(SystemClock())
    with open_store(site) as store, store.transaction() as tx:
        actor = _actor(tx, site, by, _cameras(tx, hold), now)
        end_at = None if end is None else _moment(end, "--to")
        review_at = None if review is None else _moment(review, "--review")
        try:
            placed = holding.extend(tx, hold, end_at, review_at, now, site.terms, site.retention.ahead)
        except HoldRefused as error:
            raise _usage(error) from error
        _note(tx, actor, "holds.extend", placed.hold, now)
    value = {**_value(placed.hold, Secured()), "missing": [_lack(lack) for lack in placed.missing]}
    line = f"hold {hold} until {placed.hold.end_at:%Y-%m-%d %H:%M:%S} UTC, review {placed.hold.review_at:%Y-%m-%d}"
    answer(value, [line, *_lines(placed.missing)], as_json=as_json)


@hold_app.command("release")
def release(hold: HoldArgument, config: ConfigOption = None, by: ByOption = None, as_json: JsonOption = False) -> int:
    """Let go: key and copies are erased in the next round. By a second person. Exit code 1 when it is the same one."""
    site = read_config(config)
    now = now_utc(SystemClock())
    with open_store(site) as store:
        try:
            with store.transaction() as tx:
                actor = _actor(tx, site, by, _cameras(tx, hold), now)
                released = holding.release(tx, hold, actor, now)
                _note(tx, actor, "holds.release", released, now)
        except HoldRefused as error:
            typer.echo(str(error), err=True)
            return EXIT_FAILED
    answer(
        _value(released, Secured()), [f"hold {hold} released; its copies are erased in the next round"], as_json=as_json
    )
    return 0


def _cameras(tx: Transaction, hold_id: int) -> tuple[str, ...]:
    """None of a hold that never was: that is refused later."""
    hold = holds.get(tx, hold_id)
    return hold.cameras if hold else ()


def _actor(tx: Transaction, site: SiteConfig, by: str | None, cameras: Sequence[str], now: datetime) -> str:
    """Raises ConfigError: no such account, or no evidence officer's for each of these cameras."""
    if by is None:
        return f"command line ({getpass.getuser()})"
    user = users.by_name(tx, by)
    rights = grants.rights_of(tx, user.username, user.roles, now) if user else Rights(frozenset())
    if user is None or not user.active or not isinstance(decide_at_all(rights, "holds.set"), Allow):
        raise ConfigError([f"--by {by[:80]!r}: no active account of an evidence officer; see `vms users list`"])
    beyond = _beyond(site, rights, cameras)
    if beyond:
        raise ConfigError(
            [f"--by {by!r}: no evidence officer of {', '.join(beyond)[:400]}; see `vms users grants {by}`"]
        )
    return user.username


def _beyond(site: SiteConfig, rights: Rights, cameras: Sequence[str]) -> list[str]:
    """Cameras for which the role is not held, as they hang now. One that left the configuration is in no group."""
    hanging = PlacementBook(site)
    groups = {camera.id: (camera.area, camera.purpose) for camera in map(hanging.now, site.cameras)}
    return [
        camera
        for camera in cameras
        if not isinstance(decide_on(rights, "holds.set", *groups.get(camera, ("", ""))), Allow)
    ]


def _moment(text: str, option: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        problem = f"{option} {text[:40]!r}: not a time; write it like 2026-11-22T13:00:00Z"
        raise ConfigError([problem]) from error
    raise ConfigError([f"{option} {text[:40]!r}: has no zone; add Z or for example +01:00"])


def _usage(error: HoldRefused) -> ConfigError:
    return ConfigError([f"{_OPTIONS[problem.field]}: {problem.en}" for problem in error.problems])


def _note(tx: Transaction, actor: str, action: str, hold: EvidenceHold, now: datetime) -> None:
    detail: dict[str, str | int | None] = {
        "camera": ", ".join(hold.cameras)[:400],
        "from_us": us_from_utc(hold.start_at),
        "to_us": us_from_utc(hold.end_at),
        "reference": hold.case_number,
        "basis": f"{hold.basis}: {hold.legal_basis}",
        "requester": hold.requester,
        "review_us": us_from_utc(hold.review_at),
    }
    entry = AuditEntry(
        at=now, actor=actor, roles=(), action=action, object=f"hold:{hold.id}", result="allowed", detail=detail
    )
    audit.append(tx, entry)


def _value(hold: EvidenceHold, secured: Secured) -> dict[str, Any]:
    return {
        "id": hold.id,
        "state": hold.state,
        "cameras": list(hold.cameras),
        "from": hold.start_at.isoformat(),
        "to": hold.end_at.isoformat(),
        "case_number": hold.case_number,
        "basis": hold.basis,
        "legal_basis": hold.legal_basis,
        "requester": hold.requester,
        "created_by": hold.created_by,
        "created": hold.created_at.isoformat(),
        "review": hold.review_at.isoformat(),
        "secured": hold.secured_at and hold.secured_at.isoformat(),
        "root": hold.secured_root,
        "released": hold.released_at and hold.released_at.isoformat(),
        "released_by": hold.released_by,
        "erased": hold.erased_at and hold.erased_at.isoformat(),
        "problem": hold.problem,
        "files": secured.files,
        "bytes": secured.bytes,
        "damaged": secured.damaged,
    }


def _text(hold: EvidenceHold, secured: Secured, now: datetime) -> list[str]:
    span = f"{hold.start_at:%Y-%m-%d %H:%M:%S} – {hold.end_at:%Y-%m-%d %H:%M:%S} UTC"
    lines = [f"{hold.id}  {hold.state}  {hold.case_number}  {', '.join(hold.cameras)}  {span}"]
    lines.append(f"   {secured.files} files, {secured.bytes} bytes; set by {hold.created_by} for {hold.requester}")
    if hold.secured_root is not None:
        lines.append(f"   hash {hold.secured_root}")
    if secured.damaged:
        lines.append(f"   !! {secured.damaged} originals did not fit their hash any more when they were copied")
    if hold.problem:
        lines.append(f"   !! {hold.problem}")
    if hold.released_at is None and hold.review_at <= now:
        lines.append(f"   !! review was due on {hold.review_at:%Y-%m-%d}: extend or release it")
    return lines


def _lack(lack: Missing) -> dict[str, Any]:
    start, end = utc_from_us(lack.start_us), utc_from_us(lack.end_us)
    return {"camera": lack.camera_id, "from": start.isoformat(), "to": end.isoformat(), "reason": lack.reason}


def _lines(missing: Sequence[Missing]) -> list[str]:
    return [
        f"  not kept: {lack.camera_id} {utc_from_us(lack.start_us):%Y-%m-%d %H:%M:%S} – "
        f"{utc_from_us(lack.end_us):%Y-%m-%d %H:%M:%S} UTC ({lack.reason})"
        for lack in missing
    ]
