"""What somebody asked for: which footage, for whom, on which ground. Goes through a job's row unchanged."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, cast

from vms.units import Profile


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleOrder:
    """[from_us, to_us) of each camera. recipient: who gets it; is_watermarked: their name is in the picture.

    is_unmasked: the cameras' own pictures, by a lift that the request is.
    requester asked for it and approver granted that; made_by pressed the button.
    """

    id: str
    cameras: tuple[str, ...]
    profile: Profile
    from_us: int
    to_us: int
    case_number: str
    legal_basis: str
    organisation: str
    requester: str
    recipient: str
    approver: str
    made_by: str
    is_watermarked: bool
    is_unmasked: bool
    request_id: int | None

    @property
    def watermark(self) -> str:
        """Empty: none."""
        return f"{self.recipient} - {self.case_number}" if self.is_watermarked else ""

    @property
    def lift(self) -> int | None:
        """The request that lifts the masks; None: they stay."""
        return self.request_id if self.is_unmasked else None

    def as_document(self) -> dict[str, Any]:
        return {**asdict(self), "cameras": list(self.cameras)}

    @staticmethod
    def of_document(document: Mapping[str, Any]) -> "BundleOrder":
        known = {**document, "cameras": tuple(document["cameras"]), "profile": cast(Profile, document["profile"])}
        return BundleOrder(**known)
