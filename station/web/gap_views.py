"""The supervisor's word for the technician: the gap, the protective distance with each term, and the reaction time."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

from station.config.phrases import Phrases
from station.motion.separation import Terms
from station.runtime.arm_desk import ArmView

SYMBOLS = {
    "person_mm": "S_h",
    "robot_mm": "S_r",
    "stopping_mm": "S_s",
    "intrusion_mm": "C",
    "person_doubt_mm": "Z_d",
    "robot_doubt_mm": "Z_r",
}
"""Term -> its letters in ISO/TS 15066, 5.5.4."""


def gap_view(view: ArmView, phrases: Phrases, language: str) -> dict[str, Any]:
    """Level `off` where nobody supervises, or nothing was judged yet."""
    verdict = view.verdict
    level = verdict.level.value if verdict is not None else "off"
    shown: dict[str, Any] = {
        "level": level,
        "level_text": phrases.shown(language, f"ui.arm.level.{level}"),
        "parts": [
            {
                "name": _part(name, phrases, language),
                "count": part.count,
                "p50_ms": _ms(part.p50_s),
                "p99_ms": _ms(part.p99_s),
                "used_ms": _ms(part.used_s),
            }
            for name, part in view.reaction.items()
        ],
    }
    if verdict is None:
        return shown | {"judged": False, "reason": "", "terms": [], "distance_mm": None, "protective_mm": None}
    return shown | {
        "judged": verdict.judged,
        "reason": verdict.reason,
        "limit_percent": verdict.limit_percent,
        "link": verdict.link,
        "camera": verdict.camera,
        "distance_mm": _mm(verdict.distance_mm),
        "protective_mm": _mm(verdict.protective_mm),
        "terms": terms_view(verdict.terms, phrases, language),
        "speed_mm_s": _mm(verdict.speed_mm_s),
        "reaction_ms": _ms(verdict.reaction_s),
        "stopping_ms": _ms(verdict.stopping_s),
        "people_age_ms": _ms(verdict.people_age_s),
        "arm_age_ms": _ms(verdict.arm_age_s),
    }


def terms_view(terms: Terms | None, phrases: Phrases, language: str) -> list[dict[str, Any]]:
    """Each term with its letters, its name and its millimetres, in the formula's order."""
    if terms is None:
        return []
    return [
        {
            "symbol": SYMBOLS[field.name],
            "name": phrases.shown(language, f"ui.arm.term.{field.name}"),
            "mm": _mm(getattr(terms, field.name)),
        }
        for field in fields(terms)
    ]


def _part(name: str, phrases: Phrases, language: str) -> str:
    """`wait top` -> the part's name and the camera's."""
    part, _, camera = name.partition(" ")
    return phrases.shown(language, f"ui.arm.part.{part}", {"camera": camera})


def _mm(value: float | None) -> float | None:
    return None if value is None else round(float(value), 1)


def _ms(value_s: float | None) -> float | None:
    return None if value_s is None else round(value_s * 1000.0, 1)
