"""Which postures and which ways between them are free: the one place where a clearance is held against what is wanted.

A way between two postures is a straight line in joint angles. It is not only sampled: between two samples no point of
the arm can have moved farther than the joints' turns times their lever arms, so a stretch is free when the margins at
its two ends add up to more than that. Where they do not, it is halved, down to `RESOLUTION_MM`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from drivers.cobot.arm.model import JOINTS, ArmModel, Array, Capsule
from station.motion.bench_model import BenchModel
from station.motion.body import Body
from station.motion.clearance_check import Clearance, ClearanceCheck
from station.motion.scene import MotionScene

RESOLUTION_MM = 2.0
"""Stretches shorter than this are taken as free when both ends are: at most half of it is overlooked."""
FIRST_STEP_MM = 40.0
OVERLAP_MM = 8.0
"""An arm that starts deeper than this in something does not stand where the bench model has it.

Less than this is what a wanted contact, half a degree in each joint and a part that lies 2 mm beside make together."""
AWAY_SLACK_MM = 0.5
"""How much a clearance that is too small at the start may still shrink on the way out: rounding of the joints."""


class Room:
    """One arm among things, and the clearances that one gesture keeps."""

    def __init__(self, scene: MotionScene, clearance_mm: float, *, into_zone_mm: float = 0.0) -> None:
        body = Body(scene.model, scene.bench_from_base, scene.tool)
        bench: BenchModel = scene.bench.with_allowance(into_zone_mm)
        self.check = ClearanceCheck(body, bench)
        self.required = self.check.required(clearance_mm)
        """(pairs,) what is kept everywhere but in an intended contact."""
        self.levers_mm = _levers(scene.model, scene.tool)
        low_high = np.array(scene.limits_deg, dtype=np.float64)
        self.low_deg, self.high_deg = low_high[:, 0], low_high[:, 1]

    def touching(self, obstacle: str, press_mm: float) -> Array:
        """The clearances kept while the tool alone comes to one obstacle."""
        return self.check.touching(self.required, obstacle, press_mm)

    def travel_mm(self, start_deg: Array, end_deg: Array) -> Array:
        """(...,) no point of the arm moves farther than this between postures (..., 6)."""
        return np.asarray(np.radians(np.abs(end_deg - start_deg)) @ self.levers_mm)

    def in_limits(self, angles_deg: Array) -> bool:
        """Whether all postures (n, 6) are within the joints' limits."""
        slack = 1e-6
        return bool(np.all((angles_deg >= self.low_deg - slack) & (angles_deg <= self.high_deg + slack)))

    def margins(self, angles_deg: Array, required: Array | None = None) -> Array:
        """(n,) how much more than wanted postures (n, 6) keep; negative where one is too near.

        From `FIRST_STEP_MM` on it may be told too small.
        """
        wanted = self.required if required is None else required
        # A stretch is at most FIRST_STEP_MM long, so more room than that at one end of it decides nothing.
        within = float(self.required.max()) + FIRST_STEP_MM
        return np.asarray((self.check.matrix(angles_deg, within) - wanted).min(axis=1))

    def nearest(self, angles_deg: Array, required: Array | None = None) -> Clearance:
        """The pair that falls most short of what is wanted (or is nearest to doing so) on postures (n, 6)."""
        wanted = self.required if required is None else required
        matrix = self.check.matrix(angles_deg)
        found = self.check.smallest(matrix - wanted)
        return replace(found, mm=float(matrix[found.at, found.pair]))

    def line_free(self, start_deg: Array, end_deg: Array, required: Array | None = None) -> bool:
        """Whether the joint line between two postures (6,) is free, its ends included."""
        return self.polyline_free(np.stack([start_deg, end_deg]), required)

    def polyline_free(self, points_deg: Array, required: Array | None = None) -> bool:
        """Whether the joint lines through postures (n, 6) are free."""
        points = points_deg
        lengths = self.travel_mm(points[:-1], points[1:])
        pieces = [points[:1]]
        for index, length in enumerate(lengths):
            count = max(1, int(np.ceil(length / FIRST_STEP_MM)))
            shares = np.arange(1, count + 1)[:, None] / count
            pieces.append(points[index] + shares * (points[index + 1] - points[index]))
        samples = np.concatenate(pieces)
        margins = self.margins(samples, required)
        if margins.min() < 0.0:
            return False
        a, b, ma, mb = samples[:-1], samples[1:], margins[:-1], margins[1:]
        while len(a):
            length = self.travel_mm(a, b)
            open_ = (ma + mb < length) & (length > RESOLUTION_MM)
            if not open_.any():
                return True
            a, b, ma, mb = a[open_], b[open_], ma[open_], mb[open_]
            middle = (a + b) / 2.0
            mm = self.margins(middle, required)
            if mm.min() < 0.0:
                return False
            a, b = np.concatenate([a, middle]), np.concatenate([middle, b])
            ma, mb = np.concatenate([ma, mm]), np.concatenate([mm, mb])
        return True

    def away_free(self, points_deg: Array) -> bool:
        """Whether joint lines through postures (n, 6) are free, apart from what is too near at their start.

        That may be near as long as it does not come nearer, until it is far enough once.
        """
        return self.free_until(points_deg) >= len(points_deg) - 1

    def free_until(self, points_deg: Array) -> float:
        """How many of the joint lines through postures (n, 6) are free in this sense, the last one in part."""
        counts = self._counts(points_deg)
        short = self._short(self.dense(points_deg)).any(axis=1)
        if not short.any():
            return float(len(points_deg) - 1)
        row = int(np.argmax(short)) - 1
        for line, count in enumerate(counts):
            if row <= count:
                return line + max(0, row) / count
            row -= count
        return float(len(counts))

    def short_of(self, points_deg: Array) -> tuple[Clearance, float]:
        """The pair that ends `free_until`, how near it comes there, and what is wanted of it."""
        dense = self.dense(points_deg)
        short = self._short(dense)
        row = int(np.argmax(short.any(axis=1)))
        matrix = self.check.matrix(dense[row : row + 1])
        missing = np.where(short[row], matrix - self.required, np.inf)
        found = self.check.smallest(missing)
        return replace(found, mm=float(matrix[0, found.pair])), float(self.required[found.pair])

    def dense(self, points_deg: Array) -> Array:
        """(m, 6) the joint lines through postures (n, 6), the arm moving at most `RESOLUTION_MM` between two."""
        pieces = [points_deg[:1]]
        for (a, b), count in zip(pairwise(points_deg), self._counts(points_deg), strict=True):
            pieces.append(a + (np.arange(1, count + 1)[:, None] / count) * (b - a))
        return np.concatenate(pieces)

    def _counts(self, points_deg: Array) -> list[int]:
        """Into how many pieces `dense` cuts each line."""
        travel = self.travel_mm(points_deg[:-1], points_deg[1:])
        return [max(1, int(np.ceil(length / RESOLUTION_MM))) for length in travel]

    def _short(self, dense: Array) -> NDArray[np.bool_]:
        """(m, pairs) where postures along a way come too near something; never at the first of them."""
        matrix = self.check.matrix(dense, float(self.required.max()) + 1.0)
        before = np.maximum.accumulate(matrix, axis=0)[:-1]
        allowed = np.where(before >= self.required, self.required, np.minimum(self.required, before - AWAY_SLACK_MM))
        return np.vstack([np.zeros((1, matrix.shape[1]), dtype=np.bool_), matrix[1:] < allowed - 1e-9])

    def stands_in(self, angles_deg: Array) -> Clearance | None:
        """What the arm overlaps with at a posture (6,) more than rounding explains, the visitor aside."""
        matrix = self.check.matrix(angles_deg[None]).copy()
        matrix[:, self.check.of_visitor] = np.inf
        found = self.check.smallest(matrix)
        return found if found.mm < -OVERLAP_MM else None


def _levers(model: ArmModel, tool: Sequence[Capsule]) -> Array:
    """(6,) for each joint: no point of the arm beyond it is farther from its axis than this, mm."""
    extents = [0.0] * (JOINTS + 1)
    for capsule in (*model.capsules, *tool):
        reach = max(float(np.linalg.norm(capsule.start_mm)), float(np.linalg.norm(capsule.end_mm)))
        extents[capsule.frame] = max(extents[capsule.frame], reach + capsule.radius_mm)
    levers = np.zeros(JOINTS)
    for joint in range(JOINTS):
        # The joint's own row shifts along its axis by d, which is no lever; the links beyond count whole.
        length, farthest = abs(model.rows[joint].a_mm), 0.0
        for frame in range(joint + 1, JOINTS + 1):
            if frame > joint + 1:
                row = model.rows[frame - 1]
                length += float(np.hypot(row.d_mm, row.a_mm))
            farthest = max(farthest, length + extents[frame])
        levers[joint] = farthest
    return levers
