"""Whether the observations of a bench may be believed: enough of them, tags in sight, nothing that slipped."""

from __future__ import annotations

import numpy as np

from calibration.adjustment.consistency import chi_square_limit
from calibration.adjustment.priors import PosePrior
from calibration.adjustment.terms import Keep
from calibration.bench_set import BenchSet
from calibration.observations import CalibrationError
from vision.geometry import Array

TAGS_NEEDED = 3
"""Of a camera: two leave a lever too short."""
POSES_NEEDED = 8
LOST_SHARE = 0.3
"""More refused poses than this, and the rest is not believed either."""
SLIP_CHANCE = 1e-4
SLIP_MM, SLIP_DEG = 0.25, 0.15
"""Smaller steps are within what an arm of this class does by itself."""
FEWEST_BESIDE = 4
"""Poses before and after a slip that are needed to tell it."""


def check_tags_seen(bench: BenchSet) -> None:
    """Raises CalibrationError `calibration.no_tags` for a camera that sees too few of the fixture's tags."""
    known = {mount.tag_id for mount in bench.tags}
    for camera in bench.cameras:
        seen = sorted(known & bench.tag_views.get(camera.camera, {}).keys())
        if len(seen) < TAGS_NEEDED:
            hidden = ", ".join(str(tag) for tag in sorted(known - set(seen)))
            raise CalibrationError(
                "calibration.no_tags",
                f"camera {camera.camera} sees {len(seen)} of the fixture's tags, {TAGS_NEEDED} are needed; uncover or "
                f"clean tags {hidden}, or turn the camera towards them",
            )


def check_enough(bench: BenchSet, error: PosePrior | None, apart: int) -> None:
    """`apart` poses took no part. Raises CalibrationError: `calibration.too_few_poses`, `.poses_do_not_fit`."""
    if error is None:
        return
    kept, refused = len(bench.poses) - apart, apart
    if kept < POSES_NEEDED:
        raise CalibrationError(
            "calibration.too_few_poses",
            f"{kept} poses of the arm are left after {refused} did not fit, {POSES_NEEDED} are needed; take them again",
        )
    if refused > LOST_SHARE * len(bench.poses):
        raise CalibrationError(
            "calibration.poses_do_not_fit",
            f"{refused} of {len(bench.poses)} poses do not fit the others; see whether the board or a camera is loose, "
            "whether the arm's model is the right one, then take all poses again",
        )


def check_board_held(bench: BenchSet, errors: Array, covariances: Array, keep: Keep) -> None:
    """Raises CalibrationError `calibration.board_slipped` when the poses' errors (P, 6) make one lasting step.

    A board that slips changes all later poses by the same small motion of the flange's frame. The step at each place of
    the sequence is the difference of two weighted means; its chi-square is compared with chance.
    """
    order = [k for k in np.argsort([pose.t_s for pose in bench.poses], kind="stable") if keep[k]]
    if len(order) < 2 * FEWEST_BESIDE:
        return
    weights = np.linalg.inv(covariances[order])
    weighted = (weights @ errors[order][:, :, None])[:, :, 0]
    limit = chi_square_limit(6, 1.0 - SLIP_CHANCE / len(order))
    worst: tuple[float, int, Array] | None = None
    for at in range(FEWEST_BESIDE, len(order) - FEWEST_BESIDE + 1):
        spread = [np.linalg.inv(part.sum(axis=0)) for part in (weights[:at], weights[at:])]
        means = [cov @ part.sum(axis=0) for cov, part in zip(spread, (weighted[:at], weighted[at:]), strict=True)]
        step = means[1] - means[0]
        statistic = float(step @ np.linalg.solve(spread[0] + spread[1], step))
        if worst is None or statistic > worst[0]:
            worst = (statistic, at, step)
    if worst is None or worst[0] <= limit:
        return
    _, at, step = worst
    turn_deg, move_mm = float(np.degrees(np.linalg.norm(step[:3]))), float(np.linalg.norm(step[3:]))
    if turn_deg < SLIP_DEG and move_mm < SLIP_MM:
        return
    before, after = bench.poses[order[at - 1]].pose, bench.poses[order[at]].pose
    raise CalibrationError(
        "calibration.board_slipped",
        f"The board on the flange slipped between pose {before} and pose {after}, by about {move_mm:.1f} mm and "
        f"{turn_deg:.1f} degrees; tighten it and take the poses again. The old calibration stays in force.",
    )
