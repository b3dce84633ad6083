"""A line through postures, measured in degrees of the joint that turns furthest. Pure geometry; angles in degrees."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

Angles = tuple[float, ...]


def largest(one_deg: Sequence[float], other_deg: Sequence[float]) -> float:
    """How far the joint turns that turns furthest from one posture to the other."""
    return max(abs(a - b) for a, b in zip(one_deg, other_deg, strict=True))


class JointPath:
    """Straight in joint space from each posture to the next. A place on it is a length from its beginning."""

    def __init__(self, points_deg: Sequence[Sequence[float]]) -> None:
        """At least one point; one that repeats the point before it is dropped."""
        self._points: list[Angles] = [tuple(points_deg[0])]
        self._places: list[float] = [0.0]
        for point in points_deg[1:]:
            step = largest(point, self._points[-1])
            if step > 0:
                self._points.append(tuple(point))
                self._places.append(self._places[-1] + step)
        self.length_deg = self._places[-1]

    def at(self, place_deg: float) -> Angles:
        """The posture at a place; at the ends beyond them."""
        for (begin, end), (start, goal) in zip(pairwise(self._places), pairwise(self._points), strict=True):
            if place_deg < end:
                return _between(start, goal, max(0.0, place_deg - begin) / (end - begin))
        return self._points[-1]

    def nearest(self, angles_deg: Sequence[float], begin_deg: float, end_deg: float) -> float:
        """The place between `begin_deg` and `end_deg` that is nearest a posture."""
        marks = [begin_deg, *self.corners(begin_deg, end_deg), max(begin_deg, end_deg)]
        best, best_off = begin_deg, largest(angles_deg, self.at(begin_deg))
        for begin, end in pairwise(marks):
            share = _share(angles_deg, self.at(begin), self.at(end))
            place = begin + share * (end - begin)
            off = largest(angles_deg, self.at(place))
            if off < best_off:
                best, best_off = place, off
        return best

    def corners(self, begin_deg: float, end_deg: float) -> tuple[float, ...]:
        """Places of the given postures that lie strictly between two places."""
        return tuple(place for place in self._places if begin_deg < place < end_deg)

    def straight_on(self, from_deg: Sequence[float], begin_deg: float, end_deg: float, off_deg: float) -> float:
        """How far one may aim from a posture near `begin_deg`, at most to `end_deg`, and cut no corner.

        Every posture of the path that is passed lies within `off_deg` of the line from `from_deg` to the place.
        """
        while True:
            aim = self.at(end_deg)
            for corner in self.corners(begin_deg, end_deg):
                point = self.at(corner)
                passed = _between(from_deg, aim, _share(point, from_deg, aim))
                if largest(point, passed) > off_deg:
                    end_deg = corner
                    break
            else:
                return end_deg


def _between(one_deg: Sequence[float], other_deg: Sequence[float], share: float) -> Angles:
    return tuple(a + share * (b - a) for a, b in zip(one_deg, other_deg, strict=True))


def _share(point: Sequence[float], start: Sequence[float], goal: Sequence[float]) -> float:
    """Where on the line from start (0) to goal (1) the foot of the perpendicular from `point` is; no further."""
    way = [b - a for a, b in zip(start, goal, strict=True)]
    square = sum(step * step for step in way)
    if square == 0:
        return 0.0
    along = sum((p - a) * step for p, a, step in zip(point, start, way, strict=True))
    return min(1.0, max(0.0, along / square))
