"""The drawn calibration board: real detectors find its corners where the camera model puts them, bent or flat."""

import cv2
import numpy as np
import pytest

from calibration.board import Board, bowed
from calibration.detection import BoardFinder, Found
from vision.geometry import Array, CameraModel, Transform, looking_at
from vision.scene import DrawnBoard, Scene
from vision.sim import SceneRenderer

BOARD = Board(name="arm", columns=6, rows=5, square_mm=24.0, marker_mm=18.0, dictionary="DICT_4X4_50")
SCALE = 1.0015
LENS = (-0.11, 0.06, 0.0006, -0.0004, 0.0)


def _camera() -> CameraModel:
    return looking_at("top", position_mm=(0, 0, 700), target_mm=(0, 0, 0), focal_px=1150, distortion=LENS)


def _drawn(pose: Transform, bow_mm: tuple[float, float], scale: float = SCALE) -> DrawnBoard:
    return DrawnBoard(
        bench_from_board=pose,
        columns=BOARD.columns,
        rows=BOARD.rows,
        square_mm=BOARD.square_mm,
        marker_mm=BOARD.marker_mm,
        dictionary=BOARD.dictionary,
        print_scale=scale,
        bow_mm=bow_mm,
    )


def _poses() -> list[Transform]:
    """Facing a camera that looks down, leaning four ways, in four places."""
    towards = np.diag([1.0, -1.0, -1.0])
    poses = []
    for number, (x, y) in enumerate([(-180.0, 60.0), (40.0, 90.0), (-60.0, -20.0), (90.0, 20.0)]):
        lean = Transform.of(0, 0, 0, 25.0 * (-1) ** number, 20.0 * (number % 3 - 1), 35.0 * number).rotation
        poses.append(Transform(towards @ lean, np.array([x, y, 40.0 * number])))
    return poses


def _offs(bow_mm: tuple[float, float]) -> tuple[Array, list[Array]]:
    camera = _camera()
    renderer = SceneRenderer(camera, (), seed=3)
    finder = BoardFinder(BOARD)
    offs = []
    for index, pose in enumerate(_poses()):
        picture = renderer.render(Scene(board=_drawn(pose, bow_mm)), index)
        found = finder.find(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), camera="top", view=index)
        assert isinstance(found, Found), found
        corners = camera.project(pose.apply(bowed(BOARD.nominal_mm() * SCALE, *bow_mm)))
        offs.append(found.view.corners_px - corners[found.view.corner_ids])
    return np.vstack(offs), offs


@pytest.mark.parametrize("bow_mm", [(0.0, 0.0), (0.8, 0.5)])
def test_corners_are_where_the_lens_puts_them(bow_mm: tuple[float, float]) -> None:
    all_offs, by_view = _offs(bow_mm)
    assert len(all_offs) >= 4 * 18
    assert np.abs(all_offs.mean(axis=0)).max() < 0.02
    assert all_offs.std(axis=0).max() < 0.06
    assert max(np.abs(off.mean(axis=0)).max() for off in by_view) < 0.05


def test_a_bow_that_the_model_leaves_out_is_seen_as_what_it_is() -> None:
    """Otherwise the test above could not fail: 0.8 mm of bow moves corners by more than their noise."""
    camera, pose = _camera(), _poses()[0]
    flat = camera.project(pose.apply(BOARD.nominal_mm() * SCALE))
    bent = camera.project(pose.apply(bowed(BOARD.nominal_mm() * SCALE, 0.8, 0.5)))
    assert np.linalg.norm(flat - bent, axis=1).max() > 0.25


def test_from_behind_it_shows_nothing() -> None:
    pose = _poses()[2]
    behind = Transform(pose.rotation @ np.diag([1.0, -1.0, -1.0]), pose.translation_mm)
    picture = SceneRenderer(_camera(), (), seed=3).render(Scene(board=_drawn(behind, (0.0, 0.0))), 0)
    found = BoardFinder(BOARD).find(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), camera="top", view=0)
    assert not isinstance(found, Found)
    grey = picture[360, 640].astype(float)
    assert np.ptp(grey) < 40.0
