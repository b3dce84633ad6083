"""Distances of many line segments from boxes and from each other, all at once. Pure numpy, millimetres."""

from __future__ import annotations

import numpy as np

from drivers.cobot.arm.model import Array

_TINY = 1e-12


def from_boxes_mm(starts_mm: Array, ends_mm: Array, halves_mm: Array, within_mm: Array | float = np.inf) -> Array:
    """Signed distances (...,) of segments from boxes, negative inside.

    `starts_mm` and `ends_mm` are (..., 3), in the frame of the box (origin in its middle, axes along its edges);
    `halves_mm` are half its edges, of a shape that broadcasts. Outside, the distance is exact. Inside it is how far the
    part of the segment that is in the box must be moved to leave it through the nearest face. Where the distance is
    more than `within_mm`, something between that and the distance is returned, for that is quicker.
    """
    # The box around the segment is never farther away than the segment itself.
    gaps = np.maximum(
        np.maximum(np.minimum(starts_mm, ends_mm) - halves_mm, -halves_mm - np.maximum(starts_mm, ends_mm)), 0
    )
    result = np.asarray(np.sqrt(_dot(gaps, gaps)))
    near = result <= within_mm
    if not near.any():
        return result
    starts, along = starts_mm[near], (ends_mm - starts_mm)[near]
    halves = np.broadcast_to(halves_mm, starts_mm.shape)[near]
    outside = np.sqrt(_squared_outside(starts, along, halves))
    touching = outside < 1e-9
    if touching.any():
        outside[touching] = -_depth(starts[touching], along[touching], halves[touching])
    result[near] = outside
    return result


def _squared_outside(starts: Array, along: Array, halves: Array) -> Array:
    """The least squared distance along each segment.

    On one segment the squared distance from a box is convex, and its slope is straight between the points where a
    coordinate passes a face. So the slope at those points tells the interval of the minimum, and there it is solved.
    """
    safe = np.where(np.abs(along) < _TINY, _TINY, along)
    breaks = np.concatenate([(halves - starts) / safe, (-halves - starts) / safe], axis=-1)
    breaks = np.clip(breaks, 0.0, 1.0)
    ends = np.zeros((*breaks.shape[:-1], 1))
    at = np.sort(np.concatenate([ends, breaks, ends + 1.0], axis=-1), axis=-1)
    points = starts[..., None, :] + at[..., :, None] * along[..., None, :]
    beyond = np.sign(points) * np.maximum(np.abs(points) - halves[..., None, :], 0.0)
    slopes = np.einsum("...ti,...i->...t", beyond, along)
    # The last break where the squared distance still falls; the minimum lies between it and the next.
    last = at.shape[-1] - 1
    left = np.clip(np.count_nonzero(slopes < 0.0, axis=-1) - 1, 0, last - 1)[..., None]
    t0, t1 = np.take_along_axis(at, left, -1)[..., 0], np.take_along_axis(at, left + 1, -1)[..., 0]
    s0, s1 = np.take_along_axis(slopes, left, -1)[..., 0], np.take_along_axis(slopes, left + 1, -1)[..., 0]
    rise = s1 - s0
    t = np.where(rise > _TINY, t0 - s0 * (t1 - t0) / np.where(rise > _TINY, rise, 1.0), t0)
    t = np.where(s1 < 0.0, t1, np.where(s0 > 0.0, t0, np.clip(t, t0, t1)))
    nearest = starts + t[..., None] * along
    gap = np.maximum(np.abs(nearest) - halves, 0.0)
    return np.asarray(np.einsum("...i,...i->...", gap, gap))


def _depth(starts: Array, along: Array, halves: Array) -> Array:
    """(m,) how deep the clipped segments (m, 3) are in their boxes."""
    safe = np.where(np.abs(along) < _TINY, _TINY, along)
    one, other = (-halves - starts) / safe, (halves - starts) / safe
    enter = np.clip(np.minimum(one, other).max(axis=-1), 0.0, 1.0)[:, None]
    leave = np.clip(np.maximum(one, other).min(axis=-1), 0.0, 1.0)[:, None]
    ends = np.stack([starts + enter * along, starts + np.maximum(leave, enter) * along])
    through_high = (halves - ends).max(axis=0)
    through_low = (halves + ends).max(axis=0)
    return np.asarray(np.maximum(np.minimum(through_high, through_low).min(axis=-1), 0.0))


def between_mm(starts_mm: Array, ends_mm: Array, other_starts_mm: Array, other_ends_mm: Array) -> Array:
    """Distances (...,) between segments and others of the same shape (..., 3)."""
    d1, d2 = ends_mm - starts_mm, other_ends_mm - other_starts_mm
    r = starts_mm - other_starts_mm
    a, e, b = _dot(d1, d1), _dot(d2, d2), _dot(d1, d2)
    c, f = _dot(d1, r), _dot(d2, r)
    across = a * e - b * b
    s = np.where(across > _TINY, (b * f - c * e) / np.where(across > _TINY, across, 1.0), 0.0)
    # The nearest point of the one line, then of the other, then of the one again: each kept on its segment.
    s = np.clip(s, 0.0, 1.0)
    t = np.clip((b * s + f) / np.maximum(e, _TINY), 0.0, 1.0)
    s = np.clip((b * t - c) / np.maximum(a, _TINY), 0.0, 1.0)
    gap = r + s[..., None] * d1 - t[..., None] * d2
    return np.asarray(np.sqrt(_dot(gap, gap)))


def _dot(one: Array, other: Array) -> Array:
    return np.asarray(np.einsum("...i,...i->...", one, other))
