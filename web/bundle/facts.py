"""What the catalog knows of the footage in an export: segments and their chain, gaps and why, the masks in force."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from vms.rules.coverage import Known, KnownGap, explain
from vms.rules.masks import MaskSet
from vms.store import Store, catalog, decisions
from vms.store import masks as mask_store
from vms.store.catalog import Segment, chain_content
from vms.units import Profile, us_from_utc, utc_from_us


@dataclass(frozen=True, slots=True)
class FootageFacts:
    """As the manifest has them: texts and integers."""

    segments: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    masks: list[dict[str, Any]]

    @property
    def skew_ms(self) -> dict[str, int] | None:
        """Of the camera's clock, from the smallest to the largest; None when nobody knows."""
        known = [segment["skew_ms"] for segment in self.segments if segment["skew_ms"] is not None]
        return {"min": min(known), "max": max(known)} if known else None


def gather(store: Store, camera_id: str, profile: Profile, from_us: int, to_us: int, zone: ZoneInfo) -> FootageFacts:
    """Raises StoreBusy."""
    start, end = utc_from_us(from_us), utc_from_us(to_us)
    with store.reading() as tx:
        covered = catalog.coverage(tx, camera_id, profile, start, end)
        under = {one.decision_id for one in covered.segments if one.decision_id is not None}
        labels = decisions.labels(tx, under)
        sets = mask_store.in_force_between(tx, camera_id, start, end)
    spans = [(us_from_utc(segment.start_at), us_from_utc(segment.end_at)) for segment in covered.segments]
    known_gaps = [
        KnownGap(us_from_utc(gap.start_at), us_from_utc(gap.end_at) if gap.end_at else None, gap.reason, gap.detail)
        for gap in covered.gaps
    ]
    told = explain(Known(recorded=spans, gaps=known_gaps, first_us=from_us), from_us, to_us, to_us)
    return FootageFacts(
        segments=_segments(covered.segments, labels),
        gaps=[
            {
                "start_us": hole.start_us,
                "end_us": hole.end_us,
                "local": [local(hole.start_us, zone), local(hole.end_us, zone)],
                "reason": hole.reason or hole.kind,
                "detail": hole.detail,
            }
            for hole in told
            if hole.kind != "recorded"
        ],
        masks=[_mask_set(one) for one in sets],
    )


def _segments(found: Sequence[Segment], labels: Mapping[int, str]) -> list[dict[str, Any]]:
    """follows: it was added to the stream's chain right after the one before it here. decision: as people call it."""
    rows: list[dict[str, Any]] = []
    previous = ""
    for segment in found:
        rows.append(
            {
                "id": segment.id,
                **chain_content(segment),
                "prev_hash": segment.prev_hash,
                "chain_hash": segment.chain_hash,
                "follows": segment.prev_hash == previous,
                "skew_ms": segment.skew_ms,
                "lost_packets": segment.lost_packets,
                "placement_id": segment.placement_id,
                "decision_id": segment.decision_id,
                "decision": labels.get(segment.decision_id or 0, ""),
                "purpose": segment.purpose,
            }
        )
        previous = segment.chain_hash
    return rows


def _mask_set(mask_set: MaskSet) -> dict[str, Any]:
    return {
        "version": mask_set.version,
        "valid_from_us": us_from_utc(mask_set.valid_from),
        "author": mask_set.author,
        "approver": mask_set.approver or "",
        "masks": [mask.name for mask in mask_set.masks],
        "closes": mask_set.closes or "",
    }


def local(at_us: int, zone: ZoneInfo) -> str:
    """With CET or CEST beside it: on one night a year the same hour comes twice."""
    return _local(utc_from_us(at_us), zone)


def _local(at: datetime, zone: ZoneInfo) -> str:
    return f"{at.astimezone(zone):%d-%m-%Y %H:%M:%S %Z}"
