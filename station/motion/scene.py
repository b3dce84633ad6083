"""All that a plan depends on beside the gesture and where the arm stands: one frozen value."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

from drivers.cobot.arm.model import ArmModel, Capsule, Limits
from station.core.procedure import Reach
from station.motion.bench_model import BenchModel
from station.motion.gesture import Gesture, Vector
from vision.geometry import Transform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class MotionScene:
    """The arm, its place and tool, the bench around it, and what it can be asked for."""

    model: ArmModel
    limits_deg: Limits
    """The arm's own where it has told them, else the model's."""
    bench_from_base: Transform
    tip_mm: Vector = (0.0, 0.0, 0.0)
    """The tool's tip in the flange frame."""
    tool: tuple[Capsule, ...] = ()
    """What the flange carries, as capsules in frame 6."""
    bench: BenchModel = field(default_factory=BenchModel)
    joints: Mapping[str, Vector] = field(default_factory=dict)
    """Id of each joint of the procedure -> where it is, bench frame."""
    gestures: Mapping[str, Gesture] = field(default_factory=dict)
    reach: Reach = Reach.MIDDLE
    """Of the visit that runs."""


def pointer(tip_mm: tuple[float, float, float], radius_mm: float) -> tuple[Capsule, ...]:
    """A rod from the flange's middle whose round end is the tip (flange frame); nothing for no length."""
    length_mm = math.hypot(*tip_mm)
    if length_mm <= 0.0:
        return ()
    share = max(0.0, length_mm - radius_mm) / length_mm
    end = (share * tip_mm[0], share * tip_mm[1], share * tip_mm[2])
    return (Capsule(frame=6, start_mm=(0.0, 0.0, 0.0), end_mm=end, radius_mm=radius_mm, name="pointer"),)


def dish(from_flange_mm: float, radius_mm: float) -> tuple[Capsule, ...]:
    """A flat round thing around the flange's axis, taken for a ball of its size; nothing for no radius."""
    if radius_mm <= 0.0:
        return ()
    at = (0.0, 0.0, max(0.0, from_flange_mm))
    return (Capsule(frame=6, start_mm=at, end_mm=at, radius_mm=radius_mm, name="dish"),)
