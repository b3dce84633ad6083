"""The arm's calibration as the page's script takes it: plain values, sentences in the page's language."""

from __future__ import annotations

from typing import Any

from station.config.artefact import Artefact
from station.config.phrases import Phrases
from station.web.bench_job import Doing, Question, Result, RobotView
from station.web.calibrate_verdicts import calibration_told, device_told


def robot_view(view: RobotView, phrases: Phrases, language: str) -> dict[str, Any]:
    """Everything that is to be shown. What the run says is in English, as the records have it."""
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
        "job": view.job,
        "board_on": phrases.shown(language, "ui.robot_run.board_on") if view.board_on else "",
        "results": [_result(result, phrases, language) for result in view.results],
    }


def _say(view: RobotView) -> str:
    doing, good = view.doing, all(result.good for result in view.results)
    if view.visit and doing is Doing.IDLE:
        return "ui.robot_run.say.visit"
    if doing is Doing.RUNNING:
        return f"ui.robot_run.say.{'moving' if view.moving else 'asks' if view.question else 'works'}"
    if doing is Doing.KEPT and view.job in ("check", "reference"):
        return f"ui.robot_run.say.{view.job}" if good else f"ui.robot_run.say.{view.job}_bad"
    if doing is Doing.RESULT and not good:
        return "ui.robot_run.say.result_bad"
    return f"ui.robot_run.say.{doing.value}"


def _question(question: Question, phrases: Phrases, language: str) -> dict[str, Any]:
    return {
        "number": question.number,
        "text": phrases.shown(language, f"ui.robot_run.ask.{question.what}", question.words),
        "answers": [
            {"answer": answer, "text": phrases.shown(language, f"ui.robot_run.answer.{answer}")}
            for answer in question.answers
        ],
    }


def _result(result: Result, phrases: Phrases, language: str) -> dict[str, Any]:
    words = {"kind": phrases.shown(language, f"ui.calibration.kind.{result.kind}"), "name": result.name}
    return {
        "id": result.id,
        "title": phrases.shown(language, "ui.robot_run.result", words),
        "good": result.good,
        "error": ""
        if result.error_mm is None
        else phrases.shown(language, "ui.robot_run.error", {"mm": f"{result.error_mm:.2f}"}),
        **_told(result, phrases, language),
    }


def _told(result: Result, phrases: Phrases, language: str) -> dict[str, str]:
    """`text` in the page's language where there are words for all of it, else in the record's."""
    source = result.source
    if source is None:
        return {"text": result.text, "language": "en"}
    if isinstance(source, Artefact):
        told = calibration_told(source, phrases, language)
    else:
        device = {"device": source.device, "kind": source.kind, "found": source.found}
        told = device_told(device, {**source.figures, "text": source.text, "advice": source.advice}, phrases, language)
    if told.language == language and (not told.advice or told.advice_language == language):
        return {"text": f"{told.text} {told.advice}".strip(), "language": language}
    return {"text": result.text, "language": "en"}
