"""The tool's tip by pivoting, held against what a pivot of so many touches is known to be good for."""

import numpy as np
import pytest

from calibration.observations import CalibrationError
from calibration.rotations import exp
from calibration.tool_point import pivot
from vision.geometry import Array, Transform

TIP = np.array([1.5, -2.0, 86.0])
POINT = np.array([210.0, 40.0, 12.0])


def _touches(rng: np.random.Generator, count: int, spread_deg: float, wrong: int | None = None) -> list[Transform]:
    """Robot 0.3 mm and 0.05 degrees, touch 0.2 mm an axis; leaning by 60 to 100 % of the angle, free roll."""
    touches = []
    for number in range(count):
        about, lean = rng.uniform(0, 2 * np.pi), np.radians(spread_deg) * rng.uniform(0.6, 1.0)
        down = np.diag([1.0, -1.0, -1.0])
        roll = exp(np.array([0.0, 0.0, rng.uniform(-np.pi, np.pi)]))
        turn = exp(lean * np.array([np.cos(about), np.sin(about), 0.0])) @ down @ roll
        at = POINT + rng.normal(0.0, 0.2, 3)
        if number == wrong:
            direction = rng.normal(size=3)
            at = at + 3.0 * direction / np.linalg.norm(direction)
        told = exp(np.radians(rng.normal(0.0, 0.05, 3))) @ turn
        touches.append(Transform(told, at - turn @ TIP + rng.normal(0.0, 0.3, 3)))
    return touches


def _errors(count: int, spread_deg: float, *, wrong: bool = False, seeds: int = 200) -> tuple[Array, Array]:
    """Tip errors in mm, and normalised squares of them."""
    errors, squares = [], []
    for seed in range(seeds):
        rng = np.random.default_rng(seed)
        found = pivot(_touches(rng, count, spread_deg, wrong=count // 2 if wrong else None))
        off = found.tip_mm - TIP
        errors.append(float(np.linalg.norm(off)))
        squares.append(float(off @ np.linalg.solve(found.covariance, off)))
    return np.array(errors), np.array(squares)


@pytest.mark.parametrize(
    ("count", "spread_deg", "median_mm"), [(6, 30.0, 0.44), (10, 30.0, 0.31), (10, 45.0, 0.27), (20, 30.0, 0.21)]
)
def test_a_tip_is_as_good_as_its_touches_allow(count: int, spread_deg: float, median_mm: float) -> None:
    errors, _ = _errors(count, spread_deg)
    assert np.median(errors) == pytest.approx(median_mm, rel=0.25)


def test_one_wrong_touch_in_ten_costs_little_and_is_named() -> None:
    errors, _ = _errors(10, 30.0, wrong=True, seeds=100)
    assert np.median(errors) < 0.42
    named = 0
    for seed in range(20):
        found = pivot(_touches(np.random.default_rng(seed), 10, 30.0, wrong=5))
        named += 5 in found.off
    assert named >= 16


def test_the_covariance_holds_the_truth() -> None:
    _, squares = _errors(20, 30.0)
    inside = np.mean(squares < 7.81)
    assert 0.88 <= inside <= 0.99


def test_few_touches_look_better_than_they_are_and_the_advice_says_so() -> None:
    rng = np.random.default_rng(1)
    few, many = pivot(_touches(rng, 4, 20.0)), pivot(_touches(rng, 30, 40.0))
    assert few.sigma_mm > many.sigma_mm
    assert "10 times" in few.advice and "30 degrees" in few.advice
    assert not many.advice or "repeat" in many.advice


def test_an_untilted_tool_tells_no_tip() -> None:
    turn = np.diag([1.0, -1.0, -1.0])
    touches = [Transform(turn, POINT - turn @ TIP + 0.01 * k) for k in range(8)]
    with pytest.raises(CalibrationError, match="tilted") as caught:
        pivot(touches)
    assert caught.value.code == "calibration.no_tip"
    with pytest.raises(CalibrationError) as caught:
        pivot(touches[:3])
    assert caught.value.code == "calibration.too_few_touches"
