"""The verification of the torque tool as the page's script takes it: plain values, sentences in the page's language."""

from __future__ import annotations

from typing import Any

from station.config.phrases import Phrases
from station.config.torque_result import torque_result
from station.web.calibrate_torque_desk import SeriesView, TorqueView


def torque_view(view: TorqueView, phrases: Phrases, language: str, *, typed: bool) -> dict[str, Any]:
    """Everything that is to be shown. Verdicts and reasons are in English, as the records have them."""
    say = f"ui.verify.say.{view.waits_for}" if view.waits_for else "ui.verify.say.idle"
    told = {"figure": f"{view.waiting_nm:g}"} if view.waiting_nm is not None else {"figure": ""}
    refusal = phrases.shown(language, f"ui.verify.no.{view.refusal}") if view.refusal else ""
    return {
        "series": [_series(one, phrases, language) for one in view.series],
        "active": view.active,
        "waits_for": view.waits_for,
        "say": phrases.shown(language, say, told if view.waits_for == "reading" else {}),
        "typed": typed,
        "refusal": refusal,
        "serial": view.serial,
        "news": list(view.news),
        "judged": any(one.verdict is not None for one in view.series),
        "kept": {
            "id": view.kept.id,
            "fit_for_all": all(one.fit for one in torque_result(view.kept).joints.values()),
            "text": view.kept.verdict.text,
            "advice": view.kept.verdict.advice,
        }
        if view.kept is not None
        else None,
    }


def _series(one: SeriesView, phrases: Phrases, language: str) -> dict[str, Any]:
    plan, verdict = one.plan, one.verdict
    figures = {
        "joints": ", ".join(plan.labels),
        "class": plan.joint_class.value,
        "target": f"{plan.target_nm:g}",
        "low": f"{plan.min_nm:g}",
        "high": f"{plan.max_nm:g}",
        "count": str(plan.readings),
    }
    return {
        "name": plan.name,
        "title": phrases.shown(language, "ui.verify.title", figures),
        "guide": phrases.shown(language, f"ui.verify.guide.{plan.rate}", figures),
        "low": plan.min_nm,
        "target": plan.target_nm,
        "high": plan.max_nm,
        "readings": plan.readings,
        "pairs": [[pair.reference_nm, pair.tool_nm] for pair in one.pairs],
        "left_out": [f"{entry.what}: {entry.text}" for entry in one.left_out],
        "verdict": None if verdict is None else {"fit": verdict.fit, "text": verdict.text},
    }
