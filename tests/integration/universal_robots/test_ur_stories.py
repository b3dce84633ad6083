"""The Universal Robots driver against the simulated controller, byte for byte, in handed-in time."""

import itertools
import math

import pytest
from ur_rig import HOME, MODEL, UrRig, move, rig

from drivers.api import (
    ArmTool,
    ClearStop,
    CobotPosture,
    CobotStatus,
    CommandDone,
    CommandFailed,
    Connected,
    DeviceHealth,
    Disconnected,
    FreeDrive,
    LimitSpeed,
    MoveGripper,
    Outcome,
    PowerOff,
    SetColour,
    SetToolFrame,
    StopMotion,
)
from drivers.cobot.arm.forward import flange
from drivers.cobot.universal_robots.program import HEARTBEAT, STOP_NUMBER, free_drive
from drivers.cobot.universal_robots.report import RobotMode, Runtime, SafetyMode

AWAY = (40.0, -90.0, 90.0, -90.0, -90.0, 20.0)


def failed(bench: UrRig, command_id: str) -> tuple[Outcome, str]:
    end = bench.end_of(command_id)
    assert isinstance(end, CommandFailed)
    return end.outcome, end.code


def test_a_controller_without_arm_power_is_connected_and_says_so() -> None:
    """It should connect before the robot is powered, name it, and be made ready by a person's word."""
    with rig(powered=False) as bench:
        bench.connect()
        bench.wait(0.3)
        (connected,) = bench.seen(Connected)
        assert connected.identity["model"] == "UR5"
        assert connected.identity["serial"] == "20235501234"
        assert connected.identity["software"] == "5.11.1.108318"
        assert bench.standing() == {"cobot.not_powered"}
        assert not bench.seen(CobotStatus)[-1].powered
        bench.finish(move("m1", *AWAY))
        assert failed(bench, "m1") == (Outcome.REFUSED, "cobot.not_powered")
        assert isinstance(bench.finish(ClearStop(command_id="c1")), CommandDone)
        assert bench.standing() == set()
        assert bench.controller.robot_mode is RobotMode.RUNNING
        status = bench.seen(CobotStatus)[-1]
        assert status.powered
        assert status.ready
        assert isinstance(bench.finish(move("m2", *AWAY)), CommandDone)


def test_a_motion_ends_where_it_should_and_postures_come_often() -> None:
    """It should go to the target, say so once it rests there, and show the way at least ten times a second."""
    with rig() as bench:
        bench.connect()
        begun_s = bench.now_s
        assert isinstance(bench.finish(move("m1", *AWAY)), CommandDone)
        assert bench.controller.angles_deg == pytest.approx(AWAY, abs=0.05)
        assert not bench.controller.moving
        postures = [event for event in bench.seen(CobotPosture) if event.t_mono_s >= begun_s]
        assert len(postures) / (bench.now_s - begun_s) > 10
        assert sum(posture.moving for posture in postures) > 10
        assert bench.controller.programs_run == [1]


def test_the_flange_is_told_whatever_tool_is_set() -> None:
    """It should confirm a tool, and still tell the flange: the same before and after."""
    with rig() as bench:
        bench.connect()
        bench.wait(0.1)
        before = bench.seen(CobotStatus)[-1].flange
        tool = SetToolFrame(command_id="t1", at_mm=(10, -20, 120), rpy_deg=(10, 20, 30))
        assert isinstance(bench.finish(tool), CommandDone)
        assert bench.controller.tcp_offset[:3] == pytest.approx((0.01, -0.02, 0.12))
        assert bench.controller.tcp_offset[3:] == pytest.approx((0.0775253, 0.3848516, 0.4864792), abs=1e-6)
        bench.wait(1.2)
        after = bench.seen(CobotStatus)[-1].flange
        assert after == pytest.approx(before, abs=1e-3)
        assert after[:3] == pytest.approx(flange(MODEL, bench.controller.angles_deg)[:3, 3], abs=1e-3)


def test_a_motion_passes_its_via_points_on_a_straight_way_in_the_joints() -> None:
    """It should come within 2 degrees of each posture on the way, never stray further from it, and never leap."""
    through = ((10.0, -80.0, 80.0, -90.0, -90.0, 0.0), (20.0, -85.0, 90.0, -95.0, -80.0, 10.0))
    points = [HOME, *through, AWAY]
    with rig() as bench:
        bench.connect()
        seen: list[tuple[float, ...]] = []
        bench.submit(move("m1", *AWAY, speed=80, through=through))
        while bench.end_of("m1") is None:
            bench.tick()
            seen.append(bench.controller.angles_deg)
        assert isinstance(bench.end_of("m1"), CommandDone)
        for point in through:
            assert min(math.dist(point, angles) for angles in seen) < 2.3
        strayed = max(min(_beside(angles, a, b) for a, b in itertools.pairwise(points)) for angles in seen)
        assert strayed < 2.3
        leaps = [math.dist(a, b) / 0.01 for a, b in itertools.pairwise(seen)]
        assert max(leaps) < math.sqrt(6) * max(MODEL.speed_deg_s)


def _beside(point: tuple[float, ...], start: tuple[float, ...], end: tuple[float, ...]) -> float:
    way = [b - a for a, b in zip(start, end, strict=True)]
    along = sum((p - a) * w for p, a, w in zip(point, start, way, strict=True)) / sum(w * w for w in way)
    along = min(1.0, max(0.0, along))
    return math.dist(point, [a + along * w for a, w in zip(start, way, strict=True)])


def test_a_stop_half_way_ends_the_motion_where_it_is() -> None:
    """It should stop within half a second, end both commands, and move on only when told to."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 15)
        asked_s = bench.now_s
        assert isinstance(bench.finish(StopMotion(command_id="s1")), CommandDone)
        assert bench.now_s - asked_s < 0.5
        assert failed(bench, "m1") == (Outcome.UNKNOWN, "cobot.interrupted")
        stands = bench.controller.angles_deg
        assert not bench.controller.moving
        assert 15 < stands[0] < 35
        bench.wait(2.0)
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)
        assert isinstance(bench.finish(move("m2", *HOME)), CommandDone)


def test_an_arm_that_does_not_stop_is_told_aloud() -> None:
    """It should give up after two seconds, however often a stop is asked for, and point at the button."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", 90.0, *HOME[1:], speed=10))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        beat = iter(range(1000, 9000))
        bench.controller.write_inputs = lambda values: None  # type: ignore[method-assign]
        bench.controller.dashboard_hangs = True
        bench.controller.stop_program = lambda: None  # type: ignore[method-assign]
        begun_s = bench.now_s
        for index in range(24):
            bench.submit(StopMotion(command_id=f"s{index}"))
            for _ in range(10):
                bench.controller.inputs[HEARTBEAT] = next(beat)
                bench.tick()
        end = bench.end_of("s0")
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.still_moving")
        assert "emergency stop" in end.detail
        assert end.t_mono_s - begun_s < 2.2


def test_a_stop_in_the_same_breath_keeps_the_motion_from_leaving() -> None:
    """It should refuse a motion that a stop overtakes before it has left: nothing happened."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.submit(StopMotion(command_id="s1"))
        bench.until(lambda: bench.end_of("s1"))
        assert failed(bench, "m1") == (Outcome.REFUSED, "cobot.interrupted")
        bench.wait(1.0)
        assert bench.controller.programs_run == []
        assert bench.controller.angles_deg == pytest.approx(HOME)


def test_a_stop_reaches_a_program_that_has_not_begun() -> None:
    """It should keep still when the stop comes between the program's arrival and its first step."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.tick()
        assert isinstance(bench.finish(StopMotion(command_id="s1")), CommandDone)
        bench.wait(1.0)
        assert bench.controller.angles_deg == pytest.approx(HOME, abs=1e-3)


def test_a_lease_that_nobody_renews_stops_the_arm() -> None:
    """It should stop by itself within the lease and the braking time, and say why."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.lease = False
        given_up_s = bench.now_s
        bench.until(lambda: bench.end_of("m1"))
        assert failed(bench, "m1") == (Outcome.UNKNOWN, "cobot.lease_expired")
        assert bench.now_s - given_up_s < 0.35
        bench.until(lambda: not bench.controller.moving)
        assert bench.now_s - given_up_s < 0.8
        stands = bench.controller.angles_deg
        bench.lease = True
        bench.wait(2.0)
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)


def test_the_robot_stops_by_itself_when_the_station_dies() -> None:
    """It should brake 0.3 s after the last sign of life, with the lines open and nobody saying anything."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY, speed=20, lease_s=60))
        bench.until(lambda: bench.controller.angles_deg[0] > 5)
        dead_s = bench.now_s
        while bench.controller.moving:
            bench.now_s += 0.01
            bench.simulator.advance(bench.now_s)
            assert bench.now_s < dead_s + 1.0
        assert 0.3 <= bench.now_s - dead_s < 0.6
        assert bench.controller.angles_deg[0] < 30
        # The station comes back to life: the robot's own word is heard, or the line is too old to be believed.
        bench.until(lambda: bench.end_of("m1"))
        assert failed(bench, "m1")[0] is Outcome.UNKNOWN
        stands = bench.controller.angles_deg
        bench.wait(3.0)
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)
        assert bench.controller.programs_run == [1]


def test_a_protective_stop_is_seen_told_and_cleared_only_by_a_person() -> None:
    """It should fail the motion at once, stay stopped for ever, and unlock with patience on the word of a person."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.controller.obstruct()
        met_s = bench.now_s
        bench.until(lambda: bench.end_of("m1"))
        assert bench.now_s - met_s < 0.2
        assert failed(bench, "m1") == (Outcome.UNKNOWN, "cobot.protective_stop")
        assert bench.standing() == {"cobot.protective_stop"}
        bench.controller.obstruct(False)
        bench.finish(move("m2", *HOME))
        assert failed(bench, "m2") == (Outcome.REFUSED, "cobot.protective_stop")
        bench.until(lambda: not bench.controller.moving)
        stands = bench.controller.angles_deg
        cleared_s = bench.now_s
        assert isinstance(bench.finish(ClearStop(command_id="c1")), CommandDone)
        assert bench.now_s - cleared_s > 4.0  # The controller refuses for 5 s.
        bench.wait(1.0)
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)
        assert bench.standing() == set()
        assert isinstance(bench.finish(move("m3", *HOME)), CommandDone)


def test_nobody_clears_a_protective_stop_unasked() -> None:
    """It should leave the stop alone for as long as it lasts, while stops, limits and a reconnection come and go."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.controller.obstruct()
        bench.until(lambda: bench.end_of("m1"))
        bench.controller.obstruct(False)
        bench.submit(StopMotion(command_id="s1"))
        bench.submit(LimitSpeed(command_id="l1", percent=50))
        bench.wait(6)
        bench.port.unplug()
        bench.wait(0.5)
        bench.port.plug_in()
        bench.wait(7)
        assert bench.controller.safety_mode is SafetyMode.PROTECTIVE_STOP
        assert bench.standing() == {"cobot.protective_stop"}


def test_what_was_paused_by_a_protective_stop_cannot_be_resumed() -> None:
    """It should not move when somebody unlocks the stop and presses play at the pendant."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.controller.obstruct()
        bench.until(lambda: bench.end_of("m1"))
        bench.controller.obstruct(False)
        bench.wait(6)
        stands = bench.controller.angles_deg
        assert bench.controller.unlock()
        bench.controller.pause(False)
        bench.wait(2)
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)


def test_an_emergency_stop_is_told_and_needs_the_button() -> None:
    """It should name the button, refuse to clear while it is pressed, and power the arm again afterwards."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.controller.press_emergency_stop()
        bench.until(lambda: bench.end_of("m1"), limit_s=0.5)
        assert failed(bench, "m1") == (Outcome.UNKNOWN, "cobot.emergency_stop")
        bench.wait(0.5)
        assert bench.standing() == {"cobot.emergency_stop", "cobot.not_powered"}
        end = bench.finish(ClearStop(command_id="c1"))
        assert isinstance(end, CommandFailed)
        assert end.code == "cobot.emergency_stop"
        assert "button" in end.detail
        bench.controller.release_emergency_stop()
        bench.wait(0.1)
        assert bench.standing() == {"cobot.not_powered"}
        assert isinstance(bench.finish(ClearStop(command_id="c2")), CommandDone)
        assert isinstance(bench.finish(move("m2", *HOME)), CommandDone)


def test_local_control_names_the_button_and_takes_nothing() -> None:
    """It should notice the switch to local control within a second or two, and refuse what it cannot do."""
    with rig() as bench:
        bench.connect()
        bench.controller.remote = False
        bench.until(lambda: "cobot.local_control" in bench.standing(), limit_s=1.5)
        assert any("button" in event.detail for event in bench.seen(DeviceHealth))
        for command in (move("m1", *AWAY), FreeDrive(command_id="f1", on=True), ClearStop(command_id="c1")):
            bench.finish(command)
            assert failed(bench, command.command_id) == (Outcome.REFUSED, "cobot.local_control")
        bench.controller.remote = True
        bench.until(lambda: not bench.standing(), limit_s=1.5)
        assert isinstance(bench.finish(move("m2", *AWAY)), CommandDone)


def test_unplugged_in_mid_motion_nothing_moves_afterwards() -> None:
    """It should not know the outcome, find the arm at rest, set everything up again and send nothing twice."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.port.unplug()
        bench.tick()
        assert failed(bench, "m1") == (Outcome.UNKNOWN, "link.lost")
        assert len(bench.seen(Disconnected)) == 1
        bench.wait(0.1)
        bench.port.plug_in()
        bench.until(lambda: len(bench.seen(Connected)) == 2, limit_s=2.0)
        bench.until(lambda: not bench.controller.moving)
        stands = bench.controller.angles_deg
        bench.wait(3.0)
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)
        assert stands[0] < 35
        assert bench.controller.programs_run == [1]
        assert isinstance(bench.finish(move("m2", *AWAY)), CommandDone)
        assert bench.controller.programs_run == [1, 2]


@pytest.mark.parametrize("away_s", [0.0, 0.02, 0.05, 0.1, 0.2])
def test_a_program_that_begins_while_the_line_is_lost_does_not_move(away_s: float) -> None:
    """It should give an orphan no sign of life, however soon the station is back."""
    with rig() as bench:
        bench.connect()
        assert isinstance(bench.finish(move("m0", 1.0, *HOME[1:])), CommandDone)
        stands = bench.controller.angles_deg
        bench.submit(move("m1", *AWAY))
        bench.step.settle(bench.now_s)
        bench.port.unplug()
        bench.wait(away_s)
        bench.port.plug_in()
        bench.until(lambda: len(bench.seen(Connected)) == 2, limit_s=2.0)
        bench.wait(2.0)
        assert bench.controller.programs_run == [1, 2]
        assert bench.controller.angles_deg == pytest.approx(stands, abs=0.01)


def test_a_stop_is_not_done_while_a_hand_may_still_move_the_arm() -> None:
    """It should end a free drive, and call it done when it has ended."""
    with rig() as bench:
        bench.connect()
        bench.finish(FreeDrive(command_id="f1", on=True))
        bench.wait(0.2)
        assert isinstance(bench.finish(StopMotion(command_id="s1")), CommandDone)
        assert not bench.controller.free_drive
        bench.wait(0.1)
        assert bench.standing() == set()


def written_inputs(bench: UrRig) -> list[dict]:
    """Every package of inputs that the controller takes from now on, oldest first."""
    taken: list[dict] = []
    take = bench.controller.write_inputs

    def noted(values: dict) -> None:
        taken.append(values)
        take(values)

    bench.controller.write_inputs = noted  # type: ignore[method-assign]
    return taken


def test_the_first_package_of_a_connection_stops_what_was_and_is_no_sign_of_life() -> None:
    """It should name the last program in the stop register, and write the heartbeat as it stands."""
    with rig() as bench:
        bench.connect()
        bench.finish(move("m1", *AWAY))
        bench.submit(move("m2", *HOME))
        bench.until(lambda: bench.controller.angles_deg[0] < 30)
        stands = bench.controller.inputs[HEARTBEAT]
        taken = written_inputs(bench)
        bench.port.unplug()
        bench.wait(0.1)
        bench.port.plug_in()
        bench.until(lambda: len(bench.seen(Connected)) == 2)
        bench.wait(0.5)
        assert stands != 0
        assert (taken[0][HEARTBEAT], taken[0][STOP_NUMBER]) == (stands, 2)
        assert {values[HEARTBEAT] for values in taken} == {stands}


def test_a_stop_is_written_before_whatever_else_waits() -> None:
    """It should be the first package on the line, before a limit that was asked for earlier."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        taken = written_inputs(bench)
        bench.submit(LimitSpeed(command_id="l1", percent=50))
        bench.submit(StopMotion(command_id="s1"))
        bench.tick()
        assert taken[0][STOP_NUMBER] == 1
        assert any("speed_slider_fraction" in values for values in taken)


def test_a_program_that_does_not_hear_a_stop_is_ended_by_the_dashboard() -> None:
    """It should end a free drive in the second way when its registers do not arrive, and not call it done before."""
    with rig() as bench:
        bench.connect()
        bench.finish(FreeDrive(command_id="f1", on=True))
        bench.wait(0.2)
        beat = iter(range(1000, 2000))
        bench.controller.write_inputs = lambda values: None  # type: ignore[method-assign]
        bench.submit(StopMotion(command_id="s1"))
        asked_s = bench.now_s
        while bench.end_of("s1") is None:
            bench.controller.inputs[HEARTBEAT] = next(beat)  # Something keeps the program alive all the same.
            bench.tick()
            assert bench.now_s < asked_s + 1.0
            assert bench.end_of("s1") is None or not bench.controller.free_drive
        assert isinstance(bench.end_of("s1"), CommandDone)
        assert bench.now_s - asked_s > 0.2


def test_a_program_that_a_protective_stop_has_paused_is_gone_before_the_stop_is() -> None:
    """It should leave nothing that could be resumed in the moment in which the stop is unlocked."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.controller.obstruct()
        bench.until(lambda: bench.end_of("m1"))
        bench.controller.obstruct(False)
        bench.wait(5.5)
        had: list[Runtime] = []
        unlock = bench.controller.unlock

        def unlocked() -> bool:
            had.append(bench.controller.runtime)
            return unlock()

        assert bench.controller.runtime is Runtime.PAUSED
        bench.controller.unlock = unlocked  # type: ignore[method-assign]
        assert isinstance(bench.finish(ClearStop(command_id="c1")), CommandDone)
        assert had == [Runtime.STOPPED]


def test_what_cannot_be_cleared_from_here_is_refused() -> None:
    """It should not try to clear a free drive or another's program, and find a ready arm ready."""
    with rig() as bench:
        bench.connect()
        assert isinstance(bench.finish(ClearStop(command_id="c1")), CommandDone)
        bench.finish(FreeDrive(command_id="f1", on=True))
        bench.wait(0.1)
        bench.finish(ClearStop(command_id="c2"))
        assert failed(bench, "c2") == (Outcome.REFUSED, "cobot.free_drive")
        bench.finish(FreeDrive(command_id="f2", on=False))
        bench.submit(move("m1", *AWAY, speed=5))
        bench.wait(0.5)
        bench.finish(ClearStop(command_id="c3"))
        assert failed(bench, "c3") == (Outcome.REFUSED, "cobot.busy")


def test_a_restarted_controller_is_set_up_again() -> None:
    """It should notice the restart at once, connect when the controller is up, and move with fresh recipes."""
    with rig() as bench:
        bench.connect()
        assert isinstance(bench.finish(move("m1", *AWAY)), CommandDone)
        bench.controller.restart()
        bench.until(lambda: bench.seen(Disconnected), limit_s=1.0)
        assert "controller" in bench.seen(Disconnected)[0].reason or "power" in bench.seen(Disconnected)[0].reason
        bench.until(lambda: len(bench.seen(Connected)) == 2, limit_s=8.0)
        assert len(bench.seen(Disconnected)) == 1
        bench.wait(0.1)
        assert "cobot.not_powered" in bench.standing()
        assert isinstance(bench.finish(ClearStop(command_id="c1")), CommandDone)
        assert isinstance(bench.finish(move("m2", *HOME)), CommandDone)


def test_a_limit_slows_the_motion_under_way_and_the_slider_shows_it() -> None:
    """It should slow down on the same way, report the limit, and be as quick as before without it."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY, speed=20))
        bench.until(lambda: bench.controller.angles_deg[0] > 8)
        assert isinstance(bench.finish(LimitSpeed(command_id="l1", percent=25)), CommandDone)
        assert bench.controller.slider == 0.25
        bench.wait(0.5)
        assert math.degrees(bench.controller.joints.speeds_rad_s[0]) == pytest.approx(36 * 0.25, rel=0.05)
        assert bench.seen(CobotStatus)[-1].speed_limit_percent == 25
        assert isinstance(bench.finish(LimitSpeed(command_id="l2", percent=100)), CommandDone)
        bench.wait(0.5)
        assert math.degrees(bench.controller.joints.speeds_rad_s[0]) == pytest.approx(36, rel=0.05)
        bench.until(lambda: isinstance(bench.end_of("m1"), CommandDone))
        assert bench.controller.angles_deg == pytest.approx(AWAY, abs=0.05)


def test_the_slider_on_the_pendant_slows_the_arm_too() -> None:
    """It should follow a slider that somebody else has moved."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY, speed=20))
        bench.until(lambda: bench.controller.angles_deg[0] > 8)
        bench.controller.slider = 0.5
        bench.wait(0.6)
        assert math.degrees(bench.controller.joints.speeds_rad_s[0]) == pytest.approx(18, rel=0.05)
        assert bench.seen(CobotStatus)[-1].speed_limit_percent == 50
        bench.until(lambda: isinstance(bench.end_of("m1"), CommandDone))


def test_a_limit_is_forgotten_with_the_connection() -> None:
    """It should set back the slider that it has lowered itself, when it is connected again."""
    with rig() as bench:
        bench.connect()
        bench.finish(LimitSpeed(command_id="l1", percent=30))
        bench.port.unplug()
        bench.wait(0.5)
        bench.port.plug_in()
        bench.until(lambda: len(bench.seen(Connected)) == 2)
        bench.wait(0.2)
        assert bench.controller.slider == 1.0
        bench.controller.slider = 0.4  # By somebody else: not ours to raise.
        bench.port.unplug()
        bench.wait(0.5)
        bench.port.plug_in()
        bench.until(lambda: len(bench.seen(Connected)) == 3)
        bench.wait(0.2)
        assert bench.controller.slider == 0.4


def test_free_drive_lets_a_hand_lead_the_arm_and_holds_it_again() -> None:
    """It should stand as a note while a person may move the arm, and refuse motion meanwhile."""
    with rig() as bench:
        bench.connect()
        bench.controller.push(AWAY)
        bench.wait(0.2)
        assert bench.controller.angles_deg == pytest.approx(HOME)
        assert isinstance(bench.finish(FreeDrive(command_id="f1", on=True)), CommandDone)
        bench.wait(0.1)
        assert bench.standing() == {"cobot.free_drive"}
        assert bench.seen(CobotStatus)[-1].free_drive
        bench.controller.push(AWAY)
        bench.wait(2.5)
        assert bench.controller.angles_deg == pytest.approx(AWAY)
        bench.finish(move("m1", *HOME))
        assert failed(bench, "m1") == (Outcome.REFUSED, "cobot.free_drive")
        assert isinstance(bench.finish(FreeDrive(command_id="f2", on=False)), CommandDone)
        assert not bench.controller.free_drive
        bench.wait(0.1)
        assert bench.standing() == set()
        assert isinstance(bench.finish(move("m2", *HOME)), CommandDone)


def test_free_drive_ends_when_the_station_is_gone() -> None:
    """It should hold the arm again by itself when no sign of life comes any more."""
    with rig() as bench:
        bench.connect()
        bench.finish(FreeDrive(command_id="f1", on=True))
        bench.port.unplug()
        bench.wait(0.5)
        assert not bench.controller.free_drive


def test_power_off_takes_the_power_and_ends_a_motion() -> None:
    """It should stop the motion, switch the arm off, and say that it is off."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 5)
        assert isinstance(bench.finish(PowerOff(command_id="p1")), CommandDone)
        assert failed(bench, "m1") == (Outcome.UNKNOWN, "cobot.interrupted")
        bench.wait(0.5)
        assert bench.standing() == {"cobot.not_powered"}


def test_commands_that_cannot_be_are_refused_before_anything_is_sent() -> None:
    """It should refuse a lamp, a gripper, a joint beyond its limits and a second motion; others' commands raise."""
    with rig() as bench:
        bench.connect()
        for command, code in (
            (SetColour(command_id="x1", rgb=(0, 0, 0)), "cobot.unsupported"),
            (MoveGripper(command_id="x2", open_percent=0), "cobot.unsupported"),
            (move("x3", 361, 0, 0, 0, 0, 0), "cobot.joint_limit"),
            (move("x4", *HOME, through=((0, 0, 0, 0, 0, -361.0),)), "cobot.joint_limit"),
            (move("x5", *HOME[:5]), "driver.command"),
            (move("x6", *HOME, speed=0), "driver.command"),
            (move("x7", *HOME, lease_s=math.nan), "driver.command"),
            (move("x8", *HOME, through=((math.nan,) * 6,)), "driver.command"),
            (LimitSpeed(command_id="x9", percent=0), "driver.command"),
            (SetToolFrame(command_id="xa", at_mm=(0, math.inf, 0)), "driver.command"),
            (ArmTool(command_id="xb", pset=1), "driver.command"),
        ):
            bench.finish(command)
            assert failed(bench, command.command_id) == (Outcome.REFUSED, code)
        bench.submit(move("m1", *AWAY))
        bench.finish(move("m2", *HOME))
        assert failed(bench, "m2") == (Outcome.REFUSED, "cobot.busy")
        bench.until(lambda: isinstance(bench.end_of("m1"), CommandDone))
        assert bench.controller.programs_run == [1]


def test_an_arm_of_another_size_is_not_moved() -> None:
    """It should connect, name both models, and refuse motion."""
    with rig(version=(3, 15, 8, 106339)) as bench:
        bench.connect()
        bench.wait(0.1)
        assert bench.standing() == {"cobot.wrong_model"}
        bench.finish(move("m1", *AWAY))
        assert failed(bench, "m1") == (Outcome.REFUSED, "cobot.wrong_model")


def test_somebody_elses_program_is_not_thrown_out() -> None:
    """It should refuse motion while another program has the arm, and still be able to stop it."""
    with rig() as bench:
        bench.connect()
        bench.finish(move("m0", *AWAY, speed=5, lease_s=60), limit_s=60)
        # It has the arm without knowing our numbers: a free drive that nobody here has asked for.
        bench.controller.take_script(free_drive(987654))
        bench.wait(0.2)
        bench.finish(move("m1", *HOME))
        assert failed(bench, "m1") == (Outcome.REFUSED, "cobot.busy")
        assert isinstance(bench.finish(StopMotion(command_id="s1")), CommandDone)
        bench.wait(0.2)
        assert isinstance(bench.finish(move("m2", *HOME)), CommandDone)


def test_a_pause_at_the_pendant_ends_the_motion() -> None:
    """It should not wait for somebody to press play: the motion has ended, and stays ended."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 5)
        bench.controller.pause(True)
        bench.until(lambda: bench.end_of("m1"), limit_s=1.0)
        assert failed(bench, "m1") == (Outcome.UNKNOWN, "cobot.interrupted")
        bench.wait(1.0)
        bench.controller.pause(False)
        stands = bench.controller.angles_deg
        bench.wait(1.0)
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)


def test_a_dashboard_that_hangs_delays_no_stop_and_is_told() -> None:
    """It should stop as quickly as ever while no dashboard command is answered, and say that it hangs."""
    with rig() as bench:
        bench.connect()
        bench.controller.dashboard_hangs = True
        bench.submit(move("m1", *AWAY, speed=10))
        bench.wait(1.5)
        asked_s = bench.now_s
        assert isinstance(bench.finish(StopMotion(command_id="s1")), CommandDone)
        assert bench.now_s - asked_s < 0.3
        bench.until(lambda: bench.standing() == {"cobot.dashboard_silent"}, limit_s=4.0)
        assert isinstance(bench.finish(move("m2", *HOME)), CommandDone)
        bench.controller.dashboard_hangs = False
        bench.until(lambda: not bench.standing(), limit_s=4.0)
