"""A command that is no motion: what is sent, once, and by which reads it is seen to have taken effect. Pure.

A `Work` has stages; the next stage is sent when the arm has confirmed the one before. A check counts when it passes in
two answers in a row that were asked for after the stage was sent: a frame has no checksum, and an echo says only that
the command was heard.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.api import Outcome
from drivers.cobot.mycobot280.joint_path import largest
from drivers.cobot.mycobot280.protocol import Cmd, request
from drivers.cobot.mycobot280.reads import Question

AGREE = 2
HOLDING_S = 0.6
"""So long the posture is watched at least after the joints were told to hold."""
HELD_DEG = 5.0
"""A joint that turns further than this while it takes hold is not holding."""

Values = tuple[float, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One set command, sent once."""

    cmd: Cmd
    values: Values = ()

    def data(self) -> bytes:
        """Its bytes. Raises CommandError for values that do not fit."""
        return request(self.cmd, *self.values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """What an answer must say."""

    question: Question
    accepts: Callable[[Values], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Sent together, then checked."""

    sends: tuple[Send, ...]
    checks: tuple[Check, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What a command needs."""

    stages: tuple[Stage, ...]
    limit_s: float
    code: str
    """When it is not confirmed in time."""
    detail: str
    lane: str
    """One work at a time in each lane."""
    needs_echo: bool = False
    """It can only be confirmed by the echo of newer firmware."""
    holds: bool = False
    """The joints must stay where they are meanwhile."""
    reports: str = ""
    """Under this name the last checked value is told when it is done."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkEnd:
    """How it ended. `code` is None when it is confirmed."""

    code: str | None = None
    detail: str = ""
    outcome: Outcome = Outcome.UNKNOWN


class Work:
    """One such command in flight."""

    def __init__(self, command_id: str, plan: Plan, now_s: float) -> None:
        self.command_id = command_id
        self.plan = plan
        self.told = ""
        """What the last checked answer said."""
        self._stages = deque(plan.stages)
        self._limit_s = now_s + plan.limit_s
        self._sent_s = math.inf
        self._open: dict[Check, int] = {}
        self._unechoed: list[Cmd] = []
        self._stages_begun = 0
        self._accepted = 0
        self._held_deg: Values | None = None
        self._end: WorkEnd | None = None
        self._objection = ""

    @property
    def first_stage(self) -> bool:
        """Nothing but its first stage has been handed out."""
        return self._stages_begun == 1

    def take_sends(self, now_s: float) -> tuple[Send, ...]:
        """The next stage's commands when the stage before is confirmed; whoever takes them sends them."""
        if not self._stages or self._open or self._end is not None:
            return ()
        stage = self._stages.popleft()
        self._stages_begun += 1
        self._sent_s = now_s
        self._open = dict.fromkeys(stage.checks, 0)
        # A stop is sent for safety's sake; its echo may be that of another stop.
        self._unechoed += [send.cmd for send in stage.sends if send.cmd is not Cmd.STOP]
        return stage.sends

    def wants(self, answerable: Callable[[Question], bool]) -> tuple[Question, ...]:
        """What is still to be asked. A check that this firmware cannot answer is dropped."""
        for check in [check for check in self._open if not answerable(check.question)]:
            del self._open[check]
        return tuple(check.question for check in self._open)

    def answered(self, question: Question, values: Values, as_of_s: float) -> None:
        """An answer that holds since `as_of_s` or later."""
        if as_of_s <= self._sent_s:
            return
        for check in [check for check in self._open if check.question == question]:
            self.told = ", ".join(f"{value:g}" for value in values)
            accepted = check.accepts(values)
            self._open[check] = self._open[check] + 1 if accepted else 0
            if not accepted:
                self._objection = f" ({question.cmd.name.lower().replace('_', ' ')}: {self.told})"
            if self._open[check] >= AGREE:
                del self._open[check]

    def echoed(self, cmd: Cmd, accepted: bool) -> bool:
        """An echo came. False when it is not for this work."""
        if cmd not in self._unechoed:
            return False
        self._unechoed.remove(cmd)
        if accepted:
            self._accepted += 1
        elif self._end is None:
            outcome = Outcome.UNKNOWN if self._accepted else Outcome.REFUSED
            self._end = WorkEnd(code="cobot.refused", detail=f"the arm refuses; {self.plan.detail}", outcome=outcome)
        return True

    def posture(self, angles_deg: Sequence[float]) -> bool:
        """Where the arm is. False when it must be stopped: it moves although it is to hold its place."""
        if not self.plan.holds or self._end is not None:
            return True
        if self._held_deg is None:
            self._held_deg = tuple(angles_deg)
        if largest(self._held_deg, angles_deg) <= HELD_DEG:
            return True
        detail = "the arm moved when its joints took hold, and was stopped; keep clear and look where it stands"
        self._end = WorkEnd(code="cobot.moved", detail=detail)
        return False

    def end(self, now_s: float) -> WorkEnd | None:
        """How it ended, or None while it goes on."""
        if self._end is not None:
            return self._end
        held = not self.plan.holds or now_s >= self._sent_s + HOLDING_S
        if held and not (self._stages or self._open or (self.plan.needs_echo and self._unechoed)):
            return WorkEnd()
        if now_s >= self._limit_s:
            return WorkEnd(code=self.plan.code, detail=self.plan.detail + self._objection)
        return None

    def next_wake_s(self) -> float:
        """When its time is up, or it has been watched for long enough."""
        return min(self._limit_s, self._sent_s + HOLDING_S) if self.plan.holds and not self._open else self._limit_s
