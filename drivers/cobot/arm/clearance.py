"""What room an arm's links have: their capsules in place, and the distances between them. Pure; millimetres, degrees.

A distance is from surface to surface where it says clearance, and from line to line where it says segment.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivers.cobot.arm.forward import joint_frames
from drivers.cobot.arm.model import ArmModel, Array, Capsule

_PARALLEL = 1e-9
"""Below this share of the squared lengths, two lines count as parallel."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedCapsules:
    """Capsules in the arm's base frame, in the model's order, the tool's last."""

    starts_mm: Array
    """(n, 3)"""
    ends_mm: Array
    """(n, 3)"""
    radii_mm: Array
    """(n,)"""
    names: tuple[str, ...]


def placed(model: ArmModel, angles_deg: Sequence[float], tool: Sequence[Capsule] = ()) -> PlacedCapsules:
    """The arm's capsules, and a tool's, where these joint angles have them."""
    capsules = (*model.capsules, *tool)
    frames = joint_frames(model, angles_deg)[[capsule.frame for capsule in capsules]]
    ends = np.array([(capsule.start_mm, capsule.end_mm) for capsule in capsules], dtype=np.float64)
    points = ends @ frames[:, :3, :3].transpose(0, 2, 1) + frames[:, None, :3, 3]
    return PlacedCapsules(
        starts_mm=points[:, 0],
        ends_mm=points[:, 1],
        radii_mm=np.array([capsule.radius_mm for capsule in capsules], dtype=np.float64),
        names=tuple(capsule.name for capsule in capsules),
    )


def segment_distances_mm(starts: Array, ends: Array, other_starts: Array, other_ends: Array) -> Array:
    """(n, m) distances between n segments and m others, their ends (n, 3) and (m, 3); a segment may be a point.

    The nearest points are inside both, or at an end of one: the four ends are tried, and the inside where it exists.
    """
    starts, ends, other_starts, other_ends = (np.asarray(a, float) for a in (starts, ends, other_starts, other_ends))
    one, other = ends - starts, other_ends - other_starts
    nearest = np.minimum.reduce(
        [
            _point_distances(starts, other_starts, other),
            _point_distances(ends, other_starts, other),
            _point_distances(other_starts, starts, one).T,
            _point_distances(other_ends, starts, one).T,
        ]
    )
    normal = np.cross(one[:, None], other[None])
    between = other_starts[None] - starts[:, None]
    square = np.einsum("nmk,nmk->nm", normal, normal)
    lengths = np.einsum("nk,nk->n", one, one)[:, None] * np.einsum("mk,mk->m", other, other)[None]
    crossing = square > _PARALLEL * lengths
    safe = np.where(crossing, square, 1.0)
    along_one = np.einsum("nmk,nmk->nm", np.cross(between, other[None]), normal) / safe
    along_other = np.einsum("nmk,nmk->nm", np.cross(between, one[:, None]), normal) / safe
    inside = crossing & (along_one > 0) & (along_one < 1) & (along_other > 0) & (along_other < 1)
    apart = np.abs(np.einsum("nmk,nmk->nm", between, normal)) / np.sqrt(safe)
    return np.asarray(np.where(inside, apart, nearest))


def self_clearance_mm(model: ArmModel, angles_deg: Sequence[float], tool: Sequence[Capsule] = ()) -> float:
    """The least room between links that are not neighbours; below 0 they are in each other.

    Neighbours, and what is fixed to one frame, touch by their nature and do not count.
    """
    here = placed(model, angles_deg, tool)
    frames = np.array([capsule.frame for capsule in (*model.capsules, *tool)])
    room = segment_distances_mm(here.starts_mm, here.ends_mm, here.starts_mm, here.ends_mm)
    room = room - here.radii_mm[:, None] - here.radii_mm[None]
    return float(room[np.abs(frames[:, None] - frames[None]) >= 2].min())


def _point_distances(points: Array, starts: Array, directions: Array) -> Array:
    """(n, m) distances of n points from m segments."""
    squares = np.einsum("mk,mk->m", directions, directions)
    between = points[:, None] - starts[None]
    along = np.einsum("nmk,mk->nm", between, directions) / np.where(squares > 0, squares, 1.0)
    return np.asarray(np.linalg.norm(between - np.clip(along, 0.0, 1.0)[..., None] * directions[None], axis=2))
