"""The events of one driver on their way to the station, oldest first. Every part of the driver tells through it."""

from __future__ import annotations

from drivers.api import CommandDone, CommandFailed, DeviceHealth, DriverEvent, Outcome


class Telling:
    """A store of events; taking them empties it."""

    def __init__(self, device: str) -> None:
        self.device = device
        """The name that every event carries."""
        self._events: list[DriverEvent] = []

    def put(self, event: DriverEvent) -> None:
        """Add an event that is made already."""
        self._events.append(event)

    def done(self, command_id: str, now_s: float) -> None:
        """The command was carried out."""
        self.put(CommandDone(device=self.device, command_id=command_id, t_mono_s=now_s))

    def failed(self, command_id: str, now_s: float, outcome: Outcome, code: str, detail: str) -> None:
        """The command was refused, or nobody knows."""
        self.put(
            CommandFailed(
                device=self.device, command_id=command_id, t_mono_s=now_s, outcome=outcome, code=code, detail=detail
            )
        )

    def health(
        self, now_s: float, code: str, detail: str, *, standing: bool | None = None, stops: bool = False
    ) -> None:
        """Something that a technician wants to know."""
        self.put(
            DeviceHealth(device=self.device, t_mono_s=now_s, code=code, detail=detail, standing=standing, stops=stops)
        )

    def take(self) -> tuple[DriverEvent, ...]:
        """Everything since the last call."""
        events = tuple(self._events)
        self._events.clear()
        return events
