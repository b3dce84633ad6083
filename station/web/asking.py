"""What a page may ask for, and whether it still makes sense: asked against the screen as it is now."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter

from station.core.events import (
    FaultAcknowledged,
    HelpAnswered,
    HelpRequested,
    LanguageChosen,
    PauseRequested,
    PersonConfirmed,
    ReachChosen,
    ResumeRequested,
    RightUsed,
    VisitAbandoned,
)
from station.core.procedure import ROLE_RANK, Reach, Right, Role
from station.core.screen import Screen
from station.web.desk import PersonEvent
from station.web.people import Session

Text = Annotated[str, Field(max_length=200)]
CLAIM_S = 2.0
"""How long an accepted answer keeps others out while the screen still asks: the loop answers in milliseconds."""


class _Ask(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)

    visit: Text = ""
    """The visit that the page shows: an answer meant for another visit counts for nothing."""


class Confirm(_Ask):
    """Yes to a step's question."""

    do: Literal["confirm"]
    step: Text
    what: Text


class Acknowledge(_Ask):
    """A fault has been seen, or mended."""

    do: Literal["acknowledge"]
    code: Text
    reason: Text = ""


class Plain(_Ask):
    """What needs no more words."""

    do: Literal["pause", "resume", "help", "help_answered"]


class Language(_Ask):
    """The visitor's language, now or for a visit that begins."""

    do: Literal["language", "begin"]
    language: Text


class ChooseReach(_Ask):
    """How high the visitor wants things to be brought."""

    do: Literal["reach"]
    reach: Literal["low", "middle", "high"]


class Abandon(_Ask):
    """End the visit early."""

    do: Literal["abandon"]
    reason: Text


class UseRight(_Ask):
    """Do what only technicians may."""

    do: Literal["use_right"]
    right: Literal["loosen", "accept_result", "undo"]
    subject: Text
    """Joint, or the step to take back."""
    reason: Text


Ask = Confirm | Acknowledge | Plain | Language | ChooseReach | Abandon | UseRight
ASKS: TypeAdapter[Ask] = TypeAdapter(Annotated[Ask, Field(discriminator="do")])


class Verdict(StrEnum):
    """What comes of it."""

    ACCEPTED = "accepted"
    STALE = "stale"
    """The screen no longer asks for this."""
    FORBIDDEN = "forbidden"
    """Somebody of a higher role must say so."""
    REASON_MISSING = "reason_missing"
    """The person may say so, but not without a reason."""


def judge(screen: Screen, ask: Ask, who: Session) -> Verdict:
    """Whether `ask` fits the screen and the person may say it. A pause is never refused."""
    if isinstance(ask, Plain) and ask.do == "pause":
        return Verdict.ACCEPTED
    if ask.visit and ask.visit != screen.visit_id:
        return Verdict.STALE
    match ask:
        case Confirm():
            return _confirm(screen, ask, who)
        case Acknowledge():
            return _acknowledge(screen, ask, who)
        case Plain(do="help_answered"):
            return _by(Role.QUALIFIED, who, screen.help_called)
        case Plain(do="resume"):
            return _by(Role.VISITOR, who, screen.paused)
        case Language(do="begin"):
            return _by(Role.VISITOR, who, screen.phase != "running")
        case ChooseReach():
            return _by(Role.VISITOR, who, screen.phase == "running")
        case Abandon():
            return _for_a_reason(_by(Role.TECHNICIAN, who, screen.phase == "running"), ask.reason)
        case UseRight():
            return _for_a_reason(_by(Role.TECHNICIAN, who, _is_offered(screen, ask)), ask.reason)
        case _:
            return Verdict.ACCEPTED


def event_of(ask: Ask, who: Session) -> PersonEvent | None:
    """The core's event for it; None for beginning a visit, which is no event of a person but a start document."""
    match ask:
        case Confirm():
            return PersonConfirmed(step=ask.step, what=ask.what, role=who.role, person=who.person)
        case Acknowledge():
            return FaultAcknowledged(code=ask.code, role=who.role, person=who.person, reason=ask.reason)
        case Plain(do="pause"):
            return PauseRequested(person=who.person)
        case Plain(do="resume"):
            return ResumeRequested(person=who.person)
        case Plain(do="help"):
            return HelpRequested()
        case Plain():
            return HelpAnswered(person=who.person)
        case Language(do="language"):
            return LanguageChosen(language=ask.language)
        case Language():
            return None
        case ChooseReach():
            return ReachChosen(reach=Reach(ask.reach))
        case Abandon():
            return VisitAbandoned(person=who.person, reason=ask.reason)
        case UseRight():
            return RightUsed(
                right=Right(ask.right), subject=ask.subject, role=who.role, person=who.person, reason=ask.reason
            )


class Claims:
    """Of several people who answer the same question in the same moment, one is first; the others are late."""

    def __init__(self, now_s: Callable[[], float]) -> None:
        self._now_s = now_s
        self._taken: dict[str, float] = {}

    def take(self, screen: Screen, ask: Ask) -> bool:
        """Whether this answer is the first. What can be said twice without harm is always first."""
        if not isinstance(ask, Confirm | Acknowledge | Abandon | UseRight) and ask.do != "begin":
            return True
        now_s = self._now_s()
        self._taken = {key: at_s for key, at_s in self._taken.items() if now_s - at_s < CLAIM_S}
        key = f"{screen.visit_id} {ask.model_dump_json(exclude={'visit', 'reason', 'language'})}"
        if key in self._taken:
            return False
        self._taken[key] = now_s
        return True


def _confirm(screen: Screen, ask: Confirm, who: Session) -> Verdict:
    held = screen.paused or any(fault.holds for fault in screen.faults)
    for question in screen.questions:
        if (question.step, question.what) == (ask.step, ask.what) and not held:
            return _by(Role(question.by), who, True)
    return Verdict.STALE


def _acknowledge(screen: Screen, ask: Acknowledge, who: Session) -> Verdict:
    verdict = Verdict.STALE
    for fault in screen.faults:
        if fault.code == ask.code and fault.clear_by in ("visitor", "technician"):
            found = _by(Role(fault.clear_by), who, fault.ready)
            found = _for_a_reason(found, ask.reason) if fault.clear_by == "technician" else found
            verdict = found if verdict is Verdict.STALE else verdict
    return verdict


def _is_offered(screen: Screen, ask: UseRight) -> bool:
    if screen.phase != "running":
        return False
    if ask.right == "undo":
        return ask.subject == screen.undoable != ""
    return any(fault.subject == ask.subject and ask.right in fault.rights for fault in screen.faults)


def _for_a_reason(verdict: Verdict, reason: str) -> Verdict:
    return verdict if verdict is not Verdict.ACCEPTED or reason.strip() else Verdict.REASON_MISSING


def _by(least: Role, who: Session, fits: bool) -> Verdict:
    if not fits:
        return Verdict.STALE
    return Verdict.ACCEPTED if ROLE_RANK[who.role] >= ROLE_RANK[least] else Verdict.FORBIDDEN
