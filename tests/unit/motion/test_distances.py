"""Distances of segments from boxes and from each other, against many points along them."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.motion.distances import between_mm, from_boxes_mm

COORDINATE = st.floats(-300, 300, allow_nan=False).map(lambda value: round(value, 3))
POINT = st.tuples(COORDINATE, COORDINATE, COORDINATE).map(np.array)
HALVES = st.tuples(*[st.floats(1, 150).map(lambda value: round(value, 3))] * 3).map(np.array)
MANY = np.linspace(0, 1, 2001)[:, None]


def of_points(points: np.ndarray, halves: np.ndarray) -> np.ndarray:
    """Signed distances of points (n, 3) from a box around the origin."""
    gaps = np.abs(points) - halves
    return np.linalg.norm(np.maximum(gaps, 0), axis=1) + np.minimum(gaps.max(axis=1), 0)


@given(start=POINT, end=POINT, halves=HALVES)
def test_a_segment_is_as_far_from_a_box_as_its_nearest_point(start, end, halves):
    """It should be exact outside, and at least as deep as the deepest point inside."""
    found = float(from_boxes_mm(start, end, halves))
    nearest = float(of_points(start + MANY * (end - start), halves).min())
    step = float(np.linalg.norm(end - start)) / 2000
    if nearest > step:
        assert nearest - step - 1e-9 <= found <= nearest + 1e-6
    else:
        assert found <= nearest + step


@given(start=POINT, end=POINT, halves=HALVES, within=st.floats(0, 200))
def test_what_is_far_may_be_told_too_near_but_not_within_reach(start, end, halves, within):
    """It should be exact within the limit, and between limit and distance beyond it."""
    exact = float(from_boxes_mm(start, end, halves))
    quick = float(from_boxes_mm(start, end, halves, within))
    assert quick <= exact + 1e-9
    assert quick == exact if exact < within else quick >= within - 1e-9


@given(depth=st.floats(0.1, 40), length=st.floats(1, 500), halves=HALVES)
def test_a_rod_that_dips_into_a_box_is_as_deep_as_it_dips(depth, length, halves):
    """It should be the way out through the face that it came by, however long the rod is."""
    depth = min(depth, *halves)
    end = np.array([0.0, 0.0, halves[2] - depth])
    assert from_boxes_mm(end + np.array([0, 0, length]), end, halves) == pytest.approx(-depth, abs=1e-6)


@given(one=POINT, two=POINT, three=POINT, four=POINT)
def test_two_segments_are_as_far_apart_as_their_nearest_points(one, two, three, four):
    """It should not be beaten by any pair of points on a grid, and come near the best of them."""
    found = float(between_mm(one, two, three, four))
    a = one + np.linspace(0, 1, 101)[:, None] * (two - one)
    b = three + np.linspace(0, 1, 101)[:, None] * (four - three)
    grid = float(np.linalg.norm(a[:, None] - b[None], axis=2).min())
    step = (float(np.linalg.norm(two - one)) + float(np.linalg.norm(four - three))) / 200
    assert grid - step - 1e-6 <= found <= grid + 1e-6
