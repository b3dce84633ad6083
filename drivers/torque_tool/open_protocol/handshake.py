"""From an open line to a controller that is identified, whose tool is off, and that reports its results.

The order is 0001, disable, 0040, and the subscription to results (Open Protocol release 2.8.0, chapter 5). The tool is
disabled before anything else is asked: whatever enabled it before the line was lost, nobody vouches for it now. How it
is disabled and how results are subscribed to stands in the controller's profile.

Every revision begins at the highest that both sides have a table for and comes down on each refusal; where it ended is
remembered over the connections, because some controllers hang up after refusing one.
"""

from __future__ import annotations

from enum import StrEnum

from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.codes import (
    ALREADY_THERE,
    CLIENT_ALREADY_CONNECTED,
    CONNECTION_REJECTED,
    GENERIC_REVISION_UNSUPPORTED,
    REVISION_UNSUPPORTED,
)
from drivers.torque_tool.open_protocol.generic import GenericRequest, encode_generic, overall_extra
from drivers.torque_tool.open_protocol.messages import ACCEPTED, LAYOUTS, read
from drivers.torque_tool.open_protocol.profiles import PROFILES, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message

NUMBERED_REVISION = 6
"""From this revision of 0001 on, a controller may demand sequence numbers."""
HIGHEST_START = 7
_SPECIAL_REVISIONS = 900
"""Revisions from here on are other layouts, not newer ones."""


class Step(StrEnum):
    """What the handshake waits for."""

    LEAVE = "leave"
    START = "start"
    DISABLE = "disable"
    IDENTIFY = "identify"
    SUBSCRIBE = "subscribe"
    DONE = "done"
    FAILED = "failed"


def switching(profile: ControllerProfile, *, enable: bool) -> Message:
    """The message that enables or disables the tool. The number is that of the input function "tool disable"."""
    if profile.enables_by == 225:
        return Message(mid=225 if enable else 224, data=b"008")
    return Message(mid=43 if enable else 42)


def start_message(revision: int) -> Message:
    """0001. In revision 7 parameter 01 says 0: the controller shall demand its keep-alive, as in all others."""
    return Message(mid=1, revision=revision, data=b"010" if revision >= HIGHEST_START else b"")


def highest(profile: ControllerProfile, mid: int, answer: int) -> int:
    """The revision to begin with: the profile's, or the highest that has a table for the answer, if that is lower."""
    tables = [revision for known, revision in LAYOUTS if known == answer and revision < _SPECIAL_REVISIONS]
    spoken = profile.revisions.get(mid, 1)
    return spoken if mid in profile.only_highest else min(spoken, max(tables, default=1))


def first_start_revision(profile: ControllerProfile) -> int:
    """The revision of 0001 to begin with.

    Revision 6 brings sequence numbers and the station's id: it is asked for where the profile has a use for one of
    them, or where nothing else is spoken.
    """
    highest_revision = profile.revisions[1]
    if 1 in profile.only_highest or profile.numbers_messages or profile.needs_station_id:
        return highest_revision
    return min(highest_revision, NUMBERED_REVISION - 1)


class Handshake:
    """The errand that every connection begins with."""

    def __init__(self, profile: ControllerProfile, *, start_revision: int) -> None:
        self._profile = profile
        self._first_revisions = {
            Step.START: start_revision,
            Step.IDENTIFY: highest(profile, 40, 41),
            Step.SUBSCRIBE: highest(profile, 60, 61) if profile.results_by == 61 else 1,
        }
        self._revisions = dict(self._first_revisions)
        self._may_leave = True
        self.step = Step.FAILED
        self.failure = ""
        """Why it failed: one sentence, when `step` is FAILED."""
        self.identity: dict[str, str] = {}
        self.numbered = False
        """Whether the controller demands sequence numbers on this connection."""

    @property
    def result_revision(self) -> int:
        """The revision in which results are reported."""
        return self._revisions[Step.SUBSCRIBE]

    def begin(self) -> None:
        """Start on a fresh connection."""
        self.identity = {}
        self.failure = ""
        self.numbered = False
        self._may_leave = True
        self.step = Step.START

    def question(self, now_s: float) -> Ask | None:
        """The request of the present step."""
        if self.step in (Step.DONE, Step.FAILED):
            return None
        return Ask(message=self._message())

    def answer(self, message: Message, now_s: float) -> bool:
        """Take 0002, 0005 or 0041. Raises MessageError."""
        if message.mid == ACCEPTED:
            following = {Step.LEAVE: Step.START, Step.DISABLE: self._after_disable(), Step.SUBSCRIBE: Step.DONE}
            self.step = following.get(self.step, self.step)
            return True
        values = read(message)
        for name, value in values.items():
            if value is not None:
                self.identity.setdefault(name, str(value))
        if self.step is Step.START:
            self.identity["start_revision"] = str(message.revision)
            self.numbered = message.revision >= NUMBERED_REVISION and values.get("sequence_numbers") == 1
            self.step = Step.DISABLE
        elif self.step is Step.IDENTIFY:
            self.step = Step.SUBSCRIBE
        return True

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """Come down one revision, go on without it, or fail."""
        error = refusal.error
        lower = error in (REVISION_UNSUPPORTED, GENERIC_REVISION_UNSUPPORTED) and self._come_down()
        if lower:
            return
        if self.step is Step.LEAVE:
            self.step = Step.START
        elif self.step is Step.IDENTIFY:
            self.step = Step.SUBSCRIBE
        elif self.step is Step.START and error in (CLIENT_ALREADY_CONNECTED, CONNECTION_REJECTED) and self._may_leave:
            # The session that the controller believes in may be our own from before a restart: it is ended, once.
            self._may_leave = False
            self.step = Step.LEAVE
        elif self.step is Step.SUBSCRIBE and error in ALREADY_THERE:
            self.step = Step.DONE
        else:
            self._revisions = dict(self._first_revisions)
            self._fail(f"The tool controller {refusal.detail}; {self._advice(error)}.")

    def silence(self, detail: str) -> str:
        """Why nobody answers, when the present step explains it; else `detail`."""
        if self.step is Step.LEAVE:
            return "The tool controller says that another client is connected; disconnect that one."
        return detail

    def wrong_profile(self) -> str | None:
        """A sentence when the controller says that it is of another family than the profile; None when it does not."""
        told = self.identity.get("system_type", "0")
        fitting = [profile for profile in PROFILES.values() if str(profile.system_type) == told != "0"]
        if not fitting or self._profile in fitting:
            return None
        names = " or ".join(f'"{profile.name}" ({profile.title})' for profile in fitting)
        return (
            f"The tool controller says that it is of system type {told}, but the station file sets the profile"
            f' "{self._profile.name}"; set {names}.'
        )

    def _after_disable(self) -> Step:
        return Step.IDENTIFY if 40 in self._profile.revisions else Step.SUBSCRIBE

    def _message(self) -> Message:
        if self.step is Step.LEAVE:
            return Message(mid=3)
        if self.step is Step.DISABLE:
            return switching(self._profile, enable=False)
        revision = self._revisions[self.step]
        if self.step is Step.START:
            return start_message(revision)
        if self.step is Step.IDENTIFY:
            return Message(mid=40, revision=revision)
        if self._profile.results_by == 61:
            return Message(mid=60, revision=revision)
        request = GenericRequest(mid=self._profile.results_by, revision=revision, extra=overall_extra())
        return Message(mid=8, data=encode_generic(request))

    def _come_down(self) -> bool:
        revision = self._revisions.get(self.step, 1)
        if revision <= 1:
            return False
        if {Step.START: 1, Step.IDENTIFY: 40}.get(self.step) in self._profile.only_highest:
            return False
        self._revisions[self.step] = revision - 1
        return True

    def _advice(self, error: int | None) -> str:
        if error in (CLIENT_ALREADY_CONNECTED, CONNECTION_REJECTED):
            return "disconnect the other client"
        wrong = self.wrong_profile()
        if wrong is not None:
            return wrong[0].lower() + wrong[1:].rstrip(".")
        return (
            f'check its Open Protocol settings, and that "{self._profile.name}" is the right profile for it'
            " in the station file"
        )

    def _fail(self, why: str) -> None:
        self.step = Step.FAILED
        self.failure = why
