"""The arm with its tool as capsules on the bench, for many postures at once. Pure numpy."""

from __future__ import annotations

import numpy as np

from drivers.cobot.arm.model import JOINTS, ArmModel, Array, Capsule
from vision.geometry import Transform


class Body:
    """One arm in its place. Makes nothing of a posture's limits: it only says where everything is."""

    def __init__(self, model: ArmModel, bench_from_base: Transform, tool: tuple[Capsule, ...]) -> None:
        """`tool` are capsules in frame 6, as long as they are carried."""
        capsules = (*model.capsules, *tool)
        self._bench_from_base = np.eye(4)
        self._bench_from_base[:3, :3] = bench_from_base.rotation
        self._bench_from_base[:3, 3] = bench_from_base.translation_mm
        self._rows = model.rows
        self.frames = np.array([capsule.frame for capsule in capsules], dtype=np.intp)
        """(k,) the frame that each capsule belongs to."""
        self._starts = np.array([capsule.start_mm for capsule in capsules], dtype=np.float64).reshape(-1, 3)
        self._ends = np.array([capsule.end_mm for capsule in capsules], dtype=np.float64).reshape(-1, 3)
        self.radii_mm = np.array([capsule.radius_mm for capsule in capsules], dtype=np.float64)
        self.names = tuple(capsule.name for capsule in capsules)
        self.is_tool = np.array([False] * len(model.capsules) + [True] * len(tool))

    def frames_of(self, angles_deg: Array) -> Array:
        """(n, 7, 4, 4) bench_from_frame for postures (n, 6)."""
        angles = np.radians(angles_deg)
        result = np.empty((len(angles), JOINTS + 1, 4, 4))
        result[:, 0] = self._bench_from_base
        step = np.zeros((len(angles), 4, 4))
        step[:, 3, 3] = 1.0
        for index, row in enumerate(self._rows):
            cq, sq = np.cos(angles[:, index] + row.offset_rad), np.sin(angles[:, index] + row.offset_rad)
            ca, sa = np.cos(row.alpha_rad), np.sin(row.alpha_rad)
            step[:, 0, 0], step[:, 0, 1], step[:, 0, 2], step[:, 0, 3] = cq, -sq * ca, sq * sa, row.a_mm * cq
            step[:, 1, 0], step[:, 1, 1], step[:, 1, 2], step[:, 1, 3] = sq, cq * ca, -cq * sa, row.a_mm * sq
            step[:, 2, 1], step[:, 2, 2], step[:, 2, 3] = sa, ca, row.d_mm
            result[:, index + 1] = result[:, index] @ step
        return result

    def placed(self, angles_deg: Array) -> tuple[Array, Array]:
        """Starts and ends (n, k, 3) of every capsule for postures (n, 6)."""
        frames = self.frames_of(angles_deg)[:, self.frames]
        turn, at = frames[..., :3, :3], frames[..., :3, 3]
        starts = np.einsum("nkij,kj->nki", turn, self._starts) + at
        ends = np.einsum("nkij,kj->nki", turn, self._ends) + at
        return starts, ends

    def pairs_that_may_meet(self) -> tuple[tuple[int, int], ...]:
        """Indexes of capsules that are neither of one link nor of neighbours: those touch by their nature."""
        count = len(self.names)
        pairs = ((one, other) for one in range(count) for other in range(one + 1, count))
        return tuple(pair for pair in pairs if abs(int(self.frames[pair[0]]) - int(self.frames[pair[1]])) >= 2)

    def tips(self, angles_deg: Array, tip_mm: tuple[float, float, float]) -> tuple[Array, Array]:
        """Where the tip is (n, 3) and where the tool points (n, 3) for postures (n, 6)."""
        flange = self.frames_of(angles_deg)[:, -1]
        return flange[:, :3, :3] @ np.array(tip_mm) + flange[:, :3, 3], flange[:, :3, 2]
