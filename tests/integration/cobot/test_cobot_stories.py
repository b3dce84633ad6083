"""The myCobot driver against the simulated arm, byte for byte, in handed-in time."""

import pytest
from cobot_rig import move, rig

from drivers.api import (
    CobotPosture,
    CommandDone,
    CommandFailed,
    DeviceHealth,
    DisarmTool,
    Disconnected,
    Outcome,
    SetColour,
    StopMotion,
)
from drivers.api import Connected as ConnectedEvent
from drivers.cobot.mycobot280.protocol import Cmd, acknowledgement, reply, request

TARGET = (40.0, -20.0, 30.0, 0.0, 5.0, -45.0)


@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_it_greets_the_arm_and_finds_out_its_dialect(ack: str) -> None:
    """It should switch the servos on, read the limits and the firmware, and know whether commands are echoed."""
    with rig(ack=ack, powered=False) as bench:
        bench.connect()
        identity = bench.seen(ConnectedEvent)[0].identity
        assert identity["firmware"] == "7.3"
        assert identity["dialect"] == ack
        assert identity["joint_limits_deg"].startswith("-168..168, -135..135")
        assert bench.simulator.powered


@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_a_motion_ends_when_the_arm_stands_at_its_target(ack: str) -> None:
    """It should report the end of a motion only once the arm is there and at rest, and postures on the way."""
    with rig(ack=ack) as bench:
        bench.connect()
        assert isinstance(bench.finish(move("m1", *TARGET)), CommandDone)
        assert bench.simulator.angles_deg == pytest.approx(TARGET)
        assert not bench.simulator.moving
        on_the_way = [p for p in bench.seen(CobotPosture) if p.moving and 2 < p.angles_deg[0] < 38]
        assert len(on_the_way) >= 3


def test_a_motion_to_where_the_arm_already_stands_ends_at_once() -> None:
    """It should not wait for movement that nobody needs."""
    with rig(angles_deg=TARGET) as bench:
        bench.connect()
        assert isinstance(bench.finish(move("m1", *TARGET), limit_s=0.5), CommandDone)


def test_motion_bytes_leave_exactly_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should never repeat a motion, also when the arm loses every third answer."""
    with rig() as bench:
        bench.connect()
        sent: list[bytes] = []
        received = bench.simulator.received

        def listen(data: bytes, now_s: float) -> None:
            sent.append(data)
            received(data, now_s)

        monkeypatch.setattr(bench.simulator, "received", listen)
        bench.simulator.fail("intermittent")
        assert isinstance(bench.finish(move("m1", *TARGET)), CommandDone)
        assert b"".join(sent).count(request(Cmd.SEND_ANGLES, *TARGET, 50)) == 1


def test_a_stop_in_mid_motion() -> None:
    """It should stop the arm far from its target, fail the motion as unknown, and end the stop when the arm rests."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", 150, 0, 0, 0, 0, 0, speed=40))
        bench.until(lambda: bench.simulator.angles_deg[0] > 20)
        end = bench.finish(StopMotion(command_id="s1"), limit_s=1.5)
        assert isinstance(end, CommandDone)
        assert not bench.simulator.moving
        assert bench.simulator.angles_deg[0] < 60
        failed = bench.end_of("m1")
        assert isinstance(failed, CommandFailed)
        assert (failed.outcome, failed.code) == (Outcome.UNKNOWN, "cobot.interrupted")


def test_a_stop_of_an_arm_that_rests_is_done_at_once() -> None:
    """It should ask first of all whether the arm rests, by a question that is later than the stop."""
    with rig() as bench:
        bench.connect()
        for number in range(20):
            bench.wait(0.01 * number)
            assert isinstance(bench.finish(StopMotion(command_id=f"s{number}"), limit_s=0.08), CommandDone)


def test_a_stop_does_not_wait_for_the_answer_to_a_question() -> None:
    """It should put the stop on the wire in the same turn, while a question is open."""
    with rig(reply_s=0.15) as bench:
        bench.connect()
        bench.submit(move("m1", 150, 0, 0, 0, 0, 0))
        bench.until(lambda: bench.simulator.angles_deg[0] > 5)
        link = bench.owner.link
        assert link is not None
        before = link.bytes_out
        bench.submit(StopMotion(command_id="s1"))
        bench.owner.pump(bench.now_s)
        assert link.bytes_out >= before + len(request(Cmd.STOP))


def test_a_stop_overtakes_a_motion_that_has_not_left_yet() -> None:
    """It should not let a motion leave after the stop that was meant for it."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *TARGET))
        bench.submit(StopMotion(command_id="s1"))
        bench.until(lambda: bench.end_of("s1"))
        failed = bench.end_of("m1")
        assert isinstance(failed, CommandFailed)
        assert failed.outcome is Outcome.REFUSED
        assert bench.simulator.angles_deg == (0.0,) * 6


def test_a_second_motion_has_to_wait() -> None:
    """It should refuse a motion while another one runs, and leave that one alone."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *TARGET))
        bench.wait(0.1)
        refused = bench.finish(move("m2", 0, 0, 0, 0, 0, 0))
        assert isinstance(refused, CommandFailed)
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "cobot.busy")
        bench.until(lambda: bench.end_of("m1"))
        assert isinstance(bench.end_of("m1"), CommandDone)


def test_permission_to_move_expires() -> None:
    """It should stop the arm by itself when nobody renews the lease."""
    with rig() as bench:
        bench.connect()
        bench.lease = False
        end = bench.finish(move("m1", 150, 0, 0, 0, 0, 0, speed=40), limit_s=0.5)
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.lease_expired")
        bench.until(lambda: not bench.simulator.moving, limit_s=1.0)
        assert bench.simulator.angles_deg[0] < 60


def test_the_limits_are_those_of_this_arm() -> None:
    """It should refuse what this arm does not allow, whatever the data sheet says, and send nothing."""
    narrow = ((-90.0, 90.0),) + ((-100.0, 100.0),) * 5
    with rig(limits_deg=narrow) as bench:
        bench.connect()
        end = bench.finish(move("m1", 95, 0, 0, 0, 0, 0))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.REFUSED, "cobot.joint_limit")
        bench.wait(0.3)
        assert not bench.simulator.moving


def test_commands_that_no_arm_should_get() -> None:
    """It should refuse impossible commands, and those of another device."""
    with rig() as bench:
        bench.connect()
        wrong = (
            move("a", 1, 2, 3),
            move("b", float("nan"), 0, 0, 0, 0, 0),
            move("c", *TARGET, speed=0),
            move("d", *TARGET, lease_s=0),
            SetColour(command_id="e", rgb=(0, 0, 256)),
            DisarmTool(command_id="f"),
        )
        for command in wrong:
            end = bench.finish(command)
            assert isinstance(end, CommandFailed)
            assert (end.outcome, end.code) == (Outcome.REFUSED, "driver.command")


@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_the_lamp(ack: str) -> None:
    """It should show a colour in both dialects."""
    with rig(ack=ack) as bench:
        bench.connect()
        assert isinstance(bench.finish(SetColour(command_id="c", rgb=(0, 128, 255))), CommandDone)
        bench.wait(0.1)
        assert bench.simulator.colour == (0, 128, 255)


def test_an_arm_that_accepts_and_does_not_move() -> None:
    """It should notice within two seconds that nothing moves, and not claim to know the outcome."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail("stuck")
        end = bench.finish(move("m1", *TARGET), limit_s=2.0)
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.no_motion")


def test_an_arm_that_reports_a_wrong_position() -> None:
    """It should not call a motion done whose reported end is not the target."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail("wrong")
        end = bench.finish(move("m1", *TARGET))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.not_arrived")


def test_a_silent_arm_is_gone_and_comes_back() -> None:
    """It should fail what is in flight, say once that the arm is gone, and greet it again when it answers."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", 150, 0, 0, 0, 0, 0, speed=10))
        bench.wait(0.3)
        bench.simulator.fail("off")
        bench.until(lambda: bench.seen(Disconnected), limit_s=2.0)
        failed = bench.end_of("m1")
        assert isinstance(failed, CommandFailed)
        assert (failed.outcome, failed.code) == (Outcome.UNKNOWN, "link.lost")
        bench.wait(10.0)
        assert len(bench.seen(Disconnected)) == 1
        bench.simulator.fail("ok")
        bench.until(lambda: len(bench.seen(ConnectedEvent)) == 2, limit_s=5.0)
        assert isinstance(bench.finish(move("m2", *TARGET)), CommandDone)


def test_an_unplugged_arm() -> None:
    """It should refuse commands while there is no line, stop the arm first of all on the next one, and go on."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", 150, 0, 0, 0, 0, 0, speed=10))
        bench.wait(0.5)
        bench.port.unplug()
        bench.until(lambda: bench.seen(Disconnected), limit_s=0.5)
        refused = bench.finish(SetColour(command_id="c", rgb=(1, 2, 3)))
        assert isinstance(refused, CommandFailed)
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "link.down")
        assert bench.simulator.moving
        bench.port.plug_in()
        bench.until(lambda: len(bench.seen(ConnectedEvent)) == 2, limit_s=5.0)
        assert not bench.simulator.moving
        assert bench.simulator.angles_deg[0] < 60
        assert len(bench.seen(Disconnected)) == 1


def test_an_arm_that_was_never_there_is_told_once() -> None:
    """It should say once that there is no line, and find the arm when it is plugged in."""
    with rig() as bench:
        bench.port.unplug()
        bench.wait(6.0)
        assert len(bench.seen(Disconnected)) == 1
        bench.port.plug_in()
        bench.connect()


def test_answers_that_come_very_late() -> None:
    """It should neither lose the arm nor take an old answer for a new one: a stop ends after the arm really rests."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail("delayed")
        bench.wait(1.0)
        bench.submit(move("m1", 150, 0, 0, 0, 0, 0, speed=40))
        bench.wait(0.25)
        bench.submit(StopMotion(command_id="s1"))
        bench.until(lambda: bench.end_of("s1"), limit_s=4.0)
        assert not bench.simulator.moving
        assert not bench.seen(Disconnected)
        assert any(event.code == "cobot.slow_answers" for event in bench.seen(DeviceHealth))


@pytest.mark.parametrize("word", ["slow", "intermittent"])
def test_a_bad_line_does_not_hinder_a_motion(word: str) -> None:
    """It should get through with bytes 5 ms apart, and with every third answer lost."""
    with rig() as bench:
        bench.simulator.fail(word)
        bench.connect()
        assert isinstance(bench.finish(move("m1", *TARGET)), CommandDone)
        assert not bench.seen(Disconnected)


def test_spoilt_answers_never_make_a_motion_done_that_is_not() -> None:
    """It should report noise, and call no motion done before the arm is there."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail("garbage")
        bench.submit(move("m1", *TARGET, speed=20))
        bench.until(lambda: bench.end_of("m1"), limit_s=30.0)
        if isinstance(bench.end_of("m1"), CommandDone):
            assert bench.simulator.angles_deg == pytest.approx(TARGET, abs=1.5)
        assert any(event.code == "cobot.noise" for event in bench.seen(DeviceHealth))


def test_noise_and_unasked_frames_are_harmless() -> None:
    """It should take answers that nobody asked for, boot text and servo-bus bytes for what they are."""
    with rig() as bench:
        bench.connect()
        far = bench.port.link
        assert far is not None
        bench.submit(move("m1", *TARGET, speed=30))
        for _ in range(20):
            far.write(bytes.fromhex("FF FF 01 04 FE") + b"cmd_len error\r\n" + reply(Cmd.GET_COORDS, 1, 2, 3, 4, 5, 6))
            far.write(acknowledgement(0x99, True) + acknowledgement(Cmd.STOP, True))
            bench.tick()
        bench.until(lambda: bench.end_of("m1"))
        assert isinstance(bench.end_of("m1"), CommandDone)
        noise = [event for event in bench.seen(DeviceHealth) if event.code == "cobot.noise"]
        assert 1 <= len(noise) <= 3


@pytest.mark.parametrize("speed", [10, 30, 60, 100])
def test_an_arm_that_claims_the_target_without_moving(speed: int) -> None:
    """It should not believe an arm that is at its target before it can have travelled there."""
    with rig() as bench:
        bench.connect()
        bench.simulator.arm.ignores_motion = True
        end = bench.finish(move("m1", 60.0, 0, 0, 0, 0, 0, speed=speed), limit_s=2.0)
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.no_motion")
        assert bench.simulator.angles_deg == (0.0,) * 6


def test_device_errors_are_told_in_words() -> None:
    """It should name the joint when another client has run the arm into its limit."""
    with rig() as bench:
        bench.connect()
        bench.simulator.received(request(Cmd.SEND_ANGLE, 2, 179.0, 20), bench.now_s)
        bench.wait(3.0)
        errors = [event for event in bench.seen(DeviceHealth) if event.code == "cobot.device_error"]
        assert len(errors) == 1
        assert "joint 2 is at its limit" in errors[0].detail


def test_an_arm_whose_servos_went_off_refuses() -> None:
    """It should find out why the arm refuses, and say that nothing happened."""
    with rig() as bench:
        bench.connect()
        bench.simulator.received(request(Cmd.POWER_OFF), bench.now_s)
        end = bench.finish(move("m1", *TARGET))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.REFUSED, "cobot.not_powered")


def test_closing_fails_what_is_in_flight() -> None:
    """It should leave no command without an end when the station goes down."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *TARGET))
        bench.wait(0.2)
        bench.submit(SetColour(command_id="c", rgb=(1, 2, 3)))
        bench.owner.close()
        ends = [bench.end_of("m1"), bench.end_of("c")]
        assert [end.outcome for end in ends if isinstance(end, CommandFailed)] == [Outcome.UNKNOWN, Outcome.REFUSED]


def test_it_leaves_the_firmware_time() -> None:
    """It should ask less than 50 times a second, and hear of the posture at least ten times, moving or not."""
    with rig() as bench:
        bench.connect()
        for targets in ((), TARGET):
            if targets:
                bench.submit(move("m1", *TARGET, speed=10))
            heard, postures = bench.simulator.heard, len(bench.seen(CobotPosture))
            bench.wait(2.0)
            assert 60 <= bench.simulator.heard - heard < 100
            assert len(bench.seen(CobotPosture)) - postures >= 20
