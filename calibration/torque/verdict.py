"""From the pairs of a series to a verdict in plain words. Pure.

What may be said stands here word for word: figures from n readings in one run against a reference that is named with
its certificate. Nothing is called a capability study, a calibration to a standard or a category.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np

from calibration.observations import CalibrationError
from calibration.torque.budget import Budget, Spans, budget
from calibration.torque.capability import Capability, Normality, capability, normality
from calibration.torque.readings import Run, reference_nm, tool_nm
from calibration.torque.series import Plan
from station.config.torque_check import TorqueReference

TOOL_STEP_NM = 0.01
"""Last digit of a torque over Open Protocol."""
LAGS, LEAST_OVERLAP = 5, 8
"""Shifts that are looked at, and the pairs that must be left."""
TOGETHER, APART = 0.85, 0.5
"""Correlation from which two rows go together, and below which they do not; chance gives 8 pairs 0.85 once in 200."""
REFERENCE_SHARE = 0.25
"""Largest expanded uncertainty of the reference, as a share of the smaller half of the tolerance."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesVerdict:
    """One series, judged."""

    plan: Plan
    fit: bool
    why: str
    """Everything that speaks against it; empty when it is fit."""
    capability: Capability
    normality: Normality
    budget: Budget
    run: Run

    @property
    def text(self) -> str:
        """One sentence for the technician."""
        joints = f"joint {', '.join(self.plan.labels)}"
        what = f"{self.plan.target_nm:g} N·m, class {self.plan.joint_class.value}"
        if self.fit:
            return f"Fit for {joints} ({what}): {figures_text(self)}."
        return f"Not fit for {joints} ({what}): {self.why}."

    def figures(self) -> dict[str, Any]:
        """Everything as plain values, for the artefact, the report and the chart."""
        plan, run = self.plan, self.run
        return {
            "joints": list(plan.joints),
            "rate": plan.rate,
            "target_nm": plan.target_nm,
            "min_nm": plan.min_nm,
            "max_nm": plan.max_nm,
            "asked": {
                "readings": plan.readings,
                "cm": plan.cm_min,
                "cmk": plan.cmk_min,
                "deviation_percent": plan.deviation_max_percent,
            },
            "capability": asdict(self.capability),
            "normality": asdict(self.normality),
            "budget": _plain(asdict(self.budget)),
            "reference_nm": list(reference_nm(run.pairs)),
            "tool_nm": list(tool_nm(run.pairs)),
            "deviation_pct": [pair.deviation_pct for pair in run.pairs],
            "at_utc": [pair.at_utc for pair in run.pairs],
            "left_out": [asdict(entry) for entry in run.left_out],
            "fit": self.fit,
            "text": self.text,
        }


def figures_text(verdict: SeriesVerdict) -> str:
    """The figures that count, in one line."""
    found, deviation = verdict.capability, verdict.budget
    return (
        f"mean {found.mean_nm:.3f} N·m, Cm {found.cm:.2f}, Cmk {found.cmk:.2f} from {found.n} readings in one run "
        f"(95 % lower bounds {found.cm_lower:.2f} and {found.cmk_lower:.2f}), {_tells(deviation)}, "
        f"uncertain to {deviation.expanded_pct:.2f} % (k = 2) {deviation.note}"
    )


def _tells(known: Budget) -> str:
    more = "more" if known.deviation_pct >= 0.0 else "less"
    return f"the tool tells {abs(known.deviation_pct):.2f} % {more} than the reference"


def reference_suits(reference: TorqueReference, plan: Plan, today: date) -> None:
    """Whether the reference may judge this series.

    Raises CalibrationError `torque.reference_expired`, `torque.reference_coarse`, `torque.reference_small`.
    """
    name = f"reference transducer {reference.name} no. {reference.serial}"
    if today > date.fromisoformat(reference.valid_until):
        raise CalibrationError(
            "torque.reference_expired",
            f"certificate {reference.certificate} of {name} was valid until {reference.valid_until}; "
            "have it calibrated, or use another one",
        )
    doubt_nm = reference.uncertainty_percent / 100.0 * plan.target_nm
    if doubt_nm > REFERENCE_SHARE * plan.allowed_nm * (1.0 + 1e-9):
        raise CalibrationError(
            "torque.reference_coarse",
            f"{name} is uncertain to {doubt_nm:.3f} N·m at {plan.target_nm:g} N·m, more than a quarter of the allowed "
            f"{plan.allowed_nm:g} N·m; use a better one for {plan.name}",
        )
    if reference.range_nm <= plan.max_nm:
        raise CalibrationError(
            "torque.reference_small",
            f"{name} ends at {reference.range_nm:g} N·m, and {plan.name} at {plan.max_nm:g} N·m; use a larger one",
        )


def judge(plan: Plan, run: Run, reference: TorqueReference, spans_nm: Mapping[str, float]) -> SeriesVerdict:
    """The verdict of a whole series.

    Raises CalibrationError `torque.few_readings`, `torque.no_scatter`, `torque.mispaired`.
    """
    if len(run.pairs) < plan.readings:
        raise CalibrationError(
            "torque.few_readings",
            f"series {plan.name} has {len(run.pairs)} of {plan.readings} readings; go on with it, nothing is lost",
        )
    readings = reference_nm(run.pairs)
    lag = shifted_by(tool_nm(run.pairs), readings)
    if lag:
        where = "earlier" if lag > 0 else "later"
        raise CalibrationError(
            "torque.mispaired",
            f"the readings of {plan.name} fit the rundowns {abs(lag)} places {where}, not their own; begin anew with "
            "--anew, and wait for each reading before the next rundown",
        )
    found = capability(readings, plan.min_nm, plan.max_nm)
    spread = normality(readings)
    known = budget(
        readings,
        tool_nm(run.pairs),
        tool_step_nm=TOOL_STEP_NM,
        reference_step_nm=reference.step_nm,
        reference_expanded_pct=reference.uncertainty_percent,
        reference_deviation_pct=reference.deviation_percent,
        spans=Spans(**spans_nm),
    )
    against = _against(plan, run, found, spread, known)
    return SeriesVerdict(
        plan=plan,
        fit=not against,
        why="; ".join(against),
        capability=found,
        normality=spread,
        budget=known,
        run=run,
    )


def shifted_by(told_nm: Sequence[float], read_nm: Sequence[float]) -> int:
    """How many places earlier the rundowns are that the readings belong to; 0 where nothing speaks against their own.

    What the tool told and what was read go up and down together; where they do so clearly at another shift, and not at
    none, each reading stands beside another's rundown.
    """
    told, read = np.asarray(told_nm), np.asarray(read_nm)

    def together(lag: int) -> float:
        one = told[: len(told) - lag] if lag >= 0 else told[-lag:]
        other = read[lag:] if lag >= 0 else read[:lag]
        if np.std(one) == 0.0 or np.std(other) == 0.0:
            return 0.0
        return float(np.corrcoef(one, other)[0, 1])

    shifts = [lag for lag in range(-LAGS, LAGS + 1) if lag and len(told) - abs(lag) >= LEAST_OVERLAP]
    best = max(shifts, key=together, default=0)
    return best if best and together(best) >= TOGETHER and together(0) < APART else 0


def _against(plan: Plan, run: Run, found: Capability, spread: Normality, known: Budget) -> list[str]:
    """Everything that speaks against the tool, the gravest first."""
    against = []
    outside = [pair for pair in run.pairs if not plan.min_nm <= pair.reference_nm <= plan.max_nm]
    if outside:
        first = outside[0]
        against.append(
            f"{len(outside)} of {found.n} readings outside {plan.min_nm:g} to {plan.max_nm:g} N·m, the first "
            f"{first.reference_nm:g} N·m at rundown {first.tightening_id}"
        )
    if not spread.normal:
        far = run.pairs[spread.farthest]
        against.append(
            f"the readings do not spread like chance (p = {spread.p:.4f}), so Cm and Cmk say nothing: look at reading "
            f"{spread.farthest + 1} ({far.reference_nm:g} N·m, {spread.farthest_sigmas:.1f} s off), or for two groups"
        )
    if found.cm < plan.cm_min:
        against.append(
            f"Cm {found.cm:.2f} where {plan.cm_min:g} is asked: it scatters too much (s {found.s_nm:.3f} N·m)"
        )
    if found.cmk < plan.cmk_min:
        what = f"Cmk {found.cmk:.2f} where {plan.cmk_min:g} is asked (95 % lower bound {found.cmk_lower:.2f})"
        if found.cm >= plan.cm_min:
            side = "high" if found.mean_nm > (plan.min_nm + plan.max_nm) / 2.0 else "low"
            what += f": its mean {found.mean_nm:.3f} N·m is too {side}"
        against.append(what)
    if abs(known.deviation_pct) > plan.deviation_max_percent:
        against.append(
            f"{_tells(known)} where {plan.deviation_max_percent:g} % is allowed: its own results cannot be believed"
        )
    return against


def _plain(value: Any) -> Any:
    """Tuples as lists, all the way down."""
    if isinstance(value, dict):
        return {key: _plain(entry) for key, entry in value.items()}
    return [_plain(entry) for entry in value] if isinstance(value, tuple | list) else value
