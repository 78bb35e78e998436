"""How the purge stands, from the ledger and the catalog, in a few index look-ups: for who watches the system."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import BigInteger, func, select, type_coerce
from sqlalchemy.orm import Session

from vms.store import ledger
from vms.store.schema import LedgerRow, SegmentRow
from vms.units import US_PER_SECOND

_EPOCH = date(1970, 1, 1)
_DAY_US = 86_400 * US_PER_SECOND


@dataclass(frozen=True, slots=True)
class PurgeFacts:
    """last_run_at: None when none was ever written down; one is when it erased something, and each hour.

    erased, bytes, failed: of that run. is_refused: a guard stopped a run since. oldest_reachable_at: first picture of
    the oldest footage that anybody may see without a hold.
    """

    last_run_at: datetime | None
    erased: int
    bytes: int
    failed: int
    is_refused: bool
    oldest_reachable_at: datetime | None


def purge_facts(tx: Session, oldest_allowed: datetime) -> PurgeFacts:
    """tx: of `Store.reading()`."""
    run = ledger.last_of_kind(tx, "run")
    after_seq = run.seq if run else 0
    refused = select(LedgerRow.seq).where(LedgerRow.seq > after_seq, LedgerRow.kind == "refused").limit(1)
    oldest = select(func.min(SegmentRow.start_at)).where(
        SegmentRow.state == "recorded", SegmentRow.start_at > oldest_allowed
    )
    payload = run.payload if run else {}
    return PurgeFacts(
        last_run_at=run.at if run else None,
        erased=_number(payload, "erased"),
        bytes=_number(payload, "bytes"),
        failed=_number(payload, "failed"),
        is_refused=tx.scalars(refused).first() is not None,
        oldest_reachable_at=tx.scalar(oldest),
    )


def _number(payload: ledger.Payload, name: str) -> int:
    """0 in an entry that somebody changed: what of it is wrong, the chain tells."""
    value = payload.get(name)
    return value if isinstance(value, int) else 0


def stored_per_day(tx: Session) -> Iterator[tuple[str, date, int, int]]:
    """(camera, day of UTC, segments, bytes) of all that is recorded. One pass over the catalog: seconds when large."""
    day = type_coerce(SegmentRow.start_at, BigInteger) // _DAY_US
    rows = select(SegmentRow.camera_id, day, func.count(SegmentRow.id), func.sum(SegmentRow.bytes))
    rows = rows.where(SegmentRow.state == "recorded").group_by(SegmentRow.camera_id, day)
    for camera_id, number, segments, size in tx.execute(rows):
        yield camera_id, _EPOCH + timedelta(days=int(number)), int(segments), int(size)
