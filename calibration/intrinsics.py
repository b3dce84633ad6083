"""The lens of one camera from views of a board: nine numbers with their covariance, and what was not believed.

`solve_lens` is quick enough to be asked after every picture. The board may be bowed: bow is estimated, and kept only
where the views say so beyond chance (a bow of 0.3 mm spoils a lens and hardly shows in the residuals).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from calibration.adjustment.chain import Sought
from calibration.adjustment.consistency import chi_square_limit, nees
from calibration.adjustment.corner_term import BoardShape, CornerTerm
from calibration.adjustment.levenberg import Solution, solve
from calibration.adjustment.noise import variance_factor
from calibration.adjustment.normal_equations import SingularError
from calibration.adjustment.priors import VectorPrior
from calibration.adjustment.rejection import with_soft_loss, without_outliers
from calibration.adjustment.unknowns import Family, pose_family
from calibration.corner_rows import CornerRows, first_pose
from calibration.lens_checks import check_lens, check_views_left, held_out_rms_px
from calibration.observations import BoardView, CalibrationError, CameraSize, Ids, LensSet
from calibration.projection import projection_difference_px, projection_sigma_px
from calibration.rotations import as_transform
from calibration.view_gate import LeftOut, gated_views
from vision.geometry import Array, Transform

LENS, VIEW, BOW = "lens", "view", "bow"
BOW_PRIOR_MM = 1.0
BOW_CHANCE = 0.9999
"""Bow is kept when a flat board shows as much in fewer than one set of ten thousand."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ViewFit:
    """How one view agrees with the lens."""

    view: int
    rms_px: float
    """Of the kept corners, as distances."""
    kept: int
    """Corners that took part."""
    camera_from_board: Transform
    corner_ids: Ids
    """(N,) of the kept corners."""
    seen_px: Array
    """(N, 2)."""
    residuals_px: Array
    """(N, 2) projected minus seen."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LensResult:
    """A camera's lens, how well it is known, and what it was made from."""

    camera: CameraSize
    lens: Array
    """(9,) fx fy cx cy k1 k2 p1 p2 k3, px."""
    covariance: Array
    """(9, 9)."""
    sigma_px: float
    """Noise of a corner along an axis, from the views themselves."""
    rms_px: float
    """Of all kept corners, as distances: OpenCV's figure."""
    held_out_rms_px: float
    """Each view predicted by the lens of all the others, its own pose fitted: as distances."""
    bow_mm: Array
    """(2,) along x and along y; zero where the views show none."""
    bow_statistic: float
    """Chi-square of two degrees of freedom on a flat board."""
    views: tuple[ViewFit, ...]
    left_out: tuple[LeftOut, ...]
    """Views and corners that took no part, with reasons."""

    def sigma_at_px(self, pixels: Array, distance_mm: float) -> Array:
        """(N,) px: how well it projects to `pixels` (N, 2) at a distance; `projection.projection_sigma_px`."""
        size = (self.camera.width_px, self.camera.height_px)
        return projection_sigma_px(self.lens, self.covariance, pixels, distance_mm, size)

    def difference_px(self, other: Array, distance_mm: float) -> Array:
        """(16, 25) px to another lens (9,) of the same camera; `projection.projection_difference_px`."""
        size = (self.camera.width_px, self.camera.height_px)
        return projection_difference_px(self.lens, other, size, distance_mm)


def solve_lens(lens_set: LensSet) -> LensResult:
    """The lens that explains the views.

    Raises CalibrationError: what `view_gate.gated_views` raises; `calibration.too_few_views`,
    `calibration.views_parallel`, `calibration.no_lens`, `calibration.board_geometry`.
    """
    views, left_out = gated_views(lens_set.views, lens_set.board)
    check_views_left(views, lens_set)
    rows = CornerRows.of(views, lens_set.board)
    lens, poses = _start(rows, lens_set.camera)
    links = (Sought(VIEW, np.arange(len(views))),)
    term = rows.term("corners", (LENS, 0), links, BoardShape(bow_family=BOW))
    start = {LENS: lens[None], VIEW: poses, BOW: np.zeros((1, 2))}
    try:
        solution, term, statistic = _bent_or_flat(term, start, len(views))
        covariance = solution.covariance()
    except SingularError:
        raise CalibrationError(
            "calibration.views_parallel",
            f"the views of camera {lens_set.camera.camera} do not determine its lens; "
            "tilt the board by 20 to 40 degrees in different directions and take more pictures",
        ) from None
    check_lens(solution.values[LENS][0], covariance.block(LENS), solution.values[VIEW], term, lens_set)
    return LensResult(
        camera=lens_set.camera,
        lens=solution.values[LENS][0],
        covariance=covariance.block(LENS),
        sigma_px=term.sigma_px,
        rms_px=_rms(term.residuals(solution.values)[term.robust.keep] * term.sigma_px),
        held_out_rms_px=held_out_rms_px(solution, term, VIEW),
        bow_mm=solution.values[BOW][0],
        bow_statistic=statistic,
        views=_fits(views, term, solution),
        left_out=(*left_out, *_rejected(views, rows, term)),
    )


def _start(rows: CornerRows, camera: CameraSize) -> tuple[Array, Array]:
    """Focal lengths from the views' homographies (OpenCV), no distortion, a pose of each view."""
    import cv2

    cuts = list(zip(rows.starts[:-1], rows.starts[1:], strict=True))
    try:
        matrix = cv2.initCameraMatrix2D(
            [rows.points_mm[a:b].astype(np.float32) for a, b in cuts],
            [rows.pixels[a:b].astype(np.float32) for a, b in cuts],
            (camera.width_px, camera.height_px),
        )
    except cv2.error:
        matrix = np.full((3, 3), np.nan)
    longest = max(camera.width_px, camera.height_px)
    focal = float(np.mean([matrix[0, 0], matrix[1, 1]]))
    if not np.isfinite(focal) or not 0.2 * longest < focal < 20.0 * longest:
        focal = 1.2 * longest  # degenerate views give any figure; the adjustment finds out whether they are
    lens = np.array([focal, focal, (camera.width_px - 1) / 2, (camera.height_px - 1) / 2, 0, 0, 0, 0, 0.0])
    try:
        poses = np.stack([first_pose(rows.points_mm[a:b], rows.pixels[a:b], lens) for a, b in cuts])
    except ValueError as error:
        raise CalibrationError(
            "calibration.no_lens", f"a view of camera {camera.camera} gives no pose ({error}); take the pictures again"
        ) from None
    return lens, poses


def _bent_or_flat(term: CornerTerm, start: dict[str, Array], views: int) -> tuple[Solution, CornerTerm, float]:
    """The adjustment with a board that may be bowed, and again with a flat one when it is not beyond chance."""
    prior = VectorPrior(name="bow", family=BOW, mean=np.zeros(2), sigma=np.full(2, BOW_PRIOR_MM))
    flat = (Family(name=LENS, count=1, size=9), pose_family(VIEW, views, local=True))
    bent = (*flat, Family(name=BOW, count=1, size=2))
    first = solve(flat, (with_soft_loss(term, start),), start, rounds=15, tolerance=1e-4)
    term = with_soft_loss(term, first.values)
    first = solve(flat, (term,), first.values, rounds=30, tolerance=1e-4)
    term = without_outliers(term, first.values)
    solution, term = _settled(bent, term, (prior,), first.values)
    statistic = nees(solution.values[BOW][0], solution.covariance().block(BOW))
    if statistic < chi_square_limit(2, BOW_CHANCE):
        solution, term = _settled(flat, term, (), {**solution.values, BOW: np.zeros((1, 2))})
    return solution, term, statistic


def _settled(
    families: Sequence[Family], term: CornerTerm, priors: tuple[VectorPrior, ...], start: dict[str, Array]
) -> tuple[Solution, CornerTerm]:
    """Solved until the outliers stay the same ones, with the noise that the views show."""
    values = start
    for _ in range(6):
        solution = solve(families, (term, *priors), values, rounds=30, tolerance=1e-7)
        values = solution.values
        judged = without_outliers(term, values)
        same = bool((judged.robust.keep == term.robust.keep).all())
        if same:
            break
        term = judged
    factor = variance_factor(solution, solution.covariance(), term)
    term = replace(term, sigma_px=term.sigma_px * float(np.sqrt(factor)))
    return solve(families, (term, *priors), values, rounds=10), term


def _fits(views: Sequence[BoardView], term: CornerTerm, solution: Solution) -> tuple[ViewFit, ...]:
    residuals = term.residuals(solution.values) * term.sigma_px
    fits = []
    for s, view in enumerate(views):
        at = slice(term.starts[s], term.starts[s + 1])
        keep = term.robust.keep[at]
        if keep.any():
            fits.append(
                ViewFit(
                    view=view.view,
                    rms_px=_rms(residuals[at][keep]),
                    kept=int(keep.sum()),
                    camera_from_board=as_transform(solution.values[VIEW][s]),
                    corner_ids=view.corner_ids[keep],
                    seen_px=view.corners_px[keep],
                    residuals_px=residuals[at][keep],
                )
            )
    return tuple(fits)


def _rejected(views: Sequence[BoardView], rows: CornerRows, term: CornerTerm) -> list[LeftOut]:
    out = []
    for s, view in enumerate(views):
        at = slice(term.starts[s], term.starts[s + 1])
        keep = term.robust.keep[at]
        if not keep.any():
            reason = "its corners do not agree with the lens of the other views"
            out.append(LeftOut(what="view", camera=view.camera, view=view.view, reason=reason))
            continue
        for corner in rows.ids[at][~keep]:
            reason = "far off where the lens puts it"
            out.append(LeftOut(what="corner", camera=view.camera, view=view.view, corner=int(corner), reason=reason))
    return out


def _rms(residuals: Array) -> float:
    return float(np.sqrt((residuals**2).sum(axis=1).mean()))
