"""How long `vms audit verify` takes over a long log, and what it holds meanwhile. Part of `vms bench access`."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vms.audit_check import check_audit
from vms.clock import Clock, now_utc
from vms.errors import UitkijkError
from vms.signing import SiteSigner, create_signing_key
from vms.store import Store

_STATUS: Final = Path("/proc/self/status")
_CLEAR: Final = Path("/proc/self/clear_refs")
_FORGET_PEAK: Final = "5"


@dataclass(frozen=True, slots=True)
class VerifyFigure:
    """Of the whole chain and the seals over all of it, as `/toezicht` and `vms audit verify` check them.

    audit_verify_mb: memory at its peak beyond what the process held before; None where the kernel does not tell.
    """

    rows: int
    seal_s: float
    audit_verify_s: float
    audit_verify_mb: float | None


def time_verify(store: Store, directory: Path, clock: Clock) -> VerifyFigure:
    """directory: for a signing key of its own. Raises UitkijkError: the check itself finds something."""
    from retention.sealing import seal_audit

    key = directory / "bench-signing.key"
    create_signing_key(key)
    signer = SiteSigner(key)
    started_s = clock.monotonic_s()
    seal_audit(store, signer, now_utc(clock))
    sealed_s = clock.monotonic_s()
    before = _memory_after_reset()
    proof = check_audit(store, signer.public)
    taken_s = clock.monotonic_s() - sealed_s
    peak = None if before is None else _kilobytes("VmHWM")
    if proof.findings or proof.sealed_rows != proof.rows:
        raise UitkijkError(f"the log that was laid down does not verify: {proof.findings[:1] or 'not all is sealed'}")
    mb = None if before is None or peak is None else round((peak - before) / 1024, 1)
    return VerifyFigure(proof.rows, round(sealed_s - started_s, 2), round(taken_s, 2), mb)


def _memory_after_reset() -> int | None:
    try:
        _CLEAR.write_text(_FORGET_PEAK)
    except OSError:
        return None
    return _kilobytes("VmRSS")


def _kilobytes(field: str) -> int | None:
    try:
        found = re.search(rf"^{field}:\s+(\d+) kB$", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) if found else None
