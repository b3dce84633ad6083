"""From the screen's keys and figures to what a page shows: sentences in its language, JSON-ready. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from station.config.phrases import Phrases
from station.core.screen import Screen, ScreenFault, ScreenInterlock
from station.web.desk import Caption
from station.web.record import OverrideNote, Rundown
from station.web.record_views import override_view, rundown_view, short_of

_WAIT = {
    "hands": "ui.wait.hands",
    "hands_clear": "ui.wait.hands",
    "separation": "ui.wait.separation",
    "fastener": "ui.wait.fastener",
    "check": "ui.wait.check",
    "tightening": "ui.wait.tightening",
    "confirmation": "ui.wait.confirmation",
    "pass_shown": "ui.wait.pass",
    "part_at": "ui.wait.part_at",
    "part_taken": "ui.wait.part_taken",
}


def words_of(phrases: Phrases, language: str) -> dict[str, str]:
    """The page's own labels in a language: key without `ui.` -> text. Those with gaps are filled by the views."""
    return {
        key.removeprefix("ui."): phrases.shown(language, key)
        for key in sorted(phrases.keys(language))
        if key.startswith("ui.")
    }


def kiosk_view(screen: Screen, phrases: Phrases, language: str, caption: Caption | None) -> dict[str, Any]:
    """What the visitor sees. `language` is the screen's own, or the station's before a visit."""

    def text(key: str, words: Mapping[str, str] | None = None) -> str:
        return phrases.shown(language, key, words)

    return {
        "phase": screen.phase,
        "outcome": screen.outcome,
        "visit": screen.visit_id,
        "language": language,
        "visitor": screen.visitor,
        "car": screen.car,
        "hello": text("ui.hello", {"visitor": screen.visitor}) if screen.visitor else "",
        "step": screen.step,
        "sentence": text(screen.say, screen.words),
        "picture": screen.picture,
        "part": _part(screen),
        "picture_text": text(f"ui.picture.{screen.picture}"),
        "steps": [
            {"id": step.id, "label": text(short_of(phrases, language, step.say)), "status": step.status}
            for step in screen.steps
        ],
        "step_of": _step_of(screen, phrases, language),
        "joints": [
            {
                "id": joint.id,
                "label": joint.label,
                "name": text("ui.joint", {"joint": joint.label}),
                "status": joint.status,
                "status_text": text(f"ui.joint.{joint.status}"),
                "torque_nm": joint.torque_nm,
                "angle_deg": joint.angle_deg,
            }
            for joint in screen.joints
        ],
        "faults": [_fault(fault, phrases, language) for fault in screen.faults],
        "questions": [
            {"step": question.step, "what": question.what, "by": question.by, "text": text(question.what)}
            for question in screen.questions
        ],
        "waiting": _waiting(screen, phrases, language),
        "interlock": _stations(screen, phrases, language),
        "reach": screen.reach,
        "robot": screen.robot,
        "robot_text": text(f"ui.robot.{screen.robot}"),
        "tool": screen.tool,
        "tool_text": text(f"ui.tool.{screen.tool}"),
        "paused": screen.paused,
        "help_called": screen.help_called,
        "caption": _caption(caption),
    }


def console_view(
    screen: Screen,
    phrases: Phrases,
    language: str,
    *,
    cameras: tuple[str, ...],
    rundowns: tuple[Rundown, ...],
    overrides: tuple[OverrideNote, ...],
) -> dict[str, Any]:
    """What a technician sees."""
    undone = next((step.say for step in screen.steps if step.id == screen.undoable), "")
    short = phrases.shown(language, short_of(phrases, language, undone)) if undone else ""
    return {
        "phase": screen.phase,
        "outcome": screen.outcome,
        "visit": screen.visit_id,
        "language": language,
        "visitor": screen.visitor,
        "car": screen.car,
        "step": screen.step,
        "sentence": phrases.shown(language, screen.say, screen.words),
        "waiting_for": list(screen.waiting_for),
        "devices": [
            {
                "name": name,
                "good": there,
                "text": phrases.shown(language, f"ui.console.{'connected' if there else 'away'}"),
            }
            for name, there in screen.devices.items()
        ],
        "cameras": [_camera(name, screen, phrases, language) for name in cameras],
        "faults": [_fault(fault, phrases, language) for fault in screen.faults],
        "joints": [
            {"name": phrases.shown(language, "ui.joint", {"joint": joint.label}), "status": joint.status}
            | {"torque_nm": joint.torque_nm, "angle_deg": joint.angle_deg}
            | {"status_text": phrases.shown(language, f"ui.joint.{joint.status}")}
            for joint in screen.joints
        ],
        "interlock": _conditions(screen.interlock, phrases, language),
        "health": [{"device": note.device, "code": note.code, "detail": note.detail} for note in screen.health],
        "rundowns": [rundown_view(rundown, phrases, language) for rundown in rundowns],
        "overrides": [override_view(entry, phrases, language) for entry in overrides],
        "undo": {"step": screen.undoable, "text": phrases.shown(language, "ui.right.undo", {"step": short})}
        if undone
        else None,
        "paused": screen.paused,
        "help_called": screen.help_called,
    }


def _part(screen: Screen) -> str:
    """Phrase key of the ordered part, for the drawings; empty before the order is known."""
    keys = (word[1:] for word in screen.words.values() if word.startswith("@part."))
    return next(keys, "")


def _step_of(screen: Screen, phrases: Phrases, language: str) -> str:
    for number, step in enumerate(screen.steps, start=1):
        if step.id == screen.step:
            return phrases.shown(language, "ui.step_of", {"number": str(number), "total": str(len(screen.steps))})
    return ""


def _fault(fault: ScreenFault, phrases: Phrases, language: str) -> dict[str, Any]:
    return {
        "code": fault.code,
        "number": phrases.shown(language, "ui.fault.number", {"number": fault.number}),
        "subject": fault.subject,
        "holds": fault.holds,
        "clear_by": fault.clear_by,
        "ready": fault.ready,
        "rights": [{"right": right, "text": phrases.shown(language, f"ui.right.{right}")} for right in fault.rights],
        "visitor": phrases.shown(language, f"fault.{fault.code}.visitor", fault.words),
        "technician": phrases.shown(language, f"fault.{fault.code}.technician", fault.words),
    }


def _waiting(screen: Screen, phrases: Phrases, language: str) -> list[str]:
    """The missing evidence in the visitor's words, each once. That the robot is on its way is no task of theirs, and of
    a tightening that can begin the interlock says more."""
    labels = {joint.id: joint.label for joint in screen.joints}
    sentences: list[str] = []
    for missing in screen.waiting_for:
        kind, _, rest = missing.partition(":")
        key = _WAIT.get(kind, "ui.wait.look")
        if kind == "part":
            key = "ui.wait.part_at" if rest.partition("@")[2] not in ("", _tray(rest)) else "ui.wait.part_taken"
        if kind != "robot" and not (kind == "tightening" and screen.interlock is not None):
            sentences.append(phrases.shown(language, key, {"joint": labels.get(rest, rest)}))
    return list(dict.fromkeys(sentences))


def _stations(screen: Screen, phrases: Phrases, language: str) -> list[dict[str, Any]]:
    """The conditions of the trigger in their order, the first that is missing with what to do; at last the trigger.

    Empty while no joint is due, or something holds the work: then that comes first.
    """
    lock = screen.interlock
    if lock is None or screen.paused or any(fault.holds for fault in screen.faults):
        return []
    words = {"socket": lock.socket, "joint": lock.joint}
    kinds = [kind for kind in ("socket", "position", "enable") if kind != "socket" or lock.socket]
    # The trigger is what the last condition turns into when all are there.
    due = kinds.index(lock.missing) if lock.missing else len(kinds) - 1
    stations = []
    for number, kind in enumerate(kinds):
        status = "later" if number > due else "done" if number < due else "now" if lock.missing else "go"
        shown = "pull" if status == "go" else kind
        key = f"ui.interlock.do.{shown}" if number == due else f"ui.interlock.{kind}"
        stations.append({"kind": shown, "status": status, "text": phrases.shown(language, key, words)})
    return stations


def _conditions(lock: ScreenInterlock | None, phrases: Phrases, language: str) -> list[dict[str, Any]]:
    """The interlock for technicians: every condition, there or missing, whatever else holds the work."""
    if lock is None:
        return []
    there = {"socket": lock.socket_there, "position": lock.position_there, "enable": lock.enabled}
    return [
        {
            "name": phrases.shown(language, f"ui.console.lock.{kind}", {"socket": lock.socket, "joint": lock.joint}),
            "good": good,
            "text": phrases.shown(language, f"ui.console.{'there' if good else 'missing'}"),
        }
        for kind, good in there.items()
        if kind != "socket" or lock.socket
    ]


def _tray(fact: str) -> str:
    """The place of a part's fact when it is in the tray: taking it away is then what is waited for."""
    place = fact.partition("@")[2]
    return place if place.startswith("tray") else ""


def _camera(name: str, screen: Screen, phrases: Phrases, language: str) -> dict[str, Any]:
    code = screen.bad_cameras.get(name, "")
    state = f"fault.{code}.technician" if code else "ui.console.good"
    return {"name": name, "good": not code, "text": phrases.shown(language, state, {"camera": name})}


def _caption(caption: Caption | None) -> dict[str, Any] | None:
    if caption is None:
        return None
    wav = f"/speech/{caption.utterance}.wav" if caption.by_page else None
    return {"utterance": caption.utterance, "text": caption.text, "priority": caption.priority, "wav": wav}
