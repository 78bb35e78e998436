"""What the journal carries to the catalog, and how each entry is spelled as a line of its file."""

import json
import zlib
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal, cast, get_args

from vms.rules.chain import canonical_json
from vms.store import catalog
from vms.store.catalog import GapReason, NewSegment
from vms.units import us_from_utc, utc_from_us

Operation = Literal["segment", "gap_opens", "gap_closes", "gap", "restart", "volume"]
_OPERATIONS = frozenset(get_args(Operation))
_TIMES = ("start_at", "end_at")


@dataclass(frozen=True, slots=True)
class Entry:
    """seq: counts up within one journal. data: JSON values only; times are `*_us`."""

    seq: int
    operation: Operation
    data: Mapping[str, Any]


def segment_data(new: NewSegment) -> dict[str, Any]:
    data = asdict(new)
    for name in _TIMES:
        data[f"{name}_us"] = us_from_utc(data.pop(name))
    return data


def gap_data(
    camera_id: str, profile: str, at: datetime, *, end: datetime | None = None, reason: str = "", detail: str = ""
) -> dict[str, Any]:
    end_us = None if end is None else us_from_utc(end)
    return {
        "camera_id": camera_id,
        "profile": profile,
        "at_us": us_from_utc(at),
        "end_us": end_us,
        "reason": reason,
        "detail": detail,
    }


def apply(tx: Any, entry: Entry) -> None:
    """Write it into the catalog; tx: of a transaction. Raises ValueError when the catalog can never take it."""
    data = entry.data
    try:
        if entry.operation == "segment":
            columns = dict(data)
            for name in _TIMES:
                columns[name] = utc_from_us(columns.pop(f"{name}_us"))
            catalog.add(tx, NewSegment(**columns))
            return
        if entry.operation == "volume":
            catalog.register_volume(tx, data["uuid"], data["path"], utc_from_us(data["at_us"]))
            return
        camera_id, profile, at = data["camera_id"], data["profile"], utc_from_us(data["at_us"])
        reason, detail = cast(GapReason, data["reason"]), data["detail"]
        if entry.operation == "gap_opens":
            catalog.open_gap(tx, camera_id, profile, at, reason, detail)
        elif entry.operation == "gap_closes":
            catalog.close_gap(tx, camera_id, profile, at)
        elif entry.operation == "gap":
            catalog.add_gap(tx, camera_id, profile, at, utc_from_us(data["end_us"]), reason, detail)
        else:
            ends = [catalog.last_end(tx, camera_id, profile)]
            ends += [] if data["end_us"] is None else [utc_from_us(data["end_us"])]
            catalog.note_restart(tx, camera_id, profile, max(filter(None, ends), default=None), detail)
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"journal entry {entry.seq} is malformed: {error!r}") from error


def encode_line(content: Mapping[str, Any]) -> bytes:
    """One line of JSON with its checksum in it."""
    return canonical_json({**content, "crc32": _checksum(content)}) + b"\n"


def decode_line(line: bytes) -> dict[str, Any]:
    """Raises ValueError: torn, damaged, or not one of ours."""
    content = json.loads(line)
    if not isinstance(content, dict) or content.pop("crc32", None) != _checksum(content):
        raise ValueError("damaged line")
    return content


def encode_entry(entry: Entry) -> bytes:
    return encode_line({"seq": entry.seq, "op": entry.operation, "data": entry.data})


def decode_entry(line: bytes) -> Entry:
    """Raises ValueError."""
    content = decode_line(line)
    seq, operation, data = content.get("seq"), content.get("op"), content.get("data")
    if not isinstance(seq, int) or operation not in _OPERATIONS or not isinstance(data, dict):
        raise ValueError("not a journal entry")
    return Entry(seq, cast(Operation, operation), data)


def _checksum(content: Mapping[str, Any]) -> str:
    return f"{zlib.crc32(canonical_json(content)):08x}"
