"""Compare disk, catalog, keys and ledger, and say with a code what is wrong; repair what can be repaired safely.

Nothing is ever deleted: what cannot be used goes to quarantine. The parts stand in `check_*.py`.
"""

from collections.abc import Iterator
from datetime import datetime

from recorder.check_evidence import check_evidence
from recorder.check_files import check_files
from recorder.check_registers import check_catalog, check_journals, check_keys, check_ledger
from recorder.check_rows import check_rows
from recorder.check_scope import CheckScope
from recorder.disk import MountedVolume
from recorder.findings import Finding
from recorder.recovery import Recovery
from vms.clock import Clock, SystemClock, now_utc
from vms.config import SiteConfig
from vms.errors import KeyUnavailable, StorageError
from vms.keys import KeyRing
from vms.process import running_pid
from vms.store import Store, catalog
from vms.volume import read_marker

__all__ = ["Finding", "run_check"]


def run_check(
    config: SiteConfig, store: Store, *, repair: bool = False, deep: bool = False, clock: Clock | None = None
) -> list[Finding]:
    """All findings. deep: also reads every file and compares its hash. Raises StoreBusy.

    May run while the system records: what a running recorder still holds is no finding.
    """
    scope = _scope(config, store, now_utc(clock or SystemClock()), repair=repair, deep=deep)
    return [finding for part in _PARTS for finding in part(scope)]


def _scope(config: SiteConfig, store: Store, now: datetime, *, repair: bool, deep: bool) -> CheckScope:
    groups = config.capture_groups()
    running = [running_pid(config.run_dir, f"capture-{group}") is not None for group in range(len(groups))]
    recording_now = frozenset(camera.id for group, own in enumerate(groups) if running[group] for camera in own)
    key_problem, keys = "", None
    try:
        keys = KeyRing(config.site.data_dir / "keys", config.site_key_file)
    except KeyUnavailable as error:
        key_problem = str(error)
    mounted = {}
    for volume in config.volumes:
        root = volume.path.resolve()
        try:
            uuid = read_marker(root)
        except StorageError:
            continue
        mounted[uuid] = MountedVolume(uuid, root, volume.high_water_pct)
    return CheckScope(config, store, now, mounted, recording_now, keys, key_problem, Recovery(keys), repair, deep)


def _check_volumes(scope: CheckScope) -> Iterator[Finding]:
    roots = {volume.root for volume in scope.mounted.values()}
    for configured in scope.config.volumes:
        root = configured.path.resolve()
        if root not in roots:
            try:
                read_marker(root)
            except StorageError as error:
                yield Finding("C501", "", str(root), str(error))
    with scope.store.reading() as tx:
        known = catalog.volumes(tx)
    for row in known:
        if row.uuid not in scope.mounted and row.given_up_at is None:
            yield Finding("C501", "", row.path, f"volume {row.uuid} holds footage and is not mounted or not configured")


_PARTS = (
    check_journals,
    _check_volumes,
    check_rows,
    check_files,
    check_catalog,
    check_keys,
    check_ledger,
    check_evidence,
)
