"""`[torque_check]` of a station file: how the torque tool is verified, against what, and what it must reach.

The defaults are this product's choice. No standard's text was read for them; a customer's own figures go into the file.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Self

from pydantic import Field, model_validator

from station.config.shapes import Above0, AtLeast0, Name
from station.config.strict import Strict
from station.core.procedure import JointClass

DEFAULT_PATTERN = (
    r"^\s*(?:(?P<count>\d+)\s*[,;\s]\s*)?(?P<value>[+-]?\d+(?:[.,]\d+)?)\s*(?P<unit>[A-Za-z][A-Za-z.·*]*)?"
    r"\s*(?P<over>OL|OVER)?\s*$"
)
"""A line of a transducer: an optional running number, the peak, an optional unit, an optional word for overload."""
JointName = Annotated[str, Field(pattern=r"^[^/]+/[^/]+$")]
"""`procedure/joint`."""
_Serial = Annotated[str, Field(pattern=r"^[A-Za-z0-9._/-]+$")]


@dataclass(frozen=True, slots=True, kw_only=True)
class TorqueReference:
    """The reference transducer, as its certificate has it."""

    name: str
    serial: str
    certificate: str
    valid_until: str
    """ISO 8601 date: the last good day."""
    uncertainty_percent: float
    """Expanded, k = 2, of the reading."""
    deviation_percent: float
    step_nm: float
    """Last digit of its display."""
    range_nm: float
    """From here on it is saturated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransducerLine:
    """How the reference's readings come over a line."""

    url: str
    baudrate: int
    pattern: str
    unit: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TorqueDemands:
    """What a joint of a class asks of the tool."""

    readings: int
    cm_min: float
    cmk_min: float
    deviation_max_percent: float
    """Of the tool's own word from the reference, mean of a series."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TorqueCheck:
    """The whole table."""

    reference: TorqueReference
    transducer: TransducerLine | None
    """None: readings are typed in."""
    demands: TorqueDemands
    demands_class_a: TorqueDemands
    hard: tuple[str, ...]
    """`procedure/joint` of each that is verified on a hard test joint; others on one like themselves."""
    soft: tuple[str, ...]
    valid_days: int
    valid_rundowns: int
    spans_nm: dict[str, float]
    """`reproducibility_nm output_drive_nm interface_nm loading_point_nm`, as far as somebody measured them."""

    def demands_of(self, joint_class: JointClass) -> TorqueDemands:
        """What a joint of this class asks."""
        return self.demands_class_a if joint_class is JointClass.A else self.demands


class ReferenceShape(Strict):
    """`reference = {...}`."""

    name: Name
    serial: _Serial
    certificate: Name
    valid_until: date
    uncertainty_percent: Above0
    deviation_percent: Annotated[float, Field(ge=-5, le=5)] = 0.0
    step_nm: Above0
    range_nm: Above0


class TransducerShape(Strict):
    """`transducer = {...}`."""

    url: Name
    baudrate: Annotated[int, Field(ge=1200, le=4_000_000)] = 9600
    pattern: Name = DEFAULT_PATTERN
    """Regular expression with a group `value`, and if there are any `count`, `unit` and `over`."""
    unit: Name = "Nm"
    """As the line has it; points, middle dots and capitals do not matter."""

    @model_validator(mode="after")
    def _can_be_read(self) -> Self:
        try:
            groups = re.compile(self.pattern).groupindex
        except re.error as error:
            raise ValueError(f"`pattern` is no regular expression ({error}); correct it") from error
        if "value" not in groups:
            raise ValueError("`pattern` has no group `value`; write (?P<value>...) around the figure")
        return self


class SpansShape(Strict):
    """`spans = {...}`: spans of readings that somebody measured by turning, remounting and shifting."""

    reproducibility_nm: AtLeast0 | None = None
    output_drive_nm: AtLeast0 | None = None
    interface_nm: AtLeast0 | None = None
    loading_point_nm: AtLeast0 | None = None


class TorqueCheckShape(Strict):
    """`[torque_check]`."""

    reference: ReferenceShape
    transducer: TransducerShape | None = None
    readings: Annotated[int, Field(ge=10, le=500)] = 25
    readings_class_a: Annotated[int, Field(ge=10, le=500)] = 50
    cm_min: Above0 = 1.67
    cm_min_class_a: Above0 = 2.0
    cmk_min: Above0 = 1.67
    cmk_min_class_a: Above0 = 2.0
    """With 50 readings its 95 % lower bound is 1.66."""
    deviation_max_percent: Above0 = 4.0
    deviation_max_percent_class_a: Above0 = 2.0
    hard: list[JointName] = Field(default_factory=list)
    soft: list[JointName] = Field(default_factory=list)
    valid_days: Annotated[int, Field(ge=1, le=730)] = 180
    valid_rundowns: Annotated[int, Field(ge=1, le=1_000_000)] = 5000
    spans: SpansShape = SpansShape()

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        both = sorted(set(self.hard) & set(self.soft))
        if both:
            raise ValueError(f"joint {both[0]} is both hard and soft; name it once")
        for key in ("readings", "cm_min", "cmk_min"):
            if getattr(self, f"{key}_class_a") < getattr(self, key):
                raise ValueError(f"`{key}_class_a` asks less than `{key}`; class A never asks less")
        if self.deviation_max_percent_class_a > self.deviation_max_percent:
            raise ValueError(
                "`deviation_max_percent_class_a` allows more than `deviation_max_percent`; class A never does"
            )
        return self

    def value(self) -> TorqueCheck:
        """As the station wants it."""
        reference = self.reference
        return TorqueCheck(
            reference=TorqueReference(
                **reference.model_dump(exclude={"valid_until"}), valid_until=reference.valid_until.isoformat()
            ),
            transducer=TransducerLine(**self.transducer.model_dump()) if self.transducer else None,
            demands=TorqueDemands(
                readings=self.readings,
                cm_min=self.cm_min,
                cmk_min=self.cmk_min,
                deviation_max_percent=self.deviation_max_percent,
            ),
            demands_class_a=TorqueDemands(
                readings=self.readings_class_a,
                cm_min=self.cm_min_class_a,
                cmk_min=self.cmk_min_class_a,
                deviation_max_percent=self.deviation_max_percent_class_a,
            ),
            hard=tuple(self.hard),
            soft=tuple(self.soft),
            valid_days=self.valid_days,
            valid_rundowns=self.valid_rundowns,
            spans_nm={key: value for key, value in self.spans.model_dump().items() if value is not None},
        )
