"""How near the arm with its tool comes to the bench, to the visitor's zone and to itself. Pure numpy, millimetres."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from drivers.cobot.arm.model import Array
from station.motion.bench_model import TABLE, VISITOR, BenchModel, Box
from station.motion.body import Body
from station.motion.distances import between_mm, from_boxes_mm
from vision.geometry import Transform

SELF_MM = 2.0
"""What links keep from each other; their capsules are generous already."""
FIXED_FRAMES = 1
"""Capsules of the frames up to this one cannot come nearer to the table by any motion."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Clearance:
    """The smallest distance of a posture or a path, and the two things that it is between."""

    mm: float
    """Negative where they overlap."""
    between: tuple[str, str]
    """A part of the arm, and what it is near."""
    at: int = 0
    """Index of the posture."""
    pair: int = 0
    """Index of the pair."""
    of_self: bool = False
    """Whether both are parts of the arm."""


class ClearanceCheck:
    """One arm on one bench. Every pair of things that can come near each other is a column."""

    def __init__(self, body: Body, bench: BenchModel) -> None:
        self.body = body
        self_pairs = body.pairs_that_may_meet()
        boxes = (*bench.obstacles, *([bench.visitor] if bench.visitor is not None else []))
        moving = np.nonzero(body.frames > 0)[0]
        over_table = np.nonzero(body.frames > FIXED_FRAMES)[0]
        self._moving, self._over_table = moving, over_table
        self._boxes = len(boxes)
        self._halves = np.array([box.size_mm for box in boxes], dtype=np.float64).reshape(-1, 3) / 2.0
        self._turns, self._middles = _poses(boxes)
        self._square = all(box.yaw_deg == 0.0 for box in boxes)
        self._one = np.array([pair[0] for pair in self_pairs], dtype=np.intp)
        self._other = np.array([pair[1] for pair in self_pairs], dtype=np.intp)
        arm = body.names
        self.pairs: tuple[tuple[str, str], ...] = (
            *((arm[k], box.id) for k in moving for box in boxes),
            *((arm[k], TABLE) for k in over_table),
            *((arm[one], arm[other]) for one, other in self_pairs),
        )
        """(arm's part, other thing) of each column."""
        self.of_tool = np.array(
            [*(bool(body.is_tool[k]) for k in moving for _ in boxes), *(bool(body.is_tool[k]) for k in over_table)]
            + [False] * len(self_pairs)
        )
        self.of_self = np.array([False] * (len(moving) * len(boxes) + len(over_table)) + [True] * len(self_pairs))
        self.of_visitor = np.array([pair[1] == VISITOR for pair in self.pairs], dtype=np.bool_) & ~self.of_self

    def matrix(self, angles_deg: Array, within_mm: float = np.inf) -> Array:
        """(n, pairs) signed clearances for postures (n, 6).

        Where one is more than `within_mm`, something between that and the clearance is returned, for that is quicker.
        """
        starts, ends = self.body.placed(angles_deg)
        radii = self.body.radii_mm
        columns = []
        if self._boxes:
            # Into the frame of each box: (n, k, b, 3).
            local_starts = self._into_boxes(starts[:, self._moving])
            local_ends = self._into_boxes(ends[:, self._moving])
            radii_here = radii[self._moving][:, None]
            gaps = from_boxes_mm(local_starts, local_ends, self._halves, within_mm + radii_here) - radii_here
            columns.append(gaps.reshape(len(starts), -1))
        lowest = np.minimum(starts[:, self._over_table, 2], ends[:, self._over_table, 2])
        columns.append(lowest - radii[self._over_table])
        one, other = self._one, self._other
        between = between_mm(starts[:, one], ends[:, one], starts[:, other], ends[:, other])
        columns.append(between - radii[one] - radii[other])
        return np.concatenate(columns, axis=1)

    def nearest(self, angles_deg: Array, touched: str | None = None) -> Clearance:
        """The smallest clearance of postures (n, 6) from a thing.

        The visitor's zone is none, and the tool's clearance from the obstacle that it touches does not count.
        """
        within = 16.0
        while True:
            matrix = self.matrix(angles_deg, within)
            matrix[:, self.of_visitor] = np.inf
            if touched is not None:
                matrix[:, self.contacts(touched)] = np.inf
            found = self.smallest(matrix)
            if found.mm <= within or within > 1e5:
                return found
            within *= 4.0

    def smallest(self, matrix: Array) -> Clearance:
        """The smallest figure of a matrix."""
        at, pair = np.unravel_index(int(np.argmin(matrix)), matrix.shape)
        return Clearance(
            mm=float(matrix[at, pair]),
            between=self.pairs[int(pair)],
            at=int(at),
            pair=int(pair),
            of_self=bool(self.of_self[pair]),
        )

    def required(self, clearance_mm: float) -> Array:
        """(pairs,) what is kept: the clearance from the bench, 0 from the visitor's zone, a little from itself."""
        wanted = np.full(len(self.pairs), clearance_mm)
        wanted[self.of_visitor] = 0.0
        wanted[self.of_self] = min(SELF_MM, clearance_mm)
        return wanted

    def touching(self, required: Array, obstacle: str, press_mm: float) -> Array:
        """The same, but the tool may touch one obstacle, and press on it."""
        wanted = required.copy()
        wanted[self.contacts(obstacle)] = -press_mm
        return wanted

    def contacts(self, obstacle: str) -> NDArray[np.bool_]:
        """(pairs,) which pairs are of the tool and this obstacle."""
        return self.of_tool & np.array([pair[1] == obstacle for pair in self.pairs], dtype=np.bool_)

    def _into_boxes(self, points: Array) -> Array:
        gaps = points[:, :, None, :] - self._middles
        return gaps if self._square else np.asarray(np.einsum("nkbi,bij->nkbj", gaps, self._turns))


def _poses(boxes: tuple[Box, ...]) -> tuple[Array, Array]:
    """bench_from_box rotations (b, 3, 3) and middles (b, 3)."""
    turns = [Transform.of(0.0, 0.0, 0.0, yaw_deg=box.yaw_deg).rotation for box in boxes]
    middles = [box.at_mm for box in boxes]
    return np.array(turns).reshape(-1, 3, 3), np.array(middles, dtype=np.float64).reshape(-1, 3)
