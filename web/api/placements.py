"""Where flex cameras hang and hung, and the one form by which one moves."""

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from vms.rules.placements import Placement
from web.audit_trail import Actor
from web.deps import ServicesDep, camera_or_404, needs
from web.placement_register import Move, PlacementRegister
from web.services import Services

router = APIRouter(prefix="/api", tags=["decisions"])

Text = Annotated[str, StringConstraints(strip_whitespace=True, max_length=60)]


class NewPlacement(BaseModel):
    """name: of where and how it hangs. decision: id of the one that covers it there; needed where decisions gate."""

    model_config = ConfigDict(extra="forbid")
    name: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=60)]
    area: Text = ""
    lat: float | None = Field(None, ge=-90, le=90, allow_inf_nan=False)
    lon: float | None = Field(None, ge=-180, le=180, allow_inf_nan=False)
    decision: int | None = Field(None, ge=1, le=2**53)
    reason: Annotated[str, StringConstraints(strip_whitespace=True, max_length=200)] = ""

    @field_validator("name", "area", "reason")
    @classmethod
    def _printable(cls, value: str) -> str:
        if not value.isprintable():
            raise ValueError("holds a character that cannot be printed")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> "NewPlacement":
        if (self.lat is None) != (self.lon is None):
            raise ValueError("give lat and lon, or neither")
        return self


@router.get("/placements")
def overview(services: ServicesDep, actor: Annotated[Actor, needs("placements.read")]) -> dict[str, Any]:
    """Flex cameras within reach, where they hang and hung, and the decisions under which one may hang."""
    return _register(services).overview(
        [camera for camera in services.reach.cameras(actor, "placements.read") if camera.kind == "flex"]
    )


@router.post("/cameras/{camera}/placements", status_code=201)
def move(
    camera: Annotated[str, Path(max_length=40)],
    body: NewPlacement,
    services: ServicesDep,
    actor: Annotated[Actor, needs("placements.move")],
) -> dict[str, Any]:
    """It hangs there from now on. Its masks lapse: nothing of it is shown until masks are approved at the new place."""
    place = Placement(body.name, body.lat, body.lon)
    wanted = Move(place, body.area, body.decision, body.reason)
    hung = _register(services).move(actor, camera_or_404(services, camera), wanted)
    services.decisions.refresh()
    gate = services.decisions.gate(camera)
    return {"id": hung.id, "camera": camera, "from_us": hung.start_us, "gate": gate.state, "decision": gate.number}


def _register(services: Services) -> PlacementRegister:
    return PlacementRegister(services.config, services.store, services.clock, services.trail)
