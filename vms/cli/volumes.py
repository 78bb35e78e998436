"""`vms volumes list|forget`: the disks that the catalog knows, and saying of one that it is lost for good."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer

from vms.cli import EXIT_FAILED
from vms.cli.options import ConfigOption, JsonOption, answer, open_store, read_config
from vms.clock import SystemClock, now_utc
from vms.config import SiteConfig
from vms.errors import ConfigError, Refused, StorageError
from vms.store import Store, audit, catalog, volumes
from vms.store.audit import AuditEntry
from vms.store.catalog import CatalogVolume
from vms.store.volumes import Contents, HeldThere
from vms.volume import mounted, read_marker
from vms.volume_space import measure

log = logging.getLogger(__name__)

volumes_app = typer.Typer(no_args_is_help=True, help="The disks that hold footage.")


@dataclass(frozen=True, slots=True)
class _Known:
    """mounted_at: None when its marker is at no configured path."""

    volume: CatalogVolume
    mounted_at: Path | None
    contents: Contents
    held: Sequence[HeldThere]


@volumes_app.command("list")
def list_volumes(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Every disk that the catalog knows: where it was, whether it is there, and the footage on it."""
    site = read_config(config)
    with open_store(site) as store:
        known = _known(site, store)
    lines = [line for one in known for line in _lines(one)]
    answer([_as_dict(one) for one in known], lines or ["no volumes yet"], as_json=as_json)


@volumes_app.command("forget")
def forget(
    uuid: Annotated[str, typer.Argument(help="As `vms volumes list` shows it.")],
    config: ConfigOption = None,
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Do it; without this, only say what would be lost.")
    ] = False,
    lose_held: Annotated[bool, typer.Option("--lose-held", help="Also though held footage is lost with it.")] = False,
    reason: Annotated[str, typer.Option(help="What happened to the disk; stands in the audit log.")] = "",
    as_json: JsonOption = False,
) -> int:
    """Give up a disk that will never come back, so that an empty one may take its place. The system may run meanwhile.

    The footage on it becomes a gap with its reason (`volume_lost`) and stands in the ledger. It cannot be undone.
    Exit code 1 when something would be lost and --confirm is missing.
    """
    site = read_config(config)
    with open_store(site) as store:
        one = next((known for known in _known(site, store) if known.volume.uuid == uuid), None)
        if one is None:
            raise ConfigError([f"no volume {uuid}; see `vms volumes list`"])
        if one.mounted_at is not None:
            raise Refused(f"volume {uuid} is there, at {one.mounted_at}: only one that is gone can be forgotten")
        if not confirm:
            ask = "nothing changed; to go on: --confirm --reason TEXT" + (" --lose-held" if one.held else "")
            place = f"{one.volume.path} now: {_what_is_at(Path(one.volume.path))}"
            answer(_as_dict(one), [*_lines(one), place, ask], as_json=as_json)
            return EXIT_FAILED
        _refuse_lightly(one, reason, lose_held=lose_held)
        lost = _forget(store, one, reason)
    _, *held = _lines(one)
    value = {**_as_dict(one), "lost_segments": lost}
    answer(value, [f"{uuid}: given up; {lost} segments are lost", *held], as_json=as_json)
    return 0


def _refuse_lightly(one: _Known, reason: str, *, lose_held: bool) -> None:
    """Raises ConfigError, Refused."""
    if not reason.strip():
        raise ConfigError(["--reason: say what happened to the disk; it stands in the audit log"])
    if one.held and not lose_held:
        cases = ", ".join(f"hold {there.hold.id} ({there.hold.case_number})" for there in one.held)
        raise Refused(f"held footage would be lost: {cases}; tell who asked for it, then add --lose-held")


def _forget(store: Store, one: _Known, reason: str) -> int:
    """Also goes on with one that was given up and not written off to the end."""
    now = now_utc(SystemClock())
    uuid = one.volume.uuid
    with store.transaction() as tx:
        audit.append(tx, _entry("volumes.forget", f"volume:{uuid}", one, reason))
        for there in one.held:
            audit.append(tx, _entry("holds.footage_lost", f"hold:{there.hold.id}", one, reason))
        volumes.give_up(tx, uuid, now)
    lost = 0
    while True:
        with store.transaction() as tx:
            number = volumes.write_off(tx, uuid, now)
        if not number:
            break
        lost += number
    fields = {"volume": uuid, "path": one.volume.path, "segments": lost, "held": len(one.held)}
    log.error("volume_given_up", extra=fields)
    return lost


def _entry(action: str, of: str, one: _Known, reason: str) -> AuditEntry:
    cases = ", ".join(there.hold.case_number for there in one.held)
    detail: audit.Detail = {
        "volume": one.volume.uuid,
        "path": one.volume.path,
        "segments": one.contents.segments,
        "bytes": one.contents.bytes,
        "cases": cases or None,
        "reason": reason,
    }
    at = now_utc(SystemClock())
    return AuditEntry(at=at, actor="command line", roles=(), action=action, object=of, result="allowed", detail=detail)


def _known(site: SiteConfig, store: Store) -> list[_Known]:
    there = mounted(volume.path.resolve() for volume in site.volumes)
    with store.reading() as tx:
        return [
            _Known(
                volume, there.get(volume.uuid), volumes.contents(tx, volume.uuid), volumes.held_there(tx, volume.uuid)
            )
            for volume in catalog.volumes(tx)
        ]


def _state(one: _Known) -> str:
    if one.mounted_at is not None:
        return "mounted"
    return "missing" if one.volume.given_up_at is None else "given up"


def _as_dict(one: _Known) -> dict[str, object]:
    first, end = one.contents.first_at, one.contents.end_at
    return {
        "uuid": one.volume.uuid,
        "path": one.volume.path,
        "state": _state(one),
        "given_up_at": one.volume.given_up_at.isoformat() if one.volume.given_up_at else None,
        "cameras": one.contents.cameras,
        "segments": one.contents.segments,
        "bytes": one.contents.bytes,
        "from": first.isoformat() if first else None,
        "to": end.isoformat() if end else None,
        "held": [
            {"hold": held.hold.id, "case": held.hold.case_number, "segments": held.segments, "bytes": held.bytes}
            for held in one.held
        ],
    }


def _lines(one: _Known) -> list[str]:
    lines = [f"{one.volume.uuid}  {one.volume.path}  {_state(one)}  {_footage(one.contents)}"]
    for held in one.held:
        hold = held.hold
        what = f"{held.segments} segments, {held.bytes / 1e9:.1f} GB, of {', '.join(hold.cameras)}"
        lines.append(f"  !! HELD by {hold.requester} for case {hold.case_number} (hold {hold.id}): {what}")
    return lines


def _footage(known: Contents) -> str:
    if known.first_at is None or known.end_at is None:
        return "no footage"
    span = f"{known.first_at:%Y-%m-%d %H:%M} – {known.end_at:%Y-%m-%d %H:%M} UTC"
    return f"{known.segments} segments of {known.cameras} cameras, {known.bytes / 1e9:.1f} GB, {span}"


def _what_is_at(path: Path) -> str:
    """For who is about to let the recorder write there."""
    try:
        return f"another volume, {read_marker(path)}"
    except StorageError:
        pass
    try:
        entries, space = any(path.iterdir()), measure(path)
    except OSError as error:
        return f"nothing to write on ({error.strerror})"
    where = "a file system of its own" if path.is_mount() else "NOT MOUNTED: part of the disk above it"
    what = "not empty" if entries else "empty"
    return f"{what}, {where}, {space.free_bytes / 1e9:.1f} GB free"
