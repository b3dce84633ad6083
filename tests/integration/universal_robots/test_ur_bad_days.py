"""The seven fault words, a controller that answers nonsense, and whatever order of commands and mishaps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ur_rig import HOME, MODEL, UrRig, move, rig

from drivers.api import (
    ClearStop,
    CobotPosture,
    Command,
    CommandDone,
    CommandFailed,
    Connected,
    DeviceHealth,
    Disconnected,
    FreeDrive,
    LimitSpeed,
    MoveJoints,
    Outcome,
    SetToolFrame,
    StopMotion,
)
from drivers.channels import tagged
from drivers.cobot.universal_robots.line import Channel
from drivers.cobot.universal_robots.report import RobotMode, SafetyMode
from drivers.cobot.universal_robots.rtde import TextMessage, encode_text_message
from drivers.cobot.universal_robots.simulator import FAULTS

AWAY = (40.0, -90.0, 90.0, -90.0, -90.0, 20.0)


def lost(bench: UrRig) -> str:
    return bench.seen(Disconnected)[-1].reason


@pytest.mark.parametrize(
    ("word", "said"), [("off", "no data"), ("slow", "no data"), ("delayed", "no data"), ("garbage", "begin anew")]
)
def test_a_line_that_cannot_be_relied_on_is_given_up_within_a_second(word: str, said: str) -> None:
    """It should hang up, say why, leave the motion's outcome open, and come back when the fault has gone."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.simulator.fail(word)
        # Of bytes that are spoilt at random, some spoil nothing that matters.
        bench.until(lambda: bench.seen(Disconnected), limit_s=3.0 if word == "garbage" else 1.0)
        assert said in lost(bench)
        end = bench.end_of("m1")
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "link.lost")
        bench.until(lambda: not bench.controller.moving, limit_s=1.0)
        bench.simulator.fail("ok")
        bench.until(lambda: len(bench.seen(Connected)) > 1, limit_s=6.0)
        bench.wait(0.5)
        assert isinstance(bench.finish(move("m2", *HOME)), CommandDone)
        assert bench.controller.programs_run == [1, 2]


def test_joints_that_are_stuck_are_not_called_arrived() -> None:
    """It should notice that the program is done and the arm is not there."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail("stuck")
        end = bench.finish(move("m1", *AWAY))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.not_arrived")


def test_joints_that_are_reported_wrongly_in_mid_motion_are_not_called_arrived() -> None:
    """It should believe a motion done only where joints and program agree, and not start from a wrong posture."""
    with rig() as bench:
        bench.connect()
        bench.submit(move("m1", *AWAY))
        bench.until(lambda: bench.controller.angles_deg[0] > 10)
        bench.simulator.fail("wrong")
        bench.until(lambda: bench.end_of("m1"))
        end = bench.end_of("m1")
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.UNKNOWN, "cobot.not_arrived")
        stands = bench.controller.angles_deg
        bench.wait(0.5)
        end = bench.finish(move("m2", *HOME))
        assert isinstance(end, CommandFailed)
        assert (end.outcome, end.code) == (Outcome.REFUSED, "cobot.not_ready")
        assert bench.controller.angles_deg == pytest.approx(stands, abs=1e-3)


def test_a_connection_with_gaps_goes_on() -> None:
    """It should move and stop although every third message is missing."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail("intermittent")
        assert isinstance(bench.finish(move("m1", *AWAY)), CommandDone)
        bench.submit(move("m2", *HOME))
        bench.wait(0.5)
        assert isinstance(bench.finish(StopMotion(command_id="s1")), CommandDone)
        assert not bench.seen(Disconnected)


def test_another_client_that_holds_the_inputs_is_told() -> None:
    """It should say that another program has them, and connect when they are free."""
    with rig() as bench:
        bench.controller.input_owners["input_int_register_24"] = object()
        bench.until(lambda: bench.seen(Disconnected), limit_s=1.0)
        assert "another program" in lost(bench)
        bench.controller.input_owners.clear()
        bench.until(lambda: bench.seen(Connected), limit_s=5.0)


def test_an_older_controller_without_the_tool_among_its_outputs_is_driven_too() -> None:
    """It should ask again without what the controller does not know, and then tell no flange."""
    with rig() as bench:
        bench.simulator.advance(bench.now_s)
        from drivers.cobot.universal_robots import simulated_sessions

        whole = simulated_sessions.outputs_of
        simulated_sessions.outputs_of = lambda c: {k: v for k, v in whole(c).items() if k != "tcp_offset"}
        try:
            bench.connect()
        finally:
            simulated_sessions.outputs_of = whole
        tool = SetToolFrame(command_id="t1", at_mm=(0, 0, 50))
        assert isinstance(bench.finish(tool), CommandDone)
        assert isinstance(bench.finish(move("m1", *AWAY)), CommandDone)


def test_what_the_controller_says_in_words_reaches_the_technician() -> None:
    """It should pass on warnings and errors, and keep plain information to itself."""
    with rig() as bench:
        bench.connect()
        assert bench.port.link is not None
        for level, text in ((3, "all is well"), (1, "C153: position deviates")):
            message = encode_text_message(TextMessage(level=level, text=text, source="joint 3"))
            bench.port.link.write(tagged(Channel.RTDE, message))
        bench.until(lambda: any(e.code == "cobot.controller_message" for e in bench.seen(DeviceHealth)), limit_s=1.0)
        said = [event.detail for event in bench.seen(DeviceHealth) if event.code == "cobot.controller_message"]
        assert said == ["the robot's controller says: joint 3: C153: position deviates"]


@pytest.mark.parametrize(
    ("channel", "data"),
    [
        (Channel.DASHBOARD, b"HTTP/1.1 400 Bad Request\n"),
        (Channel.RTDE, b"\0\0V"),
        (Channel.RTDE, b"\0\4V\0"),
    ],
)
def test_a_peer_that_is_no_controller_is_hung_up_on(channel: Channel, data: bytes) -> None:
    """It should not take a web server, or a controller of another kind, for its robot."""
    from drivers.cobot.universal_robots.driver import UniversalRobot

    driver = UniversalRobot(MODEL)
    driver.link_up(0.0)
    driver.take_output()
    driver.received(tagged(channel, data), 0.1)
    assert driver.wants_hangup()


joint = st.floats(-40, 40).map(lambda angle: round(angle, 2))
acts = st.one_of(
    st.tuples(st.just("move"), st.tuples(*[joint] * 6), st.integers(20, 100)),
    st.tuples(st.just("stop"), st.none(), st.none()),
    st.tuples(st.just("limit"), st.integers(10, 100), st.none()),
    st.tuples(st.just("free"), st.booleans(), st.none()),
    st.tuples(st.just("clear"), st.none(), st.none()),
    st.tuples(st.just("fail"), st.sampled_from([word for word in FAULTS if word != "wrong"]), st.none()),
    st.tuples(st.just("unplug"), st.none(), st.none()),
    st.tuples(st.just("plug in"), st.none(), st.none()),
    st.tuples(st.just("obstruct"), st.booleans(), st.none()),
    st.tuples(st.just("emergency"), st.booleans(), st.none()),
    st.tuples(st.just("restart"), st.none(), st.none()),
    st.tuples(st.just("stop renewing"), st.none(), st.none()),
)
LONG_S = 1.0
"""The lease, the braking, and some."""


class Judge:
    """Looks at every step whether something untrue was claimed or something unasked has happened."""

    def __init__(self, bench: UrRig) -> None:
        self.bench = bench
        self.commands: list[Command] = []
        self._judged: set[str] = set()
        self._permitted_s = bench.now_s
        self._was = (bench.controller.safety_mode, bench.controller.robot_mode)

    def submit(self, command: Command) -> None:
        self.commands.append(command)
        self.bench.submit(command)

    def look(self) -> None:
        bench, controller = self.bench, self.bench.controller
        for command in self.commands:
            end = bench.end_of(command.command_id)
            if end is None or command.command_id in self._judged:
                continue
            self._judged.add(command.command_id)
            if isinstance(end, CommandDone) and isinstance(command, MoveJoints):
                assert not controller.moving
                assert controller.angles_deg == pytest.approx(command.angles_deg, abs=0.6)
            if isinstance(end, CommandDone) and isinstance(command, StopMotion):
                assert not controller.moving
        assert len(controller.programs_run) == len(set(controller.programs_run)), "a program has run twice"
        if bench.lease and bench.port.link is not None:
            self._permitted_s = bench.now_s
        assert not controller.moving or bench.now_s < self._permitted_s + LONG_S, "it moves without permission"
        if not any(isinstance(command, ClearStop) for command in self.commands):
            safety, mode = self._was
            assert safety is not SafetyMode.PROTECTIVE_STOP or controller.safety_mode is not SafetyMode.NORMAL
            assert mode is RobotMode.RUNNING or controller.robot_mode is not RobotMode.RUNNING, "nobody switched it on"
            self._was = (controller.safety_mode, controller.robot_mode)

    def happened_elsewhere(self) -> None:
        """The test itself has changed the controller's modes."""
        self._was = (self.bench.controller.safety_mode, self.bench.controller.robot_mode)


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(acts, st.floats(0.0, 1.5)), min_size=1, max_size=8))
def test_every_command_ends_once_and_nothing_happens_unasked(script: list) -> None:
    """It should end each command once, call done what is done, move with permission only, and clear nothing unasked."""
    with rig(boot_s=0.5) as bench:
        bench.connect()
        judge = Judge(bench)
        for (act, value, speed), pause_s in script:
            command_id = f"c{len(judge.commands)}"
            match act:
                case "move":
                    goal = tuple(h + v for h, v in zip(HOME, value, strict=True))
                    judge.submit(move(command_id, *goal, speed=speed))
                case "stop":
                    judge.submit(StopMotion(command_id=command_id))
                case "limit":
                    judge.submit(LimitSpeed(command_id=command_id, percent=value))
                case "free":
                    judge.submit(FreeDrive(command_id=command_id, on=value))
                case "clear":
                    judge.submit(ClearStop(command_id=command_id))
                case "fail":
                    bench.simulator.fail(value)
                case "unplug":
                    bench.port.unplug()
                case "plug in":
                    bench.port.plug_in()
                case "obstruct":
                    bench.controller.obstruct(value)
                case "emergency" if value:
                    bench.controller.press_emergency_stop()
                case "emergency":
                    bench.controller.release_emergency_stop()
                case "restart":
                    bench.controller.restart()
            judge.happened_elsewhere()
            bench.lease = act != "stop renewing"
            end_s = bench.now_s + pause_s
            while bench.now_s < end_s:
                bench.tick()
                judge.look()
        bench.simulator.fail("ok")
        bench.port.plug_in()
        bench.controller.obstruct(False)
        while any(bench.end_of(command.command_id) is None for command in judge.commands):
            assert bench.now_s < end_s + 70.0
            bench.tick()
            judge.look()


@settings(max_examples=10, deadline=None)
@given(st.tuples(*[joint] * 6), st.sampled_from(["ok", "slow", "intermittent", "delayed"]))
def test_postures_are_never_older_than_half_a_second(value: tuple[float, ...], word: str) -> None:
    """It should show no posture that the arm left more than half a second ago: unknown is better than old."""
    with rig() as bench:
        bench.connect()
        bench.wait(0.5)
        bench.simulator.fail(word)
        past: list[tuple[float, tuple[float, ...]]] = []
        bench.submit(move("m1", *(h + v for h, v in zip(HOME, value, strict=True)), speed=60))
        for _ in range(150):
            past.append((bench.now_s, bench.controller.angles_deg))
            seen = len(bench.events)
            bench.tick()
            past.append((bench.now_s, bench.controller.angles_deg))
            recent = [angles for time_s, angles in past if time_s >= bench.now_s - 0.53]
            for event in bench.events[seen:]:
                if isinstance(event, CobotPosture):
                    assert any(event.angles_deg == pytest.approx(angles, abs=1.6) for angles in recent)
