"""Where things are on the map: areas of the mayor's decisions, and the ground under them."""

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, field_validator

from vms.rules.outlines import outline_problem

Latitude = Annotated[float, Field(ge=-90, le=90)]
Longitude = Annotated[float, Field(ge=-180, le=180)]


class Area(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    name: str = Field(min_length=1, max_length=60, description="As cameras name it under `area`.")
    outline: tuple[tuple[Latitude, Longitude], ...] = Field(
        min_length=3, max_length=500, description="Corners as [latitude, longitude], in order round the edge."
    )

    @field_validator("outline")
    @classmethod
    def _is_a_polygon(cls, value: tuple[tuple[float, float], ...]) -> tuple[tuple[float, float], ...]:
        if problem := outline_problem(value):
            raise ValueError(problem)
        return value


class Map(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    ground_file: Path | None = Field(
        None,
        description="Raster PMTiles (EPSG:3857) under the map. Empty = data_dir/kaart.pmtiles; none there = plain.",
    )
