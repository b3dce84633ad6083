"""How long the adjustment takes and how much memory, beside OpenCV's closed forms and scipy's solver. Figures only."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import least_squares
from support import cal_scene
from support.cal_scene import Bench, lens_set, scene

from calibration.adjustment.levenberg import solve
from calibration.adjustment.unknowns import Layout
from calibration.closed_forms import closed_forms
from calibration.hand_eye import solve_hand_eye
from calibration.hand_eye_model import reported
from calibration.hand_eye_start import first_model, look
from calibration.intrinsics import solve_lens
from calibration.rotations import inverse
from vision.geometry import Array

TIMES = 5


def _measured(work: Callable[[], object]) -> tuple[float, float]:
    """Median seconds, and the peak of memory in MB."""
    spent = []
    work()
    for _ in range(TIMES):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    tracemalloc.start()
    work()
    peak = tracemalloc.get_traced_memory()[1] / 1e6
    tracemalloc.stop()
    return float(np.median(spent)), peak


def _line(name: str, measured: tuple[float, float], beside: tuple[float, float]) -> str:
    (s, mb), (other_s, other_mb) = measured, beside
    return f"  {name:<52} {1000 * s:8.1f} ms {mb:7.2f} MB   ratio {s / other_s:7.2f} {mb / other_mb:7.2f}"


@pytest.mark.benchmark
def test_one_adjustment_and_what_else_solves_it() -> None:
    """It should say how the same problem, from the same start, costs ours, scipy's two solvers, the closed forms."""
    observed = scene(Bench(lens_views=20, poses=20)).seen
    seen = look(observed)
    model, start = first_model(observed, seen)
    layout, terms = Layout.of(model.families), model.terms
    local = [family for family in model.families if family.local]
    size = layout.main_size + sum(family.count * family.size for family in local)

    def placed(x: Array) -> dict[str, Array]:
        at, steps = layout.main_size, {}
        for family in local:
            steps[family.name] = x[at : at + family.count * family.size].reshape(family.count, family.size)
            at += family.count * family.size
        return layout.stepped(start, x[: layout.main_size], steps)

    def residuals(x: Array) -> Array:
        values = placed(x)
        return np.concatenate([term.residuals(values).ravel() for term in terms])

    ours = _measured(lambda: solve(model.families, terms, start).covariance())
    found = solve(model.families, terms, start)
    print()
    print(_line(f"ours with covariance, {size} unknowns", ours, ours))
    for name, method in (("scipy least_squares lm", "lm"), ("scipy least_squares trf", "trf")):
        begun = time.perf_counter()
        tracemalloc.start()
        theirs = least_squares(residuals, np.zeros(size), method=method, x_scale="jac")
        peak = tracemalloc.get_traced_memory()[1] / 1e6
        tracemalloc.stop()
        spent = (time.perf_counter() - begun, peak)
        print(_line(f"{name}, cost {2 * theirs.cost / found.cost:.6f} of ours", spent, ours))
    arm, boards = inverse(reported(observed.poses)), seen.camera_from_board[0]
    print(_line("OpenCV's seven closed forms, no covariance", _measured(lambda: list(closed_forms(arm, boards))), ours))
    print(_line("the whole hand-eye: lens, gates, rounds, hold-out", _measured(lambda: solve_hand_eye(observed)), ours))


@pytest.mark.benchmark
def test_dense_sets(monkeypatch: pytest.MonkeyPatch) -> None:
    """It should say how long 30 views of 400 corners take, for a lens and for lens and hand-eye."""
    lens_board = replace(cal_scene.LENS_BOARD, columns=21, rows=21, square_mm=9.0)
    monkeypatch.setattr(cal_scene, "LENS_BOARD", lens_board)
    monkeypatch.setattr(cal_scene, "ARM_BOARD", replace(lens_board, square_mm=4.5))
    dense = lens_set(1, views=30)
    arm = scene(Bench(lens_views=30, poses=30, samples=200_000)).seen
    few = _measured(lambda: solve_lens(dense))
    print()
    print(_line(f"lens, 30 views, {sum(len(v.corner_ids) for v in dense.views)} corners", few, few))
    corners = sum(len(v.corner_ids) for v in (*arm.lens_views, *arm.arm_views))
    print(_line(f"lens and hand-eye, 30 + 30 views, {corners} corners", _measured(lambda: solve_hand_eye(arm)), few))
