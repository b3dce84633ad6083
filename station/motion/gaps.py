"""Gaps between an arm's capsules and people taken as upright prisms from the table up. Pure numpy, millimetres.

A gap is never over-estimated: its level part is the distance seen from above, its upright part what the whole capsule
is above the person's top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from drivers.cobot.arm.model import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Gaps:
    """Between n capsules and m prisms."""

    distances_mm: Array
    """(n, m) from surface to surface, 0 where they touch or reach into each other."""
    towards: Array
    """(n, m, 3) unit vectors from the capsule to the prism; zero where they touch, so that no direction is told."""


def gaps(
    starts_mm: Array, ends_mm: Array, radii_mm: Array, outlines_mm: Sequence[Array], tops_mm: Sequence[float]
) -> Gaps:
    """Capsules `starts_mm`, `ends_mm` (n, 3) with `radii_mm` (n,); convex outlines (k, 2) with their heights."""
    count = len(starts_mm)
    if not outlines_mm:
        return Gaps(distances_mm=np.zeros((count, 0)), towards=np.zeros((count, 0, 3)))
    level = _from_above(starts_mm[:, :2], ends_mm[:, :2], outlines_mm)
    above = np.minimum(starts_mm[:, 2], ends_mm[:, 2])[:, None] - np.asarray(tops_mm, dtype=np.float64)[None]
    apart = np.concatenate([level, -np.maximum(above, 0.0)[..., None]], axis=2)
    lengths = np.linalg.norm(apart, axis=2)
    distances = np.maximum(lengths - radii_mm[:, None], 0.0)
    return Gaps(distances_mm=distances, towards=apart / np.where(lengths > 0.0, lengths, 1.0)[..., None])


def _from_above(starts: Array, ends: Array, outlines: Sequence[Array]) -> Array:
    """(n, m, 2) the shortest way from each segment (n, 2) to each outline (k, 2); zero where it reaches into it."""
    firsts = np.cumsum([0, *(len(outline) for outline in outlines)])
    corners = np.concatenate(outlines)
    after = np.concatenate([np.concatenate([outline[1:], outline[:1]]) for outline in outlines])
    edges, along = after - corners, ends - starts
    from_start, from_end = starts[:, None] - corners[None], ends[:, None] - corners[None]
    ways = np.stack(
        [
            _to_segments(from_start, edges[None]),
            _to_segments(from_end, edges[None]),
            -_to_segments(-from_start, along[:, None]),
        ],
        axis=2,
    )
    squares = np.einsum("nktc,nktc->nkt", ways, ways)
    # Sides of the outline's edges: a point with all of them alike is inside.
    start_side, end_side = _cross(edges[None], from_start), _cross(edges[None], from_end)
    one, other = _cross(along[:, None], -from_start), _cross(along[:, None], after[None] - starts[:, None])
    crossing = (start_side * end_side < 0.0) & (one * other < 0.0)
    result = np.empty((len(starts), len(outlines), 2))
    rows = np.arange(len(starts))
    for m, (low, high) in enumerate(pairwise(firsts)):
        flat = squares[:, low:high].reshape(len(starts), -1)
        nearest = ways[:, low:high].reshape(len(starts), -1, 2)[rows, flat.argmin(axis=1)]
        reaches = crossing[:, low:high].any(axis=1)
        for sides in (start_side[:, low:high], end_side[:, low:high]):
            reaches |= (sides >= 0.0).all(axis=1) | (sides <= 0.0).all(axis=1)
        nearest[reaches] = 0.0
        result[:, m] = nearest
    return result


def _to_segments(between: Array, directions: Array) -> Array:
    """(n, k, 2) the shortest ways to segments of these directions, from points `between` off their starts."""
    squares = _dot(directions, directions)
    along = _dot(between, directions) / np.where(squares > 0.0, squares, 1.0)
    return np.asarray(np.clip(along, 0.0, 1.0)[..., None] * directions - between)


def _dot(one: Array, other: Array) -> Array:
    return np.asarray(one[..., 0] * other[..., 0] + one[..., 1] * other[..., 1])


def _cross(one: Array, other: Array) -> Array:
    return np.asarray(one[..., 0] * other[..., 1] - one[..., 1] * other[..., 0])
