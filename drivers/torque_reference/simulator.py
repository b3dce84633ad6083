"""A simulated reference transducer at the wire: one line a peak, with a running number and the unit.

It fails in the usual seven ways: `off` says nothing, `stuck` holds its old peak, `garbage` sends no text, `wrong` sends
another unit, `slow` and `delayed` come late, `intermittent` loses every third line.
"""

from __future__ import annotations

WORDS = ("ok", "off", "stuck", "garbage", "wrong", "slow", "delayed", "intermittent")
_LATE_S = {"slow": 15.0, "delayed": 1.0}
_LBF_FT = 0.737562


class SimulatedTransducer:
    """Time is handed in; not thread-safe."""

    def __init__(self, *, range_nm: float, decimals: int = 3) -> None:
        self._range_nm = range_nm
        self._decimals = decimals
        self._word = "ok"
        self._count = 0
        self._held_nm = 0.0
        self._waits: list[tuple[float, bytes]] = []
        self._output = b""

    def press(self, peak_nm: float, now_s: float) -> None:
        """A rundown through the transducer reached this torque."""
        self._count += 1
        if self._word == "off" or (self._word == "intermittent" and self._count % 3 == 0):
            return
        if self._word != "stuck":
            self._held_nm = peak_nm
        over = " OL" if self._held_nm >= self._range_nm else ""
        value = min(self._held_nm, self._range_nm)
        unit = "Nm"
        if self._word == "wrong":
            value, unit = value * _LBF_FT, "lbf.ft"
        line = f"{self._count:04d} {value:+.{self._decimals}f} {unit}{over}\r\n".encode()
        if self._word == "garbage":
            line = bytes(byte ^ 0xA5 for byte in line[:-2]) + b"\r\n"
        self._waits.append((now_s + _LATE_S.get(self._word, 0.05), line))

    def received(self, data: bytes, now_s: float) -> None:
        """It listens to nobody."""

    def advance(self, now_s: float) -> None:
        """Send what is due."""
        while self._waits and self._waits[0][0] <= now_s:
            self._output += self._waits.pop(0)[1]

    def next_wake_s(self) -> float | None:
        """When the next line is due."""
        return self._waits[0][0] if self._waits else None

    def take_output(self) -> bytes:
        """Bytes for the station's side."""
        output, self._output = self._output, b""
        return output

    def fail(self, word: str) -> None:
        """Begin to fail, or `ok`. Raises ValueError for a word that is none."""
        if word not in WORDS:
            raise ValueError(f"a transducer cannot fail as {word!r}; use one of {', '.join(WORDS)}")
        self._word = word
