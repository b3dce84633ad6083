"""How good a hand-eye result is on poses it was not made from, whether a camera moved, and what was not told apart."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.adjustment.chain import JOINT_OFFSETS, Sought
from calibration.adjustment.corner_term import CornerTerm
from calibration.adjustment.normal_equations import cholesky_inverse
from calibration.adjustment.priors import errors_of
from calibration.adjustment.reduced import Reduced, reduced_by_block
from calibration.adjustment.terms import Blocks, Keep
from calibration.hand_eye_adjustment import Adjusted
from calibration.hand_eye_model import CAMERA, ERROR, JOINT_SIGMA_RAD
from calibration.hand_eye_start import Seen
from calibration.lens_model import rays
from calibration.observations import CalibrationError
from calibration.view_gate import LeftOut
from vision.geometry import Array

MOVED_CHANCE = 1e-5
"""How often a camera that stood still is said to have moved."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldOut:
    """Every second pose predicted from what the others gave, with the robot's pose as it was reported."""

    rms_px: float
    """Of corners, as distances."""
    rms_mm: float
    """The same corners cast onto the predicted board."""
    poses: int


def reduced_poses(adjusted: Adjusted) -> Reduced:
    """What each pose says of the unknowns that all share."""
    return reduced_by_block(adjusted.solution, ERROR)


def held_out(adjusted: Adjusted, reduced: Reduced) -> HeldOut:
    """Solved on even poses and judged on odd ones, and the other way round, to first order. Raises SingularError."""
    model, solution = adjusted.model, adjusted.solution
    whole = solution.normal.reduced()[0]
    kept = np.flatnonzero(model.kept_poses())
    none = {name: np.zeros_like(part.gradient) for name, part in solution.normal.locals.items()}
    px, mm, poses = [], [], 0
    for half in (0, 1):
        out = kept[half::2]
        poses += len(out)
        # at the minimum all slopes cancel: without those of `out` the others pull the other way
        step = cholesky_inverse(whole - reduced.squares[out].sum(axis=0)) @ reduced.slopes[out].sum(axis=0)
        values = solution.layout.stepped(solution.values, step, none)
        values[ERROR] = np.tile(np.eye(4), (len(model.poses), 1, 1))
        for term in model.arm_terms():
            rows = np.isin(_pose_of_segment(term)[term.rows], out) & term.robust.keep
            px.append(np.linalg.norm(term.residuals(values)[rows] * term.sigma_px, axis=1))
            mm.append(_on_board_mm(term, values, rows))
    return HeldOut(rms_px=_rms(np.concatenate(px)), rms_mm=_rms(np.concatenate(mm)), poses=poses)


def check_still(adjusted: Adjusted, reduced: Reduced) -> None:
    """Raises CalibrationError `calibration.camera_moved` when a camera stands elsewhere in the set's second half.

    Six more unknowns, the camera's motion in the middle, are asked for to first order; their gain is compared with what
    is left unexplained (an F test, as the noise was estimated from data that the motion would spoil).
    """
    model = adjusted.model
    kept = np.flatnonzero(model.kept_poses())
    order = np.array(sorted(kept, key=lambda i: (model.poses[i].t_s, model.poses[i].pose)))
    late = order[len(order) // 2 :]
    freedom = 6 * len(kept) - 18
    if freedom < 12:
        return
    whole = cholesky_inverse(adjusted.solution.normal.reduced()[0])
    for c, camera in enumerate(model.cameras):
        at = adjusted.solution.layout.main(CAMERA, c)
        squares, slope = reduced.squares[late].sum(axis=0), reduced.slopes[late].sum(axis=0)[at]
        own = squares[at, at] - squares[at] @ whole @ squares[at].T
        gain = float(slope @ np.linalg.pinv(own, hermitian=True) @ slope)
        left = max(freedom + 6 - gain, 1.0)
        if gain / 6.0 > _f_limit(freedom) * left / freedom:
            raise CalibrationError(
                "calibration.camera_moved",
                f"camera {camera} stands elsewhere in the second half of the poses than in the first; "
                "fix its mount and take the whole set again",
            )


def not_told_apart(adjusted: Adjusted) -> tuple[str, ...]:
    """Sentences about what the observations leave open."""
    notes = []
    for c, camera in enumerate(adjusted.model.cameras):
        values, axes = np.linalg.eigh(adjusted.covariance.block(CAMERA, c)[3:, 3:])
        worst = float(np.sqrt(values[-1]))
        if worst > 5.0:
            x, y, z = axes[:, -1]
            notes.append(
                f"camera {camera} is known to only {worst:.0f} mm along ({x:.2f}, {y:.2f}, {z:.2f}): nearly all "
                "rotations are about that axis"
            )
    if JOINT_OFFSETS in adjusted.model.free:
        spread = np.sqrt(np.diag(adjusted.covariance.block(JOINT_OFFSETS)))
        loose = [str(j + 1) for j in np.flatnonzero(spread > 0.5 * JOINT_SIGMA_RAD)]
        if loose:
            notes.append(
                f"the zero of joint {', '.join(loose)} cannot be told from the place of camera and board; "
                "together they are right"
            )
    return tuple(notes)


def left_out_at_poses(adjusted: Adjusted, seen: Seen) -> list[LeftOut]:
    """Robot poses, and views and corners of the board on the arm, that took no part."""
    model, out = adjusted.model, []
    observed = model.observed_poses()
    for at, pose in enumerate(model.poses):
        if observed[at] and not model.pose_robust.keep[at]:
            error = errors_of(adjusted.solution.values[ERROR])[at]
            reason = (
                f"the robot was {float(np.linalg.norm(error[3:])):.1f} mm and "
                f"{float(np.rad2deg(np.linalg.norm(error[:3]))):.2f} degrees from where it said"
            )
            out.append(LeftOut(what="pose", camera="", view=pose.pose, reason=reason))
    for c, term in enumerate(model.arm_terms()):
        ids, keep = np.concatenate([view.corner_ids for view in seen.arm_views[c]]), term.robust.keep
        for s, view in enumerate(seen.arm_views[c]):
            rows = slice(term.starts[s], term.starts[s + 1])
            if not keep[rows].any():
                reason = "its corners do not agree with the lens"
                out.append(LeftOut(what="view", camera=view.camera, view=view.view, reason=reason))
                continue
            for corner in ids[rows][~keep[rows]]:
                reason = "far off where the board's other corners put it"
                out.append(
                    LeftOut(what="corner", camera=view.camera, view=view.view, corner=int(corner), reason=reason)
                )
    return out


def _on_board_mm(term: CornerTerm, values: dict[str, Array], rows: Keep) -> Array:
    points = term.board_points(values)[rows]
    product = np.broadcast_to(np.eye(4), (len(term.starts) - 1, 4, 4))
    for link in term.links:
        product = product @ link.transforms(values)
    each = product[term.rows[rows]]
    directions = rays(term.pixels[rows], values[term.lens_family][term.lens_block])[0]
    turned = np.swapaxes(each[:, :3, :3], 1, 2)
    origin = -(turned @ each[:, :3, 3:])[:, :, 0]
    along = (turned @ directions[:, :, None])[:, :, 0]
    depth = (points[:, 2] - origin[:, 2]) / along[:, 2]
    hit = origin + along * depth[:, None]
    return np.asarray(np.linalg.norm(hit - points, axis=1))


def _pose_of_segment(term: CornerTerm) -> Blocks:
    return next(link.blocks for link in term.links if isinstance(link, Sought) and link.family == ERROR)


def _f_limit(freedom: int) -> float:
    from scipy.stats import f

    return float(f.ppf(1.0 - MOVED_CHANCE, 6, freedom))


def _rms(distances: Array) -> float:
    return float(np.sqrt((distances**2).mean())) if len(distances) else float("nan")
