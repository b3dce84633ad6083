"""Has a joint's zero shifted: a board on the flange, seen by fixed cameras at a few check poses.

At pose i, with F what the arm reports, X = base_from_camera, T = camera_from_board as seen and Y = flange_from_board:
`D = F^-1 X T Y^-1` is the identity but for noise, and `d_i = [Log, t]` of it six figures in the flange frame. With a
reference (the same poses at calibration) it is the difference of the two that counts, so that what the calibration has
wrong at a pose falls out. Statistic: `sum d_i' C_i^-1 d_i`, chi-square with 6 figures a pose; C_i is the arm's noise
and the pictures', carried into the flange frame. A zero that is off by delta moves d_i by its column of the body
Jacobian times delta.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from calibration.arm_chain import arm_poses
from calibration.daily.power import limit, needed
from calibration.rotations import adjoint, as_array, as_transform, deviation
from vision.geometry import Array, Transform, frozen

JOINTS = 6


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoardSight:
    """Where a board was seen."""

    camera_from_board: Transform
    covariance: Array
    """(6, 6) of a left perturbation in the camera frame: rotation vector (rad), translation (mm)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "covariance", frozen(self.covariance, (6, 6)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PoseError:
    """d of one check pose, by all cameras that saw the board."""

    pose: int
    joints_deg: tuple[float, ...]
    """As reported."""
    twist: Array
    """(6,) flange frame: rotation vector (rad), translation (mm)."""
    picture_covariance: Array
    """(6, 6) from the pictures alone."""
    visits: int = 1
    """How often the arm went there: its own noise averages out."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "twist", frozen(self.twist, (6,)))
        object.__setattr__(self, "picture_covariance", frozen(self.picture_covariance, (6, 6)))


@dataclass(frozen=True, slots=True, kw_only=True)
class ArmNoise:
    """How exactly an arm returns to a pose: one standard deviation along and about an axis of the flange."""

    mm: float = 0.3
    deg: float = 0.05

    def covariance(self) -> Array:
        """(6, 6) rad and mm."""
        return np.diag(np.repeat([math.radians(self.deg), self.mm], 3) ** 2)


@dataclass(frozen=True, slots=True, kw_only=True)
class JointShift:
    """What the check poses say."""

    statistic: float
    limit: float
    poses: int
    likely_joint: int | None
    """1 to 6, when the shift of one joint explains what is seen, and no other joint's does."""
    likely_deg: float
    notices_deg: tuple[float, ...]
    """Six: the zero shift of each joint that is noticed in 95 of 100 checks."""
    largest_mm: float
    """Of the translations, as seen."""

    @property
    def moved(self) -> bool:
        """Whether something has."""
        return self.statistic > self.limit


def pose_error(
    pose: int,
    joints_deg: Sequence[float],
    base_from_flange: Transform,
    sights: Sequence[tuple[Transform, BoardSight]],
    flange_from_board: Transform,
) -> PoseError:
    """d of one pose; `sights` has base_from_camera and what that camera saw, at least one."""
    flange_from_base, board_from_flange = base_from_flange.inverse(), flange_from_board.inverse()
    weights, sums = np.zeros((6, 6)), np.zeros(6)
    for base_from_camera, sight in sights:
        flange_from_camera = flange_from_base @ base_from_camera
        error = flange_from_camera @ sight.camera_from_board @ board_from_flange
        carry = adjoint(as_array(flange_from_camera))
        weight = np.linalg.inv(carry @ sight.covariance @ carry.T)
        weights += weight
        sums += weight @ deviation(as_array(error), np.eye(4))
    covariance: Array = np.asarray(np.linalg.inv(weights), dtype=np.float64)
    return PoseError(pose=pose, joints_deg=tuple(joints_deg), twist=covariance @ sums, picture_covariance=covariance)


def averaged(errors: Sequence[PoseError]) -> PoseError:
    """Several visits of one pose."""
    count = len(errors)
    return PoseError(
        pose=errors[0].pose,
        joints_deg=errors[0].joints_deg,
        twist=np.mean([error.twist for error in errors], axis=0),
        picture_covariance=np.mean([error.picture_covariance for error in errors], axis=0) / count,
        visits=sum(error.visits for error in errors),
    )


def joint_shift(
    today: Sequence[PoseError], reference: Sequence[PoseError], table: Array, noise: ArmNoise
) -> JointShift:
    """Compare pose by pose. `reference` empty: against the calibration itself. `table` (6, 4) as `RobotSpec` has it.

    A pose that the reference does not have is left out; ValueError when none is left.
    """
    then = {error.pose: error for error in reference}
    kept = [error for error in today if not reference or error.pose in then]
    if not kept:
        raise ValueError("no check pose of today is in the reference")
    differences = [error.twist - then[error.pose].twist if reference else error.twist for error in kept]
    inverses = [np.linalg.inv(_covariance(error, then.get(error.pose), noise)) for error in kept]
    columns = _columns(table, [error.joints_deg for error in kept])
    statistic = float(sum(d @ inverse @ d for d, inverse in zip(differences, inverses, strict=True)))
    weights = np.array(
        [sum(c[:, j] @ w @ c[:, j] for c, w in zip(columns, inverses, strict=True)) for j in range(JOINTS)]
    )
    pulls = np.array(
        [sum(c[:, j] @ w @ d for c, w, d in zip(columns, inverses, differences, strict=True)) for j in range(JOINTS)]
    )
    count, sure = 6 * len(kept), needed(6 * len(kept))
    unexplained = statistic - pulls**2 / weights
    plausible = np.flatnonzero(unexplained <= limit(count - 1))
    likely = int(plausible[0]) if statistic > limit(count) and len(plausible) == 1 else None
    return JointShift(
        statistic=statistic,
        limit=limit(count),
        poses=len(kept),
        likely_joint=None if likely is None else likely + 1,
        likely_deg=0.0 if likely is None else math.degrees(pulls[likely] / weights[likely]),
        notices_deg=tuple(float(np.degrees(np.sqrt(sure / weight))) for weight in weights),
        largest_mm=max(float(np.linalg.norm(difference[3:])) for difference in differences),
    )


def best_poses(
    candidates: Sequence[Sequence[float]], table: Array, covariances: Sequence[Array], *, count: int = 3
) -> list[tuple[int, ...]]:
    """Combinations of `count` candidates (joints, degrees), as indices; first where the hardest joint is noticed best.

    All combinations are tried: meant for some tens of candidates, each of them reachable and seen by a camera.
    """
    each = np.array([_weights(table, [c], [v]) for c, v in zip(candidates, covariances, strict=True)])
    return sorted(
        combinations(range(len(candidates)), count), key=lambda chosen: -float(each[list(chosen)].sum(axis=0).min())
    )


def _weights(table: Array, joints_deg: Sequence[Sequence[float]], covariances: Sequence[Array]) -> Array:
    """(6,) lambda a rad squared of each joint."""
    columns = _columns(table, joints_deg)
    return np.array(
        [
            sum(c[:, j] @ np.linalg.solve(v, c[:, j]) for c, v in zip(columns, covariances, strict=True))
            for j in range(JOINTS)
        ]
    )


def _columns(table: Array, joints_deg: Sequence[Sequence[float]]) -> Array:
    """(poses, 6, 6): how the flange moves, in its own frame, with each joint, a radian."""
    return arm_poses(table, np.radians(np.array(joints_deg, dtype=np.float64))).body_jacobian()


def _covariance(today: PoseError, then: PoseError | None, noise: ArmNoise) -> Array:
    arm = noise.covariance()
    total = arm / today.visits + today.picture_covariance
    return total if then is None else total + arm / then.visits + then.picture_covariance


def reported_flange(table: Array, joints_deg: Sequence[float]) -> Transform:
    """base_from_flange of the joints as reported, by the table."""
    return as_transform(arm_poses(table, np.radians(np.array([joints_deg], dtype=np.float64))).base_from_flange[0])
