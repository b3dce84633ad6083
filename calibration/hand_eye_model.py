"""The hand-eye adjustment as families of unknowns and terms, for fixed cameras and for one on the flange.

    eye to hand:  camera_from_base   @ base_from_flange @ pose error    @ flange_from_board @ corner
    eye in hand:  camera_from_flange @ pose error^-1    @ flange_from_base @ base_from_board @ corner

Each pose of the robot has one small error, `reported flange from true flange`, that all cameras share: without it the
robot is taken for exact, and the result is worse and 50 times too sure of itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from calibration.adjustment.chain import A_OFFSETS, D_OFFSETS, JOINT_OFFSETS, Arm, Known, Link, Sought
from calibration.adjustment.corner_term import BoardShape, CornerTerm
from calibration.adjustment.noise import ErrorComponents
from calibration.adjustment.priors import PosePrior, VectorPrior
from calibration.adjustment.terms import Keep, Robust, Term
from calibration.adjustment.unknowns import Family, pose_family
from calibration.arm_chain import arm_poses
from calibration.corner_rows import CornerRows
from calibration.observations import BoardView, HandEyeSet, RobotPose, RobotSpec
from calibration.rotations import as_array, inverse
from vision.geometry import Array

LENS, CAMERA, MOUNT, VIEW, ERROR = "lens", "camera", "board mount", "view", "pose error"
LENS_BOW, ARM_BOW, SCALE = "bow of the lens board", "bow of the arm board", "scale of the arm board"
KINEMATICS = (JOINT_OFFSETS, D_OFFSETS, A_OFFSETS)
BOW_SIGMA_MM = 1.0
JOINT_SIGMA_RAD = float(np.deg2rad(0.5))
"""Of the zero of a suspect joint, before anything is seen: it ties what a camera cannot tell from its own place."""
LINK_SIGMA_MM = 0.2
LINK_OF_ZERO_SIGMA_MM = 1e-3
"""A link length that is zero by design is zero: parallel axes could not tell it from its neighbour."""
_FIRST_JOINT_SIGMA_RAD = float(np.deg2rad(0.03))
_SHAPES = {"turn": np.diag([1.0, 1, 1, 0, 0, 0]), "move": np.diag([0.0, 0, 0, 1, 1, 1])}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Model:
    """One hand-eye adjustment: which views and poses it reads, what is free, which rows count, how noisy they are."""

    mode: str
    cameras: tuple[str, ...]
    robot: RobotSpec
    poses: tuple[RobotPose, ...]
    corner_terms: tuple[CornerTerm, ...]
    """Of lens views and of arm views, by camera."""
    errors: ErrorComponents
    pose_robust: Robust
    scale_sigma: float
    free: frozenset[str] = frozenset()
    """Which of the optional families are sought: bows, scale, kinematics."""
    views: int
    """Lens views of all cameras."""

    @property
    def families(self) -> tuple[Family, ...]:
        """What is sought."""
        optional = (
            Family(name=LENS_BOW, count=1, size=2),
            Family(name=ARM_BOW, count=1, size=2),
            Family(name=SCALE, count=1, size=1),
            *(Family(name=name, count=1, size=6) for name in KINEMATICS),
        )
        return (
            Family(name=LENS, count=len(self.cameras), size=9),
            pose_family(CAMERA, len(self.cameras)),
            pose_family(MOUNT, 1),
            *(family for family in optional if family.name in self.free),
            pose_family(VIEW, self.views, local=True),
            pose_family(ERROR, len(self.poses), local=True),
        )

    @property
    def pose_prior(self) -> PosePrior:
        """The poses' errors are small."""
        return PosePrior(name="robot poses", family=ERROR, whitening=self.errors.whitening(), robust=self.pose_robust)

    @property
    def terms(self) -> tuple[Term, ...]:
        """What is observed, and what is known before."""
        return (*self.corner_terms, self.pose_prior, *self._known())

    def _known(self) -> tuple[VectorPrior, ...]:
        table = self.robot.table
        sigmas = {
            LENS_BOW: np.full(2, BOW_SIGMA_MM),
            ARM_BOW: np.full(2, BOW_SIGMA_MM),
            SCALE: np.full(1, self.scale_sigma),
            JOINT_OFFSETS: np.full(6, JOINT_SIGMA_RAD),
            D_OFFSETS: np.where(table[:, 1] != 0.0, LINK_SIGMA_MM, LINK_OF_ZERO_SIGMA_MM),
            A_OFFSETS: np.where(table[:, 2] != 0.0, LINK_SIGMA_MM, LINK_OF_ZERO_SIGMA_MM),
        }
        return tuple(
            VectorPrior(name=name, family=name, mean=np.zeros(len(sigma)), sigma=sigma)
            for name, sigma in sigmas.items()
            if name in self.free
        )

    def with_corners(self, terms: Mapping[str, CornerTerm]) -> Model:
        """With some corner terms replaced, by name."""
        return replace(self, corner_terms=tuple(terms.get(term.name, term) for term in self.corner_terms))

    def arm_terms(self) -> tuple[CornerTerm, ...]:
        """Those of robot poses."""
        return tuple(term for term in self.corner_terms if term.name.startswith("arm"))

    def observed_poses(self) -> Keep:
        """(P,) whether a kept corner was seen at each pose."""
        seen = np.zeros(len(self.poses), dtype=bool)
        for term in self.arm_terms():
            blocks = next(link.blocks for link in term.links if isinstance(link, Sought) and link.family == ERROR)
            seen[blocks[np.logical_or.reduceat(term.robust.keep, term.starts[:-1])]] = True
        return seen

    def kept_poses(self) -> Keep:
        """(P,) observed and not rejected."""
        return self.pose_robust.keep & self.observed_poses()


def reported(poses: tuple[RobotPose, ...]) -> Array:
    """(P, 4, 4) `base_from_flange` as the robot said."""
    return np.stack([as_array(pose.base_from_flange) for pose in poses])


def joints_rad(poses: tuple[RobotPose, ...]) -> Array:
    """(P, 6) as reported."""
    return np.asarray(np.deg2rad(np.array([pose.joints_deg for pose in poses])))


def arm_links(hand_eye_set: HandEyeSet, camera: int, poses: tuple[RobotPose, ...], at: Array) -> tuple[Link, ...]:
    """Chain of one camera's arm views; `at` (S,) index of the pose of each view."""
    blocks, none = at.astype(np.int64), np.zeros(len(at), dtype=np.int64)
    camera_link = Sought(CAMERA, none + camera, inverted=True)
    mount = Sought(MOUNT, none)
    in_hand = hand_eye_set.mode == "eye_in_hand"
    arm: Link
    if hand_eye_set.robot.suspect:
        arm = Arm(hand_eye_set.robot.table, joints_rad(poses)[blocks], inverted=in_hand)
    else:
        each = reported(poses)[blocks]
        arm = Known(inverse(each) if in_hand else each)
    error = Sought(ERROR, blocks, inverted=in_hand)
    return (camera_link, error, arm, mount) if in_hand else (camera_link, arm, error, mount)


def lens_term(rows: CornerRows, camera: int, name: str, first_view: int) -> CornerTerm:
    """Lens views of one camera, whose poses are views `first_view` and on."""
    views = len(rows.starts) - 1
    links = (Sought(VIEW, np.arange(first_view, first_view + views)),)
    return rows.term(f"lens {name}", (LENS, camera), links, BoardShape(bow_family=LENS_BOW))


def arm_term(
    hand_eye_set: HandEyeSet,
    rows: CornerRows,
    camera: int,
    name: str,
    views: list[BoardView],
    poses: tuple[RobotPose, ...],
) -> CornerTerm:
    """Arm views of one camera."""
    index = {pose.pose: i for i, pose in enumerate(poses)}
    at = np.array([index[view.view] for view in views])
    links = arm_links(hand_eye_set, camera, poses, at)
    shape = BoardShape(bow_family=ARM_BOW, scale_family=SCALE)
    return rows.term(f"arm {name}", (LENS, camera), links, shape)


def first_errors(robot: RobotSpec, poses: tuple[RobotPose, ...]) -> ErrorComponents:
    """What the maker says of a pose; of an arm that is suspect, joint by joint and then a little more."""
    shapes = {name: np.broadcast_to(shape, (len(poses), 6, 6)) for name, shape in _SHAPES.items()}
    variances = {"turn": float(np.deg2rad(robot.sigma_deg)) ** 2, "move": robot.sigma_mm**2}
    if robot.suspect:
        body = arm_poses(robot.table, joints_rad(poses)).body_jacobian()
        shapes["joints"] = body @ np.swapaxes(body, 1, 2)
        variances = {"turn": variances["turn"] / 16, "move": variances["move"] / 16}
        variances["joints"] = _FIRST_JOINT_SIGMA_RAD**2
    return ErrorComponents(shapes, variances)


def nothing_known() -> dict[str, Array]:
    """Values of the optional families where they are not sought."""
    return {
        LENS_BOW: np.zeros((1, 2)),
        ARM_BOW: np.zeros((1, 2)),
        SCALE: np.zeros((1, 1)),
        **{name: np.zeros((1, 6)) for name in KINEMATICS},
    }
