"""Where cameras stand to a robot: one adjustment over lenses, boards, robot poses, board shape and joint zeros."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.adjustment.chain import A_OFFSETS, D_OFFSETS, JOINT_OFFSETS
from calibration.adjustment.normal_equations import SingularError
from calibration.hand_eye_adjustment import Adjusted, adjust
from calibration.hand_eye_checks import check_motions, check_poses_kept, check_robot
from calibration.hand_eye_figures import (
    HeldOut,
    check_still,
    held_out,
    left_out_at_poses,
    not_told_apart,
    reduced_poses,
)
from calibration.hand_eye_model import ARM_BOW, CAMERA, LENS, LENS_BOW, MOUNT, SCALE
from calibration.hand_eye_start import Seen, first_model, look
from calibration.observations import CalibrationError, HandEyeSet
from calibration.rotations import as_transform, cross_matrix
from calibration.view_gate import LeftOut
from vision.geometry import Array, Transform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CameraAtRobot:
    """One camera of a hand-eye result."""

    camera: str
    lens: Array
    """(9,) fx fy cx cy k1 k2 p1 p2 k3, px."""
    lens_covariance: Array
    """(9, 9)."""
    mount_from_camera: Transform
    """`base_from_camera` of a fixed camera, `flange_from_camera` of one on the flange."""
    covariance: Array
    """(6, 6): `true = [exp(r), t] @ estimated`, order turn (rad), move (mm)."""
    sigma_px: float
    """Noise of a corner along an axis."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shape:
    """What the views say of the boards, beside what was measured. Zeros with zero spread where a board is flat."""

    lens_bow_mm: Array
    """(2,) along x and y."""
    arm_bow_mm: Array
    """(2,)."""
    arm_scale: float
    """Printed over what the board's file says, less 1."""
    arm_scale_sigma: float
    bow_statistics: dict[str, float]
    """Chi-square of two degrees of freedom on a flat board."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Kinematics:
    """Corrections of an arm's table; zeros with zero covariance where none were sought."""

    joint_offsets_deg: Array
    """(6,) added to the reported joints."""
    d_offsets_mm: Array
    """(6,) added to the table's d."""
    a_offsets_mm: Array
    """(6,) added to the table's a."""
    covariance: Array
    """(18, 18) in the order above, rad and mm."""
    by_links: Array
    """(6 C + 12, 12) by how much the cameras' poses, the board's mount and the joint offsets change a mm by which d and
    a are held away from what was found."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandEyeResult:
    """Where the cameras are, how well that is known, and what it was made from."""

    mode: str
    cameras: tuple[CameraAtRobot, ...]
    covariance: Array
    """(6 C, 6 C) of all cameras' poses together."""
    mount: Transform
    """`flange_from_board` (fixed cameras) or `base_from_board`."""
    mount_covariance: Array
    """(6, 6), as of a camera."""
    shape: Shape
    kinematics: Kinematics | None
    robot_sigma_mm: float
    """Noise of a reported pose along an axis, from the data."""
    robot_sigma_deg: float
    joint_sigma_deg: float
    """Noise of a reported joint; zero where the arm was not suspect."""
    held_out: HeldOut
    notes: tuple[str, ...]
    """What the observations could not tell apart, a sentence each."""
    left_out: tuple[LeftOut, ...]
    """Views, corners and robot poses that took no part, with reasons."""

    def covariance_at(self, camera: int, point_mm: Array) -> Array:
        """(3, 3) mm^2: how well a point (3,) that a camera sees is known in its mount's frame, robot left aside."""
        slope = np.hstack([-cross_matrix(point_mm), np.eye(3)])
        return np.asarray(slope @ self.cameras[camera].covariance @ slope.T)


def solve_hand_eye(hand_eye_set: HandEyeSet) -> HandEyeResult:
    """Where the cameras are.

    Raises CalibrationError: what `hand_eye_start.look` and `first_model` raise, `hand_eye_checks`,
    `hand_eye_figures.check_still`; `calibration.one_axis`, `calibration.mispaired`.
    """
    check_robot(hand_eye_set)
    seen = look(hand_eye_set)
    check_motions(hand_eye_set, seen)
    model, start = first_model(hand_eye_set, seen)
    try:
        adjusted = adjust(model, start)
        check_poses_kept(adjusted.model)
        reduced = reduced_poses(adjusted)
        check_still(adjusted, reduced)
        return _result(adjusted, seen, held_out(adjusted, reduced))
    except SingularError:
        raise CalibrationError(
            "calibration.one_axis",
            "the robot poses do not determine where the camera is; turn the flange about at least two different axes",
        ) from None


def _result(adjusted: Adjusted, seen: Seen, judged: HeldOut) -> HandEyeResult:
    model, values, covariance = adjusted.model, adjusted.solution.values, adjusted.covariance
    sigma_px = {term.name: term.sigma_px for term in model.corner_terms}
    variances = model.errors.variances
    return HandEyeResult(
        mode=model.mode,
        cameras=tuple(
            CameraAtRobot(
                camera=name,
                lens=values[LENS][c],
                lens_covariance=covariance.block(LENS, c),
                mount_from_camera=as_transform(values[CAMERA][c]),
                covariance=covariance.block(CAMERA, c),
                sigma_px=sigma_px[f"lens {name}"],
            )
            for c, name in enumerate(model.cameras)
        ),
        covariance=covariance.family(CAMERA),
        mount=as_transform(values[MOUNT][0]),
        mount_covariance=covariance.block(MOUNT),
        shape=Shape(
            lens_bow_mm=values[LENS_BOW][0],
            arm_bow_mm=values[ARM_BOW][0],
            arm_scale=float(values[SCALE][0, 0]),
            arm_scale_sigma=float(np.sqrt(covariance.block(SCALE)[0, 0])) if SCALE in model.free else 0.0,
            bow_statistics=adjusted.bow_statistics,
        ),
        kinematics=_kinematics(adjusted),
        robot_sigma_mm=float(np.sqrt(variances["move"])),
        robot_sigma_deg=float(np.rad2deg(np.sqrt(variances["turn"]))),
        joint_sigma_deg=float(np.rad2deg(np.sqrt(variances.get("joints", 0.0)))),
        held_out=judged,
        notes=not_told_apart(adjusted),
        left_out=(*seen.left_out, *left_out_at_poses(adjusted, seen)),
    )


def _kinematics(adjusted: Adjusted) -> Kinematics | None:
    if JOINT_OFFSETS not in adjusted.model.free:
        return None
    values, layout = adjusted.solution.values, adjusted.solution.layout
    names = (JOINT_OFFSETS, D_OFFSETS, A_OFFSETS)
    at = np.concatenate([np.arange(layout.main_size)[layout.main(name)] for name in names])
    first, mount = layout.main(CAMERA, 0).start, layout.main(MOUNT)
    cameras = np.arange(first, first + 6 * len(adjusted.model.cameras))
    others = np.concatenate([cameras, np.arange(mount.start, mount.stop), at[:6]])
    links, plain = at[6:], adjusted.solution.covariance().main  # a scale that is not sought does not give way
    return Kinematics(
        joint_offsets_deg=np.rad2deg(values[JOINT_OFFSETS][0]),
        d_offsets_mm=values[D_OFFSETS][0],
        a_offsets_mm=values[A_OFFSETS][0],
        covariance=adjusted.covariance.main[np.ix_(at, at)],
        by_links=np.linalg.solve(plain[np.ix_(links, links)], plain[np.ix_(links, others)]).T,
    )
