"""Sequence numbers: what the simulated controller acknowledges, repeats and refuses on the link level."""

from __future__ import annotations

from op_client import Client, controller

from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.profiles import MTF6000
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message


def numbered(mid: int, sequence: int, data: bytes = b"", revision: int = 1) -> Message:
    return Message(mid=mid, sequence=sequence, data=data, revision=revision)


def acknowledgement(message: Message) -> Message:
    return Message(mid=9997, sequence=message.sequence % 99 + 1, data=f"{message.mid:04d}".encode())


def brief(messages: list[Message]) -> list[tuple[int, int, bytes]]:
    return [(message.mid, message.sequence, message.data) for message in messages]


def started(style: HeaderStyle = HeaderStyle.DIGITS) -> Client:
    client = Client(controller(link_level=True, header_style=style))
    [answer] = client.ask(1, revision=6)
    values = read(answer)
    assert (answer.sequence, values["sequence_numbers"], values["linking"]) == (0, 1, 1)
    return client


def test_a_numbered_message_is_acknowledged_before_it_is_answered() -> None:
    """It should send 9997 with the number that it expects next, and its own answer with its own number."""
    client = started()
    assert brief(client.say(numbered(60, 1))) == [(9997, 2, b"0060"), (5, 1, b"0060")]


def test_the_printed_vector_is_what_goes_over_the_line() -> None:
    """It should send the specification's own bytes for the acknowledgement of 0060."""
    client = started()
    client.simulator.received(b"00200060001001010100\x00", client.now_s)
    assert client.simulator.take_output() == b"002499970010010102000060\x00002400050010010101000060\x00"


def test_the_same_number_again_is_acknowledged_and_does_nothing() -> None:
    """It should answer a repeated request with 9997 alone."""
    client = started()
    [_, answer] = client.say(numbered(42, 1))
    client.say(acknowledgement(answer))
    assert not client.simulator.enabled
    client.say(numbered(43, 2))
    assert brief(client.say(numbered(43, 2))) == [(9997, 3, b"0043")]


def test_an_unexpected_number_is_refused_with_the_expected_one() -> None:
    """It should send 9998 with code 3, and not do what was asked."""
    client = started()
    assert brief(client.say(numbered(42, 5))) == [(9998, 1, b"00420003")]
    assert client.simulator.enabled


def test_a_message_without_a_number_opts_out() -> None:
    """It should answer it all the same, with a number of its own."""
    client = started()
    assert brief(client.say(numbered(9999, 0))) == [(9999, 1, b"")]


def test_one_message_at_a_time_waits_for_its_acknowledgement() -> None:
    """It should hold the next one back, and send a result without waiting for 0062."""
    client = started()
    [_, answer] = client.say(numbered(60, 1))
    assert client.tighten() == []
    [result] = client.say(acknowledgement(answer))
    assert (result.mid, result.sequence) == (61, 2)
    assert client.tighten() == []
    [second] = client.say(acknowledgement(result))
    assert (second.mid, second.sequence, read(second)["tightening_id"]) == (61, 3, 2)
    client.say(acknowledgement(second))
    client.say(numbered(9999, 2))
    assert client.tell(62) == []


def test_what_is_not_acknowledged_is_sent_again_three_times() -> None:
    """It should repeat the same number, and then drop the client."""
    client = started()
    client.say(numbered(60, 1))
    repeats = client.wait(11.0)
    assert brief(repeats) == [(5, 1, b"0060")] * 3
    assert client.simulator.wants_hangup() is None
    client.wait(1.5)
    assert client.simulator.wants_hangup() == "MID 0005 was not acknowledged on the link level"


def test_numbers_begin_again_after_ninety_nine() -> None:
    """It should go from 99 to 01 in both directions."""
    client = started()
    own = []
    for number in range(1, 102):
        acknowledged, answer = client.say(numbered(9999, (number - 1) % 99 + 1))
        assert acknowledged.sequence == number % 99 + 1
        own.append(answer.sequence)
        client.say(acknowledgement(answer))
    assert own == [*range(1, 100), 1, 2]


def test_a_client_that_refuses_the_number_is_dropped() -> None:
    """It should not go on where both sides count differently, but repeat after another error."""
    client = started()
    client.say(numbered(60, 1))
    broken = Message(mid=9998, sequence=1, data=b"00050001")
    assert brief(client.say(broken)) == [(5, 1, b"0060")]
    client.say(Message(mid=9998, sequence=7, data=b"00050003"))
    client.wait(0.25)
    assert client.simulator.wants_hangup() == "the client expects sequence 07 and got 01"


def test_the_last_answer_carries_its_number_and_nothing_waits_for_it() -> None:
    """It should answer 0003 and be silent then, acknowledged or not."""
    client = started()
    assert brief(client.say(numbered(3, 1))) == [(9997, 2, b"0003"), (5, 1, b"0003")]
    assert client.wait(20.0) == []
    assert client.simulator.wants_hangup() is None
    assert client.say(numbered(9999, 2)) == []


def test_no_numbers_below_revision_6_or_where_the_family_has_none() -> None:
    """It should speak without numbers to an older client, and on a family that has no link level."""
    client = Client(controller(link_level=True)).start(5)
    assert brief(client.ask(60)) == [(5, 0, b"0060")]
    mtf = Client(controller(MTF6000, link_level=True))
    [answer] = mtf.ask(1, revision=6)
    assert read(answer)["sequence_numbers"] == 0
