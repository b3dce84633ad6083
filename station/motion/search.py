"""A way round things that no straight line finds: two trees of postures that grow towards each other.

RRT-Connect after J. J. Kuffner and S. M. LaValle, "RRT-Connect: An Efficient Approach to Single-Query Path Planning",
ICRA 2000. Its random numbers are always the same, so the same question has the same answer; instead of a time it has a
number of tries, because nothing here reads a clock.
"""

from __future__ import annotations

import numpy as np

from drivers.cobot.arm.model import Array
from station.motion.room import Room

TRIES = 150
STRIDE_DEG = 40.0
"""How far a tree grows at once, in its largest joint."""
SHORTCUTS = 30
AROUND_DEG = 60.0
"""How far beyond the box of start and goal most samples lie: the way round is seldom far."""


class Tree:
    """Postures that are reached from one root by free lines."""

    def __init__(self, root: Array) -> None:
        self.postures = [root]
        self._parents = [-1]

    def nearest(self, posture: Array) -> int:
        """Index of the nearest one."""
        return int(np.argmin(np.abs(np.array(self.postures) - posture).max(axis=1)))

    def add(self, posture: Array, parent: int) -> int:
        """Hang one on another."""
        self.postures.append(posture)
        self._parents.append(parent)
        return len(self.postures) - 1

    def from_root(self, index: int) -> list[Array]:
        """The postures from the root to one."""
        line = []
        while index >= 0:
            line.append(self.postures[index])
            index = self._parents[index]
        return line[::-1]


def way_round(room: Room, start_deg: Array, goal_deg: Array, tries: int = TRIES) -> Array | None:
    """(n, 6) postures from start to goal, both free, with free joint lines between them; None when none is found."""
    rng = np.random.default_rng(0)
    here, there = Tree(start_deg), Tree(goal_deg)
    swapped = False
    low = np.maximum(room.low_deg, np.minimum(start_deg, goal_deg) - AROUND_DEG)
    high = np.minimum(room.high_deg, np.maximum(start_deg, goal_deg) + AROUND_DEG)
    for number in range(tries):
        # Every fourth sample is from anywhere, in case the way round is far.
        sample = rng.uniform(room.low_deg, room.high_deg) if number % 4 == 3 else rng.uniform(low, high)
        grown = _grow(room, here, sample)
        if grown is not None:
            met = _connect(room, there, here.postures[grown])
            if met is not None:
                line = here.from_root(grown) + there.from_root(met)[::-1][1:]
                found = np.array(line[::-1] if swapped else line)
                return _shortened(room, found, rng)
        here, there, swapped = there, here, not swapped
    return None


def _grow(room: Room, tree: Tree, towards: Array) -> int | None:
    """One stride of a tree towards a posture; the new posture's index, None when something is in the way."""
    parent = tree.nearest(towards)
    origin = tree.postures[parent]
    step = towards - origin
    reach = float(np.abs(step).max())
    if reach < 1e-9:
        return parent
    posture = origin + step * min(1.0, STRIDE_DEG / reach)
    # Half of all strides end in something; to ask that first costs least.
    if room.margins(posture[None])[0] < 0.0 or not room.line_free(origin, posture):
        return None
    return tree.add(posture, parent)


def _connect(room: Room, tree: Tree, posture: Array) -> int | None:
    """Let a tree grow all the way to a posture; its index there, None when something is in the way."""
    while True:
        grown = _grow(room, tree, posture)
        if grown is None:
            return None
        if np.abs(tree.postures[grown] - posture).max() < 1e-9:
            return grown


def _shortened(room: Room, points: Array, rng: np.random.Generator) -> Array:
    """The same way with its needless corners cut off."""
    line = _straightened(room, list(points))
    for _ in range(SHORTCUTS if len(line) > 2 else 0):
        one, other = sorted(rng.uniform(0.0, len(line) - 1, 2))
        i, j = int(one), int(other)
        if i == j:
            continue
        a = line[i] + (one - i) * (line[i + 1] - line[i])
        b = line[j] + (other - j) * (line[min(j + 1, len(line) - 1)] - line[j])
        if room.line_free(a, b):
            line[i + 1 : j + 1] = [a, b]
    return np.array(_straightened(room, line))


def _straightened(room: Room, line: list[Array]) -> list[Array]:
    """Without the postures between two that see each other."""
    at = 0
    while at + 2 < len(line):
        far = next((k for k in range(len(line) - 1, at + 1, -1) if room.line_free(line[at], line[k])), at + 1)
        line[at + 1 : far] = []
        at += 1
    return line
