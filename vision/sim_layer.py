"""Paints items over the static bench, and keeps what stood still as painted. Only speed depends on earlier frames."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.sim_order import Item

Picture = NDArray[np.uint8]


class Layers:
    """A picture of the static bench, one with the farthest unmoved items on it, and the one being painted."""

    def __init__(self, static: Picture) -> None:
        self._static = static
        self._work = static.copy()
        self._before: list[Item] = []
        self._still: list[Item] = []
        self._still_picture = static

    def painted(self, items: list[Item]) -> Picture:
        """The static bench with the items painted in their order. Valid until the next call.

        Items are compared by identity: whoever hands over the same object promises the same painting.
        """
        unmoved = _common_start(items, self._before)
        self._before = items
        if _common_start(items, self._still) < len(self._still):
            self._still, self._still_picture = [], self._static
        np.copyto(self._work, self._still_picture)
        for i in range(len(self._still), len(items)):
            if i == unmoved:
                self._still, self._still_picture = items[:i], self._work.copy()
            items[i].paint(self._work)
        if unmoved == len(items) > len(self._still):
            self._still, self._still_picture = list(items), self._work.copy()
        return self._work


def _common_start(first: list[Item], second: list[Item]) -> int:
    for i, (a, b) in enumerate(zip(first, second, strict=False)):
        if a is not b:
            return i
    return min(len(first), len(second))
