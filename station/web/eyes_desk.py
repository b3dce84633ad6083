"""What the technicians' page of the eyes may see and do: kept by whoever runs the station."""

from __future__ import annotations

from typing import Protocol

from station.runtime.eyes_desk import EyesView
from vision.bench import Zone


class Eyes(Protocol):
    """The eyes as a technician sees them."""

    def view(self) -> EyesView:
        """Everything now."""

    def draw(self, zones: tuple[Zone, ...], based_on: str, person: str) -> None:
        """Keep these zones and use them. Raises ZonesRefusedError. Writes to the disk: not from the event loop."""

    def bench_is_empty(self, person: str) -> None:
        """A technician answers for it: the cameras learn the bench anew. Raises ZonesRefusedError."""
