"""RTDE and dashboard bytes: the reference's vectors, every split, glued packages, round trips, and what breaks them."""

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CommandError, ProtocolError
from drivers.channels import Untagger, opened, tagged
from drivers.cobot.universal_robots.dashboard import (
    Ask,
    LineParser,
    in_remote_control,
    is_family,
    told_text,
    version_number,
)
from drivers.cobot.universal_robots.rtde import (
    TYPES,
    Kind,
    Package,
    PackageParser,
    Recipe,
    TextMessage,
    accepted,
    asked_inputs,
    asked_outputs,
    confirmed_recipe,
    controller_version,
    encode_text_message,
    request,
    request_version,
    setup_inputs,
    setup_outputs,
    text_message,
)

NAMES = ("timestamp", "actual_q", "robot_mode", "safety_mode")
UR_01 = bytes.fromhex("00 05 56 00 02")
UR_02 = bytes.fromhex("00 04 56 01")
UR_03 = bytes.fromhex("00 03 76")
UR_04 = bytes.fromhex("00 13 76 00 00 00 05 00 00 00 0B 00 00 00 01 00 01 A7 1E")
UR_05 = bytes.fromhex(
    "00 34 4F 40 5F 40 00 00 00 00 00 74 69 6D 65 73 74 61 6D 70 2C 61 63 74 75 61 6C 5F 71 2C 72 6F"
    "62 6F 74 5F 6D 6F 64 65 2C 73 61 66 65 74 79 5F 6D 6F 64 65"
)
UR_06 = bytes.fromhex("00 1F 4F 01 44 4F 55 42 4C 45 2C 56 45 43 54 4F 52 36 44 2C 49 4E 54 33 32 2C 49 4E 54 33 32")
UR_07 = bytes.fromhex("00 03 53"), bytes.fromhex("00 04 53 01")
UR_08 = bytes.fromhex(
    "00 44 55 01 3F F8 00 00 00 00 00 00 00 00 00 00 00 00 00 00 3F E0 00 00 00 00 00 00 BF E0 00 00"
    "00 00 00 00 3F F0 00 00 00 00 00 00 BF F0 00 00 00 00 00 00 40 00 00 00 00 00 00 00 00 00 00 07 00 00 00 01"
)
ALL = (UR_02, UR_04, UR_06, UR_07[1], UR_08)


def payload(data: bytes) -> bytes:
    (package,) = PackageParser().feed(data)
    return package.payload


def test_requests_are_the_reference_vectors() -> None:
    """It should write UR-01, UR-03, UR-05 and UR-07 byte for byte."""
    assert request_version() == UR_01
    assert request(Kind.CONTROLLER_VERSION) == UR_03
    assert setup_outputs(NAMES, 125.0) == UR_05
    assert request(Kind.START) == UR_07[0]


def test_answers_of_the_reference_vectors_are_read() -> None:
    """It should read UR-02, UR-04, UR-06, UR-07 and UR-08."""
    assert accepted(payload(UR_02))
    assert controller_version(payload(UR_04)) == (5, 11, 1, 108318)
    recipe = confirmed_recipe(NAMES, payload(UR_06))
    assert recipe.types == ("DOUBLE", "VECTOR6D", "INT32", "INT32")
    assert accepted(payload(UR_07[1]))
    values = recipe.unpack(payload(UR_08))
    assert values == {
        "timestamp": 1.5,
        "actual_q": (0.0, 0.5, -0.5, 1.0, -1.0, 2.0),
        "robot_mode": 7,
        "safety_mode": 1,
    }
    assert recipe.pack(values) == UR_08


def test_packages_come_whole_out_of_every_split_and_glue() -> None:
    """It should give the same packages wherever the stream of all vectors is cut."""
    stream = b"".join(ALL)
    whole = PackageParser().feed(stream)
    assert [package.encode() for package in whole] == list(ALL)
    for cut in range(len(stream) + 1):
        parser = PackageParser()
        assert parser.feed(stream[:cut]) + parser.feed(stream[cut:]) == whole
    parser = PackageParser()
    assert sum((parser.feed(stream[at : at + 1]) for at in range(len(stream))), ()) == whole


def values_of(kind: str) -> st.SearchStrategy:
    letter, count = TYPES[kind]
    one = {
        "?": st.booleans(),
        "B": st.integers(0, 2**8 - 1),
        "I": st.integers(0, 2**32 - 1),
        "Q": st.integers(0, 2**64 - 1),
        "i": st.integers(-(2**31), 2**31 - 1),
        "d": st.floats(allow_nan=False),
    }[letter]
    return one if count == 1 else st.tuples(*[one] * count)


@given(st.data())
def test_data_of_all_types_goes_round(data: st.DataObject) -> None:
    """It should read every value that it has written, of every type, in any order."""
    kinds = data.draw(st.lists(st.sampled_from(sorted(TYPES)), min_size=1, max_size=12))
    names = tuple(f"v{index}" for index in range(len(kinds)))
    recipe = Recipe(recipe_id=data.draw(st.integers(0, 255)), names=names, types=tuple(kinds))
    values = {name: data.draw(values_of(kind)) for name, kind in zip(names, kinds, strict=True)}
    assert recipe.unpack(payload(recipe.pack(values))) == values


words = st.lists(st.from_regex(r"[a-z_0-9]{1,20}", fullmatch=True), min_size=1, max_size=20).map(tuple)


@given(words, st.floats(1, 500))
def test_setups_go_round(names: tuple[str, ...], frequency_hz: float) -> None:
    """It should read back what a client asked for."""
    assert asked_outputs(payload(setup_outputs(names, frequency_hz))) == (frequency_hz, names)
    assert asked_inputs(payload(setup_inputs(names))) == names
    assert asked_inputs(",".join(names).encode() + b",") == names


@given(st.binary(max_size=60), st.binary(max_size=60), st.integers(0, 3))
def test_text_messages_of_both_versions_are_read(text: bytes, source: bytes, level: int) -> None:
    """It should take level, text and source apart, and never fall over bytes that are no text."""
    second = bytes((len(text),)) + text + bytes((len(source),)) + source + bytes((level,))
    read = text_message(second)
    assert (read.level, read.text, read.source) == (
        level,
        text.decode("utf-8", "replace"),
        source.decode("utf-8", "replace"),
    )
    assert text_message(bytes((level,)) + text, version=1) == TextMessage(
        level=level, text=text.decode("utf-8", "replace")
    )
    for short in range(len(second)):
        with pytest.raises(ProtocolError):
            text_message(second[:short])


def test_a_text_message_is_written_as_it_is_read() -> None:
    """It should write the layout of version 2."""
    message = TextMessage(level=2, text="C153", source="safety")
    assert encode_text_message(message)[2:] == b"M\x04C153\x06safety\x02"
    assert text_message(payload(encode_text_message(message))) == message


@pytest.mark.parametrize("size", [0, 1, 2])
def test_a_size_that_cannot_be_is_the_end(size: int) -> None:
    """It should say that nothing can be read any more, instead of reading nonsense."""
    with pytest.raises(ProtocolError, match="begin anew"):
        PackageParser().feed(struct.pack(">HB", size, ord("U")))


def test_what_does_not_fit_its_recipe_is_refused() -> None:
    """It should refuse other lengths, other recipes, types it does not know, and values that do not fit."""
    recipe = confirmed_recipe(NAMES, payload(UR_06))
    for wrong in (payload(UR_08)[:-1], payload(UR_08) + b"\0", b"\2" + payload(UR_08)[1:]):
        with pytest.raises(ProtocolError):
            recipe.unpack(wrong)
    with pytest.raises(ProtocolError, match="4 variables"):
        confirmed_recipe(NAMES, b"\1DOUBLE")
    with pytest.raises(ProtocolError, match="NOT_FOUND"):
        Recipe(recipe_id=1, names=("x",), types=("NOT_FOUND",)).unpack(b"\1")
    one = Recipe(recipe_id=1, names=("x",), types=("UINT8",))
    for values in ({}, {"x": 256}, {"x": -1}):
        with pytest.raises(CommandError):
            one.pack(values)
    for broken in (b"", b"\1\1"):
        with pytest.raises(ProtocolError):
            accepted(broken)
    with pytest.raises(ProtocolError):
        controller_version(b"\0" * 15)
    with pytest.raises(CommandError, match="too long"):
        Package(kind=85, payload=b"\0" * 65533).encode()


@given(st.lists(st.text(st.characters(exclude_characters="\r\n", codec="utf-8"), max_size=30), max_size=6), st.data())
def test_dashboard_lines_come_whole_out_of_every_split(lines: list[str], data: st.DataObject) -> None:
    """It should give whole lines wherever the stream is cut, whatever ends them."""
    stream = b"".join(line.encode() + data.draw(st.sampled_from([b"\n", b"\r\n"])) for line in lines)
    cut = data.draw(st.integers(0, len(stream)))
    parser = LineParser()
    assert list(parser.feed(stream[:cut]) + parser.feed(stream[cut:])) == lines
    with pytest.raises(ProtocolError, match="without an end"):
        parser.feed(b"x" * 5000)


def test_dashboard_answers_are_understood() -> None:
    """It should read versions, remote control and models of both series, and take silence for no answer."""
    assert version_number("URSoftware 5.11.1.108318 (Sep 22 2021)") == "5.11.1.108318"
    assert version_number("no idea") is None
    assert told_text(Ask.VERSION, "URSoftware 5.11.1.108318 (Sep 22 2021)") == "5.11.1.108318"
    assert told_text(Ask.SERIAL, "20235501234") == "20235501234"
    assert told_text(Ask.MODEL, "could not understand: 'get robot model'") == ""
    assert is_family("UR5e", "", "5.11.1.1")
    assert [in_remote_control(line) for line in ("true", "False", "Stopped", "could not understand: 'is in'")] == [
        True,
        False,
        None,
        True,
    ]
    assert is_family("UR5e", "UR5", "5.11.1.1")
    assert is_family("UR5e", "UR5e", "5.11.1.1")
    assert not is_family("UR5e", "UR5", "3.15.8.1")
    assert not is_family("UR5e", "UR10", "5.11.1.1")
    assert not is_family("UR10e", "UR1", "5.11.1.1")


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(min_size=1, max_size=400)), max_size=6), st.data())
def test_channels_keep_their_bytes_apart_in_every_split(parts: list[tuple[int, bytes]], data: st.DataObject) -> None:
    """It should give each channel its own bytes in order, and say where a new connection begins."""
    stream = opened(3) + b"".join(tagged(channel, part) for channel, part in parts)
    cut = data.draw(st.integers(0, len(stream)))
    untagger = Untagger()
    chunks = untagger.feed(stream[:cut]) + untagger.feed(stream[cut:])
    assert list(chunks) == [(3, b""), *parts]


def test_a_long_chunk_is_several() -> None:
    """It should carry more than a length can say."""
    long = bytes(range(256)) * 600
    chunks = Untagger().feed(tagged(1, long))
    assert len(chunks) == 3
    assert b"".join(part for _, part in chunks) == long
    assert tagged(1, b"") == b""
