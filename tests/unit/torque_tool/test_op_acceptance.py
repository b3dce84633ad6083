"""One bit lies between a refusal and an acceptance."""

from __future__ import annotations

import pytest

from drivers.torque_tool.open_protocol.messages import answered_mid
from drivers.torque_tool.open_protocol.protocol import Message, MessageError


def test_a_refusal_that_became_an_acceptance_is_not_read() -> None:
    """It should see the code that a 0004 ends with and a 0005 does not; what only fills up says nothing."""
    assert answered_mid(Message(mid=4, data=b"001802")) == 18
    with pytest.raises(MessageError, match="0018"):
        answered_mid(Message(mid=5, data=b"001802"))
    for data in (b"0018", b"0018 ", b"0018\x00"):
        assert answered_mid(Message(mid=5, data=data)) == 18
