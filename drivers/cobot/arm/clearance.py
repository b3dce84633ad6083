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
    between = starts[:, None] - other_starts[None]
    squares, other_squares = (one * one).sum(axis=1)[:, None], (other * other).sum(axis=1)[None]
    both = one @ other.T
    ahead = (between @ one[:, :, None])[:, :, 0]
    aside = (between * other[None]).sum(axis=2)
    # Where along each segment, 0 to 1, its line comes nearest to the other's.
    across = squares * other_squares - both * both
    crossing = across > _PARALLEL * squares * other_squares
    safe = np.where(crossing, across, 1.0)
    along = (both * aside - ahead * other_squares) / safe
    other_along = (squares * aside - both * ahead) / safe
    inside = crossing & (along > 0) & (along < 1) & (other_along > 0) & (other_along < 1)
    # Elsewhere one of the four ends is nearest: each with the point that is nearest to it on the other segment.
    some, others = np.where(squares > 0, squares, 1.0), np.where(other_squares > 0, other_squares, 1.0)
    shares = np.stack([along, -ahead / some, (both - ahead) / some, np.zeros_like(both), np.ones_like(both)])
    other_shares = np.stack(
        [other_along, np.zeros_like(both), np.ones_like(both), aside / others, (both + aside) / others]
    )
    shares, other_shares = shares.clip(0.0, 1.0), other_shares.clip(0.0, 1.0)
    gaps = between + shares[..., None] * one[:, None] - other_shares[..., None] * other[None]
    lengths = np.sqrt((gaps * gaps).sum(axis=3))
    return np.asarray(np.where(inside, lengths[0], lengths[1:].min(axis=0)))


def self_clearance_mm(model: ArmModel, angles_deg: Sequence[float], tool: Sequence[Capsule] = ()) -> float:
    """The least room between links that are not neighbours; below 0 they are in each other.

    Neighbours, and what is fixed to one frame, touch by their nature and do not count.
    """
    here = placed(model, angles_deg, tool)
    frames = np.array([capsule.frame for capsule in (*model.capsules, *tool)])
    room = segment_distances_mm(here.starts_mm, here.ends_mm, here.starts_mm, here.ends_mm)
    room = room - here.radii_mm[:, None] - here.radii_mm[None]
    return float(room[np.abs(frames[:, None] - frames[None]) >= 2].min())
