"""The ends of commands as events. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import CommandDone, CommandFailed, DriverEvent, Outcome


class Telling:
    """Events of one device that wait to be taken."""

    def __init__(self, device: str) -> None:
        self.device = device
        self.events: list[DriverEvent] = []
        """Oldest first."""

    def done(self, command_id: str, now_s: float, data: Mapping[str, float | str] | None = None) -> None:
        """The command was carried out."""
        self.events.append(
            CommandDone(device=self.device, command_id=command_id, t_mono_s=now_s, data=dict(data or {}))
        )

    def failed(self, command_id: str, now_s: float, outcome: Outcome, code: str, detail: str) -> None:
        """The command was refused, or its outcome is unknown."""
        self.events.append(
            CommandFailed(
                device=self.device,
                command_id=command_id,
                t_mono_s=now_s,
                outcome=outcome,
                code=code,
                detail=detail,
            )
        )

    def take(self) -> tuple[DriverEvent, ...]:
        """Events since the last call."""
        events, self.events = tuple(self.events), []
        return events
