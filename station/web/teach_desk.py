"""What the teaching of checks looks like from a page: kept by whoever runs the station.

Every method but those that say otherwise returns at once and may be called from the server's event loop.
"""

from __future__ import annotations

from typing import Protocol

from station.runtime.teach_view import TaughtNow


class Teaching(Protocol):
    """The teaching of a station's checks."""

    def now(self) -> tuple[TaughtNow, ...]:
        """Every check of the work, in its order."""

    def patch(self, check: str, camera: str) -> bytes | None:
        """The region as the camera sees it now, rectified, as a JPEG; None where it is not seen or is old."""

    def example(self, example: str) -> bytes | None:
        """An example's picture as a JPEG; None where there is none. Reads the disk: not from the event loop."""

    def take(self, check: str, state: str, person: str) -> None:
        """Keep what is seen now as an example of a state. Raises TeachRefusedError. Writes to the disk."""

    def discard(self, example: str, person: str) -> None:
        """Forget an example. Raises TeachRefusedError. Writes to the disk."""

    def train(self, check: str, person: str) -> None:
        """Train and try a check on all its examples; takes seconds. Raises TeachRefusedError."""
