"""Fill an audit log with a year of acts that nobody did, its chain whole: for `vms bench access` only."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import create_engine, insert, text

from vms.rules.chain import GENESIS, entry_hash
from vms.store import Store
from vms.store.audit import camera_of
from vms.store.schema import AuditRow
from vms.units import us_from_utc

_YEAR = timedelta(days=365)
_BATCH = 20_000
_INDEXED = ("audit_by_actor", "audit_by_action", "audit_by_camera")
_ACTS: tuple[tuple[str, str, Mapping[str, str | None]], ...] = (
    *(("live.watch", "camera:{camera}", {"profile": "tile"}),) * 12,
    *(("live.watch", "camera:{camera}", {"profile": "hero"}),) * 5,
    *(("ptz.take", "camera:{camera}", {"taken_from": None}),) * 2,
    *(("footage.view", "segment:{n}", {"camera": "{camera}", "reference": "BVH {n}", "purpose": "opsporing"}),) * 3,
    ("footage.search", "camera:{camera}", {"reference": "BVH {n}"}),
    ("login", "user:{actor}", {}),
    ("export.create", "request:{n}", {"cameras": "{camera},cam-000", "recipient": "OM"}),
)


def fill_audit(store: Store, rows: int, start: datetime, people: int, cameras: int) -> None:
    """rows acts of so many people at so many cameras (cam-000 …), evenly over a year from start."""
    engine = create_engine(store.url)
    made = _rows(rows, start, people, cameras)
    indexes = [index for index in AuditRow.metadata.tables["audit"].indexes if index.name in _INDEXED]
    try:
        with engine.begin() as connection:
            if store.is_sqlite:
                connection.execute(text("pragma synchronous = off"))
            for index in indexes:
                index.drop(connection)
            while batch := list(islice(made, _BATCH)):
                connection.execute(insert(AuditRow), batch)
            for index in indexes:
                index.create(connection)
    finally:
        engine.dispose()


def _rows(rows: int, start: datetime, people: int, cameras: int) -> Iterator[dict[str, Any]]:
    prev_hash, step = GENESIS, _YEAR / max(rows, 1)
    for n in range(rows):
        action, object_, detail = _ACTS[n % len(_ACTS)]
        given = {"n": n, "camera": f"cam-{n * 7919 % cameras:03}", "actor": f"p.{n * 104_729 % people:03}"}
        row: dict[str, Any] = {
            "seq": n + 1,
            "at": start + n * step,
            "actor": given["actor"],
            "roles": ["observer"],
            "action": action,
            "object": object_.format(**given),
            "result": "refused" if n % 97 == 0 else "allowed",
            "detail": {key: value.format(**given) if value else value for key, value in detail.items()},
            "workstation": "10.0.0.7",
        }
        content = {**row, "at_us": us_from_utc(row["at"])}
        del content["at"]
        row |= {"camera": camera_of(row["object"], row["detail"]), "prev_hash": prev_hash}
        row["hash"] = prev_hash = entry_hash(prev_hash, content)
        yield row
