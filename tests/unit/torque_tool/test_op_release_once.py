"""On 3964R a message whose answer is lost is sent again, although it may have been taken. 0062 must not be."""

from __future__ import annotations

import pytest

from drivers.torque_tool.open_protocol.carrier import make_carrier
from drivers.torque_tool.open_protocol.carrier_3964r import ANSWER_S
from drivers.torque_tool.open_protocol.framing import Carriage, Side
from drivers.torque_tool.open_protocol.protocol import Message

DLE, NAK = b"\x10", b"\x15"


@pytest.mark.parametrize("answer", [b"", b"x"])
def test_an_acknowledgement_that_may_have_been_taken_is_not_repeated(answer: bytes) -> None:
    """It should go on when the answer to 0062 is lost: a copy would release the next result. A NAK is no such doubt."""
    station = make_carrier(Carriage.SERIAL_3964R, Side.INTEGRATOR)
    station.send(Message(mid=62), 0.0)
    station.send(Message(mid=9999), 0.0)
    station.received(DLE, 0.0)
    assert b"0062" in station.take_output()
    station.received(NAK, 0.1)
    station.received(DLE, 0.1)
    assert b"0062" in station.take_output()
    station.received(answer, 0.2)
    station.advance(0.1 + ANSWER_S)
    station.received(DLE, 3.0)
    assert b"9999" in station.take_output()
    station.received(DLE, 3.0)
    assert (station.next_wake_s(), station.broken) == (None, None)
