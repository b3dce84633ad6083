"""Capsules in place, distances between segments, and the room between an arm's own links."""

import itertools

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from support.arms import ARMS, MYCOBOT, POINTER, UR5E

from drivers.cobot.arm import clearance, forward
from drivers.cobot.arm.model import Capsule

TAUGHT = {
    "home": (-30, -13, -51, -85, 0, 0),
    "wave": (0, -20, -30, 60, 0, 45),
    "at J1": (32.9, -43.0, -37.0, -10.0, 0, 0),
    "at J2": (52.9, 11.6, -108.0, 6.4, 0, 0),
    "at J3": (23.1, -4.8, -92.7, 7.6, 0, 0),
    "hold": (55.2, 35.3, -137.8, 12.5, 0, 0),
}
"""Where a myCobot with a pointer works beside a door: every one was taken by hand."""

coordinate = st.one_of(st.integers(-3, 3).map(float), st.floats(-200, 200))
point = st.tuples(coordinate, coordinate, coordinate)


def distance(p, q, r, s) -> float:
    """Between two segments: a search along one (its distance from the other is convex), slow but simple."""
    p, q, r, s = (np.array(v, dtype=float) for v in (p, q, r, s))

    def from_other(share: float) -> float:
        here, along = p + share * (q - p), s - r
        square = float(along @ along)
        foot = min(1.0, max(0.0, float((here - r) @ along) / square)) if square > 0 else 0.0
        return float(np.linalg.norm(here - r - foot * along))

    low, high = 0.0, 1.0
    for _ in range(100):
        left, right = low + (high - low) / 3, high - (high - low) / 3
        low, high = (low, right) if from_other(left) < from_other(right) else (left, high)
    return min(from_other(0.0), from_other(1.0), from_other((low + high) / 2))


@given(point, point, point, point)
@example((0, 0, 0), (10, 0, 0), (0, 3, 0), (10, 3, 0))
@example((0, 0, 0), (10, 0, 0), (12, 0, 0), (20, 0, 0))
@example((0, 0, 0), (10, 0, 0), (5, -5, 2), (5, 5, 2))
@example((1, 1, 1), (1, 1, 1), (1, 1, 4), (1, 1, 4))
@example((0, 0, 0), (10, 0, 0), (5, 4, 0), (5, 4, 0))
@example((0, 0, 0), (0, -1, 1), (0, -1, 0), (0, 34, 0))
def test_segment_distances_are_the_shortest(p, q, r, s) -> None:
    """It should agree with a search over both segments: crossing, parallel, in line, and shrunk to points."""
    found = clearance.segment_distances_mm(np.array([p]), np.array([q]), np.array([r]), np.array([s]))
    assert found[0, 0] == pytest.approx(distance(p, q, r, s), abs=1e-3)


def test_distances_come_for_every_pair() -> None:
    """It should give one row for each of the first and one column for each of the others."""
    starts, ends = np.array([[0, 0, 0], [0, 0, 100.0]]), np.array([[10, 0, 0], [10, 0, 100.0]])
    others, other_ends = (
        np.array([[5, 7, 0], [0, 0, 40], [0, 0, 130.0]]),
        np.array([[5, 9, 0], [0, 5, 40], [9, 0, 130.0]]),
    )
    found = clearance.segment_distances_mm(starts, ends, others, other_ends)
    assert found == pytest.approx(np.array([[7, 40, 130], [np.hypot(7, 100), 60, 30]]))


def test_capsules_move_with_their_frames() -> None:
    """It should put the tool's tip where the forward kinematics has it, and name everything in order."""
    angles = (10, -20, 30.5, 0, 5, -45)
    here = clearance.placed(MYCOBOT, angles, POINTER)
    flange = forward.flange(MYCOBOT, angles)
    assert here.names == (*(capsule.name for capsule in MYCOBOT.capsules), "pointer")
    assert here.ends_mm[-1] == pytest.approx(flange[:3, 3] + 85 * flange[:3, 2])
    assert here.starts_mm[0] == pytest.approx((0, 0, 0))
    assert here.radii_mm[-1] == 6.0


@pytest.mark.parametrize("model", ARMS, ids=lambda model: model.name)
def test_the_links_hang_together(model) -> None:
    """It should leave no gap between a link's capsules and its neighbour's, wherever the joints are."""
    rng = np.random.default_rng(3)
    for _ in range(50):
        here = clearance.placed(model, rng.uniform(-180, 180, 6))
        room = clearance.segment_distances_mm(here.starts_mm, here.ends_mm, here.starts_mm, here.ends_mm)
        room = room - here.radii_mm[:, None] - here.radii_mm
        for before, after in itertools.pairwise(range(7)):
            one, other = (
                [i for i, capsule in enumerate(model.capsules) if capsule.frame == frame] for frame in (before, after)
            )
            assert room[np.ix_(one, other)].min() < 0


@pytest.mark.parametrize("name", TAUGHT)
def test_every_taught_posture_is_free_of_itself(name: str) -> None:
    """It should leave room between the links, with the pointer on."""
    assert clearance.self_clearance_mm(MYCOBOT, TAUGHT[name], POINTER) > 0


@pytest.mark.parametrize(
    ("model", "angles"),
    [
        *((model, (0,) * 6) for model in ARMS),
        *((model, (0, -90, 0, -90, 0, 0)) for model in ARMS[1:]),
        *((model, (0, -90, 90, -90, -90, 0)) for model in ARMS[1:]),
        *((model, (0, -60, -120, -90, 90, 0)) for model in ARMS[1:]),
        (MYCOBOT, (0, 135, 0, 0, 0, 0)),
        (MYCOBOT, (0, 0, 140, 0, 0, 0)),
        (MYCOBOT, (0, 0, 0, 0, 165, 0)),
    ],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_ordinary_postures_are_free(model, angles) -> None:
    """It should leave some room in postures that these arms take every day."""
    assert clearance.self_clearance_mm(model, angles) > 2


@pytest.mark.parametrize(
    ("model", "angles"),
    [
        (MYCOBOT, (0, 0, 150, -145, 0, 0)),  # folded, the hand turned back into the arm
        (UR5E, (0, -170, 165, 0, 90, 0)),  # folded, forearm down beside the shoulder
        (UR5E, (0, -90, 175, -90, 0, 0)),
        (UR5E, (0, 20, 140, -70, 90, 0)),
    ],
)
def test_an_arm_folded_into_itself_is_told(model, angles) -> None:
    """It should be negative where links are in each other."""
    assert clearance.self_clearance_mm(model, angles) < 0


def test_a_tool_that_reaches_back_to_the_arm_is_told() -> None:
    """It should count a tool against the links it is not fixed to."""
    rod = Capsule(frame=6, start_mm=(0, 0, 0), end_mm=(0, 0, 250), radius_mm=5.0, name="rod")
    folded = (0, -90, 90, 0, -90, 0)
    assert clearance.self_clearance_mm(UR5E, folded) > 10
    assert clearance.self_clearance_mm(UR5E, folded, (rod,)) < -10
