"""What the shell's parts know of each other: a device's port, and the loop's inbox."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from drivers.api import Command
from station.core.events import Event

Post = Callable[[Event, str, float], None]
"""The loop's inbox: event, source, monotonic time at the source."""


class Port(Protocol):
    """What the station does with a driver's port."""

    def submit(self, command: Command) -> None:
        """Hand over a command. Raises CommandError or LinkError."""

    def renew_lease(self) -> None:
        """Let a motion go on."""
