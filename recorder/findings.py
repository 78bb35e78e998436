"""What `vms check` can find. A code never changes its meaning: scripts and the operator's guide rely on it.

C1xx disk and catalog, C2xx the catalog itself, C3xx keys, C4xx ledger, C5xx volumes, C6xx secured evidence.
"""

from dataclasses import asdict, dataclass
from typing import NamedTuple


class Meaning(NamedTuple):
    what: str
    fix: str


_REPAIR = "vms check --repair"

CODES = {
    "C101": Meaning("file without row", f"{_REPAIR} catalogues it"),
    "C102": Meaning("row without file", f"{_REPAIR} notes a gap, and the loss in the ledger"),
    "C103": Meaning("size differs", "the disk or somebody changed the file: find out before it is used as evidence"),
    "C104": Meaning("unfinished file left", f"{_REPAIR} finishes and catalogues what is whole"),
    "C105": Meaning("content differs from its hash", "changed after recording: treat it as an incident"),
    "C106": Meaning("pose sidecar missing or changed", "masked playback shows this footage grey; treat it as damage"),
    "C107": Meaning("pose sidecar without segment", f"{_REPAIR} moves it to quarantine"),
    "C108": Meaning("not a file of ours", "look whose it is, and remove it by hand"),
    "C109": Meaning("symbolic link", "never followed; look who made it, and remove it by hand"),
    "C110": Meaning("erased according to the catalog, but on disk", "the next purge erases it: vms retention run"),
    "C201": Meaning("catalog chain broken", "a row was changed or removed outside this product: an incident"),
    "C202": Meaning("segments of one stream overlap", "the clock was set back, or two recorders ran: find out"),
    "C203": Meaning("gap where there is footage", f"{_REPAIR} cuts the footage out of the gap"),
    "C204": Meaning("several open gaps", f"{_REPAIR} closes all but the newest"),
    "C205": Meaning("rows wait in a journal that no process writes", f"{_REPAIR} writes them into the catalog"),
    "C301": Meaning("site key unusable", "put the right site key back; without it nothing records or plays"),
    "C302": Meaning("data key missing or unreadable", "put data_dir/keys back; without it this footage stays locked"),
    "C303": Meaning("day key without footage", "harmless; retention destroys it when its day has expired"),
    "C401": Meaning("ledger chain broken", "a ledger row was changed or removed: an incident"),
    "C402": Meaning("erased without a word in the ledger", "erased outside retention: an incident"),
    "C403": Meaning("erasure announced and not reported", "a purge was broken off: vms retention run finishes it"),
    "C501": Meaning("volume not available", "mount it; is it lost for good, then vms volumes forget"),
    "C601": Meaning("evidence file that belongs to no hold", "the next purge takes it up or erases it; else remove it"),
    "C602": Meaning("secured footage is not there", "put the evidence store back from its copy: an incident"),
    "C603": Meaning("secured footage differs from its hash", "changed after it was secured: an incident"),
    "C604": Meaning("evidence store not available", "mount it at evidence.path"),
}


@dataclass(frozen=True, slots=True)
class Finding:
    """code: of CODES. path: relative to its volume, or what else it is about. repaired: it is right now."""

    code: str
    camera_id: str
    path: str
    detail: str
    repaired: bool = False

    @property
    def meaning(self) -> Meaning:
        return CODES[self.code]

    def as_dict(self) -> dict[str, object]:
        return {**asdict(self), "what": self.meaning.what, "fix": self.meaning.fix}

    def as_line(self) -> str:
        where = " ".join(part for part in (self.camera_id, self.path) if part)
        line = f"{self.code} {self.meaning.what}: {where}" + (f" ({self.detail})" if self.detail else "")
        return line + (" – repaired" if self.repaired else f" → {self.meaning.fix}")
