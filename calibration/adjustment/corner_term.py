"""Corners seen by one camera: the residual is projected minus seen, over their standard deviation."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from calibration.adjustment.chain import Link, carried, chain_parts
from calibration.adjustment.terms import Blocks, Linear, Part, Robust
from calibration.adjustment.unknowns import Layout, Values
from calibration.lens_model import project, project_with_derivatives
from vision.geometry import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoardShape:
    """A board that may be bent and printed too large: `s (x, y)` and `z = kx (1 - sx^2) + ky (1 - sy^2)`.

    sx and sy go from -1 to 1 over the board. Families of one block: bow (kx, ky) mm and scale (s - 1).
    """

    bow_family: str | None = None
    scale_family: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CornerTerm:
    """All corners of one camera that share a chain."""

    name: str
    lens_family: str
    lens_block: int
    links: tuple[Link, ...]
    """Camera on the left, board on the right."""
    points_mm: Array
    """(N, 3) nominal, board frame."""
    bends: Array
    """(N, 2) 1 - sx^2 and 1 - sy^2 of each point (`bends_of`)."""
    shape: BoardShape = field(default_factory=BoardShape)
    pixels: Array
    """(N, 2) seen."""
    starts: Blocks
    """(S + 1,)."""
    sigma_px: float
    robust: Robust

    @property
    def rows(self) -> Blocks:
        """(N,) segment of each corner."""
        return np.repeat(np.arange(len(self.starts) - 1), np.diff(self.starts))

    def board_points(self, values: Values) -> Array:
        """(N, 3) as printed, mm."""
        points = self.points_mm
        if self.shape.scale_family is not None:
            points = points * (1.0 + values[self.shape.scale_family][0, 0])
        if self.shape.bow_family is not None:
            points = points + self._bend(values[self.shape.bow_family][0])
        return points

    def residuals(self, values: Values) -> Array:
        """(N, 2), in sigmas."""
        points = carried(self.links, values, self.board_points(values), self.rows)
        return (project(points, values[self.lens_family][self.lens_block]) - self.pixels) / self.sigma_px

    def linear(self, values: Values, layout: Layout) -> Linear:
        """Residuals and derivatives."""
        lens = values[self.lens_family][self.lens_block]
        kept: dict[str, Array] = {}

        def differentiate(in_camera: Array) -> Array:
            kept["pixels"], by_point, kept["by lens"] = project_with_derivatives(in_camera, lens)
            return by_point / self.sigma_px

        segments = len(self.starts) - 1
        parts, by_board = chain_parts(
            self.links, values, layout, self.board_points(values), self.rows, segments, differentiate
        )
        none = np.zeros(segments, dtype=np.int64)
        if self.lens_family in layout.families:
            parts.append(Part(self.lens_family, none + self.lens_block, kept["by lens"] / self.sigma_px))
        if self.shape.bow_family is not None and self.shape.bow_family in layout.families:
            parts.append(Part(self.shape.bow_family, none, by_board[:, :, 2:] * self.bends[:, None, :]))
        if self.shape.scale_family is not None and self.shape.scale_family in layout.families:
            along = (by_board @ self.points_mm[:, :, None])[:, :, 0]
            parts.append(Part(self.shape.scale_family, none, along[:, :, None]))
        return Linear((kept["pixels"] - self.pixels) / self.sigma_px, tuple(parts))

    def _bend(self, bow: Array) -> Array:
        return np.column_stack([np.zeros((len(self.bends), 2)), self.bends @ bow])


def bends_of(nominal_mm: Array) -> Array:
    """(N, 2) of a board's nominal corners: how far each rises a millimetre of bow along x and along y."""
    off = nominal_mm[:, :2] - nominal_mm[:, :2].mean(axis=0)
    return np.asarray(1.0 - (off / np.abs(off).max(axis=0)) ** 2)
