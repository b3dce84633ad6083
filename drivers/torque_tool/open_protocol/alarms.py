"""The controller's alarms as health events that stand until the controller ends them.

Source: Open Protocol release 2.8.0, MIDs 0071 (an alarm), 0074 (acknowledged at the controller) and 0076 (the state
after subscribing). Ready: 1 OK, 0 not.
"""

from __future__ import annotations

from drivers.torque_tool.open_protocol.messages import read, text, whole
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.telling import Telling

ALARM = 71
ALARM_ENDED = 74
ALARM_STATUS = 76


class Alarms:
    """Which alarms stand."""

    def __init__(self, telling: Telling) -> None:
        self._telling = telling
        self._standing: dict[str, tuple[str, bool]] = {}

    def disconnected(self) -> None:
        """The device is gone, and its alarms with it: the next connection tells those that still stand."""
        self._standing.clear()

    def take(self, message: Message, now_s: float) -> None:
        """Take 0071, 0074 or 0076. Raises MessageError."""
        values = read(message)
        code = text(values, "code").strip()
        if message.mid == ALARM_ENDED:
            self._end(code, now_s)
        elif message.mid == ALARM_STATUS and whole(values, "active") == 0:
            for standing in tuple(self._standing):
                self._end(standing, now_s)
        else:
            controller, tool = (whole(values, name) == 1 for name in ("controller_ready", "tool_ready"))
            what = text(values, "text").strip() or "see the controller's manual for what it means"
            ready = f"controller {_ready(controller)}, tool {_ready(tool)}"
            detail = f"The tool controller has alarm {code}: {what} ({ready})."
            stops = not (controller and tool)
            if self._standing.get(code) != (detail, stops):  # A controller may say it twice.
                self._standing[code] = (detail, stops)
                self._telling.health(now_s, f"tool.alarm.{code}", detail, standing=True, stops=stops)

    def _end(self, code: str, now_s: float) -> None:
        same = [standing for standing in self._standing if standing.lstrip("0") == code.lstrip("0")]
        for standing in same:
            del self._standing[standing]
            self._telling.health(
                now_s, f"tool.alarm.{standing}", f"Alarm {standing} of the tool controller has ended.", standing=False
            )


def _ready(ready: bool) -> str:
    return "ready" if ready else "not ready"
