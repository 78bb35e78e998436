"""Logboek Dataverwerkingen: which acts process what cameras recorded, and how a register of that spells them.

Such a register says what was done for which activity, and never by whom: users stand in the audit log alone. Ids
follow from a row's hash, so that whoever has the audit log finds the row, and nobody else finds anything.
"""

import hashlib
from collections.abc import Mapping
from typing import Final, Literal

Processing = Literal["consultation", "alteration", "disclosure", "combination", "erasure"]
"""What article 32a Wpg has logged; collection is continuous and stands in the coverage report."""

PROCESSING: Final[Mapping[str, Processing]] = {
    "live.watch": "consultation",
    "snapshot.view": "consultation",
    "masks.still": "consultation",
    "masks.aim": "consultation",
    "footage.search": "consultation",
    "footage.view": "consultation",
    "footage.photo": "consultation",
    "footage.motion": "combination",
    "trails.read": "combination",
    "masks.import": "alteration",
    "masks.draw": "alteration",
    "masks.approve": "alteration",
    "masks.close": "alteration",
    "masks.lapse": "alteration",
    "holds.create": "alteration",
    "holds.extend": "alteration",
    "holds.release": "erasure",
    "footage.export": "disclosure",
    "footage.download": "disclosure",
    "export.create": "disclosure",
    "export.download": "disclosure",
    "masks.lift": "disclosure",
}
_KEPT: Final = ("camera", "cameras", "from_us", "to_us", "start_us", "at_us", "profile", "purpose", "crossing")
"""What of a row's detail says which footage; the rest may lead to a person."""


def spelled(
    *, hash_: str, action: str, at_us: int, allowed: bool, camera: str, detail: Mapping[str, object], activity: str
) -> dict[str, object] | None:
    """One operation, as the standard names its fields; None: the act processes no footage.

    camera: its id, or nothing when detail says which. Times in milliseconds.
    """
    kind = PROCESSING.get(action)
    if kind is None:
        return None
    about: dict[str, object] = {name: detail[name] for name in _KEPT if detail.get(name) not in (None, "")}
    return operation(hash_, action, at_us, kind, {**({"camera": camera} if camera else {}), **about}, activity, allowed)


def operation(
    hash_: str,
    name: str,
    at_us: int,
    kind: Processing,
    about: Mapping[str, object],
    activity: str,
    allowed: bool = True,
) -> dict[str, object]:
    digest = hashlib.sha256(b"uitkijk-ldv " + hash_.encode()).hexdigest()
    return {
        "trace_id": digest[:32],
        "operation_id": digest[32:48],
        "status_code": "Ok" if allowed else "Error",
        "name": name,
        "start_time": at_us // 1000,
        "end_time": at_us // 1000,
        "attributes": {
            "dpl.core.processing_activity_id": activity,
            "dpl.uitkijk.processing": kind,
            **{f"dpl.uitkijk.{key}": value for key, value in about.items()},
        },
    }
