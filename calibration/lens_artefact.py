"""A lens as an artefact: what it is, how good it is at the part, how it differs from the last one, and a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any

import numpy as np
from pydantic import Field, JsonValue, ValidationError

from calibration.capture import CaptureState, Estimate, Plan
from calibration.coverage import Coverage
from calibration.lens_model import LENS_NAMES
from calibration.observations import CalibrationError
from calibration.projection import projection_difference_px
from calibration.projection_volume import sensitivity
from station.config.artefact import Artefact, Kind, Verdict
from station.config.strict import Strict
from vision.geometry import Array

METHOD = (
    "views of a flat board; nine lens values and a pose a view by least squares, outliers left out by a robust rule"
)
WORST_HELD_OUT_PX = 0.6
"""Corners that the other views' lens misses by more are not those of a sharp, flat, still board."""
HELD_OUT_TIMES = 3.0
"""How much farther than the lens's own doubt a corner of another view may be off at the part: a single corner has the
picture's noise and the board's print in it, too, which the doubt of the lens, made from hundreds of them, has not."""
GOOD_VIEWS = 6
NEED_MM = 0.1
"""The doubt at the part that is good enough where nobody says otherwise."""
DAYS = 180
"""For how long a lens counts: heat and knocks move what is fixed by screws and friction."""
MOST_DRAWN = 800
"""Corners whose residuals an artefact carries for the report."""
USUAL_TIMES = 2.0
"""A difference from the last calibration that is this many times what both doubts explain is a change of the lens."""

SHORTFALLS: Mapping[str, str] = {
    "few_views": f"That is not enough: {GOOD_VIEWS} views are the least. Take more pictures.",
    "held_out": "That is not enough: pictures that the lens was not made from do not fit it to {held_out} mm. Put the "
    "board on a flat plate, lock the focus, hold still, and begin again.",
    "left_out": "That is not enough: too many pictures do not fit the others. Lock the focus and begin again.",
    "doubt": "That is not enough: {needed} mm are needed. Take more pictures, in the corners and tilted.",
}
"""What to do, by the rule that a lens falls short of."""

Row9 = Annotated[list[float], Field(min_length=9, max_length=9)]


class LensValues(Strict):
    """`result` of an artefact of kind `lens`."""

    lens: Row9
    """fx fy cx cy k1 k2 p1 p2 k3, px, as OpenCV has them."""
    covariance: Annotated[list[Row9], Field(min_length=9, max_length=9)]
    width_px: int
    height_px: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """Between this lens and the last one, in what they project at the part."""

    rms_px: float
    worst_px: float
    expected_px: float
    """What both doubts explain, one standard deviation of a distance."""
    rms_mm: float

    @property
    def is_change(self) -> bool:
        """Whether the lens has changed, by what both calibrations claim of themselves."""
        return self.rms_px > USUAL_TIMES * self.expected_px


def lens_values(artefact: Artefact) -> tuple[Array, Array]:
    """Lens (9,) and covariance (9, 9) of an artefact. Raises CalibrationError `calibration.not_readable`."""
    try:
        values = LensValues.model_validate(artefact.result)
    except ValidationError as error:
        what = f"{artefact.id} holds no lens ({error.errors()[0]['msg']}); calibrate the camera again"
        raise CalibrationError("calibration.not_readable", what) from error
    return np.array(values.lens), np.array(values.covariance)


def difference_of(plan: Plan, estimate: Estimate) -> Difference | None:
    """From the last calibration; None where there is none."""
    if plan.last is None:
        return None
    lens, covariance = plan.last
    size = plan.camera.width_px, plan.camera.height_px
    apart = projection_difference_px(estimate.result.lens, lens, size, plan.distance_mm)
    before = sensitivity(lens, size, plan.distance_mm).rms_px(covariance)
    rms_px = float(np.sqrt(np.nanmean(apart**2)))
    return Difference(
        rms_px=rms_px,
        worst_px=float(np.nanmax(apart)),
        # Two axes, two lenses.
        expected_px=float(np.sqrt(2.0 * (before**2 + estimate.doubt_px**2))),
        rms_mm=rms_px * plan.distance_mm / float(estimate.result.lens[0]),
    )


def lens_artefact(
    plan: Plan,
    estimate: Estimate,
    coverage: Coverage,
    *,
    need_mm: float,
    refused: Mapping[str, str],
    inputs: Mapping[str, str],
    made_utc: str,
    days: int,
    by: str,
    software: str,
) -> Artefact:
    """To be kept. `need_mm` is the doubt at the part that the work allows; `refused` is picture -> reason."""
    result = estimate.result
    difference = difference_of(plan, estimate)
    figures: dict[str, Any] = {
        "rms_px": _r(result.rms_px),
        "held_out_px": _r(result.held_out_rms_px),
        "held_out_mm": _r(held_out_mm(plan, estimate)),
        "corner_sigma_px": _r(result.sigma_px),
        "doubt_px": _r(estimate.doubt_px),
        "doubt_mm": _r(estimate.doubt_mm),
        "doubt_map_px": _doubt_map(plan, estimate),
        "part_distance_mm": _r(plan.distance_mm),
        "needed_mm": need_mm,
        "short": shortfall(plan, estimate, need_mm),
        "views": [{"view": fit.view, "corners": fit.kept, "rms_px": _r(fit.rms_px)} for fit in estimate.result.views],
        "left_out": [
            {"what": each.what, "view": each.view, "corner": each.corner, "reason": each.reason}
            for each in estimate.result.left_out
        ],
        "refused_pictures": dict(refused),
        "residuals_px": _residuals(estimate),
        "bow_mm": [_r(float(each)) for each in result.bow_mm],
        "coverage": {
            "across": _r(coverage.across),
            "down": _r(coverage.down),
            "size": _r(coverage.size),
            "skew": _r(coverage.skew),
            "heat": coverage.heat.tolist(),
        },
        "lens_names": list(LENS_NAMES),
    }
    if difference is not None:
        figures["difference_from_last"] = {
            "rms_px": _r(difference.rms_px),
            "worst_px": _r(difference.worst_px),
            "expected_px": _r(difference.expected_px),
            "rms_mm": _r(difference.rms_mm),
        }
    until = datetime.fromisoformat(made_utc) + timedelta(days=days)
    return Artefact(
        kind=Kind.LENS,
        subject=plan.camera.camera,
        serial=plan.camera.serial,
        made_utc=made_utc,
        by=by,
        method=METHOD,
        software=software,
        inputs=dict(inputs),
        result=_values(plan, result.lens, result.covariance),
        figures=figures,
        verdict=verdict_of(plan, estimate, difference, need_mm),
        expires_utc=until.isoformat(timespec="seconds"),
    )


def held_out_mm(plan: Plan, estimate: Estimate) -> float:
    """By how much the lens of all other views misses the corners of a view, at the part."""
    result = estimate.result
    return result.held_out_rms_px * plan.distance_mm / float(np.sqrt(result.lens[0] * result.lens[1]))


def verdict_of(plan: Plan, estimate: Estimate, difference: Difference | None, need_mm: float) -> Verdict:
    """What a technician is told."""
    result = estimate.result
    used = len(result.views)
    text = (
        f"The lens of {plan.camera.camera} is known to {estimate.doubt_px:.3f} px = {estimate.doubt_mm:.3f} mm "
        f"(1 sigma) at {plan.distance_mm:.0f} mm; hold-out {result.held_out_rms_px:.3f} px = "
        f"{held_out_mm(plan, estimate):.3f} mm on {used} views."
    )
    if difference is not None:
        text += (
            f" It differs from the last calibration by {difference.rms_px:.3f} px = {difference.rms_mm:.3f} mm; "
            f"{difference.expected_px:.3f} px are within the doubt of both."
        )
    short = shortfall(plan, estimate, need_mm)
    words = {"needed": f"{need_mm:g}", "held_out": f"{HELD_OUT_TIMES * need_mm:g}"}
    if short:
        return Verdict(good=False, text=text, advice=SHORTFALLS[short].format(**words))
    changed = difference is not None and difference.is_change
    advice = "The lens has changed since: calibrate where the camera stands, too." if changed else ""
    return Verdict(
        good=True,
        text=f"{text} That is enough: {words['needed']} mm are needed, and {words['held_out']} mm of the hold-out.",
        advice=advice,
    )


def shortfall(plan: Plan, estimate: Estimate, need_mm: float) -> str:
    """Which rule a lens falls short of, a key of `SHORTFALLS`; empty where it is good."""
    result = estimate.result
    if len(result.views) < GOOD_VIEWS:
        return "few_views"
    held_mm = held_out_mm(plan, estimate)
    # Written so that a figure that is no number falls short.
    if not (result.held_out_rms_px <= WORST_HELD_OUT_PX and held_mm <= HELD_OUT_TIMES * need_mm):
        return "held_out"
    if len(estimate.views_left_out) > len(result.views) / 3:
        return "left_out"
    return "" if estimate.doubt_mm <= need_mm else "doubt"


def captured(state: CaptureState) -> Estimate:
    """What the views of a capture came to. Raises CalibrationError `calibration.no_lens`."""
    if state.estimate is None:
        why = state.problem or f"{len(state.views)} views give no lens; take more"
        raise CalibrationError("calibration.no_lens", f"camera {state.plan.camera.camera}: {why}")
    return state.estimate


def _values(plan: Plan, lens: Array, covariance: Array) -> dict[str, JsonValue]:
    shape = LensValues(
        lens=[float(each) for each in lens],
        covariance=[[float(each) for each in row] for row in covariance],
        width_px=plan.camera.width_px,
        height_px=plan.camera.height_px,
    )
    return shape.model_dump(mode="json")


def _residuals(estimate: Estimate) -> list[list[float]]:
    """Rows of place and residual (projected minus seen), px; every so many, so that they can be drawn."""
    rows = np.concatenate([np.hstack([fit.seen_px, fit.residuals_px]) for fit in estimate.result.views])
    step = -(-len(rows) // MOST_DRAWN)
    return [[round(float(value), 3) for value in row] for row in rows[::step]]


def _doubt_map(plan: Plan, estimate: Estimate) -> list[list[float | None]]:
    """Rows of the projection's standard deviation over the picture; None where the lens cannot be undone."""
    size = plan.camera.width_px, plan.camera.height_px
    result = estimate.result
    sigma = sensitivity(result.lens, size, plan.distance_mm).sigma_px(result.covariance)
    return [[_r(float(each)) if np.isfinite(each) else None for each in row] for row in sigma]


def _r(value: float) -> float | None:
    """None for what is not known: a file of figures holds numbers."""
    return round(value, 5) if np.isfinite(value) else None
