"""Whether views can give a lens, and what a lens is worth on views that it was not made from."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.adjustment.corner_term import CornerTerm
from calibration.adjustment.levenberg import Solution
from calibration.observations import BoardView, CalibrationError, LensSet
from vision.geometry import Array

LEAST_VIEWS = 4
LEAST_TILT_DEG = 8.0
"""Between the two board normals that differ most."""
WORST_FOCAL_SHARE = 0.02
"""Standard deviation of the focal length over it."""
WORST_RMS_SHARE = 0.15
"""Corner noise over the distance of neighbouring corners: more, and the corners are not this board's."""


def check_views_left(views: Sequence[BoardView], lens_set: LensSet) -> None:
    """Raises CalibrationError `calibration.too_few_views`."""
    if len(views) < LEAST_VIEWS:
        raise CalibrationError(
            "calibration.too_few_views",
            f"camera {lens_set.camera.camera} has {len(views)} usable views of {lens_set.board.name} of "
            f"{len(lens_set.views)}, and {LEAST_VIEWS} are the least; take more pictures, with the whole board in view",
        )


def check_lens(lens: Array, covariance: Array, poses: Array, term: CornerTerm, lens_set: LensSet) -> None:
    """Raises CalibrationError `calibration.views_parallel`, `calibration.board_geometry`, `calibration.no_lens`."""
    camera = lens_set.camera
    kept = np.logical_or.reduceat(term.robust.keep, term.starts[:-1])
    if int(kept.sum()) < LEAST_VIEWS:
        raise CalibrationError(
            "calibration.no_lens",
            f"only {int(kept.sum())} of {len(kept)} views of camera {camera.camera} agree with one lens; "
            "check that focus and zoom are fixed and that one board was used, and take the pictures again",
        )
    spacing = _spacing_px(lens, poses[kept], lens_set.board.square_mm)
    if term.sigma_px > WORST_RMS_SHARE * spacing:
        raise CalibrationError(
            "calibration.board_geometry",
            f"corners of {lens_set.board.name} are off by {term.sigma_px:.1f} px in all views; "
            "choose the board that was used, with its columns, rows and square size",
        )
    normals = poses[kept][:, :3, 2]
    tilt = float(np.rad2deg(np.arccos(np.clip((normals @ normals.T).min(), -1.0, 1.0))))
    focal = float(np.sqrt(max(covariance[0, 0], covariance[1, 1])) / abs(lens[0]))
    if tilt < LEAST_TILT_DEG or focal > WORST_FOCAL_SHARE or not np.isfinite(focal):
        raise CalibrationError(
            "calibration.views_parallel",
            f"the board stood nearly parallel in all views of camera {camera.camera} (within {tilt:.0f} degrees), so "
            "its focal length cannot be told from the distance; tilt the board by 20 to 40 degrees in several pictures",
        )
    longest = max(camera.width_px, camera.height_px)
    if not (lens[0] > 0 and lens[1] > 0 and abs(lens[2] - camera.width_px / 2) < longest):
        raise CalibrationError(
            "calibration.no_lens",
            f"the views of camera {camera.camera} give an impossible lens (focal length {lens[0]:.0f} px); "
            "take pictures with the board tilted and in all corners of the picture",
        )


def held_out_rms_px(solution: Solution, term: CornerTerm, view_family: str) -> float:
    """Rms distance of the kept corners of each view from where a lens made without it puts them, its pose fitted.

    To first order and without solving again: the view's own part is taken out of the reduced normal equations.
    """
    linear = term.linear(solution.values, solution.layout)
    by_view = next(part.jacobian for part in linear.parts if part.family == view_family)
    others = [part for part in linear.parts if part.family != view_family]
    by_lens = np.concatenate([part.jacobian for part in others], axis=2)
    columns = np.concatenate([np.arange(solution.layout.main_size)[solution.layout.main(p.family)] for p in others])
    everything = solution.normal.reduced()[0]
    squares, count = 0.0, 0
    for s in range(len(term.starts) - 1):
        at = slice(term.starts[s], term.starts[s + 1])
        keep = term.robust.keep[at]
        if not keep.any():
            continue
        pose, lens = by_view[at][keep].reshape(-1, 6), by_lens[at][keep].reshape(-1, len(columns))
        rest = linear.residuals[at][keep].ravel()
        basis, _ = np.linalg.qr(pose)
        lens_left = lens - basis @ (basis.T @ lens)
        without = everything.copy()
        without[np.ix_(columns, columns)] -= lens_left.T @ lens_left
        step = np.linalg.lstsq(without, _placed(lens_left.T @ rest, columns, len(without)), rcond=None)[0]
        rest = rest + lens_left @ step[columns]
        rest = rest - basis @ (basis.T @ rest)
        squares += float(rest @ rest)
        count += int(keep.sum())
    return float(np.sqrt(squares / count)) * term.sigma_px


def _placed(values: Array, columns: Array, size: int) -> Array:
    out = np.zeros(size)
    out[columns] = values
    return out


def _spacing_px(lens: Array, poses: Array, square_mm: float) -> float:
    return float(np.median(lens[0] * square_mm / np.maximum(poses[:, 2, 3], 1.0)))
