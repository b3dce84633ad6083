"""Commands that wait for the controller to report what they asked for, and notes that stand. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from drivers.api import DeviceHealth
from drivers.cobot.universal_robots.report import Report


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """One command, until a report shows its effect or its time is up."""

    command_id: str
    until_s: float
    seen: Callable[[Report], bool]
    otherwise: str
    """What to tell the technician when its time is up."""
    uploads: bool = False
    """It has sent a program: it has the arm to itself, and a stop ends it."""


class StandingNotes:
    """Says each note once when it begins and once when it ends."""

    def __init__(self, device: str) -> None:
        self._device = device
        self._told: dict[str, str] = {}

    def changes(self, notes: Mapping[str, str], quiet: frozenset[str], now_s: float) -> list[DeviceHealth]:
        """What to say now that these stand, code -> sentence; those in `quiet` do not stop the arm."""
        changed = [
            DeviceHealth(
                device=self._device,
                t_mono_s=now_s,
                code=code,
                detail=notes.get(code, self._told.get(code, "")),
                standing=code in notes,
                stops=code not in quiet,
            )
            for code in dict.fromkeys((*self._told, *notes))
            if (code in notes) != (code in self._told)
        ]
        self._told = dict(notes)
        return changed
