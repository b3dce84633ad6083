"""Inside with confidence: how often the rule is wrong, counted over drawn errors of any shape."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vision.geometry import Transform
from vision.pose_fit import moved_by, turned
from vision.tolerance import (
    farthest,
    nearest,
    pose_surely_beyond,
    pose_surely_within,
    surely_beyond,
    surely_within,
)

DRAWS = 600
ALLOWED = 6 + 5 * math.sqrt(6)
"""One in a hundred of the draws, and five standard deviations of that count."""
SEEDS = st.integers(0, 2**31)
SIGMAS = st.lists(st.floats(0.01, 3.0), min_size=3, max_size=3)
WIDE = settings(max_examples=15, deadline=None)


def covariance_of(sigmas: list[float], rng: np.random.Generator) -> np.ndarray:
    axes = turned(rng.normal(0, 2, 3))
    return axes @ np.diag(np.square(sigmas)) @ axes.T


@WIDE
@given(seed=SEEDS, sigmas=SIGMAS, times=st.floats(1.0, 3.0))
def test_what_is_outside_seldom_passes(seed, sigmas, times):
    """It should pass a true offset at the limit or beyond, in any direction, less than once in a hundred times."""
    rng = np.random.default_rng(seed)
    covariance = covariance_of(sigmas, rng)
    true = rng.normal(size=3)
    true *= 2.0 * times / np.linalg.norm(true)
    seen = rng.multivariate_normal(true, covariance, DRAWS)
    assert sum(surely_within(x, covariance, 2.0, 0.99) for x in seen) <= ALLOWED


@WIDE
@given(seed=SEEDS, sigmas=SIGMAS, share=st.floats(0.0, 1.0))
def test_what_is_inside_is_seldom_called_outside(seed, sigmas, share):
    """It should call a true offset within the limit, zero included, outside less than once in a hundred times."""
    rng = np.random.default_rng(seed)
    covariance = covariance_of(sigmas, rng)
    true = rng.normal(size=3)
    true *= 2.0 * share / np.linalg.norm(true)
    seen = rng.multivariate_normal(true, covariance, DRAWS)
    assert sum(surely_beyond(x, covariance, 2.0, 0.99) for x in seen) <= ALLOWED


@settings(max_examples=12, deadline=None)
@given(
    seed=SEEDS,
    place_sigmas=SIGMAS,
    turn_sigmas=st.lists(st.floats(0.02, 4.0), min_size=3, max_size=3),
    within_deg=st.sampled_from([2.0, 20.0, 90.0]),
    turned_too_far=st.booleans(),
)
def test_a_pose_passes_only_with_both_within(seed, place_sigmas, turn_sigmas, within_deg, turned_too_far):
    """It should hold its promise when only the place or only the rotation is at fault, small angles or large."""
    rng = np.random.default_rng(seed)
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = covariance_of(place_sigmas, rng)
    covariance[3:, 3:] = covariance_of([math.radians(s) for s in turn_sigmas], rng)
    wanted = Transform.of(*rng.normal(0, 100, 3), *rng.uniform(-180, 180, 3))
    place, axis = rng.normal(size=(2, 3))
    off = np.zeros(6)
    if turned_too_far:
        off[3:] = axis / np.linalg.norm(axis) * math.radians(within_deg * 1.001)
    else:
        off[:3] = place / np.linalg.norm(place) * 2.001
    true = moved_by(wanted, off)
    errors = rng.multivariate_normal(np.zeros(6), covariance, DRAWS)
    passed = 0
    for error in errors:
        seen = Transform(turned(error[3:]).T @ true.rotation, true.translation_mm - error[:3])
        passed += pose_surely_within(seen, covariance, wanted, 2.0, within_deg, 0.99)
    assert passed <= ALLOWED


@WIDE
@given(seed=SEEDS, sigmas=SIGMAS, share=st.floats(0.0, 1.0))
def test_a_pose_within_both_is_seldom_called_beyond(seed, sigmas, share):
    """It should not add up the doubts of place and rotation to more than is allowed."""
    rng = np.random.default_rng(seed)
    covariance = np.zeros((6, 6))
    covariance[:3, :3] = covariance_of(sigmas, rng)
    covariance[3:, 3:] = np.radians(1.0) ** 2 * covariance_of(sigmas, rng)
    place, axis = (v / np.linalg.norm(v) for v in rng.normal(size=(2, 3)))
    true = moved_by(Transform.identity(), np.concatenate([2.0 * share * place, math.radians(2.0 * share) * axis]))
    called = 0
    for error in rng.multivariate_normal(np.zeros(6), covariance, 400):
        seen = Transform(turned(error[3:]).T @ true.rotation, true.translation_mm - error[:3])
        called += pose_surely_beyond(seen, covariance, Transform.identity(), 2.0, 2.0, 0.99)
    assert called <= 4 + 5 * math.sqrt(4)


@settings(max_examples=100, deadline=None)
@given(seed=SEEDS, sigmas=SIGMAS, away=st.floats(0.0, 5.0))
def test_the_bounds_hold_every_point_of_the_ellipsoid(seed, sigmas, away):
    """It should never bound the farthest point too low or the nearest too high, and be close to the farthest one."""
    rng = np.random.default_rng(seed)
    covariance = covariance_of(sigmas, rng)
    offset = rng.normal(size=3)
    offset *= away / np.linalg.norm(offset)
    ball = rng.normal(size=(4000, 3))
    ball /= np.linalg.norm(ball, axis=1, keepdims=True)
    norms = np.linalg.norm(offset + 2.3 * ball @ np.linalg.cholesky(covariance).T, axis=1)
    bound = farthest(offset, covariance, 2.3)
    assert norms.max() <= bound + 1e-6
    assert bound <= norms.max() * 1.03
    assert nearest(offset, covariance, 2.3) <= norms.min() + 1e-6


def test_a_part_in_its_place_passes_with_ordinary_doubt():
    """It should be of use: exactly in place passes until the doubt itself, 2.33 sigma, reaches the limit."""
    at = Transform.identity()
    for sigma_mm, passes in ((0.1, True), (0.5, True), (0.85, True), (0.87, False), (2.0, False)):
        covariance = np.diag([sigma_mm**2] * 3 + [math.radians(0.2) ** 2] * 3)
        assert pose_surely_within(at, covariance, at, 2.0, 2.0, 0.99) is passes


@pytest.mark.parametrize("sure", [0.9, 0.99, 0.999])
def test_more_confidence_passes_less(sure: float):
    """It should ask for more room with more confidence."""
    limits = {0.9: 1.2816, 0.99: 2.3263, 0.999: 3.0902}
    covariance = np.eye(3)
    assert surely_within(np.zeros(3), covariance, limits[sure] + 1e-3, sure)
    assert not surely_within(np.zeros(3), covariance, limits[sure] - 1e-3, sure)
