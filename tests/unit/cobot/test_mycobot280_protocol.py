"""myCobot 280 bytes: the documents' examples, every split, noise, and round trips of the whole table."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CommandError, ProtocolError
from drivers.cobot.mycobot280.protocol import (
    SHAPES,
    Cmd,
    Frame,
    FrameParser,
    acknowledgement,
    encode,
    pack,
    reply,
    reply_values,
    request,
    request_values,
    unpack,
)

REQUESTS = [
    ("FE FE 02 12 FA", Cmd.IS_POWERED_ON, ()),
    ("FE FE 02 10 FA", Cmd.POWER_ON, ()),
    ("FE FE 03 16 01 FA", Cmd.SET_FRESH_MODE, (1,)),
    ("FE FE 06 21 01 00 00 14 FA", Cmd.SEND_ANGLE, (1, 0, 20)),
    ("FE FE 0F 22 03 E8 F8 30 0B EA 00 00 01 F4 EE 6C 28 FA", Cmd.SEND_ANGLES, (10, -20, 30.5, 0, 5, -45, 40)),
    ("FE FE 06 24 01 07 D0 14 FA", Cmd.SEND_COORD, (1, 200, 20)),
    (
        "FE FE 10 25 05 DF FD 51 03 FA 03 FA 00 00 DC D8 0A 01 FA",
        Cmd.SEND_COORDS,
        (150.3, -68.7, 101.8, 10.18, 0, -90, 10, 1),
    ),
    ("FE FE 02 29 FA", Cmd.STOP, ()),
    ("FE FE 05 30 01 01 14 FA", Cmd.JOG_JOINT, (1, 1, 20)),
    ("FE FE 06 31 01 11 94 14 FA", Cmd.JOG_ABSOLUTE, (1, 45, 20)),
    ("FE FE 06 33 01 11 94 14 FA", Cmd.JOG_INCREMENT, (1, 45, 20)),
    ("FE FE 06 3A 05 08 00 14 FA", Cmd.SET_ENCODER, (5, 2048, 20)),
    ("FE FE 0F 3C 08 00 08 00 08 00 08 00 08 00 08 00 14 FA", Cmd.SET_ENCODERS, (*(2048,) * 6, 20)),
    ("FE FE 03 41 32 FA", Cmd.SET_SPEED, (50,)),
    ("FE FE 03 4A 02 FA", Cmd.GET_JOINT_MIN, (2,)),
    ("FE FE 05 4C 02 FA BA FA", Cmd.SET_JOINT_MIN, (2, -135)),
    ("FE FE 05 52 01 15 01 FA", Cmd.SET_SERVO_PARAMETER, (1, 0x15, 1)),
    ("FE FE 04 66 00 32 FA", Cmd.SET_GRIPPER_STATE, (0, 50)),
    ("FE FE 04 67 32 14 FA", Cmd.SET_GRIPPER_VALUE, (50, 20)),
    ("FE FE 05 6A 00 00 FF FA", Cmd.SET_COLOUR, (0, 0, 255)),
    ("FE FE 04 A0 02 01 FA", Cmd.SET_BASE_OUTPUT, (2, 1)),
]
REPLIES = [
    ("FE FE 03 12 01 FA", Cmd.IS_POWERED_ON, (1,)),
    ("FE FE 03 07 00 FA", Cmd.ERROR_INFORMATION, (0,)),
    (
        "FE FE 0E 20 00 8C 00 3D FF E6 FF 3F 00 AF FF 51 FA",
        Cmd.GET_ANGLES,
        (1.40, 0.61, -0.26, -1.93, 1.75, -1.75),
    ),
    ("FE FE 0E 20 03 E8 F8 30 00 FA FF FE 00 FA FA FA FA", Cmd.GET_ANGLES, (10, -20, 2.5, -0.02, 2.5, -12.86)),
    (
        "FE FE 0E 23 01 BC FD A0 10 15 DC 66 FF 54 DE 21 FA",
        Cmd.GET_COORDS,
        (44.4, -60.8, 411.7, -91.14, -1.72, -86.71),
    ),
    ("FE FE 05 4A 02 F9 F2 FA", Cmd.GET_JOINT_MIN, (2, -155)),
    ("FE FE 05 4B 02 06 72 FA", Cmd.GET_JOINT_MAX, (2, 165)),
    ("FE FE 04 3B 08 07 FA", Cmd.GET_ENCODER, (2055,)),
    ("FE FE 04 50 01 01 FA", Cmd.IS_SERVO_ENABLED, (1, 1)),
    ("FE FE 04 62 16 01 FA", Cmd.GET_PIN_INPUT, (0x16, 1)),
    ("FE FE 03 65 64 FA", Cmd.GET_GRIPPER_VALUE, (100,)),
]


def only(frames: list[Frame]) -> Frame:
    assert len(frames) == 1
    return frames[0]


@pytest.mark.parametrize(("text", "cmd", "values"), REQUESTS)
def test_requests_are_the_documents_bytes_both_ways(text: str, cmd: Cmd, values: tuple[float, ...]) -> None:
    """It should write a request as the document prints it, and read it back."""
    data = bytes.fromhex(text)
    assert request(cmd, *values) == data
    assert request_values(only(FrameParser(replies=False).feed(data))) == pytest.approx(values)


@pytest.mark.parametrize(("text", "cmd", "values"), REPLIES)
def test_replies_are_the_documents_bytes_both_ways(text: str, cmd: Cmd, values: tuple[float, ...]) -> None:
    """It should write a reply as the document prints it, and read it back, FA inside the payload included."""
    data = bytes.fromhex(text)
    assert reply(cmd, *values) == data
    assert reply_values(only(FrameParser(replies=True).feed(data))) == pytest.approx(values)


def test_acknowledgements() -> None:
    """It should echo the command with 1 for accepted and 0 for refused."""
    assert acknowledgement(Cmd.SEND_ANGLES, True) == bytes.fromhex("FE FE 03 22 01 FA")
    assert acknowledgement(Cmd.SEND_ANGLES, False) == bytes.fromhex("FE FE 03 22 00 FA")


@pytest.mark.parametrize("text", [text for text, _, _ in REPLIES])
def test_every_split_gives_the_same_frame(text: str) -> None:
    """It should find the frame wherever the line cuts it, and nothing before it is whole."""
    data = bytes.fromhex(text)
    for cut in range(1, len(data)):
        parser = FrameParser(replies=True)
        assert parser.feed(data[:cut]) == []
        assert encode(only(parser.feed(data[cut:]))) == data
        assert parser.noise_bytes == 0


def test_glued_frames_come_apart() -> None:
    """It should give all frames that arrive in one piece."""
    data = b"".join(bytes.fromhex(text) for text, _, _ in REPLIES)
    assert [frame.cmd for frame in FrameParser(replies=True).feed(data)] == [cmd for _, cmd, _ in REPLIES]


def test_servo_bus_noise_that_ends_in_a_header_byte() -> None:
    """It should not take the third FE of `FE FE FE` for a length (MV-18)."""
    data = bytes.fromhex("FF FF 0C 83 07 00 FE FE FE 0E 20 00 8C 00 3D FF E6 FF 3F 00 AF FF 51 FA")
    for cut in range(len(data)):
        parser = FrameParser(replies=True)
        frames = parser.feed(data[:cut]) + parser.feed(data[cut:])
        assert reply_values(only(frames))[0] == 1.4
        assert parser.noise_bytes == 7


def test_boot_text_and_nul_bytes_are_counted_as_noise() -> None:
    """It should skip and count a firmware's panic text with a valid frame in the middle."""
    parser = FrameParser(replies=True)
    frames = parser.feed(b"cmd_len error\r\n" + reply(Cmd.IS_MOVING, 0) + bytes(277))
    assert only(frames).cmd == Cmd.IS_MOVING
    assert parser.noise_bytes == 15 + 277


def test_a_lost_footer_costs_one_frame_only() -> None:
    """It should find the next frame after one whose end is missing."""
    parser = FrameParser(replies=True)
    broken = reply(Cmd.GET_ANGLES, 1, 2, 3, 4, 5, 6)[:-1]
    assert only(parser.feed(broken + reply(Cmd.IS_MOVING, 1) + reply(Cmd.IS_MOVING, 1))[-1:]).cmd == Cmd.IS_MOVING


def test_half_a_frame_can_be_forgotten() -> None:
    """It should begin afresh when the line was opened anew."""
    parser = FrameParser(replies=True)
    parser.feed(reply(Cmd.GET_ANGLES, 1, 2, 3, 4, 5, 6)[:9])
    parser.forget()
    assert parser.noise_bytes == 9
    assert only(parser.feed(reply(Cmd.IS_MOVING, 0))).cmd == Cmd.IS_MOVING


def test_values_that_do_not_fit_are_refused() -> None:
    """It should never wrap a number around."""
    for cmd, values in ((Cmd.SEND_ANGLES, (400.0, 0, 0, 0, 0, 0, 10)), (Cmd.SET_COLOUR, (0, 0, 256)), (Cmd.STOP, (1,))):
        with pytest.raises(CommandError):
            request(cmd, *values)
    with pytest.raises(CommandError):
        pack("a", (float("nan"),))
    with pytest.raises(CommandError):
        encode(Frame(cmd=1, payload=bytes(40)))


def test_unknown_shapes_are_errors_and_not_guesses() -> None:
    """It should say that it does not know a command or a length."""
    with pytest.raises(ProtocolError):
        request_values(Frame(cmd=0x99, payload=b""))
    with pytest.raises(ProtocolError):
        reply_values(Frame(cmd=Cmd.GET_ANGLES, payload=b"abc"))
    with pytest.raises(ProtocolError):
        unpack("aa", b"abc")


FIELD = {
    "b": st.integers(0, 255),
    "v": st.integers(0, 255).map(lambda n: n / 10),
    "h": st.integers(-32768, 32767),
    "a": st.integers(-32768, 32767).map(lambda n: n / 100),
    "c": st.integers(-32768, 32767).map(lambda n: n / 10),
    "l": st.integers(-32768, 32767).map(lambda n: n / 10),
    "x": st.integers(-300, 300),
}


@given(st.data())
def test_the_whole_table_makes_the_round_trip(data: st.DataObject) -> None:
    """It should give back every value of every command, after any noise without header bytes."""
    cmd = data.draw(st.sampled_from(sorted(SHAPES)))
    noise = data.draw(st.binary(max_size=20)).replace(b"\xfe", b"")
    values = tuple(data.draw(FIELD[letter]) for letter in SHAPES[cmd].request)
    frames = FrameParser(replies=False).feed(noise + request(cmd, *values))
    assert request_values(only(frames)) == pytest.approx(values)
    for layout in SHAPES[cmd].replies:
        values = tuple(data.draw(FIELD[letter]) for letter in layout)
        frames = FrameParser(replies=True).feed(noise + encode(Frame(cmd=cmd, payload=pack(layout, values))))
        assert reply_values(only(frames)) == pytest.approx(values)


@given(st.binary(max_size=200), st.lists(st.integers(0, 200), max_size=6))
def test_no_bytes_confuse_the_parser_for_good(data: bytes, cuts: list[int]) -> None:
    """It should find frames again after any bytes in any split, and account for every byte."""
    parser = FrameParser(replies=True)
    good = reply(Cmd.IS_MOVING, 1)
    whole = data + good * 12
    frames: list[Frame] = []
    edges = sorted({0, len(whole), *(cut for cut in cuts if cut < len(whole))})
    for begin, end in pairwise(edges):
        frames += parser.feed(whole[begin:end])
    assert frames[-1] == Frame(cmd=Cmd.IS_MOVING, payload=b"\x01")
    assert parser.noise_bytes + sum(len(frame.payload) + 5 for frame in frames) == len(whole)
