"""The teaching of checks for its page: examples by state, what came of the training, what is told now. Pure."""

from __future__ import annotations

from typing import Any

from station.config.phrases import Phrases
from station.runtime.eyes_desk import EyesView
from station.runtime.teach_view import TaughtNow, Trained
from station.web.fact_views import why_of
from vision.api import CheckObservation


def taught_view(checks: tuple[TaughtNow, ...], view: EyesView, phrases: Phrases, language: str) -> list[dict[str, Any]]:
    """A panel for each check."""
    return [
        {
            "check": check.check,
            "kind": phrases.shown(language, f"ui.eyes.teach.kind.{check.kind}"),
            "cameras": list(check.cameras),
            "states": [
                {
                    "state": state,
                    "examples": [
                        {"id": example.id, "camera": example.camera}
                        for example in check.examples
                        if example.state == state
                    ],
                }
                for state in check.states
            ],
            "training": check.training,
            "trained": [_trained(trained, phrases, language) for trained in check.trained],
            "told": _told(check.check, view, phrases, language),
        }
        for check in checks
    ]


def _trained(trained: Trained, phrases: Phrases, language: str) -> dict[str, Any]:
    usable = "usable" if trained.usable else "unusable"
    return {
        "camera": trained.camera,
        "usable": trained.usable,
        "verdict": phrases.shown(language, f"ui.eyes.teach.{usable}", {"camera": trained.camera}),
        "why": trained.why,
        "model": trained.model,
        "confusions": [
            phrases.shown(
                language,
                "ui.eyes.teach.confusion",
                {"state": each.state, "told": each.told, "count": str(each.count), "of": str(each.of)},
            )
            for each in trained.confusions
        ],
    }


def _told(check: str, view: EyesView, phrases: Phrases, language: str) -> list[dict[str, Any]]:
    """What each camera's newest picture says, where it is not old."""
    found = []
    for camera in view.cameras:
        if camera.newest is None or view.t_mono_s - camera.newest.t_mono_s > view.stale_s:
            continue
        found += [
            {"camera": camera.name, "state": said.state, "text": _said(said, phrases, language)}
            for said in camera.newest.checks
            if said.check == check
        ]
    return found


def _said(said: CheckObservation, phrases: Phrases, language: str) -> str:
    if not said.state:
        return why_of(said.reason, phrases, language)
    return f"{said.state} ({said.score:.2f})"
