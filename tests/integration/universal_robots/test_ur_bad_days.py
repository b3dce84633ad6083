"""The seven fault words, a controller that answers nonsense, and whatever order of commands and mishaps."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ur_rig import HOME, MODEL, UrRig, move, rig

from drivers.api import (
    ClearStop,
    CobotPosture,
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
MOVING = ("move", "free", "stop")


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(acts, st.floats(0.0, 1.5)), min_size=1, max_size=8))
def test_every_command_ends_once_and_done_means_done(script: list) -> None:
    """It should end each command once; done motions stand at their target; no number runs twice; nobody clears."""
    with rig(boot_s=0.5) as bench:
        bench.connect()
        ids: list[tuple[str, object]] = []
        judged: set[str] = set()
        stopped_since_clear = False

        def judge() -> None:
            for command_id, command in ids:
                end = bench.end_of(command_id)
                if end is None or command_id in judged:
                    continue
                judged.add(command_id)
                if isinstance(end, CommandDone) and isinstance(command, MoveJoints):
                    assert not bench.controller.moving
                    assert bench.controller.angles_deg == pytest.approx(command.angles_deg, abs=0.6)
            runs = bench.controller.programs_run
            assert len(runs) == len(set(runs))

        for (act, value, speed), pause_s in script:
            command_id = f"c{len(ids)}"
            command: object = None
            if act == "move":
                base = tuple(h + v for h, v in zip(HOME, value, strict=True))
                command = move(command_id, *base, speed=speed)
            elif act == "stop":
                command = StopMotion(command_id=command_id)
            elif act == "limit":
                command = LimitSpeed(command_id=command_id, percent=value)
            elif act == "free":
                command = FreeDrive(command_id=command_id, on=value)
            elif act == "clear":
                command = ClearStop(command_id=command_id)
                stopped_since_clear = False
            elif act == "fail":
                bench.simulator.fail(value)
            elif act == "unplug":
                bench.port.unplug()
            elif act == "plug in":
                bench.port.plug_in()
            elif act == "obstruct":
                bench.controller.obstruct(value)
            elif act == "emergency":
                (bench.controller.press_emergency_stop if value else bench.controller.release_emergency_stop)()
            elif act == "restart":
                bench.controller.restart()
                stopped_since_clear = True
            if command is not None:
                ids.append((command_id, command))
                bench.submit(command)  # type: ignore[arg-type]
            bench.lease = act != "stop renewing"
            end_s = bench.now_s + pause_s
            while bench.now_s < end_s:
                bench.tick()
                judge()
                if stopped_since_clear and not any(isinstance(c, ClearStop) for _, c in ids):
                    assert not bench.controller.moving or bench.controller.joints.busy
        bench.simulator.fail("ok")
        bench.port.plug_in()
        bench.controller.obstruct(False)
        bench.until(lambda: all(bench.end_of(command_id) for command_id, _ in ids), limit_s=70.0)
        judge()


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
