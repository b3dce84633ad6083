"""A camera's lens from views of a board: right, honest about its error, and clear about what it did not believe."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from support.cal_scene import LENS, LENS_BOARD, SIZE, lens_set

from calibration.adjustment.consistency import chi_square_limit, nees
from calibration.intrinsics import LensResult, solve_lens
from calibration.lens_model import camera_matrix
from calibration.observations import BoardView
from calibration.projection import picture_grid, projection_difference_px
from vision.geometry import Array


@pytest.fixture(scope="module")
def results() -> list[LensResult]:
    return [solve_lens(lens_set(seed)) for seed in range(12)]


def _rms(difference: Array) -> float:
    return float(np.sqrt(np.nanmean(difference**2)))


def test_the_covariance_is_honest(results: list[LensResult]) -> None:
    total = sum(nees(result.lens - LENS, result.covariance) for result in results)
    low, high = chi_square_limit(9 * len(results), 0.001), chi_square_limit(9 * len(results), 0.999)
    assert low < total < high


def test_the_noise_of_the_corners_is_found(results: list[LensResult]) -> None:
    assert np.mean([result.sigma_px for result in results]) == pytest.approx(0.2, rel=0.02)


def test_the_stated_doubt_is_the_error_in_the_picture(results: list[LensResult]) -> None:
    grid = picture_grid(SIZE)
    said = np.sqrt(np.mean([np.nanmean(result.sigma_at_px(grid, 400.0) ** 2) for result in results]))
    true = np.sqrt(np.mean([_rms(result.difference_px(LENS, 400.0)) ** 2 for result in results])) / np.sqrt(2.0)
    assert 0.7 < true / said < 1.4


def test_opencv_finds_the_same_lens() -> None:
    seen = lens_set(3)
    result = solve_lens(seen)
    nominal = LENS_BOARD.nominal_mm().astype(np.float32)
    rms, matrix, distortion, _, _ = cv2.calibrateCamera(
        [nominal[view.corner_ids] for view in seen.views],
        [view.corners_px.astype(np.float32) for view in seen.views],
        SIZE,
        np.eye(3),
        np.zeros(5),
        criteria=(cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_COUNT, 200, 1e-12),
    )
    assert result.rms_px == pytest.approx(rms, rel=1e-3)
    np.testing.assert_allclose(camera_matrix(result.lens), matrix, atol=0.1)
    theirs = np.array([matrix[0, 0], matrix[1, 1], matrix[0, 2], matrix[1, 2], *distortion.ravel()])
    assert _rms(projection_difference_px(result.lens, theirs, SIZE, 400.0)) < 0.005


def test_held_out_views_are_what_leaving_each_out_gives() -> None:
    seen = lens_set(4, views=8)
    squares, count = 0.0, 0
    for out in seen.views:
        others = solve_lens(replace(seen, views=tuple(view for view in seen.views if view is not out)))
        points = LENS_BOARD.nominal_mm()[out.corner_ids]
        matrix, distortion = camera_matrix(others.lens), others.lens[4:]
        _, turn, move = cv2.solvePnP(points, out.corners_px, matrix, distortion)
        turn, move = cv2.solvePnPRefineLM(points, out.corners_px, matrix, distortion, turn, move)
        seen_px, _ = cv2.projectPoints(points, turn, move, matrix, distortion)
        squares += float(((seen_px.reshape(-1, 2) - out.corners_px) ** 2).sum())
        count += len(points)
    result = solve_lens(seen)
    assert result.held_out_rms_px == pytest.approx(np.sqrt(squares / count), rel=0.01)
    assert result.held_out_rms_px > result.rms_px


def test_false_corners_and_a_false_view_are_out_and_listed() -> None:
    seen = lens_set(5)
    rng = np.random.default_rng(1)
    wrong = np.array(seen.views[2].corners_px)
    wrong[[4, 20]] += [[6.0, -5.0], [-12.0, 3.0]]
    blurred = seen.views[7].corners_px + 4.0 * rng.normal(size=seen.views[7].corners_px.shape)
    views = list(seen.views)
    views[2], views[7] = replace(views[2], corners_px=wrong), replace(views[7], corners_px=blurred)
    result = solve_lens(replace(seen, views=tuple(views)))
    assert [left.view for left in result.left_out if left.what == "view"] == [7]
    ids = seen.views[2].corner_ids
    corners = {(left.view, left.corner) for left in result.left_out if left.what == "corner"}
    assert corners == {(2, int(ids[4])), (2, int(ids[20]))}
    assert all(left.reason for left in result.left_out)
    assert nees(result.lens - LENS, result.covariance) < chi_square_limit(9, 0.9999)
    assert {fit.view for fit in result.views} == set(range(12)) - {7}


def test_a_bowed_board_spoils_nothing_and_a_flat_one_is_taken_as_flat(results: list[LensResult]) -> None:
    bowed = [solve_lens(lens_set(seed, bow_mm=0.3)) for seed in range(4)]
    assert all((result.bow_mm != 0.0).all() and result.bow_statistic > 50.0 for result in bowed)
    assert np.mean([result.bow_mm for result in bowed]) == pytest.approx(0.15, abs=0.03)
    flat = np.mean([_rms(result.difference_px(LENS, 400.0)) for result in results])
    assert np.mean([_rms(result.difference_px(LENS, 400.0)) for result in bowed]) < 2.0 * flat
    assert all((result.bow_mm == 0.0).all() for result in results)


def test_where_each_board_stood_and_how_far_its_corners_are_off(results: list[LensResult]) -> None:
    for fit in results[0].views:
        points = LENS_BOARD.nominal_mm()[fit.corner_ids]
        turn = cv2.Rodrigues(fit.camera_from_board.rotation)[0]
        lens = results[0].lens
        pixels, _ = cv2.projectPoints(points, turn, fit.camera_from_board.translation_mm, camera_matrix(lens), lens[4:])
        np.testing.assert_allclose(pixels.reshape(-1, 2) - fit.seen_px, fit.residuals_px, atol=1e-6)
        assert fit.rms_px == pytest.approx(np.sqrt((fit.residuals_px**2).sum(axis=1).mean()))
        assert fit.kept == len(fit.corner_ids)


def test_more_views_know_the_lens_better() -> None:
    grid = picture_grid(SIZE)
    doubts = [np.nanmean(solve_lens(lens_set(6, views=views)).sigma_at_px(grid, 400.0)) for views in (5, 10, 20)]
    assert doubts[0] > doubts[1] > doubts[2]


def test_a_lens_compared_with_itself_differs_by_nothing_also_when_the_camera_turned() -> None:
    assert _rms(projection_difference_px(LENS, LENS, SIZE, 400.0)) < 1e-9
    moved = LENS + np.array([0, 0, 3.0, 0, 0, 0, 0, 0, 0])  # a shifted centre is nearly a turned camera
    plain = 3.0
    assert 0.0 < _rms(projection_difference_px(moved, LENS, SIZE, 400.0)) < 0.1 * plain


def test_the_order_of_views_and_corners_means_nothing() -> None:
    seen = lens_set(8)
    rng = np.random.default_rng(0)

    def shuffled(view: BoardView) -> BoardView:
        order = rng.permutation(len(view.corner_ids))
        return replace(view, corner_ids=view.corner_ids[order], corners_px=view.corners_px[order])

    other = replace(seen, views=tuple(shuffled(view) for view in reversed(seen.views)))
    np.testing.assert_allclose(solve_lens(other).lens, solve_lens(seen).lens, rtol=1e-5, atol=1e-6)
