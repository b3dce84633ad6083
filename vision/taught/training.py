"""Training a check in seconds, and trying it on examples that it did not learn from before anybody believes it."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from vision.api import Picture
from vision.taught.augment import CHANGES, hidden
from vision.taught.features import Features, detail_of, features_of, light_of
from vision.taught.model import Classifier, Confused, Tried

COMPONENTS = 80
PENALTY = 0.002
FOLDS = 4
FURTHER = 1.25
"""A patch may lie this much further from the examples than the furthest of the held-out ones did."""
LEAST_EXAMPLES = 8
"""Of each state."""
MOST_UNKNOWN = 0.2
"""Share of the held-out examples, as they were taken, that may be UNKNOWN."""
MOST_CHANGED_UNKNOWN = 0.35
"""The same share of the changed ones, which are worse than a day at the bench."""
AS_TAKEN, COVERED = "as taken", "partly hidden"
EACH_CHANGE = 3
"""How often each change is made of each example."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shown:
    """One example: a patch with its border, its state, and the moment that it belongs to."""

    patch: Picture
    state: str
    moment: str
    """Examples of one moment are alike: all of them are learned from, or all are held out."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Seen:
    """A patch as the classifier gets it."""

    features: Features
    detail: float
    state: int
    moment: int
    how: str


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Outcome:
    """What came of a training."""

    classifier: Classifier | None
    tried: Tried
    usable: bool
    why: str


NOTHING_TRIED = Tried(taken=0, taken_unknown=0, changed=0, changed_unknown=0, hidden=0, hidden_unknown=0, confused=())


def train(states: tuple[str, ...], shown: Sequence[Shown]) -> Outcome:
    """Learn from the examples and try on those held out. Deterministic. The order of the examples does not matter."""
    shown = sorted(shown, key=lambda each: (each.state, each.moment, each.patch.tobytes()))
    counts = {state: sum(each.state == state for each in shown) for state in states}
    moments = {state: len({each.moment for each in shown if each.state == state}) for state in states}
    few = [state for state in states if counts[state] < LEAST_EXAMPLES or moments[state] < FOLDS]
    if few:
        told = ", ".join(f"{state} {counts[state]} (taken at {moments[state]} moments)" for state in few)
        why = f"Too few examples: {told}; take {LEAST_EXAMPLES} or more of each state, at {FOLDS} moments or more."
        return Outcome(classifier=None, tried=NOTHING_TRIED, usable=False, why=why)
    seen = _all_seen(states, shown)
    burnt = max(light_of(each.patch)[1] for each in shown)
    held_out = []
    for fold in range(FOLDS):
        learned = [each for each in seen if each.moment % FOLDS != fold and each.how != COVERED]
        held_out.append((_fitted(states, learned, burnt), [each for each in seen if each.moment % FOLDS == fold]))
    furthest = _furthest(states, held_out)
    tried = _tried(states, [(_within(fitted, furthest), tests) for fitted, tests in held_out])
    whole = _within(_fitted(states, [each for each in seen if each.how != COVERED], burnt), furthest)
    usable, why = _verdict(tried)
    return Outcome(classifier=whole, tried=tried, usable=usable, why=why)


def _all_seen(states: tuple[str, ...], shown: Sequence[Shown]) -> list[_Seen]:
    """Every example as taken, with each change, and with something over it. Moments are numbered within a state."""
    numbers: dict[tuple[str, str], int] = {}
    counts: Mapping[str, list[int]] = {state: [0] for state in states}
    seen = []
    for index, each in enumerate(shown):
        if (each.state, each.moment) not in numbers:
            numbers[each.state, each.moment] = counts[each.state][0]
            counts[each.state][0] += 1
        rng = np.random.default_rng([zlib.crc32(each.state.encode()), index])
        patches = [(AS_TAKEN, each.patch), (COVERED, hidden(each.patch, rng))]
        patches += [(how, change(each.patch, rng)) for how, change in CHANGES.items() for _ in range(EACH_CHANGE)]
        seen += [
            _Seen(
                features=features_of(patch),
                detail=detail_of(patch),
                state=states.index(each.state),
                moment=numbers[each.state, each.moment],
                how=how,
            )
            for how, patch in patches
        ]
    return seen


def _fitted(states: tuple[str, ...], learned: Sequence[_Seen], burnt: float) -> Classifier:
    """A classifier of these, with no limit yet on how far from them a patch may lie."""
    features = np.stack([each.features for each in learned]).astype(np.float32)
    owners = np.array([each.state for each in learned], dtype=np.int32)
    middle = features.mean(axis=0)
    away = (features - middle).astype(np.float64)
    basis = _components(away)
    parts = away @ basis.T
    weights, bias = _regression(parts, owners, len(states))
    details = [min(e.detail for e in learned if e.state == s and e.how == AS_TAKEN) for s in range(len(states))]
    return Classifier(
        states=states,
        middle=middle,
        basis=basis.astype(np.float32),
        weights=weights.astype(np.float32),
        bias=bias.astype(np.float32),
        points=parts.astype(np.float32),
        owners=owners,
        furthest=np.full(len(states), np.inf, dtype=np.float32),
        details=np.array(details, dtype=np.float32),
        burnt=burnt,
    )


def _components(away: NDArray[np.float64]) -> NDArray[np.float64]:
    """(K, F) orthonormal: the principal components of (N, F), by the N x N products, as there are fewer rows."""
    from scipy.linalg import eigh

    rows = len(away)
    values, vectors = eigh(away @ away.T, subset_by_index=[max(0, rows - COMPONENTS), rows - 1])
    kept = values > 1e-9 * max(float(values[-1]), 1e-12)
    basis = (away.T @ (vectors[:, kept] / np.sqrt(values[kept]))).T
    return np.asarray(basis[::-1], dtype=np.float64)


def _regression(
    parts: NDArray[np.float64], owners: NDArray[np.int32], count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Weights (count, K) and bias (count,) of the multinomial logistic regression with an L2 penalty on the weights."""
    from scipy.optimize import minimize

    size = parts.shape[1]
    truth = np.eye(count)[owners]
    scale = max(float(parts.std()), 1e-9)
    scaled = parts / scale

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights, bias = flat[: count * size].reshape(count, size), flat[count * size :]
        values = scaled @ weights.T + bias
        values -= values.max(axis=1, keepdims=True)
        likely = np.exp(values)
        total = likely.sum(axis=1, keepdims=True)
        error = likely / total - truth
        cost = float((np.log(total[:, 0]) - (values * truth).sum(axis=1)).mean()) + PENALTY / 2 * float(
            (weights**2).sum()
        )
        slope = error.T @ scaled / len(parts) + PENALTY * weights
        return cost, np.concatenate([slope.ravel(), error.mean(axis=0)])

    found = minimize(loss, np.zeros(count * (size + 1)), jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return found.x[: count * size].reshape(count, size) / scale, found.x[count * size :]


def _furthest(states: tuple[str, ...], held_out: Sequence[tuple[Classifier, Sequence[_Seen]]]) -> NDArray[np.float32]:
    """(S,) how far from the examples of its state the furthest of most held-out examples lay, and a little more."""
    far: list[list[float]] = [[] for _ in states]
    for fitted, tests in held_out:
        for each in tests:
            if each.how != COVERED:
                _, best, distance = fitted.measure(each.features)
                if best == each.state:
                    far[best].append(distance)
    return np.array([FURTHER * float(np.quantile(d, 0.95)) if d else 0.0 for d in far], dtype=np.float32)


def _within(fitted: Classifier, furthest: NDArray[np.float32]) -> Classifier:
    return replace(fitted, furthest=furthest)


def _tried(states: tuple[str, ...], held_out: Sequence[tuple[Classifier, Sequence[_Seen]]]) -> Tried:
    told: dict[tuple[int, str, str], int] = {}
    of: dict[tuple[int, str], int] = {}
    for fitted, tests in held_out:
        for each in tests:
            guess = fitted.guess_features(each.features, each.detail)
            key = (each.state, guess.state, each.how)
            told[key] = told.get(key, 0) + 1
            of[each.state, each.how] = of.get((each.state, each.how), 0) + 1

    def count(hows: tuple[str, ...], unknown: bool) -> int:
        source = {k: n for k, n in told.items() if k[2] in hows and (not unknown or not k[1])}
        return sum(source.values())

    changed = tuple(CHANGES)
    return Tried(
        taken=count((AS_TAKEN,), False),
        taken_unknown=count((AS_TAKEN,), True),
        changed=count(changed, False),
        changed_unknown=count(changed, True),
        hidden=count((COVERED,), False),
        hidden_unknown=count((COVERED,), True),
        confused=tuple(
            Confused(state=states[state], told=said, count=number, of=of[state, how], how=how)
            for (state, said, how), number in sorted(told.items())
            if said and said != states[state]
        ),
    )


def _verdict(tried: Tried) -> tuple[bool, str]:
    """Whether a model may be used, and one sentence why, or why not and what to do."""
    if tried.confused:
        worst = max(tried.confused, key=lambda each: each.count / each.of)
        return False, (
            f"{worst.state} was told to be {worst.told} in {worst.count} of {worst.of} held-out examples "
            f"({worst.how}); take more examples of both, or make the region show what tells them apart."
        )
    if tried.taken_unknown > MOST_UNKNOWN * tried.taken:
        return False, (
            f"{tried.taken_unknown} of {tried.taken} held-out examples could not be told; take more examples of each "
            "state, at more moments, with the light that the bench has."
        )
    if tried.changed_unknown > MOST_CHANGED_UNKNOWN * tried.changed:
        return False, (
            f"{tried.changed_unknown} of {tried.changed} examples in other light, shifted or blurred could not be "
            "told; take examples with more shifts and in more light."
        )
    return True, (
        f"No state was told for another in {tried.taken} held-out examples and {tried.changed} changed ones; "
        f"{tried.taken_unknown} and {tried.changed_unknown} could not be told."
    )
