"""What vision knows of a bench before it looks: tagged bodies, places, joints, zones, and the facts it is to watch.

All lengths are millimetres, frames as in `vision.geometry`. Plain values: the station builds them from its files.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from vision.geometry import Array, CameraModel, Transform, frozen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TagMount:
    """An AprilTag 36h11 on a body. Tag frame: origin in its middle, x right, y up on the upright tag, z out of it."""

    tag_id: int
    size_mm: float
    """Edge of the black square."""
    body_from_tag: Transform

    def corners_mm(self) -> Array:
        """(4, 3) corners in the body frame: top left, top right, bottom right, bottom left."""
        half = self.size_mm / 2.0
        return self.body_from_tag.apply([[-half, half, 0], [half, half, 0], [half, -half, 0], [-half, -half, 0]])


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Body:
    """A thing that carries tags: a part on its carrier, the tool, the fixture (whose frame is the bench frame)."""

    name: str
    tags: tuple[TagMount, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Joint:
    """A place where a fastener goes. For the tool, "at the joint" is measured from its tip (its body's origin)."""

    name: str
    bench_mm: Array
    """(3,) where the fastener's head sits on a part that is in its place."""
    axis: Array = field(default_factory=lambda: np.array([0.0, 0.0, 1.0]))
    """(3,) unit vector from the joint towards the tool, bench frame."""
    token: str = ""
    """Body that is the fastener of this joint, where fasteners carry tags; empty = told from pixels."""
    covariance: Array = field(default_factory=lambda: np.zeros((3, 3)))
    """(3, 3) mm^2 of `bench_mm`; zeros where the files say where the joint is."""
    placed: bool = True
    """False: it belongs to a part of which this unit is not measured, so nobody knows where it is."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "bench_mm", frozen(self.bench_mm, (3,)))
        object.__setattr__(self, "axis", frozen(self.axis, (3,)))
        object.__setattr__(self, "covariance", frozen(self.covariance, (3, 3)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Zone:
    """A polygon on the bench, seen as a prism from z_mm[0] to z_mm[1]."""

    name: str
    outline_mm: Array
    """(N, 2) corners, in order."""
    z_mm: tuple[float, float] = (0.0, 150.0)

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline_mm", frozen(self.outline_mm, (-1, 2)))


def same_zones(one: tuple[Zone, ...], other: tuple[Zone, ...]) -> bool:
    """Whether both are the same zones in the same order, by their figures: a copy of a zone is the same zone."""
    return len(one) == len(other) and all(
        a.name == b.name and a.z_mm == b.z_mm and np.array_equal(a.outline_mm, b.outline_mm)
        for a, b in zip(one, other, strict=True)
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtCheck:
    """A flat region of the bench whose state is told by a model that was taught with examples."""

    name: str
    kind: str
    """`seated`, `present`, `gap` or `variant`: how people speak of it."""
    bench_from_region: Transform
    """Region frame: origin in its middle, x right, y up, z out of the face."""
    size_mm: tuple[float, float]
    """Width and height."""
    states: tuple[str, ...]
    """All that it can be told to be, two at least."""
    cameras: tuple[str, ...] = ()
    """Those that look at it; empty = all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchPart:
    """PRESENT: the body is surely at the place, within both tolerances, and still. ABSENT: it is surely elsewhere."""

    fact: str
    body: str
    bench_from_body: Transform
    within_mm: float
    within_deg: float
    still_s: float = 0.0
    confidence: float = 0.99
    """How sure "inside" or "outside" must be; between them the answer is UNKNOWN."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchUnit:
    """PRESENT: the joints of this very unit are placed by its measured pose, and it has not moved since. ABSENT: it
    lies in its place, but is no reference; the text says why. UNKNOWN: it is not measured yet, or not any more.
    """

    fact: str
    seat: WatchPart
    """When it is in its place; its `bench_from_body` is where the files' joints belong to."""
    joints: tuple[str, ...]
    """Those that the part carries."""
    most_mm: float
    """A unit that would move any of them by more is no reference."""
    doubt_mm: float
    """Nor is one that leaves any of them in more doubt (radius that holds it in 95 of 100 cases, worst direction)."""
    cameras: int = 2
    """At least so many must see it at once."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchHands:
    """PRESENT: something hand-like is in the zone, by any cue, at once. ABSENT: clear on every camera for `clear_s`."""

    fact: str
    zone: str
    clear_s: float = 0.5


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchFastener:
    """PRESENT: a fastener sits at the joint. ABSENT: the bare joint is seen. UNKNOWN: hidden, blurred, undecided."""

    fact: str
    joint: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchTool:
    """PRESENT: the tool's tip is at the joint. Leaves only beyond `leave_mm` (hysteresis)."""

    fact: str
    tool: str
    joint: str
    within_mm: float = 10.0
    leave_mm: float = 16.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchCode:
    """PRESENT with text: a QR code is shown to a camera."""

    fact: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WatchCheck:
    """PRESENT: the taught check is in the state. ABSENT: it is in another one. UNKNOWN: no model, or it cannot tell."""

    fact: str
    check: str
    state: str


Watch = WatchPart | WatchUnit | WatchHands | WatchFastener | WatchTool | WatchCode | WatchCheck


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bench:
    """One bench as vision knows it."""

    cameras: tuple[CameraModel, ...]
    fixture: Body
    """Tags fixed to the bench, in bench millimetres: a camera that no longer sees them where they belong has moved."""
    bodies: tuple[Body, ...]
    joints: tuple[Joint, ...]
    zones: tuple[Zone, ...]
    checks: tuple[TaughtCheck, ...] = ()
    hand_height_mm: float = 90.0
    """Hands are placed on the bench by meeting their rays with this height."""
    tags: Mapping[int, str] = field(init=False)
    """Tag id -> body name."""

    def __post_init__(self) -> None:
        owners: dict[int, str] = {}
        for body in (self.fixture, *self.bodies):
            for mount in body.tags:
                if mount.tag_id in owners:
                    raise ValueError(
                        f"tag {mount.tag_id} is on both {owners[mount.tag_id]} and {body.name}; give each tag one body"
                    )
                owners[mount.tag_id] = body.name
        object.__setattr__(self, "tags", owners)

    def camera(self, name: str) -> CameraModel:
        """The camera of that name. Raises KeyError."""
        return {camera.name: camera for camera in self.cameras}[name]

    def body(self, name: str) -> Body:
        """The body of that name. Raises KeyError."""
        return {body.name: body for body in self.bodies}[name]
