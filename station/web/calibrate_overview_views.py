"""The calibrations for their page: one row each, the daily check's devices, and the drift to draw. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import numpy as np

from calibration.daily.check import METHOD as DAILY_CHECK
from calibration.daily.check import drift_of
from calibration.daily.drift import standardised
from calibration.report.standing import NO_HELD_OUT, Standing
from station.config.artefact import Artefact, Kind
from station.config.phrases import Phrases
from station.web.calibrate_verdicts import Told, calibration_told, device_told

LATEST = 60
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


def overview(
    found: Sequence[Standing],
    station: str,
    now: datetime,
    phrases: Phrases,
    language: str,
    refusal: str,
    checked: Mapping[str, Kind],
) -> dict[str, Any]:
    """Everything on the page. `refusal` is why nothing may be changed now, empty when it may; `checked` is each device
    of which a whole daily check speaks.
    """
    daily = next((each for each in found if each.kind is Kind.DAILY and each.subject == station), None)
    checks = [each for each in daily.history if each.method == DAILY_CHECK] if daily is not None else []
    return {
        "rows": [
            _row(each, now, phrases, language)
            for each in found
            if each.kind is not Kind.DAILY and each.artefact is not None
        ],
        "daily": _daily(checks[-1], daily, now, phrases, language, checked) if checks and daily is not None else None,
        "drift": _drift(checks),
        "referenced": any(each.kind is Kind.DAILY and each.subject != station for each in found),
        "series": _verified_series(found),
        "refusal": refusal,
    }


def _verified_series(found: Sequence[Standing]) -> list[str]:
    """Joint types of which a test rundown can be compared."""
    tool = next((each.artefact for each in found if each.kind is Kind.TORQUE and each.artefact is not None), None)
    series = tool.figures.get("series") if tool is not None else None
    return sorted(series) if isinstance(series, dict) else []


def _row(standing: Standing, now: datetime, phrases: Phrases, language: str) -> dict[str, Any]:
    artefact = standing.artefact
    assert artefact is not None
    name = phrases.shown(language, f"ui.calibration.kind.{standing.kind}")
    return {
        "kind": str(standing.kind),
        "subject": standing.subject,
        "title": f"{name}: {standing.subject}",
        "verdict": "good" if standing.good else "open" if standing.code == NO_HELD_OUT else "bad",
        "why": phrases.shown(language, f"ui.calibration.why.{standing.code.split('.')[-1]}") if standing.code else "",
        **_told(calibration_told(artefact, phrases, language), f"{artefact.verdict.text} {artefact.verdict.advice}"),
        "age": _age(artefact.made_utc, now, phrases, language),
        "by": artefact.by,
        "expires": _day(artefact.expires_utc),
        "uses": artefact.expires_count,
        "id": artefact.id,
        "earlier": [
            {"id": line.id, "utc": _day(line.utc), "by": line.by, "why": line.why} for line in _latest_lines(standing)
        ],
    }


def _latest_lines(standing: Standing) -> list[Any]:
    """The newest log line of each earlier artefact, newest first."""
    newest = {line.id: line for line in standing.log}
    return [newest[identity] for identity in standing.earlier()]


def _daily(
    check: Artefact,
    standing: Standing,
    now: datetime,
    phrases: Phrases,
    language: str,
    wanted: Mapping[str, Kind],
) -> dict[str, Any]:
    listed = check.result.get("devices")
    devices = listed if isinstance(listed, list) else []
    missing = _not_done(devices, wanted, phrases, language)
    return {
        "whole": not missing,
        "good": check.verdict.good,
        "current": standing.good,
        "age": _age(check.made_utc, now, phrases, language),
        "by": check.by,
        "expires": _stamp(check.expires_utc),
        "devices": [
            _device(each, check.figures.get(str(each.get("device"))), phrases, language)
            for each in devices
            if isinstance(each, dict)
        ]
        + missing,
    }


def _device(device: Mapping[str, Any], figures: Any, phrases: Phrases, language: str) -> dict[str, Any]:
    """One device's verdict in the page's language, with the sentences of its file where they are others."""
    given = figures if isinstance(figures, dict) else {}
    told = device_told(device, given, phrases, language)
    return {
        "device": str(device.get("device")),
        "good": bool(device.get("good")),
        "found": str(device.get("found")),
        **_told(told, f"{given.get('text', '')} {given.get('advice', '')}"),
    }


def _not_done(devices: Sequence[Any], wanted: Mapping[str, Kind], phrases: Phrases, language: str) -> list[Any]:
    """What a check of this station has to speak of, and this one does not: never taken for good."""
    spoken = {each.get("device") for each in devices if isinstance(each, dict)}
    return [
        {
            "device": name,
            "good": False,
            "found": "not_done",
            "text": phrases.shown(
                language,
                "ui.calibration.not_done",
                {"kind": f"@ui.calibration.kind.{kind}", "name": name},
            ),
            "advice": "",
            "text_language": language,
            "advice_language": language,
            "filed": "",
        }
        for name, kind in wanted.items()
        if name not in spoken
    ]


def _told(told: Told, filed: str) -> dict[str, str]:
    """`filed` are the file's own sentences."""
    own = told.language == told.advice_language == "en" and filed.strip() == f"{told.text} {told.advice}".strip()
    return {
        "text": told.text,
        "advice": told.advice,
        "text_language": told.language,
        "advice_language": told.advice_language,
        "filed": "" if own else filed.strip(),
    }


def _drift(checks: Sequence[Artefact]) -> list[dict[str, Any]]:
    """A line a device since the newest reference: each check and the slow mean, as shares of their limits."""
    if not checks:
        return []
    reference = checks[-1].inputs.get("reference", "")
    shown = [check for check in checks if check.inputs.get("reference") == reference][-LATEST:]
    lines = []
    for device in dict.fromkeys(name for check in shown for name in check.figures):
        points = []
        for check in shown:
            figures = check.figures.get(device)
            statistic, limit = (figures.get("statistic"), figures.get("limit")) if isinstance(figures, dict) else (0, 0)
            if isinstance(statistic, int | float) and isinstance(limit, int | float) and limit:
                points.append({"utc": _stamp(check.made_utc), "value": round(float(np.sqrt(statistic / limit)), 3)})
        slow = [round(standardised(point), 3) for point in drift_of(shown, device, reference)]
        if points:
            lines.append({"device": device, "checks": points, "slow": slow})
    return lines


def _age(utc: str, now: datetime, phrases: Phrases, language: str) -> str:
    seconds = max(0.0, (now - datetime.fromisoformat(utc)).total_seconds())
    for unit, length in (("days", DAY), ("hours", HOUR), ("minutes", MINUTE)):
        if seconds >= 2 * length:
            return phrases.shown(language, f"ui.calibration.ago.{unit}", {"figure": f"{seconds / length:.0f}"})
    return phrases.shown(language, "ui.calibration.ago.now")


def _day(utc: str) -> str:
    return f"{datetime.fromisoformat(utc):%Y-%m-%d}" if utc else ""


def _stamp(utc: str) -> str:
    return f"{datetime.fromisoformat(utc):%Y-%m-%d %H:%M}" if utc else ""
