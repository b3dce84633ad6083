"""Whether robot poses and pictures can be of one another, before anything is adjusted.

Between any two poses the robot and the camera must see the same angle, whatever stands where: that finds mispaired
poses and wrong units without a solution. Lengths follow: with a free scale, the board's must fit the robot's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.arm_chain import arm_poses
from calibration.closed_forms import closed_forms
from calibration.hand_eye_model import Model, joints_rad, reported
from calibration.hand_eye_start import Seen, believed
from calibration.observations import CalibrationError, HandEyeSet, RobotPose
from calibration.rotations import inverse, log
from calibration.turns import MISPAIRED_DEG, turns_deg
from vision.geometry import Array

LEAST_POSES = 5
ALIKE_DEG = 4.0
"""Turns smaller than this say nothing."""
ONE_AXIS_DEG = 1.5
"""Rms turn about the second axis."""
WRONG_SCALE = 0.015
"""How far the board's lengths may be from the robot's."""
WORST_ROBOT_MM = 4.0
"""Noise of a pose along an axis from which nothing is measured any more."""


def check_robot(hand_eye_set: HandEyeSet) -> None:
    """Numbers, ids and units of the robot's side.

    Raises CalibrationError `calibration.not_finite`, `calibration.too_few_poses`, `calibration.mispaired`,
    `calibration.metres`, `calibration.radians`.
    """
    poses = hand_eye_set.poses
    for pose in poses:
        if not (np.isfinite(pose.joints_deg).all() and np.isfinite(pose.base_from_flange.translation_mm).all()):
            raise CalibrationError(
                "calibration.not_finite", f"robot pose {pose.pose} has a figure that is no number; record it again"
            )
    if len(poses) < LEAST_POSES:
        raise CalibrationError(
            "calibration.too_few_poses", f"{len(poses)} robot poses; take at least {LEAST_POSES}, better 15"
        )
    known = [pose.pose for pose in poses]
    if len(set(known)) != len(known):
        raise CalibrationError("calibration.mispaired", "two robot poses have one id; record the set again")
    for view in hand_eye_set.arm_views:
        if view.view not in known:
            raise CalibrationError(
                "calibration.mispaired",
                f"picture {view.view} of camera {view.camera} belongs to no robot pose; pair them again by their ids",
            )
    places = reported(poses)[:, :3, 3]
    if float(np.linalg.norm(places, axis=1).max()) < 5.0:
        raise CalibrationError(
            "calibration.metres",
            f"the robot's positions are all within {np.linalg.norm(places, axis=1).max():.2f} mm of its base: "
            "they look like metres; give them in millimetres",
        )
    _check_radians(hand_eye_set.robot.table, poses)


def _check_radians(table: Array, poses: Sequence[RobotPose]) -> None:
    places = reported(tuple(poses))[:, :3, 3]
    as_degrees = arm_poses(table, joints_rad(tuple(poses))).base_from_flange[:, :3, 3]
    as_radians = arm_poses(table, np.array([pose.joints_deg for pose in poses])).base_from_flange[:, :3, 3]
    off, other = (float(np.median(np.linalg.norm(found - places, axis=1))) for found in (as_degrees, as_radians))
    if off > 20.0 and other < 5.0:
        raise CalibrationError(
            "calibration.radians",
            "the robot's joints reach its positions only when they are read as radians; give them in degrees",
        )


def check_motions(hand_eye_set: HandEyeSet, seen: Seen) -> None:
    """Turns and lengths of robot and pictures against each other, camera by camera.

    Raises CalibrationError `calibration.too_few_poses`, `calibration.poses_alike`, `calibration.radians`,
    `calibration.mispaired`, `calibration.one_axis`, `calibration.metres`, `calibration.square_size`.
    """
    index = {pose.pose: i for i, pose in enumerate(hand_eye_set.poses)}
    flanges = reported(hand_eye_set.poses)
    for c, camera in enumerate(hand_eye_set.cameras):
        keep = believed(seen, c)
        at = np.array([index[view.view] for view in seen.arm_views[c]])[keep]
        arm, boards = flanges[at], seen.camera_from_board[c][keep]
        if len(at) < LEAST_POSES:
            raise CalibrationError(
                "calibration.too_few_poses",
                f"camera {camera.camera} sees the board well at {len(at)} robot poses, and at least {LEAST_POSES} are "
                "needed; bring the board into its view at more poses",
            )
        _check_turns(arm, boards, camera.camera)
        _check_axes(arm)
        _check_lengths(hand_eye_set, arm, boards)


def _check_turns(arm: Array, boards: Array, camera: str) -> None:
    of_robot, of_camera = turns_deg(arm), turns_deg(boards)
    if max(of_robot.max(), of_camera.max()) < ALIKE_DEG:
        raise CalibrationError(
            "calibration.poses_alike",
            f"the robot poses differ by at most {of_robot.max():.1f} degrees; turn the flange by 30 degrees and more "
            "about different axes between them",
        )
    big = of_camera > ALIKE_DEG
    if big.any() and 45.0 < float(np.median(of_camera[big] / np.maximum(of_robot[big], 1e-6))) < 75.0:
        raise CalibrationError(
            "calibration.radians",
            "the camera sees the board turn 57 times as far as the robot says: its angles look like radians read as "
            "degrees; give them in degrees",
        )
    off = float(np.median(np.abs(of_robot - of_camera)))
    if off < MISPAIRED_DEG:
        return
    for shift in (1, -1, 2, -2, 3, -3):
        moved, kept = (arm[shift:], boards[:-shift]) if shift > 0 else (arm[:shift], boards[-shift:])
        if len(kept) > 3 and float(np.median(np.abs(turns_deg(moved) - turns_deg(kept)))) < off / 3.0:
            raise CalibrationError(
                "calibration.mispaired",
                f"the pictures of camera {camera} belong to robot poses {abs(shift)} "
                f"{'later' if shift > 0 else 'earlier'}: pair them by their ids, not by their order",
            )
    raise CalibrationError(
        "calibration.mispaired",
        f"between two poses robot and camera {camera} disagree by {off:.0f} degrees (median): pictures and poses are "
        "not of each other, or the angles are in another unit or order; pair them again by their ids",
    )


def _check_axes(arm: Array) -> None:
    u, _, vt = np.linalg.svd(arm[:, :3, :3].sum(axis=0))
    middle = u @ np.diag([1.0, 1.0, np.linalg.det(u @ vt)]) @ vt
    singular = np.linalg.svd(log(middle.T @ arm[:, :3, :3]), compute_uv=False) / np.sqrt(len(arm))
    if float(np.rad2deg(singular[1])) < ONE_AXIS_DEG:
        raise CalibrationError(
            "calibration.one_axis",
            "all rotations of the robot poses are about one axis, so positions along it cannot be told; "
            "tilt the flange about a second axis by 20 degrees and more",
        )


def _check_lengths(hand_eye_set: HandEyeSet, arm: Array, boards: Array) -> None:
    """`A (R_X s c + t_X) + a = t_Y` is linear in the scale s of the board's lengths once the rotation is known."""
    moves = arm if hand_eye_set.mode == "eye_in_hand" else inverse(arm)
    turn = next((camera[:3, :3] for name, camera, _ in closed_forms(moves, boards) if name == "park"), None)
    if turn is None:
        return
    rotations = moves[:, :3, :3]
    columns = np.concatenate(
        [
            (rotations @ turn @ boards[:, :3, 3:]),
            rotations,
            np.broadcast_to(-np.eye(3), rotations.shape),
        ],
        axis=2,
    )
    rows, right = columns, -moves[:, :3, 3]
    weights = np.ones(len(moves))
    for _ in range(10):  # wrong poses lose their weight
        flat, wanted = (rows * weights[:, None, None]).reshape(-1, 7), (right * weights[:, None]).ravel()
        found = np.linalg.lstsq(flat, wanted, rcond=None)[0]
        off = np.linalg.norm(rows @ found - right, axis=1)
        scale = max(float(np.median(off)), 1e-9)
        weights = 1.0 / np.sqrt(1.0 + (off / (2.0 * scale)) ** 2)
    spread = float(np.sqrt(np.linalg.pinv(flat.T @ flat)[0, 0])) * scale
    ratio = float(found[0])
    if not np.isfinite(ratio) or abs(ratio - 1.0) < max(WRONG_SCALE, 5.0 * spread):
        return
    if abs(ratio) < 0.01:
        raise CalibrationError(
            "calibration.metres",
            f"the robot moves {1.0 / max(abs(ratio), 1e-9):.0f} times less than the camera sees: its positions look "
            "like metres; give them in millimetres",
        )
    board = hand_eye_set.arm_board
    raise CalibrationError(
        "calibration.square_size",
        f"beside the robot's motions the squares of {board.name} measure {board.square_mm * ratio:.2f} mm, not "
        f"{board.square_mm:g} mm; measure the printed board and correct its square size",
    )


def check_poses_kept(model: Model) -> None:
    """After the adjustment: most poses must agree.

    Raises CalibrationError `calibration.mispaired`, `calibration.robot_disagrees`.
    """
    kept, seen = int(model.kept_poses().sum()), int(model.observed_poses().sum())
    if kept < max(LEAST_POSES - 1, 0.6 * seen):
        raise CalibrationError(
            "calibration.mispaired",
            f"only {kept} of {seen} robot poses agree with their pictures; pair pictures and poses by their ids, "
            "and wait until the arm stands still before each picture",
        )
    sigma = float(np.sqrt(np.median(np.diagonal(model.errors.covariances(), axis1=1, axis2=2)[:, 3:])))
    if sigma > WORST_ROBOT_MM:
        raise CalibrationError(
            "calibration.robot_disagrees",
            f"robot and pictures disagree by {sigma:.1f} mm an axis over all poses; check that this is the arm's table "
            "of links, that the board is clamped fast, and that the arm stands still before each picture",
        )
