"""What happens to a bench: each trouble is told within a second, names what to look at, and needs no new driver.

In every story the targets that the arm has heard are counted: none comes twice, and none after the trouble.
"""

from collections.abc import Iterator
from contextlib import closing, contextmanager

import pytest
from cobot_rig import CobotRig, move, rig

from drivers.api import (
    ClearStop,
    CobotStatus,
    CommandDone,
    CommandFailed,
    Connected,
    DeviceHealth,
    Disconnected,
    DriverEvent,
    Outcome,
    StopMotion,
)
from drivers.cobot.mycobot280.driver import MyCobot280
from drivers.cobot.mycobot280.protocol import Cmd, request
from drivers.link import DescriptorLink, PtyPair, open_link
from drivers.session import PortOwner
from drivers.simulated_line import LockStep

FAR = (150.0, 0.0, 0.0, 0.0, 0.0, 0.0)
BACK = (0.0, -20.0, 30.0, 0.0, 5.0, -45.0)


@contextmanager
def under_way(**simulator: object) -> Iterator[CobotRig]:
    """An arm on a long way; at the end no target may have come twice."""
    with rig(**simulator) as bench:
        bench.connect()
        bench.submit(move("m1", *FAR, speed=20))
        bench.until(lambda: bench.simulator.angles_deg[0] > 15)
        bench.simulator.stops = 0
        yield bench
        assert len(bench.simulator.motions) == len(set(bench.simulator.motions))


def note(bench: CobotRig, code: str) -> DeviceHealth | None:
    """The last note with this code."""
    return next((event for event in reversed(bench.seen(DeviceHealth)) if event.code == code), None)


def told(bench: CobotRig, code: str, *words: str, limit_s: float = 1.0) -> None:
    """The note comes in time, stops, and has these words."""
    bench.until(lambda: (last := note(bench, code)) is not None and last.standing, limit_s)
    last = note(bench, code)
    assert last is not None
    assert last.stops
    for word in words:
        assert word in last.detail


def failed(bench: CobotRig, code: str, command_id: str = "m1") -> None:
    end = bench.end_of(command_id)
    assert isinstance(end, CommandFailed)
    assert (end.outcome, end.code) == (Outcome.UNKNOWN, code)
    if code != "link.lost":
        bench.tick()
        assert bench.simulator.stops, "a motion that has failed is stopped"


def goes_on(bench: CobotRig) -> None:
    """The same driver takes a motion again, and what was told has ended."""
    heard = len(bench.simulator.motions)
    assert isinstance(bench.finish(move("m2", *BACK)), CommandDone)
    assert len(bench.simulator.motions) > heard
    standing = {event.code: event.standing for event in bench.seen(DeviceHealth) if event.standing is not None}
    assert not any(standing.values())


def quiet(bench: CobotRig, duration_s: float = 2.0) -> None:
    """No target is sent by itself."""
    heard = len(bench.simulator.motions)
    bench.wait(duration_s)
    assert len(bench.simulator.motions) == heard


def test_the_emergency_stop_button() -> None:
    """It should fail the motion for want of power, name the button, and go on after a person has cleared it."""
    with under_way() as bench:
        bench.simulator.arm.emergency_stop(True)
        told(bench, "cobot.not_powered", "emergency stop button", "power plug")
        failed(bench, "cobot.not_powered")
        quiet(bench)
        assert not bench.seen(CobotStatus)[-1].ready
        assert note(bench, "cobot.servo_error") is None
        bench.simulator.arm.emergency_stop(False)
        quiet(bench)
        assert not bench.simulator.powered
        assert isinstance(bench.finish(ClearStop(command_id="c")), CommandDone)
        bench.wait(0.5)
        assert bench.seen(CobotStatus)[-1].ready
        goes_on(bench)


def test_a_collision() -> None:
    """It should fail the motion for the collision, stop, and refuse motion until it is cleared."""
    with under_way() as bench:
        bench.simulator.obstruct(1, 30.0)
        told(bench, "cobot.servo_error", "collision", "clear the stop", limit_s=3.0)
        failed(bench, "cobot.servo_error")
        assert bench.simulator.angles_deg[0] == pytest.approx(30.0)
        quiet(bench)
        refused = bench.finish(move("m3", *BACK))
        assert isinstance(refused, CommandFailed)
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "cobot.servo_error")
        bench.simulator.clear_way()
        bench.finish(ClearStop(command_id="c"))
        bench.wait(0.5)
        goes_on(bench)


@pytest.mark.parametrize("error", [1, 2, 3])
@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_a_servo_error(error: int, ack: str) -> None:
    """It should name the joint, fail the motion for it, and go on when the servo is mended and cleared."""
    with under_way(ack=ack) as bench:
        begun_s = bench.now_s
        bench.simulator.arm.break_servo(4, error)
        told(bench, "cobot.servo_error", "joint 4")
        assert bench.now_s - begun_s <= 1.0
        failed(bench, "cobot.servo_error")
        quiet(bench)
        bench.simulator.arm.break_servo(4, 0)
        bench.finish(ClearStop(command_id="c"))
        bench.wait(0.7)
        goes_on(bench)


def test_an_overheated_servo() -> None:
    """It should warn while a servo is hot, and stop when it lets go."""
    with under_way() as bench:
        bench.simulator.arm.heat(2, 68.0)
        bench.until(lambda: note(bench, "cobot.hot"), limit_s=10.0)
        warning = note(bench, "cobot.hot")
        assert warning is not None
        assert warning.standing
        assert not warning.stops
        assert "joint 2" in warning.detail
        assert bench.end_of("m1") is None or isinstance(bench.end_of("m1"), CommandDone)
        bench.simulator.arm.heat(2, 80.0)
        told(bench, "cobot.servo_error", "switched off (temperature)")
        bench.simulator.arm.heat(2, 40.0)
        bench.finish(ClearStop(command_id="c"))
        bench.wait(10.0)
        last = note(bench, "cobot.hot")
        assert last is not None
        assert last.standing is False


def test_servos_that_report_trouble_and_go_on() -> None:
    """It should warn of an overload that stops nothing, and end the warning with it."""
    with under_way() as bench:
        bench.simulator.arm.overloaded = True
        bench.until(lambda: note(bench, "cobot.servo_status"), limit_s=10.0)
        bench.simulator.arm.overloaded = False
        bench.until(lambda: (last := note(bench, "cobot.servo_status")) and last.standing is False, limit_s=10.0)
        bench.until(lambda: bench.end_of("m1"))
        assert isinstance(bench.end_of("m1"), CommandDone)


def test_a_released_servo() -> None:
    """It should notice a single servo without torque, which no error number tells."""
    with under_way() as bench:
        bench.simulator.received(request(Cmd.RELEASE_SERVO, 5), bench.now_s)
        told(bench, "cobot.servo_error", "switched off")
        failed(bench, "cobot.servo_error")


def test_somebody_else_lets_the_arm_go() -> None:
    """It should end the motion when the arm is in free mode all of a sudden."""
    with under_way() as bench:
        bench.simulator.received(request(Cmd.SET_FREE_MODE, 1), bench.now_s)
        told(bench, "cobot.free_drive", "free drive")
        failed(bench, "cobot.free_drive")
        quiet(bench)


def test_a_single_disturbed_answer_stops_nothing() -> None:
    """It should believe no flag that only one read has told."""
    with under_way() as bench:
        for cmd, values in (
            (Cmd.IS_POWERED_ON, (0,)),
            (Cmd.IS_FREE_MODE, (1,)),
            (Cmd.ERROR_INFORMATION, (17,)),
            (Cmd.READ_NEXT_ERROR, (0, 0, 3, 0, 0, 0)),
            (Cmd.ARE_ALL_SERVOS_ENABLED, (0,)),
            (Cmd.GET_SERVO_STATUS, (0, 0, 0, 0, 0, 1)),
        ):
            bench.simulator.disturb(cmd, *values)
            bench.wait(1.0)
        assert not any(event.stops for event in bench.seen(DeviceHealth))
        bench.until(lambda: bench.end_of("m1"))
        assert isinstance(bench.end_of("m1"), CommandDone)


def test_the_cable_is_pulled() -> None:
    """It should name the cable at once, fail the motion before it says that the arm is gone, and stop it on return."""
    with under_way() as bench:
        bench.port.unplug()
        bench.until(lambda: bench.seen(Disconnected), limit_s=0.1)
        assert "cable" in bench.seen(Disconnected)[0].reason
        failed(bench, "link.lost")
        kinds = [type(event) for event in bench.events]
        assert kinds.index(CommandFailed) < kinds.index(Disconnected)
        bench.wait(0.5)
        bench.port.plug_in()
        bench.until(lambda: len(bench.seen(Connected)) == 2, limit_s=5.0)
        assert not bench.simulator.moving
        assert bench.simulator.angles_deg[0] < 60
        quiet(bench)
        goes_on(bench)


def test_the_arm_is_switched_off() -> None:
    """It should say within a second that nothing answers, name cable and power, and greet it when it is on again."""
    with under_way() as bench:
        bench.simulator.fail("off")
        bench.until(lambda: bench.seen(Disconnected), limit_s=1.0)
        assert "check its cable and power" in bench.seen(Disconnected)[0].reason
        failed(bench, "link.lost")
        bench.wait(3.0)
        bench.simulator.fail("ok")
        bench.until(lambda: len(bench.seen(Connected)) == 2, limit_s=5.0)
        quiet(bench)
        goes_on(bench)


@pytest.mark.parametrize("boot_s", [0.3, 1.5, 4.0])
@pytest.mark.parametrize("ack", ["modern", "legacy"])
def test_the_arm_restarts(boot_s: float, ack: str) -> None:
    """It should notice that the arm has started anew, switch it on again without moving it, and say so once."""
    with under_way(ack=ack) as bench:
        begun_s = bench.now_s
        bench.simulator.restart(boot_s)
        bench.until(lambda: bench.seen(Disconnected), limit_s=1.0)
        assert bench.now_s - begun_s <= 1.0
        reason = bench.seen(Disconnected)[0].reason
        assert "power" in reason
        assert "emergency stop button" in reason or "cable" in reason
        failed(bench, "link.lost")
        bench.until(lambda: len(bench.seen(Connected)) == 2, limit_s=10.0)
        assert len(bench.seen(Disconnected)) == 1
        assert bench.simulator.powered
        quiet(bench)
        goes_on(bench)


@pytest.mark.parametrize("boot_s", [0.3, 1.5, 3.0])
def test_a_board_that_restarts_whenever_its_port_is_opened(boot_s: float) -> None:
    """It should be waited for on the line that is open: opening it once more would only start it once more."""
    with rig() as bench:
        opened = []
        connect = bench.port.connect

        def restarting() -> DescriptorLink:
            opened.append(bench.now_s)
            link = connect()
            bench.simulator.restart(boot_s)
            return link

        bench.owner.close()
        bench.owner = PortOwner(restarting, MyCobot280(), lambda: bench.now_s, bench.events.append)
        bench.step = LockStep([(bench.owner, bench.port)])
        bench.until(lambda: bench.seen(Connected), limit_s=boot_s + 2.0)
        assert len(opened) == 1
        goes_on(bench)


def test_a_line_on_which_nobody_ever_answers_is_opened_anew() -> None:
    """It should try another opening after a while: an adapter may be stuck."""
    with rig() as bench:
        bench.simulator.answers.mute = True
        bench.tick()
        first = bench.owner.link
        bench.wait(8.0)
        assert bench.owner.link is not first
        assert len(bench.seen(Disconnected)) == 1


def test_a_wrong_baud_rate_and_a_silent_arm_are_told_apart() -> None:
    """It should say within a second of opening the line which of both it is, and connect when it is put right."""
    for wrong, words in ((True, "set `baudrate` in [cobot]"), (False, "check its cable and power")):
        with rig() as bench:
            bench.simulator.answers.wrong_baud = wrong
            bench.simulator.answers.mute = not wrong
            bench.until(lambda bench=bench: bench.seen(Disconnected), limit_s=1.0)
            assert words in bench.seen(Disconnected)[0].reason
            assert ("baud" in bench.seen(Disconnected)[0].reason) is wrong
            bench.wait(5.0)
            assert len(bench.seen(Disconnected)) == 1
            bench.simulator.answers.wrong_baud = bench.simulator.answers.mute = False
            bench.connect()
            goes_on(bench)


def test_another_program_holds_the_port() -> None:
    """It should say so at once and what to do, and connect when that program is closed."""
    events: list[DriverEvent] = []
    now_s = 0.0
    with closing(PtyPair()) as pair:
        other = open_link(pair.path)
        owner = PortOwner(lambda: open_link(pair.path), MyCobot280(), lambda: now_s, events.append)
        owner.pump(now_s)
        assert isinstance(events[0], Disconnected)
        assert "another program holds the port" in events[0].reason
        assert "close it" in events[0].reason
        assert pair.path in events[0].reason
        other.close()
        now_s = 0.5
        owner.pump(now_s)
        assert owner.link is not None
        assert pair.far_end.read_available().startswith(request(Cmd.STOP))
        owner.close()


def test_an_arm_that_is_connected_while_its_emergency_stop_is_pressed() -> None:
    """It should connect, say that there is no power, and be cleared when the button is out."""
    with rig() as bench:
        bench.simulator.arm.emergency_stop(True)
        bench.connect()
        told(bench, "cobot.not_powered", "emergency stop button", limit_s=0.1)
        bench.simulator.arm.emergency_stop(False)
        assert isinstance(bench.finish(ClearStop(command_id="c")), CommandDone)
        bench.wait(0.5)
        goes_on(bench)


def test_an_arm_that_was_left_in_free_mode_or_with_an_error() -> None:
    """It should take no motion right from the start, and not even try."""
    for code in ("cobot.free_drive", "cobot.servo_error"):
        with rig(powered=True, ack="legacy") as bench:
            bench.simulator.arm.set_free(code == "cobot.free_drive")
            bench.simulator.arm.error = 0 if code == "cobot.free_drive" else 17
            bench.connect()
            refused = bench.finish(move("m1", *BACK))
            assert isinstance(refused, CommandFailed)
            assert (refused.outcome, refused.code) == (Outcome.REFUSED, code)
            assert bench.simulator.motions == []


def test_the_greeting_moves_nothing() -> None:
    """It should switch an arm on that sank to another posture than it was told last, and leave it there."""
    with rig(angles_deg=BACK) as bench:
        bench.simulator.push(2, -15.0)
        here = bench.simulator.angles_deg
        bench.connect()
        bench.wait(1.0)
        assert bench.simulator.powered
        assert bench.simulator.angles_deg == here
        assert bench.simulator.motions == []


def test_a_tool_frame_that_somebody_left_set() -> None:
    """It should tell that coordinates and angles do not belong together, and that it is so no longer."""
    with rig() as bench:
        bench.connect()
        tool, end_type = request(Cmd.SET_TOOL_REFERENCE, 0, 0, 80, 0, 0, 0), request(Cmd.SET_END_TYPE, 1)
        bench.simulator.received(tool + end_type, bench.now_s)
        bench.until(lambda: note(bench, "cobot.coords_differ"), limit_s=15.0)
        last = note(bench, "cobot.coords_differ")
        assert last is not None
        assert (last.standing, last.stops) == (True, False)
        bench.simulator.received(request(Cmd.SET_END_TYPE, 0), bench.now_s)
        bench.until(lambda: note(bench, "cobot.coords_differ") is not last, limit_s=15.0)
        ended = note(bench, "cobot.coords_differ")
        assert ended is not None
        assert ended.standing is False


def test_a_firmware_that_knows_only_the_old_questions() -> None:
    """It should do without what the arm does not answer, and lose no posture to asking for it for long."""
    old = {Cmd.READ_NEXT_ERROR, Cmd.GET_SERVO_STATUS, Cmd.GET_SERVO_TEMPERATURES}
    old |= {Cmd.GET_SERVO_VOLTAGES, Cmd.GET_SERVO_CURRENTS, Cmd.GET_GRIPPER_VALUE, Cmd.GET_COORDS, Cmd.IS_FREE_MODE}
    for ack in ("modern", "legacy"):
        with rig(ack=ack) as bench:
            for cmd in old:
                bench.simulator.forget(cmd)
            # A refusal is an answer and costs no waiting.
            bench.until(lambda bench=bench: bench.seen(Connected), limit_s=1.0 if ack == "modern" else 3.0)
            assert isinstance(bench.finish(move("m1", *BACK)), CommandDone)
            bench.wait(10.0)
            assert not bench.seen(Disconnected)
            seen = len(bench.events)
            bench.wait(1.0)
            assert len(bench.events) - seen >= 11


def test_servo_telegrams_between_the_answers() -> None:
    """It should move through the noise of the servo bus, and report it."""
    with rig() as bench:
        bench.simulator.answers.servo_noise = True
        bench.connect()
        assert isinstance(bench.finish(move("m1", *BACK)), CommandDone)
        assert note(bench, "cobot.noise") is not None
        assert not any(event.stops for event in bench.seen(DeviceHealth))


def test_the_station_closes_while_the_arm_moves() -> None:
    """It should leave the arm a stop as its last word."""
    with under_way() as bench:
        bench.owner.close()
        bench.port.pump(bench.now_s)
        assert bench.simulator.stops == 1
        bench.simulator.advance(bench.now_s + 1.0)
        assert not bench.simulator.moving
        assert bench.simulator.angles_deg[0] < 30


def test_a_stop_that_was_not_heard_is_pressed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should send the stop, and nothing but the stop, until the arm says that it rests."""
    with under_way() as bench:
        received, lost = bench.simulator.received, []

        def lossy(data: bytes, now_s: float) -> None:
            if request(Cmd.STOP) in data and not lost:
                lost.append(data)
                return
            received(data, now_s)

        monkeypatch.setattr(bench.simulator, "received", lossy)
        # Seconds of way have been told already, so that only a stop can end it.
        bench.simulator.arm.go(FAR, 20)
        assert isinstance(bench.finish(StopMotion(command_id="s"), limit_s=1.0), CommandDone)
        assert lost
        assert bench.simulator.stops >= 1
        assert bench.simulator.angles_deg[0] < 40


def test_an_arm_that_will_not_stop(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should say after two seconds that the emergency stop is needed, and not that it is done."""
    with under_way() as bench:
        monkeypatch.setattr(bench.simulator.arm.joints, "stop", lambda: None)
        bench.simulator.arm.go(FAR, 5)
        end = bench.finish(StopMotion(command_id="s"), limit_s=2.5)
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.still_moving")
        assert "emergency stop" in end.detail
        assert bench.simulator.stops >= 6
        begun_s = bench.now_s
        for number in range(10):
            bench.submit(StopMotion(command_id=f"again{number}"))
            bench.wait(0.3)
        end = bench.end_of("again0")
        assert isinstance(end, CommandFailed)
        assert end.t_mono_s - begun_s < 2.1


def test_a_stop_leaves_in_the_turn_that_takes_it_whatever_hangs() -> None:
    """It should write the stop's bytes in the very turn, with a mute arm and every question open."""
    with under_way() as bench:
        bench.simulator.answers.mute = True
        bench.wait(0.4)
        link = bench.owner.link
        assert link is not None
        before = bench.simulator.heard
        bench.submit(StopMotion(command_id="s"))
        bench.owner.pump(bench.now_s)
        bench.port.pump(bench.now_s)
        assert bench.simulator.heard > before
        bench.now_s += 0.5
        bench.port.pump(bench.now_s)
        assert not bench.simulator.moving
