"""The covariance of a pose: its derivatives against differences, and its promise against drawn corners."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.doorbench import door_bench

from vision.geometry import CameraModel, Transform
from vision.pose_fit import (
    CORNER_SIGMA_PX,
    SIZE_SIGMA_PX,
    calibration_covariance,
    fit_pose,
    moved_by,
    pose_error,
    pose_jacobian,
)

BENCH = door_bench()
POSES = st.builds(
    Transform.of,
    st.floats(-250, 250),
    st.floats(-180, 180),
    st.floats(0, 120),
    st.floats(-15, 15),
    st.floats(-15, 15),
    st.floats(-180, 180),
)
INSIDE_95 = 12.592
"""Chi-square with six degrees of freedom."""


def corners_mm(body: int = 0) -> np.ndarray:
    return np.vstack([mount.corners_mm() for mount in BENCH.bodies[body].tags])


@settings(max_examples=50, deadline=None)
@given(pose=POSES, camera=st.sampled_from(BENCH.cameras))
def test_the_derivatives_are_those_of_the_projection(pose, camera):
    """It should agree with differences through the lens, for all six directions."""
    points = corners_mm()
    found = pose_jacobian(points, pose, camera)
    for i in range(6):
        step = np.zeros(6)
        step[i] = 1e-3 if i < 3 else 1e-5
        ahead = camera.project(moved_by(pose, step).apply(points))
        back = camera.project(moved_by(pose, -step).apply(points))
        np.testing.assert_allclose(found[:, i], ((ahead - back) / (2 * step[i])).reshape(-1), rtol=1e-4, atol=1e-3)


@settings(max_examples=50, deadline=None)
@given(pose=POSES, x=st.lists(st.floats(-0.5, 0.5), min_size=6, max_size=6))
def test_an_error_leads_from_one_pose_to_the_other(pose, x):
    """It should be the same error both ways: moved by e is e away."""
    error = np.array(x)
    np.testing.assert_allclose(pose_error(moved_by(pose, error), pose), error, atol=1e-9)


@pytest.mark.parametrize("camera", BENCH.cameras, ids=lambda camera: camera.name)
def test_the_covariance_covers_noise_like_the_one_it_assumes(camera: CameraModel):
    """It should hold the truth in its 95 % region about so often, with corners as noisy and as swollen as assumed."""
    rng = np.random.default_rng(5)
    points, inside = corners_mm(), 0
    for _ in range(300):
        pose = Transform.of(*rng.uniform(-150, 150, 2), 60, *rng.normal(0, 5, 2), rng.uniform(-180, 180))
        pixels = camera.project(pose.apply(points))
        tags = pixels.reshape(-1, 4, 2)
        outwards = tags - tags.mean(axis=1, keepdims=True)
        outwards /= np.linalg.norm(outwards, axis=2, keepdims=True)
        swollen = pixels + rng.normal(0, SIZE_SIGMA_PX) * outwards.reshape(-1, 2)
        fit = fit_pose(points, swollen + rng.normal(0, 1.5 * CORNER_SIGMA_PX, pixels.shape), pose, camera)
        error = pose_error(pose, fit.bench_from_body)
        inside += float(error @ np.linalg.solve(fit.covariance, error)) <= INSIDE_95
    assert 0.90 <= inside / 300 <= 1.0


def test_corners_that_fit_badly_make_the_pose_less_sure():
    """It should tell from what is left over that the picture was worse than usual."""
    camera, pose, points = BENCH.cameras[0], Transform.of(50, 20, 60), corners_mm()
    rng = np.random.default_rng(1)
    pixels = camera.project(pose.apply(points))
    spreads = [
        float(np.trace(fit_pose(points, pixels + rng.normal(0, px, pixels.shape), pose, camera).covariance))
        for px in (0.02, 0.1, 0.4)
    ]
    assert spreads == sorted(spreads)
    assert spreads[2] > 3 * spreads[0]


def test_an_uncertain_calibration_is_part_of_every_pose():
    """It should add where the camera may be, and what its direction does over the distance to the body."""
    sound = BENCH.cameras[0]
    camera = CameraModel(
        sound.name,
        sound.width_px,
        sound.height_px,
        sound.matrix,
        sound.distortion,
        sound.camera_from_bench,
        position_sigma_mm=0.3,
        rotation_sigma_deg=0.1,
    )
    pose = Transform.of(0, 0, 0)
    covariance = calibration_covariance(pose, camera)
    sideways_mm = math.hypot(0.3, math.radians(0.1) * 950)
    assert math.sqrt(covariance[0, 0]) == pytest.approx(sideways_mm)
    assert math.sqrt(covariance[2, 2]) == pytest.approx(0.3, rel=0.01)
    assert math.degrees(math.sqrt(covariance[3, 3])) == pytest.approx(0.1)
    assert not calibration_covariance(pose, sound).any()
    pixels = sound.project(pose.apply(corners_mm()))
    more = (
        fit_pose(corners_mm(), pixels, pose, camera).covariance - fit_pose(corners_mm(), pixels, pose, sound).covariance
    )
    np.testing.assert_allclose(more, covariance, atol=1e-9)
