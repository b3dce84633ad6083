"""The simulated controller as a foreign client meets it: strict, with the specification's codes."""

from __future__ import annotations

import random

import pytest
from op_client import PSET, Client, controller

from drivers.torque_tool.open_protocol.carrier import make_carrier
from drivers.torque_tool.open_protocol.framing import Carriage, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.messages import LAYOUTS, encode_identifier, read
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator


def test_nothing_is_answered_before_the_start() -> None:
    """It should stay silent until 0001, and again after 0003."""
    client = Client()
    assert client.ask(9999) == client.ask(43) == client.ask(60) == []
    client.start()
    client.accepts(3)
    assert client.ask(9999) == []


def test_the_start_is_answered_in_the_revision_asked_for() -> None:
    """It should know revisions 1 to 6 and refuse 7 with 97."""
    assert Client().refusal(1, revision=7) == 97
    for revision in range(1, 7):
        Client().start(revision)


def test_a_counting_controller_refuses_a_second_start() -> None:
    """It should answer 96 while a client is connected."""
    simulator = OpenProtocolSimulator({4: PSET}, random.Random(1), carriage=Carriage.TCP, refuse_second_start=True)
    assert Client(simulator).start().refusal(1) == 96


@pytest.mark.parametrize(
    ("mid", "data", "revision", "code"),
    [
        (777, b"", 1, 99),
        (60, b"", 11, 97),
        (63, b"", 1, 10),
        (73, b"", 1, 12),
        (17, b"", 1, 14),
        (54, b"", 1, 7),
        (37, b"", 1, 19),
        (18, b"005", 1, 2),
        (18, b"x05", 1, 1),
        (18, b"", 1, 1),
        (12, b"005", 1, 2),
        (19, b"00502", 1, 1),
        (20, b"004", 1, 4),
        (38, b"01", 1, 17),
        (39, b"01", 1, 21),
        (64, b"0000000000", 1, 15),
        (64, b"0000000000", 11, 97),
        (78, b"", 1, 58),
        (82, b"yesterday at dinner", 1, 1),
        (40, b"", 8, 97),
    ],
)
def test_refusals_carry_the_code_of_the_specification(mid: int, data: bytes, revision: int, code: int) -> None:
    """It should say why, and go on."""
    client = Client().start()
    assert client.refusal(mid, data, revision=revision) == code
    assert [answer.mid for answer in client.ask(9999)] == [9999]


@pytest.mark.parametrize(("subscribe", "end", "exists"), [(60, 63, 9), (70, 73, 11), (51, 54, 6), (34, 37, 18)])
def test_subscriptions_exist_once(subscribe: int, end: int, exists: int) -> None:
    """It should refuse the second, and the second end."""
    client = Client().start()
    client.accepts(subscribe)
    assert client.refusal(subscribe) == exists
    client.accepts(end)
    assert client.refusal(end) == exists + 1


def test_requests_are_answered_with_data() -> None:
    """It should tell its sets, its jobs, its tool and its time, consistently."""
    client = Client().start()
    assert client.ask(10)[0].data == b"001004"
    assert client.ask(30)[0].data == b"00"
    for revision in (1, 2):
        values = read(client.ask(12, b"004", revision=revision)[0])
        assert (values["name"], values["torque_target_nm"], values["angle_max_deg"]) == ("Bracket", 9.0, 80)
        assert read(client.ask(40, revision=revision)[0])["controller_serial"] == "SIM0000001"
    client.accepts(82, b"2026-05-06:07:08:09")
    client.now_s += 2
    assert client.ask(80)[0].data == b"2026-05-06:07:08:11"
    for mid, data in ((19, b"00402"), (127, b""), (42, b""), (43, b"")):
        client.accepts(mid, data)


def test_the_selected_set_is_pushed_at_once_and_on_change() -> None:
    """It should send 0015 after the answer to 0014 and after 0018, one at a time."""
    client = Client().start()
    [pushed] = client.accepts(14)
    assert (pushed.mid, pushed.data[:3]) == (15, b"004")
    assert client.accepts(18, b"004") == []
    assert [message.mid for message in client.ask(16)] == [15]


def test_an_identifier_stands_in_the_result() -> None:
    """It should keep the VIN of 0050 or 0150, padded or not, push it, and put it into results."""
    client = Client().start()
    client.accepts(51)
    client.accepts(60)
    [pushed] = client.accepts(50, encode_identifier("VIN42", longest=25).ljust(25))
    assert read(pushed)["vin"] == "VIN42"
    assert client.ask(53) == []
    [second] = client.accepts(150, b"VIN43")
    assert read(second)["vin"] == "VIN43"
    client.ask(5, b"0052")
    client.simulator.inject_result(pset=4, torque_nm=9.0, angle_deg=50, now_s=client.now_s)
    [result] = client.hear()
    assert read(result)["vin"] == "VIN43"


@pytest.mark.parametrize("revision", [1, 2, 999])
def test_results_come_in_the_revision_subscribed_to(revision: int) -> None:
    """It should push 0061 and let it be asked back by 0064, with the same numbers in both."""
    client = Client().start()
    client.accepts(60, revision=revision)
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    [result] = client.wait(2.0)
    assert result.revision == revision
    assert len(result.data) == LAYOUTS[61, revision].size
    values = read(result)
    assert (values["tightening_id"], values["tightening_status"], values["pset"]) == (1, 1, 4)
    for old_revision in (1, 2):
        old = read(client.ask(64, b"0000000001", revision=old_revision)[0])
        assert (old["torque_nm"], old["angle_deg"]) == (values["torque_nm"], values["angle_deg"])


def test_results_wait_for_their_acknowledgement() -> None:
    """It should push one at a time, repeat it three times, drop the client, and answer commands meanwhile."""
    client = Client().start()
    client.accepts(60)
    for _ in range(2):
        client.simulator.inject_result(pset=4, torque_nm=9.0, angle_deg=50, now_s=client.now_s)
    assert [read(message)["tightening_id"] for message in client.hear()] == [1]
    client.accepts(42)
    assert [read(message)["tightening_id"] for message in client.ask(62)] == [2]
    repeats = []
    for _ in range(4):
        repeats += client.wait(4.0)
        client.ask(9999)
    assert [read(message)["tightening_id"] for message in repeats] == [2, 2, 2]
    client.wait(5.0)
    assert client.simulator.wants_hangup() == "MID 0061 was not acknowledged"
    assert client.simulator.wants_hangup() is None
    assert client.ask(9999) == []


def test_without_acknowledgement_when_the_flag_says_so() -> None:
    """It should push on and never repeat for a subscription with the no-ack flag."""
    client = Client().start()
    client.accepts(60, no_ack=True)
    for _ in range(2):
        client.simulator.inject_result(pset=4, torque_nm=9.0, angle_deg=50, now_s=client.now_s)
    assert len(client.hear()) == 2
    assert client.wait(10.0) == []


def test_a_silent_client_is_dropped_and_a_chatty_one_is_not() -> None:
    """It should wait 15 s for any message."""
    client = Client().start()
    for _ in range(4):
        client.wait(14.0)
        assert [message.mid for message in client.ask(9999)] == [9999]
    client.wait(15.0)
    assert client.simulator.wants_hangup() == "the client was silent for 15 s"


def test_a_new_start_clears_an_old_wish_to_hang_up() -> None:
    """It should not drop the next client for the silence of the last one."""
    client = Client().start()
    client.wait(16.0)
    client.start()
    assert client.simulator.wants_hangup() is None


def test_half_a_message_does_not_block_the_next() -> None:
    """It should drop a message whose rest never comes after a second of silence."""
    client = Client().start()
    whole_message = frame(Message(mid=9999), Carriage.TCP, Side.INTEGRATOR)
    client.simulator.received(b"0300" + whole_message[4:], client.now_s)
    client.simulator.received(whole_message, client.now_s)
    assert client.hear() == []
    assert client.simulator.next_wake_s() == 1.0
    assert [message.mid for message in client.wait(1.0)] == [9999]


def test_glued_requests_are_answered_in_order() -> None:
    """It should serve a client that sends without waiting."""
    client = Client()
    answers = client.say(Message(mid=1), Message(mid=42), Message(mid=60), Message(mid=9999))
    assert [answer.mid for answer in answers] == [2, 5, 5, 9999]


def test_it_sleeps_until_something_is_due() -> None:
    """It should name its next deadline: none when idle, the end of a rundown, the next automatic one."""
    client = Client()
    assert client.simulator.next_wake_s() is None
    assert client.simulator.pull_trigger(sound_joint(PSET), 0.0)
    wake_s = client.simulator.next_wake_s()
    assert wake_s is not None
    assert 1.0 < wake_s < 2.0
    automatic = OpenProtocolSimulator({4: PSET}, random.Random(1), auto_s=3.0)
    automatic.advance(1.0)
    assert automatic.next_wake_s() == 4.0
    automatic.advance(4.0)
    assert automatic.running
    wake_s = automatic.next_wake_s()
    assert wake_s is not None
    assert wake_s > 4.0


def test_switched_off_it_is_dead() -> None:
    """It should not turn, answer or remember its session; results survive."""
    client = Client().start()
    client.simulator.inject_result(pset=4, torque_nm=9.0, angle_deg=50, now_s=0.0)
    client.simulator.fail("off")
    assert not client.simulator.pull_trigger(sound_joint(PSET), 0.0)
    assert client.ask(1) == []
    client.simulator.fail("ok")
    assert not client.simulator.enabled
    client.start()
    assert read(client.ask(64, b"0000000000")[0])["tightening_id"] == 1


@pytest.mark.parametrize("revision", range(1, 8))
def test_the_tool_is_told_in_every_revision(revision: int) -> None:
    """It should write 0041 in the length of each revision and count its tightenings."""
    client = Client().start()
    client.tighten()
    [answer] = client.ask(40, revision=revision)
    assert (answer.revision, len(answer.data)) == (revision, LAYOUTS[41, revision].size)
    values = read(answer)
    assert (values["tightenings"], values["tool_serial"]) == (1, "SIMTOOL0000001")


def test_it_speaks_inside_3964r() -> None:
    """It should take and give frames by the handshake of 3964R, one after the other, and drop a line that is dead."""
    simulator = OpenProtocolSimulator({4: PSET}, random.Random(1), carriage=Carriage.SERIAL_3964R)
    client = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    heard = []

    def carry(now_s: float) -> None:
        for _ in range(50):
            heard.extend(client.received(simulator.take_output(), now_s))
            simulator.received(client.take_output(), now_s)

    for message in (Message(mid=1, revision=6), Message(mid=60, revision=2), Message(mid=10)):
        client.send(message, 0.0)
        carry(0.0)
    simulator.inject_result(pset=4, torque_nm=9.0, angle_deg=50, now_s=0.0)
    carry(0.0)
    assert [message.mid for message in heard] == [2, 5, 11, 61]
    for step in range(1, 200):
        simulator.advance(step * 0.1)
        simulator.take_output()
    assert simulator.wants_hangup() == "the client was silent for 15 s"


def test_a_request_in_parts_is_answered_once() -> None:
    """It should join linked parts and answer the whole, and drop a part whose first one is missing."""
    client = Client().start()
    assert client.say(Message(mid=18, parts=2, part=1, data=b"00")) == []
    [answer] = client.say(Message(mid=18, parts=2, part=2, data=b"4"))
    assert (answer.mid, answer.data) == (5, b"0018")
    assert client.say(Message(mid=18, parts=2, part=2, data=b"4")) == []
    assert [message.mid for message in client.ask(9999)] == [9999]


def test_the_controllers_display_shows_its_state() -> None:
    """It should name session, subscriptions, locks, set, batch, job, alarm, inputs and the last rundowns."""
    client = Client(controller())
    before = client.simulator.status(last=3)
    assert (before.client, before.subscribed, before.enabled, before.batch, before.last) == (False, (), True, None, ())
    assert client.simulator.last_curve(0.01) is None
    client.start()
    client.accepts(60)
    client.accepts(210)
    client.accepts(19, b"00402")
    client.accepts(150, b"UNIT-7")
    assert client.simulator.pull_trigger(sound_joint(PSET), client.now_s)
    client.wait(3.0)
    client.tell(62)
    client.simulator.set_inputs((3, 1), client.now_s)
    client.simulator.raise_alarm("E404", "Tool hot", client.now_s, tool_ready=False)
    after = client.simulator.status(last=3)
    assert (after.client, after.subscribed, after.locks, after.identifier) == (True, (61, 211), ("alarm",), "UNIT-7")
    assert after.pset is not None and after.pset.pset == 4
    assert after.batch is not None and (after.batch.counter, after.batch.size) == (1, 2)
    assert after.alarm is not None and after.alarm.code == "E404"
    assert (after.inputs, after.fault, after.tightenings, len(after.last)) == ((1, 3), "ok", 1, 1)
    curve = client.simulator.last_curve(0.01)
    assert curve is not None
    assert int(max(curve.torque_nm) * 100) / 100 == after.last[0].values["torque_nm"]
