"""What each local block's observations say of the main unknowns, the block itself eliminated.

With these small matrices questions are answered without solving again, to first order: what the result would be without
some poses, and whether one unknown changed on the way.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.adjustment.levenberg import Solution
from calibration.adjustment.normal_equations import Places, squares_by_segment
from vision.geometry import Array


@dataclass(frozen=True, slots=True, kw_only=True)
class Reduced:
    """By block of one local family."""

    squares: Array
    """(count, main_size, main_size)."""
    slopes: Array
    """(count, main_size) gradients."""


def reduced_by_block(solution: Solution, family: str) -> Reduced:
    """The share of each block of `family` in the reduced normal equations of a solution."""
    layout, count = solution.layout, solution.layout.families[family].count
    squares, slopes = np.zeros((count, layout.main_size, layout.main_size)), np.zeros((count, layout.main_size))
    for term in solution.terms:
        linear = term.linear(solution.values, layout)
        touching = next((part for part in linear.parts if part.family == family), None)
        if touching is None:
            continue
        own_squares, own_slopes = squares_by_segment(term, linear)
        places = Places.of(linear, layout)
        at = (touching.blocks[:, None, None], places.columns[:, :, None], places.columns[:, None, :])
        np.add.at(squares, at, own_squares[:, places.inside[:, None], places.inside])
        np.add.at(slopes, (touching.blocks[:, None], places.columns), own_slopes[:, places.inside])
    part = solution.normal.locals[family]
    gain = np.linalg.solve(part.own, np.concatenate([part.main, part.gradient[:, :, None]], axis=2))
    squares -= np.swapaxes(part.main, 1, 2) @ gain[:, :, :-1]
    slopes -= (np.swapaxes(part.main, 1, 2) @ gain[:, :, -1:])[:, :, 0]
    return Reduced(squares=squares, slopes=slopes)
