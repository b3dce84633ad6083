"""Time is handed in: one object says what time it is, for people and for decisions."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Two clocks in one: monotonic seconds for every decision, wall clock text for people."""

    def now_s(self) -> float:
        """Monotonic seconds; never goes backwards."""

    def utc(self) -> str:
        """Wall clock, ISO 8601 with milliseconds and `Z`."""


class SystemClock:
    """The machine's own clocks."""

    def now_s(self) -> float:
        """Monotonic seconds since an arbitrary start."""
        return time.monotonic()

    def utc(self) -> str:
        """Wall clock of the machine."""
        return _iso(datetime.now(UTC))


@dataclass(slots=True)
class SteppedClock:
    """A clock that stands still until somebody moves it: simulated time."""

    time_s: float = 0.0
    start_utc: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)

    def now_s(self) -> float:
        """Simulated seconds."""
        return self.time_s

    def utc(self) -> str:
        """Simulated wall clock: a fixed morning plus the simulated seconds."""
        return _iso(self.start_utc + timedelta(seconds=self.time_s))

    def move_to(self, time_s: float) -> None:
        """Go on to a later time. Raises ValueError for an earlier one."""
        if time_s < self.time_s:
            raise ValueError(f"time cannot go back from {self.time_s} to {time_s}")
        self.time_s = time_s


def _iso(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"
