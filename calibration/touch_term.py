"""Touches in an adjustment: the tip, carried by the arm into the bench, against the point that it was set on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from calibration.adjustment.chain import Arm, Link, Sought, carried, chain_parts
from calibration.adjustment.terms import Blocks, Linear, Part, Robust
from calibration.adjustment.unknowns import Layout, Values
from vision.geometry import Array

TIP, PLACES, BASE = "tip", "places", "bench from base"
"""Families: (1, 3) mm in the flange frame; (P, 3) mm in the bench frame; one pose."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TouchTerm:
    """Touches with one noise each. The residual is tip minus point, whitened."""

    name: str
    arm: Arm
    whitening: Array
    """(N, 3, 3) W with `W' W` the inverse covariance, bench axes."""
    places: Blocks
    """(N,) which sought point; -1 for a known one."""
    known_mm: Array
    """(N, 3) bench frame; of sought points it is not read."""
    robust: Robust

    @property
    def starts(self) -> Blocks:
        """A segment a touch."""
        return np.arange(len(self.places) + 1)

    def residuals(self, values: Values) -> Array:
        """(N, 3), in sigmas."""
        tips = carried(self._links(), values, self._tips(values), self._rows())
        off = tips - self._targets(values)
        return np.asarray((self.whitening @ off[:, :, None])[:, :, 0])

    def linear(self, values: Values, layout: Layout) -> Linear:
        """Residuals and derivatives."""
        parts, by_tip = chain_parts(
            self._links(),
            values,
            layout,
            self._tips(values),
            self._rows(),
            len(self.places),
            lambda _: self.whitening,
        )
        none = np.zeros(len(self.places), dtype=np.int64)
        if TIP in layout.families:
            parts.append(Part(TIP, none, by_tip))
        if PLACES in layout.families:
            sought = (self.places >= 0)[:, None, None]
            parts.append(Part(PLACES, np.maximum(self.places, 0), np.where(sought, -self.whitening, 0.0)))
        return Linear(self.residuals(values), tuple(parts))

    def _links(self) -> tuple[Link, ...]:
        return (Sought(BASE, np.zeros(len(self.places), dtype=np.int64)), self.arm)

    def _rows(self) -> Blocks:
        return np.arange(len(self.places))

    def _tips(self, values: Values) -> Array:
        return np.repeat(values[TIP], len(self.places), axis=0)

    def _targets(self, values: Values) -> Array:
        if not (self.places >= 0).any():
            return self.known_mm
        return np.where((self.places >= 0)[:, None], values[PLACES][np.maximum(self.places, 0)], self.known_mm)
