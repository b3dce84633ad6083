"""What several spindles of the simulated controller came to together: 0091 and 0101.

Source: Open Protocol release 2.8.0, sections 5.12 and 5.13. All spindles of one pull of the trigger share a sync
tightening id. From revision 4 of 0101 on a spindle's torque status is 0 not OK, 1 OK; before, 0 low, 1 OK, 2 high.
"""

from __future__ import annotations

from drivers.torque_tool.open_protocol.controller_data import in_revision
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.lists import (
    Spindle,
    SpindleStatus,
    encode_multi_result,
    encode_multi_status,
)
from drivers.torque_tool.open_protocol.messages import text, whole
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.simulated_tool import OK, Measured

STATUS, RESULT = 91, 101
_JUST_OK_OR_NOT = 4


def multi_status(values: dict[str, Value], spindles: tuple[Measured, ...]) -> Message:
    """0091 for the fields of an 0061."""
    rows = [SpindleStatus(number=one.number, channel=one.channel, ok=one.ok) for one in _told(spindles, 1)]
    data = encode_multi_status(
        whole(values, "sync_tightening_id"), text(values, "time"), all(one.ok for one in spindles), rows
    )
    return Message(mid=STATUS, data=data)


def multi_result(values: dict[str, Value], spindles: tuple[Measured, ...], revision: int) -> Message:
    """0101 for the fields of an 0061."""
    head = in_revision(values, 1) | {
        "sync_id": whole(values, "sync_tightening_id"),
        "sync_ok": int(all(one.ok for one in spindles)),
    }
    job_sequence = whole(values, "job_sequence_number")
    data = encode_multi_result(head, _told(spindles, revision), revision, job_sequence=job_sequence)
    return Message(mid=RESULT, revision=revision, data=data)


def _told(spindles: tuple[Measured, ...], revision: int) -> tuple[Spindle, ...]:
    return tuple(
        Spindle(
            number=number,
            channel=number,
            ok=one.ok,
            torque_status=int(one.torque_status == OK) if revision >= _JUST_OK_OR_NOT else one.torque_status,
            torque_nm=one.torque_nm,
            angle_status=int(one.angle_status == OK),
            angle_deg=int(one.angle_deg),
        )
        for number, one in enumerate(spindles, start=1)
    )
