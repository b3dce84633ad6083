"""Sequence numbers, 9997 and 9998, message by message, as section 3.2.2 and captures of real devices have them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.torque_tool.open_protocol.link_level import ANSWER_S, SENDS, LinkLevel, following
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message, decode, encode

RESULT = 61


class Wire:
    """A link level with what it put on the line."""

    def __init__(self) -> None:
        self.sent: list[bytes] = []
        self.link = LinkLevel(
            lambda message, now_s: self.sent.append(encode(message, HeaderStyle.DIGITS)),
            lambda message: message.mid == RESULT,
        )
        self.link.activate()

    def take(self) -> list[bytes]:
        sent, self.sent = self.sent, []
        return sent

    def hear(self, raw: bytes, now_s: float = 0.0) -> Message | None:
        return self.link.received(decode(raw), now_s)


def numbered(mid: int, sequence: int, data: bytes = b"") -> bytes:
    return encode(Message(mid=mid, sequence=sequence, data=data))


def acknowledged(mid: int, sequence: int) -> bytes:
    return numbered(9997, sequence, f"{mid:04d}".encode())


def test_numbers_begin_at_01_and_wait_for_each_acknowledgement() -> None:
    """It should send one message at a time; the acknowledgement carries the number after it."""
    wire = Wire()
    wire.link.send(Message(mid=42), 0.0)
    wire.link.send(Message(mid=40), 0.0)
    assert wire.take() == [b"00200042001001010100"]
    assert wire.hear(b"00249997        0300" + b"0042") is None
    assert wire.take() == []
    assert wire.hear(b"00249997        0200" + b"0042") is None
    assert wire.take() == [b"00200040001001010200"]


def test_a_received_message_is_acknowledged_with_the_number_after_it() -> None:
    """It should give the message on and answer it at once, in the form that an independent client demands."""
    wire = Wire()
    message = wire.hear(numbered(5, 1, b"0060"))
    assert message is not None and message.mid == 5
    assert wire.take() == [b"00249997001001010200" + b"0005"]


def test_99_is_followed_by_01() -> None:
    """It should count round without ever using 00."""
    assert [following(number) for number in (1, 98, 99)] == [2, 99, 1]
    wire = Wire()
    for _ in range(98):
        wire.hear(numbered(71, len(wire.sent) + 1))
    assert wire.hear(numbered(71, 99)) is not None
    assert wire.take()[-1][16:18] == b"01"
    assert wire.hear(numbered(71, 1)) is not None
    assert wire.take()[-1][16:18] == b"02"


def test_the_same_number_again_gets_the_same_answer_and_nothing_else() -> None:
    """It should not give a retransmission on."""
    wire = Wire()
    assert wire.hear(numbered(71, 1)) is not None
    first = wire.take()
    assert wire.hear(numbered(71, 1)) is None
    assert wire.take() == first


def test_an_unexpected_number_is_rejected_with_the_expected_one() -> None:
    """It should answer 9998 with code 0003 and drop the message; before the first one too."""
    wire = Wire()
    assert wire.hear(numbered(71, 99)) is None
    assert wire.take() == [b"00289998001001010100" + b"0071" + b"0003"]
    wire.hear(numbered(71, 1))
    wire.take()
    assert wire.hear(numbered(71, 5)) is None
    assert wire.take() == [b"00289998001001010200" + b"0071" + b"0003"]


def test_number_00_opts_out_for_one_message() -> None:
    """It should give an unnumbered message on and answer nothing."""
    wire = Wire()
    assert wire.hear(numbered(71, 0)) is not None
    assert wire.take() == []


def test_a_result_is_acknowledged_only_when_it_is_released() -> None:
    """It should hold the 9997 back over retransmissions, which reach nobody, and send it once on release."""
    wire = Wire()
    assert wire.hear(numbered(RESULT, 1)) is not None
    assert wire.hear(numbered(RESULT, 1)) is None
    assert wire.take() == []
    wire.link.release(0.0)
    wire.link.release(0.0)
    assert wire.take() == [b"00249997001001010200" + b"0061"]
    assert wire.hear(numbered(RESULT, 1)) is None
    assert wire.take() == [b"00249997001001010200" + b"0061"]


def test_without_acknowledgement_it_is_sent_four_times_and_then_given_up() -> None:
    """It should send the same bytes again, and say what was not acknowledged."""
    wire = Wire()
    wire.link.send(Message(mid=40), 0.0)
    now_s = 0.0
    for _ in range(SENDS):
        assert wire.link.broken is None
        now_s += ANSWER_S
        wire.link.advance(now_s)
    assert wire.take() == [b"00200040001001010100"] * SENDS
    assert wire.link.broken is not None and "0040" in wire.link.broken


def test_an_urgent_message_does_not_wait() -> None:
    """It should go out at once with the next number, and never repeat what it overtook."""
    wire = Wire()
    enable = Message(mid=43)
    wire.link.send(enable, 0.0)
    wire.link.withdraw(enable)
    wire.link.send(Message(mid=42), 0.0, urgent=True)
    assert [raw[4:8] + raw[16:18] for raw in wire.take()] == [b"004301", b"004202"]
    wire.hear(acknowledged(43, 2))
    wire.link.advance(ANSWER_S)
    assert [raw[4:8] for raw in wire.take()] == [b"0042"]
    wire.hear(acknowledged(42, 3))
    wire.link.send(Message(mid=40), 5.0)
    assert [raw[4:8] + raw[16:18] for raw in wire.take()] == [b"004003"]


def test_an_urgent_message_after_a_lost_one_takes_its_number() -> None:
    """It should send the disable again under the number that the controller expects."""
    wire = Wire()
    enable = Message(mid=43)
    wire.link.send(enable, 0.0)
    wire.link.withdraw(enable)
    wire.link.send(Message(mid=42), 0.0, urgent=True)
    wire.take()
    wire.hear(numbered(9998, 1, b"00420003"))
    assert [raw[4:8] + raw[16:18] for raw in wire.take()] == [b"004201"]
    wire.hear(acknowledged(42, 2))
    wire.link.send(Message(mid=40), 1.0)
    assert [raw[4:8] + raw[16:18] for raw in wire.take()] == [b"004002"]
    assert wire.link.broken is None


def test_what_waits_can_be_withdrawn() -> None:
    """It should never send an enable that nobody wants any more."""
    wire = Wire()
    enable = Message(mid=43)
    wire.link.send(Message(mid=72), 0.0)
    wire.link.send(enable, 0.0)
    wire.link.withdraw(enable)
    wire.hear(acknowledged(72, 2))
    assert [raw[4:8] for raw in wire.take()] == [b"0072"]


def test_a_rejection_is_a_lost_acknowledgement_a_damaged_message_or_the_end() -> None:
    """It should go on when the controller has the message, repeat a damaged one, and give up when both disagree."""
    wire = Wire()
    wire.link.send(Message(mid=40), 0.0)
    wire.link.send(Message(mid=10), 0.0)
    wire.hear(numbered(9998, 1, b"00400001"))
    assert [raw[4:8] for raw in wire.take()] == [b"0040", b"0040"]
    wire.hear(numbered(9998, 2, b"00400003"))
    assert [raw[4:8] for raw in wire.take()] == [b"0010"]
    wire.hear(numbered(9998, 7, b"00100003"))
    assert wire.link.broken is not None and "07" in wire.link.broken
    wire.hear(numbered(9998, 7, b"00100003"))


def test_without_numbers_everything_passes() -> None:
    """It should send and give on every message as it is."""
    wire = Wire()
    wire.link.close()
    wire.link.send(Message(mid=40), 0.0)
    wire.link.send(Message(mid=10), 0.0)
    assert [raw[16:18] for raw in wire.take()] == [b"00", b"00"]
    assert wire.hear(numbered(71, 7)) is not None
    assert wire.take() == []


@given(st.lists(st.integers(0, 99), max_size=60))
def test_whatever_numbers_come_each_message_is_given_on_at_most_once(numbers: list[int]) -> None:
    """It should give on exactly the unbroken row of numbers, and what opted out."""
    wire = Wire()
    expected, right, seen = 1, 0, 0
    for number in numbers:
        if wire.hear(numbered(71, number)) is not None:
            seen += 1
        if number in (0, expected):
            right += 1
            expected = following(expected) if number else expected
    assert seen == right
