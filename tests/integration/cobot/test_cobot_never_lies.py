"""Whatever the arm's bad days and the commands' order: every command ends once, and nothing untrue is claimed."""

import pytest
from cobot_rig import move, rig
from hypothesis import given, settings
from hypothesis import strategies as st

from drivers.api import CobotPosture, CommandDone, MoveJoints, StopMotion
from drivers.cobot.mycobot280.simulator import FAULTS

joint = st.floats(-60, 60).map(lambda angle: round(angle, 2))
acts = st.one_of(
    st.tuples(st.just("move"), st.tuples(*[joint] * 6), st.integers(20, 100)),
    st.tuples(st.just("stop"), st.none(), st.none()),
    st.tuples(st.just("fail"), st.sampled_from([word for word in FAULTS if word != "wrong"]), st.none()),
    st.tuples(st.just("unplug"), st.none(), st.none()),
    st.tuples(st.just("plug in"), st.none(), st.none()),
    st.tuples(st.just("stop renewing"), st.none(), st.none()),
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(acts, st.floats(0.0, 1.5)), min_size=1, max_size=10), st.sampled_from(["modern", "legacy"]))
def test_every_command_ends_once_and_done_means_done(script: list, ack: str) -> None:
    """It should end each command exactly once; done motions stand at their target, done stops stand still."""
    with rig(ack=ack) as bench:
        bench.connect()
        commands: list[MoveJoints | StopMotion] = []
        judged: set[str] = set()

        def judge() -> None:
            for command in commands:
                end = bench.end_of(command.command_id)
                if end is None or command.command_id in judged:
                    continue
                judged.add(command.command_id)
                if isinstance(end, CommandDone):
                    assert not bench.simulator.moving
                    if isinstance(command, MoveJoints):
                        assert bench.simulator.angles_deg == pytest.approx(command.angles_deg, abs=1.1)

        for (act, value, speed), pause_s in script:
            if act == "move":
                commands.append(move(f"m{len(commands)}", *value, speed=speed))
                bench.submit(commands[-1])
            elif act == "stop":
                commands.append(StopMotion(command_id=f"s{len(commands)}"))
                bench.submit(commands[-1])
            elif act == "fail":
                bench.simulator.fail(value)
            elif act == "unplug":
                bench.port.unplug()
            elif act == "plug in":
                bench.port.plug_in()
            bench.lease = act != "stop renewing"
            end_s = bench.now_s + pause_s
            while bench.now_s < end_s:
                bench.tick()
                judge()
        bench.lease = True
        bench.until(lambda: all(bench.end_of(command.command_id) for command in commands), limit_s=30.0)


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
