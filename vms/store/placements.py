"""The register of placements: where cameras hung, and since when. Append-only: a move closes one and opens the next."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from vms.rules.placements import Hanging, Placement
from vms.store.schema_shifts import PlacementRow
from vms.units import us_from_utc, utc_from_us


def add(tx: Session, hanging: Hanging) -> Hanging:
    """hanging.id is left out of account."""
    place = hanging.placement
    row = PlacementRow(
        camera_id=hanging.camera_id,
        name=place.name,
        area=hanging.area,
        lat=place.lat,
        lon=place.lon,
        decision_id=hanging.decision_id,
        start_at=None if hanging.start_us is None else utc_from_us(hanging.start_us),
        author=hanging.author,
        reason=hanging.reason,
    )
    tx.add(row)
    tx.flush()
    return _hanging(row)


def history(tx: Session, camera_id: str) -> list[Hanging]:
    """Oldest first; the last one is where it hangs now. Empty: it was never moved here."""
    rows = select(PlacementRow).where(PlacementRow.camera_id == camera_id).order_by(PlacementRow.id)
    return _read(tx.scalars(rows))


def current(tx: Session) -> list[Hanging]:
    """Of every camera that was ever moved, where it hangs now."""
    newest = select(func.max(PlacementRow.id)).group_by(PlacementRow.camera_id)
    return _read(tx.scalars(select(PlacementRow).where(PlacementRow.id.in_(newest)).order_by(PlacementRow.camera_id)))


def newest_id(tx: Session) -> int:
    """Grows with every move; 0 = nothing was moved yet."""
    return tx.scalar(select(func.max(PlacementRow.id))) or 0


def _read(rows: Iterable[PlacementRow]) -> list[Hanging]:
    return [_hanging(row) for row in rows]


def _hanging(row: PlacementRow) -> Hanging:
    return Hanging(
        id=row.id,
        camera_id=row.camera_id,
        placement=Placement(row.name, row.lat, row.lon),
        area=row.area,
        decision_id=row.decision_id,
        start_us=None if row.start_at is None else us_from_utc(row.start_at),
        author=row.author,
        reason=row.reason,
    )
