"""Whether the id of a pushed result follows from those before it. No I/O, no clock.

A line without a checksum can turn one id into another, and nothing else in the message shows it. Ids count up, so an id
that is not above the last one, or that the archive does not know yet, is believed only when the same push comes a
second time, word for word: a controller repeats what is not acknowledged, and damage does not repeat itself.
"""

from __future__ import annotations

from drivers.api import TighteningResult


class Doubt:
    """Of the pushes of one connection."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """A new connection."""
        self._said = b""
        self._believed = b""
        self._doubted = b""
        self.again = False
        """The last push was the same as the one before it."""

    def why(self, result: TighteningResult, last_id: int | None) -> str | None:
        """The half sentence that stands against this push; None when it is believed. `last_id`: None = any may come."""
        self.again, self._said = result.raw == self._said, result.raw
        if last_id is None or result.tightening_id > last_id or self.again or result.raw == self._believed:
            self._believed = result.raw
            return None
        self._doubted = result.raw
        return f"it comes after result {last_id}"

    def insisted(self, result: TighteningResult) -> bool:
        """Whether it was doubted and came again: then the controller counts otherwise than it did."""
        return self.again and result.raw == self._doubted
