"""How many pictures a camera really sends: in dim light an automatic exposure halves the rate without a word."""

from __future__ import annotations

WINDOW_S = 5.0
SLOW_SHARE = 0.6
"""Of the rate that was asked for; less is told."""


class RateWatch:
    """Counts one opened camera's pictures, by their stamps."""

    def __init__(self, asked_hz: float) -> None:
        self._asked_hz = asked_hz
        self._since_s: float | None = None
        self._count = 0
        self._slow = False

    def judge(self, t_mono_s: float) -> float | None:
        """Count a picture; the rate in Hz when it has just become too low, at the end of a window."""
        if self._since_s is None:
            self._since_s = t_mono_s
            return None
        self._count += 1
        took_s = t_mono_s - self._since_s
        if took_s < WINDOW_S:
            return None
        rate_hz = self._count / took_s
        self._since_s, self._count = t_mono_s, 0
        was_slow, self._slow = self._slow, rate_hz < SLOW_SHARE * self._asked_hz
        return rate_hz if self._slow and not was_slow else None
