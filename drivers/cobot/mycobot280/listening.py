"""What the bytes on the line say beyond frames: nothing at all, garbage of a wrong baud rate, a start-up text. Pure."""

from __future__ import annotations

BOOT_NULS = 64
"""A firmware that starts sends some 277 NUL bytes (public field report); no frame has half as many in a row as this."""


class Listening:
    """Counts since the line was opened."""

    def __init__(self) -> None:
        self.frames = 0
        """Frames found so far."""
        self._bytes = 0
        self._tail = b""

    def heard(self, data: bytes) -> str | None:
        """Take bytes. A sentence when the arm has started anew: it has forgotten what it was told."""
        self._bytes += len(data)
        recent = self._tail + data
        self._tail = recent[-(BOOT_NULS - 1) :]
        if bytes(BOOT_NULS) not in recent:
            return None
        return (
            "the arm has started anew (its start-up text came), so its servos were without power; "
            "check its power plug and whether its emergency stop button was used"
        )

    def why_silent(self, tries: int) -> str:
        """Why questions were not answered, as far as the line tells."""
        if self._bytes and not self.frames:
            return (
                "bytes come from the arm but no frames: wrong baud rate? set `baudrate` in [cobot] to 115200 (M5) or "
                "1000000 (Pi, Jetson Nano, Arduino); if it is right, check the cable and wait until the arm has started"
            )
        return f"the arm does not answer ({tries} questions in a row); check its cable and power, or power-cycle it"
