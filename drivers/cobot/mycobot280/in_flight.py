"""All commands in flight that are no motion, each a `Work`: sent, confirmed, ended, failed. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from drivers.api import Outcome
from drivers.cobot.mycobot280.outgoing import Outgoing
from drivers.cobot.mycobot280.protocol import Cmd
from drivers.cobot.mycobot280.reads import Question
from drivers.cobot.mycobot280.telling import Telling
from drivers.cobot.mycobot280.works import Plan, Values, Work


class InFlight:
    """The works of one arm on one line."""

    def __init__(self, outgoing: Outgoing, telling: Telling) -> None:
        self._outgoing = outgoing
        self._telling = telling
        self._works: list[Work] = []

    def busy(self, lane: str) -> bool:
        """Whether a work of this lane is in flight."""
        return any(work.plan.lane == lane for work in self._works)

    def begin(self, command_id: str, plan: Plan, now_s: float) -> None:
        """Send the first stage."""
        work = Work(command_id, plan, now_s)
        self._works.append(work)
        self._send(work, now_s)

    def supersede(self, lane: str, now_s: float) -> None:
        """Another command takes the place of what is in flight in this lane."""
        for work in [work for work in self._works if work.plan.lane == lane]:
            self._works.remove(work)
            detail = "another command took its place; look at the arm"
            self._telling.failed(work.command_id, now_s, Outcome.UNKNOWN, "cobot.interrupted", detail)

    def wants(self, answerable: Callable[[Question], bool]) -> tuple[Question, ...]:
        """Everything that is still to be asked."""
        return tuple(question for work in self._works for question in work.wants(answerable))

    def answered(self, question: Question, values: Values, as_of_s: float) -> None:
        """An answer that holds since `as_of_s` or later."""
        for work in self._works:
            work.answered(question, values, as_of_s)

    def echoed(self, cmd: Cmd, accepted: bool) -> None:
        """An echo came: it is for the oldest work that waits for it."""
        any(work.echoed(cmd, accepted) for work in self._works)

    def posture(self, angles_deg: Sequence[float]) -> bool:
        """Where the arm is. False when it must be stopped."""
        return all(work.posture(angles_deg) for work in self._works)

    def advance(self, now_s: float) -> tuple[Work, ...]:
        """Send next stages and end what is over; the works that are confirmed."""
        confirmed = []
        for work in tuple(self._works):
            self._send(work, now_s)
            end = work.end(now_s)
            if end is None:
                continue
            self._works.remove(work)
            if end.code is None:
                confirmed.append(work)
                data = {work.plan.reports: work.told} if work.plan.reports else {}
                self._telling.done(work.command_id, now_s, data)
            else:
                self._telling.failed(work.command_id, now_s, end.outcome, end.code, end.detail)
        return tuple(confirmed)

    def _send(self, work: Work, now_s: float) -> None:
        for send in work.take_sends(now_s):
            self._outgoing.put(send.data(), work.command_id)

    def lost(self, now_s: float, reason: str) -> None:
        """The line is gone."""
        for work in self._works:
            unsent = work.first_stage and self._outgoing.holds(work.command_id)
            outcome = Outcome.REFUSED if unsent else Outcome.UNKNOWN
            self._telling.failed(work.command_id, now_s, outcome, "link.lost", reason)
        self._works.clear()

    def next_wake_s(self) -> float:
        """When the next one's time is up; infinity for never."""
        return min((work.next_wake_s() for work in self._works), default=math.inf)
