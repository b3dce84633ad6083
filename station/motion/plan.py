"""What the planner answers: a plan, or why there is none."""

from __future__ import annotations

from dataclasses import dataclass

from drivers.cobot.arm.model import Angles


@dataclass(frozen=True, slots=True, kw_only=True)
class Leg:
    """A part of a plan that is gone without resting: the arm stands still at its end."""

    points_deg: tuple[Angles, ...]
    """Where it begins, the postures that it passes, where it ends: two or more."""
    speed_percent: int


@dataclass(frozen=True, slots=True, kw_only=True)
class MotionPlan:
    """A way that was checked whole. Nothing of it has moved anything yet."""

    gesture: str
    legs: tuple[Leg, ...]
    """In order; each begins where the one before ended. Empty when the arm stands there already."""
    clearance_mm: float
    """The smallest distance on the way, intended contact aside."""
    between: tuple[str, str]
    """The two things that it is between: a part of the arm, and what it is near."""
    duration_s: float
    """At the legs' speeds, without waiting."""

    @property
    def goal_deg(self) -> Angles | None:
        """Where it ends; None when it has no legs."""
        return self.legs[-1].points_deg[-1] if self.legs else None


class PlanError(ValueError):
    """There is no such way. `code` is stable; the text names the gesture, what is in the way, and what to do.

    Codes: `motion.unknown_gesture`, `motion.unknown_joint`, `motion.unreachable`, `motion.limit`,
    `motion.self_collision`, `motion.too_close`, `motion.visitor_zone`, `motion.start_blocked`, `motion.no_way`.
    """

    def __init__(self, code: str, sentence: str) -> None:
        self.code = code
        super().__init__(sentence)
