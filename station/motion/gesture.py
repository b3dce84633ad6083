"""What the arm can be asked to do, as values: each kind of gesture with its figures. Bench frame, millimetres, degrees.

A gesture says where to be and how to get there in the end; how to get *near* is found anew each time by
`station.motion.planner`, from wherever the arm stands.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.cobot.arm.model import Angles
from station.core.procedure import Reach

Vector = tuple[float, float, float]
DOWN: Vector = (0.0, 0.0, -1.0)
"""Into the table: along the axis of whatever is screwed from above."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtPosture:
    """Joint angles as taught: home, park, transport. `kind = "posture"`."""

    name: str
    angles_deg: Angles
    speed_percent: int = 30
    clearance_mm: float = 10.0
    """What the arm keeps from the bench model on the way and at its end."""
    taught_by: str = ""
    """Who taught it, where that is known."""
    taught_at: str = ""
    """When, as ISO 8601 text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PointAt:
    """The tip off a joint of the procedure, or off a point, its axis along the joint's. `kind = "point"`."""

    name: str
    joint: str | None = None
    """Id of the procedure's joint; None where `at_mm` is given."""
    at_mm: Vector | None = None
    above_mm: float = 30.0
    """From the tip to the joint, against the axis."""
    axis: Vector = DOWN
    """Where the tool points."""
    approach_mm: float = 30.0
    """Length of the straight line along the axis by which the tip comes."""
    near_deg: Angles | None = None
    """Of all postures that point there the arm takes the one nearest to this; None = the one with the best way."""
    speed_percent: int = 30
    clearance_mm: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Present:
    """What the arm carries, brought within the visitor's reach. `kind = "present"`."""

    name: str
    at_mm: tuple[float, float]
    """Where on the bench, x and y."""
    low_mm: float
    """Height of the tip above the table for each reach setting."""
    middle_mm: float
    high_mm: float
    into_zone_mm: float = 0.0
    """How far the arm may come into the visitor's zone, and only while it presents."""
    axis: Vector = DOWN
    near_deg: Angles | None = None
    speed_percent: int = 20
    clearance_mm: float = 10.0

    def height_mm(self, reach: Reach) -> float:
        """Height of the tip above the table for a visitor's reach setting."""
        return {
            Reach.LOW: self.low_mm,
            Reach.MIDDLE: self.middle_mm,
            Reach.HIGH: self.high_mm,
        }[reach]


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """The tip set on a part along its pins, gently, to stay there. `kind = "hold"`."""

    name: str
    at_mm: Vector
    """The point of contact on the part's surface."""
    touches: str
    """Id of the obstacle that is touched there: the tool alone may come to it, and only along the pins."""
    along: Vector = DOWN
    """Direction of the pins: that of the last motion, and of the tool."""
    approach_mm: float = 40.0
    """Length of the straight line along the pins by which the tip comes."""
    gentle_mm: float = 8.0
    """The last part of it, which is gone slowly."""
    gentle_percent: int = 5
    press_mm: float = 1.0
    """How far beyond the surface the tip is sent, so that it rests on it."""
    near_deg: Angles | None = None
    speed_percent: int = 20
    clearance_mm: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class StepBack:
    """Straight back along the tool's axis, as far as that is free, then to a posture. `kind = "step-back"`."""

    name: str
    posture: str
    """Name of the taught posture to go to."""
    back_mm: float = 60.0
    speed_percent: int = 30
    clearance_mm: float = 10.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Wave:
    """A few postures in turn. `kind = "wave"`."""

    name: str
    postures_deg: tuple[Angles, ...]
    speed_percent: int = 40
    clearance_mm: float = 10.0


Gesture = TaughtPosture | PointAt | Present | Hold | StepBack | Wave
