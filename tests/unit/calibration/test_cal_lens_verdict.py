"""A lens is good when views that it was not made from say so in millimetres, whatever it states of itself."""

from dataclasses import replace

import numpy as np
import pytest
from support.rendered_board import CHARUCO, SIZE_PX, aimed, seen_at

from calibration.capture import Estimate, Plan, begin, take
from calibration.lens_artefact import HELD_OUT_TIMES, NEED_MM, captured, held_out_mm, lens_artefact, verdict_of
from calibration.observations import CameraSize

PLAN = Plan(camera=CameraSize(camera="side", width_px=SIZE_PX[0], height_px=SIZE_PX[1]), board=CHARUCO, distance_mm=950)


@pytest.fixture(scope="module")
def found() -> Estimate:
    state, rng = begin(PLAN), np.random.default_rng(3)
    for number in range(8):
        assert state.target is not None
        state = take(state, seen_at(aimed(state.target.camera_from_board, rng), seed=number))
    return replace(captured(state), doubt_mm=0.05)


def _holding_out(found: Estimate, px: float) -> Estimate:
    return replace(found, result=replace(found.result, held_out_rms_px=px))


def test_a_lens_that_predicts_the_other_views_is_good(found: Estimate) -> None:
    said = verdict_of(PLAN, _holding_out(found, 0.15), None, NEED_MM)
    assert said.good and "0.1 mm are needed, and 0.3 mm of the hold-out" in said.text


@pytest.mark.parametrize("px", [0.58, float("nan"), float("inf")])
def test_a_lens_that_does_not_is_not(found: Estimate, px: float) -> None:
    """0.58 px are less than the worst that a corner may be off, and half a millimetre at the part."""
    estimate = _holding_out(found, px)
    assert not held_out_mm(PLAN, estimate) <= HELD_OUT_TIMES * NEED_MM
    said = verdict_of(PLAN, estimate, None, NEED_MM)
    assert not said.good and "do not fit it to 0.3 mm" in said.advice


def test_a_doubt_that_is_no_number_is_not_enough(found: Estimate) -> None:
    assert not verdict_of(PLAN, replace(_holding_out(found, 0.15), doubt_mm=float("nan")), None, NEED_MM).good


def test_a_figure_that_is_no_number_is_left_empty_in_the_file(found: Estimate) -> None:
    from calibration.coverage import Coverage

    coverage = Coverage(across=1.0, down=1.0, size=1.0, skew=1.0, heat=np.zeros((2, 2), dtype=np.int64))
    artefact = lens_artefact(
        PLAN,
        _holding_out(found, float("nan")),
        coverage,
        need_mm=NEED_MM,
        refused={},
        inputs={},
        made_utc="2026-03-01T12:00:00+00:00",
        days=1,
        by="Ken",
        software="1",
    )
    assert artefact.figures["held_out_px"] is None and artefact.figures["held_out_mm"] is None
    assert not artefact.verdict.good and "NaN" not in artefact.text()
