"""Header and framing of Open Protocol: published vectors, every split, noise."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_vectors import (
    OP_01,
    OP_02,
    OP_03,
    OP_04,
    OP_05,
    OP_06,
    OP_07,
    OP_08,
    OP_09,
    OP_10,
    OP_11,
    OP_12,
    OP_13,
    OP_15,
    OP_16,
    OP_18,
    OP_20,
    OP_21,
    OP_22,
    VECTORS,
    wire,
)

from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.protocol import (
    HeaderStyle,
    Message,
    MessageError,
    declared_length,
    decode,
    encode,
)

BLANK, SPACES, DIGITS = HeaderStyle.BLANK, HeaderStyle.SPACES, HeaderStyle.DIGITS


def framed(raw: bytes, carriage: Carriage, sender: Side) -> bytes:
    if carriage is Carriage.TCP:
        return raw + b"\x00"
    return (b"\x07\x09\x07\x09" if sender is Side.INTEGRATOR else b"") + b"\x02" + raw + b"\x00\x03"


LINES = [(carriage, sender) for carriage in (Carriage.SERIAL, Carriage.TCP) for sender in Side]
EVERY_LINE = pytest.mark.parametrize(("carriage", "sender"), LINES)


@pytest.mark.parametrize(
    ("raw", "style"),
    [
        (OP_01, DIGITS),
        (OP_02, SPACES),
        (OP_03, BLANK),
        (OP_04, BLANK),
        (OP_05, BLANK),
        (OP_06, SPACES),
        (OP_07, SPACES),
        (OP_08, DIGITS),
        (OP_09, SPACES),
        (OP_10, BLANK),
        (OP_11, SPACES),
        (OP_12, SPACES),
        (OP_13, BLANK),
        (OP_15, DIGITS),
        (OP_16, DIGITS),
    ],
)
def test_published_messages_are_read_and_written_byte_for_byte(raw: bytes, style: HeaderStyle) -> None:
    """It should read each vector and write it back unchanged in the style of its sender."""
    message = decode(raw)
    assert message.raw == raw
    assert encode(message, style) == raw


def test_headers_of_real_controllers_mix_blanks_and_digits() -> None:
    """It should take every field after the MID as digits or as spaces."""
    pf4000 = wire("03850061002·····0000")
    assert declared_length(pf4000) == 385
    header = decode(pf4000.replace(b"0385", b"0020"))
    assert (header.mid, header.revision, header.station, header.sequence, header.parts) == (61, 2, 1, 0, 0)
    assert (decode(OP_20).sequence, decode(OP_20).data) == (3, b"0042")
    assert (decode(OP_21).revision, decode(OP_21).no_ack, decode(OP_21).data) == (1, False, b"000801")
    assert decode(OP_01).revision == 6
    assert decode(wire("002000600021········")).no_ack


@pytest.mark.parametrize("raw", [b"", b"0020", OP_05[:-1], OP_05 + b"0", b"0019" + OP_07[4:], b"00x0" + OP_07[4:]])
def test_a_header_that_does_not_fit_is_reported(raw: bytes) -> None:
    """It should raise instead of guessing."""
    with pytest.raises(MessageError):
        decode(raw)


def test_a_message_that_cannot_be_sent_is_reported() -> None:
    """It should refuse more than four digits of length."""
    with pytest.raises(MessageError, match="9999"):
        encode(Message(mid=900, data=b"x" * 9980))


@given(
    mid=st.integers(1, 9999).filter(lambda mid: mid != 900),
    revision=st.integers(1, 999),
    no_ack=st.booleans(),
    station=st.integers(1, 99),
    spindle=st.integers(1, 99),
    sequence=st.integers(0, 99),
    parts=st.integers(0, 9),
    data=st.binary(max_size=200),
    style=st.sampled_from(HeaderStyle),
    line=st.sampled_from(LINES),
)
def test_what_is_sent_is_what_is_received(
    mid: int,
    revision: int,
    no_ack: bool,
    station: int,
    spindle: int,
    sequence: int,
    parts: int,
    data: bytes,
    style: HeaderStyle,
    line: tuple[Carriage, Side],
) -> None:
    """It should carry any message, whatever bytes are in it, in every style and framing."""
    message = Message(
        mid=mid,
        revision=revision,
        no_ack=no_ack,
        station=station,
        spindle=spindle,
        sequence=sequence,
        parts=parts,
        part=parts,
        data=data,
    )
    parser = FrameParser(*line)
    [received] = parser.feed(frame(message, *line, style))
    assert received.same_content(message)
    assert not parser.pending
    assert parser.discarded == 0


def test_serial_frames_are_those_of_the_vendor() -> None:
    """It should frame OP-18 and OP-17 as printed: the two directions differ."""
    [message] = FrameParser(Carriage.SERIAL, Side.INTEGRATOR).feed(OP_18)
    assert (message.mid, message.revision) == (1, 6)
    op_17 = b"\x02" + OP_03 + b"\x00\x03"
    [message] = FrameParser(Carriage.SERIAL, Side.CONTROLLER).feed(op_17)
    assert frame(message, Carriage.SERIAL, Side.CONTROLLER, BLANK) == op_17
    assert frame(message, Carriage.SERIAL, Side.INTEGRATOR, BLANK) == b"\x07\x09\x07\x09" + op_17


@EVERY_LINE
def test_every_split_gives_the_same_messages(carriage: Carriage, sender: Side) -> None:
    """It should not matter where the line cuts the bytes."""
    for raw in VECTORS:
        data = framed(raw, carriage, sender)
        for at in range(len(data) + 1):
            parser = FrameParser(carriage, sender)
            found = parser.feed(data[:at]) + parser.feed(data[at:])
            assert [message.raw for message in found] == [raw]


@EVERY_LINE
def test_glued_messages_and_single_bytes(carriage: Carriage, sender: Side) -> None:
    """It should take all vectors in one piece, and the same stream byte by byte (OP-23 is two of them)."""
    stream = b"".join(framed(raw, carriage, sender) for raw in VECTORS)
    assert [message.raw for message in FrameParser(carriage, sender).feed(stream)] == VECTORS
    parser = FrameParser(carriage, sender)
    found = [message.raw for byte in stream for message in parser.feed(bytes([byte]))]
    assert found == VECTORS


@EVERY_LINE
def test_a_trace_ends_without_a_nul(carriage: Carriage, sender: Side) -> None:
    """It should find the end of OP-22 by its length although its samples contain NUL, STX and ETX."""
    data = framed(OP_22, carriage, sender)
    data = data[:-1] if carriage is Carriage.TCP else data[:-2] + b"\x03"
    found = FrameParser(carriage, sender).feed(data + framed(OP_05, carriage, sender))
    assert [message.raw for message in found] == [OP_22, OP_05]


@EVERY_LINE
@pytest.mark.parametrize(
    "noise",
    [b"\xff\x00\xfe", b"\x02", b"\x07\x09", b"\x07\x09\x07\x09\x02", b"abc", b"002", b"0020", b"9x", b"\x00\x03"],
)
def test_a_message_is_found_after_noise(carriage: Carriage, sender: Side, noise: bytes) -> None:
    """It should find the next message behind noise, at the latest when the line has been quiet."""
    parser = FrameParser(carriage, sender)
    found = parser.feed(noise + framed(OP_05, carriage, sender)) + parser.give_up()
    assert [message.raw for message in found] == [OP_05]
    assert parser.discarded == len(noise)


@EVERY_LINE
@pytest.mark.parametrize("wrong", [b"0019", b"0023", b"0025", b"0044", b"0300", b"9999", b"00 4"])
def test_a_wrong_length_costs_one_message_only(carriage: Carriage, sender: Side, wrong: bytes) -> None:
    """It should never wait for ever for bytes that are not coming: what follows the broken message is found."""
    parser = FrameParser(carriage, sender)
    broken = framed(wrong + OP_05[4:], carriage, sender)
    found = parser.feed(broken + framed(OP_08, carriage, sender) + framed(OP_10, carriage, sender))
    found += parser.give_up()
    assert [message.raw for message in found][-2:] == [OP_08, OP_10]
    assert not parser.pending


@given(data=st.lists(st.binary(max_size=60), max_size=20), line=st.sampled_from(LINES))
def test_any_bytes_are_survived(data: list[bytes], line: tuple[Carriage, Side]) -> None:
    """It should neither crash nor keep what it gave up."""
    parser = FrameParser(*line)
    for chunk in data:
        parser.feed(chunk)
    parser.give_up()
    assert not parser.pending
    assert [message.raw for message in parser.feed(framed(OP_05, *line))] == [OP_05]


def test_digits_inside_a_damaged_message_do_not_pass_for_a_trace() -> None:
    """It should not take 0080 0900 in the middle of 0013 for a trace of 80 bytes, which has no end mark on TCP."""
    damaged = wire("0121001300100000000080090000100000000000000000000000000000") + b"\x00"
    parser = FrameParser(Carriage.TCP, Side.CONTROLLER)
    found = parser.feed(damaged + OP_08 + b"\x00" + OP_10 + b"\x00") + parser.give_up()
    assert [message.raw for message in found] == [OP_08, OP_10]


@pytest.mark.parametrize("end", [b"\x00", b"\x01", b"\x80"])
def test_a_damaged_length_does_not_swallow_the_next_message(end: bytes) -> None:
    """It should see that a message which ends where the next one ends holds it, although its own end is damaged."""
    longer = b"%04d" % (len(OP_05) + 1 + len(OP_08))
    parser = FrameParser(Carriage.TCP, Side.CONTROLLER)
    found = parser.feed(longer + OP_05[4:] + end + OP_08 + b"\x00" + OP_10 + b"\x00") + parser.give_up()
    assert [message.raw for message in found] == [OP_08, OP_10]


def test_a_new_line_begins_empty() -> None:
    """It should forget half a message of the old line."""
    parser = FrameParser(Carriage.TCP, Side.CONTROLLER)
    parser.feed(OP_08[:50])
    assert parser.pending
    parser.clear()
    assert [message.raw for message in parser.feed(OP_05 + b"\x00")] == [OP_05]
