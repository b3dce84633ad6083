"""Guided captures over many seeds: how many pictures they take, and whether the stated doubt is the true one."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from support.rendered_board import (
    CHARUCO,
    LENS,
    PLAIN,
    SIZE_PX,
    Shot,
    aimed,
    charuco_of,
    seen_at,
    varied,
)

from calibration.board import Board
from calibration.capture import CaptureState, Plan, begin, take
from calibration.corner_refinement import spacing_px
from calibration.detection import BoardFinder, Found
from calibration.observations import CameraSize
from calibration.projection_volume import sensitivity
from vision.geometry import Array

pytestmark = pytest.mark.campaign

CAMERA = CameraSize(camera="side", width_px=SIZE_PX[0], height_px=SIZE_PX[1])
PLAN = Plan(camera=CAMERA, board=CHARUCO, distance_mm=500.0)
SEEDS = 40
NOISE_PX = 0.15


def lens_of_seed(rng: np.random.Generator) -> Array:
    """Some camera, about as the test camera."""
    lens = np.array(LENS)
    lens[:2] *= 1 + rng.normal(0, 0.03)
    lens[2:4] += rng.normal(0, 12, 2)
    lens[4:] *= 1 + rng.normal(0, 0.1, 5)
    return lens


def true_px(state: CaptureState, truth: Array) -> float:
    """Root mean square error an axis of the projection, over picture and depth, after the best rigid motion."""
    assert state.estimate is not None
    slopes = sensitivity(truth, SIZE_PX, PLAN.distance_mm).slopes.reshape(-1, 9)
    slopes = slopes[np.isfinite(slopes).all(axis=1)]
    return float(np.sqrt(((slopes @ (state.estimate.result.lens - truth)) ** 2).mean()))


def test_guided_captures_end_and_say_how_good_they_are() -> None:
    """It should end every capture by its own rule, with a stated doubt that the true errors bear out."""
    counts, doubts, errors, at_eight = [], [], [], []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        truth, state = lens_of_seed(rng), begin(PLAN)
        while not state.done:
            assert state.target is not None
            pose = aimed(state.target.camera_from_board, rng, size_mm=12.0, angle_deg=5.0)
            found = seen_at(pose, seed=int(rng.integers(1 << 30)), noise_px=NOISE_PX, lens=truth.tolist())
            state = take(state, replace(found, view=replace(found.view, view=len(state.views))))
            if len(state.views) == 8:
                at_eight.append(true_px(state, truth))
        assert state.estimate is not None
        counts.append(len(state.views))
        doubts.append(state.estimate.doubt_px)
        errors.append(true_px(state, truth))
    ratios = np.array(errors) / np.array(doubts)
    loose = []
    for seed in range(SEEDS):
        rng = np.random.default_rng(seed)
        truth, state = lens_of_seed(rng), begin(PLAN)
        for number, pose in enumerate(varied(8, seed)):
            found = seen_at(pose, seed=seed * 100 + number, noise_px=NOISE_PX, lens=truth.tolist())
            state = take(state, replace(found, view=replace(found.view, view=number)), guide=False)
        if state.estimate is not None:
            loose.append(true_px(state, truth))
    print(f"\n{SEEDS} guided captures, {NOISE_PX} px of noise: {np.median(counts):.0f} pictures (most {max(counts)});")
    print(f"stated {np.median(doubts):.4f} px, true {np.median(errors):.4f} px (p95 {np.percentile(errors, 95):.4f}),")
    print(f"root mean square of true over stated {np.sqrt((ratios**2).mean()):.2f}")
    print(f"after 8 pictures: guided {np.median(at_eight):.4f} px, p95 {np.percentile(at_eight, 95):.4f}; tilted and")
    print(f"moved about by plan but without guidance {np.median(loose):.4f} px, p95 {np.percentile(loose, 95):.4f}")
    assert 0.75 < np.sqrt((ratios**2).mean()) < 1.3
    assert max(counts) < PLAN.most_views
    assert np.median(at_eight) < np.median(loose)


@pytest.mark.parametrize("board", [CHARUCO, PLAIN], ids=["charuco", "plain"])
def test_corners_by_window(board: Board) -> None:
    """It should put corners of rendered boards nearer to the truth than any window of `cv2.cornerSubPix` does."""
    errors: dict[str, list[Array]] = {}
    for number, pose in enumerate(varied(12, board=board)):
        shot = Shot(camera_from_board=pose, board=board, blur_px=0.6 + 0.05 * number, seed=number)
        grey, truth = shot.grey(), shot.true_px()
        found = BoardFinder(board).find(grey, camera="c", view=0)
        assert isinstance(found, Found)
        errors.setdefault("saddle points", []).append(found.view.corners_px - truth[found.view.corner_ids])
        ids, rough = rough_corners(grey, board)
        spacing = spacing_px(board, ids, rough)
        for share in (0.1, 0.2, 0.4):
            half = int(np.clip(round(share * spacing), 2, 11))
            start = rough.astype(np.float32).reshape(-1, 1, 2).copy()
            moved = cv2.cornerSubPix(grey, start, (half, half), (-1, -1), (3, 50, 1e-3)).reshape(-1, 2)
            errors.setdefault(f"cornerSubPix, {share:g} of the spacing", []).append(moved - truth[ids])
    figures = {}
    for name, each in errors.items():
        off = np.concatenate(each)
        figures[name] = float(np.sqrt((off**2).mean()))
        print(f"\n{board.name}, {name}: {figures[name]:.3f} px an axis, worst {np.abs(off).max():.2f}", end="")
    assert min(figures, key=lambda name: figures[name]) == "saddle points"


def rough_corners(grey: np.ndarray, board: Board) -> tuple[np.ndarray, Array]:
    """Ids and places before refinement."""
    if board.marker_mm:
        corners, ids, _, _ = cv2.aruco.CharucoDetector(charuco_of(board)).detectBoard(grey)
        return ids.ravel().astype(np.int64), np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    _, corners = cv2.findChessboardCorners(grey, board.corners)
    at = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    found = BoardFinder(board).find(grey, camera="c", view=0)
    assert isinstance(found, Found)
    turned = np.linalg.norm(at[0] - found.view.corners_px[0]) > 20
    return np.arange(len(at)), at[::-1] if turned else at
