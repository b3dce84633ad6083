"""Power, free drive, gripper, tool frame and lamp: confirmed by what the arm says afterwards, sent once."""

import math

import pytest
from cobot_rig import CobotRig, move, rig

from drivers.api import (
    ClearStop,
    CobotStatus,
    Command,
    CommandDone,
    CommandFailed,
    DeviceHealth,
    Disconnected,
    FreeDrive,
    MoveGripper,
    Outcome,
    PowerOff,
    SetColour,
    SetToolFrame,
)
from drivers.cobot.mycobot280.protocol import Cmd, request

TARGET = (40.0, -20.0, 30.0, 0.0, 5.0, -45.0)


def listened(bench: CobotRig, monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """All bytes that the arm hears from now on."""
    heard: list[bytes] = []
    received = bench.simulator.received

    def listen(data: bytes, now_s: float) -> None:
        heard.append(data)
        received(data, now_s)

    monkeypatch.setattr(bench.simulator, "received", listen)
    return heard


def standing(bench: CobotRig) -> set[str]:
    """Codes that stand now."""
    codes: set[str] = set()
    for note in bench.seen(DeviceHealth):
        if note.standing is not None:
            (codes.add if note.standing else codes.discard)(note.code)
    return codes


@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_power_goes_off_and_comes_back_without_a_joint_moving(ack: str) -> None:
    """It should refuse motion without power, take the power back when a person says so, and move again."""
    with rig(ack=ack, angles_deg=TARGET) as bench:
        bench.connect()
        assert isinstance(bench.finish(PowerOff(command_id="off")), CommandDone)
        assert not bench.simulator.powered
        bench.until(lambda: standing(bench) == {"cobot.not_powered"}, limit_s=1.0)
        bench.simulator.push(2, 12.0)
        bench.wait(0.3)
        refused = bench.finish(move("m1", *TARGET))
        assert isinstance(refused, CommandFailed)
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "cobot.not_powered")
        here = bench.simulator.angles_deg
        assert isinstance(bench.finish(ClearStop(command_id="clear")), CommandDone)
        assert bench.simulator.powered
        bench.wait(1.0)
        assert standing(bench) == set()
        assert bench.simulator.angles_deg == here
        assert bench.simulator.motions == []
        assert isinstance(bench.finish(move("m2", *TARGET)), CommandDone)


def test_clearing_sends_each_thing_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should clear, switch on, and give torque to each servo, once, although every third answer is lost."""
    with rig() as bench:
        bench.connect()
        bench.finish(PowerOff(command_id="off"))
        bench.simulator.fail("intermittent")
        heard = listened(bench, monkeypatch)
        assert isinstance(bench.finish(ClearStop(command_id="clear")), CommandDone)
        bench.wait(0.5)
        data = b"".join(heard)
        once = [request(Cmd.CLEAR_ERROR), request(Cmd.POWER_ON)]
        once += [request(Cmd.POWER_ON_SERVO, joint) for joint in range(1, 7)]
        assert [data.count(frame) for frame in once] == [1] * 8


def test_clearing_while_the_emergency_stop_is_pressed() -> None:
    """It should say that the arm does not become ready, and name the button."""
    for ack in ("modern", "legacy"):
        with rig(ack=ack) as bench:
            bench.connect()
            bench.simulator.arm.emergency_stop(True)
            end = bench.finish(ClearStop(command_id="clear"))
            assert isinstance(end, CommandFailed)
            assert end.outcome is Outcome.UNKNOWN
            assert end.code == ("cobot.refused" if ack == "modern" else "cobot.not_confirmed")
            assert "emergency stop button" in end.detail


@pytest.mark.parametrize("ack", ["modern", "legacy"])
@pytest.mark.parametrize("error", [2, 3])
def test_clearing_is_not_done_while_a_servo_stays_broken(ack: str, error: int) -> None:
    """It should not call an arm ready whose servo still reports a fault, whether it has torque or not."""
    with rig(ack=ack) as bench:
        bench.connect()
        bench.simulator.arm.break_servo(3, error)
        bench.wait(1.0)
        end = bench.finish(ClearStop(command_id="clear"))
        assert isinstance(end, CommandFailed)
        assert end.outcome is Outcome.UNKNOWN
        assert end.code == ("cobot.refused" if (ack, error) == ("modern", 3) else "cobot.not_confirmed")
        bench.simulator.arm.break_servo(3, 0)
        assert isinstance(bench.finish(ClearStop(command_id="again")), CommandDone)


def test_clearing_is_not_done_while_a_servo_takes_no_torque() -> None:
    """It should not call an arm ready of which one joint hangs loose, although no error number tells."""
    with rig(ack="legacy") as bench:
        bench.connect()
        bench.simulator.arm.heat(6, 90.0)
        end = bench.finish(ClearStop(command_id="clear"))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.not_confirmed")
        assert "are all servos enabled" in end.detail


def test_clearing_is_not_done_while_the_error_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should not call an arm ready that reports a collision after it was told to forget it."""
    with rig() as bench:
        bench.connect()
        bench.simulator.arm.error = 16
        monkeypatch.setattr(bench.simulator.arm, "clear_error", lambda: True)
        end = bench.finish(ClearStop(command_id="clear"))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.not_confirmed")
        assert "error information: 16" in end.detail


@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_free_drive_by_hand_and_back(ack: str) -> None:
    """It should let a person move the arm, and hold it where it was left and not where it was before."""
    with rig(ack=ack, angles_deg=TARGET) as bench:
        bench.connect()
        assert isinstance(bench.finish(FreeDrive(command_id="on", on=True)), CommandDone)
        bench.until(lambda: "cobot.free_drive" in standing(bench), limit_s=1.0)
        refused = bench.finish(move("m1", *TARGET))
        assert isinstance(refused, CommandFailed)
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "cobot.free_drive")
        for _ in range(30):
            bench.simulator.push(1, 1.0)
            bench.wait(0.05)
        left = bench.simulator.angles_deg
        assert left[0] == pytest.approx(TARGET[0] + 30)
        assert isinstance(bench.finish(FreeDrive(command_id="off", on=False)), CommandDone)
        bench.wait(1.0)
        assert bench.simulator.angles_deg == left
        assert standing(bench) == set()
        assert bench.simulator.motions == []


def test_an_arm_that_moves_when_it_takes_hold_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should stop an arm that turns to an old target although it was to hold, and say so."""
    with rig(angles_deg=TARGET) as bench:
        bench.connect()
        bench.finish(FreeDrive(command_id="on", on=True))
        bench.simulator.push(1, 60.0)
        bench.wait(1.0)
        # This firmware forgets nothing at a stop: while it is limp the target stays.
        stop = bench.simulator.arm.joints.stop
        monkeypatch.setattr(bench.simulator.arm.joints, "stop", lambda: None)
        bench.submit(FreeDrive(command_id="off", on=False))
        bench.wait(0.05)
        monkeypatch.setattr(bench.simulator.arm.joints, "stop", stop)
        bench.until(lambda: bench.end_of("off"), limit_s=2.0)
        bench.until(lambda: not bench.simulator.moving, limit_s=1.0)
        assert bench.simulator.angles_deg[0] > TARGET[0] + 30


def test_a_free_arm_can_be_cleared() -> None:
    """It should hold the arm again and end free drive when a person clears it."""
    with rig() as bench:
        bench.connect()
        bench.finish(FreeDrive(command_id="on", on=True))
        bench.simulator.push(1, 25.0)
        bench.wait(1.0)
        assert isinstance(bench.finish(ClearStop(command_id="clear")), CommandDone)
        bench.wait(1.0)
        assert standing(bench) == set()
        assert bench.simulator.angles_deg[0] == pytest.approx(25.0)


def test_switching_waits_for_the_end_of_a_motion() -> None:
    """It should refuse to let the arm go, or to clear it, while it moves; power off stops it first."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *TARGET, speed=10))
        bench.wait(0.3)
        commands: tuple[Command, ...] = (
            FreeDrive(command_id="free", on=True),
            ClearStop(command_id="clear"),
            SetToolFrame(command_id="tool", at_mm=(0, 0, 50)),
        )
        for command in commands:
            end = bench.finish(command)
            assert isinstance(end, CommandFailed)
            assert (end.outcome, end.code) == (Outcome.REFUSED, "cobot.busy")
        assert isinstance(bench.finish(PowerOff(command_id="off")), CommandDone)
        failed = bench.end_of("m1")
        assert isinstance(failed, CommandFailed)
        assert (failed.outcome, failed.code) == (Outcome.UNKNOWN, "cobot.interrupted")


def test_a_motion_waits_for_the_end_of_switching() -> None:
    """It should refuse to move an arm that is being cleared, and to let one go that has no power."""
    with rig() as bench:
        bench.connect()
        bench.submit(ClearStop(command_id="clear"))
        bench.tick()
        early = bench.finish(move("m1", *TARGET))
        assert isinstance(early, CommandFailed)
        assert (early.outcome, early.code) == (Outcome.REFUSED, "cobot.busy")
        bench.until(lambda: bench.end_of("clear"))
        bench.finish(PowerOff(command_id="off"))
        for command in (FreeDrive(command_id="free", on=True), MoveGripper(command_id="g", open_percent=0)):
            end = bench.finish(command)
            assert isinstance(end, CommandFailed)
            assert (end.outcome, end.code) == (Outcome.REFUSED, "cobot.not_powered")


@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_the_gripper(ack: str) -> None:
    """It should be done when the fingers are there and rest, and say how far they are open."""
    with rig(ack=ack) as bench:
        bench.connect()
        begun_s = bench.now_s
        end = bench.finish(MoveGripper(command_id="g", open_percent=20, speed_percent=50))
        assert isinstance(end, CommandDone)
        assert bench.now_s - begun_s > 80 / 60
        assert not bench.simulator.arm.gripper.moving
        bench.until(lambda: bench.seen(CobotStatus)[-1].gripper_percent == 20, limit_s=6.0)


def test_a_gripper_that_holds_something() -> None:
    """It should not claim to know that the gripper is closed when it stands half open, and tell where it stands."""
    with rig() as bench:
        bench.connect()
        bench.simulator.arm.gripper.holds_percent = 42.0
        end = bench.finish(MoveGripper(command_id="g", open_percent=0, speed_percent=100))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.gripper")
        assert bench.end_of("g") is end


def test_one_gripper_command_at_a_time() -> None:
    """It should refuse a second one while the fingers move, and send the first one once."""
    with rig() as bench:
        bench.connect()
        bench.submit(MoveGripper(command_id="a", open_percent=0))
        bench.wait(0.1)
        end = bench.finish(MoveGripper(command_id="b", open_percent=100))
        assert isinstance(end, CommandFailed)
        assert end.code == "cobot.busy"
        bench.until(lambda: bench.end_of("a"))
        assert bench.simulator.arm.gripper.open_percent == 0


@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_a_tool_frame_is_read_back_and_kept_over_a_restart_of_the_arm(ack: str) -> None:
    """It should have the arm compute the tip, show the flange all the same, and tell an arm that has forgotten it."""
    with rig(ack=ack, angles_deg=TARGET) as bench:
        bench.connect()
        plain = bench.simulator.arm.coords
        end = bench.finish(SetToolFrame(command_id="t", at_mm=(0, 0, 60.5), rpy_deg=(0, 0, 45)))
        assert isinstance(end, CommandDone)
        assert bench.simulator.arm.at_tip
        assert math.dist(bench.simulator.arm.coords[:3], plain[:3]) == pytest.approx(60.5)
        bench.wait(12.0)
        assert bench.seen(CobotStatus)[-1].flange == pytest.approx(plain, abs=0.3)
        assert standing(bench) == set()
        bench.events.clear()
        bench.simulator.restart()
        bench.wait(1.0)
        bench.connect()
        assert bench.simulator.arm.at_tip
        assert bench.simulator.arm.tool[2] == 60.5
        assert isinstance(bench.finish(SetToolFrame(command_id="none", at_mm=(0, 0, 0))), CommandDone)
        assert not bench.simulator.arm.at_tip


def test_a_tool_frame_that_the_arm_does_not_take(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should not call a tool frame set that reads back otherwise."""
    with rig() as bench:
        bench.connect()
        deaf = property(lambda arm: (0.0,) * 6, lambda arm, value: None)
        monkeypatch.setattr(type(bench.simulator.arm), "tool", deaf, raising=False)
        end = bench.finish(SetToolFrame(command_id="t", at_mm=(0, 0, 60)))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.not_confirmed")


def test_power_off_takes_the_place_of_clearing() -> None:
    """It should not wait for another switching, nor let that switch the power on again afterwards."""
    with rig() as bench:
        bench.connect()
        bench.finish(PowerOff(command_id="first"))
        bench.submit(ClearStop(command_id="clear"))
        bench.tick()
        assert isinstance(bench.finish(PowerOff(command_id="off")), CommandDone)
        end = bench.end_of("clear")
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.interrupted")
        bench.wait(2.0)
        assert not bench.simulator.powered
        assert not any(bench.simulator.arm.enabled)


def test_the_line_is_lost_while_the_gripper_moves() -> None:
    """It should fail it as unknown, before it says that the arm is gone."""
    with rig() as bench:
        bench.connect()
        bench.submit(MoveGripper(command_id="g", open_percent=0))
        bench.wait(0.3)
        bench.port.unplug()
        bench.wait(0.1)
        end = bench.end_of("g")
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "link.lost")
        assert bench.events.index(end) < bench.events.index(bench.seen(Disconnected)[0])


def test_colours_that_follow_each_other_closely() -> None:
    """It should show the last one and end each, although a gripper moves at the same time."""
    with rig() as bench:
        bench.connect()
        bench.submit(MoveGripper(command_id="g", open_percent=0))
        for number in range(5):
            bench.submit(SetColour(command_id=f"c{number}", rgb=(number, 0, 0)))
        bench.wait(0.3)
        assert all(isinstance(bench.end_of(f"c{number}"), CommandDone) for number in range(5))
        assert bench.simulator.colour == (4, 0, 0)


def test_a_colour_that_is_never_acknowledged() -> None:
    """It should say within a second that it does not know whether the lamp shows it."""
    with rig() as bench:
        bench.connect()
        bench.simulator.answers.mute = True
        end = bench.finish(SetColour(command_id="c", rgb=(1, 2, 3)), limit_s=1.0)
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.no_answer")


def test_values_out_of_range_reach_no_arm() -> None:
    """It should refuse what no gripper and no tool can be told."""
    with rig() as bench:
        bench.connect()
        wrong: tuple[Command, ...] = (
            MoveGripper(command_id="a", open_percent=101),
            MoveGripper(command_id="b", open_percent=50, speed_percent=0),
            SetToolFrame(command_id="c", at_mm=(0, 0, 501)),
            SetToolFrame(command_id="d", at_mm=(0, 0, float("nan"))),
            SetToolFrame(command_id="e", at_mm=(0, 0, 0), rpy_deg=(0, 181, 0)),
        )
        for command in wrong:
            end = bench.finish(command)
            assert isinstance(end, CommandFailed)
            assert (end.outcome, end.code) == (Outcome.REFUSED, "driver.command")


def test_nothing_but_a_stop_or_a_limit_is_taken_before_the_greeting_has_ended() -> None:
    """It should refuse everything else, and say that it is too early."""
    with rig() as bench:
        bench.tick()
        end = bench.finish(ClearStop(command_id="c"), limit_s=0.1)
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.REFUSED, "cobot.not_ready")
