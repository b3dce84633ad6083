"""The simulated hand: its bones, and that the real tracker finds it."""

from __future__ import annotations

import math
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.doorbench import DOOR, TRAY, door_bench, mirror_look, static_looks

from vision.scene import DrawnHand, Placed, Scene
from vision.sim import SceneRenderer
from vision.sim_hand import flesh_of, joints_of

BENCH = door_bench()


@given(
    st.sampled_from(["left", "right"]),
    st.floats(0.0, 1.0),
    st.floats(-90.0, 90.0),
    st.tuples(st.floats(-400, 400), st.floats(-200, 200), st.floats(60, 200)),
)
def test_bones_keep_their_lengths(side: str, grip: float, turn_deg: float, at: tuple[float, float, float]) -> None:
    """It should only bend at the joints, whatever the pose, and keep the palm's middle where it was put."""
    joints = joints_of(DrawnHand(bench_mm=at, side=side, grip=grip, turn_deg=turn_deg))
    rest = joints_of(DrawnHand(bench_mm=(0, 0, 0), side="left", grip=0.0))
    for first in (1, 2, 3, 5, 6, 7, 9, 10, 11, 13, 14, 15, 17, 18, 19):
        length = np.linalg.norm(joints[first + 1] - joints[first])
        assert length == pytest.approx(np.linalg.norm(rest[first + 1] - rest[first]), abs=1e-6)
    assert np.allclose(joints[[0, 5, 17]].mean(axis=0), at, atol=1e-6)


def test_thumbs_point_inwards_with_the_back_of_the_hand_up() -> None:
    """It should have the left thumb to the visitor's right, the right thumb to the left, and fingers pointing away."""
    left, right = (joints_of(DrawnHand(bench_mm=(0, 0, 100), side=side, grip=0.0)) for side in ("left", "right"))
    assert left[4, 0] > 40.0 > -40.0 > right[4, 0]
    assert left[12, 1] > 80.0 > left[0, 1]


def test_a_pinch_brings_thumb_and_index_together() -> None:
    """It should close the distance of the two tips with the grip."""
    gaps = [
        float(np.linalg.norm(joints[4] - joints[8]))
        for joints in (joints_of(DrawnHand(bench_mm=(0, 0, 0), side="right", grip=g)) for g in (0.0, 0.5, 1.0))
    ]
    assert gaps[0] > gaps[1] > gaps[2]


def test_the_forearm_reaches_the_visitors_edge_of_the_picture() -> None:
    """It should never end inside the camera above's picture, wherever the hand works."""
    camera = BENCH.camera("top")
    for x in (-400.0, 0.0, 300.0):
        for y in (-100.0, 100.0):
            hand = DrawnHand(bench_mm=(x, y, 100), side="right", grip=0.0)
            flesh = flesh_of(hand, joints_of(hand))
            assert camera.project(flesh.second_mm[-1])[0, 1] > 720.0


@pytest.fixture
def landmarker() -> Iterator[object]:
    """The real model, as the station runs it."""
    from mediapipe.tasks.python import BaseOptions, vision

    from vision.hand_model import default_model_path

    options = vision.HandLandmarkerOptions(
        base_options=BaseOptions(model_asset_path=str(default_model_path())),
        running_mode=vision.RunningMode.VIDEO,
        num_hands=2,
    )
    with vision.HandLandmarker.create_from_options(options) as model:
        yield model


@pytest.mark.parametrize("skin", [(150, 175, 225), (110, 140, 195), (45, 60, 95)])
def test_the_real_tracker_finds_the_hand_from_above(landmarker: object, skin: tuple[int, int, int]) -> None:
    """It should be tracked in more than 95 of 100 frames, with landmarks on the drawn joints."""
    import mediapipe

    camera = BENCH.camera("top")
    eye = SceneRenderer(camera, static_looks(), seed=2)
    mirror = Placed(look=mirror_look("mirror-right-red"), bench_from_body=DOOR)
    other = Placed(look=mirror_look("mirror-right-blue"), bench_from_body=TRAY["mirror-right-blue"])
    tracked = []
    for i in range(40):
        hand = DrawnHand(
            bench_mm=(-30 + 90 * math.sin(i / 7), 30 * math.sin(i / 5) - 20, 100),
            side="right",
            grip=min(1.0, i / 20),
            turn_deg=12 * math.sin(i / 9),
            skin=skin,
        )
        picture = eye.render(Scene(placed=(mirror, other), hands=(hand,)), i)
        image = mediapipe.Image(image_format=mediapipe.ImageFormat.SRGB, data=cv2.cvtColor(picture, cv2.COLOR_BGR2RGB))
        result = landmarker.detect_for_video(image, 100 * i + 1)
        want = camera.project(joints_of(hand))
        size = np.ptp(want, axis=0).max()
        points = [np.array([[p.x * 1280 - 0.5, p.y * 720 - 0.5] for p in found]) for found in result.hand_landmarks]
        tracked.append(any(np.linalg.norm(have - want, axis=1).mean() < 0.15 * size for have in points))
    assert np.mean(tracked) > 0.95
