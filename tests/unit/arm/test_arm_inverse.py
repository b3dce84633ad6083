"""The inverse against the forward: all postures for a pose, the nearest, and the turn about the tool left free."""

import math

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from support.arms import MYCOBOT, UR5E, arms_and_postures, misses

from drivers.cobot.arm import forward, inverse
from drivers.cobot.arm.model import Angles, ArmModel

NEAR_MM = 1e-5
"""What the inverse promises; 0.01 mm would do."""


def within(angles: Angles, limits: tuple[tuple[float, float], ...]) -> bool:
    return all(low <= q <= high for q, (low, high) in zip(angles, limits, strict=True))


def wrist_sine(model: ArmModel, angles: Angles) -> float:
    return abs(math.sin(math.radians(angles[4]) + model.rows[4].offset_rad))


@settings(deadline=None)
@given(arms_and_postures)
@example((MYCOBOT, (0.0,) * 6))
@example((UR5E, (0.0,) * 6))
@example((MYCOBOT, (10.0, 20.0, 30.0, 40.0, 90.0, 50.0)))
def test_every_posture_hits_the_pose_within_the_limits(case) -> None:
    """It should return postures that have the flange where it was, none outside a limit and none twice."""
    model, angles = case
    pose = forward.flange(model, angles)
    found = inverse.solutions(model, pose)
    assert len(set(found)) == len(found)
    for posture in found:
        assert within(posture, model.limits_deg)
    for posture in found[:: max(1, len(found) // 16)]:
        off_mm, turned = misses(model, posture, pose)
        assert off_mm < NEAR_MM
        assert turned < 1e-6


@settings(deadline=None)
@given(arms_and_postures)
def test_the_posture_that_made_the_pose_is_found(case) -> None:
    """It should have the posture itself among the solutions, unless joint 6 is free there."""
    model, angles = case
    assume(wrist_sine(model, angles) > 1e-3)
    found = inverse.solutions(model, forward.flange(model, angles))
    # A stretched elbow doubles small errors' square root: a millionth of a millimetre is a thousandth of a degree.
    assert min(max(abs(a - b) for a, b in zip(posture, angles, strict=True)) for posture in found) < 2e-3


def test_an_ordinary_pose_has_eight_postures() -> None:
    """It should find both shoulders, both elbows and both wrists."""
    pose = forward.flange(UR5E, (20, -70, 80, -50, -70, 15))
    postures = inverse.solutions(UR5E, pose, ((-180, 180),) * 6)
    assert len(postures) == 8
    distances = [np.abs(np.subtract(a, b)).max() for i, a in enumerate(postures) for b in postures[:i]]
    assert min(distances) > 5


def test_turns_by_a_whole_circle_count_as_postures() -> None:
    """It should list each posture in every way that the limits allow it to be turned."""
    pose = forward.flange(UR5E, (20, -70, 80, -50, -70, 15))
    assert len(inverse.solutions(UR5E, pose)) == 8 * 2**6
    assert len(inverse.solutions(UR5E, pose, (*((-180, 180),) * 5, (-360, 360)))) == 8 * 2


def test_a_narrow_limit_leaves_out_what_it_forbids() -> None:
    """It should return only postures with joint 3 above zero where it may not be below."""
    pose = forward.flange(MYCOBOT, (10, -30, 60, -20, 30, 15))
    all_of_them = inverse.solutions(MYCOBOT, pose)
    narrow = (*MYCOBOT.limits_deg[:2], (0.0, 150.0), *MYCOBOT.limits_deg[3:])
    some = inverse.solutions(MYCOBOT, pose, narrow)
    assert {posture for posture in all_of_them if posture[2] >= 0} == set(some) != set(all_of_them)


@pytest.mark.parametrize("model", [MYCOBOT, UR5E], ids=lambda model: model.name)
@pytest.mark.parametrize("away", [(2000.0, 0.0, 100.0), (0.0, 0.0, 100.0)], ids=["too far", "inside the column"])
def test_a_pose_out_of_reach_has_no_posture(model: ArmModel, away: tuple[float, float, float]) -> None:
    """It should return nothing for a flange further than the arm is long, or whose wrist is inside the arm's column."""
    pose = np.eye(4)
    pose[:3, 3] = away
    assert inverse.solutions(model, pose) == ()
    assert inverse.nearest(model, pose, (0,) * 6) is None


@settings(deadline=None)
@given(arms_and_postures, st.lists(st.floats(-5, 5), min_size=6, max_size=6))
def test_the_nearest_is_no_further_than_where_it_came_from(case, aside: list[float]) -> None:
    """It should hit the pose with a posture not further from the start than the one that made the pose."""
    model, angles = case
    pose = forward.flange(model, angles)
    start = tuple(q + more for q, more in zip(angles, aside, strict=True))
    found = inverse.nearest(model, pose, start)
    assert found is not None
    assert within(found, model.limits_deg)
    assert misses(model, found, pose)[0] < NEAR_MM

    def cost(posture: Angles) -> float:
        return sum(w * (a - b) ** 2 for w, a, b in zip(inverse.WEIGHTS, posture, start, strict=True))

    if wrist_sine(model, angles) > 1e-3:
        assert cost(found) <= cost(angles) + 0.1


@pytest.mark.parametrize("sine", [0.0, 1e-12, 1e-9, 1e-8, 4e-8, 6e-8, 1e-7, 1e-6, 1e-4, 1e-2])
@pytest.mark.parametrize(
    ("model", "singular"),
    [(UR5E, (30.0, -70.0, 80.0, -40.0, 0.0, 25.0)), (MYCOBOT, (30.0, -40.0, 70.0, -20.0, 90.0, 25.0))],
    ids=["UR5e", "myCobot 280"],
)
def test_close_to_a_singular_wrist_the_arm_stays_where_it_is(model: ArmModel, singular: Angles, sine: float) -> None:
    """It should not swing joints 4 and 6 round when the pose is that of the start, however near to singular."""
    start = (*singular[:4], singular[4] + math.degrees(sine), singular[5])
    pose = forward.flange(model, start)
    found = inverse.nearest(model, pose, start)
    assert found is not None
    assert misses(model, found, pose)[0] < NEAR_MM
    assert found == pytest.approx(start, abs=0.01)


def test_a_wrist_that_became_singular_can_still_be_reached_with_joint_6_elsewhere() -> None:
    """It should find a posture although joint 6 cannot stay as it was."""
    pose = forward.flange(MYCOBOT, (30.0, -40.0, 70.0, -20.0, 90.0, 25.0))
    narrow = (*MYCOBOT.limits_deg[:5], (-180.0, 0.0))
    found = inverse.nearest(MYCOBOT, pose, (30.0, -40.0, 70.0, -20.0, 90.0, 25.0), narrow)
    assert found is not None
    assert found[5] <= 0
    assert misses(MYCOBOT, found, pose)[0] < NEAR_MM


def test_the_next_nearest_is_taken_when_the_nearest_is_refused() -> None:
    """It should ask from near to far, and take the first that is accepted, or none."""
    start = (20.0, -70.0, 80.0, -50.0, -70.0, 15.0)
    pose, asked = forward.flange(UR5E, start), []

    def other_elbow(posture: Angles) -> bool:
        asked.append(posture)
        return posture[2] < 0

    found = inverse.nearest(UR5E, pose, start, accept=other_elbow)
    assert found is not None
    assert found[2] < 0
    assert asked[0] == pytest.approx(start, abs=1e-6)
    assert asked[-1] == found
    assert inverse.nearest(UR5E, pose, start, accept=lambda posture: False) is None


def test_the_turn_that_is_nearest_to_the_start_is_taken() -> None:
    """It should stay beyond half a turn where the arm stands beyond half a turn."""
    start = (200.0, -70.0, 80.0, -50.0, -70.0, -300.0)
    assert inverse.nearest(UR5E, forward.flange(UR5E, start), start) == pytest.approx(start, abs=1e-6)


def test_a_pose_from_rounded_figures_is_still_a_pose() -> None:
    """It should find the posture although the rotation was written down with four digits."""
    start = (20.0, -70.0, 80.0, -50.0, -70.0, 15.0)
    found = inverse.nearest(UR5E, np.round(forward.flange(UR5E, start), 4), start)
    assert found == pytest.approx(start, abs=0.05)


@pytest.mark.parametrize("broken", [np.diag([1.0, 2.0, 1.0, 1.0]), np.diag([1.0, 1.0, -1.0, 1.0]), np.zeros((4, 4))])
def test_what_is_no_pose_is_refused(broken) -> None:
    """It should say that the axes are not those of a pose: too long, left-handed, or none."""
    with pytest.raises(ValueError, match="square"):
        inverse.solutions(UR5E, broken)


@pytest.mark.parametrize("row", [0, 2])
def test_a_pose_that_is_not_a_number_has_no_posture(row: int) -> None:
    """It should never make up a posture for a place that was not computed."""
    pose = forward.flange(UR5E, (20.0, -70.0, 80.0, -50.0, -70.0, 15.0))
    pose[row, 3] = np.nan
    assert inverse.solutions(UR5E, pose) == ()
