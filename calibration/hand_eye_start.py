"""Where a hand-eye adjustment begins: lenses, boards at the robot's poses, and the best closed form."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibration.adjustment.chain import Sought
from calibration.adjustment.corner_term import BoardShape, CornerTerm
from calibration.adjustment.levenberg import solve
from calibration.adjustment.rejection import with_soft_loss, without_outliers
from calibration.adjustment.terms import Keep, Robust
from calibration.adjustment.unknowns import Family, pose_family
from calibration.closed_forms import closed_forms
from calibration.corner_rows import CornerRows, first_pose
from calibration.hand_eye_model import (
    CAMERA,
    ERROR,
    LENS,
    LENS_BOW,
    MOUNT,
    VIEW,
    Model,
    arm_term,
    first_errors,
    lens_term,
    nothing_known,
    reported,
)
from calibration.intrinsics import LensResult, solve_lens
from calibration.observations import BoardView, CalibrationError, HandEyeSet, LensSet, RobotPose
from calibration.rotations import as_array, inverse
from calibration.turns import consistent_poses
from calibration.view_gate import LeftOut, gated_views
from vision.geometry import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Seen:
    """What the cameras alone tell: each board's place, before the robot is asked."""

    lenses: tuple[LensResult, ...]
    lens_rows: tuple[CornerRows, ...]
    arm_views: tuple[tuple[BoardView, ...], ...]
    """By camera, those that can be of the board."""
    camera_from_board: tuple[Array, ...]
    """By camera (S, 4, 4), the board at each of its arm views."""
    arm_terms: tuple[CornerTerm, ...]
    """By camera: which corners are believed, and their noise."""
    left_out: tuple[LeftOut, ...]


def look(hand_eye_set: HandEyeSet) -> Seen:
    """Lenses and boards from the pictures alone.

    Raises CalibrationError: what `intrinsics.solve_lens` and `view_gate.gated_views` raise;
    `calibration.too_few_poses`.
    """
    lenses, lens_rows, all_views, all_poses, terms = [], [], [], [], []
    left_out: list[LeftOut] = []
    for camera in hand_eye_set.cameras:
        own = tuple(view for view in hand_eye_set.lens_views if view.camera == camera.camera)
        result = solve_lens(LensSet(camera=camera, board=hand_eye_set.lens_board, views=own))
        by_id = {fit.view for fit in result.views}
        lenses.append(result)
        lens_rows.append(CornerRows.of([view for view in own if view.view in by_id], hand_eye_set.lens_board))
        left_out.extend(result.left_out)
        arm = tuple(view for view in hand_eye_set.arm_views if view.camera == camera.camera)
        views, refused = gated_views(arm, hand_eye_set.arm_board)
        left_out.extend(refused)
        if len(views) < 3:
            raise CalibrationError(
                "calibration.too_few_poses",
                f"camera {camera.camera} sees {hand_eye_set.arm_board.name} at {len(views)} robot poses, and at least "
                "5 are needed; bring the board into its view at more poses",
            )
        rows = CornerRows.of(views, hand_eye_set.arm_board)
        term, poses = _boards(rows, result, lens_rows[-1])
        all_views.append(tuple(views))
        all_poses.append(poses)
        terms.append(term)
    return Seen(
        lenses=tuple(lenses),
        lens_rows=tuple(lens_rows),
        arm_views=tuple(all_views),
        camera_from_board=tuple(all_poses),
        arm_terms=tuple(terms),
        left_out=tuple(left_out),
    )


def _boards(rows: CornerRows, lens: LensResult, lens_rows: CornerRows) -> tuple[CornerTerm, Array]:
    """Each view's board by itself: which corners fit, and (S, 4, 4) `camera_from_board`.

    The lens is sought again, from its own views and these: held at what few views gave, it would make good corners at
    the edge of the picture look false.
    """
    known = len(lens_rows.starts) - 1
    views = len(rows.starts) - 1
    cuts = zip(rows.starts[:-1], rows.starts[1:], strict=True)
    try:
        poses = np.stack([first_pose(rows.points_mm[a:b], rows.pixels[a:b], lens.lens) for a, b in cuts])
    except ValueError as error:
        raise CalibrationError(
            "calibration.no_pose", f"camera {lens.camera.camera}: {error}; take the pictures of the arm's board again"
        ) from None
    term = rows.term("boards", (LENS, 0), (Sought(VIEW, np.arange(known, known + views)),), BoardShape())
    start = {
        **nothing_known(),
        LENS: lens.lens[None],
        LENS_BOW: lens.bow_mm[None],
        VIEW: np.concatenate([[as_array(fit.camera_from_board) for fit in lens.views], poses]),
    }
    own = replace(lens_term(lens_rows, 0, lens.camera.camera, 0), sigma_px=lens.sigma_px)
    own = without_outliers(own, start)
    families = (Family(name=LENS, count=1, size=9), pose_family(VIEW, known + views, local=True))
    soft = solve(families, (own, with_soft_loss(term, start)), start, rounds=20, tolerance=1e-4)
    term = without_outliers(term, soft.values)
    return term, solve(families, (own, term), soft.values, rounds=10, tolerance=1e-5).values[VIEW][known:]


def first_model(hand_eye_set: HandEyeSet, seen: Seen) -> tuple[Model, dict[str, Array]]:
    """The adjustment with nothing optional free, and where it begins.

    Raises CalibrationError `calibration.no_start`.
    """
    used = {view.view for views in seen.arm_views for view in views}
    poses = tuple(pose for pose in hand_eye_set.poses if pose.pose in used)
    lens_terms, arm_terms, first = [], [], 0
    for c, camera in enumerate(hand_eye_set.cameras):
        lens = seen.lenses[c]
        term = lens_term(seen.lens_rows[c], c, camera.camera, first)
        first += len(seen.lens_rows[c].starts) - 1
        values = {**nothing_known(), **_lens_values(seen)}
        lens_terms.append(without_outliers(replace(term, sigma_px=lens.sigma_px), values))
        rows = CornerRows.of(seen.arm_views[c], hand_eye_set.arm_board)
        own = arm_term(hand_eye_set, rows, c, camera.camera, list(seen.arm_views[c]), poses)
        arm_terms.append(replace(own, sigma_px=lens.sigma_px, robust=seen.arm_terms[c].robust))
    model = Model(
        mode=hand_eye_set.mode,
        cameras=tuple(camera.camera for camera in hand_eye_set.cameras),
        robot=hand_eye_set.robot,
        poses=poses,
        corner_terms=(*lens_terms, *arm_terms),
        errors=first_errors(hand_eye_set.robot, poses),
        pose_robust=Robust.all_of(len(poses)),
        scale_sigma=hand_eye_set.arm_board.print_scale_sigma,
        views=first,
    )
    doubted, boards = _doubted_poses(hand_eye_set, seen, poses)
    cameras, mount = _best_closed_form(hand_eye_set, seen, model, doubted)
    errors = np.tile(np.eye(4), (len(poses), 1, 1))
    for at, (seen_by, board) in boards.items():  # far from where the robot said: the search begins at what is seen
        if hand_eye_set.mode == "eye_to_hand":
            flange = cameras[seen_by] @ board @ inverse(mount)
        else:
            flange = mount @ inverse(board) @ inverse(cameras[seen_by])
        errors[at] = inverse(reported(poses)[at]) @ flange
    return replace(model, pose_robust=Robust(~doubted)), {
        **nothing_known(),
        **_lens_values(seen),
        CAMERA: cameras,
        MOUNT: mount[None],
        ERROR: errors,
    }


def _doubted_poses(
    hand_eye_set: HandEyeSet, seen: Seen, poses: tuple[RobotPose, ...]
) -> tuple[Keep, dict[int, tuple[int, Array]]]:
    """(P,) poses whose turns no camera confirms, and of each the camera and where it sees the board."""
    index, flanges = {pose.pose: i for i, pose in enumerate(poses)}, reported(poses)
    doubted, boards = np.zeros(len(poses), dtype=bool), {}
    for c in range(len(hand_eye_set.cameras)):
        keep = believed(seen, c)
        at = np.array([index[view.view] for view in seen.arm_views[c]])[keep]
        wrong = ~consistent_poses(flanges[at], seen.camera_from_board[c][keep])
        doubted[at[wrong]] = True
        boards.update({int(p): (c, seen.camera_from_board[c][keep][i]) for i, p in enumerate(at) if wrong[i]})
    return doubted, boards


def _lens_values(seen: Seen) -> dict[str, Array]:
    return {
        LENS: np.stack([result.lens for result in seen.lenses]),
        VIEW: np.stack([as_array(fit.camera_from_board) for result in seen.lenses for fit in result.views]),
        LENS_BOW: np.mean([result.bow_mm for result in seen.lenses], axis=0, keepdims=True),
    }


def believed(seen: Seen, camera: int) -> Keep:
    """(S,) whether an arm view of a camera has kept corners."""
    term = seen.arm_terms[camera]
    return np.asarray(np.logical_or.reduceat(term.robust.keep, term.starts[:-1]))


def _best_closed_form(hand_eye_set: HandEyeSet, seen: Seen, model: Model, doubted: Keep) -> tuple[Array, Array]:
    """Per camera the closed form with the smallest median corner error; the mount of the best camera."""
    index = {pose.pose: i for i, pose in enumerate(model.poses)}
    flanges = reported(model.poses)
    arm = flanges if hand_eye_set.mode == "eye_in_hand" else inverse(flanges)
    cameras, mounts, errors = [], [], []
    for c, camera in enumerate(hand_eye_set.cameras):
        at = np.array([index[view.view] for view in seen.arm_views[c]])
        keep = believed(seen, c) & ~doubted[at]
        best: tuple[float, Array, Array] | None = None
        for _, pose, mount in closed_forms(arm[at[keep]], seen.camera_from_board[c][keep]):
            values = {
                **nothing_known(),
                **_lens_values(seen),
                CAMERA: np.tile(pose, (len(hand_eye_set.cameras), 1, 1)),
                MOUNT: mount[None],
                ERROR: np.tile(np.eye(4), (len(model.poses), 1, 1)),
            }
            term = model.arm_terms()[c]
            off = np.linalg.norm(term.residuals(values)[term.robust.keep], axis=1)
            error = float(np.median(off)) if len(off) else np.inf
            if np.isfinite(error) and (best is None or error < best[0]):
                best = (error, pose, mount)
        if best is None:
            raise CalibrationError(
                "calibration.no_start",
                f"no closed form finds where camera {camera.camera} is; take more robot poses, "
                "turned by 30 degrees and more about different axes",
            )
        errors.append(best[0])
        cameras.append(best[1])
        mounts.append(best[2])
    return np.stack(cameras), mounts[int(np.argmin(errors))]
