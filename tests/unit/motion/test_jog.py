"""A technician holds a button: the arm goes one way, as far as nothing is in it."""

from dataclasses import replace

import numpy as np
import pytest
from support.motionbench import bench, home_of, least_mm, motion_of, tip_of, with_box

from station.motion.bench_model import BenchModel, Box
from station.motion.jog import CLEARANCE_MM, jog
from station.motion.plan import PlanError
from station.motion.planner import plan

FREE = (0.0, -30.0, -60.0, 0.0, 20.0, 0.0)
"""Nothing near, and no joint near its limit."""


def open_bench():
    """The arm on a bare table."""
    scene, _ = bench()
    return replace(scene, bench=BenchModel())


@pytest.mark.parametrize("joint", range(1, 7))
@pytest.mark.parametrize("direction", [1, -1])
def test_one_joint_turns_alone_by_at_most_sixty_degrees(joint, direction):
    """It should leave every other joint as it is."""
    scene = open_bench()
    found = jog("joint", joint, direction, 10, here_deg=FREE, scene=scene)
    moved = np.subtract(found.goal_deg, FREE)
    assert 0 < moved[joint - 1] * direction <= 60
    assert np.count_nonzero(moved) == 1
    assert {leg.speed_percent for leg in found.legs} == {10}


@pytest.mark.parametrize("frame", ["tool", "bench"])
@pytest.mark.parametrize("axis", [1, 2, 3])
@pytest.mark.parametrize("direction", [1, -1])
def test_the_tip_goes_straight_along_an_axis(frame, axis, direction):
    """It should stay on the axis through its start, turn nothing, and go no farther than 150 mm."""
    scene = open_bench()
    start, pointing = tip_of(scene, FREE)
    found = jog(frame, axis, direction, 10, here_deg=FREE, scene=scene)
    tips = [tip_of(scene, angles) for angles in motion_of(found, scene, 0.05)]
    shift = tips[-1][0] - start
    assert 1 < np.linalg.norm(shift) < 150.5
    along = shift / np.linalg.norm(shift)
    if frame == "bench":
        assert along == pytest.approx(np.eye(3)[axis - 1] * direction, abs=0.01)
    elif axis == 3:
        assert along == pytest.approx(pointing * direction, abs=0.01)
    for tip, axis_now in tips:
        assert np.linalg.norm(np.cross(tip - start, along)) < 0.5
        assert axis_now == pytest.approx(pointing, abs=0.01)


@pytest.mark.parametrize("frame", ["tool", "bench"])
@pytest.mark.parametrize("axis", [4, 5, 6])
def test_the_tool_turns_about_its_tip(frame, axis):
    """It should leave the tip where it is."""
    scene = open_bench()
    start, _ = tip_of(scene, FREE)
    found = jog(frame, axis, 1, 10, here_deg=FREE, scene=scene)
    for angles in motion_of(found, scene, 0.05):
        assert np.linalg.norm(tip_of(scene, angles)[0] - start) < 1.0


def test_it_ends_before_what_is_in_the_way():
    """It should stop short of a box by its clearance, and not much more."""
    scene = open_bench()
    tip, _ = tip_of(scene, FREE)
    far = Box(id="wall", at_mm=(tip[0], tip[1] + 500, tip[2]), size_mm=(600, 20, 600))
    gap = least_mm(scene, [FREE], far)
    wall = replace(far, at_mm=(tip[0], tip[1] + 500 - gap + 50, tip[2]))
    found = jog("bench", 2, 1, 10, here_deg=FREE, scene=with_box(scene, wall))
    least = least_mm(scene, motion_of(found, scene, 0.02), wall)
    assert CLEARANCE_MM - 1 < least < CLEARANCE_MM + 4


def test_a_step_into_a_thing_is_refused_by_its_name():
    """It should say what is in the way when not even the first step is free."""
    scene, _ = bench()
    here = plan("point-J2", here_deg=home_of(scene), scene=scene).goal_deg
    tip, _ = tip_of(scene, here)
    lid = Box(id="lid", at_mm=(tip[0], tip[1], tip[2] - 4.2 - 5), size_mm=(30, 30, 10))
    with pytest.raises(PlanError) as caught:
        jog("bench", 3, -1, 10, here_deg=here, scene=with_box(scene, lid))
    assert caught.value.code == "motion.too_close"
    assert "jog bench -3: in its first step the arm's pointer would come within" in str(caught.value)
    assert "of lid" in str(caught.value)
    assert jog("bench", 3, 1, 10, here_deg=here, scene=with_box(scene, lid)).legs


def test_the_end_of_a_joint_and_the_end_of_the_reach_are_told():
    """It should say which joint stands at its end, and that a line leaves the reach."""
    scene = open_bench()
    at_limit = (168.0, *FREE[1:])
    with pytest.raises(
        PlanError, match=r"joint 1 stands at 168\.0 deg and its range ends at 168; turn it back"
    ) as caught:
        jog("joint", 1, 1, 10, here_deg=at_limit, scene=scene)
    assert caught.value.code == "motion.limit"
    stretched = (0.0, -40.0, 0.0, 0.0, 20.0, 0.0)
    with pytest.raises(PlanError, match="jog tool \\+1: the straight line leaves the arm's reach") as caught:
        jog("tool", 1, 1, 10, here_deg=stretched, scene=scene)
    assert caught.value.code == "motion.unreachable"


@pytest.mark.parametrize(
    ("frame", "axis", "direction"), [("world", 1, 1), ("joint", 7, 1), ("tool", 0, 1), ("tool", 1, 0)]
)
def test_an_axis_that_is_none_is_refused(frame, axis, direction):
    """It should be the caller's mistake, not a motion."""
    with pytest.raises(ValueError, match="there is no jog"):
        jog(frame, axis, direction, 10, here_deg=FREE, scene=open_bench())
