"""A stop that was sent and not yet seen to take effect. Pure. A stop is idempotent, so it alone is sent again."""

from __future__ import annotations

AGAIN_S = 0.25
LIMIT_S = 2.0
AFTER_STOP_S = 0.005
"""The question whether it rests is asked this much later than the stop, so that its answer counts."""
UNSTOPPED = "the arm was told to stop and does not report rest; press the emergency stop and look at the arm"


class Stopping:
    """From the first stop until the arm reports rest, or until it is given up loudly."""

    def __init__(self, now_s: float, command_ids: list[str], before: Stopping | None = None) -> None:
        """`command_ids` are the commands that end with it; `before` is the stop that it comes on top of."""
        self.command_ids = command_ids
        self._asked_s = self._sent_s = now_s
        # Stops that are asked for again and again do not put off the verdict that the arm does not stop.
        self._begun_s: float = now_s if before is None else before._begun_s

    def again(self, now_s: float) -> bool:
        """Whether the stop must be sent again now."""
        if now_s < self._sent_s + AGAIN_S:
            return False
        self._sent_s = now_s
        return True

    def rests(self, moving: bool, as_of_s: float) -> bool:
        """Whether this report, asked for at `as_of_s` or later, says that the arm rests after the stop."""
        return not moving and as_of_s > self._asked_s

    def given_up(self, now_s: float) -> bool:
        """The arm should rest by now and does not say so."""
        return now_s >= self._begun_s + LIMIT_S

    def next_wake_s(self) -> float:
        """When it must be sent again or is given up."""
        return min(self._sent_s + AGAIN_S, self._begun_s + LIMIT_S)
