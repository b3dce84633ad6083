"""The sequence that lets the tool run: choose what it runs with, then enable it. Each step is sent once.

Source: Open Protocol release 2.8.0, sections 3.7.2.2 and 3.7.3.2: parameter set (0018), its batch (0019), or the job
(0038), then the enable; a 0004 anywhere ends the sequence. A controller that says afterwards that another parameter
set or job is selected than the one asked for (0015, 0035) contradicts its own 0005: the tool does not run on that.
A job that the controller says is under way is not selected again: that would begin it anew. Where it says nothing the
job is selected each time, for one that has ended would leave the tool locked.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from drivers.api import ArmTool, CommandError, Outcome
from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.handshake import switching
from drivers.torque_tool.open_protocol.messages import LAYOUTS
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.telling import Telling

LARGEST_SMALL = 99
"""What revision 1 of 0019 and 0038 can carry; revision 2 has four digits."""
LARGEST = 9999
SELECT_PSET, SELECT_JOB = 18, 38


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sequence:
    command: ArmTool
    steps: tuple[Message, ...]
    accepted: int
    asked: bool


class Arming:
    """The errand of `ArmTool`: one sequence after the other, in the order of the commands."""

    def __init__(self, profile: ControllerProfile, telling: Telling) -> None:
        self._profile = profile
        self._telling = telling
        self._waiting: deque[ArmTool] = deque()
        self._now: _Sequence | None = None
        self._in_force: ArmTool | None = None
        self._job: int | None = None
        """The job that was selected on this connection, unless the controller has told that it is over."""
        self._under_way = False
        """The controller has told that this job is under way."""
        self.refused_while_live = False
        """A sequence was refused while an older enable is in force: the tool has to be switched off."""

    @property
    def busy(self) -> bool:
        """Whether a sequence has begun and not ended."""
        return self._now is not None

    @property
    def live(self) -> bool:
        """Whether the tool may be enabled by us: an enable was sent, and no disable since."""
        return self._in_force is not None or (self._now is not None and self._now.asked)

    def take(self, command: ArmTool) -> None:
        """Queue a command. Raises CommandError for numbers that no message carries."""
        steps_of(command, self._profile)
        self._waiting.append(command)

    def question(self, now_s: float) -> Ask | None:
        """The next step."""
        if self._now is None:
            if not self._waiting:
                return None
            command = self._waiting.popleft()
            steps = steps_of(command, self._profile)
            if command.job is not None and command.job == self._job and self._under_way:
                steps = steps[-1:]
            else:
                self._job, self._under_way = command.job, False
            self._now = _Sequence(command=command, steps=steps, accepted=0, asked=False)
        sequence = self._now
        self._now = _Sequence(command=sequence.command, steps=sequence.steps, accepted=sequence.accepted, asked=True)
        return Ask(message=sequence.steps[sequence.accepted], repeatable=False)

    def answer(self, message: Message, now_s: float) -> bool:
        """Take the 0005 of a step."""
        sequence = self._now
        if sequence is not None:
            accepted = sequence.accepted + 1
            if accepted < len(sequence.steps):
                self._now = _Sequence(command=sequence.command, steps=sequence.steps, accepted=accepted, asked=True)
            else:
                self._now = None
                self._in_force = sequence.command
                self._telling.done(sequence.command.command_id, now_s)
        return True

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """The controller says no: the sequence ends."""
        self.refused_while_live = self._in_force is not None
        self.fail(now_s, Outcome.REFUSED, refusal.code, f"The tool controller {refusal.detail}.")

    def fail(self, now_s: float, outcome: Outcome, code: str, detail: str) -> None:
        """End the present sequence; nothing when none runs."""
        sequence, self._now = self._now, None
        if sequence is not None:
            self._telling.failed(
                sequence.command.command_id, now_s, outcome if sequence.asked else Outcome.REFUSED, code, detail
            )

    def drop(self, now_s: float, code: str, detail: str) -> None:
        """End everything: what runs with outcome UNKNOWN, what waits REFUSED. The tool counts as disabled after it."""
        self.fail(now_s, Outcome.UNKNOWN, code, detail)
        for command in self._waiting:
            self._telling.failed(command.command_id, now_s, Outcome.REFUSED, code, detail)
        self._waiting.clear()
        self._in_force = None

    def disconnected(self) -> None:
        """The line is gone: what job runs is not known any more."""
        self._job = None

    def job_told(self, job: int, *, over: bool) -> None:
        """The controller says which job it is at, and whether that is over."""
        if over or job != self._job:
            self._job = None
        self._under_way = self._job is not None

    def disabled(self) -> None:
        """A disable has been sent: what was in force is not any more."""
        self._in_force = None
        self.refused_while_live = False

    def contradiction(self, selected: int, *, is_job: bool) -> str | None:
        """A sentence when the controller has another parameter set or job selected than the one that was accepted.

        Number 0 means that nothing is selected any more, as after the last one of a batch: nothing can run then.
        """
        command = self._in_force
        if self._now is not None:
            command = self._now.command if self._now.accepted > 0 else None
        if command is None or selected == 0 or is_job != (command.job is not None):
            return None
        wanted = command.job if is_job else command.pset
        if selected == wanted:
            return None
        what = "job" if is_job else "parameter set"
        return (
            f"The tool controller accepted {what} {wanted} and says that {what} {selected} is selected; the tool is"
            f" disabled. Find out who selects at the controller, or give both numbers the same {what} there."
        )


def steps_of(command: ArmTool, profile: ControllerProfile) -> tuple[Message, ...]:
    """The messages of this command, the enable last. Raises CommandError for what the controller cannot be told."""
    enable = switching(profile, enable=True)
    if not 1 <= command.pset <= 999:
        raise CommandError(f"Parameter set {command.pset} cannot exist; use 1 to 999.")
    if command.job is not None:
        if command.batch_size is not None:
            raise CommandError(f"Job {command.job} has its own batches; leave the batch size {command.batch_size} out.")
        return (_numbered(SELECT_JOB, "job", command.job, {}, profile), enable)
    select = Message(mid=SELECT_PSET, data=LAYOUTS[SELECT_PSET, 1].encode({"pset": command.pset}))
    if command.batch_size is None:
        return (select, enable)
    return (select, _numbered(19, "batch_size", command.batch_size, {"pset": command.pset}, profile), enable)


def _numbered(mid: int, name: str, value: int, others: dict[str, int], profile: ControllerProfile) -> Message:
    """0019 or 0038 in the lowest revision that carries the number."""
    revision = 1 if value <= LARGEST_SMALL else 2
    largest = LARGEST if profile.revisions.get(mid, 0) >= 2 else LARGEST_SMALL
    if mid not in profile.revisions:
        raise CommandError(f"A {profile.title} has no MID {mid:04d}; set another profile, or leave it out.")
    if not 1 <= value <= largest:
        raise CommandError(f"A {profile.title} takes a {name.replace('_', ' ')} of 1 to {largest}, not {value}.")
    return Message(mid=mid, revision=revision, data=LAYOUTS[mid, revision].encode({**others, name: value}))
