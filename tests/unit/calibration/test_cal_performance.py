"""How well an arm comes back to a pose: known clouds, known figures."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.observations import CalibrationError
from calibration.performance import (
    angle_performance,
    described,
    instrument_is_fine,
    multi_directional_variation,
    pose_performance,
)

CASES = json.loads((Path(__file__).parent / "torque_cases.json").read_text(encoding="utf-8"))
CLOUDS = [case for case in CASES if case["kind"] == "positions"]


def agrees(found: float, expected: float) -> bool:
    return abs(found - expected) <= 1e-6 * max(1.0, abs(expected))


@pytest.mark.parametrize("case", CLOUDS, ids=lambda case: case["id"])
def test_known_clouds_give_their_known_figures(case) -> None:
    assert len(CLOUDS) == 3
    found = pose_performance(case["command"], case["positions"])
    assert agrees(found.ap_mm, case["expected"]["AP"])
    assert agrees(found.rp_mm, case["expected"]["RP"])
    assert agrees(found.l_mean_mm, case["expected"]["l_mean"])
    assert agrees(found.l_s_mm, case["expected"]["S_l"])
    assert np.allclose(np.linalg.norm(found.ap_xyz_mm), found.ap_mm)


@pytest.mark.parametrize("sigmas", [(0.2, 0.2, 0.2), (0.5, 0.05, 0.05)], ids=["ball", "needle"])
def test_the_interval_holds_the_true_repeatability_about_as_often_as_it_says(sigmas) -> None:
    rng = np.random.default_rng(7)
    endless = np.linalg.norm(rng.standard_normal((400_000, 3)) * sigmas, axis=1)
    true_rp = endless.mean() + 3.0 * endless.std()
    held = 0
    for _ in range(250):
        low, high = pose_performance(np.zeros(3), rng.standard_normal((30, 3)) * sigmas).rp_interval_mm
        held += low <= true_rp <= high
    # 250 trials of 95 %: three standard deviations are 4 %.
    assert 0.90 <= held / 250 <= 0.99


def test_thirty_readings_leave_nine_per_cent_open() -> None:
    ratios = [
        pose_performance(np.zeros(3), np.random.default_rng(seed).standard_normal((30, 3))).rp_mm for seed in range(400)
    ]
    assert np.std(ratios) / np.mean(ratios) == pytest.approx(0.09, abs=0.01)
    found = pose_performance(np.zeros(3), np.random.default_rng(3).standard_normal((30, 3)))
    low, high = found.rp_interval_mm
    assert low < found.rp_mm < high
    assert (high - low) / 2 / 1.96 / found.rp_mm == pytest.approx(0.09, abs=0.025)


def test_the_same_readings_give_the_same_interval_again() -> None:
    cloud = CLOUDS[0]["positions"]
    assert pose_performance([0, 0, 0], cloud).rp_interval_mm == pose_performance([0, 0, 0], cloud).rp_interval_mm


def test_an_arm_that_never_misses_has_no_scatter() -> None:
    found = pose_performance([1.0, 2.0, 3.0], [[1.0, 2.0, 3.0]] * 5)
    assert (found.ap_mm, found.rp_mm, found.rp_interval_mm, found.ap_sigma_mm) == (0.0, 0.0, (0.0, 0.0), 0.0)


@given(
    st.integers(0, 10_000),
    st.tuples(*[st.floats(-500, 500)] * 3),
)
def test_where_the_bench_begins_changes_accuracy_and_repeatability_not(seed, shift) -> None:
    cloud = np.random.default_rng(seed).normal((100.0, -50.0, 20.0), 0.3, (12, 3))
    here = pose_performance([100.0, -50.0, 20.0], cloud)
    there = pose_performance(np.add([100.0, -50.0, 20.0], shift), cloud + np.array(shift))
    assert here.ap_mm == pytest.approx(there.ap_mm, abs=1e-9)
    assert here.rp_mm == pytest.approx(there.rp_mm, abs=1e-9)


def test_angles_are_compared_the_short_way_round() -> None:
    found = angle_performance([180.0, 0.0, -179.5], [[179.0, 1.0, 179.5], [-179.0, 1.0, 179.5]])
    assert found.ap_deg == pytest.approx((0.0, 1.0, -1.0))
    assert found.rp_deg == pytest.approx((3.0 * np.sqrt(2.0), 0.0, 0.0))


def test_the_worst_pair_of_directions_counts() -> None:
    clouds = [[[x, 0.0, 0.0], [x, 0.0, 0.2]] for x in (0.0, 0.3, -0.1)]
    assert multi_directional_variation(clouds) == pytest.approx(0.4)


def test_an_instrument_that_scatters_itself_is_named() -> None:
    performance = pose_performance(CLOUDS[0]["command"], CLOUDS[0]["positions"])
    assert instrument_is_fine(0.05, performance.rp_mm)
    assert not instrument_is_fine(0.4, performance.rp_mm)
    good, bad = described(performance, 0.05), described(performance, 0.4)
    assert "computed as mean + 3 S of 30 readings" in good
    assert "own scatter 0.050 mm" in good
    assert "more than a quarter of the figure" in bad
    assert "more than" not in good
    assert "ISO" not in bad


@pytest.mark.parametrize(
    ("commanded", "reached", "code"),
    [
        ([0, 0, 0], [[0, 0, 0]], "performance.few_readings"),
        ([0, 0], [[0, 0, 0], [1, 1, 1]], "performance.few_readings"),
        ([0, 0, 0], [[0, 0, 0], [1, float("nan"), 1]], "performance.not_numbers"),
    ],
)
def test_what_is_no_cloud_is_refused(commanded, reached, code) -> None:
    with pytest.raises(CalibrationError) as raised:
        pose_performance(commanded, reached)
    assert raised.value.code == code


def test_one_direction_shows_no_variation() -> None:
    with pytest.raises(CalibrationError) as raised:
        multi_directional_variation([[[0, 0, 0], [1, 1, 1]]])
    assert raised.value.code == "performance.few_readings"
