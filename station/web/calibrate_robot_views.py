"""The arm's calibration as the page's script takes it: plain values, sentences in the page's language."""

from __future__ import annotations

from typing import Any

from station.config.artefact import Artefact
from station.config.phrases import Phrases
from station.web.calibrate_robot_desk import Doing, Question, RobotView


def robot_view(view: RobotView, phrases: Phrases, language: str) -> dict[str, Any]:
    """Everything that is to be shown. What the run says, and verdicts, are in English, as the records have them."""
    return {
        "doing": view.doing.value,
        "say": phrases.shown(language, _say(view)),
        "visit": view.visit,
        "person": view.person,
        "moving": view.moving,
        "question": None if view.question is None else _question(view.question, phrases, language),
        "taken": view.taken,
        "poses": view.poses,
        "progress": phrases.shown(
            language, "ui.robot_run.progress", {"taken": str(view.taken), "poses": str(view.poses)}
        )
        if view.poses
        else "",
        "refused": [
            {
                "where": phrases.shown(language, "ui.robot_run.refused_at", {"pose": str(pose), "camera": camera}),
                "why": why,
            }
            for pose, camera, why in view.refused
        ],
        "news": list(view.news),
        "cameras": [{"name": name, "number": number} for name, number in view.cameras.items()],
        "results": [_result(artefact, phrases, language) for artefact in view.artefacts],
        "good": bool(view.artefacts) and all(artefact.verdict.good for artefact in view.artefacts),
    }


def _say(view: RobotView) -> str:
    if view.visit and view.doing is Doing.IDLE:
        return "ui.robot_run.say.visit"
    if view.doing is Doing.RUNNING:
        return f"ui.robot_run.say.{'moving' if view.moving else 'asks' if view.question else 'works'}"
    if view.doing is Doing.RESULT and not all(artefact.verdict.good for artefact in view.artefacts):
        return "ui.robot_run.say.result_bad"
    return f"ui.robot_run.say.{view.doing.value}"


def _question(question: Question, phrases: Phrases, language: str) -> dict[str, Any]:
    return {
        "number": question.number,
        "text": phrases.shown(language, f"ui.robot_run.ask.{question.what}", question.words),
        "answers": [
            {"answer": answer, "text": phrases.shown(language, f"ui.robot_run.answer.{answer}")}
            for answer in question.answers
        ],
    }


def _result(artefact: Artefact, phrases: Phrases, language: str) -> dict[str, Any]:
    subject = {"kind": phrases.shown(language, f"ui.calibration.kind.{artefact.kind.value}"), "name": artefact.subject}
    error_mm = artefact.figures.get("error_at_part_95_mm")
    return {
        "id": artefact.id,
        "title": phrases.shown(language, "ui.robot_run.result", subject),
        "good": artefact.verdict.good,
        "error": ""
        if not isinstance(error_mm, int | float)
        else phrases.shown(language, "ui.robot_run.error", {"mm": f"{error_mm:.2f}"}),
        "text": f"{artefact.verdict.text} {artefact.verdict.advice}".strip(),
    }
