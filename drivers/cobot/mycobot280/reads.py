"""Asking the arm: one question at a time, asked again when nothing comes, and how old an answer may be. Pure.

Only reads go through here; a command that moves the arm is never repeated. Replies carry no number, so an answer that
comes late looks like the answer to the question after it. `Asking` therefore keeps when each unanswered question was
asked and dates an answer by the *oldest* of them: an answer may be taken for older than it is, never for newer.

What every firmware answers is *essential*: unanswered, the line is given up. Anything else is asked once, or twice when
it was answered before, and no more on this line after it was never answered.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from drivers.cobot.mycobot280.protocol import Cmd, request

TIMEOUT_S = 0.15
"""A reply that comes at all comes within 30 ms (field report on the Atom firmware); the rest is for slow lines."""
TRIES = 5
OWED_S = 0.8
"""After this long an unanswered question no longer dates answers. Longer than the 500 ms that the document promises."""
ESSENTIAL = frozenset(
    (
        Cmd.SOFTWARE_VERSION,
        Cmd.IS_POWERED_ON,
        Cmd.GET_JOINT_MIN,
        Cmd.GET_JOINT_MAX,
        Cmd.ERROR_INFORMATION,
        Cmd.IS_MOVING,
        Cmd.GET_ANGLES,
    )
)
IN_VAIN = 3
"""So often without any answer, and the firmware does not know the question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """A read command with its arguments."""

    cmd: Cmd
    arguments: tuple[int, ...] = ()


class Asking:
    """The one question that is open, and the questions that are still owed an answer."""

    def __init__(self) -> None:
        self._owed: dict[Question, deque[float]] = {}
        self._in_vain: dict[Cmd, int] = {}
        self._known: set[Cmd] = set()
        self._tries = 0
        self._asked_s = 0.0
        self.open: Question | None = None
        """The question that waits for its answer."""

    def ask(self, question: Question, now_s: float) -> bytes:
        """Begin to ask; the bytes to send."""
        self.open = question
        self._tries = 0
        return self._send(question, now_s)

    def _send(self, question: Question, now_s: float) -> bytes:
        self._tries += 1
        self._asked_s = now_s
        self._owed.setdefault(question, deque()).append(now_s)
        return request(question.cmd, *question.arguments)

    def again(self, now_s: float) -> bytes:
        """The same question once more when its time is up, else nothing. One that is not essential is dropped."""
        if self.open is None or now_s < self._asked_s + TIMEOUT_S:
            return b""
        tries = TRIES if self.open.cmd in ESSENTIAL else 1 + (self.open.cmd in self._known)
        if self._tries < tries:
            return self._send(self.open, now_s)
        self.refused(self.open.cmd)
        return b""

    def give_up(self) -> None:
        """Let the next question come; what is owed may still arrive and is dated as ever."""
        self.open = None

    def refused(self, cmd: Cmd) -> None:
        """The arm does not answer this, or answers that it does not: the next question may come."""
        if self.open is not None and self.open.cmd == cmd and cmd not in ESSENTIAL:
            self.open = None
            self._in_vain[cmd] = self._in_vain.get(cmd, 0) + 1

    def answerable(self, question: Question) -> bool:
        """Whether this firmware is known, or may be hoped, to answer."""
        return question.cmd in self._known or self._in_vain.get(question.cmd, 0) < IN_VAIN

    def exhausted(self, now_s: float) -> bool:
        """Asked five times and not answered."""
        return self.open is not None and self._tries >= TRIES and now_s >= self._asked_s + TIMEOUT_S

    def deadline_s(self) -> float | None:
        """When the open question's time is up."""
        return None if self.open is None else self._asked_s + TIMEOUT_S

    def answered(self, question: Question, now_s: float) -> float | None:
        """An answer came: since when it holds at the earliest. None when nothing was asked, so it answers nothing."""
        owed = self._owed.get(question, deque())
        while owed and now_s >= owed[0] + OWED_S:
            owed.popleft()
        if not owed:
            return None
        self._known.add(question.cmd)
        if self.open == question:
            self.open = None
        return owed.popleft()
