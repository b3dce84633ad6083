"""One fact in a technician's words: what it is, its value, since when, why nobody knows, and its figures. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from station.config.phrases import Phrases
from station.runtime.eyes_desk import EyesView
from vision.api import FactReading, FactValue

_FORMS: Mapping[str, re.Pattern[str]] = {
    "part_at": re.compile(r"part:(?P<part>[^@~]+)@(?P<place>.+)"),
    "part_near": re.compile(r"part:(?P<part>[^@~]+)~(?P<place>.+)"),
    "unit": re.compile(r"unit:(?P<part>.+)"),
    "hands": re.compile(r"hands:(?P<zone>.+)"),
    "fastener": re.compile(r"fastener:(?P<joint>.+)"),
    "check": re.compile(r"check:(?P<check>[^=]+)=(?P<state>.+)"),
    "tool": re.compile(r"tool:(?P<joint>.+)"),
    "code": re.compile(r"code"),
}
"""Names of facts as `station.core.facts` makes them."""
_UNITS: Mapping[str, tuple[str, int]] = {"_mm": (" mm", 1), "_deg": ("°", 1), "_s": (" s", 1), "_px": (" px", 1)}


def fact_view(
    reading: FactReading, view: EyesView, waited_for: tuple[str, ...], phrases: Phrases, language: str
) -> dict[str, Any]:
    """A row of the table. `waited_for` is what the step that is under way still misses."""
    known = phrases.keys(language)

    def words(key: str, otherwise: str, given: Mapping[str, str] | None = None) -> str:
        return phrases.shown(language, key, given) if key in known else otherwise

    name = reading.fact
    for kind, form in _FORMS.items():
        match = form.fullmatch(reading.fact)
        if match:
            name = words(f"ui.eyes.fact.{kind}", reading.fact, match.groupdict())
            break
    unknown = reading.value is FactValue.UNKNOWN
    reason = reading.text if unknown else ""
    since_s = view.since_s.get(reading.fact)
    return {
        "fact": reading.fact,
        "name": name,
        "waited": reading.fact in waited_for,
        "value": reading.value.value,
        "value_text": phrases.shown(language, f"ui.eyes.value.{reading.value}"),
        "text": "" if unknown else reading.text,
        "why": why_of(reason, phrases, language),
        "since_s": None if since_s is None else round(max(0.0, view.t_mono_s - since_s), 1),
        "age_s": round(max(0.0, view.t_mono_s - reading.t_mono_s), 2),
        "figures": [_figure(key, value, words) for key, value in reading.measures.items()],
    }


def why_of(reason: str, phrases: Phrases, language: str) -> str:
    """A reason of the eyes in the page's words; as the eyes say it where the phrases have none."""
    key = f"ui.eyes.why.{_slug(reason)}"
    return phrases.shown(language, key) if key in phrases.keys(language) else reason


def _figure(key: str, value: float, words: Any) -> dict[str, str]:
    """A figure with its label and unit: the suffix of its key says which."""
    ending = next((suffix for suffix in _UNITS if key.endswith(suffix)), "")
    unit, digits = _UNITS.get(ending, ("", 0 if float(value).is_integer() else 2))
    stem = key.removesuffix(ending)
    return {"label": words(f"ui.eyes.figure.{stem}", stem.replace("_", " ")), "text": f"{value:.{digits}f}{unit}"}


def _slug(reason: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", reason.lower()).strip("_")
