"""From what is kept of a visit to what a page shows of it: sentences in its language, JSON-ready. Pure."""

from __future__ import annotations

import dataclasses
from typing import Any

from station.config.phrases import Phrases
from station.core.faults import FAULTS
from station.web.record import Curve, LostNote, OverrideNote, Record, RecordJoint, Rundown


def record_view(record: Record, phrases: Phrases, language: str) -> dict[str, Any]:
    """What the visitor takes home."""
    return {
        "visit": record.visit_id,
        "visitor": record.visitor,
        "by": phrases.shown(language, "ui.record.by", {"visitor": record.visitor}),
        "car": record.car,
        "vin": record.vin,
        "procedure": record.procedure,
        "date": record.date,
        "minutes": round(record.minutes, 1),
        "finished": record.finished,
        "steps": [phrases.shown(language, short_of(phrases, language, say)) for say in record.steps],
        "joints": [_joint(joint, phrases, language) for joint in record.joints],
        "overrides": [override_view(entry, phrases, language) for entry in record.overrides],
        "lost": [_lost(entry, phrases, language) for entry in record.lost],
    }


def rundown_view(rundown: Rundown, phrases: Phrases, language: str) -> dict[str, Any]:
    """A result for technicians: the number of its fault, or what became of it."""
    key = "ui.joint" if rundown.label else "ui.rundown.no_joint"
    kind = FAULTS.get(rundown.verdict)
    return {
        "result": rundown.result,
        "name": phrases.shown(language, key, {"joint": rundown.label} if rundown.label else None),
        "torque_nm": rundown.torque_nm,
        "angle_deg": rundown.angle_deg,
        "verdict": kind.number if kind else phrases.shown(language, f"ui.rundown.{rundown.verdict}"),
        "good": rundown.verdict in ("ok", "accepted"),
        "curve": rundown.has_curve,
    }


def override_view(entry: OverrideNote, phrases: Phrases, language: str) -> dict[str, Any]:
    """What was decided, about what, by whom and why."""
    about = [entry.number]
    if entry.label:
        about.append(phrases.shown(language, "ui.joint", {"joint": entry.label}))
    if entry.step:
        about.append(phrases.shown(language, short_of(phrases, language, entry.step)))
    return {
        "what": phrases.shown(language, f"ui.override.{entry.right}"),
        "about": " · ".join(filter(None, about)),
        "person": entry.person,
        "reason": entry.reason,
    }


def curve_view(curve: Curve) -> dict[str, Any]:
    """A curve for drawing; a thousandth of a newton metre and a tenth of a degree are finer than any line."""
    return {
        "every_s": curve.every_s,
        "torque_nm": [round(torque, 3) for torque in curve.torque_nm],
        "angle_deg": [round(angle, 1) for angle in curve.angle_deg],
        "window": None if curve.window is None else dataclasses.asdict(curve.window),
        "final": {"torque_nm": curve.final_torque_nm, "angle_deg": curve.final_angle_deg},
    }


def short_of(phrases: Phrases, language: str, say: str) -> str:
    """Key of a step's short name, where it has one."""
    short = f"{say}.short"
    return short if short in phrases.keys(language) else say


def _joint(joint: RecordJoint, phrases: Phrases, language: str) -> dict[str, Any]:
    words = {"person": joint.person, "reason": joint.reason} if joint.verdict == "accepted" else None
    return {
        "name": phrases.shown(language, "ui.joint", {"joint": joint.label}),
        "torque_nm": joint.torque_nm,
        "angle_deg": joint.angle_deg,
        "attempts": joint.attempts,
        "good": joint.good,
        "verdict": phrases.shown(language, f"ui.verdict.{joint.verdict}", words),
        "result": joint.result,
        "curve": joint.has_curve,
    }


def _lost(entry: LostNote, phrases: Phrases, language: str) -> str:
    return phrases.shown(language, "ui.record.lost_results", {"results": entry.results, "serial": entry.serial})
