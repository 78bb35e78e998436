"""`vms check`: what the database, the keys, the journals and the ledger say about themselves and each other."""

from collections.abc import Iterator
from datetime import timedelta

from recorder.check_scope import CheckScope
from recorder.findings import Finding
from recorder.journal import Journal
from recorder.journal_file import newest_entry
from vms.errors import KeyUnavailable
from vms.keys import day_keys
from vms.process import running_pid
from vms.store import catalog, consistency, journals, ledger

_AT_MOST = 1000
"""Findings of one kind from one query: more of them say nothing new."""
_PURGE_TAKES = timedelta(minutes=10)
"""A younger intent may belong to a purge that is at work."""


def check_journals(scope: CheckScope) -> Iterator[Finding]:
    """First of all: what waits here would look like files without row."""
    for path in sorted(scope.config.journals_dir.glob("*.jsonl")):
        if running_pid(scope.config.run_dir, path.stem) is not None:
            continue
        journal_id, seq = newest_entry(path)
        with scope.store.reading() as tx:
            waiting = seq - journals.position(tx, journal_id)
        if waiting > 0:
            if scope.repair:
                journal = Journal(scope.store, path)
                journal.catch_up()
                journal.close()
            yield Finding("C205", "", path.name, f"{waiting} rows", repaired=scope.repair)


def check_catalog(scope: CheckScope) -> Iterator[Finding]:
    with scope.store.reading() as tx:
        overlaps = consistency.overlapping_segments(tx, _AT_MOST)
        gaps = consistency.gaps_over_footage(tx, _AT_MOST)
        several = consistency.streams_with_several_open_gaps(tx)
    for segment, end_before in overlaps:
        detail = f"segment {segment.id} begins {end_before - segment.start_at} before the end of the one before"
        yield Finding("C202", segment.camera_id, segment.path, detail)
    for gap, segment in gaps:
        if scope.repair:
            with scope.store.transaction() as tx:
                catalog.cut_out_of_gaps(tx, gap.camera_id, gap.profile, segment.start_at, segment.end_at)
        detail = f"gap {gap.id} ({gap.reason}), segment {segment.id}"
        yield Finding("C203", gap.camera_id, segment.path, detail, repaired=scope.repair)
    for camera_id, profile, number in several:
        if scope.repair:
            with scope.store.transaction() as tx:
                catalog.close_older_gaps(tx, camera_id, profile)
        yield Finding("C204", camera_id, profile, f"{number} at once", repaired=scope.repair)


def check_keys(scope: CheckScope) -> Iterator[Finding]:
    needed: dict[str, str] = {}
    for row in scope.rows():
        if row.state == "recorded" and row.key_id is not None:
            needed.setdefault(row.key_id, row.camera_id)
    if scope.keys is None:
        if needed or scope.config.recorder.encrypt:
            yield Finding("C301", "", str(scope.config.site_key_file), scope.key_problem)
        return
    for key_id, camera_id in sorted(needed.items()):
        try:
            scope.keys.find(key_id)
        except KeyUnavailable as error:
            yield Finding("C302", camera_id, key_id, str(error))
    yesterday = scope.now.date() - timedelta(days=1)
    for key in day_keys(scope.config.site.data_dir / "keys"):
        with scope.store.reading() as tx:
            is_used = consistency.has_rows_of_day_key(tx, key.camera_id, key.day, key.name)
        if not is_used and key.day < yesterday:
            yield Finding("C303", key.camera_id, key.name.partition("/")[2], "")


def check_ledger(scope: CheckScope) -> Iterator[Finding]:
    with scope.store.reading() as tx:
        broken = ledger.first_break(tx)
        unfinished = list(consistency.unfinished_intents(tx, scope.now - _PURGE_TAKES))
        rows = {segment_id: catalog.segment(tx, segment_id) for segment_id, _ in unfinished}
    if broken is not None:
        yield Finding("C401", "", "", broken)
    for segment_id, at in unfinished:
        row = rows[segment_id]
        yield Finding("C403", row.camera_id, row.path, f"segment {segment_id}, announced {at:%Y-%m-%d %H:%M:%S} UTC")
