"""One bit lies between a refusal and an acceptance, and between a result with its windows and one without."""

from __future__ import annotations

import pytest

from drivers.torque_tool.open_protocol.messages import answered_mid
from drivers.torque_tool.open_protocol.overall import (
    ObjectResult,
    Overall,
    decode_object_result,
    decode_overall,
    encode_object_result,
    encode_overall,
)
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.variable import DataField


def test_a_refusal_that_became_an_acceptance_is_not_read() -> None:
    """It should see the code that a 0004 ends with and a 0005 does not; what only fills up says nothing."""
    assert answered_mid(Message(mid=4, data=b"001802")) == 18
    with pytest.raises(MessageError, match="0018"):
        answered_mid(Message(mid=5, data=b"001802"))
    for data in (b"0018", b"0018 ", b"0018\x00"):
        assert answered_mid(Message(mid=5, data=data)) == 18


def test_a_count_of_fields_that_leaves_some_out_is_not_read() -> None:
    """It should see that a result goes on behind its fields: the windows are among the last ones."""
    fields = tuple(DataField(pid=pid, data_type=1, unit=0, step=0, value=b"1") for pid in range(30201, 30206))
    data = encode_object_result(ObjectResult(total=2, number=2, result_id=7, object_id=1, fields=fields))
    assert len(decode_object_result(data + b" \x00").fields) == 5
    with pytest.raises(MessageError, match="behind its 1 fields"):
        decode_object_result(data.replace(b"005", b"001", 1))
    overall = Overall(total=1, number=1, result_id=7, time="", ok=True, operation=0, objects=(), fields=fields)
    with pytest.raises(MessageError, match="behind its 4 fields"):
        decode_overall(encode_overall(overall).replace(b"005", b"004", 1))
