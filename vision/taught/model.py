"""A trained check of one camera: from a patch to a state, or to a reason why it cannot be told. Plain values.

Features are scaled, turned into their principal components, and told apart by a multinomial logistic regression. How
sure that regression is guards against nothing that it has not seen, so a patch must also lie near the examples of the
very state that it is told to be: as near as held-out examples were.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.api import Picture
from vision.taught.features import Features, detail_of, features_of, light_of
from vision.taught.gates import BLURRED, UNDECIDED, UNLIKE, light_gate

Plane = NDArray[np.float32]
LEAST_SCORE = 0.9
LEAST_DETAIL = 0.4
"""Of the least fine structure of the state's examples: less is a blurred picture."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guess:
    """What a model makes of one patch."""

    state: str
    """Empty = UNKNOWN."""
    score: float
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Classifier:
    """The figures of a trained check. F features, K components, S states, N kept examples."""

    states: tuple[str, ...]
    middle: Plane
    """(F,)"""
    basis: Plane
    """(K, F), orthonormal rows."""
    weights: Plane
    """(S, K)"""
    bias: Plane
    """(S,)"""
    points: Plane
    """(N, K): the examples, as they are and changed, as components."""
    owners: NDArray[np.int32]
    """(N,): each one's state."""
    furthest: Plane
    """(S,): how far from the nearest example of its state a patch may lie."""
    details: Plane
    """(S,): least fine structure of each state's examples."""
    burnt: float
    """Most burnt share of any example."""

    def guess(self, patch: Picture) -> Guess:
        """The state of a patch of the size that was taught."""
        mean_level, burnt = light_of(patch)
        dark = light_gate(mean_level, burnt, burnt_before=self.burnt)
        if dark:
            return Guess(state="", score=0.0, reason=dark)
        return self.guess_features(features_of(patch), detail_of(patch))

    def guess_features(self, features: Features, detail: float) -> Guess:
        """The same from a patch's features (F,)."""
        score, best, distance = self.measure(features)
        if detail < LEAST_DETAIL * float(self.details[best]):
            return Guess(state="", score=score, reason=BLURRED)
        if distance > float(self.furthest[best]):
            return Guess(state="", score=score, reason=UNLIKE)
        if score < LEAST_SCORE:
            return Guess(state="", score=score, reason=UNDECIDED)
        return Guess(state=self.states[best], score=score, reason="")

    def measure(self, features: Features) -> tuple[float, int, float]:
        """How sure of the likeliest state (0 to 1), which one that is, and the distance to its nearest example."""
        away = features - self.middle
        parts = self.basis @ away
        likely = self.weights @ parts + self.bias
        likely = np.exp(likely - likely.max())
        likely /= likely.sum()
        best = int(likely.argmax())
        rest = max(0.0, float(away @ away) - float(parts @ parts))
        near = self.points[self.owners == best] - parts
        distance = float(np.sqrt((near * near).sum(axis=1).min() + rest)) if len(near) else float("inf")
        return float(likely[best]), best, distance


@dataclass(frozen=True, slots=True, kw_only=True)
class Confused:
    """Held-out examples of one state that were told to be another."""

    state: str
    told: str
    count: int
    of: int
    how: str
    """`as taken`, or what was done to them: `other light`, `blurred` ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """How a model did on examples that it had not learned from: what was told of how many."""

    taken: int
    taken_unknown: int
    changed: int
    changed_unknown: int
    hidden: int
    """Examples with something over them; the right answer is mostly UNKNOWN, a wrong state never is."""
    hidden_unknown: int
    confused: tuple[Confused, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TaughtModel:
    """What a model file holds."""

    check: str
    kind: str
    camera: str
    states: tuple[str, ...]
    size_mm: tuple[float, float]
    region: tuple[float, ...]
    """bench_from_region: the rotation row by row, then the position in mm; 12 figures."""
    toward: tuple[float, float, float]
    """Unit vector from the region to the camera, region frame."""
    px_per_mm: float
    calibration: str
    date: str
    """UTC, ISO."""
    person: str
    software: str
    examples: tuple[str, ...]
    """sha256 of every example's file that it learned from."""
    usable: bool
    why: str
    """One sentence: what it was tried on and with what result, or why it cannot be used and what to do."""
    tried: Tried
    classifier: Classifier | None
    """None where too few examples were there to learn from."""
    id: str = ""
    """sha256 of the file; empty before it is written."""
