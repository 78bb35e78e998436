"""Why cameras record: each purpose with its legal basis and how long its footage is kept."""

from collections.abc import Iterator
from typing import Annotated, Literal, get_args

from pydantic import Field, field_validator

from vms.config.section import Section
from vms.rules.terms import CEILING_DAYS, LONGEST_DAYS

Purpose = Literal["public_order", "traffic", "bollard", "harbour", "waste_site"]
PURPOSES: tuple[Purpose, ...] = get_args(Purpose)
Basis = Annotated[str, Field(min_length=3, max_length=300)]


class PurposeRules(Section):
    basis: Basis = Field(description="Legal basis, in words; shown at /toezicht and in the audit pack.")
    retention_days: Annotated[int, Field(ge=1)] | None = Field(
        None,
        description=f"Days of 24 hours that its footage is kept, at most {LONGEST_DAYS}. Default: retention.days.",
    )

    @field_validator("retention_days")
    @classmethod
    def _is_bounded(cls, value: int | None) -> int | None:
        if value is not None and value > LONGEST_DAYS:
            raise ValueError(f"at most {LONGEST_DAYS} days; give {LONGEST_DAYS} or less")
        return value


class PublicOrder(PurposeRules):
    basis: Basis = Field(
        "art. 151c Gemeentewet; Wet politiegegevens",
        description="Legal basis, in words; shown at /toezicht and in the audit pack.",
    )

    @field_validator("retention_days")
    @classmethod
    def _is_under_the_ceiling(cls, value: int | None) -> int | None:
        if value is not None and value > CEILING_DAYS:
            raise ValueError(f"public_order is kept at most {CEILING_DAYS} days (four weeks); give that or less")
        return value


class Purposes(Section):
    """None: cameras of that purpose have no basis written down, and the site's own term."""

    public_order: PublicOrder = Field(PublicOrder(), description="Camera supervision of public order (art. 151c).")
    traffic: PurposeRules | None = Field(None, description="Traffic: flow, accidents.")
    bollard: PurposeRules | None = Field(None, description="Bollards: who may pass.")
    harbour: PurposeRules | None = Field(None, description="Harbours and their bridges and locks.")
    waste_site: PurposeRules | None = Field(None, description="Sites where waste is brought.")

    def of(self, purpose: Purpose) -> PurposeRules | None:
        rules: PurposeRules | None = getattr(self, purpose)
        return rules

    def basis(self, purpose: Purpose) -> str:
        """Empty: not written down."""
        rules = self.of(purpose)
        return rules.basis if rules else ""

    def days(self, purpose: Purpose, default: int) -> int:
        rules = self.of(purpose)
        return default if rules is None or rules.retention_days is None else rules.retention_days

    def all(self) -> Iterator[tuple[Purpose, PurposeRules | None]]:
        for purpose in PURPOSES:
            yield purpose, self.of(purpose)
