"""What a controller says by itself, results apart: alarms, inputs, selections, curves. Each is acknowledged at once.

Source: Open Protocol release 2.8.0, section 4.3.3 and chapter 5. A push that cannot be read is acknowledged too: sent
again it would read no better, and not acknowledged it would end the connection. Nothing that is read here is a record
that has to be safe first.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import ToolInputs
from drivers.torque_tool.open_protocol.alarms import ALARM, ALARM_ENDED, ALARM_STATUS, Alarms
from drivers.torque_tool.open_protocol.exchange import Exchange
from drivers.torque_tool.open_protocol.messages import ACCEPTED, read, whole
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.telling import Telling
from drivers.torque_tool.open_protocol.trace_pairs import TracePairs

RESULTS = (61, 1201, 1202)
PSET_SELECTED = 15
JOB_INFO = 35
INPUTS = 211
TRACE = 900
_INPUTS = range(1, 9)
_ACKNOWLEDGED_BY = {
    PSET_SELECTED: 16, 22: 23, JOB_INFO: 36, 52: 53, ALARM: 72, ALARM_ENDED: 75, ALARM_STATUS: 77, 91: 92, 101: 102,
    152: 153, INPUTS: 212, 217: 218, 221: 222, TRACE: ACCEPTED, 901: ACCEPTED,
}  # fmt: skip
"""Pushes and what acknowledges them; some may be left over from a session that subscribed to more."""
ACKNOWLEDGEMENTS = frozenset(_ACKNOWLEDGED_BY.values()) - {ACCEPTED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Selected:
    """The controller says what is selected."""

    number: int
    is_job: bool
    over: bool = False
    """The job is completed or aborted."""


class Pushes:
    """Reads and acknowledges them."""

    def __init__(self, profile: ControllerProfile, telling: Telling, exchange: Exchange) -> None:
        self._profile = profile
        self._telling = telling
        self._exchange = exchange
        self._alarms = Alarms(telling)
        self._traces = TracePairs(telling, order=profile.trace_order)
        self._controller_serial = ""
        self._high: tuple[int, ...] | None = None

    def connected(self, controller_serial: str) -> None:
        """A controller is there."""
        self._controller_serial = controller_serial

    def disconnected(self) -> None:
        """The line is gone, and with it what was known."""
        self._alarms.disconnected()
        self._traces.clear()
        self._high = None

    def take(self, message: Message, now_s: float) -> Selected | None:
        """Acknowledge and read a push; one that is unknown is left alone. Raises MessageError."""
        self._acknowledge(message, now_s)
        if message.mid in (ALARM, ALARM_ENDED, ALARM_STATUS):
            self._alarms.take(message, now_s)
        elif message.mid == INPUTS:
            self._inputs(message, now_s)
        elif message.mid == TRACE:
            self._traces.take(message, self._controller_serial, now_s)
        elif message.mid == PSET_SELECTED:
            return Selected(number=whole(read(message), "pset"), is_job=False)
        elif message.mid == JOB_INFO:
            values = read(message)
            return Selected(number=whole(values, "job"), is_job=True, over=whole(values, "job_status") != 0)
        return None

    def advance(self, now_s: float) -> None:
        """Let time pass: curves whose partner does not come."""
        self._traces.advance(self._controller_serial, now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` has something to do."""
        return self._traces.next_wake_s()

    def _acknowledge(self, message: Message, now_s: float) -> None:
        mid = _ACKNOWLEDGED_BY.get(message.mid)
        if mid is None or not self._profile.wants_acknowledgement:
            return
        data = f"{message.mid:04d}".encode("ascii") if mid == ACCEPTED else b""
        self._exchange.acknowledge(Message(mid=mid, data=data), now_s)

    def _inputs(self, message: Message, now_s: float) -> None:
        values = read(message)
        high = tuple(number for number in _INPUTS if whole(values, f"input_{number}") == 1)
        if high != self._high:
            self._high = high
            self._telling.put(ToolInputs(device=self._telling.device, t_mono_s=now_s, high=high))
