"""Which joints to ask of a calibrated arm so that its tip truly comes to a point, and how well that is known. Pure.

The maker's closed form does not hold for links that are a little off, so the posture is found by Newton's method from a
posture near by; a few steps suffice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.adjustment.chain import Arm
from calibration.adjustment.terms import Robust
from calibration.arm_chain import arm_poses
from calibration.bench_set import BenchResult
from calibration.observations import CalibrationError
from calibration.rotations import as_array, cross
from calibration.touch_term import PLACES, TouchTerm
from drivers.cobot.arm.model import Angles
from vision.geometry import Array

STEPS = 12
CLOSE_MM = 1e-6


def tip_pose(result: BenchResult, joints_deg: Sequence[float]) -> tuple[Array, Array]:
    """(3,) where the tip is and (3,) where the flange's z axis points, bench frame, for reported joints.

    Raises ValueError for a bench without arm or tip.
    """
    if result.bench_from_base is None or result.tip_mm is None:
        raise ValueError("this bench has no calibrated arm and tip")
    chain = arm_poses(
        result.table,
        np.radians(np.asarray(joints_deg, dtype=np.float64) + result.joint_offset_deg)[None],
        result.link_mm[:, 0],
        result.link_mm[:, 1],
    )
    flange = as_array(result.bench_from_base) @ chain.base_from_flange[0]
    return flange[:3, :3] @ result.tip_mm + flange[:3, 3], flange[:3, 2]


def aimed(result: BenchResult, at_mm: Array, start_deg: Sequence[float]) -> Angles:
    """Joints (deg, as the arm reports them) near a posture with which the tip is at a point, turned as there.

    Raises CalibrationError `calibration.out_of_reach`; ValueError for a bench without arm or tip.
    """
    if result.bench_from_base is None or result.tip_mm is None:
        raise ValueError("this bench has no calibrated arm and tip")
    joints = np.array(start_deg, dtype=np.float64)
    turn = result.bench_from_base.rotation
    for _ in range(STEPS):
        chain = arm_poses(
            result.table,
            np.radians(joints + result.joint_offset_deg)[None],
            result.link_mm[:, 0],
            result.link_mm[:, 1],
        )
        flange = chain.base_from_flange[0]
        tip = flange[:3, :3] @ result.tip_mm + flange[:3, 3]
        off = turn.T @ (at_mm - result.bench_from_base.translation_mm) - tip
        if float(np.linalg.norm(off)) < CLOSE_MM:
            return tuple(float(v) for v in joints)
        axes = chain.joint_axes[0]
        moves = chain.joint_moments[0] + cross(axes.T, np.broadcast_to(tip, (6, 3))).T
        # Keep the tool's axis: five equations of six, the least turn of all joints that meets them.
        side = np.linalg.svd(flange[:3, 2][None])[2][1:]
        slopes = np.vstack([moves, side @ axes])
        joints = joints + np.degrees(np.linalg.lstsq(slopes, np.concatenate([off, np.zeros(2)]), rcond=None)[0])
    raise CalibrationError(
        "calibration.out_of_reach", "the calibrated arm does not reach that point from there; begin nearer to it"
    )


def touch_slopes(result: BenchResult, joints_deg: Array) -> Array:
    """(3 n, unknowns) how the tip moves in the bench at postures (n, 6) with every main unknown of the adjustment."""
    count = len(joints_deg)
    term = TouchTerm(
        name="aim",
        arm=Arm(result.table, np.radians(joints_deg)),
        whitening=np.broadcast_to(np.eye(3), (count, 3, 3)),
        places=np.full(count, -1),
        known_mm=np.zeros((count, 3)),
        robust=Robust.all_of(count),
    )
    layout = result.solution.layout
    rows = np.zeros((count, 3, layout.main_size))
    for part in term.linear(result.solution.values, layout).parts:
        if part.family == PLACES:
            continue
        for index, block in enumerate(part.blocks):
            rows[index, :, layout.main(part.family, int(block))] = part.jacobian[index]
    return rows.reshape(-1, layout.main_size)


def aim_covariance(result: BenchResult, joints_deg: Array, place: str | None = None) -> Array:
    """(3, 3) mm^2 of the tip in the bench at one posture (6,), or of the tip less a touched point.

    How true the arm comes back to a posture is not in it: only how well it is known.
    """
    slopes = touch_slopes(result, np.asarray(joints_deg, dtype=np.float64)[None])
    if place is not None:
        columns = result.solution.layout.main(PLACES, result.place_index[place])
        slopes[:, columns] -= np.eye(3)
    return np.asarray(slopes @ result.covariance.main @ slopes.T)
