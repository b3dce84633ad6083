"""What a developer learns of the own client: the simulated controller says what it does wrong."""

from __future__ import annotations

from op_client import Client, controller

from drivers.torque_tool.open_protocol.protocol import Message


def test_a_faultless_client_gets_no_notes() -> None:
    """It should say nothing of a client that starts, subscribes, acknowledges and stops."""
    client = Client(controller()).start()
    client.accepts(60)
    client.tighten()
    client.tell(62)
    client.wait(10.0)
    client.ask(9999)
    client.accepts(3)
    assert client.simulator.take_notes() == ()


def test_every_mistake_is_named_once() -> None:
    """It should name what comes too early, what is refused and why, what acknowledges nothing, and noise."""
    client = Client(controller())
    client.ask(60)
    client.start()
    client.ask(61)
    client.ask(60, revision=11)
    client.ask(18, b"009")
    client.ask(62)
    client.ask(5, b"6")
    client.simulator.received(b"\r\n", client.now_s)
    assert client.simulator.take_notes() == (
        "MID 0060 comes before 0001 and is not answered.",
        "MID 0061 revision 1 is refused: unknown MID (code 99).",
        "MID 0060 revision 11 is refused: MID revision unsupported (code 97); up to 10 is spoken.",
        "MID 0018 revision 1 is refused: parameter set id not present (code 02).",
        "MID 0062 acknowledges nothing: no 0061 waits for it.",
        "An acknowledgement cannot be read: MID 0005 revision 1 has 1 of 4 bytes: it is not read.",
        "2 bytes make no message and are dropped.",
    )
    assert client.simulator.take_notes() == ()


def test_a_client_that_acknowledges_nothing_reads_why_it_is_dropped() -> None:
    """It should count the repeats, and name the message that costs the connection."""
    client = Client(controller()).start()
    client.accepts(60)
    client.tighten()
    for _ in range(4):
        client.wait(5.0)
        client.ask(9999)
    notes = client.simulator.take_notes()
    assert notes[0] == "MID 0061 was not acknowledged within 5 s and goes out again (2 of 4)."
    assert notes[3:] == (
        "The client is dropped: MID 0061 was not acknowledged.",
        "MID 9999 comes before 0001 and is not answered.",
    )


def test_wrong_numbers_are_named() -> None:
    """It should say which number it got and which is next, and what got no acknowledgement."""
    client = Client(controller(link_level=True))
    client.ask(1, revision=6)
    client.say(Message(mid=60, sequence=4))
    client.say(Message(mid=60, sequence=1))
    client.wait(3.0)
    assert client.simulator.take_notes() == (
        "MID 0060 has sequence number 04 where 01 is next.",
        "MID 0005 number 01 got no 9997 and goes out again.",
    )
