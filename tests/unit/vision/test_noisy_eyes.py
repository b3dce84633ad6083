"""The simulated trackers say how unsure they are, and mean it."""

import random
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from support.doorbench import DOOR, door_bench

from station.simulation.eyes import NoisyEyes
from station.simulation.world import World
from vision.geometry import Transform
from vision.pose_fit import pose_error

BENCH = door_bench()
INSIDE_95 = 12.592


def errors(camera: str, seed: int, frames: int) -> tuple[list[np.ndarray], np.ndarray]:
    """Errors of a body that lies still, frame by frame, and the covariance that was stated."""
    eyes = NoisyEyes(cast(World, SimpleNamespace()), BENCH, camera, random.Random(seed))
    seen = [eyes._body("part", DOOR) for _ in range(frames)]
    return [pose_error(DOOR, s.bench_from_body) for s in seen], seen[0].covariance


@pytest.mark.parametrize("camera", ["top", "side"])
def test_the_stated_covariance_covers_what_lasts_and_what_is_new(camera: str):
    """It should hold the truth in the 95 % region in 90 to 99 of a hundred placings."""
    inside = 0
    for seed in range(400):
        (error,), covariance = errors(camera, seed, 1)
        inside += float(error @ np.linalg.solve(covariance, error)) <= INSIDE_95
    assert 0.90 <= inside / 400 <= 0.99


def test_most_of_a_resting_body_s_error_stays():
    """It should not let the mean of twenty frames be much better than one, until the body is put elsewhere."""
    single, mean = [], []
    for seed in range(200):
        found, _ = errors("top", seed, 20)
        single.append(np.linalg.norm(found[0][:3]))
        mean.append(np.linalg.norm(np.mean(found, axis=0)[:3]))
    assert np.median(mean) > 0.8 * np.median(single)
    eyes = NoisyEyes(cast(World, SimpleNamespace()), BENCH, "top", random.Random(1))
    here = pose_error(DOOR, eyes._body("part", DOOR).bench_from_body)
    elsewhere = Transform.of(30, 0, 0) @ DOOR
    there = pose_error(elsewhere, eyes._body("part", elsewhere).bench_from_body)
    assert np.linalg.norm(here[:3] - there[:3]) > 0.1


def test_each_camera_is_least_sure_along_its_own_line_of_sight():
    """It should point the long axis of the covariance away from the camera."""
    for name in ("top", "side"):
        _, covariance = errors(name, 1, 1)
        _, axes = np.linalg.eigh(covariance[:3, :3])
        assert abs(axes[:, 2] @ BENCH.camera(name).camera_from_bench.rotation[2]) == pytest.approx(1.0)
