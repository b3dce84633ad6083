"""The rounds of a hand-eye adjustment: outliers out, noise from the data, board shape, kinematics where they show."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from calibration.adjustment.consistency import chi_square_limit, nees
from calibration.adjustment.levenberg import Solution, solve
from calibration.adjustment.noise import variance_factor
from calibration.adjustment.normal_equations import Covariance, cholesky_inverse, normal_of
from calibration.adjustment.priors import errors_of
from calibration.adjustment.rejection import without_outliers
from calibration.adjustment.terms import Robust
from calibration.adjustment.unknowns import Layout
from calibration.hand_eye_model import (
    ARM_BOW,
    ERROR,
    KINEMATICS,
    LENS_BOW,
    SCALE,
    Model,
    nothing_known,
)
from vision.geometry import Array

SHAPE_CHANCE = 0.9999
"""A bow is kept when a flat board shows as much in fewer than one set of ten thousand."""
POSE_CHANCE = 1e-4
"""How often a good robot pose is rejected."""
MEASURED_SCALE_SIGMA = 0.0005
"""A print scale known worse than this is sought; one known better is taken as measured, its doubt in the covariance."""
LOOSE_SCALE_SIGMA = 0.001
"""Of a print nobody measured; for asking whether the board's shape shows."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Adjusted:
    """A hand-eye adjustment at its end."""

    model: Model
    solution: Solution
    covariance: Covariance
    """Of the main unknowns with the doubt of a print scale that is not sought."""
    bow_statistics: dict[str, float]
    """Chi-square of two degrees of freedom on a flat board, by board."""


def adjust(model: Model, start: dict[str, Array]) -> Adjusted:
    """From closed forms to the result. Raises SingularError where the poses do not determine it."""
    shapes = frozenset({LENS_BOW, ARM_BOW, SCALE})
    kinematics = frozenset(KINEMATICS) if model.robot.suspect else frozenset[str]()
    tight = model.scale_sigma
    asking = replace(model, scale_sigma=max(tight, LOOSE_SCALE_SIGMA), free=shapes | kinematics)
    asking, values = _without_bad_poses(asking, start)
    found = _settled(asking, values, rounds=2)
    statistics = {
        name: nees(found.solution.values[name][0], found.covariance.block(name)) for name in (LENS_BOW, ARM_BOW)
    }
    limit = chi_square_limit(2, SHAPE_CHANCE)
    bent = frozenset(name for name, statistic in statistics.items() if statistic > limit)
    free = kinematics | bent | (frozenset({SCALE}) if bent or tight > MEASURED_SCALE_SIGMA else frozenset())
    values = {**found.solution.values, **{name: v for name, v in nothing_known().items() if name not in free}}
    settled = _settled(replace(found.model, scale_sigma=tight, free=free), values, rounds=3)
    return replace(settled, bow_statistics=statistics, covariance=_with_doubt_of_scale(settled))


def _with_doubt_of_scale(settled: Adjusted) -> Covariance:
    """The covariance of the main unknowns with what a print scale that was not sought may be off by.

    With A and a the rows of the reduced normal equations, the unknowns move by `-A^-1 a` a unit of scale.
    """
    model, solution = settled.model, settled.solution
    if SCALE in model.free:
        return settled.covariance
    asked = replace(model, free=model.free | {SCALE})
    layout = Layout.of(asked.families)
    square = normal_of(asked.terms, solution.values, layout)[0].reduced()[0]
    scale = layout.main(SCALE).start
    others = np.delete(np.arange(layout.main_size), scale)  # in the order of the layout without it
    moved = cholesky_inverse(square[np.ix_(others, others)]) @ square[others, scale] * model.scale_sigma
    return replace(settled.covariance, main=settled.covariance.main + np.outer(moved, moved))


def _without_bad_poses(model: Model, start: dict[str, Array]) -> tuple[Model, dict[str, Array]]:
    """A soft loss on whole poses first, then the rejection of those that chance does not explain."""
    soft, values = replace(model, pose_robust=replace(model.pose_robust, cauchy=4.0)), start
    for _ in range(3):
        solution = solve(soft.families, soft.terms, values, rounds=40, tolerance=1e-4)
        values = solution.values
        statistics = pose_statistics(soft, solution, solution.covariance())
        scale = float(np.median(statistics[soft.kept_poses()])) / chi_square_limit(6, 0.5)
        variances = {name: v * max(scale, 0.01) for name, v in soft.errors.variances.items()}
        soft = replace(soft, errors=replace(soft.errors, variances=variances))
    return _judged(soft, values, statistics / max(scale, 0.01)), values


def pose_statistics(model: Model, solution: Solution, covariance: Covariance) -> Array:
    """(P,) chi-square of six degrees of freedom: how far each pose's error is from what its noise explains.

    The estimate of an error with the prior covariance C and weight w has, with S its covariance after the adjustment
    and T = 1 - w S C^-1, the covariance T C T' + T S: that of a kept pose is drawn towards zero, that of a rejected one
    is as uncertain as the pictures leave it.
    """
    prior = model.pose_prior
    errors = prior.residuals(solution.values)
    own = prior.whitening @ covariance.own[ERROR] @ np.swapaxes(prior.whitening, 1, 2)
    drawn = np.eye(6) - prior.robust.weights(errors)[:, None, None] * own
    spread = drawn @ np.swapaxes(drawn, 1, 2) + drawn @ own
    values, axes = np.linalg.eigh((spread + np.swapaxes(spread, 1, 2)) / 2.0)
    along = (np.swapaxes(axes, 1, 2) @ errors[:, :, None])[:, :, 0]
    return np.asarray((along**2 / np.maximum(values, 1e-3)).sum(axis=1))


def _judged(model: Model, values: dict[str, Array], statistics: Array) -> Model:
    """Poses and corners that chance does not explain at these values are out; others are in."""
    # the error of a pose that nobody sees stays tied to zero
    keep = (statistics <= chi_square_limit(6, 1.0 - POSE_CHANCE)) | ~model.observed_poses()
    terms = {term.name: without_outliers(term, values) for term in model.corner_terms}
    noise = {term.name: term.sigma_px for term in model.corner_terms}
    judged = {name: replace(term, sigma_px=noise[name]) for name, term in terms.items()}
    return replace(model.with_corners(judged), pose_robust=Robust(keep))


def _settled(model: Model, values: dict[str, Array], *, rounds: int) -> Adjusted:
    """Solved with the noise that the data show, outliers judged again each round."""
    for _ in range(rounds):
        solution = solve(model.families, model.terms, values, rounds=15, tolerance=1e-6)
        values, covariance = solution.values, solution.covariance()
        statistics = pose_statistics(model, solution, covariance)
        model = _judged(_with_noise_of(model, solution, covariance), values, statistics)
    solution = solve(model.families, model.terms, values, rounds=15, tolerance=1e-8)
    return Adjusted(model=model, solution=solution, covariance=solution.covariance(), bow_statistics={})


def _with_noise_of(model: Model, solution: Solution, covariance: Covariance) -> Model:
    cameras = {}
    for term in model.corner_terms:
        factor = variance_factor(solution, covariance, term)
        cameras[term.name] = replace(term, sigma_px=term.sigma_px * float(np.sqrt(factor)))
    errors = model.errors.updated(errors_of(solution.values[ERROR]), covariance.own[ERROR], model.kept_poses())
    return replace(model.with_corners(cameras), errors=errors)
