"""The simulated controller's tool and clock: 0040 to 0043, 0080 to 0082, 0210 to 0213, 0224 and 0225.

Sources: Open Protocol release 2.8.0, sections 5.6, 5.11 and 5.17; release 2.16.0 for revision 2 of 0042 and 0043; for
input functions the MT Focus 6000 document, 9839 0732 01.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from drivers.torque_tool.open_protocol.controller_answers import INVALID_DATA, Handler, RefusedError, accepted, told
from drivers.torque_tool.open_protocol.controller_data import tool_values
from drivers.torque_tool.open_protocol.controller_state import TIME_FORMAT, ControllerState
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import read, text, whole
from drivers.torque_tool.open_protocol.protocol import Message

_NO_SUCH_TOOL = 29
_LOCK_TYPE_UNSUPPORTED = 36
_COMMAND_FAILED = 79
_ALL_TOOLS = 9999
_LOCK_TYPES = range(4)
_STARTS = frozenset({1, 2, 3, 4})
STOP, DISABLE, CLEAR, CLEAR_ALL, ABORT_JOB, INCREMENT, DECREMENT = 5, 8, 11, 12, 22, 23, 24
INPUTS = 8


class ToolCommands:
    """Answers for the tool itself. Not thread-safe."""

    def __init__(self, state: ControllerState, functions: Mapping[int, Callable[[float], object]]) -> None:
        """`functions` are what other groups do for an input function that is set, by its number."""
        self._state = state
        self._functions = functions
        self._high: tuple[int, ...] = ()
        self.answers: dict[int, Handler] = {
            40: self._data,
            42: self._disable,
            43: self._enable,
            80: self._tell_time,
            82: self._set_time,
            224: self._set_function,
            225: self._reset_function,
        }

    @property
    def inputs(self) -> tuple[int, ...]:
        """The inputs that are high, ascending."""
        return self._high

    def set_inputs(self, high: tuple[int, ...]) -> None:
        """These of the inputs 1 to 8 are high from now on. Raises ValueError for a number that is none."""
        if not all(1 <= number <= INPUTS for number in high):
            raise ValueError(f"The inputs {high} are not all between 1 and {INPUTS}.")
        changed = set(high) != set(self._high)
        self._high = tuple(sorted(set(high)))
        if changed:
            self.tell_inputs()

    def tell_inputs(self) -> None:
        """Push 0211 to whom it may concern."""
        if self._state.session.wish(211) is not None:
            values: dict[str, Value] = {f"input_{number}": int(number in self._high) for number in range(1, INPUTS + 1)}
            self._state.session.push(told(211, values))

    def _data(self, message: Message, _now_s: float) -> Message:
        values = tool_values(
            tool_serial=self._state.tool_serial,
            controller_serial=self._state.controller_serial,
            tightenings=self._state.tightenings,
        )
        return told(41, self._state.shown(values), revision=message.revision)

    def _disable(self, message: Message, now_s: float) -> Message:
        self._check_tool(message)
        if message.revision > 1 and whole(read(message), "disable_type") not in _LOCK_TYPES:
            raise RefusedError(_LOCK_TYPE_UNSUPPORTED)
        self._switch(False, now_s)
        return accepted(message.mid)

    def _enable(self, message: Message, now_s: float) -> Message:
        self._check_tool(message)
        self._switch(True, now_s)
        return accepted(message.mid)

    def _check_tool(self, message: Message) -> None:
        if message.revision > 1:
            number = whole(read(message), "tool_number")
            if number != _ALL_TOOLS and not 1 <= number <= self._state.tool.count:
                raise RefusedError(_NO_SUCH_TOOL)

    def _switch(self, enabled: bool, now_s: float) -> None:
        self._state.tool.enabled = enabled
        if not enabled:
            self._state.interrupt(now_s, "disable drive")

    def _tell_time(self, _message: Message, now_s: float) -> Message:
        return told(81, {"time": self._state.time(now_s)})

    def _set_time(self, message: Message, now_s: float) -> Message:
        if not self._state.profile.clock_may_be_set:
            raise RefusedError(_COMMAND_FAILED)
        try:
            set_to = datetime.strptime(text(read(message), "time"), TIME_FORMAT)
        except ValueError as error:
            raise RefusedError(INVALID_DATA) from error
        self._state.clock_zero = set_to - timedelta(seconds=now_s)
        return accepted(message.mid)

    def _set_function(self, message: Message, now_s: float) -> Message:
        function = whole(read(message), "function")
        if function in _STARTS:
            raise RefusedError(_COMMAND_FAILED)  # Nobody holds the tool to a joint.
        if function == DISABLE:
            self._switch(False, now_s)
        elif function == STOP:
            self._state.interrupt(now_s, "trigger lost")
        elif function in self._functions:
            self._functions[function](now_s)
        else:
            raise RefusedError(INVALID_DATA)
        return accepted(message.mid)

    def _reset_function(self, message: Message, now_s: float) -> Message:
        if whole(read(message), "function") != DISABLE:
            raise RefusedError(INVALID_DATA)
        self._switch(True, now_s)
        return accepted(message.mid)
