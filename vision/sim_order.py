"""Painter's order: which things are painted first so that nearer things cover farther ones.

Things are painted far to near along the camera's view, corrected by two rules. Within a body, which may be tilted, its
maker says which item lies over which. Between bodies, what stands on or over another thing is painted after it: cameras
look down on the bench, so the rule holds for all of them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array

Paint = Callable[[NDArray[np.uint8]], None]

_SINK_MM = 3.0
"""Things may sink into what they stand on by this much, as a plate in its handle or a crossed nut's lower edge."""

_STAND_MM, _LIE_MM = 1.0, 0.001
"""Steps in depth: what stands on a body comes after everything that lies flat on that body."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Item:
    """Something to paint, with its bounds in the bench frame."""

    depth_mm: float
    """Depth of its upper face in the camera."""
    low_mm: Array
    """(3,) smallest x, y, z."""
    high_mm: Array
    """(3,) largest x, y, z."""
    paint: Paint
    """Paints the thing, after its shadow on whatever is painted already."""
    over: tuple[Item, ...] = ()
    """Items of the same body that are painted before this one."""
    body: object = None
    """Items with the same body are ordered by `over` and depth alone."""


def in_painting_order(items: list[Item]) -> list[Item]:
    """Far to near; what stands over another thing always after it."""
    if not items:
        return []
    middles = np.array([float(item.low_mm[2] + item.high_mm[2]) / 2.0 for item in items])
    rising = [items[i] for i in np.argsort(middles, kind="stable")]
    low, high = np.array([item.low_mm for item in rising]), np.array([item.high_mm for item in rising])
    bodies = np.array([id(item.body) if item.body is not None else -i for i, item in enumerate(rising)])
    place = {id(item): i for i, item in enumerate(rising)}
    keys = np.array([item.depth_mm for item in rising])
    _lift_within_bodies(items, place, keys)
    for i in range(1, len(rising)):
        under = (high[:i, 2] - _SINK_MM <= low[i, 2]) & (bodies[:i] != bodies[i])
        under &= np.all((low[:i, :2] < high[i, :2]) & (low[i, :2] < high[:i, :2]), axis=1)
        if under.any():
            keys[i] = min(keys[i], float(keys[:i][under].min()) - _STAND_MM)
    _lift_within_bodies(items, place, keys)
    return [rising[i] for i in np.argsort(-keys, kind="stable")]


def _lift_within_bodies(items: list[Item], place: dict[int, int], keys: Array) -> None:
    """Bring items before what they lie over. Makers give a body's items from the lowest up."""
    for item in items:
        for other in item.over:
            at = place[id(item)]
            keys[at] = min(keys[at], keys[place[id(other)]] - _LIE_MM)
