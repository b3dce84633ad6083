"""What the simulated controller says of bytes that are no message, and of a client that does not wait its turn."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from op_client import Client, controller

from drivers.torque_tool.open_protocol.controller_notes import why_dropped
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.protocol import Message

SERIAL = b"\x07\x09\x07\x09\x02"
ALIVE = b"00209999            \x00"


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"00209999            ", "MID 9999 has no NUL after its 20 bytes"),
        (b"00219999            \x00", "MID 9999 says Length 21, but its NUL comes after 20 bytes"),
        (b"00199999            \x00", "MID 9999 says Length 19, and the header alone has 20 bytes"),
        (b"00209999\xff           \x00", "MID 9999 has something else than digits and spaces in its header"),
        (b"00309999            ", "MID 9999 says Length 30, but only 20 bytes came"),
        (b"  209999            \x00", "MID 9999 after Length '  20': both must be four digits"),
        (b"00209999            " + ALIVE, "MID 9999 has no NUL after its 20 bytes"),
        (ALIVE + b"00250018            001\x00", "MID 0018 says Length 25, but its NUL comes after 23 bytes"),
    ],
)
def test_the_mistake_in_the_bytes_is_named(data: bytes, reason: str) -> None:
    """It should say which message it is and what is wrong with it."""
    client = Client(controller()).start()
    client.simulator.received(data, client.now_s)
    client.wait(2.0)
    [note] = client.simulator.take_notes()
    assert f"make no message and are dropped: {reason}." in note


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x02" + ALIVE + b"\x03", "MID 9999 does not begin with BEL HT BEL HT STX"),
        (SERIAL + ALIVE + b"\r", "MID 9999 has no ETX after its NUL"),
    ],
)
def test_the_mistake_in_the_serial_frame_is_named(data: bytes, reason: str) -> None:
    """It should name the marks that a serial line needs."""
    assert why_dropped(data, len(data), Carriage.SERIAL).endswith(f"are dropped: {reason}.")


@given(data=st.binary(max_size=60), carriage=st.sampled_from(Carriage))
def test_any_bytes_get_a_sentence(data: bytes, carriage: Carriage) -> None:
    """It should never fail on what it explains."""
    assert why_dropped(data, len(data), carriage).endswith(".")


def test_a_client_that_does_not_wait_for_answers_is_told() -> None:
    """It should name each request that came in one piece with an unanswered one, but no acknowledgement."""
    client = Client(controller()).start()
    client.say(Message(mid=60), Message(mid=14), Message(mid=9999))
    assert client.simulator.take_notes() == (
        "MID 0014 was sent before MID 0060 was answered: one request at a time.",
        "MID 9999 was sent before MID 0014 was answered: one request at a time.",
    )
    client.tell(16)
    client.tighten()
    client.say(Message(mid=62), Message(mid=9999))
    assert client.simulator.take_notes() == ()


def test_a_session_that_ends_without_its_stop_is_told() -> None:
    """It should name a second 0001, and a line that closes under the session, which is over then."""
    client = Client(controller()).start()
    client.start()
    assert client.simulator.take_notes() == (
        "MID 0001 comes in a running session, which ends without 0003; a new one begins.",
    )
    client.simulator.line_lost()
    client.simulator.line_lost()
    assert not client.simulator.client_connected
    assert client.simulator.take_notes() == ("The client closed the line without 0003.",)


def test_data_that_cannot_be_read_is_told_with_its_field() -> None:
    """It should say why it answers "invalid data"."""
    client = Client(controller()).start()
    client.ask(18, b"0a1")
    unread, refused = client.simulator.take_notes()
    assert unread.startswith("MID 0018 cannot be read: ")
    assert refused == "MID 0018 revision 1 is refused: invalid data (code 01)."


class Ear:
    """A watcher that writes everything down in order."""

    def __init__(self) -> None:
        self.log: list[str] = []

    def heard(self, message: Message) -> None:
        self.log.append(f"< {message.mid:04d}")

    def said(self, message: Message) -> None:
        self.log.append(f"> {message.mid:04d}")

    def breach(self, sentence: str) -> None:
        self.log.append(f"! {sentence}")


def test_a_watcher_is_told_everything_in_order() -> None:
    """It should hear each message both ways, and each mistake beside the message that it belongs to."""
    ear = Ear()
    client = Client(controller(watcher=ear)).start()
    client.say(Message(mid=60, revision=99), Message(mid=9999))
    client.accepts(60)
    client.tighten()
    assert ear.log == [
        "< 0001",
        "> 0002",
        "! MID 9999 was sent before MID 0060 was answered: one request at a time.",
        "< 0060",
        "! MID 0060 revision 99 is refused: MID revision unsupported (code 97); up to 10 is spoken.",
        "> 0004",
        "< 9999",
        "> 9999",
        "< 0060",
        "> 0005",
        "> 0061",
    ]
