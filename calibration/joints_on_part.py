"""Where the joints are on *this* unit: 1 to 3 reference points of the part are touched or seen, the rest follows. Pure.

The part is rigid and lies nearly where it was when it was taught. Its small motion (three turns, three shifts about the
middle of the joints) is estimated from the reference points with what the fixture allows as prior knowledge: one point
tells the shift, two a turn as well, three all; what is not told stays as uncertain as the fixture leaves it. Points
that disagree with each other or with the fixture are refused: then it is another part, or it is not seated.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.adjustment.consistency import chi_square_limit
from calibration.observations import CalibrationError
from calibration.rotations import cross_matrix, exp
from vision.geometry import Array, frozen

SEAT_MM, SEAT_DEG = 1.5, 0.3
"""How far a fixture lets a seated part lie beside where it was taught, one sigma."""
CHANCE = 1e-3
"""How often points of a good part are refused."""
ROUNDS = 4


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Reference:
    """One reference point of a part: where it was when the part was taught, and where it is on this unit."""

    id: str
    taught_mm: Array
    """(3,) bench frame."""
    found_mm: Array
    """(3,) touched or seen, bench frame."""
    covariance: Array
    """(3, 3) mm^2 of the difference of the two."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "taught_mm", frozen(self.taught_mm, (3,)))
        object.__setattr__(self, "found_mm", frozen(self.found_mm, (3,)))
        object.__setattr__(self, "covariance", frozen(self.covariance, (3, 3)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class JointPlace:
    """One joint on this unit."""

    at_mm: Array
    """(3,) bench frame."""
    covariance: Array
    """(3, 3) mm^2."""

    @property
    def within_mm(self) -> float:
        """Radius that holds the joint in 95 of 100 cases, along the worst axis."""
        return 1.96 * float(np.sqrt(np.linalg.eigvalsh(self.covariance)[-1]))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ReferredPart:
    """The joints of one unit."""

    joints: Mapping[str, JointPlace]
    shift_mm: Array
    """(3,) of the middle of the joints, from where they were taught."""
    turn_deg: Array
    """(3,) rotation vector, bench axes."""
    chi_square: float
    """Of the points with each other and the fixture."""


def refer(
    joints_mm: Mapping[str, Array],
    taught_covariance: Mapping[str, Array],
    references: Sequence[Reference],
    *,
    seat_mm: float = SEAT_MM,
    seat_deg: float = SEAT_DEG,
) -> ReferredPart:
    """Joint positions on this unit from `joints_mm` (3,) as taught, their covariances (3, 3), and reference points.

    Raises CalibrationError: `calibration.no_reference`; `calibration.part_moved` when even one point is farther away
    than a seated part can lie; `calibration.references_disagree`.
    """
    if not references:
        raise CalibrationError("calibration.no_reference", "touch one to three reference points of the part first")
    middle = np.mean(np.array(list(joints_mm.values())), axis=0)
    prior = np.diag([1.0 / np.radians(seat_deg) ** 2] * 3 + [1.0 / seat_mm**2] * 3)
    motion = np.zeros(6)
    information = prior
    for _ in range(ROUNDS):
        turn = exp(motion[:3])
        information, gradient = prior.copy(), -prior @ motion
        for point in references:
            arm = turn @ (point.taught_mm - middle)
            slope = np.hstack([-cross_matrix(arm), np.eye(3)])
            weight = np.linalg.inv(point.covariance)
            off = point.found_mm - (middle + arm + motion[3:])
            information += slope.T @ weight @ slope
            gradient += slope.T @ weight @ off
        step = np.linalg.solve(information, gradient)
        motion = motion + step
    turn = exp(motion[:3])
    misses = [point.found_mm - (middle + turn @ (point.taught_mm - middle) + motion[3:]) for point in references]
    of_points = sum(
        float(miss @ np.linalg.solve(point.covariance, miss)) for miss, point in zip(misses, references, strict=True)
    )
    of_seat = float(motion @ prior @ motion)
    _judge(references, misses, of_points, of_seat, motion, seat_mm)
    covariance = np.linalg.inv(information)
    joints = {}
    for joint, taught in joints_mm.items():
        arm = turn @ (np.asarray(taught) - middle)
        slope = np.hstack([-cross_matrix(arm), np.eye(3)])
        joints[joint] = JointPlace(
            at_mm=middle + arm + motion[3:],
            covariance=slope @ covariance @ slope.T + turn @ taught_covariance[joint] @ turn.T,
        )
    return ReferredPart(
        joints=joints, shift_mm=motion[3:], turn_deg=np.degrees(motion[:3]), chi_square=of_points + of_seat
    )


def _judge(
    references: Sequence[Reference],
    misses: Sequence[Array],
    of_points: float,
    of_seat: float,
    motion: Array,
    seat_mm: float,
) -> None:
    """All of it together is chi-square with three degrees of freedom a point: the prior adds as many as it seeks."""
    if of_points + of_seat <= chi_square_limit(3 * len(references), 1.0 - CHANCE):
        return
    if of_seat >= of_points:
        far = float(np.linalg.norm(motion[3:]))
        raise CalibrationError(
            "calibration.part_moved",
            f"the part lies {far:.1f} mm and {float(np.degrees(np.linalg.norm(motion[:3]))):.1f} degrees beside where "
            f"it was taught, more than a seated part can (about {2 * seat_mm:.0f} mm); seat it "
            "again, or teach this part",
        )
    worst = int(np.argmax([float(np.linalg.norm(miss)) for miss in misses]))
    raise CalibrationError(
        "calibration.references_disagree",
        f"reference point {references[worst].id} is {float(np.linalg.norm(misses[worst])):.1f} mm from where the "
        "others put it; touch it again, and see whether it is the right part",
    )
