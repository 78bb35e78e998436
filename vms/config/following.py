"""How one follows from camera to camera: neighbours in the picture, and patrols along a camera's own presets."""

from typing import Annotated, Any

from pydantic import BeforeValidator, Field, field_validator

from vms.config.section import Section
from vms.rules.neighbours import Outline, Side, area
from vms.rules.ptz_patrol import Patrol, PatrolStep

_LEAST_OUTLINE = 0.001
"""Share of the picture; a smaller outline nobody could click."""
_Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Neighbour(Section):
    id: str = Field(description="Id of a camera whose view joins this one's.")
    side: Side | None = Field(
        None, description="Where its view lies; N and that arrow go there. Default: next free one."
    )
    outline: tuple[tuple[_Share, _Share], ...] | None = Field(
        None,
        max_length=16,
        description="The way there in this picture: x, y, 0…1 from the top left; only where this camera stands still.",
    )
    preset: str | None = Field(
        None, min_length=1, max_length=64, description="Name or token of the neighbour's preset that it turns to."
    )

    @field_validator("outline")
    @classmethod
    def _covers_something(cls, value: Outline | None) -> Outline | None:
        if value is not None and area(value) < _LEAST_OUTLINE:
            raise ValueError("covers next to nothing; give at least three corners around a place in the picture")
        return value


def _by_id(value: Any) -> Any:
    return {"id": value} if isinstance(value, str) else value


GivenNeighbour = Annotated[Neighbour, BeforeValidator(_by_id, json_schema_input_type=str | Neighbour)]
"""Only its id, or a table."""


class GivenStep(Section):
    preset: str = Field(min_length=1, max_length=64, description="Name or token of one of the camera's presets.")
    dwell_s: int = Field(20, ge=5, le=3600, description="Seconds at this preset, the way there included.")


class GivenPatrol(Section):
    name: str = Field(min_length=1, max_length=40, description="What people see.")
    steps: tuple[GivenStep, ...] = Field(max_length=32, description="The presets, in order, for ever.")

    @field_validator("steps")
    @classmethod
    def _goes_somewhere(cls, value: tuple[GivenStep, ...]) -> tuple[GivenStep, ...]:
        if not value:
            raise ValueError("is empty; give at least one preset")
        return value

    @property
    def patrol(self) -> Patrol:
        return Patrol(self.name, tuple(PatrolStep(step.preset, step.dwell_s) for step in self.steps))
