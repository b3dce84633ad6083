"""For any order of commands, losses and time: no enable outlives a disable, and no command is forgotten."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from scripted import of, result
from tool_rig import Rig

from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    CommandDone,
    CommandFailed,
    Connected,
    DisarmTool,
    IdentifyWork,
    TighteningResult,
)
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.profiles import PROFILES, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message

ACTIONS = ("arm", "disarm", "acknowledge", "trigger", "wait", "long wait", "lose next", "unplug", "settle")


@settings(max_examples=150, deadline=None)
@given(
    carriage=st.sampled_from([Carriage.SERIAL, Carriage.TCP]),
    actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=25),
)
def test_no_enable_outlives_a_disable_and_every_command_ends_once(carriage: Carriage, actions: list[str]) -> None:
    """It should hold after any story; bytes move only in `settle` and with time, so commands pile up in between."""
    rig = Rig(carriage).plug()
    lose = 0
    ids: list[str] = []

    def deaf(message: Message) -> bool:
        nonlocal lose
        lose, lost = max(0, lose - 1), lose > 0
        return lost

    rig.deaf_to = deaf
    armed_since_disarm = False
    for number, action in enumerate(actions):
        command_id = f"{action} {number}"
        if action == "arm":
            rig.tool.submit(ArmTool(command_id=command_id, pset=7), rig.now_s)
            ids.append(command_id)
            armed_since_disarm = True
        elif action == "disarm":
            rig.tool.submit(DisarmTool(command_id=command_id), rig.now_s)
            ids.append(command_id)
            armed_since_disarm = False
            rig.sent.clear()
        elif action == "acknowledge":
            tightening_id = rig.results[-1].tightening_id if rig.results else 1
            rig.tool.submit(AcknowledgeResult(command_id=command_id, tightening_id=tightening_id), rig.now_s)
            ids.append(command_id)
        elif action == "trigger":
            rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
        elif action == "lose next":
            lose += 1
        elif action == "unplug":
            rig.unplug()
            rig.plug()
        elif action == "settle":
            rig.settle()
        else:
            rig.run(1.0 if action == "wait" else 13.0, step_s=0.25)
    rig.run(60.0, step_s=0.25)
    for command_id in ids:
        assert len(rig.ends_of(command_id)) == 1
    if not armed_since_disarm:
        mids = rig.mids_sent()
        if 42 in mids:
            assert 43 not in mids[mids.index(42) :]
        assert not rig.simulator.enabled


MIDS = (1, 3, 6, 8, 12, 14, 18, 19, 34, 38, 40, 42, 43, 50, 60, 64, 70, 80, 82, 150, 210, 224, 225)
ENABLES, DISABLES = (43, 225), (42, 224)


def said() -> st.SearchStrategy[Message]:
    """Anything that a controller can say, sensible or not."""
    mids = st.sampled_from(MIDS)
    sequences = st.integers(0, 4)
    return st.one_of(
        st.builds(lambda mid: Message(mid=5, data=f"{mid:04d}".encode()), mids),
        st.builds(lambda mid, error: Message(mid=4, data=f"{mid:04d}{error:02d}".encode()), mids, st.integers(0, 99)),
        st.builds(result, st.integers(1, 6)),
        st.builds(lambda tightening_id: result(tightening_id, mid=65), st.integers(1, 6)),
        st.builds(lambda pset: of(15, pset=pset, last_change="2026-01-01:00:00:00"), st.sampled_from((0, 7, 8))),
        st.builds(
            lambda active: of(76, active=active, code="E404", controller_ready=1, tool_ready=1), st.integers(0, 1)
        ),
        st.builds(lambda numbers: of(2, 6, sequence_numbers=numbers, controller_serial="C1"), st.integers(0, 1)),
        st.just(of(41, tool_serial="T1", controller_serial="C1")),
        st.just(of(13, pset=7, torque_min_nm=1.0, torque_max_nm=2.0, torque_target_nm=1.5, angle_min_deg=0,
                   angle_max_deg=9)),
        st.just(of(81, time="2026-01-01:00:00:00")),
        st.builds(lambda mid, at: Message(mid=9997, sequence=at, data=f"{mid:04d}".encode()), mids, sequences),
        st.builds(lambda mid, at: Message(mid=9998, sequence=at, data=f"{mid:04d}0003".encode()), mids, sequences),
        st.builds(
            lambda mid, data, at: Message(mid=mid, sequence=at, data=data),
            st.sampled_from((2, 4, 5, 15, 35, 41, 61, 65, 71, 211, 900, 901, 1201, 1202, 9999)),
            st.binary(max_size=40),
            sequences,
        ),
    )  # fmt: skip


ANSWER = "answer"
"""Answer the last question as a sound controller does."""
COMMANDS = ("arm", "disarm", "acknowledge", "acknowledge another", "identify")


def sound(message: Message) -> Message:
    answers = {
        1: of(2, min(message.revision, 6), controller_serial="C1"),
        40: of(41, tool_serial="T1", controller_serial="C1"),
        64: Message(mid=4, data=b"006415"),
        80: of(81, time="2026-01-01:00:00:00"),
        9999: Message(mid=9999),
    }
    return answers.get(message.mid, Message(mid=5, data=f"{message.mid:04d}".encode()))


@settings(max_examples=200, deadline=None)
@given(
    profile=st.sampled_from(list(PROFILES.values())),
    last=st.sampled_from((None, 0, 3)),
    greeted=st.booleans(),
    actions=st.lists(
        st.one_of(
            st.builds(result, st.integers(1, 6)),
            st.sampled_from((ANSWER, ANSWER, ANSWER, "answer all", "wait", "reconnect", *COMMANDS)),
            said(),
            st.binary(min_size=1, max_size=30),
        ),
        max_size=40,
    ),
)
def test_whatever_a_controller_says_the_tool_runs_and_lets_go_only_when_asked(
    profile: ControllerProfile, last: int | None, greeted: bool, actions: list[str | Message | bytes]
) -> None:
    """It should never enable, or release a result, that nobody asked it to, and end every command exactly once."""
    tool = OpenProtocolTool(carriage="tcp", profile=profile, last_seen_id=lambda serial: last)
    ear = FrameParser(Carriage.TCP, Side.INTEGRATOR)
    now_s = 0.0
    sent: list[Message] = []
    wishes: list[str] = []
    acknowledged: set[int] = set()
    pushed: list[int] = []
    ended: list[str] = []
    arms_since_disarm = connections = 0

    def drain() -> None:
        nonlocal connections
        for message in ear.feed(tool.take_output()):
            sent.append(message)
            if message.mid in ENABLES:
                assert arms_since_disarm > 0
            if message.mid == 62:
                assert pushed and pushed[-1] in acknowledged
        for event in tool.take_events():
            if isinstance(event, CommandDone | CommandFailed):
                ended.append(event.command_id)
            connections += isinstance(event, Connected)
            assert not isinstance(event, TighteningResult) or event.tightening_id > 0

    def hear(message: Message) -> None:
        if message.mid == 61 and len(message.data) > 200:
            pushed.append(int(message.data[-10:]))
        tool.received(frame(message, Carriage.TCP, Side.CONTROLLER), now_s)
        drain()

    tool.link_up(now_s)
    drain()
    for number, action in enumerate(["answer all"] * greeted + actions):
        command_id = f"{action!r} {number}"
        if isinstance(action, Message):
            hear(action)
        elif isinstance(action, bytes):
            tool.received(action, now_s)
        elif action == ANSWER and sent:
            hear(sound(sent[-1]))
        elif action == "answer all":
            for _ in range(30):
                if sent:
                    hear(sound(sent[-1]))
        elif action == "arm":
            arms_since_disarm += 1
            wishes.append(command_id)
            tool.submit(ArmTool(command_id=command_id, pset=7), now_s)
        elif action == "disarm":
            arms_since_disarm = 0
            wishes.append(command_id)
            tool.submit(DisarmTool(command_id=command_id), now_s)
        elif action in ("acknowledge", "acknowledge another"):
            tightening_id = pushed[-1] if pushed and action == "acknowledge" else 99
            acknowledged.add(tightening_id)
            wishes.append(command_id)
            tool.submit(AcknowledgeResult(command_id=command_id, tightening_id=tightening_id), now_s)
        elif action == "identify":
            wishes.append(command_id)
            tool.submit(IdentifyWork(command_id=command_id, identifier="UNIT-1"), now_s)
        elif action == "wait":
            now_s += 4.0
            tool.advance(now_s)
        drain()
        if action == "reconnect" or tool.wants_hangup() is not None:
            tool.link_down(now_s, "made anew")
            drain()
            arms_since_disarm = 0
            sent.clear()
            ear.clear()
            tool.link_up(now_s)
            drain()
            assert [message.mid for message in sent] == [1]
    tool.link_down(now_s, "the end")
    drain()
    assert sorted(ended) == sorted(wishes)
