"""One end of a line for every carriage: streams, the 3964R procedure byte by byte, and messages in parts."""

from __future__ import annotations

from functools import reduce
from operator import xor

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_vectors import OP_03, OP_05, OP_08, OP_10, OP_22, VECTORS

from drivers.torque_tool.open_protocol.carrier import HALF_MESSAGE_S, Carrier, make_carrier
from drivers.torque_tool.open_protocol.carrier_3964r import ANSWER_S, ATTEMPTS, BETWEEN_CHARACTERS_S
from drivers.torque_tool.open_protocol.framing import Carriage, Side
from drivers.torque_tool.open_protocol.linking import Linker, parts_of
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message, MessageError, decode

STX, ETX, DLE, NAK = b"\x02", b"\x03", b"\x10", b"\x15"
MARK = b"\x07\x09\x07\x09"


def ends(carriage: Carriage) -> tuple[Carrier, Carrier]:
    """The station's end and the controller's."""
    return make_carrier(carriage, Side.INTEGRATOR), make_carrier(carriage, Side.CONTROLLER)


def carry(station: Carrier, controller: Carrier, now_s: float = 0.0) -> tuple[list[Message], list[Message]]:
    """Let bytes go to and fro until both are silent; what each end got."""
    at_station: list[Message] = []
    at_controller: list[Message] = []
    while True:
        out, back = station.take_output(), controller.take_output()
        if not out and not back:
            return at_station, at_controller
        at_controller += controller.received(out, now_s)
        at_station += station.received(back, now_s)


def contents(messages: list[Message]) -> list[tuple[int, bytes]]:
    return [(message.mid, message.data) for message in messages]


def block_of(frame: bytes) -> bytes:
    """A frame as 3964R puts it on the line when it holds no DLE."""
    body = frame + DLE + ETX
    return body + bytes((reduce(xor, body, 0),))


@pytest.mark.parametrize("carriage", list(Carriage))
def test_messages_cross_in_both_directions(carriage: Carriage) -> None:
    """It should carry every vector and a trace both ways, in order, and leave nothing behind."""
    station, controller = ends(carriage)
    messages = [decode(raw) for raw in (*VECTORS, OP_22)]
    for message in messages:
        station.send(message, 0.0)
        controller.send(message, 0.0)
    at_station, at_controller = carry(station, controller)
    assert contents(at_station) == contents(at_controller) == contents(messages)
    for end in (station, controller):
        assert (end.pending, end.discarded, end.broken, end.next_wake_s()) == (False, 0, None, None)


@pytest.mark.parametrize("carriage", [Carriage.TCP, Carriage.SERIAL])
def test_a_half_message_is_given_up_when_the_line_is_quiet(carriage: Carriage) -> None:
    """It should wait a second for the rest of a Length that is too large, and then find the whole message behind it."""
    station, controller = ends(carriage)
    controller.send(decode(OP_05), 0.0)
    whole = controller.take_output()
    assert station.received(whole.replace(b"0024", b"0900", 1), 5.0) == []
    assert station.received(whole, 5.5) == []
    assert station.received(b"", 6.0) == []
    assert station.pending
    assert station.next_wake_s() == 5.5 + HALF_MESSAGE_S
    assert station.advance(6.4) == []
    assert contents(station.advance(5.5 + HALF_MESSAGE_S)) == [(5, b"0018")]
    assert (station.pending, station.next_wake_s(), station.discarded) == (False, None, len(whole))


@pytest.mark.parametrize("carriage", list(Carriage))
def test_a_new_line_begins_empty(carriage: Carriage) -> None:
    """It should neither send nor expect anything of the old line."""
    station, controller = ends(carriage)
    station.send(decode(OP_10), 0.0)
    controller.send(decode(OP_05), 0.0)
    station.received(controller.take_output()[:5], 0.0)
    station.clear()
    assert station.take_output() == b""
    assert (station.pending, station.next_wake_s()) == (False, None)
    controller.clear()
    controller.send(decode(OP_08), 1.0)
    at_station, _ = carry(station, controller, 1.0)
    assert contents(at_station) == [(61, OP_08[20:])]


def test_the_bytes_of_3964r_are_those_of_the_procedure() -> None:
    """It should ask for leave, send frame, DLE ETX and check, and take the answer, in both directions."""
    controller = make_carrier(Carriage.SERIAL_3964R, Side.CONTROLLER, HeaderStyle.BLANK)
    controller.send(decode(OP_03), 0.0)
    assert controller.take_output() == STX
    controller.received(DLE, 0.1)
    assert controller.take_output() == block_of(STX + OP_03 + b"\x00" + ETX)
    controller.received(DLE, 0.2)
    assert (controller.take_output(), controller.next_wake_s()) == (b"", None)
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR, HeaderStyle.BLANK)
    station.send(decode(OP_10), 0.0)
    station.take_output()
    station.received(DLE, 0.1)
    assert station.take_output() == block_of(MARK + STX + OP_10 + b"\x00" + ETX)


@pytest.mark.parametrize("mark", [b"", MARK])
def test_3964r_takes_a_frame_with_and_without_the_mark(mark: bytes) -> None:
    """It should take both, because the documents do not agree, and answer DLE to both."""
    controller = make_carrier(Carriage.SERIAL_3964R, Side.CONTROLLER)
    assert controller.received(STX, 0.0) == []
    assert controller.take_output() == DLE
    [message] = controller.received(block_of(mark + STX + OP_10 + b"\x00" + ETX), 0.0)
    assert message.raw == OP_10
    assert controller.take_output() == DLE


def test_3964r_takes_a_trace_whether_or_not_its_dle_is_doubled() -> None:
    """It should find the end of binary content that looks like an end, by check and Length."""
    samples = bytes((0x10, 0x03, 0x10, 0x10, 0x03, 0x02, 0x10, 0x15))
    raw = b"%04d0900001         00004\x00" % (26 + len(samples)) + samples
    frame = STX + raw + ETX
    doubled = frame.replace(DLE, DLE + DLE) + DLE + ETX
    for block in (block_of(frame), doubled + bytes((reduce(xor, doubled, 0),))):
        station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
        station.received(STX, 0.0)
        found = [message for byte in block for message in station.received(bytes((byte,)), 0.0)]
        assert [message.raw for message in found] == [raw]


@pytest.mark.parametrize("at", [0, 1, 9, 30, -1])
def test_3964r_refuses_a_damaged_block_and_takes_its_repeat(at: int) -> None:
    """It should answer NAK once the line is quiet, and read the block when it comes again."""
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    block = block_of(STX + OP_08 + b"\x00" + ETX)
    damaged = bytearray(block)
    damaged[at] ^= 4
    station.received(STX, 0.0)
    assert station.received(bytes(damaged), 0.0) == []
    station.take_output()
    station.advance(BETWEEN_CHARACTERS_S)
    assert station.take_output() == NAK
    station.received(STX, 1.0)
    assert station.take_output() == DLE
    assert [message.raw for message in station.received(block, 1.0)] == [OP_08]
    assert station.discarded == len(block)


def test_3964r_refuses_a_block_that_stops() -> None:
    """It should answer NAK 100 ms after the last character."""
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    station.received(STX, 0.0)
    station.received(STX + OP_08[:50], 0.05)
    assert station.pending
    station.take_output()
    station.advance(0.1)
    assert station.take_output() == b""
    station.advance(0.05 + BETWEEN_CHARACTERS_S)
    assert station.take_output() == NAK
    assert not station.pending


def test_3964r_refuses_noise_once_it_ends() -> None:
    """It should answer NAK 100 ms after the last of characters that ask for nothing, and work again."""
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    station.received(b"xy", 0.0)
    station.received(b"z", 0.09)
    station.advance(0.1)
    assert station.take_output() == b""
    station.advance(0.09 + BETWEEN_CHARACTERS_S)
    assert station.take_output() == NAK
    assert station.discarded == 3
    station.received(STX, 0.3)
    assert station.take_output() == DLE


@pytest.mark.parametrize("answer", [NAK, b"x"])
def test_3964r_sends_again_what_is_refused(answer: bytes) -> None:
    """It should ask for leave again after a refusal, before the block and after it."""
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    station.send(decode(OP_10), 0.0)
    assert station.take_output() == STX
    station.received(answer, 0.0)
    assert station.take_output() == STX
    station.received(DLE, 0.0)
    block = station.take_output()
    station.received(answer, 0.0)
    assert station.take_output() == STX
    station.received(DLE, 0.0)
    assert station.take_output() == block
    station.received(DLE, 0.0)
    assert (station.next_wake_s(), station.broken) == (None, None)


def test_3964r_gives_up_after_six_attempts() -> None:
    """It should ask every 2 s, six times in all, then say NAK and that the line is broken."""
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    station.send(decode(OP_10), 0.0)
    asked = station.take_output()
    for attempt in range(1, ATTEMPTS):
        station.advance(attempt * ANSWER_S - 0.1)
        assert station.take_output() == b""
        station.advance(attempt * ANSWER_S)
        asked += station.take_output()
    assert asked == STX * ATTEMPTS
    assert station.broken is None
    station.advance(ATTEMPTS * ANSWER_S)
    assert station.take_output() == NAK
    assert station.broken is not None
    assert "3964R" in station.broken
    station.clear()
    assert station.broken is None


def test_3964r_lets_the_controller_go_first() -> None:
    """It should give way as the station when both ask at once, and send its own message afterwards."""
    station, controller = ends(Carriage.SERIAL_3964R)
    station.send(decode(OP_10), 0.0)
    controller.send(decode(OP_05), 0.0)
    asked_by_station, asked_by_controller = station.take_output(), controller.take_output()
    assert asked_by_station == asked_by_controller == STX
    controller.received(asked_by_station, 0.0)
    station.received(asked_by_controller, 0.0)
    assert station.take_output() == DLE
    controller.received(DLE, 0.0)
    at_station, at_controller = carry(station, controller)
    assert contents(at_station) == [(5, b"0018")]
    assert contents(at_controller) == [(9999, b"")]


@given(chunks=st.lists(st.binary(max_size=40) | st.sampled_from([STX, DLE, NAK, DLE + ETX]), max_size=20))
def test_3964r_survives_any_bytes(chunks: list[bytes]) -> None:
    """It should neither crash nor invent a message, and take the next whole block."""
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    now_s = 0.0
    for chunk in chunks:
        assert station.received(chunk, now_s) == []
        now_s += 0.01
        assert station.advance(now_s) == []
    station.advance(now_s + BETWEEN_CHARACTERS_S)
    station.take_output()
    station.received(STX, now_s + 1)
    assert station.take_output() == DLE
    assert [m.raw for m in station.received(block_of(STX + OP_05 + b"\x00" + ETX), now_s + 1)] == [OP_05]


@pytest.mark.parametrize("carriage", list(Carriage))
def test_a_long_message_crosses_in_parts(carriage: Carriage) -> None:
    """It should be cut into parts of at most 9999 bytes, and joined to one message with the raw bytes of all."""
    station, controller = ends(carriage)
    message = Message(mid=1202, data=bytes(range(256)) * 80)
    controller.send(message, 0.0)
    parts, _ = carry(station, controller)
    assert [(part.parts, part.part, len(part.raw)) for part in parts] == [(3, 1, 9999), (3, 2, 9999), (3, 3, 542)]
    linker = Linker()
    whole = [linker.take(part) for part in parts]
    assert whole[:2] == [None, None]
    assert whole[2] is not None
    assert (whole[2].data, whole[2].parts, whole[2].part) == (message.data, 0, 0)
    assert whole[2].raw == b"".join(part.raw for part in parts)
    assert not linker.pending


def test_only_nine_unnumbered_parts_can_be_sent() -> None:
    """It should refuse a tenth part, and a sequence number that all parts would share."""
    assert len(parts_of(Message(mid=1202, data=b"x" * 9979))) == 1
    assert len(parts_of(Message(mid=1202, data=b"x" * 9979 * 9))) == 9
    for message in (Message(mid=1202, data=b"x" * (9979 * 9 + 1)), Message(mid=1202, data=b"x" * 9980, sequence=1)):
        with pytest.raises(MessageError, match="9 parts"):
            parts_of(message)


def test_parts_that_do_not_follow_each_other_are_dropped() -> None:
    """It should never join parts of two messages, nor a message with a gap; others pass in between."""
    first, second, third = parts_of(Message(mid=1202, data=b"x" * 20_000))
    other = Message(mid=9999)
    linker = Linker()
    assert linker.take(second) is None
    assert linker.take(first) is None
    assert linker.take(third) is None
    assert not linker.pending
    assert linker.take(first) is None
    assert linker.take(other) is other
    assert linker.take(Message(mid=1201, parts=3, part=2)) is None
    assert linker.take(second) is None
    assert linker.take(third) is None
    assert [linker.take(part) is not None for part in (first, first, second, third)] == [False, False, False, True]
