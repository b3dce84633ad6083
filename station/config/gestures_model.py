"""The shape of a gestures file: one table for each gesture, by its name, with its `kind`."""

from __future__ import annotations

from typing import Annotated, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from station.config.shapes import Above0, AtLeast0, Name, Vec2, Vec3
from station.config.strict import Strict
from station.motion.gesture import DOWN, Gesture, Hold, PointAt, Present, StepBack, TaughtPosture, Wave

Vec6 = Annotated[tuple[float, float, float, float, float, float], Field(strict=False)]
Percent = Annotated[int, Field(ge=1, le=100)]
Press = Annotated[float, Field(ge=0, le=2)]
Clearance = Annotated[float, Field(ge=1)]
"""Less than a millimetre is no clearance: the arm itself repeats to half a one."""


class GestureShape(Strict):
    """What all kinds have."""

    speed_percent: Percent
    clearance_mm: Clearance = 10.0


class PostureShape(GestureShape):
    """`kind = "posture"`: joint angles as taught."""

    kind: Literal["posture"]
    angles_deg: Vec6
    taught_by: str = ""
    taught_at: str = ""

    def value(self, name: str) -> TaughtPosture:
        """As the planner wants it."""
        return TaughtPosture(name=name, **self.model_dump(exclude={"kind"}))


class PointShape(GestureShape):
    """`kind = "point"`: the tip off a joint of the procedure, or off a point."""

    kind: Literal["point"]
    joint: Name | None = None
    at_mm: Vec3 | None = None
    above_mm: AtLeast0 = 30.0
    axis: Vec3 = DOWN
    approach_mm: AtLeast0 = 30.0
    near_deg: Vec6 | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.joint is None) == (self.at_mm is None):
            raise ValueError("a point gesture needs one of two places; give `joint` or `at_mm`")
        _direction("axis", self.axis)
        return self

    def value(self, name: str) -> PointAt:
        """As the planner wants it."""
        return PointAt(name=name, **self.model_dump(exclude={"kind"}))


class HeightsShape(Strict):
    """`height_mm` of a `present`: of the tip above the table, for each reach setting."""

    low: Above0
    middle: Above0
    high: Above0

    @model_validator(mode="after")
    def _rising(self) -> Self:
        if not self.low <= self.middle <= self.high:
            raise ValueError("the heights do not rise; let `low` <= `middle` <= `high`")
        return self


class PresentShape(GestureShape):
    """`kind = "present"`: what the arm carries, within the visitor's reach."""

    kind: Literal["present"]
    at_mm: Vec2
    height_mm: HeightsShape
    into_zone_mm: AtLeast0 = 0.0
    axis: Vec3 = DOWN
    near_deg: Vec6 | None = None

    @model_validator(mode="after")
    def _points_somewhere(self) -> Self:
        _direction("axis", self.axis)
        return self

    def value(self, name: str) -> Present:
        """As the planner wants it."""
        heights = self.height_mm
        return Present(
            name=name,
            low_mm=heights.low,
            middle_mm=heights.middle,
            high_mm=heights.high,
            **self.model_dump(exclude={"kind", "height_mm"}),
        )


class HoldShape(GestureShape):
    """`kind = "hold"`: the tip set gently on a part, along its pins."""

    kind: Literal["hold"]
    at_mm: Vec3
    touches: Name
    along: Vec3 = DOWN
    approach_mm: Above0 = 40.0
    gentle_mm: Above0 = 8.0
    gentle_percent: Annotated[int, Field(ge=1, le=20)] = 5
    press_mm: Press = 1.0
    near_deg: Vec6 | None = None

    @model_validator(mode="after")
    def _gentle_at_the_end(self) -> Self:
        _direction("along", self.along)
        if not self.gentle_mm <= self.approach_mm:
            raise ValueError("more is gentle than the approach is long; let `gentle_mm` <= `approach_mm`")
        return self

    def value(self, name: str) -> Hold:
        """As the planner wants it."""
        return Hold(name=name, **self.model_dump(exclude={"kind"}))


class StepBackShape(GestureShape):
    """`kind = "step-back"`: back along the tool's axis, then to a taught posture."""

    kind: Literal["step-back"]
    posture: Name
    back_mm: Above0 = 60.0

    def value(self, name: str) -> StepBack:
        """As the planner wants it."""
        return StepBack(name=name, **self.model_dump(exclude={"kind"}))


class WaveShape(GestureShape):
    """`kind = "wave"`: a few postures in turn."""

    kind: Literal["wave"]
    postures_deg: Annotated[list[Vec6], Field(min_length=2)]

    def value(self, name: str) -> Wave:
        """As the planner wants it."""
        return Wave(
            name=name,
            postures_deg=tuple(self.postures_deg),
            speed_percent=self.speed_percent,
            clearance_mm=self.clearance_mm,
        )


SHAPES: dict[str, type[PostureShape | PointShape | PresentShape | HoldShape | StepBackShape | WaveShape]] = {
    "posture": PostureShape,
    "point": PointShape,
    "present": PresentShape,
    "hold": HoldShape,
    "step-back": StepBackShape,
    "wave": WaveShape,
}
"""Kind -> shape."""


def plain(gesture: Gesture) -> dict[str, object]:
    """A gesture as a table of the file: its kind, and every key that differs from what it would be anyway."""
    match gesture:
        case TaughtPosture():
            kind = "posture"
        case PointAt():
            kind = "point"
        case Present():
            kind = "present"
        case Hold():
            kind = "hold"
        case StepBack():
            kind = "step-back"
        case Wave():
            kind = "wave"
    shape = SHAPES[kind]
    table: dict[str, object] = {"kind": kind}
    for key, field in shape.model_fields.items():
        if key == "kind":
            continue
        if key == "height_mm" and isinstance(gesture, Present):
            table[key] = {"low": gesture.low_mm, "middle": gesture.middle_mm, "high": gesture.high_mm}
            continue
        value = getattr(gesture, key)
        if field.is_required() or value != field.default:
            table[key] = value
    return table


def _direction(key: str, vector: tuple[float, float, float]) -> None:
    if float(np.linalg.norm(vector)) < 1e-6:
        raise ValueError(f"`{key}` has no direction; write one, such as [0, 0, -1] for straight down")
