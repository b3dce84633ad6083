"""Why there is no way, in words: the gesture, the two things that come too near, how near, and what to do."""

from __future__ import annotations

from collections.abc import Iterable

from station.motion.bench_model import TABLE, VISITOR
from station.motion.clearance_check import Clearance
from station.motion.plan import PlanError
from station.motion.room import Room

IN_REACH = "move the point nearer to the arm's base, or the base nearer to it"


def unknown_refusal(name: str, known: Iterable[str], named_by: str = "") -> PlanError:
    """A gesture or posture that nobody has defined."""
    listed = ", ".join(sorted(known)) or "none"
    by = f" that {named_by} names" if named_by else ""
    return PlanError(
        "motion.unknown_gesture",
        f"there is no gesture {name}{by} (known: {listed}); teach it, or take it out of the procedure",
    )


def reach_refusal(gesture: str, solved_outside_limits: bool) -> PlanError:
    """No joint angles bring the tip there."""
    if solved_outside_limits:
        return PlanError(
            "motion.limit",
            f"{gesture}: the arm could get there only beyond a joint's limits; {IN_REACH}, or choose another axis",
        )
    return PlanError("motion.unreachable", f"{gesture}: no posture of the arm brings its tip there; {IN_REACH}")


def limit_refusal(gesture: str, what: str, room: Room, angles_deg: Iterable[float]) -> PlanError:
    """A posture beyond the joints' limits. `what` is `its posture` or `the arm`."""
    ranges = zip(angles_deg, room.low_deg, room.high_deg, strict=True)
    outside = [
        f"joint {number} at {angle:.1f} deg (range {low:g} to {high:g})"
        for number, (angle, low, high) in enumerate(ranges, start=1)
        if not low <= angle <= high
    ]
    return PlanError(
        "motion.limit",
        f"{gesture}: {what} has {', '.join(outside)}; teach the posture again within the range"
        if what != "the arm"
        else f"{gesture}: the arm stands with {', '.join(outside)}; lead it back by hand (free drive), then try again",
    )


def start_refusal(gesture: str, found: Clearance) -> PlanError:
    """The arm stands in something."""
    part, other = found.between
    return PlanError(
        "motion.start_blocked",
        f"{gesture}: by the bench model the arm's {part} stands {-found.mm:.0f} mm deep in {other}; lead the arm clear "
        f"by hand (free drive), or correct {other} in the station file if it is not there",
    )


def near_refusal(gesture: str, where: str, found: Clearance, wanted_mm: float, *, no_way: bool = False) -> PlanError:
    """Two things would come too near each other. `where` begins the sentence, such as `at its end`."""
    part, other = found.between
    if other == VISITOR:
        code = "motion.visitor_zone"
        what = f"the arm's {part} would come {wanted_mm - found.mm:.0f} mm into the visitor's zone"
        todo = "move the gesture away from the visitor, or let it be a `present` with an allowance"
    elif other == TABLE:
        code = "motion.too_close"
        what = _near(f"the arm's {part}", "the table", found.mm, wanted_mm)
        todo = "raise the gesture, or ask less clearance of it"
    elif found.of_self:
        code = "motion.self_collision"
        what = _near(f"the arm's {part}", f"its own {other}", found.mm, wanted_mm)
        todo = "choose a point farther from the base, or another posture"
    else:
        code = "motion.too_close"
        what = _near(f"the arm's {part}", other, found.mm, wanted_mm)
        todo = f"move {other} or the gesture, or ask less clearance of the gesture"
    if no_way:
        todo = "bring the arm home first, or lead it to an open place by hand (free drive)"
        return PlanError("motion.no_way", f"{gesture}: no free way there was found; {where} {what}; {todo}")
    return PlanError(code, f"{gesture}: {where} {what}; {todo}")


def _near(part: str, other: str, mm: float, wanted_mm: float) -> str:
    if mm < 0.0:
        return f"{part} would be {-mm:.0f} mm deep in {other} ({wanted_mm:.0f} mm clearance is wanted)"
    return f"{part} would come within {mm:.1f} mm of {other} ({wanted_mm:.0f} mm clearance is wanted)"
