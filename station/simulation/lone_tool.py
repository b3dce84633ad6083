"""A simulated tightening controller that runs alone: its line, its log of every message and mistake, and its buttons.

What the terminal and the page show and do is here, without input or output.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drivers.torque_tool.open_protocol.controller_archive import Rundown
from drivers.torque_tool.open_protocol.controller_status import ControllerStatus
from drivers.torque_tool.open_protocol.faulty_output import WORDS
from drivers.torque_tool.open_protocol.joint_physics import (
    HARD_DEG,
    SOFT_DEG,
    JointKind,
    JointState,
    ParameterSet,
    joint_of_rate,
    sound_joint,
)
from drivers.torque_tool.open_protocol.lists import Job, JobStep
from drivers.torque_tool.open_protocol.message_words import in_words
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.rundown_curve import Curve
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.config.controller_file import ControllerSetup, JobShape

JOINT_WORDS = ("good", "soft", "hard", *(kind.value for kind in JointKind if kind is not JointKind.GOOD))
"""What a joint can be like: the kinds, and two that are good and at the ends of ISO 5393."""
FAULT_WORDS = WORDS
ALARM = ("E404", "Simulated: tool too hot")
LOG_KEPT = 500
LAST_RESULTS = 10
_CURVE_POINTS = 600
_STARTED, _KEEP_ALIVE = 2, 9999
_LOOSENING = {"allowed": 0, "forbidden": 1, "after_nok": 2}


class Speaker(StrEnum):
    """Who says a line of the log."""

    CLIENT = "client"
    CONTROLLER = "controller"
    MISTAKE = "mistake"
    """What the client did wrong."""
    NOTE = "note"
    """What happened to the line, or was done here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line; `number` counts up from 1."""

    number: int
    t_s: float
    speaker: Speaker
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ResultLine:
    """One rundown; `spindles` says how many of how many were OK where there are several."""

    tightening_id: int
    ok: bool
    kind: str
    """`tightening` or `loosening`."""
    pset: int
    torque_nm: float
    torque_status: str
    angle_deg: float
    angle_status: str
    errors: tuple[str, ...]
    spindles: str
    time: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One moment, as people see it."""

    title: str
    address: str
    session: str
    tool: str
    pset: str
    batch: str
    job: str
    identifier: str
    alarm: str
    inputs: tuple[int, ...]
    joint: str
    fault: str
    torque_nm: float
    angle_deg: float
    bytes_in: int
    bytes_out: int
    keep_alives: int
    """How many the client has sent; they are not in the log."""
    silent_s: float
    """Since the client's last message, of whatever kind."""
    lines: int
    """The number of the log's last line."""
    tightenings: int
    mistakes: int
    results: tuple[ResultLine, ...]


class LoneTool:
    """A `drivers.api.DeviceSimulator` around the controller, and its `Watcher`. Not thread-safe; time is handed in."""

    def __init__(self, make: Callable[[LoneTool], OpenProtocolSimulator], *, title: str, joint: str = "good") -> None:
        """`make` gets this object, to hand it to the controller as its watcher.

        Raises ValueError for a joint that is none of `JOINT_WORDS`, and what `make` raises.
        """
        self.title = title
        self.address = ""
        """Where the controller is reached, once its line is open."""
        self._log: deque[LogLine] = deque(maxlen=LOG_KEPT)
        self._lines = self._mistakes = 0
        self._bytes_in = self._bytes_out = 0
        self._keep_alives = 0
        self._heard_s = 0.0
        self._revision = 0
        self._now_s = 0.0
        self.set_joint(joint)
        self.controller = make(self)

    def heard(self, message: Message) -> None:
        """A message of the client."""
        self._heard_s = self._now_s
        if message.mid == _KEEP_ALIVE:
            self._keep_alives += 1
        else:
            self._write(Speaker.CLIENT, in_words(message))

    def said(self, message: Message) -> None:
        """A message of the controller."""
        if message.mid == _STARTED:
            self._revision = message.revision
        if message.mid != _KEEP_ALIVE:
            self._write(Speaker.CONTROLLER, in_words(message))

    def breach(self, sentence: str) -> None:
        """A mistake of the client."""
        self._mistakes += 1
        self._write(Speaker.MISTAKE, sentence)

    def note(self, sentence: str) -> None:
        """Something that happened here."""
        self._write(Speaker.NOTE, sentence)

    def received(self, data: bytes, now_s: float) -> None:
        """Bytes of the client."""
        self._now_s = now_s
        self._bytes_in += len(data)
        self.controller.received(data, now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass."""
        self._now_s = now_s
        self.controller.advance(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        return self.controller.next_wake_s()

    def take_output(self) -> bytes:
        """Bytes for the client."""
        data = self.controller.take_output()
        self._bytes_out += len(data)
        return data

    def fail(self, word: str) -> None:
        """Begin to fail, or `ok`. Raises ValueError for a word that is none of `FAULT_WORDS`."""
        self.controller.fail(word)
        self.note(f"From now on the controller fails as “{word}”." if word != "ok" else "The controller is well again.")

    def line_lost(self) -> None:
        """The client has closed the line."""
        self.controller.line_lost()
        self.note("The line is closed; the next client may come.")

    def set_joint(self, word: str) -> None:
        """What the joints are like from now on. Raises ValueError for a word that is none of `JOINT_WORDS`."""
        if word not in JOINT_WORDS:
            raise ValueError(f"There is no joint {word!r}; use one of {', '.join(JOINT_WORDS)}.")
        self.joint = word

    def joint_for(self, pset: ParameterSet) -> JointState:
        """The next joint."""
        if self.joint in ("soft", "hard"):
            return joint_of_rate(pset, SOFT_DEG if self.joint == "soft" else HARD_DEG)
        return sound_joint(pset, JointKind(self.joint))

    def pull_trigger(self, now_s: float, *, loosening: bool = False) -> bool:
        """Tighten the next joint, or loosen one that is tight; False when the tool does not turn, which is noted."""
        status = self.controller.status(last=0)
        self._now_s = now_s
        if status.pset is not None:
            joint = sound_joint(status.pset, JointKind.ALREADY_TIGHT) if loosening else self.joint_for(status.pset)
            if self.controller.pull_trigger(joint, now_s, loosening=loosening):
                return True
        self.note(f"The trigger does nothing: {_tool(status)}.")
        return False

    def set_alarm(self, on: bool, now_s: float) -> None:
        """An alarm comes up that stops the tool, or is acknowledged at the controller."""
        self._now_s = now_s
        if on:
            self.controller.raise_alarm(*ALARM, now_s, tool_ready=False)
        else:
            self.controller.end_alarm(now_s)

    def set_inputs(self, high: tuple[int, ...], now_s: float) -> None:
        """These digital inputs are high. Raises ValueError for a number that is none."""
        self._now_s = now_s
        self.controller.set_inputs(high, now_s)

    def log(self, after: int = 0) -> tuple[LogLine, ...]:
        """The lines after this number, oldest first; at most the last `LOG_KEPT`."""
        return tuple(line for line in self._log if line.number > after)

    def curve(self) -> Curve | None:
        """The last rundown in about `_CURVE_POINTS` samples."""
        coarse = self.controller.last_curve(0.01)
        return None if coarse is None else self.controller.last_curve(0.01 * len(coarse.torque_nm) / _CURVE_POINTS)

    def look(self) -> Look:
        """What is to be seen now."""
        status = self.controller.status(last=LAST_RESULTS)
        pset = status.pset
        return Look(
            title=self.title,
            address=self.address,
            session=self._session(status),
            tool=_tool(status),
            pset="none" if pset is None else f"{pset.pset} {pset.name}",
            batch="not used" if status.batch is None else f"{status.batch.counter} of {status.batch.size}",
            job=str(status.job) if status.job else "none",
            identifier=status.identifier or "none",
            alarm="" if status.alarm is None else f"{status.alarm.code} {status.alarm.text}",
            inputs=status.inputs,
            joint=self.joint,
            fault=status.fault,
            torque_nm=self.controller.torque_nm(self._now_s),
            angle_deg=self.controller.angle_deg(self._now_s),
            bytes_in=self._bytes_in,
            bytes_out=self._bytes_out,
            keep_alives=self._keep_alives,
            silent_s=self._now_s - self._heard_s,
            lines=self._lines,
            tightenings=status.tightenings,
            mistakes=self._mistakes,
            results=tuple(_result(rundown) for rundown in status.last),
        )

    def _session(self, status: ControllerStatus) -> str:
        if not status.client:
            return "no session; waiting for 0001"
        pushed = ", ".join(f"{mid:04d}" for mid in status.subscribed)
        return f"open, revision {self._revision} of 0002; pushes {pushed or 'nothing yet'}"

    def _write(self, speaker: Speaker, text: str) -> None:
        self._lines += 1
        self._log.append(LogLine(number=self._lines, t_s=self._now_s, speaker=speaker, text=text))


def psets_of(setup: ControllerSetup) -> dict[int, ParameterSet]:
    """The file's parameter sets as the controller takes them."""
    return {
        pset.number: ParameterSet(
            pset=pset.number,
            name=pset.name,
            torque_min_nm=pset.torque_nm.min,
            torque_max_nm=pset.torque_nm.max,
            torque_target_nm=pset.torque_nm.target,
            angle_min_deg=pset.angle_deg.min,
            angle_max_deg=pset.angle_deg.max,
            angle_target_deg=pset.angle_deg.target,
            snug_nm=pset.snug_nm,
            batch_size=pset.batch_size,
        )
        for pset in setup.psets
    }


def jobs_of(setup: ControllerSetup) -> tuple[Job, ...]:
    """The file's jobs as the controller takes them."""
    return tuple(_job(job) for job in setup.jobs)


def _job(job: JobShape) -> Job:
    return Job(
        job=job.number,
        name=job.name,
        forced_order=int(job.order == "forced"),
        batch_mode=int(job.count_nok),
        lock_at_done=int(job.lock_when_done),
        repeat=int(job.repeat),
        loosening=_LOOSENING[job.loosening],
        steps=tuple(JobStep(pset=step.pset, batch_size=step.count) for step in job.steps),
    )


def _tool(status: ControllerStatus) -> str:
    if status.fault == "off":
        return "switched off"
    if status.turning:
        return "turning"
    if not status.enabled:
        return "disabled"
    if status.locks:
        return f"locked: {', '.join(status.locks)}"
    return "enabled" if status.pset is not None else "enabled, but no parameter set is selected"


_STATUS: Callable[[int], str] = ("low", "ok", "high").__getitem__


def _result(rundown: Rundown) -> ResultLine:
    first, good = rundown.spindles[0], sum(one.ok for one in rundown.spindles)
    return ResultLine(
        tightening_id=rundown.tightening_id,
        ok=good == len(rundown.spindles),
        kind=first.result_type,
        pset=first.pset.pset,
        torque_nm=first.torque_nm,
        torque_status=_STATUS(first.torque_status),
        angle_deg=first.angle_deg,
        angle_status=_STATUS(first.angle_status),
        errors=first.error_bits,
        spindles=f"{good} of {len(rundown.spindles)} OK" if len(rundown.spindles) > 1 else "",
        time=str(rundown.values["time"]),
    )
