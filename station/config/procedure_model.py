"""The shape of a procedure file, and each of its tables as the core's value."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from station.config.shapes import Above0, AtLeast0, Name, TagShape, Vec2, Vec3
from station.config.strict import Strict
from station.core.procedure import (
    AfterNok,
    Check,
    Checked,
    Confirmation,
    Demand,
    Fastener,
    Group,
    HandsClear,
    JointClass,
    JointSpec,
    OnFail,
    Part,
    PartAt,
    PartTaken,
    PassShown,
    Place,
    Role,
    Step,
    TagSpec,
    Tightening,
)


class HeadShape(Strict):
    """`[procedure]`."""

    id: Name
    version: Name
    title: Name
    work_zone: Name
    cobot_zone: Name | None = None


class PlaceShape(Strict):
    """`[[place]]`."""

    id: Name
    at_mm: Vec3
    rpy_deg: Vec3 = (0.0, 0.0, 0.0)

    def value(self) -> Place:
        """As the core wants it."""
        return Place(id=self.id, at_mm=self.at_mm, rpy_deg=self.rpy_deg)


class PartShape(Strict):
    """`[[part]]` with its `[[part.tag]]`."""

    id: Name
    role: Name
    variant: Name
    name: Name
    tray: Name
    tag: Annotated[list[TagShape], Field(min_length=1)]

    def value(self) -> Part:
        """As the core wants it."""
        return Part(
            id=self.id, role=self.role, variant=self.variant, name=self.name, tray=self.tray, tags=_tags(self.tag)
        )


def _tags(shapes: list[TagShape]) -> tuple[TagSpec, ...]:
    return tuple(TagSpec(id=t.id, size_mm=t.size_mm, at_mm=t.at_mm, rpy_deg=t.rpy_deg) for t in shapes)


class TorqueShape(Strict):
    """`torque_nm`: the window, and where the tool shuts off."""

    min: Above0
    target: Above0
    max: Above0


class AngleShape(Strict):
    """`angle_deg`: the window."""

    min: AtLeast0
    max: Above0


class JointShape(Strict):
    """`[[joint]]`."""

    id: Name
    label: Name
    joint_class: Annotated[Literal["A", "B", "C"], Field(alias="class")]
    position_mm: Vec3
    pset: Annotated[int, Field(ge=1, le=999)] | None = None
    torque_nm: TorqueShape | None = None
    angle_deg: AngleShape | None = None
    socket: Name | None = None
    grace_s: Annotated[float, Field(ge=0, le=3)] = 0.0
    job: Annotated[int, Field(ge=1, le=9999)] | None = None
    batch_size: Annotated[int, Field(ge=1, le=99)] | None = None
    axis: Vec3 = (0.0, 0.0, 1.0)
    token: list[TagShape] = Field(default_factory=list)
    """Tags of the fastener itself, where fasteners carry tags."""
    on: Name | None = None
    """Role of the part that carries the joint; left out for one that belongs to the bench."""

    @model_validator(mode="after")
    def _has_direction(self) -> Self:
        if not any(self.axis):
            raise ValueError("`axis` has no direction; write the way from the joint to the tool, like [0, 0, 1]")
        return self

    def value(self) -> JointSpec:
        """As the core wants it; a window that is not given is all zeros."""
        torque, angle = self.torque_nm, self.angle_deg
        return JointSpec(
            id=self.id,
            label=self.label,
            joint_class=JointClass(self.joint_class),
            position_mm=self.position_mm,
            pset=self.pset,
            torque_min_nm=torque.min if torque else 0.0,
            torque_target_nm=torque.target if torque else 0.0,
            torque_max_nm=torque.max if torque else 0.0,
            angle_min_deg=angle.min if angle else 0.0,
            angle_max_deg=angle.max if angle else 0.0,
            socket=self.socket,
            grace_s=self.grace_s,
            job=self.job,
            batch_size=self.batch_size,
            axis=self.axis,
            token_tags=_tags(self.token),
            on=self.on or "",
        )


class CheckShape(Strict):
    """`[[check]]`: what is taught with examples."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]*$")]
    """Also the name of its files."""
    kind: Literal["seated", "present", "gap", "variant"]
    at_mm: Vec3
    rpy_deg: Vec3 = (0.0, 0.0, 0.0)
    size_mm: Vec2
    states: Annotated[list[Name], Field(min_length=2)]
    cameras: list[Name] = Field(default_factory=list)

    @model_validator(mode="after")
    def _sound(self) -> Self:
        if min(self.size_mm) <= 0.0:
            raise ValueError("a region has a width and a height above 0; write `size_mm = [width, height]`")
        if len(set(self.states)) != len(self.states):
            raise ValueError("two states have the same name; give each its own")
        return self

    def value(self) -> Check:
        """As the core wants it."""
        return Check(
            id=self.id,
            kind=self.kind,
            at_mm=self.at_mm,
            rpy_deg=self.rpy_deg,
            size_mm=self.size_mm,
            states=tuple(self.states),
            cameras=tuple(self.cameras),
        )


class GroupShape(Strict):
    """`[[group]]`."""

    id: Name
    any_order: bool = False

    def value(self) -> Group:
        """As the core wants it."""
        return Group(id=self.id, any_order=self.any_order)


class PartAtShape(Strict):
    """`part_at = {...}`."""

    role: Name
    place: Name
    within_mm: Above0
    within_deg: Above0
    still_s: AtLeast0


class PartTakenShape(Strict):
    """`part_taken = {...}`."""

    role: Name


class HandsClearShape(Strict):
    """`hands_clear = {...}`."""

    zone: Name


class AtJointShape(Strict):
    """`fastener = {...}` and `tightening = {...}`."""

    joint: Name


class CheckedShape(Strict):
    """`checked = {...}`."""

    check: Name
    state: Name


class ConfirmationShape(Strict):
    """`confirmation = {...}`."""

    what: Name
    by: Literal["visitor", "qualified", "technician"] = "visitor"


class PassShownShape(Strict):
    """`pass_shown = {}`."""


class DemandShape(Strict):
    """One demand: a table with exactly one of these keys."""

    part_at: PartAtShape | None = None
    part_taken: PartTakenShape | None = None
    hands_clear: HandsClearShape | None = None
    fastener: AtJointShape | None = None
    checked: CheckedShape | None = None
    tightening: AtJointShape | None = None
    confirmation: ConfirmationShape | None = None
    pass_shown: PassShownShape | None = None

    @model_validator(mode="after")
    def _exactly_one(self) -> Self:
        given = [name for name in type(self).model_fields if getattr(self, name) is not None]
        if len(given) != 1:
            has = f"it has {' and '.join(given)}" if given else "it has none"
            raise ValueError(f"a demand names one kind of evidence, {has}; write each in {{ }} of its own")
        return self

    def value(self) -> Demand:
        """As the core wants it."""
        if self.part_at is not None:
            return PartAt(**self.part_at.model_dump())
        if self.part_taken is not None:
            return PartTaken(role=self.part_taken.role)
        if self.hands_clear is not None:
            return HandsClear(zone=self.hands_clear.zone)
        if self.fastener is not None:
            return Fastener(joint=self.fastener.joint)
        if self.checked is not None:
            return Checked(check=self.checked.check, state=self.checked.state)
        if self.tightening is not None:
            return Tightening(joint=self.tightening.joint)
        if self.confirmation is not None:
            return Confirmation(what=self.confirmation.what, by=Role(self.confirmation.by))
        return PassShown()


class OnFailShape(Strict):
    """`on_fail = {...}`."""

    retries: Annotated[int, Field(ge=0, le=20)] = 2
    then: Literal["technician", "loosen", "mark", "end"] = "technician"


class StepShape(Strict):
    """`[[step]]`. Without a group a step is a group of its own."""

    id: Name
    group: Name | None = None
    say: Name
    picture: Name
    gestures: list[Name] = Field(default_factory=list)
    gates: list[DemandShape] = Field(default_factory=list)
    demands: list[DemandShape] = Field(default_factory=list)
    timeout_s: float = 120.0
    on_fail: OnFailShape = Field(default_factory=OnFailShape)
    resume: Literal["confirm", "itself"] = "confirm"
    position: Literal["release", "confirm"] = "release"

    def value(self) -> Step:
        """As the core wants it."""
        return Step(
            id=self.id,
            say=self.say,
            picture=self.picture,
            group=self.group or self.id,
            gestures=tuple(self.gestures),
            gates=tuple(gate.value() for gate in self.gates),
            demands=tuple(demand.value() for demand in self.demands),
            timeout_s=self.timeout_s,
            on_fail=OnFail(retries=self.on_fail.retries, then=AfterNok(self.on_fail.then)),
            resume=self.resume,
            confirms_place=self.position == "confirm",
        )
