"""The shapes of what the arm keeps clear of: `[[obstacle]]` and `[visitor]` of a station file."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from station.config.shapes import Above0, Name, Vec3
from station.config.strict import Strict
from station.motion.bench_model import TABLE, VISITOR, Box

Size = Annotated[tuple[Above0, Above0, Above0], Field(strict=False)]


class ObstacleShape(Strict):
    """`[[obstacle]]`: a box that stands upright on the bench, or over it."""

    id: Name
    at_mm: Vec3
    """Its centre, bench frame."""
    size_mm: Size
    yaw_deg: float = 0.0

    @model_validator(mode="after")
    def _has_a_name_of_its_own(self) -> Self:
        if self.id in (TABLE, VISITOR):
            raise ValueError(f"`{self.id}` is known without being an obstacle; choose another id")
        return self

    def value(self) -> Box:
        """As the planner wants it."""
        return Box(id=self.id, at_mm=self.at_mm, size_mm=self.size_mm, yaw_deg=self.yaw_deg)


class VisitorShape(Strict):
    """`[visitor]`: the room where the visitor stands and reaches; the arm stays out of it unless it presents."""

    at_mm: Vec3
    size_mm: Size
    yaw_deg: float = 0.0

    def value(self) -> Box:
        """As the planner wants it."""
        return Box(id=VISITOR, at_mm=self.at_mm, size_mm=self.size_mm, yaw_deg=self.yaw_deg)
