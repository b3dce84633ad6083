"""All that is seen and touched when a whole bench is calibrated, and what comes of it. Values only.

The bench frame is that of the fixture's tags: they are where the station file has them, by definition.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from calibration.adjustment.levenberg import Solution
from calibration.adjustment.normal_equations import Covariance
from calibration.board import Board
from calibration.observations import BoardView, CameraSize, RobotPose, RobotSpec
from drivers.cobot.arm.model import Angles
from vision.bench import TagMount
from vision.geometry import Array, CameraModel, Transform, frozen


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Touch:
    """The arm's tip set on a point by a technician, and the joints as reported there."""

    touch: int
    place: str
    """Id of the point: a fixture tag's middle, or a reference point of the part."""
    joints_deg: Angles
    known_mm: Array | None = None
    """(3,) bench frame; None for a point that is sought."""
    sigma_mm: float = 0.2
    """How well a person sets a tip on a point, one standard deviation an axis."""

    def __post_init__(self) -> None:
        if self.known_mm is not None:
            object.__setattr__(self, "known_mm", frozen(self.known_mm, (3,)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class KnownLens:
    """A lens from an earlier calibration."""

    lens: Array
    """(9,) fx fy cx cy k1 k2 p1 p2 k3, px."""
    covariance: Array
    """(9, 9)."""
    artefact: str = ""
    """Its id."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lens", frozen(self.lens, (9,)))
        object.__setattr__(self, "covariance", frozen(self.covariance, (9, 9)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchSet:
    """Observations of one bench."""

    cameras: tuple[CameraSize, ...]
    lens_board: Board
    lens_views: tuple[BoardView, ...]
    tags: tuple[TagMount, ...]
    """The fixture's."""
    tag_views: Mapping[str, Mapping[int, Array]]
    """Camera -> tag -> (4, 2) corners, the mean of some pictures: top left, top right, bottom right, bottom left."""
    arm_board: Board
    arm_views: tuple[BoardView, ...] = ()
    """`view` is the id of a pose."""
    poses: tuple[RobotPose, ...] = ()
    robot: RobotSpec | None = None
    """None: cameras only."""
    touches: tuple[Touch, ...] = ()
    first_tip_mm: tuple[float, float, float] = (0.0, 0.0, 0.0)
    """Where the tip is by the drawing, flange frame."""
    known_lenses: Mapping[str, KnownLens] = field(default_factory=dict)
    """By camera; one without needs views of the lens board."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Unused:
    """An observation that took no part in the result."""

    what: str
    """`view 3 of camera top`, `pose 7`, `touch 2`."""
    why: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchResult:
    """One bench, measured: everything with one covariance."""

    solution: Solution
    covariance: Covariance
    cameras: tuple[CameraModel, ...]
    bench_from_base: Transform | None
    joint_offset_deg: Array
    """(6,) added to what the arm reports."""
    link_mm: Array
    """(6, 2) added to d and a of the maker's table."""
    flange_from_board: Transform | None
    tip_mm: Array | None
    """(3,) flange frame."""
    places_mm: Mapping[str, Array]
    """Touched points that were sought -> (3,) bench frame."""
    place_index: Mapping[str, int]
    camera_index: Mapping[str, int]
    sigma_px: Mapping[str, float]
    """By camera: of a board's corner, one axis, from the pictures themselves."""
    rms_px: float
    sigma_joint_deg: float
    """Of a reported joint, one standard deviation, from the poses themselves; NaN without an arm."""
    unused: tuple[Unused, ...]
    table: Array
    """(6, 4) the maker's."""

    def camera(self, name: str) -> CameraModel:
        """The camera of that name. Raises KeyError."""
        return {camera.name: camera for camera in self.cameras}[name]

    def camera_covariance(self, name: str) -> Array:
        """(6, 6) of camera_from_bench as a left perturbation (r rad, t mm): `true = [exp(r), t] @ found`."""
        return self.covariance.block("camera from bench", self.camera_index[name])

    def lens_covariance(self, name: str) -> Array:
        """(9, 9) of fx fy cx cy k1 k2 p1 p2 k3."""
        return self.covariance.block("lens", self.camera_index[name])

    def place_covariance(self, place: str) -> Array:
        """(3, 3) mm^2 of a touched point, bench frame."""
        at = self.place_index[place]
        rows = slice(3 * at, 3 * at + 3)
        return np.asarray(self.covariance.family("places")[rows, rows])
