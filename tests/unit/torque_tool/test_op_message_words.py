"""Messages in words: what a person reads in a log."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_client import Client, controller

from drivers.torque_tool.open_protocol.generic import GenericRequest, encode_generic, overall_extra, trace_extra
from drivers.torque_tool.open_protocol.message_words import NAMES, in_words
from drivers.torque_tool.open_protocol.messages import LAYOUTS
from drivers.torque_tool.open_protocol.profiles import PROFILES
from drivers.torque_tool.open_protocol.protocol import Message


@pytest.mark.parametrize(
    ("message", "words"),
    [
        (Message(mid=1, revision=6), "0001 r6 communication start"),
        (Message(mid=4, data=b"006097"), "0004 refused: 0060, MID revision unsupported (97)"),
        (Message(mid=5, data=b"0018"), "0005 accepted: 0018"),
        (Message(mid=11, data=b"002001007"), "0011 parameter sets: 1, 7"),
        (Message(mid=18, data=b"007"), "0018 select parameter set: pset 7"),
        (Message(mid=60, revision=2, no_ack=True), "0060 r2 subscribe to results without acknowledgement"),
        (Message(mid=150, data=b"UNIT-7"), "0150 download identifier: 'UNIT-7'"),
        (Message(mid=211, data=b"01000001"), "0211 inputs: high: 2, 8"),
        (Message(mid=9997, sequence=3, data=b"0060"), "9997 #03 link level: received: 0060"),
        (Message(mid=4321), "4321 unknown MID"),
        (
            Message(mid=8, data=encode_generic(GenericRequest(mid=900, revision=1, extra=trace_extra((1, 2))))),
            "0008 subscribe: 0900 r1 curve",
        ),
        (
            Message(mid=8, data=encode_generic(GenericRequest(mid=1201, revision=1, extra=overall_extra()))),
            "0008 subscribe: 1201 r1 overall result",
        ),
    ],
)
def test_a_message_says_what_it_is(message: Message, words: str) -> None:
    """It should name number, revision, what it is and what matters of its data."""
    assert in_words(message) == words


def test_a_message_that_cannot_be_read_says_why() -> None:
    """It should show the reason in the place of the content."""
    assert in_words(Message(mid=18, data=b"7")).startswith("0018 select parameter set: cannot be read: ")


@pytest.mark.parametrize("revision", [1, 2, 7, 10, 999])
def test_results_say_verdict_torque_angle_and_id(revision: int) -> None:
    """It should read the same in every revision, whatever scale the revision has."""
    client = Client(controller()).start()
    client.accepts(60, revision=revision)
    client.simulator.inject_result(pset=4, torque_nm=9.12, angle_deg=51.0, now_s=client.now_s)
    [result] = client.hear()
    words = in_words(result)
    assert "result: OK, 9.12 N·m, 51" in words
    assert "pset 4, id 1" in words


@given(
    stranger=st.integers(0, 9999),
    revision=st.integers(1, 12) | st.sampled_from((998, 999)),
    data=st.binary(max_size=400) | st.text("0123456789 ", max_size=400).map(str.encode),
)
def test_whatever_comes_gets_a_line(stranger: int, revision: int, data: bytes) -> None:
    """It should never fail, and never break the line, whatever message it is."""
    for mid in (*NAMES, stranger):
        words = in_words(Message(mid=mid, revision=revision, data=data))
        assert words.startswith(f"{mid:04d}")
        assert "\n" not in words


def test_every_message_that_is_known_has_a_name() -> None:
    """It should name what any family speaks and what has a table."""
    spoken = {mid for profile in PROFILES.values() for mid in (*profile.revisions, *profile.subscribed)}
    with_table = {mid for mid, _revision in LAYOUTS}
    assert (spoken | with_table) - set(NAMES) == set()
