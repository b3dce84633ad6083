"""Where the links are and how fast they may be moving: from postures, and from what was asked."""

import numpy as np
import pytest
from support.supervised import BENCH_FROM_BASE, HOME, POINT_J1, POINTER, between, moving, posture, watch

from drivers.cobot.arm.clearance import placed
from drivers.cobot.arm.forward import jacobian
from drivers.cobot.mycobot280.kinematics import MODEL
from station.motion.moving_arm import ArmNow, ArmWatch


def now(arm: ArmWatch) -> ArmNow:
    found = arm.now()
    assert found is not None
    return found


def test_the_links_are_where_the_arms_own_model_has_them():
    """It should place every capsule, the tool's too, in the bench frame."""
    arm = watch()
    arm.posture(posture(1.0, POINT_J1))
    found, own = now(arm), placed(MODEL, POINT_J1, POINTER)
    assert found.names == own.names
    assert np.allclose(found.starts_mm, BENCH_FROM_BASE.apply(own.starts_mm))
    assert np.allclose(found.ends_mm, BENCH_FROM_BASE.apply(own.ends_mm))
    assert found.t_mono_s == 1.0


def test_speeds_are_those_of_the_jacobian():
    """It should tell the pointer's tip the velocity that the arm's Jacobian gives for the turning of the joints."""
    arm = watch()
    speed = np.array([10.0, -5.0, 8.0, 0.0, 3.0, 1.0])
    arm.posture(posture(1.0, tuple(np.array(HOME) - speed * 0.02)))
    arm.posture(posture(1.02, HOME))
    shown = now(arm).shown
    assert shown is not None
    told = jacobian(MODEL, HOME, tip_mm=(0, 0, 85))[:3] @ np.radians(speed)
    assert np.allclose(shown.velocities_mm_s[0, -1, 1], BENCH_FROM_BASE.rotation @ told, atol=0.5)
    assert shown.share == pytest.approx(10.0 / 150.0)


def test_a_standing_arm_without_a_task_is_not_judged():
    """It should show no motion, and be judged for the speed that any motion could have."""
    arm = watch()
    arm.posture(posture(1.0, HOME))
    arm.posture(posture(1.1, tuple(angle + 0.05 for angle in HOME)))
    found = now(arm)
    assert (found.judged, found.shown) == (False, None)
    assert found.asked.undirected_mm_s[0] == pytest.approx(0.0)
    assert found.asked.undirected_mm_s[-1] > 300.0


@pytest.mark.parametrize("why", ["asked", "shown", "said"])
def test_it_is_judged_when_asked_when_seen_to_move_and_when_it_says_so(why: str):
    """It should take each sign of motion alone, also of a motion that the station never asked for."""
    arm = watch()
    arm.posture(posture(1.0, HOME))
    if why == "asked":
        arm.asks((POINT_J1,), 30)
    arm.posture(posture(1.1, between(0.05) if why == "shown" else HOME, moving=why == "said"))
    assert now(arm).judged
    arm.ends()
    assert now(arm).judged is (why != "asked")


def test_what_was_asked_is_known_before_anything_moves():
    """It should have the heading to the goal at the speed asked for, while the postures show nothing yet."""
    arm = watch()
    arm.posture(posture(1.0, HOME))
    arm.asks((POINT_J1,), 30)
    found = now(arm)
    assert found.shown is None
    assert found.asked.share == 0.3
    assert not found.asked.undirected_mm_s.any()
    full = np.subtract(POINT_J1, HOME)
    full *= 45.0 / np.abs(full).max()
    told = jacobian(MODEL, HOME, tip_mm=(0, 0, 85))[:3] @ np.radians(full)
    assert np.allclose(found.asked.velocities_mm_s[0, -1, 1], BENCH_FROM_BASE.rotation @ told, rtol=0.02, atol=1.0)


def test_a_motion_that_just_begins_is_judged_for_the_speed_it_will_have():
    """It should take the speed asked for, although the postures show a tenth of it."""
    slow, fast = now(moving(1.0, shown=0.1)), now(moving(1.0, shown=1.0))
    assert slow.shown is not None
    assert fast.shown is not None
    assert slow.shown.share == pytest.approx(0.03, rel=0.01)
    assert slow.asked.speeds_mm_s()[-1] == pytest.approx(fast.asked.speeds_mm_s()[-1], rel=0.02)


def test_the_way_round_the_corner_is_looked_at_before_the_corner():
    """It should have the headings of both legs near the corner, and of the second alone behind it."""
    corner, goal = between(0.8), HOME
    arm = watch()
    arm.posture(posture(1.0, HOME))
    arm.asks((corner, goal), 30)
    assert len(now(arm).asked.velocities_mm_s) == 1
    arm.posture(posture(1.1, between(0.7)))
    headings = now(arm).asked.velocities_mm_s[:, -1, 1]
    assert min(float(a @ b) for a in headings for b in headings) < 0.0
    arm.posture(posture(1.2, corner))
    arm.posture(posture(1.3, between(0.7), moving=True))
    headings = now(arm).asked.velocities_mm_s[:, -1, 1]
    assert all(float(a @ b) > 0.0 for a in headings for b in headings)


def test_a_way_told_before_the_first_posture_begins_there():
    """It should know the heading as soon as it knows where the arm is."""
    arm = watch()
    arm.asks((POINT_J1,), 30)
    assert arm.now() is None
    arm.posture(posture(1.0, HOME))
    assert len(now(arm).asked.velocities_mm_s) == 1
    assert not now(arm).asked.undirected_mm_s.any()


def test_at_its_goal_an_arm_may_still_be_coming_to_rest():
    """It should keep the last leg's heading until the motion is said to have ended."""
    arm = watch()
    arm.posture(posture(1.0, HOME))
    arm.asks((between(0.5), POINT_J1), 30)
    for index in range(11):
        arm.posture(posture(1.1 + 0.1 * index, between(index / 10), moving=True))
    arm.posture(posture(2.2, POINT_J1))
    found = now(arm)
    assert found.shown is None
    assert found.asked.speeds_mm_s()[-1] > 50.0
    assert not found.asked.undirected_mm_s.any()


def test_a_jog_may_go_anywhere():
    """It should reckon with every direction for a motion whose way nobody told."""
    arm = watch()
    arm.posture(posture(1.0, HOME))
    arm.asks((), 10)
    bound = now(arm).asked.undirected_mm_s
    for _ in range(20):
        turn = np.random.default_rng(3).uniform(-1, 1, 6) * 15.0
        tip = jacobian(MODEL, HOME, tip_mm=(0, 0, 85))[:3] @ np.radians(turn)
        assert np.linalg.norm(tip) <= bound[-1] * 1.01


def test_two_postures_of_one_moment_tell_no_speed():
    """It should not divide by nothing, nor take a posture after a long silence for a leap."""
    arm = watch()
    arm.posture(posture(1.0, HOME))
    arm.posture(posture(1.001, POINT_J1))
    assert now(arm).shown is None
    arm.posture(posture(3.0, POINT_J1))
    assert now(arm).shown is None


def test_an_arm_that_is_gone_is_nowhere():
    arm = moving(1.0)
    arm.gone()
    assert arm.now() is None
    arm.posture(posture(9.0, HOME))
    assert now(arm).shown is None
    assert not now(arm).judged
