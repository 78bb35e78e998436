"""A copy of the audit log elsewhere: each row soon after it was written, and the seals under them.

How far a copy is, and the hash of its last row, stand in a file outside the database. So a copy goes on where it was,
whoever wrote rows meanwhile, and notices at once when the log is no longer the one that it copied.
"""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from vms.copy_targets import Line, Rejection, Target
from vms.durable import sync_directory
from vms.errors import StorageError
from vms.rules.chain import GENESIS, canonical_json
from vms.store import Store, audit, seals
from vms.store.audit import AuditRecord, content_of
from vms.store.seals import Seal

MOST_ROWS = 500
"""Sent at once."""
_MAX_FILE_BYTES = 4096


class LogDiffers(StorageError):
    """The log does not have the row that was copied last: it was cut, written anew, or restored from a backup."""


@dataclass(frozen=True, slots=True)
class Position:
    """seq and hash of the last row copied; seal: last row of the last seal copied.

    rejected: lines that the receiver will never take, until somebody accepts that; rejection: the last time, and why.
    """

    seq: int = 0
    hash: str = GENESIS
    seal: int = 0
    rejected: int = 0
    rejection: str = ""


class PositionFile:
    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> Position:
        """Raises StorageError: it is there and cannot be understood."""
        try:
            with self._path.open("rb") as file:
                known = json.loads(file.read(_MAX_FILE_BYTES))
            return Position(
                int(known["seq"]),
                str(known["hash"]),
                int(known["seal"]),
                int(known.get("rejected", 0)),
                str(known.get("rejection", "")),
            )
        except FileNotFoundError:
            return Position()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise StorageError(f"{self._path}: no position can be read from it ({error})") from error

    def write(self, position: Position) -> None:
        """Raises StorageError."""
        part = self._path.with_suffix(".part")
        try:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                file.write(json.dumps(asdict(position)))
                file.flush()
                os.fsync(file.fileno())
            part.replace(self._path)
            sync_directory(self._path.parent)
        except OSError as error:
            raise StorageError(f"{self._path}: {error.strerror}") from error


class AuditCopier:
    """One copy. One thread."""

    def __init__(self, store: Store, target: Target, position: PositionFile) -> None:
        self._store = store
        self._target = target
        self._file = position
        self._position = Position()

    def step(self) -> bool:
        """Copy what came, at most MOST_ROWS; True: there is more. Raises StorageError, LogDiffers, StoreBusy."""
        at = self._position = before = self._file.read()
        with self._store.reading() as tx:
            if audit.hash_at(tx, at.seq) != at.hash:
                raise LogDiffers(f"row {at.seq} of the audit log is not the one that was copied")
            try:
                rows = audit.after(tx, at.seq, MOST_ROWS)
            except ValueError as error:
                raise StorageError(f"rows after {at.seq} of the audit log cannot be read ({error})") from error
            reached = rows[-1].seq if rows else at.seq
            new_seals = [seal for seal in seals.AUDIT.after(tx, at.seal) if seal.last_seq <= reached][:MOST_ROWS]
        rejection = self._target.send([*map(_row_line, rows), *map(_seal_line, new_seals)])
        if self._file.read() != before:
            return True  # somebody accepted meanwhile: begin as that says
        if rows or new_seals:
            at = _with(rejection, at, _moved(at, rows, new_seals))
            self._file.write(at)
            self._position = at
        return len(rows) == MOST_ROWS

    @property
    def position(self) -> Position:
        return self._position

    def close(self) -> None:
        self._target.close()


def accept(position: PositionFile) -> None:
    """Send the log as it is now, from its first row: from where it differs, nobody knows. Raises StorageError."""
    position.write(Position())


def row_text(record: AuditRecord) -> str:
    """A row as copies and packs carry it: whoever has it can compute its hash."""
    return canonical_json({**content_of(record), "prev_hash": record.prev_hash, "hash": record.hash}).decode()


def _moved(at: Position, rows: Sequence[AuditRecord], new_seals: Sequence[Seal]) -> Position:
    if rows:
        at = replace(at, seq=rows[-1].seq, hash=rows[-1].hash)
    return replace(at, seal=new_seals[-1].last_seq) if new_seals else at


def _with(rejection: Rejection | None, before: Position, at: Position) -> Position:
    if rejection is None:
        return at
    text = f"{rejection.lines} of rows {before.seq + 1} to {at.seq}: {rejection.reason or 'no reason given'}"
    return replace(at, rejected=at.rejected + rejection.lines, rejection=text)


def _row_line(record: AuditRecord) -> Line:
    entry = record.entry
    fields = (
        ("seq", record.seq),
        ("hash", record.hash),
        ("actor", entry.actor),
        ("action", entry.action),
        ("object", entry.object),
        ("result", entry.result),
    )
    return Line(entry.at, "audit", row_text(record), is_refusal=entry.result == "refused", fields=fields)


def _seal_line(seal: Seal) -> Line:
    text = canonical_json({"seal": {**seal.content(), "signature": seal.signature}}).decode()
    return Line(seal.at, "audit-seal", text, fields=(("last_seq", seal.last_seq),))
