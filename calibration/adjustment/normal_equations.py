"""Block normal equations: local blocks are eliminated one by one (Schur complement), what remains is small and dense.

With A = J'J over main unknowns m and local blocks i:  S = A_mm - sum A_im' A_ii^-1 A_im; the covariance of m is S^-1,
of block i  A_ii^-1 + K_i S^-1 K_i'  with  K_i = A_ii^-1 A_im  (Triggs et al., Bundle Adjustment, 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.adjustment.terms import Blocks, Linear, Part, Term
from calibration.adjustment.unknowns import Family, Layout, Values
from vision.geometry import Array


class SingularError(Exception):
    """The observations do not determine the unknowns."""


@dataclass(slots=True)
class LocalPart:
    """One local family in the normal equations."""

    own: Array
    """(count, size, size) A_ii."""
    main: Array
    """(count, size, main_size) A_im."""
    gradient: Array
    """(count, size)."""


@dataclass(frozen=True, slots=True)
class Places:
    """Where the columns of a term's segments belong."""

    columns: Blocks
    """(S, m) main unknowns."""
    inside: Blocks
    """(m,) the same among the segment's own columns."""
    local: tuple[Part, slice] | None
    """The one local part and its columns."""

    @staticmethod
    def of(linear: Linear, layout: Layout) -> Places:
        """Raises ValueError when a segment touches two local blocks."""
        columns, inside, local, at = [], [], None, 0
        for part in linear.parts:
            family = layout.families[part.family]
            own = slice(at, at + family.size)
            at += family.size
            if not family.local:
                first = layout.offsets[part.family] + part.blocks * family.size
                columns.append(first[:, None] + np.arange(family.size))
                inside.append(np.arange(own.start, own.stop))
            elif local is None:
                local = (part, own)
            else:
                raise ValueError(f"a segment touches two local blocks: {local[0].family} and {part.family}")
        if not columns:
            return Places(np.zeros((len(linear.parts[0].blocks), 0), np.int64), np.zeros(0, np.int64), local)
        return Places(np.concatenate(columns, axis=1), np.concatenate(inside), local)


def squares_by_segment(term: Term, linear: Linear) -> tuple[Array, Array]:
    """J'J (S, p, p) and J'r (S, p) of each segment of a weighted term, columns in the order of its parts."""
    roots = np.sqrt(term.robust.weights(linear.residuals))
    rows, k = linear.residuals.shape
    jacobian = np.concatenate([part.jacobian for part in linear.parts], axis=2)
    jacobian = (jacobian * roots[:, None, None]).reshape(rows * k, -1)
    residuals = (linear.residuals * roots[:, None]).ravel()
    starts, size = term.starts * k, jacobian.shape[1]
    squares, slopes = np.empty((len(starts) - 1, size, size)), np.empty((len(starts) - 1, size))
    for s in range(len(starts) - 1):
        own = jacobian[starts[s] : starts[s + 1]]
        np.matmul(own.T, own, out=squares[s])
        np.matmul(residuals[starts[s] : starts[s + 1]], own, out=slopes[s])
    return squares, slopes


@dataclass(slots=True)
class Normal:
    """A = J'J and g = J'r of weighted terms."""

    layout: Layout
    main: Array
    gradient: Array
    locals: dict[str, LocalPart]

    @staticmethod
    def empty(layout: Layout) -> Normal:
        """All zero."""
        size = layout.main_size
        parts = {
            name: LocalPart(
                own=np.zeros((family.count, family.size, family.size)),
                main=np.zeros((family.count, family.size, size)),
                gradient=np.zeros((family.count, family.size)),
            )
            for name, family in layout.families.items()
            if family.local
        }
        return Normal(layout, np.zeros((size, size)), np.zeros(size), parts)

    def add(self, term: Term, linear: Linear) -> None:
        """One term at the present values. Raises ValueError when a segment touches two local blocks."""
        if not linear.parts:
            return
        squares, slopes = squares_by_segment(term, linear)
        places = Places.of(linear, self.layout)
        columns, inside = places.columns, places.inside
        if len(columns) and (columns == columns[0]).all():  # one camera, one board: the segments share their columns
            self.main[np.ix_(columns[0], columns[0])] += squares.sum(axis=0)[np.ix_(inside, inside)]
            self.gradient[columns[0]] += slopes.sum(axis=0)[inside]
        else:
            np.add.at(self.main, (columns[:, :, None], columns[:, None, :]), squares[:, inside[:, None], inside])
            np.add.at(self.gradient, columns, slopes[:, inside])
        if places.local is not None:
            part, own = places.local
            kept = self.locals[part.family]
            np.add.at(kept.own, part.blocks, squares[:, own, own])
            np.add.at(kept.gradient, part.blocks, slopes[:, own])
            at = (part.blocks[:, None, None], np.arange(own.stop - own.start)[:, None], columns[:, None, :])
            np.add.at(kept.main, at, squares[:, own, :][:, :, inside])

    def step(self, damping: float) -> tuple[Array, dict[str, Array]]:
        """Solution of `(A + damping (diag A + 1e-12)) dx = -g`. Raises SingularError."""
        main, right = _damped(self.main, damping), -self.gradient.copy()
        solved = {}
        for name, part in self.locals.items():
            own = _damped(part.own, damping)
            both = _solve(own, np.concatenate([part.main, part.gradient[:, :, None]], axis=2))
            solved[name] = both
            flat = part.main.reshape(len(part.own) * part.own.shape[1], main.shape[0])
            main -= flat.T @ both[:, :, :-1].reshape(flat.shape)
            right += flat.T @ both[:, :, -1].ravel()
        step = cholesky_inverse(main) @ right
        steps = {name: -both[:, :, -1] - both[:, :, :-1] @ step for name, both in solved.items()}
        return step, steps

    def reduced(self) -> tuple[Array, Array]:
        """Normal matrix and gradient of the main unknowns alone, the local ones eliminated. Raises SingularError."""
        main, gradient = self.main.copy(), self.gradient.copy()
        for part in self.locals.values():
            both = _solve(part.own, np.concatenate([part.main, part.gradient[:, :, None]], axis=2))
            flat = part.main.reshape(len(part.own) * part.own.shape[1], main.shape[0])
            main -= flat.T @ both[:, :, :-1].reshape(flat.shape)
            gradient -= flat.T @ both[:, :, -1].ravel()
        return main, gradient

    def covariance(self) -> Covariance:
        """Inverse of A, in blocks. Raises SingularError."""
        main = cholesky_inverse(self.reduced()[0])
        own, gains = {}, {}
        for name, part in self.locals.items():
            gain = _solve(part.own, part.main)
            inverse = _solve(part.own, np.broadcast_to(np.eye(part.own.shape[1]), part.own.shape))
            own[name] = inverse + gain @ main @ np.swapaxes(gain, 1, 2)
            gains[name] = gain
        return Covariance(self.layout, main, own, gains)


@dataclass(frozen=True, slots=True)
class Covariance:
    """Covariance of the unknowns after an adjustment."""

    layout: Layout
    main: Array
    """(main_size, main_size)."""
    own: dict[str, Array]
    """By local family (count, size, size)."""
    gains: dict[str, Array]
    """By local family (count, size, main_size): minus the covariance with the main unknowns is gain @ main."""

    def block(self, name: str, block: int = 0) -> Array:
        """(size, size) of one block, main or local."""
        if self.layout.families[name].local:
            return np.asarray(self.own[name][block])
        at = self.layout.main(name, block)
        return self.main[at, at]

    def family(self, name: str) -> Array:
        """All blocks of one main family together."""
        family: Family = self.layout.families[name]
        start = self.layout.offsets[name]
        at = slice(start, start + family.count * family.size)
        return self.main[at, at]


def normal_of(terms: Sequence[Term], values: Values, layout: Layout) -> tuple[Normal, float]:
    """Normal equations at given values, and the cost there."""
    normal, cost = Normal.empty(layout), 0.0
    for term in terms:
        linear = term.linear(values, layout)
        normal.add(term, linear)
        cost += term.robust.cost(linear.residuals)
    for part in normal.locals.values():
        # A view whose corners are all rejected tells nothing of its own pose, which then stays as it is.
        part.own[~part.own.any(axis=(1, 2))] = np.eye(part.own.shape[1])
    return normal, cost


def cholesky_inverse(matrix: Array) -> Array:
    """Inverse of a positive definite matrix, scaled to a unit diagonal first: millimetres and pixels differ by powers.

    Raises SingularError.
    """
    diagonal = np.diagonal(matrix)
    if not np.isfinite(matrix).all() or (diagonal <= 0.0).any():
        raise SingularError("some unknown is not observed at all")
    scale = 1.0 / np.sqrt(diagonal)
    try:
        lower = np.linalg.cholesky(matrix * scale[:, None] * scale)
    except np.linalg.LinAlgError:
        raise SingularError("the observations do not tell the unknowns apart") from None
    half = np.linalg.solve(lower, np.eye(len(matrix)))
    return np.asarray((half.T @ half) * scale[:, None] * scale)


def _damped(matrix: Array, damping: float) -> Array:
    out = matrix.copy()
    index = np.arange(matrix.shape[-1])
    out[..., index, index] += damping * (matrix[..., index, index] + 1e-12)
    return out


def _solve(matrices: Array, right: Array) -> Array:
    try:
        return np.asarray(np.linalg.solve(matrices, right), dtype=np.float64)
    except np.linalg.LinAlgError:
        raise SingularError("a view or a pose is not observed") from None
