"""Torque and angle curves of one rundown, which come in messages of their own, made into one `TighteningTrace`.

Source: Open Protocol release 2.8.0, section 5.27: one 0900 for each trace type, tied together by the result's id.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from math import degrees
from typing import Literal

from drivers.api import TighteningTrace
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.telling import Telling
from drivers.torque_tool.open_protocol.trace import ANGLE, TORQUE, Trace, decode_trace
from drivers.torque_tool.open_protocol.variable import torque_in_nm

TYPES = (ANGLE, TORQUE)
PARTNER_S = 2.0
"""The two curves of a rundown follow each other at once."""
CODE = "tool.trace"
REMEMBERED = 20
_DEGREE = 50
_RADIAN = 51


@dataclass(frozen=True, slots=True, kw_only=True)
class _Waiting:
    traces: dict[int, Trace]
    heard_s: float


class TracePairs:
    """Curves that wait for their partner."""

    def __init__(self, telling: Telling, *, order: Literal["little", "big"]) -> None:
        """`order` is the byte order of the samples."""
        self._telling = telling
        self._order: Literal["little", "big"] = order
        self._waiting: dict[int, _Waiting] = {}
        self._given: deque[int] = deque(maxlen=REMEMBERED)

    def clear(self) -> None:
        """The line is gone: a partner that was not sent yet is not coming."""
        self._waiting.clear()

    def take(self, message: Message, controller_serial: str, now_s: float) -> None:
        """Take 0900. Raises MessageError for one that cannot be read."""
        trace = decode_trace(message.data, self._order)
        if trace.trace_type not in TYPES or trace.result_id in self._given:
            return
        known = self._waiting.get(trace.result_id)
        traces = {**(known.traces if known is not None else {}), trace.trace_type: trace}
        self._waiting[trace.result_id] = _Waiting(traces=traces, heard_s=now_s)
        if len(traces) == len(TYPES):
            self._give(trace.result_id, controller_serial, now_s)

    def advance(self, controller_serial: str, now_s: float) -> None:
        """Give what has waited long enough."""
        for result_id, waiting in tuple(self._waiting.items()):
            if now_s >= waiting.heard_s + PARTNER_S:
                self._give(result_id, controller_serial, now_s)

    def next_wake_s(self) -> float | None:
        """When something has waited long enough."""
        return min((waiting.heard_s + PARTNER_S for waiting in self._waiting.values()), default=None)

    def _give(self, result_id: int, controller_serial: str, now_s: float) -> None:
        traces = self._waiting.pop(result_id).traces
        self._given.append(result_id)
        torque, angle = traces.get(TORQUE), traces.get(ANGLE)
        if torque is None:
            what = f"The angle curve of tightening {result_id} came without its torque curve and is not kept."
            self._telling.health(now_s, CODE, what)
            return
        try:
            torque_nm = tuple(torque_in_nm(value, torque.unit) for value in torque.values)
            angle_deg = () if angle is None else _in_degrees(angle)
            every_s = torque.every_s
        except MessageError as error:
            self._telling.health(now_s, CODE, f"The curve of tightening {result_id} is not kept: {error}")
            return
        if angle_deg and len(angle_deg) != len(torque_nm):
            what = (
                f"The angle curve of tightening {result_id} has {len(angle_deg)} samples and its torque curve"
                f" {len(torque_nm)}: only torque over time is kept."
            )
            self._telling.health(now_s, CODE, what)
            angle_deg = ()
        self._telling.put(
            TighteningTrace(
                device=self._telling.device,
                t_mono_s=now_s,
                controller_serial=controller_serial,
                tightening_id=result_id,
                controller_time=torque.time,
                every_s=every_s,
                torque_nm=torque_nm,
                angle_deg=angle_deg,
            )
        )


def _in_degrees(trace: Trace) -> tuple[float, ...]:
    if trace.unit == _DEGREE:
        return trace.values
    if trace.unit == _RADIAN:
        return tuple(degrees(value) for value in trace.values)
    raise MessageError(f"The unit {trace.unit:03d} of an angle curve is no angle.")
