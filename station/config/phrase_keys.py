"""Which phrases the program itself asks for, and which words it gives each of them."""

from __future__ import annotations

from collections.abc import Mapping

from station.core.faults import FAULTS

_RESULT = frozenset({"joint", "torque", "angle", "id"})
_FAULT_WORDS: Mapping[str, frozenset[str]] = {
    "part.wrong": frozenset({"part", "wanted"}),
    "part.misplaced": frozenset({"part"}),
    "part.moved": frozenset({"part"}),
    "unit.unmeasured": frozenset({"part"}),
    "unit.refused": frozenset({"part", "detail"}),
    "order.wrong": frozenset({"joint", "wanted"}),
    "nut.missing": frozenset({"joint"}),
    "tightening.torque_low": _RESULT,
    "tightening.torque_high": _RESULT,
    "tightening.angle_high": _RESULT,
    "tightening.angle_low": _RESULT,
    "tightening.not_ok": _RESULT,
    "tightening.too_many": _RESULT,
    "tightening.already_tight": _RESULT,
    "tightening.loosen": _RESULT,
    "tightening.marked": _RESULT,
    "tightening.rework": frozenset({"joint"}),
    "result.wrong_pset": _RESULT,
    "tool.away": frozenset({"joint"}),
    "tool.elsewhere": frozenset({"joint"}),
    "result.unarmed": frozenset({"id"}),
    "result.duplicate": frozenset({"id"}),
    "result.other_work": _RESULT | {"what", "found", "wanted"},
    "result.loosened": frozenset({"id"}),
    "result.asked_back": _RESULT,
    "result.lost": frozenset({"first", "last", "joint"}),
    "tool.refused": frozenset({"detail"}),
    "tool.alarm": frozenset({"detail"}),
    "tool.no_identifier": frozenset({"detail"}),
    "tool.unverified": frozenset({"detail"}),
    "tool.unfit": frozenset({"joints", "id", "detail"}),
    "result.unverified": _RESULT,
    "robot.failed": frozenset({"detail"}),
    "robot.stopped": frozenset({"detail"}),
    "camera.lost": frozenset({"camera"}),
    "camera.frozen": frozenset({"camera"}),
    "camera.dark": frozenset({"camera"}),
    "camera.bright": frozenset({"camera"}),
    "camera.covered": frozenset({"camera"}),
    "camera.moved": frozenset({"camera"}),
    "camera.defocused": frozenset({"camera"}),
    "pass.unknown": frozenset({"text"}),
}
"""Words that come with a fault; a code that is not here comes without any."""

_PLAIN = ("visit.welcome", "visit.finished", "robot.moves")

_WITH_WORDS: Mapping[str, frozenset[str]] = {
    "tool.ready": frozenset({"joint"}),
    "tool.ready_to_loosen": frozenset({"joint"}),
    "tool.socket": frozenset({"socket", "joint"}),
}

SHOWN_ONLY = ("ui.", "service.")
"""Keys that begin so are never spoken, and need no reading. Nor are the technicians' sentences."""


def required_keys() -> Mapping[str, frozenset[str]]:
    """Key -> the words that may stand in its sentence."""
    faults = {
        f"fault.{code}.{reader}": _FAULT_WORDS.get(code, frozenset())
        for code in FAULTS
        for reader in ("visitor", "technician")
    }
    return {**faults, **dict.fromkeys(_PLAIN, frozenset()), **_WITH_WORDS}


def is_spoken(key: str) -> bool:
    """Whether the voice may be asked to say it."""
    return not key.startswith(SHOWN_ONLY) and not key.endswith((".technician", ".short"))
