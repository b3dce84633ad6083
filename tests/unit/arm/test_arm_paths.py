"""Rows of postures: straight in the joints, straight at the tip, and what is said where a line cannot be gone."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.arms import MYCOBOT, UR5E, tip_pose

from drivers.cobot.arm import paths
from drivers.cobot.arm.model import Angles, ArmModel

TIP = (0.0, 0.0, 85.0)
CUP = (12.0, -20.0, 60.0)
DOWN = (20.0, -70.0, 80.0, -100.0, -90.0, 15.0)
"""A UR5e that looks down on the table."""
BENT = (20.0, -50.0, -60.0, 20.0, 0.0, 0.0)
"""A myCobot over its bench."""


def off_the_line_mm(model: ArmModel, row: tuple[Angles, ...], tip: tuple[float, float, float], goal) -> float:
    """The furthest the tip gets from the straight line, also between the postures."""
    points = []
    for before, after in pairwise(row):
        for share in np.linspace(0, 1, 9):
            between = [a + share * (b - a) for a, b in zip(before, after, strict=True)]
            points.append(tip_pose(model, between, tip)[:3, 3])
    start = tip_pose(model, row[0], tip)[:3, 3]
    along = goal[:3, 3] - start
    away = np.array(points) - start
    unit = along / max(1e-12, np.linalg.norm(along))
    share = np.clip(away @ unit, 0.0, np.linalg.norm(along))
    return float(np.linalg.norm(away - share[:, None] * unit, axis=1).max())


@settings(deadline=None, max_examples=25)
@given(
    st.sampled_from([(UR5E, DOWN, 1.0), (MYCOBOT, BENT, 0.2)]),
    st.sampled_from([(0.0, 0.0, 0.0), TIP, CUP]),
    st.tuples(st.floats(-150, 150), st.floats(-150, 150), st.floats(-100, 150)),
    st.floats(-40, 40),
)
def test_a_straight_line_is_straight(case, tip, away, turn_deg: float) -> None:
    """It should end at the goal, stay on the line within 0.25 mm, and turn the tool evenly."""
    model, start, scale = case
    first = tip_pose(model, start, tip)
    goal = first.copy()
    goal[:3, 3] += scale * np.array(away)
    c, s = np.cos(np.radians(turn_deg)), np.sin(np.radians(turn_deg))
    goal[:3, :3] = first[:3, :3] @ np.array([[c, 0, s], [0, 1, 0], [-s, 0, c]])
    try:
        row = paths.straight_line(model, start, goal, tip_mm=tip)
    except paths.PathError as error:
        assert error.code in {"path.unreachable", "path.limit", "path.singular", "path.jump"}
        return
    assert row[0] == start
    assert tip_pose(model, row[-1], tip) == pytest.approx(goal, abs=1e-4)
    assert off_the_line_mm(model, row, tip, goal) < 0.25
    assert all(low <= q <= high for posture in row for q, (low, high) in zip(posture, model.limits_deg, strict=True))
    assert np.abs(np.diff(np.array(row), axis=0)).max() <= 10.0
    length = np.linalg.norm(goal[:3, 3] - first[:3, 3])
    for posture in row:
        here = tip_pose(model, posture, tip)
        if length > 1:
            share = np.linalg.norm(here[:3, 3] - first[:3, 3]) / length
            cosine = (np.trace(first[:3, :3].T @ here[:3, :3]) - 1) / 2
            assert np.degrees(np.arccos(np.clip(cosine, -1, 1))) == pytest.approx(share * abs(turn_deg), abs=0.02)


def test_an_ordinary_line_can_be_gone() -> None:
    """It should take a tip 120 mm sideways in steps of 5 mm, and half a turn of the tool with it."""
    goal = tip_pose(UR5E, DOWN, TIP)
    goal[:3, 3] += (0.0, 120.0, 0.0)
    assert len(paths.straight_line(UR5E, DOWN, goal, tip_mm=TIP)) == 25
    goal[:3, :3] = goal[:3, :3] @ np.diag([-1.0, -1.0, 1.0])
    row = paths.straight_line(UR5E, DOWN, goal, tip_mm=TIP)
    assert off_the_line_mm(UR5E, row, TIP, goal) < 0.25


def test_a_line_to_where_the_tip_is_stays_there() -> None:
    """It should have the arm where it stands when there is nothing to go."""
    row = paths.straight_line(UR5E, DOWN, tip_pose(UR5E, DOWN, TIP), tip_mm=TIP)
    assert len(row) == 2
    assert row[1] == pytest.approx(DOWN, abs=1e-6)


def refused(model: ArmModel, start: Angles, away, limits=None) -> paths.PathError:
    """What is said of a line that moves the tip by `away`."""
    goal = tip_pose(model, start, TIP)
    goal[:3, 3] += away
    with pytest.raises(paths.PathError) as told:
        paths.straight_line(model, start, goal, tip_mm=TIP, limits_deg=limits)
    return told.value


def test_a_line_out_of_reach_is_told() -> None:
    """It should say how far along the arm's reach ends."""
    error = refused(MYCOBOT, BENT, (0.0, 0.0, 600.0))
    assert error.code == "path.unreachable"
    assert "mm from its start (of 600 mm): bring start or goal nearer to the arm" in str(error)


def test_a_line_through_the_arms_own_column_is_told() -> None:
    """It should say that the line leads where the arm's own column is."""
    toward = tip_pose(UR5E, DOWN, TIP)[:3, 3] * (-1, -1, 0)
    error = refused(UR5E, DOWN, toward)
    assert error.code == "path.unreachable"
    assert "own column" in str(error)


def test_a_line_beyond_a_joint_limit_names_the_joint() -> None:
    """It should say which joint ends the line, and where."""
    limits = (*UR5E.limits_deg[:2], (-360.0, 85.0), *UR5E.limits_deg[3:])
    goal_nearer = tip_pose(UR5E, DOWN, TIP)[:3, 3] * (-0.3, -0.3, 0)
    error = refused(UR5E, DOWN, goal_nearer, limits)
    assert error.code in {"path.limit"}
    assert "joint 3" in str(error)


def test_a_line_past_a_singular_wrist_is_told() -> None:
    """It should not have joints 4 and 6 whirl round where the flange's axis passes close to joint 4's."""
    start = (0.0, -70.0, 80.0, -10.0, 8.0, 0.0)
    goal = tip_pose(UR5E, (0.0, -70.0, 80.0, -12.0, -8.0, 0.0), TIP)
    tilt = np.radians(0.4)
    nod = np.array([[1, 0, 0], [0, np.cos(tilt), -np.sin(tilt)], [0, np.sin(tilt), np.cos(tilt)]])
    goal[:3, :3] = nod @ goal[:3, :3]
    with pytest.raises(paths.PathError) as told:
        paths.straight_line(UR5E, start, goal, tip_mm=TIP)
    assert told.value.code == "path.singular"


def test_a_line_through_a_singular_wrist_is_gone_straight_through() -> None:
    """It should pass where joint 5 goes through zero and nothing else has to turn."""
    start = (0.0, -70.0, 80.0, -10.0, 8.0, 0.0)
    goal = tip_pose(UR5E, (0.0, -70.0, 80.0, -10.0, -8.0, 0.0), TIP)
    row = paths.straight_line(UR5E, start, goal, tip_mm=TIP)
    assert off_the_line_mm(UR5E, row, TIP, goal) < 0.25
