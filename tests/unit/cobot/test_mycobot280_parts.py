"""The small parts of the myCobot driver and simulator: dated answers, believable postures, joints that take time."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.cobot.mycobot280.errors import error_words
from drivers.cobot.mycobot280.posture import PostureFilter
from drivers.cobot.mycobot280.protocol import Cmd, FrameParser, reply_values, request
from drivers.cobot.mycobot280.reads import TIMEOUT_S, TRIES, Asking, Question
from drivers.cobot.mycobot280.simulated_joints import ACCELERATION_DEG_S2, FULL_SPEED_DEG_S, SimulatedJoints
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator

ANGLES, MOVING = Question(cmd=Cmd.GET_ANGLES), Question(cmd=Cmd.IS_MOVING)


def test_a_question_is_asked_five_times_and_then_given_up() -> None:
    """It should ask again after each timeout, and say when that was in vain."""
    asking = Asking()
    assert asking.ask(ANGLES, 0.0) == request(Cmd.GET_ANGLES)
    times = [tick / 100 for tick in range(200) if asking.again(tick / 100)]
    assert times == pytest.approx([TIMEOUT_S * n for n in range(1, TRIES)], abs=0.015)
    assert not asking.exhausted(TIMEOUT_S * TRIES - 0.01)
    assert asking.exhausted(TIMEOUT_S * TRIES + 0.02)


def test_an_answer_is_dated_by_the_oldest_open_question() -> None:
    """It should take an answer for as old as it may be, and never match one twice."""
    asking = Asking()
    asking.ask(ANGLES, 0.0)
    asking.again(0.2)
    assert asking.answered(ANGLES, 0.25) == 0.0
    assert asking.open is None
    asking.ask(MOVING, 0.3)
    assert asking.answered(ANGLES, 0.35) == 0.2
    assert asking.open == MOVING
    assert asking.answered(ANGLES, 0.4) is None


def test_lost_answers_are_forgotten_after_a_while() -> None:
    """It should not date answers by a question whose answer is lost for good."""
    asking = Asking()
    asking.ask(ANGLES, 0.0)
    asking.again(0.2)
    asking.answered(ANGLES, 0.21)
    asking.ask(ANGLES, 5.0)
    assert asking.answered(ANGLES, 5.02) == 5.0


def test_postures_that_cannot_be_are_not_believed() -> None:
    """It should doubt a jump until it is seen twice, and anything outside the joint's range for ever."""
    postures = PostureFilter([(-100.0, 100.0)] * 2)
    assert postures.believes((0.0, 0.0), 1.0, 1.0)
    assert postures.believes((15.0, 0.0), 1.1, 1.1)
    assert not postures.believes((90.0, 0.0), 1.2, 1.2)
    assert postures.believes((16.0, 0.0), 1.2, 1.2)
    assert not postures.believes((90.0, 0.0), 1.3, 1.3)
    assert postures.believes((90.0, 0.0), 1.4, 1.4)
    assert not postures.believes((90.0, 106.0), 9.0, 9.0)
    assert not postures.believes((90.0, 106.0), 9.1, 9.1)


@given(st.floats(-150, 150), st.integers(1, 100), st.lists(st.floats(0.001, 0.3), min_size=1, max_size=30))
def test_joints_keep_their_limits_however_time_is_cut(target: float, speed: int, cuts: list[float]) -> None:
    """It should never exceed speed or acceleration, arrive without overshoot, and not depend on the calls' rhythm."""
    cut, plain = SimulatedJoints([0.0]), SimulatedJoints([0.0])
    for joints in (cut, plain):
        joints.advance(0.0)
        joints.go([target], speed)
    now_s, before = 0.0, 0.0
    for step_s in cuts:
        now_s += step_s
        cut.advance(now_s)
    for tick in range(1, int(now_s / 0.005) + 1):
        plain.advance(tick * 0.005)
        speed_now = plain.speeds_deg_s[0]
        assert abs(speed_now) <= FULL_SPEED_DEG_S * speed / 100 + 1e-9
        assert abs(speed_now - before) <= 3 * ACCELERATION_DEG_S2 * 0.005 + 1e-9
        assert abs(plain.angles_deg[0]) <= abs(target) + 0.05
        before = speed_now
    plain.advance(now_s)
    assert plain.angles_deg == cut.angles_deg
    plain.advance(now_s + 200.0)
    assert plain.angles_deg == (target,)
    assert not plain.moving


def test_a_paused_motion_can_go_on_and_a_stopped_one_cannot() -> None:
    """It should keep the target through a pause and forget it at a stop."""
    joints = SimulatedJoints([0.0])
    joints.advance(0.0)
    joints.go([90.0], 50)
    joints.advance(0.5)
    joints.pause()
    joints.advance(2.0)
    assert joints.paused
    assert not joints.moving
    joints.resume()
    joints.advance(2.5)
    joints.stop()
    joints.advance(5.0)
    joints.resume()
    joints.advance(9.0)
    assert 0 < joints.angles_deg[0] < 90
    assert not joints.moving


def test_the_simulator_explains_words_it_does_not_know() -> None:
    """It should list the ways in which it can fail."""
    with pytest.raises(ValueError, match="intermittent"):
        MyCobot280Simulator(random.Random(0)).fail("explode")


def ask(arm: MyCobot280Simulator, now_s: float, data: bytes) -> list[tuple[float, ...]]:
    """What the arm answers to one request."""
    arm.received(data, now_s)
    arm.advance(now_s + 0.1)
    return [reply_values(frame) for frame in FrameParser(replies=True).feed(arm.take_output())]


def test_the_simulator_keeps_what_it_was_told() -> None:
    """It should read back references, modes, pins, limits and parameters as last set."""
    arm = MyCobot280Simulator(random.Random(0), powered=True)
    pairs = [
        (request(Cmd.SET_TOOL_REFERENCE, 0, 0, 50, 0, 0, 0), request(Cmd.GET_TOOL_REFERENCE), (0, 0, 50, 0, 0, 0)),
        (request(Cmd.SET_FRESH_MODE, 1), request(Cmd.GET_FRESH_MODE), (1,)),
        (request(Cmd.SET_PIN_OUTPUT, 23, 1), request(Cmd.GET_PIN_INPUT, 23), (23, 1)),
        (request(Cmd.SET_BASE_OUTPUT, 2, 1), request(Cmd.GET_BASE_INPUT, 2), (2, 1)),
        (request(Cmd.SET_JOINT_MAX, 2, 90), request(Cmd.GET_JOINT_MAX, 2), (2, 90)),
        (request(Cmd.SET_SERVO_PARAMETER, 1, 21, 7), request(Cmd.GET_SERVO_PARAMETER, 1, 21), (7,)),
        (request(Cmd.SET_FREE_MODE, 1), request(Cmd.IS_FREE_MODE), (1,)),
    ]
    for index, (setting, query, expected) in enumerate(pairs):
        assert ask(arm, float(index), setting) == [(1,)]
        assert ask(arm, index + 0.5, query) == [pytest.approx(expected)]


def test_the_simulator_refuses_joints_it_does_not_have() -> None:
    """It should echo 0 for joint 0 and joint 7, and go on living."""
    arm = MyCobot280Simulator(random.Random(0), powered=True)
    for index, data in enumerate((request(Cmd.SEND_ANGLE, 0, 5, 20), request(Cmd.SEND_ANGLE, 7, 5, 20))):
        assert ask(arm, float(index), data) == [(0,)]
    assert ask(arm, 5.0, request(Cmd.IS_CONTROLLER_CONNECTED)) == [(1,)]


def test_a_pose_out_of_reach_is_an_error_of_the_arm() -> None:
    """It should refuse a pose without inverse solution and report error 32 until it is cleared."""
    arm = MyCobot280Simulator(random.Random(0), powered=True)
    assert ask(arm, 0.0, request(Cmd.SEND_COORDS, 600, 0, 0, 0, 0, 0, 20, 0)) == [(0,)]
    assert ask(arm, 1.0, request(Cmd.ERROR_INFORMATION)) == [(32,)]
    ask(arm, 2.0, request(Cmd.CLEAR_ERROR))
    assert ask(arm, 3.0, request(Cmd.ERROR_INFORMATION)) == [(0,)]


def test_jogging_in_space() -> None:
    """It should move one coordinate and leave the others where they are."""
    arm = MyCobot280Simulator(random.Random(0), powered=True, angles_deg=(0, -40, 80, -40, 0, 0))
    (before,) = ask(arm, 0.0, request(Cmd.GET_COORDS))
    assert ask(arm, 1.0, request(Cmd.JOG_INCREMENT_COORD, 3, -20, 50)) == [(1,)]
    (after,) = ask(arm, 9.0, request(Cmd.GET_COORDS))
    assert after[2] - before[2] == pytest.approx(-20, abs=0.2)
    assert after[:2] == pytest.approx(before[:2], abs=0.2)
    assert ask(arm, 10.0, request(Cmd.IS_IN_POSITION, *(round(c * 10) for c in after[:3]), 0, 0, 0, 0)) == [(0,)]


def test_error_numbers_have_words() -> None:
    """It should name every number of the document, and say so for others."""
    assert [error_words(n) for n in (0, 3)] == ["no error", "joint 3 is at its limit"]
    assert all("does not name" not in error_words(n) for n in (16, 19, 32, 33, 34))
    assert "does not name" in error_words(99)
