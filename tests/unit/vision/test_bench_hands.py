"""Hands in bench millimetres from known joints: what one camera guesses, what two cameras measure, who meets whom."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.doorbench import door_bench

from vision.api import BenchHand, CameraState, FrameAnalysis, HandObservation
from vision.bench_hands import HandBoard, hands_together, on_plane, rays_of, triangulated
from vision.scene import DrawnHand
from vision.sim_hand import joints_of

BENCH = door_bench()
TOP, SIDE = BENCH.cameras
NOISE_SHARE = 0.05
"""Of the palm's length: what the landmark model is off by."""


def drawn(x: float, y: float, z: float = 110.0, side: str = "right") -> DrawnHand:
    return DrawnHand(bench_mm=np.array([x, y, z]), side=side, grip=0.3)


def seen(hand: DrawnHand, camera: str, rng: np.random.Generator | None = None, label: str = "Left") -> HandObservation:
    pixels = BENCH.camera(camera).project(joints_of(hand))
    if rng is not None:
        pixels = pixels + rng.normal(size=pixels.shape) * NOISE_SHARE * float(np.linalg.norm(pixels[9] - pixels[0]))
    return HandObservation(landmarks_px=pixels.astype(np.float32), handedness=label, score=0.9)


def analysis(camera: str, t_s: float, *hands: DrawnHand, **changes: object) -> FrameAnalysis:
    known: dict[str, object] = {"state": CameraState.GOOD, "hands_known": True, **changes}
    found = tuple(seen(hand, camera) for hand in hands)
    return FrameAnalysis(camera=camera, seq=0, t_mono_s=t_s, hands=found, **known)  # type: ignore[arg-type]


def off_mm(hand: BenchHand, truth: DrawnHand) -> np.ndarray:
    return np.linalg.norm(hand.points_mm - joints_of(truth), axis=1)


@given(
    x=st.floats(-250, 250), y=st.floats(-120, 120), z=st.floats(60, 200), label=st.sampled_from(["Left", "Right", ""])
)
def test_two_cameras_give_the_very_joints(x: float, y: float, z: float, label: str):
    """It should find every joint where it is, whichever hand the model says it is."""
    hand = drawn(x, y, z)
    rays = [rays_of(seen(hand, camera.name, label=label), camera, 0.0) for camera in BENCH.cameras]
    met = triangulated(*rays)
    assert met is not None
    assert off_mm(met[0], hand).max() < 0.5
    assert met[0].cameras == ("side", "top")


def test_two_cameras_say_honestly_how_well_they_know():
    """It should be within 1.96 of its own standard deviations for 95 of 100 noisy joints, and not boast of less."""
    rng = np.random.default_rng(3)
    shares, sizes = [], []
    for _ in range(60):
        hand = drawn(*rng.uniform((-250, -120, 60), (250, 120, 200)))
        (found,) = hands_together([rays_of(seen(hand, c.name, rng), c, 0.0) for c in BENCH.cameras], 90.0)
        assert found.cameras == ("side", "top")
        shares.append(off_mm(found, hand) <= 1.96 * found.sigma_mm)
        sizes.append(found.sigma_mm)
    assert np.mean(shares) >= 0.95
    assert np.median(sizes) < 25.0


@pytest.mark.parametrize("camera", ["top", "side"])
def test_one_camera_guesses_and_says_so(camera: str):
    """It should be off by the height that nobody knows, along the ray, and cover that with its doubt."""
    rng = np.random.default_rng(5)
    inside = []
    for _ in range(80):
        hand = drawn(*rng.uniform((-200, -100, 40), (200, 100, 200)))
        found = on_plane(rays_of(seen(hand, camera, rng), BENCH.camera(camera), 0.0), BENCH.hand_height_mm)
        assert found is not None
        assert found.cameras == (camera,)
        assert found.points_mm[:, 2] == pytest.approx(BENCH.hand_height_mm)
        inside.append(off_mm(found, hand) <= 1.96 * found.sigma_mm)
    assert np.mean(inside) >= 0.95


def test_two_people_are_not_mixed_up():
    """It should put each hand's rays together, and no two hands' that do not meet."""
    hands = [drawn(-200, 0), drawn(40, -60, side="left"), drawn(180, 60, 160)]
    rays = [rays_of(seen(h, c.name), c, 0.0) for c in BENCH.cameras for h in (hands if c is TOP else hands[::-1])]
    found = hands_together(rays, 90.0)
    assert [len(hand.cameras) for hand in found] == [2, 2, 2]
    assert all(min(off_mm(one, hand).max() for one in found) < 0.5 for hand in hands)
    one, other = rays_of(seen(hands[0], "top"), TOP, 0.0), rays_of(seen(hands[2], "side"), SIDE, 0.0)
    assert triangulated(one, other) is None
    assert [len(hand.cameras) for hand in hands_together([one, other], 90.0)] == [1, 1]


def test_one_camera_never_meets_itself_nor_another_moment():
    """It should put only pictures of one moment together, and count time between them as doubt."""
    hand = drawn(60, 0)
    top, side = rays_of(seen(hand, "top"), TOP, 0.0), rays_of(seen(hand, "side"), SIDE, 0.0)
    late = rays_of(seen(hand, "side"), SIDE, 0.1)
    assert triangulated(top, top) is None
    assert triangulated(top, rays_of(seen(hand, "side"), SIDE, 0.3)) is None
    soon, later = triangulated(top, side), triangulated(top, late)
    assert soon is not None
    assert later is not None
    assert (later[0].sigma_mm > soon[0].sigma_mm).all()
    assert later[0].t_mono_s == 0.0


def test_the_board_gives_the_newest_hands_of_all_cameras():
    """It should fuse what is fresh, forget what is old or comes from a bad camera, and ignore what comes late."""
    board = HandBoard(BENCH.cameras, BENCH.hand_height_mm)
    first, second = drawn(0, 0), drawn(80, 20)
    assert board.hands(0.0) == ()
    board.update(analysis("top", 1.0, first))
    assert [hand.cameras for hand in board.hands(1.1)] == [("top",)]
    board.update(analysis("side", 1.05, first))
    assert [hand.cameras for hand in board.hands(1.1)] == [("side", "top")]
    board.update(analysis("top", 1.2, second))
    board.update(analysis("top", 1.1, first))
    board.update(analysis("top", 1.3, hands_known=False))
    assert min(off_mm(hand, second).min() for hand in board.hands(1.3)) < 80.0
    board.update(analysis("side", 1.3, state=CameraState.COVERED))
    assert [hand.cameras for hand in board.hands(1.3)] == [("top",)]
    assert board.hands(2.0) == ()
