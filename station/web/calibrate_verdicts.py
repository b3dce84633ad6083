"""Verdicts of calibrations and of daily checks in a page's language, from the codes and figures in their files. Pure.

The files keep sentences of their own, in English, for whoever reads only them. A verdict for which no phrase is known
(an older file, a fault that has no code of its own) is told by those.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from calibration.daily.verdicts import Found, up
from station.config.artefact import Artefact, Kind
from station.config.phrases import Phrases

CHECKED = (Kind.CAMERA, Kind.ARM, Kind.TORQUE)
"""Kinds that a daily check speaks of."""
WHY = frozenset(
    {
        "arm_stopped", "arm_unseen", "coarse", "eyes", "frozen", "history", "never_verified", "newer", "no_leave",
        "no_poses", "no_reference", "no_tolerance", "pictures", "scatter", "tags", "unclear", "unsteady",
        "which_series",
    }
)  # fmt: skip
"""Codes of what could not be compared that have a phrase, `ui.calibration.untold.<code>`."""
SHORT = frozenset({"few_views", "held_out", "left_out", "doubt"})
"""Rules that a lens may fall short of, `ui.calibration.short.<rule>`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A verdict in words."""

    text: str
    advice: str
    language: str
    """Of `text`."""
    advice_language: str


def device_told(device: Mapping[str, Any], figures: Mapping[str, Any], phrases: Phrases, language: str) -> Told:
    """One device of a daily check: what was found, how small a change would have been noticed, what to do."""
    kind, found = str(device.get("kind")), str(device.get("found"))
    if kind not in CHECKED or found not in list(Found):
        return _as_filed(figures)
    words = _words(device, figures)
    spoken = _found(kind, found, figures)
    text = phrases.shown(language, f"ui.calibration.found.{spoken}", words)
    key = _todo(kind, found, figures)
    if not key and figures.get("advice"):
        return Told(text=text, advice=str(figures["advice"]), language=language, advice_language="en")
    advice = phrases.shown(language, f"ui.calibration.{key}", words) if key else ""
    return Told(text=text, advice=advice, language=language, advice_language=language)


def calibration_told(artefact: Artefact, phrases: Phrases, language: str) -> Told:
    """How good a calibration is, and what to do."""
    figures = artefact.figures
    if artefact.kind is Kind.TORQUE:
        return _torque_told(artefact, phrases, language)
    error, doubt = _number(figures, "error_at_part_95_mm"), _number(figures, "doubt_mm")
    held, needed = _number(figures, "held_out_mm"), _number(figures, "needed_mm")
    if artefact.kind is Kind.BOARD or (error is None and doubt is None):
        return _as_filed({"text": artefact.verdict.text, "advice": artefact.verdict.advice})
    size = {"mm": f"{error:.2f}"} if error is not None else {"mm": f"{doubt:.3f}"}
    parts = [("known.error" if error is not None else "known.doubt", size)]
    parts.append(("known.held_out", {"mm": f"{held:.2f}"}) if held is not None else ("known.no_held_out", {}))
    if needed is not None:
        parts.append(("known.needed", {"mm": f"{needed:.2f}"}))
    text = " ".join(phrases.shown(language, f"ui.calibration.{key}", words) for key, words in parts)
    short = figures.get("short")
    if artefact.verdict.good:
        return Told(text=text, advice=artefact.verdict.advice, language=language, advice_language="en")
    key = f"short.{short}" if short in SHORT else "short.bench"
    advice = phrases.shown(language, f"ui.calibration.{key}")
    return Told(text=text, advice=advice, language=language, advice_language=language)


def _torque_told(artefact: Artefact, phrases: Phrases, language: str) -> Told:
    entries = artefact.result.get("joints")
    series = [each for each in entries.values() if isinstance(each, dict)] if isinstance(entries, dict) else []
    if not series:
        return _as_filed({"text": artefact.verdict.text, "advice": artefact.verdict.advice})
    fit, unfit = _joints(series, fit=True), _joints(series, fit=False)
    sentences = [phrases.shown(language, "ui.calibration.fit", {"joints": fit})] if fit else []
    sentences += [phrases.shown(language, "ui.calibration.unfit", {"joints": unfit})] if unfit else []
    advice = phrases.shown(language, "ui.calibration.unfit.todo") if unfit else ""
    return Told(text=" ".join(sentences), advice=advice, language=language, advice_language=language)


def _joints(series: Sequence[Mapping[str, Any]], *, fit: bool) -> str:
    return ", ".join(sorted(str(joint) for each in series if bool(each.get("fit")) is fit for joint in each["joints"]))


def _found(kind: str, found: str, figures: Mapping[str, Any]) -> str:
    """End of the phrase's key."""
    if kind == Kind.CAMERA:
        return found
    if kind == Kind.ARM and found == Found.MOVED and figures.get("likely_joint"):
        return "arm.joint"
    return f"{kind}.{found if found in (Found.MOVED, Found.UNTOLD) else Found.SAME}"


def _todo(kind: str, found: str, figures: Mapping[str, Any]) -> str:
    """Key of what to do, without its beginning; empty where there is nothing to do or no phrase for it."""
    if found == Found.UNTOLD:
        return f"untold.{figures.get('why')}" if figures.get("why") in WHY else ""
    if kind == Kind.CAMERA and figures.get("loose_tags") and found in (Found.LITTLE, Found.TAG):
        return "todo.tag"
    if found in (Found.MOVED, Found.OFF_MODEL):
        return f"todo.{_found(kind, Found.MOVED, figures) if kind == Kind.ARM else kind}"
    return "todo.little" if found == Found.LITTLE else ""


def _words(device: Mapping[str, Any], figures: Mapping[str, Any]) -> dict[str, str]:
    notices = figures.get("notices_deg", 0.0)
    each_deg = notices if isinstance(notices, list) else [notices]
    weakest = max(range(len(each_deg)), key=lambda index: float(each_deg[index]), default=0)
    coarsest = figures.get("notices", figures.get("notices_off_mm", 0.0))
    return {
        "device": str(device.get("device")),
        "deg": up(float(each_deg[weakest])) if each_deg else "",
        "weakest": str(weakest + 1),
        "mm": up(float(figures.get("notices_mm") or 0.0)),
        "off": f"{float(figures.get('off_mm') or figures.get('largest_mm') or 0.0):.2f}",
        "model": f"{float(figures.get('model_off_mm') or 0.0):.2f}",
        "allowed": f"{float(figures.get('allowed_mm') or figures.get('allowed_deg') or 0.0):g}",
        "tag": ", ".join(map(str, figures.get("loose_tags") or [])),
        "joint": str(figures.get("likely_joint", "")),
        "slip": f"{abs(float(figures.get('likely_deg') or 0.0)):.2f}",
        "value": f"{float(figures.get('value') or 0.0):.4g}",
        "before": f"{float(figures.get('mean') or 0.0):.4g}",
        "left": f"{max(0.0, float(figures.get('allowed') or 0.0)):.2g}",
        "unit": str(figures.get("unit", "")),
        "coarsest": up(float(coarsest or 0.0)),
    }


def _as_filed(figures: Mapping[str, Any]) -> Told:
    return Told(
        text=str(figures.get("text", "")),
        advice=str(figures.get("advice", "")),
        language="en",
        advice_language="en",
    )


def _number(figures: Mapping[str, Any], name: str) -> float | None:
    value = figures.get(name)
    return float(value) if isinstance(value, int | float) else None
