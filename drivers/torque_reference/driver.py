"""The reference transducer as a `drivers.api.Conversation`: it only listens; every line is a reading or named noise."""

from __future__ import annotations

import re

from drivers.api import (
    Command,
    CommandError,
    Connected,
    DeviceHealth,
    Disconnected,
    DriverEvent,
    ReferenceRead,
)
from drivers.torque_reference.lines import LONGEST, LineError, peak_of


class TorqueReference:
    """See the module. Lines end with CR, LF or both."""

    def __init__(self, device: str, *, pattern: str, unit: str) -> None:
        """`pattern` is a regular expression with a group `value`. Raises `re.error`."""
        self.device = device
        self._pattern = re.compile(pattern)
        self._unit = unit
        self._rest = b""
        self._up = False
        self._events: list[DriverEvent] = []

    def link_up(self, now_s: float) -> None:
        """The line is open: nothing is said to it."""
        self._up, self._rest = True, b""
        self._events.append(Connected(device=self.device, t_mono_s=now_s))

    def link_down(self, now_s: float, reason: str) -> None:
        """The line is gone."""
        self._up, self._rest = False, b""
        self._events.append(Disconnected(device=self.device, t_mono_s=now_s, reason=reason))

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes in any split."""
        *lines, self._rest = re.split(rb"[\r\n]+", self._rest + data)
        if len(self._rest) > LONGEST:
            lines.append(self._rest)
            self._rest = b""
        for line in lines:
            if line.strip():
                self._line(line.decode("latin-1"), now_s)

    def advance(self, now_s: float) -> None:
        """Nothing waits for time."""

    def next_wake_s(self) -> float | None:
        """Never by itself."""
        return None

    def submit(self, command: Command, now_s: float) -> None:
        """It takes no commands. Raises CommandError."""
        raise CommandError(f"{self.device} takes no commands; it only sends its readings")

    def renew_lease(self, now_s: float) -> None:
        """No meaning here."""

    def take_output(self) -> bytes:
        """Nothing is ever said to it."""
        return b""

    def take_events(self) -> tuple[DriverEvent, ...]:
        """Events since the last call."""
        events, self._events = tuple(self._events), []
        return events

    def wants_hangup(self) -> str | None:
        """Never."""
        return None

    def farewell(self, now_s: float) -> bytes:
        """Nothing."""
        return b""

    def _line(self, line: str, now_s: float) -> None:
        try:
            peak = peak_of(line, self._pattern, self._unit)
        except LineError as error:
            self._events.append(DeviceHealth(device=self.device, t_mono_s=now_s, code=error.code, detail=str(error)))
            return
        self._events.append(
            ReferenceRead(
                device=self.device, t_mono_s=now_s, value_nm=peak.value_nm, count=peak.count, over=peak.over, line=line
            )
        )
