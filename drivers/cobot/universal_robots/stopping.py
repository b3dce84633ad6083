"""One stop from its asking until the arm is seen at rest. Pure."""

from __future__ import annotations

from drivers.cobot.universal_robots.report import Report

LIMIT_S = 2.0
AGAIN_S = 0.25
SEEN_S = 0.05
"""Reports this soon after a stop may be older than the stop."""


class Stopping:
    """A stop that was written and not yet seen to take effect. Further stops join it."""

    def __init__(self, now_s: float) -> None:
        self._asked_s = self._said_s = now_s
        self.command_ids: list[str] = []
        """Who asked for it; empty when the driver did."""

    def is_seen(self, report: Report, report_s: float) -> bool:
        """Whether this report, which came at `report_s`, shows the arm at rest with nothing that could move it."""
        late_enough = report_s >= self._asked_s + SEEN_S
        return late_enough and report.at_rest and (not report.plays or report.held)

    def is_given_up(self, now_s: float) -> bool:
        """Whether the arm has had all the time that it may need."""
        return now_s >= self._asked_s + LIMIT_S

    def is_due_again(self, now_s: float) -> bool:
        """Whether the stop has to be said again; it is taken as said."""
        if now_s < self._said_s + AGAIN_S:
            return False
        self._said_s = now_s
        return True

    def next_wake_s(self) -> float:
        """When a deadline may pass at the earliest."""
        return min(self._said_s + AGAIN_S, self._asked_s + LIMIT_S)
