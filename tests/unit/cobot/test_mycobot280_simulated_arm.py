"""The simulated arm's own behaviour: limits, collisions, jogs, straight lines, frames, servos, gripper, torque."""

import math
import random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.cobot.mycobot280.kinematics import coords, joint_frames
from drivers.cobot.mycobot280.protocol import Cmd, FrameParser, reply_values, request
from drivers.cobot.mycobot280.simulated_joints import ACCELERATION_DEG_S2, SimulatedJoints
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator

BENT = (0.0, -40.0, 80.0, -40.0, 0.0, 0.0)


def powered(**settings: object) -> MyCobot280Simulator:
    return MyCobot280Simulator(random.Random(0), powered=True, **settings)


def tell(arm: MyCobot280Simulator, data: bytes, now_s: float) -> tuple[float, ...]:
    """What the arm answers to one request."""
    arm.received(data, now_s)
    arm.advance(now_s + 0.05)
    (frame,) = FrameParser(replies=True).feed(arm.take_output())
    return reply_values(frame)


def flange_mm(arm: MyCobot280Simulator) -> np.ndarray:
    return np.array(joint_frames(arm.angles_deg)[-1, :3, 3])


@pytest.mark.parametrize("joint", [1, 2, 3, 4, 5, 6])
def test_a_target_beyond_a_limit_is_refused_with_the_joints_number(joint: int) -> None:
    """It should not move, and name the joint until the error is cleared."""
    arm = powered()
    assert tell(arm, request(Cmd.SEND_ANGLE, joint, 181, 50), 0.0) == (0,)
    assert tell(arm, request(Cmd.ERROR_INFORMATION), 1.0) == (joint,)
    assert arm.angles_deg == (0.0,) * 6
    tell(arm, request(Cmd.CLEAR_ERROR), 2.0)
    assert tell(arm, request(Cmd.ERROR_INFORMATION), 3.0) == (0,)


@pytest.mark.parametrize("direction", [0, 1])
def test_a_jog_ends_at_the_joints_limit(direction: int) -> None:
    """It should go on until the limit and stand there."""
    arm = powered()
    assert tell(arm, request(Cmd.JOG_JOINT, 2, direction, 100), 0.0) == (1,)
    arm.advance(10.0)
    assert arm.angles_deg[1] == (135.0 if direction else -135.0)


def test_a_jog_in_space_goes_as_far_as_the_arm_can() -> None:
    """It should stop within reach instead of refusing, and tell no error."""
    arm = powered()
    assert tell(arm, request(Cmd.JOG_COORD, 3, 0, 100), 0.0) == (1,)
    arm.advance(5.0)
    here = flange_mm(arm)
    assert here[2] < 412
    assert tell(arm, request(Cmd.JOG_COORD, 3, 1, 100), 6.0) == (1,)
    arm.advance(12.0)
    assert tell(arm, request(Cmd.ERROR_INFORMATION), 13.0) == (0,)
    assert flange_mm(arm)[2] > here[2]


def test_straight_means_straight() -> None:
    """It should keep the flange on the line with mode 1, and not with mode 0."""
    off = {}
    for mode in (0, 1):
        arm = powered(angles_deg=(20.0, -60.0, 90.0, -20.0, 30.0, 0.0))
        begin = flange_mm(arm)
        target = coords((60.0, -80.0, 110.0, 10.0, 50.0, 20.0))
        assert tell(arm, request(Cmd.SEND_COORDS, *target, 50, mode), 0.0) == (1,)
        along = np.array(target[:3]) - begin
        off[mode] = 0.0
        for tick in range(1, 500):
            arm.advance(0.05 + tick / 100)
            way = flange_mm(arm) - begin
            off[mode] = max(off[mode], float(np.linalg.norm(way - along * (way @ along) / (along @ along))))
        assert not arm.moving
        assert flange_mm(arm) == pytest.approx(target[:3], abs=0.2)
    assert off[1] < 0.5
    assert off[0] > 3


def test_a_straight_line_that_leads_out_of_the_limits_is_error_33() -> None:
    """It should refuse a line whose ends the arm reaches and whose middle it does not."""
    arm = powered(angles_deg=(160.0, -40.0, 80.0, -40.0, 0.0, 0.0))
    target = coords((-160.0, -40.0, 80.0, -40.0, 0.0, 0.0))
    assert tell(arm, request(Cmd.SEND_COORDS, *target, 50, 1), 0.0) == (0,)
    assert tell(arm, request(Cmd.ERROR_INFORMATION), 1.0) == (33,)
    assert tell(arm, request(Cmd.SEND_COORDS, *target, 50, 0), 2.0) == (1,)


def test_a_straight_motion_can_be_paused_and_stopped_on_its_line() -> None:
    """It should brake along the line, go on from a pause, and forget the rest at a stop."""
    arm = powered(angles_deg=BENT)
    target = list(coords(BENT))
    target[2] -= 80
    tell(arm, request(Cmd.SEND_COORDS, *target, 50, 1), 0.0)
    arm.advance(0.6)
    tell(arm, request(Cmd.PAUSE), 0.6)
    arm.advance(2.0)
    paused = flange_mm(arm)
    assert not arm.moving
    assert target[2] < paused[2] < target[2] + 79
    tell(arm, request(Cmd.RESUME), 2.0)
    arm.advance(2.3)
    tell(arm, request(Cmd.STOP), 2.3)
    arm.advance(4.0)
    stopped = flange_mm(arm)
    assert target[2] < stopped[2] < paused[2]
    tell(arm, request(Cmd.RESUME), 4.0)
    arm.advance(9.0)
    assert flange_mm(arm) == pytest.approx(stopped)


def test_coordinates_are_told_and_taken_in_the_frames_that_are_set() -> None:
    """It should tell the tip in the world's frame, and bring the tip to where it is told."""
    arm = powered(angles_deg=BENT)
    here = np.array(coords(BENT)[:3])
    tell(arm, request(Cmd.SET_TOOL_REFERENCE, 0, 0, 50, 0, 0, 0), 0.0)
    assert tell(arm, request(Cmd.GET_COORDS), 1.0)[:3] == pytest.approx(here, abs=0.06)
    tell(arm, request(Cmd.SET_END_TYPE, 1), 2.0)
    tip = np.array(tell(arm, request(Cmd.GET_COORDS), 3.0)[:3])
    assert np.linalg.norm(tip - here) == pytest.approx(50, abs=0.2)
    tell(arm, request(Cmd.SET_WORLD_REFERENCE, 100, 0, -30, 0, 0, 90), 4.0)
    tell(arm, request(Cmd.SET_REFERENCE_FRAME, 1), 5.0)
    told = tell(arm, request(Cmd.GET_COORDS), 6.0)
    assert told[:3] == pytest.approx((tip[1], 100 - tip[0], tip[2] + 30), abs=0.2)
    assert tell(arm, request(Cmd.SEND_COORD, 3, told[2] - 30, 50), 7.0) == (1,)
    arm.advance(12.0)
    after = tell(arm, request(Cmd.GET_COORDS), 12.0)
    assert after[2] == pytest.approx(told[2] - 30, abs=0.3)
    assert after[:2] == pytest.approx(told[:2], abs=0.3)


def test_a_joint_that_strikes_something_stops_the_arm_until_it_is_cleared() -> None:
    """It should stand where it struck, take no motion, and none that leads into it again."""
    arm = powered()
    arm.obstruct(1, 40.0)
    tell(arm, request(Cmd.SEND_ANGLES, 90, 30, 0, 0, 0, 0, 50), 0.0)
    arm.advance(5.0)
    assert arm.angles_deg[0] == 40.0
    assert not arm.moving
    assert tell(arm, request(Cmd.ERROR_INFORMATION), 5.0) == (16,)
    assert tell(arm, request(Cmd.SEND_ANGLES, 0, 0, 0, 0, 0, 0, 50), 6.0) == (0,)
    tell(arm, request(Cmd.CLEAR_ERROR), 7.0)
    assert tell(arm, request(Cmd.SEND_ANGLES, 90, 0, 0, 0, 0, 0, 50), 8.0) == (1,)
    arm.advance(10.0)
    assert tell(arm, request(Cmd.ERROR_INFORMATION), 10.0) == (16,)
    arm.clear_way()
    tell(arm, request(Cmd.CLEAR_ERROR), 11.0)
    tell(arm, request(Cmd.SEND_ANGLES, 90, 0, 0, 0, 0, 0, 50), 12.0)
    arm.advance(20.0)
    assert arm.angles_deg[0] == 90.0


def test_a_joint_that_is_hemmed_in_strikes_at_once() -> None:
    """It should not turn a joint that has something on both sides."""
    arm = powered()
    arm.obstruct(4)
    tell(arm, request(Cmd.SEND_ANGLES, 30, 0, 0, 20, 0, 0, 50), 0.0)
    arm.advance(3.0)
    assert tell(arm, request(Cmd.ERROR_INFORMATION), 3.0) == (16,)
    assert arm.angles_deg[3] == 0.0
    assert arm.angles_deg[0] < 1.0


def test_a_broken_servo_does_not_turn_and_says_so() -> None:
    """It should tell the number of the fault and its kind, and leave the other joints alone."""
    arm = powered()
    arm.arm.break_servo(3, 3)
    assert tell(arm, request(Cmd.READ_NEXT_ERROR), 0.0) == (0, 0, 3, 0, 0, 0)
    assert tell(arm, request(Cmd.GET_SERVO_STATUS), 1.0) == (0, 0, 0, 0, 0, 1)
    assert tell(arm, request(Cmd.IS_SERVO_ENABLED, 3), 2.0) == (3, 0)
    assert tell(arm, request(Cmd.ARE_ALL_SERVOS_ENABLED), 3.0) == (0,)
    tell(arm, request(Cmd.SEND_ANGLES, 20, 0, 20, 0, 0, 0, 50), 4.0)
    arm.advance(8.0)
    assert arm.angles_deg == (20.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    assert not arm.moving


def test_torque_that_comes_back_turns_a_pushed_joint_to_its_old_target_unless_it_was_stopped() -> None:
    """It should behave like the worst of firmwares, so that a driver has to be careful."""
    for stopped in (False, True):
        arm = powered()
        assert not arm.push(1, 10.0)
        tell(arm, request(Cmd.SET_FREE_MODE, 1), 0.0)
        assert arm.push(1, 40.0)
        arm.advance(2.0)
        assert arm.angles_deg[0] == 40.0
        if stopped:
            tell(arm, request(Cmd.STOP), 2.0)
        tell(arm, request(Cmd.SET_FREE_MODE, 0), 3.0)
        arm.advance(6.0)
        assert arm.angles_deg[0] == (40.0 if stopped else 0.0)


def test_the_gripper_takes_its_time_and_stops_at_what_it_holds() -> None:
    """It should tell values on the way, and rest at the thing between its fingers."""
    arm = powered()
    arm.arm.gripper.holds_percent = 35.0
    tell(arm, request(Cmd.SET_GRIPPER_STATE, 1, 50), 0.0)
    arm.advance(0.5)
    assert 60 < tell(arm, request(Cmd.GET_GRIPPER_VALUE), 0.5)[0] < 90
    assert tell(arm, request(Cmd.IS_GRIPPER_MOVING), 0.6) == (1,)
    arm.advance(3.0)
    assert tell(arm, request(Cmd.GET_GRIPPER_VALUE), 3.0) == (35,)
    assert tell(arm, request(Cmd.IS_GRIPPER_MOVING), 4.0) == (0,)


def test_no_power_while_the_emergency_stop_is_pressed() -> None:
    """It should lose its servos, refuse to switch them on, and need to be told again after the button is out."""
    arm = powered()
    arm.arm.emergency_stop(True)
    assert tell(arm, request(Cmd.IS_POWERED_ON), 0.0) == (0,)
    assert tell(arm, request(Cmd.POWER_ON), 1.0) == (0,)
    arm.arm.emergency_stop(False)
    assert tell(arm, request(Cmd.IS_POWERED_ON), 2.0) == (0,)
    assert tell(arm, request(Cmd.POWER_ON), 3.0) == (1,)
    assert tell(arm, request(Cmd.ARE_ALL_SERVOS_ENABLED), 4.0) == (1,)


def test_a_restart_is_text_and_nul_bytes_and_then_an_arm_that_has_forgotten() -> None:
    """It should send some 2.4 kB of text and 277 NUL bytes, hear nothing meanwhile, and come back without power."""
    arm = powered()
    tell(arm, request(Cmd.SET_FRESH_MODE, 1), 0.0)
    arm.restart(boot_s=1.0)
    arm.received(request(Cmd.IS_POWERED_ON), 0.1)
    arm.advance(1.0)
    boot = arm.take_output()
    assert 2300 < len(boot) - 277 < 2600
    assert boot.endswith(bytes(277))
    assert FrameParser(replies=True).feed(boot) == []
    assert tell(arm, request(Cmd.IS_POWERED_ON), 1.5) == (0,)
    assert tell(arm, request(Cmd.GET_FRESH_MODE), 2.0) == (0,)


def test_a_wrong_bit_rate_gives_bytes_and_no_frame() -> None:
    """It should answer anything with bytes that no parser takes for a frame, and carry out nothing."""
    arm = powered()
    arm.answers.wrong_baud = True
    parser = FrameParser(replies=True)
    for tick in range(200):
        arm.received(request(Cmd.SEND_ANGLES, 50, 0, 0, 0, 0, 0, 50) + request(Cmd.GET_ANGLES), tick / 10)
        arm.advance(tick / 10 + 0.05)
        assert parser.feed(arm.take_output()) == []
    assert parser.noise_bytes > 1000
    assert arm.motions == []


def test_answers_that_are_late_once() -> None:
    """It should hold back just the next answers."""
    arm = powered()
    arm.answers.late(1, 0.5)
    arm.received(request(Cmd.IS_MOVING), 0.0)
    arm.advance(0.4)
    assert arm.take_output() == b""
    arm.advance(0.6)
    assert arm.take_output() != b""
    assert tell(arm, request(Cmd.IS_MOVING), 1.0) == (0,)


def test_an_arm_that_ignores_motion_reports_its_target() -> None:
    """It should accept, say that it is there and rests, and stand where it stood."""
    arm = powered()
    arm.arm.ignores_motion = True
    assert tell(arm, request(Cmd.SEND_ANGLES, 50, 0, 0, 0, 0, 0, 50), 0.0) == (1,)
    assert tell(arm, request(Cmd.GET_ANGLES), 0.1)[0] == 50
    assert tell(arm, request(Cmd.IS_MOVING), 0.2) == (0,)
    assert arm.angles_deg == (0.0,) * 6


joint = st.floats(-60, 60)


@settings(max_examples=40)
@given(st.tuples(*[joint] * 6), st.floats(5, 150), st.floats(0.05, 3.0))
def test_a_line_of_postures_keeps_speed_and_acceleration(goal: tuple[float, ...], limit: float, stop_s: float) -> None:
    """It should turn no joint faster than the limit, brake as joints brake, and stay on the line."""
    joints = SimulatedJoints((0.0,) * 6)
    joints.advance(0.0)
    joints.follow([(0.0,) * 6, goal], limit)
    before, speed_before = joints.angles_deg, 0.0
    furthest = max(map(abs, goal))
    for tick in range(1, 2000):
        if tick * 0.005 >= stop_s:
            joints.stop()
        joints.advance(tick * 0.005)
        moved = [b - a for a, b in zip(before, joints.angles_deg, strict=True)]
        speed = max(map(abs, moved)) / 0.005
        assert speed <= limit + 1e-6
        assert abs(speed - speed_before) <= 4 * ACCELERATION_DEG_S2 * 0.005 + 1e-6
        before, speed_before = joints.angles_deg, speed
        share = max(map(abs, before)) / furthest if furthest else 0.0
        assert before == pytest.approx([angle * share for angle in goal], abs=1e-6)
        if tick * 0.005 > stop_s and not joints.moving:
            break
    assert not joints.moving
    assert math.isclose(sum(joints.speeds_deg_s), 0.0)
