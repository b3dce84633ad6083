"""Cm, Cmk, hard and soft joints, the chart and the budget: known readings, known figures."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.observations import CalibrationError
from calibration.torque.budget import NOT_CHECKED, Spans, budget
from calibration.torque.capability import capability, cmk_lower, normality, two_joints
from calibration.torque.chart import Rule, Subgroup, c4_of, chart, subgroups_of

CASES = json.loads((Path(__file__).parent / "torque_cases.json").read_text(encoding="utf-8"))
RUNS = [case for case in CASES if case["kind"] == "capability"]
PAIRS = [case for case in CASES if case["kind"] == "two_joint"]


def agrees(found: float, expected: float) -> bool:
    return abs(found - expected) <= 1e-6 * max(1.0, abs(expected))


@pytest.mark.parametrize("case", RUNS, ids=lambda case: case["id"])
def test_known_runs_give_their_known_capability(case) -> None:
    assert len(RUNS) == 5
    found = capability(case["readings"], case["lsl"], case["usl"])
    expected = case["expected"]
    assert found.n == expected["n"]
    assert agrees(found.mean_nm, expected["mean"])
    assert agrees(found.s_nm, expected["s"])
    assert agrees(found.cm, expected["Cm"])
    assert agrees(found.cmk, expected["Cmk"])
    assert agrees(found.scatter_6s_pct, expected["scatter_6s_pct"])
    assert found.cm_lower < found.cm
    assert found.cmk_lower < found.cmk


@pytest.mark.parametrize("case", PAIRS, ids=lambda case: case["id"])
def test_known_pairs_of_joints_give_their_known_shift_and_scatter(case) -> None:
    assert len(PAIRS) == 2
    found, expected = two_joints(case["hard"], case["soft"]), case["expected"]
    assert agrees(found.mean_hard_nm, expected["mean_hard"])
    assert agrees(found.mean_soft_nm, expected["mean_soft"])
    assert agrees(found.mean_shift_pct, expected["mean_shift_pct"])
    assert agrees(found.combined_mean_nm, expected["combined_mean"])
    assert agrees(found.combined_scatter_pct, expected["combined_scatter_pct"])


def test_fifty_readings_leave_much_open() -> None:
    assert cmk_lower(1.67, 50) == pytest.approx(1.38, abs=0.005)


@pytest.mark.parametrize("shift", [0.0, 1.5], ids=["centred", "off centre"])
def test_the_lower_bounds_lie_below_the_truth_about_as_often_as_they_say(shift) -> None:
    rng = np.random.default_rng(5)
    true_cm, true_cmk = 10.0 / 6.0, (5.0 - shift) / 3.0
    below = np.zeros(2)
    for _ in range(600):
        found = capability(list(100.0 + shift + rng.standard_normal(50)), 95.0, 105.0)
        below += (found.cm_lower <= true_cm, found.cmk_lower <= true_cmk)
    # 600 trials of 95 %: three standard deviations are 2.7 %; Bissell's bound is an approximation.
    assert 0.92 <= below[0] / 600 <= 0.98
    assert 0.92 <= below[1] / 600 <= 0.985


@given(st.integers(0, 5_000), st.floats(0.1, 50.0), st.floats(-20.0, 20.0))
def test_units_and_shifts_change_no_capability(seed, factor, shift) -> None:
    readings = np.random.default_rng(seed).normal(50.0, 1.0, 25)
    first = capability(list(readings), 45.0, 55.0)
    second = capability(list(readings * factor + shift), 45.0 * factor + shift, 55.0 * factor + shift)
    assert second.cm == pytest.approx(first.cm, rel=1e-6)
    assert second.cmk == pytest.approx(first.cmk, rel=1e-6, abs=1e-6)
    assert first.cmk <= first.cm


@pytest.mark.parametrize(
    ("readings", "limits", "code"),
    [
        ([9.0], (8.0, 10.0), "torque.few_readings"),
        ([9.0, math.nan], (8.0, 10.0), "torque.not_numbers"),
        ([9.0] * 25, (8.0, 10.0), "torque.no_scatter"),
        ([9.0, 9.1], (10.0, 8.0), "torque.no_window"),
    ],
)
def test_what_is_no_run_is_refused_with_what_to_do(readings, limits, code) -> None:
    with pytest.raises(CalibrationError) as raised:
        capability(readings, *limits)
    assert raised.value.code == code
    assert any(mark in str(raised.value) for mark in (";", ","))


def test_an_outlier_and_two_groups_are_not_taken_for_normal() -> None:
    rng = np.random.default_rng(2)
    good = rng.normal(9.0, 0.05, 50)
    assert normality(list(good)).normal
    slipped = good.copy()
    slipped[17] = 8.2
    found = normality(list(slipped))
    assert (found.normal, found.farthest) == (False, 17)
    assert found.farthest_sigmas > 5.0
    assert not normality([*rng.normal(8.7, 0.03, 25), *rng.normal(9.3, 0.03, 25)]).normal
    assert normality([9.0] * 5).p == 0.0


def test_good_readings_are_seldom_called_not_normal() -> None:
    rng = np.random.default_rng(11)
    refused = sum(not normality(list(np.round(rng.normal(9.0, 0.09, 25), 2))).normal for _ in range(600))
    assert refused <= 16


def test_the_limits_of_a_chart_are_those_of_the_tables() -> None:
    # A3, B4 and D4 of subgroups of five, as printed in every table.
    assert c4_of(5) == pytest.approx(0.9400, abs=1e-4)
    groups = [
        Subgroup(at_utc=f"2026-03-{day:02d}T08:00:00+00:00", readings_nm=(8.9, 9.0, 9.1, 9.0, 9.05))
        for day in range(1, 5)
    ]
    found = chart(groups)
    s_bar, r_bar = found.s_nm[0], 0.2
    assert found.mean_limits.high_nm - found.mean_limits.middle_nm == pytest.approx(1.427 * s_bar, rel=1e-3)
    assert (found.s_limits.low_nm, found.s_limits.high_nm) == (0.0, pytest.approx(2.089 * s_bar, rel=1e-3))
    assert found.range_limits is not None
    assert found.range_limits.high_nm == pytest.approx(2.114 * r_bar, rel=1e-3)
    assert found.signals == ()


def _steady(count: int, seed: int = 4) -> list[Subgroup]:
    rng = np.random.default_rng(seed)
    return [
        Subgroup(at_utc=f"2026-01-{1 + at % 28:02d}T08:00:00+00:00", readings_nm=tuple(rng.normal(9.0, 0.1, 5)))
        for at in range(count)
    ]


def _moved(groups: list[Subgroup], by_nm: list[float]) -> list[Subgroup]:
    """Each subgroup with this mean over the first's, and the first's spread."""
    first = np.array(groups[0].readings_nm) - np.mean(groups[0].readings_nm)
    return [
        Subgroup(at_utc=group.at_utc, readings_nm=tuple(first + 9.0 + off))
        for group, off in zip(groups, by_nm, strict=True)
    ]


@pytest.mark.parametrize(
    ("tail_sigmas", "rule"),
    [
        ([0.0, 3.5], Rule.BEYOND),
        ([0.0, -2.5, -0.2, -2.5], Rule.TWO_OF_THREE),
        ([1.5, 1.2, 0.1, 1.3, 1.4], Rule.FOUR_OF_FIVE),
        ([0.5, 0.3] * 4 + [0.4], Rule.ONE_SIDE),
        ([-0.9, -0.5, -0.1, 0.3, 0.6, 0.9], Rule.TREND),
        ([0.9, 0.6, 0.3, -0.1, -0.5, -0.9], Rule.TREND),
    ],
)
def test_each_rule_speaks_of_what_it_is_named_after(tail_sigmas, rule) -> None:
    calm = [0.3, -0.3, 0.2, -0.2] * 6
    groups = _steady(len(calm) + len(tail_sigmas))
    sigma = np.std(groups[0].readings_nm, ddof=1) / (c4_of(5) * math.sqrt(5))
    quiet = chart(_moved(groups[: len(calm)], [z * sigma for z in calm]))
    assert quiet.signals == ()
    found = chart(_moved(groups, [z * sigma for z in (*calm, *tail_sigmas)]), baseline=len(calm))
    assert rule in {signal.rule for signal in found.signals}
    assert all(signal.at >= len(calm) - 1 for signal in found.signals)


def test_every_mean_beyond_the_limits_is_named_on_whichever_side() -> None:
    calm = [0.3, -0.3, 0.2, -0.2] * 6
    groups = _steady(len(calm) + 4)
    sigma = np.std(groups[0].readings_nm, ddof=1) / (c4_of(5) * math.sqrt(5))
    found = chart(_moved(groups, [z * sigma for z in (*calm, -3.5, 3.5, 3.6, 0.0)]), baseline=len(calm))
    assert [signal.at for signal in found.signals if signal.rule is Rule.BEYOND] == [24, 25, 26]


def test_a_wild_subgroup_shows_in_the_spread() -> None:
    groups = _steady(20)
    wild = Subgroup(at_utc="2026-02-01T08:00:00+00:00", readings_nm=(8.5, 9.5, 8.5, 9.5, 9.0))
    found = chart([*groups, wild])
    assert (Rule.SPREAD, 20) in {(signal.rule, signal.at) for signal in found.signals}


def test_a_steady_tool_is_seldom_accused() -> None:
    accused = sum(bool(chart(_steady(30, seed)).signals) for seed in range(100))
    # Five rules over thirty subgroups speak by chance now and then; a chart that always speaks is none.
    assert accused <= 45


def test_a_run_is_cut_into_whole_subgroups_in_its_order() -> None:
    groups = subgroups_of("2026-01-01T08:00:00+00:00", [float(at) for at in range(12)])
    assert [group.readings_nm for group in groups] == [(0.0, 1.0, 2.0, 3.0, 4.0), (5.0, 6.0, 7.0, 8.0, 9.0)]
    with pytest.raises(CalibrationError) as raised:
        chart([*groups, Subgroup(at_utc="", readings_nm=(1.0, 2.0))])
    assert raised.value.code == "torque.mixed_subgroups"
    with pytest.raises(CalibrationError):
        chart(groups[:1])


def test_the_budget_adds_what_was_measured_and_names_what_was_not() -> None:
    reference = [10.0, 10.2, 9.8, 10.0]
    tool = [10.1, 10.302, 9.898, 10.1]
    found = budget(
        reference,
        tool,
        tool_step_nm=0.01,
        reference_step_nm=0.001,
        reference_expanded_pct=0.5,
        reference_deviation_pct=-0.1,
        spans=Spans(reproducibility_nm=0.06),
    )
    assert found.deviation_pct == pytest.approx(1.0)
    by_name = {entry.name: entry for entry in found.contributions}
    assert by_name["reference"].w_pct == pytest.approx(0.25)
    assert by_name["resolution of the tool"].u_nm == pytest.approx(0.01 / math.sqrt(12))
    assert by_name["reproducibility (b_rep)"].w_pct == pytest.approx(0.6 / math.sqrt(12))
    assert {entry.kind for entry in found.contributions} == {"A", "B"}
    assert found.w_pct == pytest.approx(math.sqrt(sum(entry.w_pct**2 for entry in found.contributions)))
    assert found.expanded_pct == pytest.approx(2.0 * found.w_pct)
    assert found.interval_pct == pytest.approx(found.expanded_pct + 1.0 + 0.1)
    assert found.left_out == ("output drive (b_od)", "interface (b_int)", "loading point (b_l)")
    assert found.note == NOT_CHECKED
