"""What a bad line may do to a hundred messages: any split, any garbage before them, any bit of them flipped.

Open Protocol has no checksum on TCP and serial lines. A digit that becomes another digit is seen only where something
else contradicts it; everything that can be seen must be.
"""

from __future__ import annotations

import contextlib
from functools import lru_cache
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_result_vectors import JOB_5, OLD_9, RESULT_10, SPINDLES_6, STATUS
from op_vectors import OP_05, OP_08, OP_10, OP_12, OP_22, VECTORS

from drivers.api import TighteningResult
from drivers.torque_tool.open_protocol.carrier import HALF_MESSAGE_S, make_carrier
from drivers.torque_tool.open_protocol.fields import Field, Kind, Layout, Value
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.lists import decode_job, decode_multi_result, decode_multi_status
from drivers.torque_tool.open_protocol.messages import LAYOUTS, layout_for, read
from drivers.torque_tool.open_protocol.protocol import Message, MessageError, decode, encode
from drivers.torque_tool.open_protocol.results import tightening_result
from drivers.torque_tool.open_protocol.trace import decode_trace

STREAMS = (Carriage.TCP, Carriage.SERIAL)
LIMITS: dict[str, Value] = {
    "pset": 7,
    "torque_min_nm": 11.4,
    "torque_max_nm": 12.6,
    "torque_target_nm": 12.0,
    "angle_min_deg": 80,
    "angle_max_deg": 120,
}
GOOD: dict[str, Value] = LIMITS | {
    "tightening_status": 1,
    "torque_status": 1,
    "angle_status": 1,
    "torque_nm": 12.07,
    "angle_deg": 97,
    "time": "2026-01-31:23:59:58",
    "last_change": "2025-12-01:07:08:09",
    "tightening_id": 12346,
    "angle_numerator": 1,
    "angle_denominator": 1,
    "torque_unit": 1,
    "result_type": 1,
    "batch_status": 1,
}


def value_of(field: Field) -> Value:
    """A value that fits; the result fields are those of a good tightening."""
    if field.name in GOOD:
        return GOOD[field.name]
    return "text"[: field.width] if field.kind is Kind.TEXT else 0


@lru_cache(maxsize=1)
def messages() -> tuple[bytes, ...]:
    """A hundred messages and some: every table, and the lists."""
    made = [
        encode(Message(mid=mid, revision=revision, data=layout.encode({f.name: value_of(f) for f in layout.fields})))
        for (mid, revision), layout in LAYOUTS.items()
        if revision != 998
    ]
    return (*made, *VECTORS, JOB_5, STATUS, SPINDLES_6, RESULT_10, OLD_9, OP_22)


def test_there_are_a_hundred_messages() -> None:
    """It should be what the stories below say."""
    assert len(messages()) >= 100


def read_anything(message: Message) -> None:
    """Read it the way its MID is read. Raises nothing."""
    readers = {
        33: lambda: decode_job(message.data, message.revision),
        91: lambda: decode_multi_status(message.data),
        101: lambda: decode_multi_result(message.data),
        900: lambda: decode_trace(message.data, "little"),
    }
    with contextlib.suppress(MessageError):
        readers.get(message.mid, lambda: read(message))()
    with contextlib.suppress(MessageError):
        result_of(message)


def result_of(message: Message) -> TighteningResult:
    if message.mid not in (61, 65):
        raise MessageError("no result")
    limits = LIMITS if message.mid == 65 else None
    return tightening_result(
        message, device="tool", t_mono_s=0.0, controller_serial="C", tool_serial="T", limits=limits
    )


@given(
    raws=st.lists(st.sampled_from(messages()), min_size=1, max_size=4),
    cuts=st.lists(st.integers(0, 800), max_size=6),
    carriage=st.sampled_from(list(Carriage)),
)
def test_any_split_gives_the_same_messages(raws: list[bytes], cuts: list[int], carriage: Carriage) -> None:
    """It should not matter where the line cuts the bytes, on any carriage."""
    station, controller = make_carrier(carriage, Side.INTEGRATOR), make_carrier(carriage, Side.CONTROLLER)
    found: list[Message] = []
    for raw in raws:
        controller.send(decode(raw), 0.0)
    while data := controller.take_output():
        places = sorted({0, len(data), *(cut for cut in cuts if cut < len(data))})
        for begin, end in pairwise(places):
            found += station.received(data[begin:end], 0.0)
        controller.received(station.take_output(), 0.0)
    assert [(message.mid, message.data) for message in found] == [(decode(raw).mid, raw[20:]) for raw in raws]
    assert station.discarded == 0


@given(
    garbage=st.binary(max_size=100),
    raws=st.lists(st.sampled_from(messages()), min_size=1, max_size=3),
    carriage=st.sampled_from(STREAMS),
)
def test_messages_are_found_behind_any_garbage(garbage: bytes, raws: list[bytes], carriage: Carriage) -> None:
    """It should find all of them, at the latest when the line has been quiet, and count what it dropped."""
    parser = FrameParser(carriage, Side.CONTROLLER)
    stream = b"".join(frame(decode(raw), carriage, Side.CONTROLLER) for raw in raws)
    found = parser.feed(garbage + stream) + parser.give_up()
    assert [(message.mid, message.data) for message in found] == [(decode(raw).mid, raw[20:]) for raw in raws]
    assert parser.discarded == len(garbage)


def end_hidden(framed: bytes, carriage: Carriage) -> bool:
    """Whether the NUL between two messages on TCP has become a letter: then they may pass for one."""
    return carriage is Carriage.TCP and framed[-1:] in (b" ", b"@")


@given(raw=st.sampled_from(messages()), bit=st.integers(0, 8 * 9999), carriage=st.sampled_from(STREAMS))
def test_any_flipped_bit_costs_one_message_at_most(raw: bytes, bit: int, carriage: Carriage) -> None:
    """It should neither crash nor hang, and find what follows the damaged message."""
    framed = bytearray(frame(decode(raw), carriage, Side.CONTROLLER))
    framed[bit // 8 % len(framed)] ^= 1 << bit % 8
    following = [frame(decode(other), carriage, Side.CONTROLLER) for other in (OP_05, OP_08, OP_10)]
    station = make_carrier(carriage, Side.INTEGRATOR)
    found = station.received(bytes(framed) + b"".join(following), 0.0)
    found += station.advance(HALF_MESSAGE_S)
    assert not station.pending
    for message in found:
        read_anything(message)
    kept = 1 if end_hidden(framed, carriage) else 3
    assert [message.mid for message in found][-kept:] == [5, 61, 9999][-kept:]


@given(raw=st.sampled_from(messages()), bit=st.integers(0, 8 * 9999))
def test_3964r_takes_no_damaged_message(raw: bytes, bit: int) -> None:
    """It should refuse a block with any bit flipped: this carriage has a check."""
    controller, station = (make_carrier(Carriage.SERIAL_3964R, side) for side in (Side.CONTROLLER, Side.INTEGRATOR))
    controller.send(decode(raw), 0.0)
    station.received(controller.take_output(), 0.0)
    controller.received(station.take_output(), 0.0)
    block = bytearray(controller.take_output())
    block[bit // 8 % len(block)] ^= 1 << bit % 8
    assert station.received(bytes(block), 0.0) == []
    station.advance(1.0)
    assert station.take_output() == b"\x15"


def place_of(layout: Layout, at: int) -> tuple[Field, int] | None:
    """The field whose value holds the byte `at` of the data (from 0), and the place in it; None for an id."""
    begin = 0
    for field in layout.fields:
        value_at = begin + field.size - field.width
        if begin <= at < begin + field.size:
            return None if at < value_at else (field, at - value_at)
        begin += field.size
    raise AssertionError(at)


def check_damaged(raw: bytes, at: int, bit: int) -> bool:
    """Flip a bit of a result message. If it is still read, nothing that could have been seen is wrong with it."""
    damaged = bytearray(raw)
    damaged[at] ^= 1 << bit
    whole = decode(raw)
    try:
        message = decode(bytes(damaged))
        if message.mid != whole.mid:
            return False
        result = result_of(message)
    except MessageError:
        return False
    original = result_of(whole)
    assert at >= 8, "Length and MID"
    if at < 20:
        assert chr(damaged[at]) in "0123456789 ", "header"
        assert (result.torque_nm, result.ok, result.tightening_id) == (
            original.torque_nm,
            original.ok,
            original.tightening_id,
        )
        return True
    place = place_of(layout_for(whole.mid, whole.revision), at - 20)
    assert place is not None, f"parameter id at byte {at + 1}"
    field, _ = place
    if field.kind is Kind.TEXT:
        padded = damaged[at] == 0 and read(whole)[field.name] == read(message)[field.name]
        seen = field.name in ("vin", "tool_serial", "time", "last_change")
        assert damaged[at] >= 0x20 or padded or not seen, field.name
    else:
        assert chr(damaged[at]) in "0123456789 -", field.name
    before, after = read(whole), read(message)
    assert {name for name in before if before[name] != after[name]} <= {field.name}
    if result.ok and result.result_type == "tightening":
        assert (result.torque_status, result.angle_status) == ("ok", "ok")
        assert result.torque_min_nm - 0.02 <= result.torque_nm <= (result.torque_max_nm or 1e9) + 0.02
        assert result.angle_min_deg <= result.angle_deg <= (result.angle_max_deg or 1e9)
    return True


def result_messages() -> list[bytes]:
    """Good and bad results of every revision."""
    bad = GOOD | {"tightening_status": 0, "torque_status": 0, "torque_nm": 9.99, "error_status": 1 << 14}
    made = [
        encode(Message(mid=mid, revision=revision, data=layout.encode(values)))
        for (mid, revision), layout in LAYOUTS.items()
        if mid in (61, 65) and revision < 998
        for values in (GOOD, bad)
    ]
    return [*made, OP_08, OP_12, RESULT_10]


@pytest.mark.parametrize("raw", [OP_08, OP_12, result_messages()[2]])
def test_a_damaged_result_that_is_read_is_one_that_nobody_could_know(raw: bytes) -> None:
    """It should refuse every bit flip of a result but those that turn a character into another possible one."""
    read_all_the_same = sum(check_damaged(raw, at, bit) for at in range(len(raw)) for bit in range(8))
    assert read_all_the_same < len(raw) * 8 / 2


@pytest.mark.campaign
@pytest.mark.parametrize("number", range(len(result_messages())))
def test_every_bit_of_every_result(number: int) -> None:
    """It should do so for good and bad results of all revisions."""
    raw = result_messages()[number]
    for at in range(len(raw)):
        for bit in range(8):
            check_damaged(raw, at, bit)


@pytest.mark.campaign
@pytest.mark.parametrize("carriage", STREAMS)
def test_every_bit_of_a_hundred_messages(carriage: Carriage) -> None:
    """It should survive each of them, and find the message after it."""
    following = b"".join(frame(decode(other), carriage, Side.CONTROLLER) for other in (OP_08, OP_10))
    for raw in messages():
        framed = frame(decode(raw), carriage, Side.CONTROLLER)
        for at in range(len(framed)):
            for bit in range(8):
                damaged = bytearray(framed)
                damaged[at] ^= 1 << bit
                parser = FrameParser(carriage, Side.CONTROLLER)
                found = parser.feed(bytes(damaged) + following) + parser.give_up()
                for message in found[:-2]:
                    read_anything(message)
                kept = 1 if end_hidden(damaged, carriage) else 2
                assert [message.mid for message in found[-kept:]] == [61, 9999][-kept:], (raw[:20], at, bit)


@pytest.mark.parametrize("carriage", STREAMS)
@pytest.mark.parametrize(
    "garbage",
    [b"9", b"0", b"\x02", b"\x029999", b"9999", b"0020", b"99990061001         ", b"\x07\x09", b"\x00\x03\xff"],
)
def test_a_flood_of_garbage_is_survived(carriage: Carriage, garbage: bytes) -> None:
    """It should drop 100 kB of what looks like the beginning of messages, and keep no more than one frame of it."""
    flood = garbage * (100_000 // len(garbage))
    parser = FrameParser(carriage, Side.CONTROLLER)
    found = []
    for begin in range(0, len(flood), 1000):
        found += parser.feed(flood[begin : begin + 1000])
        assert begin + 1000 - parser.discarded <= 10_005
    found += parser.give_up()
    assert (found, parser.pending, parser.discarded) == ([], False, len(flood))
