"""What stands on the bench, as boxes that the arm keeps clear of. Bench frame, millimetres, degrees."""

from __future__ import annotations

from dataclasses import dataclass, replace

from station.motion.gesture import Vector

TABLE = "table"
"""What the plane z = 0 is called."""
VISITOR = "visitor"
"""What the visitor's zone is called."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Box:
    """A cuboid that stands upright."""

    id: str
    at_mm: Vector
    """Its centre."""
    size_mm: Vector
    """Edge lengths along its own x, y and z."""
    yaw_deg: float = 0.0
    """Turn of it about z."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchModel:
    """The table (plane z = 0), the boxes on it, and the room that belongs to the visitor."""

    obstacles: tuple[Box, ...] = ()
    visitor: Box | None = None
    """Where the visitor stands and reaches: the arm stays out of it, except that `present` may come in a little."""

    def with_allowance(self, into_zone_mm: float) -> BenchModel:
        """The same, with the visitor's zone drawn in by this much on every side; no zone where nothing is left."""
        if self.visitor is None or into_zone_mm <= 0.0:
            return self
        x, y, z = (size - 2.0 * into_zone_mm for size in self.visitor.size_mm)
        left = min(x, y, z) > 0.0
        return replace(self, visitor=replace(self.visitor, size_mm=(x, y, z)) if left else None)
