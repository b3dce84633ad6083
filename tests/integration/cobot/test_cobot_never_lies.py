"""Whatever the arm's bad days and the commands' order: every command ends once, and nothing untrue is claimed."""

from typing import Any

import pytest
from cobot_rig import CobotRig, move, rig
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import (
    ClearStop,
    CobotPosture,
    Command,
    CommandDone,
    FreeDrive,
    LimitSpeed,
    MoveJoints,
    PowerOff,
    StopMotion,
)
from drivers.cobot.mycobot280.simulator import FAULTS

joint = st.floats(-60, 60).map(lambda angle: round(angle, 2))
acts = st.one_of(
    st.tuples(st.just("move"), st.lists(st.tuples(*[joint] * 6), min_size=1, max_size=3), st.integers(20, 100)),
    st.tuples(st.just("limit"), st.integers(1, 100), st.none()),
    st.tuples(st.just("fail"), st.sampled_from([word for word in FAULTS if word != "wrong"]), st.none()),
    st.tuples(st.just("servo"), st.integers(1, 6), st.integers(0, 3)),
    st.tuples(st.just("button"), st.booleans(), st.none()),
    st.tuples(st.just("free"), st.booleans(), st.none()),
    st.tuples(
        st.sampled_from(["stop", "clear", "power off", "unplug", "plug in", "stop renewing", "restart"]),
        st.none(),
        st.none(),
    ),
)


class Script:
    """Carries out acts, and judges every end at the moment it comes."""

    def __init__(self, bench: CobotRig) -> None:
        self.bench = bench
        self.commands: list[Command] = []
        self.judged: set[str] = set()

    def act(self, act: str, value: Any, other: Any) -> None:
        arm, name = self.bench.simulator, f"{act} {len(self.commands)}"
        match act:
            case "move":
                move = MoveJoints(
                    command_id=name, angles_deg=value[-1], through_deg=tuple(value[:-1]), speed_percent=other
                )
                self.submit(move)
            case "stop":
                self.submit(StopMotion(command_id=name))
            case "limit":
                self.submit(LimitSpeed(command_id=name, percent=value))
            case "clear":
                self.submit(ClearStop(command_id=name))
            case "power off":
                self.submit(PowerOff(command_id=name))
            case "free":
                self.submit(FreeDrive(command_id=name, on=value))
            case "fail":
                arm.fail(value)
            case "servo":
                arm.arm.break_servo(value, other)
            case "button":
                arm.arm.emergency_stop(value)
            case "restart":
                arm.restart()
            case "unplug":
                self.bench.port.unplug()
            case "plug in":
                self.bench.port.plug_in()
        self.bench.lease = act != "stop renewing"

    def submit(self, command: Command) -> None:
        self.commands.append(command)
        self.bench.submit(command)

    def tick(self) -> None:
        heard = len(self.bench.simulator.motions)
        wanted = any(isinstance(c, MoveJoints) and c.command_id not in self.judged for c in self.commands)
        self.bench.tick()
        if not wanted:
            assert len(self.bench.simulator.motions) == heard, "a target left although no motion was under way"
        self.judge()

    def judge(self) -> None:
        arm = self.bench.simulator
        for command in self.commands:
            end = self.bench.end_of(command.command_id)
            if end is None or command.command_id in self.judged:
                continue
            self.judged.add(command.command_id)
            if isinstance(end, CommandDone):
                if isinstance(command, MoveJoints | StopMotion):
                    assert not arm.moving
                if isinstance(command, MoveJoints):
                    assert arm.angles_deg == pytest.approx(command.angles_deg, abs=1.1)
                if isinstance(command, FreeDrive):
                    assert arm.arm.free is command.on or not arm.powered


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(acts, st.floats(0.0, 1.5)), min_size=1, max_size=10), st.sampled_from(["modern", "legacy"]))
def test_every_command_ends_once_and_done_means_done(script: list, ack: str) -> None:
    """It should end each command once; done motions stand at their target; no target leaves unasked."""
    with rig(ack=ack) as bench:
        bench.connect()
        player = Script(bench)
        for (act, value, other), pause_s in script:
            player.act(act, value, other)
            end_s = bench.now_s + pause_s
            while bench.now_s < end_s:
                player.tick()
        bench.lease = True
        end_s = bench.now_s + 60.0
        while not all(bench.end_of(command.command_id) for command in player.commands):
            assert bench.now_s < end_s, "a command does not end"
            player.tick()


@settings(max_examples=15, deadline=None)
@given(st.tuples(*[joint] * 6), st.sampled_from(["ok", "slow", "intermittent", "delayed"]))
def test_postures_are_never_older_than_half_a_second(target: tuple[float, ...], word: str) -> None:
    """It should show no posture that the arm left more than half a second ago: unknown is better than old."""
    with rig() as bench:
        bench.connect()
        bench.simulator.fail(word)
        past: list[tuple[float, tuple[float, ...]]] = []
        bench.submit(move("m1", *target, speed=60))
        for _ in range(200):
            past.append((bench.now_s, bench.simulator.angles_deg))
            seen = len(bench.events)
            bench.tick()
            past.append((bench.now_s, bench.simulator.angles_deg))
            recent = [angles for time_s, angles in past if time_s >= bench.now_s - 0.52]
            for event in bench.events[seen:]:
                if isinstance(event, CobotPosture):
                    assert any(event.angles_deg == pytest.approx(angles, abs=1.6) for angles in recent)
