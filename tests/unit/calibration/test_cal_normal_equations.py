"""Block normal equations against the same equations in one dense matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.cal_scene import Bench, scene

from calibration.adjustment.levenberg import solve
from calibration.adjustment.noise import trace_of, variance_factor
from calibration.adjustment.normal_equations import Normal, SingularError, cholesky_inverse, normal_of
from calibration.adjustment.reduced import reduced_by_block
from calibration.adjustment.terms import Linear, Part, Robust
from calibration.adjustment.unknowns import Family, Layout, pose_family
from calibration.hand_eye_model import ARM_BOW, ERROR, LENS_BOW, SCALE, VIEW, Model
from calibration.hand_eye_start import first_model, look
from vision.geometry import Array


@pytest.fixture(scope="module")
def problem() -> tuple[Model, dict[str, Array]]:
    observed = scene(Bench(lens_views=5, poses=6, cameras=2)).seen
    model, start = first_model(observed, look(observed))
    return replace(model, free=frozenset({LENS_BOW, ARM_BOW, SCALE})), start


def _dense(model: Model, values: dict[str, Array], layout: Layout) -> tuple[Array, Array, dict[str, int]]:
    """J'J and J'r over all unknowns, local ones after the main ones, row by row."""
    at, size = {}, layout.main_size
    for name, family in layout.families.items():
        if family.local:
            at[name] = size
            size += family.count * family.size
    square, slope = np.zeros((size, size)), np.zeros(size)
    for term in model.terms:
        linear = term.linear(values, layout)
        weights = np.sqrt(term.robust.weights(linear.residuals))
        jacobian = np.zeros((*linear.residuals.shape, size))
        for s in range(len(term.starts) - 1):
            rows = slice(term.starts[s], term.starts[s + 1])
            for part in linear.parts:
                width = layout.families[part.family].size
                first = at.get(part.family, layout.offsets.get(part.family, 0)) + part.blocks[s] * width
                jacobian[rows, :, first : first + width] += part.jacobian[rows]
        flat = (jacobian * weights[:, None, None]).reshape(-1, size)
        square += flat.T @ flat
        slope += flat.T @ (linear.residuals * weights[:, None]).ravel()
    return square, slope, at


def test_a_step_is_the_one_of_the_dense_equations(problem: tuple[Model, dict[str, Array]]) -> None:
    model, values = problem
    layout = Layout.of(model.families)
    square, slope, at = _dense(model, values, layout)
    normal, cost = normal_of(model.terms, values, layout)
    damped = square + 1e-3 * np.diag(np.diag(square) + 1e-12)
    wanted = np.linalg.solve(damped, -slope)
    main, local = normal.step(1e-3)
    np.testing.assert_allclose(main, wanted[: layout.main_size], rtol=1e-5, atol=1e-9)
    for name, first in at.items():
        np.testing.assert_allclose(local[name].ravel(), wanted[first : first + local[name].size], rtol=1e-5, atol=1e-8)
    squares = ((term.residuals(values) ** 2).sum(axis=1)[term.robust.keep].sum() for term in model.terms)
    assert cost == pytest.approx(sum(squares))


def test_the_covariance_is_the_inverse_of_the_dense_matrix(problem: tuple[Model, dict[str, Array]]) -> None:
    model, values = problem
    layout = Layout.of(model.families)
    square, _, at = _dense(model, values, layout)
    scale = 1.0 / np.sqrt(np.diag(square))
    inverse = np.linalg.inv(square * scale[:, None] * scale) * scale[:, None] * scale
    covariance = normal_of(model.terms, values, layout)[0].covariance()
    spread = np.sqrt(np.diag(inverse))
    np.testing.assert_allclose(
        covariance.main, inverse[: layout.main_size, : layout.main_size], atol=1e-6 * spread.max()
    )
    for name, first in at.items():
        for block in range(layout.families[name].count):
            own = slice(first + 6 * block, first + 6 * block + 6)
            np.testing.assert_allclose(covariance.block(name, block), inverse[own, own], rtol=1e-4, atol=1e-12)


def test_all_terms_together_determine_as_many_unknowns_as_there_are(problem: tuple[Model, dict[str, Array]]) -> None:
    model, values = problem
    solution = solve(model.families, model.terms, values)
    covariance, layout, total = solution.covariance(), solution.layout, 0.0
    for term in model.terms:
        alone = Normal.empty(layout)
        alone.add(term, term.linear(solution.values, layout))
        total += trace_of(alone, covariance)
    local = sum(f.count * f.size for f in layout.families.values() if f.local)
    assert total == pytest.approx(layout.main_size + local, rel=1e-6)


def test_the_noise_that_was_stated_wrongly_is_found(problem: tuple[Model, dict[str, Array]]) -> None:
    model, values = problem
    term = replace(model.corner_terms[0], sigma_px=0.4)  # the corners are seen to 0.2 px
    solution = solve(model.families, (term, *model.terms[1:]), values)
    factor = variance_factor(solution, solution.covariance(), term)
    assert 0.4 * np.sqrt(factor) == pytest.approx(0.2, rel=0.1)


def test_shares_of_the_poses_add_up_to_the_reduced_equations(problem: tuple[Model, dict[str, Array]]) -> None:
    model, values = problem
    solution = solve(model.families, model.terms, values)
    poses, views = reduced_by_block(solution, ERROR), reduced_by_block(solution, VIEW)
    priors = Normal.empty(solution.layout)
    for term in model.terms:
        if term.name in (LENS_BOW, ARM_BOW, SCALE):
            priors.add(term, term.linear(solution.values, solution.layout))
    whole, slope = solution.normal.reduced()
    np.testing.assert_allclose(
        poses.squares.sum(axis=0) + views.squares.sum(axis=0) + priors.main, whole, rtol=1e-6, atol=1e-6 * whole.max()
    )
    total = poses.slopes.sum(axis=0) + views.slopes.sum(axis=0) + priors.gradient
    np.testing.assert_allclose(total, slope, atol=1e-5 * np.abs(poses.slopes).max())


def test_a_segment_that_touches_two_local_blocks_is_refused() -> None:
    layout = Layout.of((pose_family("a", 2, local=True), pose_family("b", 2, local=True)))

    none = np.zeros(1, dtype=np.int64)
    parts = (Part("a", none, np.ones((1, 2, 6))), Part("b", none, np.ones((1, 2, 6))))
    with pytest.raises(ValueError, match="two local blocks: a and b"):
        Normal.empty(layout).add(_Unweighted(), Linear(np.zeros((1, 2)), parts))


def test_what_is_not_observed_is_said_to_be_so() -> None:
    with pytest.raises(SingularError, match="not observed"):
        cholesky_inverse(np.diag([1.0, 0.0]))
    with pytest.raises(SingularError, match="apart"):
        cholesky_inverse(np.array([[1.0, 1.0], [1.0, 1.0]]))
    with pytest.raises(ValueError, match="twice"):
        Layout.of((Family(name="a", count=1, size=2), Family(name="a", count=1, size=3)))


class _Unweighted:
    """A term of one row."""

    name = "both"
    starts = np.array([0, 1])
    robust = Robust.all_of(1)
