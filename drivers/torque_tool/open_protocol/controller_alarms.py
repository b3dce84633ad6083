"""Alarms of the simulated controller: 0070 to 0078.

Source: Open Protocol release 2.8.0, section 5.10. One alarm at a time; one that makes controller or tool not ready
locks the tool until it is acknowledged, at the controller (`end`) or from remote (0078).
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.torque_tool.open_protocol.controller_answers import Handler, RefusedError, accepted, told
from drivers.torque_tool.open_protocol.controller_state import ALARM, ControllerState
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.protocol import Message

_NO_ALARM = 58
_HEALTHY, _UNHEALTHY = 1, 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is the matter; `code` is text of up to 5 characters such as `E404` or `1010`."""

    code: str
    text: str
    controller_ready: bool
    tool_ready: bool
    time: str


class Alarms:
    """The alarm that stands, if one does. Not thread-safe."""

    def __init__(self, state: ControllerState) -> None:
        self._state = state
        self._alarm: Alarm | None = None
        self.answers: dict[int, Handler] = {78: self._acknowledged_remotely}

    @property
    def standing(self) -> Alarm | None:
        """The alarm, None when none stands."""
        return self._alarm

    def begin(self, code: str, text: str, now_s: float, *, controller_ready: bool, tool_ready: bool) -> None:
        """An alarm comes up, in the place of an earlier one."""
        self._alarm = Alarm(
            code=code,
            text=text,
            controller_ready=controller_ready,
            tool_ready=tool_ready,
            time=self._state.time(now_s),
        )
        if controller_ready and tool_ready:
            self._state.locks.discard(ALARM)
        else:
            self._state.locks.add(ALARM)
            self._state.interrupt(now_s, "disable drive")
        wish = self._state.session.wish(71)
        if wish is not None:
            self._state.session.push(told(71, self._values(self._alarm), revision=wish.revision))

    def end(self) -> None:
        """The alarm was acknowledged at the controller and is gone; nothing when there was none."""
        if self._alarm is None:
            return
        code, self._alarm = self._alarm.code, None
        self._state.locks.discard(ALARM)
        wish = self._state.session.wish(71)
        if wish is not None:
            told_code = told(74, {"code": code}, revision=min(2, wish.revision))
            self._state.session.push(told_code, subscription=71)

    def tell_status(self) -> None:
        """Push 0076 after a subscription, when an alarm stands."""
        wish = self._state.session.wish(71)
        if wish is not None and self._alarm is not None:
            status = told(76, {"active": 1, **self._values(self._alarm)}, revision=wish.revision)
            self._state.session.push(status, subscription=71)

    def _acknowledged_remotely(self, message: Message, _now_s: float) -> Message:
        if self._alarm is None:
            raise RefusedError(_NO_ALARM)
        self.end()
        return accepted(message.mid)

    @staticmethod
    def _values(alarm: Alarm) -> dict[str, Value]:
        return {
            "code": alarm.code,
            "controller_ready": int(alarm.controller_ready),
            "tool_ready": int(alarm.tool_ready),
            "time": alarm.time,
            "text": alarm.text,
            "tool_health": _HEALTHY if alarm.tool_ready else _UNHEALTHY,
        }
