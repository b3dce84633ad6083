"""What the driver makes of controllers of every kind when it meets them: revisions, profiles, who else is there."""

from __future__ import annotations

import pytest
from scripted import Answer, Scripted, accepted, of, refused, result, silent

from drivers.api import ArmTool, CommandDone, CommandFailed, Connected, DeviceHealth, DisarmTool, Outcome
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF4000, PF6000, PF6000_28, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message


def tool(profile: ControllerProfile = GENERIC, start_revision: int | None = None) -> OpenProtocolTool:
    return OpenProtocolTool(carriage="tcp", profile=profile, start_revision=start_revision)


def up_to(revision: int, otherwise: int = 97) -> Answer:
    """0001 is answered up to this revision."""

    def start(message: Message) -> list[Message]:
        if message.revision > revision:
            return list(refused(otherwise)(message))
        return [of(2, message.revision, controller_serial="C1", sequence_numbers=0)]

    return start


@pytest.mark.parametrize(
    ("profile", "first"),
    [(GENERIC, 6), (PF4000, 6), (PF6000, 5), (PF6000_28, 6), (MTF6000, 6)],
    ids=lambda value: getattr(value, "name", str(value)),
)
def test_each_profile_has_its_first_revision(profile: ControllerProfile, first: int) -> None:
    """It should ask for revision 6 only where that is of use: for sequence numbers, station ids, or nothing else."""
    bench = Scripted(tool(profile), {1: silent}).plug()
    assert [(message.mid, message.revision) for message in bench.sent] == [(1, first)]


def test_a_controller_that_closes_after_97_is_asked_for_less_on_the_next_connection() -> None:
    """It should come down one revision a connection, and stay there later."""
    bench = Scripted(tool(), {1: up_to(3)})
    for _ in range(4):
        bench.plug()
        if not bench.seen(Connected):
            bench.unplug()
    [connected] = bench.seen(Connected)
    assert connected.identity["start_revision"] == "3"
    bench.unplug()
    bench.sent.clear()
    bench.plug()
    assert [message.revision for message in bench.sent if message.mid == 1] == [3]


def test_a_controller_that_speaks_one_revision_alone_is_not_asked_for_less() -> None:
    """It should say what to do instead of trying revisions that the family does not have."""
    bench = Scripted(tool(MTF6000), {1: refused(97)}).plug()
    assert bench.mids() == [1]
    reason = bench.tool.wants_hangup()
    assert reason is not None and '"mtf6000"' in reason and "revision" in reason


def test_the_start_revision_can_be_set() -> None:
    """It should begin where the station file says."""
    bench = Scripted(tool(start_revision=2), {1: silent}).plug()
    assert bench.sent[0].revision == 2
    seventh = Scripted(tool(start_revision=7), {1: silent}).plug()
    assert (seventh.sent[0].revision, seventh.sent[0].data) == (7, b"010")


@pytest.mark.parametrize("code", [96, 16])
def test_a_controller_with_another_client_says_so(code: int) -> None:
    """It should end a session of its own from before, once, and then name the other client."""
    bench = Scripted(tool(), {1: refused(code)}).plug()
    assert bench.mids() == [1, 3, 1]
    reason = bench.tool.wants_hangup()
    assert reason is not None and "other client" in reason


def test_a_controller_that_answers_nothing_to_goodbye_has_another_client() -> None:
    """It should not blame the cable."""
    bench = Scripted(tool(), {1: refused(96), 3: silent}).plug()
    bench.run(11.0)
    reason = bench.tool.wants_hangup()
    assert reason is not None and "another client" in reason


def test_the_wrong_profile_fails_with_the_name_of_the_right_one() -> None:
    """It should name the profile that the controller's own words ask for."""
    answers = {
        1: lambda message: [of(2, 6, controller_serial="C1", system_type=4, sequence_numbers=0)],
        42: refused(99),
    }
    bench = Scripted(tool(), answers).plug()
    assert not bench.seen(Connected)
    reason = bench.tool.wants_hangup()
    assert reason is not None and '"mtf6000"' in reason and "0042" in reason


def test_a_profile_that_works_and_is_not_the_right_one_is_noted() -> None:
    """It should connect and name what to set; a family that has two names both."""
    bench = Scripted(tool(), {1: lambda message: [of(2, message.revision, system_type=3, sequence_numbers=0)]}).plug()
    assert bench.seen(Connected)
    [note] = [event for event in bench.seen(DeviceHealth) if event.code == "tool.profile"]
    assert '"pf6000"' in note.detail and '"pf6000-2.8"' in note.detail
    right = Scripted(tool(PF6000), {1: lambda message: [of(2, message.revision, system_type=3)]}).plug()
    assert not [event for event in right.seen(DeviceHealth) if event.code == "tool.profile"]


def test_a_refused_option_is_a_note_said_once() -> None:
    """It should connect without alarms, inputs, selections and curves, say once what is missing, and work."""
    bench = Scripted(tool(), dict.fromkeys((8, 14, 34, 70, 210), refused(99))).plug()
    bench.unplug()
    bench.plug()
    assert len(bench.seen(Connected)) == 2
    notes = [event for event in bench.seen(DeviceHealth) if event.code == "tool.not_subscribed"]
    assert len(notes) == 5
    assert all(note.standing is None for note in notes)
    bench.submit(ArmTool(command_id="arm", pset=7))
    assert isinstance(bench.end_of("arm"), CommandDone)


def test_an_option_in_an_older_revision_is_taken_and_remembered() -> None:
    """It should come down to what the controller has, and take "exists already" for a yes."""
    answers: dict[int, Answer] = {
        70: lambda message: accepted(message) if message.revision == 1 else refused(97)(message),
        14: refused(13),
    }
    bench = Scripted(tool(), answers).plug()
    assert [message.revision for message in bench.sent if message.mid == 70][-1] == 1
    assert not [event for event in bench.seen(DeviceHealth) if event.code == "tool.not_subscribed"]
    bench.unplug()
    bench.sent.clear()
    bench.plug()
    assert [message.revision for message in bench.sent if message.mid == 70] == [1]


def test_a_focus_controller_is_switched_by_its_input_function() -> None:
    """It should disable by 0224, enable by 0225, and send no acknowledgement that the family does not want."""
    bench = Scripted(tool(MTF6000)).plug()
    assert [(message.mid, message.data) for message in bench.sent[:2]] == [(1, b""), (224, b"008")]
    assert bench.seen(Connected)
    bench.sent.clear()
    bench.submit(ArmTool(command_id="arm", pset=7, batch_size=150))
    assert [(message.mid, message.revision, message.data) for message in bench.sent] == [
        (18, 1, b"007"), (19, 2, b"0070150"), (225, 1, b"008")
    ]  # fmt: skip
    bench.sent.clear()
    bench.submit(DisarmTool(command_id="off"))
    bench.say(of(15, pset=7, last_change="2026-01-01:00:00:00"))
    assert bench.mids() == [224]
    assert isinstance(bench.end_of("off"), CommandDone)


def test_answers_that_name_the_other_mid_of_a_generic_request_count() -> None:
    """It should take a 0005 that names 0008 as well as one that names what was subscribed to."""
    subscribed = Scripted(tool(MTF6000), {8: lambda message: [Message(mid=5, data=message.data[:4])]}).plug()
    assert subscribed.seen(Connected)
    assert not [event for event in subscribed.seen(DeviceHealth) if event.code == "tool.not_subscribed"]


def test_closing_switches_an_armed_tool_off_and_ends_the_session() -> None:
    """It should say 0042 and 0003 when it has armed the tool, 0003 alone when not, and nothing before it is let in."""
    bench = Scripted(tool()).plug()
    assert bench.tool.farewell(0.0)[:8] == b"00200003"
    bench.submit(ArmTool(command_id="arm", pset=7))
    farewell = bench.tool.farewell(0.0)
    assert [farewell[4:8], farewell[25:29]] == [b"0042", b"0003"]
    assert tool().farewell(0.0) == b""


def test_closing_repeats_a_disable_that_nobody_has_answered() -> None:
    """It should say 0042 once more: the first one may have been lost on the line."""
    bench = Scripted(tool()).plug()
    bench.submit(ArmTool(command_id="arm", pset=7))
    bench.answers[42] = silent
    bench.submit(DisarmTool(command_id="off"))
    farewell = bench.tool.farewell(0.0)
    assert [farewell[4:8], farewell[25:29]] == [b"0042", b"0003"]


def test_an_unreadable_handshake_is_given_up_with_a_reason() -> None:
    """It should not hang when 0002 is too short."""
    bench = Scripted(tool(), {1: lambda message: [Message(mid=2, data=b"01")]}).plug()
    reason = bench.tool.wants_hangup()
    assert reason is not None and "0001" in reason and "cannot be read" in reason


def test_a_second_answer_to_a_repeated_question_is_not_an_answer_to_the_next() -> None:
    """It should drop the late copy on a slow serial line, where the question was sent again."""
    serial = OpenProtocolTool(carriage="serial", last_seen_id=lambda serial: 10)
    ear = FrameParser(Carriage.SERIAL, Side.INTEGRATOR)
    helper = Scripted(tool())

    def answer(message: Message, now_s: float) -> None:
        for reply in helper.answers.get(message.mid, accepted)(message):
            serial.received(frame(reply, Carriage.SERIAL, Side.CONTROLLER), now_s)

    serial.link_up(0.0)
    asked: list[Message] = []
    for _ in range(40):
        for message in ear.feed(serial.take_output()):
            if message.mid == 64:
                asked.append(message)
            else:
                answer(message, 0.0)
    assert [int(message.data) for message in asked] == [0]
    latest = frame(result(12, mid=65), Carriage.SERIAL, Side.CONTROLLER)
    serial.received(latest, 0.0)
    assert [int(message.data[:10]) for message in ear.feed(serial.take_output())] == [0]
    serial.received(latest, 0.0)
    serial.advance(3.0)
    asked = [message for message in ear.feed(serial.take_output()) if message.mid == 64]
    assert [int(message.data[:10]) for message in asked] == [11, 11]
    copy = frame(result(11, mid=65), Carriage.SERIAL, Side.CONTROLLER)
    serial.received(copy, 3.1)
    for message in ear.feed(serial.take_output()):
        answer(message, 3.1)
    serial.received(copy, 3.2)
    serial.received(frame(result(12, mid=65), Carriage.SERIAL, Side.CONTROLLER), 3.3)
    events = serial.take_events()
    assert [event.tightening_id for event in events if hasattr(event, "tightening_id")] == [11, 12]


def test_silence_to_an_arming_step_is_unknown() -> None:
    """It should end the command once, with the outcome that nobody knows."""
    bench = Scripted(tool(), {43: silent}).plug()
    bench.submit(ArmTool(command_id="arm", pset=7))
    bench.run(11.0)
    end = bench.end_of("arm")
    assert isinstance(end, CommandFailed)
    assert end.outcome is Outcome.UNKNOWN
