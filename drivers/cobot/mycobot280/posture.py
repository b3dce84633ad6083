"""Is a reported posture believable? Pure. Frames have no checksum, so a disturbed byte can look like another angle."""

from __future__ import annotations

from collections.abc import Sequence

OUTSIDE_DEG = 5.0
"""How far beyond its limits a joint may be reported: gravity and hand guiding push that far."""
JUMP_DEG = 10.0
FASTEST_DEG_S = 200.0


class PostureFilter:
    """Believes postures within the limits that the arm could have reached since the last one, or that are repeated."""

    def __init__(self, limits_deg: Sequence[tuple[float, float]]) -> None:
        self._limits_deg = tuple(limits_deg)
        self._believed: tuple[tuple[float, ...], float] | None = None
        self._doubted: tuple[float, ...] | None = None

    def believes(self, angles_deg: tuple[float, ...], as_of_s: float, now_s: float) -> bool:
        """Take a report that holds since `as_of_s` or later; say whether to use it."""
        for angle, (low, high) in zip(angles_deg, self._limits_deg, strict=True):
            if not low - OUTSIDE_DEG <= angle <= high + OUTSIDE_DEG:
                return False
        if self._believed is not None:
            last_deg, last_s = self._believed
            reach_deg = JUMP_DEG + FASTEST_DEG_S * (now_s - last_s)
            near = _within(angles_deg, last_deg, reach_deg)
            repeated = self._doubted is not None and _within(angles_deg, self._doubted, JUMP_DEG)
            if not (near or repeated):
                self._doubted = angles_deg
                return False
        self._believed, self._doubted = (angles_deg, as_of_s), None
        return True


def _within(one_deg: Sequence[float], other_deg: Sequence[float], reach_deg: float) -> bool:
    return all(abs(a - b) <= reach_deg for a, b in zip(one_deg, other_deg, strict=True))
