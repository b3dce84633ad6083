"""Small shapes that several files share: vectors, colours, tags."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from station.config.strict import Strict
from vision.bench import TagMount
from vision.geometry import Transform

Vec2 = Annotated[tuple[float, float], Field(strict=False)]
Vec3 = Annotated[tuple[float, float, float], Field(strict=False)]
Vec4 = Annotated[tuple[float, float, float, float], Field(strict=False)]
Name = Annotated[str, Field(min_length=1)]
Above0 = Annotated[float, Field(gt=0)]
AtLeast0 = Annotated[float, Field(ge=0)]


class TagShape(Strict):
    """An AprilTag 36h11 on a body; pose in the body's frame, angles as roll, pitch, yaw about fixed axes."""

    id: Annotated[int, Field(ge=0, le=586)]
    """36h11 has the ids 0 to 586."""
    size_mm: Above0
    at_mm: Vec3
    rpy_deg: Vec3 = (0.0, 0.0, 0.0)

    def mount(self) -> TagMount:
        """As vision wants it."""
        return TagMount(tag_id=self.id, size_mm=self.size_mm, body_from_tag=Transform.of(*self.at_mm, *self.rpy_deg))
