"""The work as data: a procedure is a list of steps, and a step is a list of demands that evidence must meet.

These are plain values, already checked: `station.config.procedure_file` reads and checks the files. Nothing here knows
what is being assembled.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class JointClass(StrEnum):
    """VDI/VDE 2862 class of a joint (after secondary sources): A danger to life, B function, C the rest."""

    A = "A"
    B = "B"
    C = "C"


class Role(StrEnum):
    """Who may say something. A higher role may stand in for a lower one."""

    VISITOR = "visitor"
    QUALIFIED = "qualified"
    TECHNICIAN = "technician"


class Reach(StrEnum):
    """How high a visitor wants things to be brought."""

    LOW = "low"
    MIDDLE = "middle"
    HIGH = "high"


class PositionMode(StrEnum):
    """What the tool's place has to do with its enable, as tool location systems have it."""

    RELEASE = "release"
    """The tool is released only while it is seen at the joint that is due."""
    CHOOSE = "choose"
    """Any joint of the group is due: the place where the tool is seen chooses joint and parameter set."""
    CONFIRM = "confirm"
    """The tool is released for the joint that is due, wherever it is; its place is confirmed after the fact."""


class AfterNok(StrEnum):
    """What happens to a joint whose tightening stays bad."""

    TECHNICIAN = "technician"
    """Hold until a technician has mended it."""
    LOOSEN = "loosen"
    """Back off and retry: a technician has the joint loosened, then the visitor tries again."""
    MARK = "mark"
    """Mark it and go on; it is reworked with a technician when the rest of its group is done."""
    END = "end"
    """Close the visit as not finished."""


class Right(StrEnum):
    """What only a technician may do, and every time leaves person and reason in the journal."""

    LOOSEN = "loosen"
    """Let the tool run backwards at a joint."""
    ACCEPT_RESULT = "accept_result"
    """Count a good result that the controller told after its line was cut. Never for class A."""
    UNDO = "undo"
    """Take a step and all after it back."""


ROLE_RANK: Mapping[Role, int] = {Role.VISITOR: 0, Role.QUALIFIED: 1, Role.TECHNICIAN: 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class PartAt:
    """The ordered variant of a role stands at a place, within both tolerances, and has been still for `still_s`."""

    role: str
    place: str
    within_mm: float
    within_deg: float
    still_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class PartTaken:
    """The ordered variant of a role is seen away from its place in the tray, and no other variant is."""

    role: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HandsClear:
    """Nobody's hands are in the zone."""

    zone: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Fastener:
    """A fastener sits at the joint."""

    joint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Checked:
    """A taught check sees this state."""

    check: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Tightening:
    """The torque tool reports a good result for the joint, with the joint's pset, while its tip is at the joint."""

    joint: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirmation:
    """A person says so on the screen."""

    what: str
    """Phrase key of the question."""
    by: Role


@dataclass(frozen=True, slots=True, kw_only=True)
class PassShown:
    """The visitor's pass is shown to a camera and belongs to an order of this station."""


Demand = PartAt | PartTaken | HandsClear | Fastener | Checked | Tightening | Confirmation | PassShown


@dataclass(frozen=True, slots=True, kw_only=True)
class OnFail:
    """What happens when a step's result is bad or its time is over."""

    retries: int = 2
    """How often the visitor may try again on the spot."""
    then: AfterNok = AfterNok.TECHNICIAN
    """What comes then, or at once where trying again makes no sense."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do, shown with one sentence and one picture."""

    id: str
    say: str
    """Phrase key of the instruction, spoken and shown."""
    picture: str
    """Name of the drawing that the kiosk page shows."""
    group: str
    """Steps of one group stand together; the group says whether their order matters."""
    gestures: tuple[str, ...] = ()
    """What the cobot does on entering, in order; each only while the cobot's zone is clear."""
    gates: tuple[Demand, ...] = ()
    """Evidence needed before the step opens (after the gestures)."""
    demands: tuple[Demand, ...] = ()
    """Evidence needed to pass, all of it."""
    timeout_s: float = 120.0
    """After this long a person is called."""
    on_fail: OnFail = field(default_factory=OnFail)
    resume: str = "confirm"
    """After a hand in the cobot's zone: `confirm` = the visitor taps Continue, `itself` = when the zone is clear."""
    confirms_place: bool = False
    """Position mode `confirm`, see `Procedure.position_mode`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Steps that belong together."""

    id: str
    any_order: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class TagSpec:
    """A tag on a carrier; pose in the part's frame."""

    id: int
    size_mm: float
    at_mm: tuple[float, float, float]
    rpy_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointSpec:
    """A joint: what is tightened, and what a good result is."""

    id: str
    label: str
    """What the screen calls it, e.g. `1`."""
    joint_class: JointClass
    position_mm: tuple[float, float, float]
    """Bench frame, part in place."""
    pset: int | None = None
    torque_min_nm: float = 0.0
    torque_target_nm: float = 0.0
    torque_max_nm: float = 0.0
    angle_min_deg: float = 0.0
    angle_max_deg: float = 0.0
    socket: str | None = None
    """Socket or bit that must be on the tool; None = any."""
    grace_s: float = 0.0
    """How long socket or place may be lost before the enable is taken away."""
    job: int | None = None
    """The controller's job that contains the joint's pset, where the controller works by jobs."""
    batch_size: int | None = None
    """Batch that the controller is given with each release: with 1 it locks itself after one good tightening."""
    axis: tuple[float, float, float] = (0.0, 0.0, 1.0)
    """From the joint towards the tool, bench frame; of any length."""
    token_tags: tuple[TagSpec, ...] = ()
    """Tags of the fastener itself, in a frame whose origin lies at the joint when it is on it; none on a real nut."""
    on: str = ""
    """Role of the part that carries the joint, and takes it along; empty = it belongs to the bench, as a stud does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One variant of a role."""

    id: str
    role: str
    variant: str
    """Value of the order's choice for this role that asks for this part."""
    name: str
    """Phrase key of its name."""
    tray: str
    """Place where it lies before it is taken."""
    tags: tuple[TagSpec, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A named pose in the bench frame."""

    id: str
    at_mm: tuple[float, float, float]
    rpy_deg: tuple[float, float, float] = (0.0, 0.0, 0.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A flat region whose state is told by a model that was taught with examples at the station."""

    id: str
    kind: str
    """`seated`, `present`, `gap` or `variant`: how people speak of it."""
    at_mm: tuple[float, float, float]
    """Middle of the region, bench frame."""
    rpy_deg: tuple[float, float, float]
    """Region frame: x right, y up, z out of the face."""
    size_mm: tuple[float, float]
    states: tuple[str, ...]
    cameras: tuple[str, ...] = ()
    """Those that look at it; empty = all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Procedure:
    """The whole work, checked."""

    id: str
    version: str
    title: str
    sha256: str
    """Of the file's bytes, and of where its joints are taken from if not from there: the visit keeps it, so what has
    changed is another procedure.
    """
    parts: tuple[Part, ...]
    places: tuple[Place, ...]
    joints: tuple[JointSpec, ...]
    groups: tuple[Group, ...]
    steps: tuple[Step, ...]
    work_zone: str
    """Zone around the work: hands in it hide the view."""
    cobot_zone: str | None
    """Zone that must be clear while the cobot moves; None = the procedure has no gestures."""
    checks: tuple[Check, ...] = ()

    def joint(self, joint_id: str) -> JointSpec:
        """The joint of that id. Raises KeyError."""
        return {joint.id: joint for joint in self.joints}[joint_id]

    def part(self, part_id: str) -> Part:
        """The part of that id. Raises KeyError."""
        return {part.id: part for part in self.parts}[part_id]

    def step(self, step_id: str) -> Step:
        """The step of that id. Raises KeyError."""
        return {step.id: step for step in self.steps}[step_id]

    def variants(self, role: str) -> tuple[Part, ...]:
        """All parts of a role."""
        return tuple(part for part in self.parts if part.role == role)

    def needs_tool(self) -> bool:
        """Whether any step wants a tightening."""
        return any(isinstance(d, Tightening) for step in self.steps for d in step.demands)

    def position_mode(self, step: Step) -> PositionMode:
        """A step that confirms says so itself; in an any-order group the position chooses; else it releases."""
        if step.confirms_place:
            return PositionMode.CONFIRM
        chooses = any(group.id == step.group and group.any_order for group in self.groups)
        return PositionMode.CHOOSE if chooses else PositionMode.RELEASE

    def needs_cobot(self) -> bool:
        """Whether any step has a gesture."""
        return any(step.gestures for step in self.steps)


@dataclass(frozen=True, slots=True, kw_only=True)
class Order:
    """What this visitor's car is to get."""

    id: str
    visitor: str
    """First name or nickname that the screen may greet with."""
    vin: str
    car: str
    """Model and colour, as shown."""
    choices: Mapping[str, str]
    """Role -> variant."""
