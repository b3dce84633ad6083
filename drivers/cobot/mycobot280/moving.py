"""The lane of motion: one motion at a time, and the stop that overtakes everything. Pure.

`Motion` judges one motion, `Stopping` one stop. Here targets are sent, each once, and every command is told its end.
A motion that the arm's state has ended is failed with the code of that state and never taken up again from here.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Sequence

from drivers.api import MoveJoints, Outcome
from drivers.cobot.mycobot280.motion import Motion, Verdict
from drivers.cobot.mycobot280.outgoing import Outgoing
from drivers.cobot.mycobot280.protocol import Cmd, request
from drivers.cobot.mycobot280.reads import OWED_S
from drivers.cobot.mycobot280.stopping import UNSTOPPED, Stopping
from drivers.cobot.mycobot280.telling import Telling

REFUSED_WAIT_S = 0.7
"""How long the reason for a refusal is looked for before it is told without one."""


class Moving:
    """What the arm was told to do with its joints."""

    def __init__(self, outgoing: Outgoing, telling: Telling) -> None:
        self._outgoing = outgoing
        self._telling = telling
        self._unechoed: deque[tuple[Motion, float]] = deque()
        self._refused_s: float | None = None
        self.motion: Motion | None = None
        """The motion under way."""
        self.stopping: Stopping | None = None
        """The stop under way."""

    @property
    def busy(self) -> bool:
        """Whether the arm moves or is being stopped by us."""
        return self.motion is not None or self.stopping is not None

    def begin(self, command: MoveJoints, start_deg: Sequence[float], limit_percent: int, now_s: float) -> None:
        """Send the first target; the command was checked before."""
        self.motion = Motion(command, start_deg, limit_percent, now_s)
        self._refused_s = None
        self.go_on(now_s)

    def go_on(self, now_s: float) -> None:
        """Send the next target when it is time for it."""
        motion = self.motion
        if motion is None or self._refused_s is not None:
            return
        target = motion.next_target(now_s)
        if target is not None:
            data = request(Cmd.SEND_ANGLES, *target.angles_deg, target.speed_percent)
            self._outgoing.put(data, motion.command.command_id)
            self._forget_echoes(now_s)
            self._unechoed.append((motion, now_s))

    def _forget_echoes(self, now_s: float) -> None:
        """Those that are too late to come, as all are from a firmware that does not acknowledge."""
        while self._unechoed and now_s >= self._unechoed[0][1] + OWED_S:
            self._unechoed.popleft()

    def echoed(self, accepted: bool, now_s: float) -> bool:
        """The arm has echoed a target. False when it refuses the motion under way: look at once why."""
        self._forget_echoes(now_s)
        if not self._unechoed:
            return True
        motion, _ = self._unechoed.popleft()
        if accepted or motion is not self.motion:
            return True
        self._refused_s = now_s
        if motion.sent > 1:
            self._outgoing.stop()
        return False

    def judge(self, now_s: float, blocked: tuple[str, str] | None, error: str) -> None:
        """End the motion when it is over. `blocked`: what stops the arm, code and sentence; `error`: its own words."""
        motion = self.motion
        if motion is None:
            return
        verdict = motion.verdict(now_s)
        if verdict is not None and verdict.code is None and self._refused_s is None:
            self.motion = None
            self._telling.done(motion.command.command_id, now_s)
            return
        if blocked is not None:
            verdict = Verdict(code=blocked[0], detail=blocked[1])
        elif self._refused_s is not None and (verdict is None or verdict.code is None):
            words = "the arm refuses to move; check that its servos have power and move it again"
            late = now_s >= self._refused_s + REFUSED_WAIT_S
            verdict = Verdict(code="cobot.refused", detail=words) if late else None
        if verdict is not None and verdict.code is not None:
            self._end(motion, verdict.code, verdict.detail + error, now_s)

    def _end(self, motion: Motion, code: str, detail: str, now_s: float) -> None:
        """Fail a motion. Nothing happened when its only target was refused, and unless the arm moved all the same."""
        self.motion = None
        nothing = self._refused_s is not None and motion.sent == 1 and not motion.begun
        outcome = Outcome.REFUSED if nothing else Outcome.UNKNOWN
        self._telling.failed(motion.command.command_id, now_s, outcome, code, detail)
        if not nothing:
            self.stop(None, now_s)

    def stop(self, command_id: str | None, now_s: float) -> None:
        """Put a stop in front of everything, and end the motion. A target that has not left yet does not leave."""
        if self.motion is not None:
            motion, self.motion = self.motion, None
            unsent = motion.sent == 1 and self._outgoing.holds(motion.command.command_id)
            outcome = Outcome.REFUSED if unsent else Outcome.UNKNOWN
            detail = "a stop ended the motion; look where the arm stands before it moves again"
            self._telling.failed(motion.command.command_id, now_s, outcome, "cobot.interrupted", detail)
        self._outgoing.stop()
        waiting = [] if self.stopping is None else self.stopping.command_ids
        self.stopping = Stopping(now_s, waiting if command_id is None else [*waiting, command_id], self.stopping)

    def posture(self, angles_deg: Sequence[float], as_of_s: float, now_s: float) -> None:
        """A believed posture."""
        if self.motion is not None:
            self.motion.angles(angles_deg, as_of_s, now_s)
            self.go_on(now_s)

    def reported(self, moving: bool, as_of_s: float, now_s: float) -> None:
        """A reported "is moving"."""
        if self.motion is not None:
            self.motion.moving(moving, as_of_s)
        if self.stopping is not None and self.stopping.rests(moving, as_of_s):
            for command_id in self.stopping.command_ids:
                self._telling.done(command_id, now_s)
            self.stopping = None

    def press(self, now_s: float) -> str:
        """Send a stop again while the arm is not known to rest. A sentence when it is given up and nobody waits."""
        if self.stopping is None:
            return ""
        if self.stopping.given_up(now_s):
            command_ids, self.stopping = self.stopping.command_ids, None
            for command_id in command_ids:
                self._telling.failed(command_id, now_s, Outcome.UNKNOWN, "cobot.still_moving", UNSTOPPED)
            return "" if command_ids else UNSTOPPED
        if self.stopping.again(now_s):
            self._outgoing.stop()
        return ""

    def lost(self, now_s: float, reason: str) -> None:
        """The line is gone."""
        if self.motion is not None:
            motion, self.motion = self.motion, None
            unsent = motion.sent == 1 and self._outgoing.holds(motion.command.command_id)
            outcome = Outcome.REFUSED if unsent else Outcome.UNKNOWN
            self._telling.failed(motion.command.command_id, now_s, outcome, "link.lost", reason)
        if self.stopping is not None:
            for command_id in self.stopping.command_ids:
                self._telling.failed(command_id, now_s, Outcome.UNKNOWN, "link.lost", reason)
            self.stopping = None

    def next_wake_s(self) -> float:
        """When a deadline may pass at the earliest; infinity for never."""
        wakes = [math.inf]
        if self.motion is not None:
            wakes.append(self.motion.next_wake_s())
            if self._refused_s is not None:
                wakes.append(self._refused_s + REFUSED_WAIT_S)
        if self.stopping is not None:
            wakes.append(self.stopping.next_wake_s())
        return min(wakes)
