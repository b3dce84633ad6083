"""Chains of transforms from a board's points to a camera, with derivatives by every unknown on the way.

A chain reads like its product: `camera_from_a @ a_from_b @ b_from_board`. Each segment (a view) has its own
transforms. For a link T = [exp(r), t] T0 with everything left of it turned by G: dP = G (dt - [T y] dr);
for its inverse, with R the rotation of T and y the point that it maps: dP = G R' ([y] dr - dt).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from calibration.adjustment.terms import Blocks, Part
from calibration.adjustment.unknowns import Layout, Values
from calibration.arm_chain import ArmPoses, arm_poses
from calibration.rotations import cross, inverse
from vision.geometry import Array


@dataclass(frozen=True, slots=True)
class Passed:
    """What a link needs for its derivatives: points before and after it, and what lies left of it."""

    values: Values
    layout: Layout
    starts: Blocks
    """(S + 1,) first point of each segment."""
    rows: Blocks
    """(N,) segment of each point."""
    before: Array
    """(N, 3) points in the link's source frame, mm."""
    after: Array
    """(N, 3) in its target frame."""
    by_after: Array
    """(N, k, 3) derivative of the row by the point after the link."""
    transforms: Array
    """(S, 4, 4) of this link."""


class Link(Protocol):
    """One transform of a chain."""

    def transforms(self, values: Values) -> Array:
        """(S, 4, 4) at these values."""

    def parts(self, passed: Passed) -> Iterator[Part]:
        """Derivatives by the families that are sought."""


@dataclass(frozen=True, slots=True)
class Known:
    """A transform that is given: a tag's place on the fixture, a reported pose."""

    each: Array
    """(S, 4, 4), or (1, 4, 4) for all."""

    def transforms(self, values: Values) -> Array:
        """The given ones."""
        del values
        return self.each

    def parts(self, passed: Passed) -> Iterator[Part]:
        """None: nothing is sought."""
        del passed
        return iter(())


@dataclass(frozen=True, slots=True)
class Sought:
    """A pose family: the block of each segment, or its inverse."""

    family: str
    blocks: Blocks
    """(S,)."""
    inverted: bool = False

    def transforms(self, values: Values) -> Array:
        """The blocks at these values."""
        taken = values[self.family][self.blocks]
        return inverse(taken) if self.inverted else taken

    def parts(self, passed: Passed) -> Iterator[Part]:
        """Six columns: turn, move."""
        if self.family not in passed.layout.families:
            return
        if self.inverted:
            own = _by_segment(passed.by_after, passed.transforms[:, :3, :3], passed.starts)
            point = passed.before[:, None, :]
            jacobian = np.concatenate([cross(own, point), -own], axis=2)
        else:
            own, point = passed.by_after, passed.after[:, None, :]
            jacobian = np.concatenate([cross(point, own), own], axis=2)
        yield Part(self.family, self.blocks, jacobian)


JOINT_OFFSETS, D_OFFSETS, A_OFFSETS = "joint offsets", "link d", "link a"
"""Families of one block of six: rad added to the reported joints, mm added to the table's d and a."""


@dataclass(frozen=True, slots=True)
class Arm:
    """`base_from_flange` of an arm whose joint zeros and links may be sought, or its inverse."""

    table: Array
    """(6, 4) Denavit-Hartenberg."""
    joints_rad: Array
    """(S, 6) as reported."""
    inverted: bool = False

    def poses(self, values: Values) -> ArmPoses:
        """The arm at these values."""
        return arm_poses(
            self.table, self.joints_rad + values[JOINT_OFFSETS][0], values[D_OFFSETS][0], values[A_OFFSETS][0]
        )

    def transforms(self, values: Values) -> Array:
        """(S, 4, 4)."""
        found = self.poses(values).base_from_flange
        return inverse(found) if self.inverted else found

    def parts(self, passed: Passed) -> Iterator[Part]:
        """Six columns each for the joints, d and a."""
        sought = [name for name in (JOINT_OFFSETS, D_OFFSETS, A_OFFSETS) if name in passed.layout.families]
        if not sought:
            return
        found, rows = self.poses(passed.values), passed.rows
        by_base = passed.by_after
        point = passed.after
        if self.inverted:
            by_base = -_by_segment(passed.by_after, passed.transforms[:, :3, :3], passed.starts)
            point = passed.before
        none = np.zeros(len(passed.transforms), dtype=np.int64)
        for name in sought:
            if name == JOINT_OFFSETS:  # row . (moment + axis x p) = row . moment + axis . (p x row)
                turned = cross(point[:, None, :], by_base)
                jacobian = by_base @ found.joint_moments[rows] + turned @ found.joint_axes[rows]
            else:
                jacobian = by_base @ (found.d_directions if name == D_OFFSETS else found.a_directions)[rows]
            yield Part(name, none, jacobian)


def carried(links: tuple[Link, ...], values: Values, points: Array, rows: Blocks) -> Array:
    """Board points (N, 3) mm carried through a chain into its leftmost frame."""
    product = None
    for link in links:
        each = link.transforms(values)
        product = each if product is None else product @ each
    if product is None:
        return points
    if len(product) == 1:
        return np.asarray(points @ product[0, :3, :3].T + product[0, :3, 3])
    each = product[rows]
    return np.asarray((each[:, :3, :3] @ points[:, :, None])[:, :, 0] + each[:, :3, 3])


def chain_parts(
    links: tuple[Link, ...],
    values: Values,
    layout: Layout,
    points: Array,
    rows: Blocks,
    segments: int,
    differentiate: Callable[[Array], Array],
) -> tuple[list[Part], Array]:
    """Derivatives by every link's unknowns, and (N, k, 3) by the board points.

    `differentiate` takes the carried points and gives the derivative (N, k, 3) of the rows by them.
    """
    starts = np.searchsorted(rows, np.arange(segments + 1))
    each = [np.broadcast_to(link.transforms(values), (segments, 4, 4)) for link in links]
    stages = [points]
    for transforms in reversed(each):
        turned = _by_segment(stages[-1], np.swapaxes(transforms[:, :3, :3], 1, 2), starts)
        stages.append(turned + transforms[rows, :3, 3])
    stages.reverse()
    by_point = differentiate(stages[0])
    parts: list[Part] = []
    for at, link in enumerate(links):
        passed = Passed(values, layout, starts, rows, stages[at + 1], stages[at], by_point, each[at])
        parts.extend(link.parts(passed))
        by_point = _by_segment(by_point, each[at][:, :3, :3], starts)
    return parts, by_point


def _by_segment(rows: Array, turns: Array, starts: Blocks) -> Array:
    """(N, ..., 3) times the turn (3, 3) of each row's segment: one large product a segment, not a tiny one a row."""
    out = np.empty(rows.shape)
    for s in range(len(starts) - 1):
        at = slice(starts[s], starts[s + 1])
        np.matmul(rows[at], turns[s], out=out[at])
    return out
