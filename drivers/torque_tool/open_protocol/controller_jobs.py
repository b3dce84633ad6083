"""Jobs of the simulated controller: 0030 to 0039, 0127 to 0129, and what 0018 may do while a job runs.

Source: Open Protocol release 2.8.0, sections 3.7.3 and 5.5. A job is a list of batches. The controller selects the
parameter set of each step itself where the step says so, counts, and locks the tool when the job is done and its
`lock_at_done` is set; only another 0038, 0039 or 0127 unlocks it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from drivers.torque_tool.open_protocol.controller_answers import Handler, RefusedError, accepted, told
from drivers.torque_tool.open_protocol.controller_psets import BATCH_OK, BATCH_RUNNING, Batch, ParameterSets
from drivers.torque_tool.open_protocol.controller_state import JOB, ControllerState
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.lists import Job, JobStep, encode_job
from drivers.torque_tool.open_protocol.messages import encode_ids, read, whole
from drivers.torque_tool.open_protocol.protocol import Message

_CANNOT_BE_SET = 3
_JOB_NOT_PRESENT = 17
_JOB_CANNOT_BE_SET = 20
_JOB_NOT_RUNNING = 21
_DECREMENT_FAILED = 23
_COMMAND_FAILED = 79
_POWER_FOCUS_4000, _POWER_FOCUS_6000 = 1, 3
_BATCH_STEP = 1
_LARGEST_SHORT = 99
NOT_COMPLETED, JOB_OK, JOB_NOK, ABORTED = 0, 1, 2, 3
OFF, OK, NOK, TIGHTENING_ABORTED, INCREMENTED, DECREMENTED, LOOSENING = 0, 1, 2, 3, 4, 5, 8
"""Job tightening status (0035 revision 4)."""


@dataclass(slots=True, kw_only=True)
class _Run:
    job: Job
    counts: list[int]
    sequence: int
    began_s: float
    at: int = 0
    worked: bool = False
    noks: int = 0
    noks_in_a_row: int = 0

    @property
    def step(self) -> JobStep:
        return self.job.steps[self.at]

    def done(self, index: int) -> bool:
        return self.counts[index] >= self.job.steps[index].batch_size

    def following(self) -> int | None:
        """The next step that is not done: onwards first, then from the beginning."""
        order = [*range(self.at, len(self.counts)), *range(self.at)]
        return next((index for index in order if not self.done(index)), None)

    def deadline_s(self) -> float | None:
        """When the time for the first tightening or for the whole job is up."""
        limits = [self.job.max_total_s, 0 if self.worked else self.job.max_first_s]
        return min((self.began_s + limit for limit in limits if limit), default=None)


class Jobs:
    """Which job runs and how far it is. Not thread-safe; time is handed in."""

    def __init__(self, state: ControllerState, psets: ParameterSets, jobs: Sequence[Job]) -> None:
        self._state = state
        self._psets = psets
        self._jobs = {job.job: job for job in jobs}
        self._run: _Run | None = None
        self._sequence = 0
        self.answers: dict[int, Handler] = {
            18: self._select_pset,
            30: self._ids,
            32: self._data,
            38: self._select,
            39: self._restart,
            127: self._abort,
            128: self._increment,
            129: self._decrement,
        }

    @property
    def running(self) -> int:
        """The job that runs, 0 for none."""
        return 0 if self._run is None else self._run.job.job

    @property
    def sequence(self) -> int:
        """The number of the running job since the controller was made, 0 for none."""
        return 0 if self._run is None else self._run.sequence

    @property
    def batch(self) -> Batch | None:
        """How far the batch of the job or, without one, of the selected set is; None where none is counted."""
        run = self._run
        if run is None:
            return self._psets.batch(self._state.tool.selected)
        status = BATCH_OK if run.done(run.at) else BATCH_RUNNING
        return Batch(size=run.step.batch_size, counter=run.counts[run.at], status=status)

    def count(self, pset: int, *, ok: bool) -> Batch:
        """A tightening has ended: how its batch stands, in the job or, without one, in the parameter set."""
        run = self._run
        if run is None or run.step.pset != pset:
            return self._psets.count(pset, ok=ok)
        run.worked = True
        run.noks_in_a_row = 0 if ok else run.noks_in_a_row + 1
        if ok or run.job.batch_mode == 1:
            run.counts[run.at] += 1
            run.noks += int(not ok)
        status = BATCH_OK if run.done(run.at) else BATCH_RUNNING
        return Batch(size=run.step.batch_size, counter=run.counts[run.at], status=status)

    def counted(self, pset: int, batch: Batch, *, ok: bool, now_s: float) -> None:
        """What follows from `count`, when the result itself is told: the next set, a lock, the end of the job."""
        run = self._run
        if run is None or run.step.pset != pset:
            if batch.status == BATCH_OK:
                self._psets.full()
        elif not ok and run.step.max_nok and run.noks_in_a_row >= run.step.max_nok:
            self._end(JOB_NOK, NOK, now_s, lock=True)
        else:
            self._go_on(OK if ok else NOK, now_s)

    def may_loosen(self) -> bool:
        """Whether the running job lets fasteners be loosened now: always, never, or only after one that is not OK."""
        run = self._run
        return run is None or run.job.loosening == 0 or (run.job.loosening == 2 and run.noks_in_a_row > 0)

    def loosened(self, now_s: float) -> None:
        """A loosening has ended: it counts nothing, and a job that runs is told of it."""
        if self._run is not None:
            self._tell(NOT_COMPLETED, LOOSENING, now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass: a job whose time is up is aborted."""
        deadline_s = self.next_wake_s()
        if deadline_s is not None and now_s >= deadline_s:
            self._end(ABORTED, TIGHTENING_ABORTED, now_s, lock=True)

    def next_wake_s(self) -> float | None:
        """When the running job's time is up; a rundown is not cut off by it."""
        return None if self._run is None or self._state.tool.running else self._run.deadline_s()

    def tell(self, now_s: float) -> None:
        """Push 0035 as things stand."""
        self._tell(NOT_COMPLETED, OFF, now_s)

    def abort(self, now_s: float) -> None:
        """End the running job, and unlock what the last one has locked."""
        if self._run is not None:
            self._end(ABORTED, TIGHTENING_ABORTED, now_s, lock=False)
        self._state.locks.discard(JOB)

    def change_count(self, by: int, now_s: float, *, pset: int | None = None) -> bool:
        """Count a step on or back without a tightening; False when it has nothing to count back.

        Raises RefusedError while the tool turns.
        """
        if self._state.tool.running:
            raise RefusedError(_COMMAND_FAILED)
        run = self._run
        if run is None:
            self._psets.step(self._state.tool.selected if pset is None else pset, by)
            return True
        steps = [index for index, step in enumerate(run.job.steps) if step.pset == pset] if pset else [run.at]
        if by < 0:
            # What was counted last may be the end of the step before.
            steps = [index for index in (steps if pset else range(run.at, -1, -1)) if run.counts[index]][:1]
        if not steps:
            return False
        run.at = steps[0]
        run.counts[run.at] += by
        self._go_on(INCREMENTED if by > 0 else DECREMENTED, now_s)
        return True

    def _go_on(self, tightening_status: int, now_s: float) -> None:
        run = self._run
        if run is None:
            return
        following = run.following()
        if following is None:
            status = JOB_NOK if run.noks else JOB_OK
            self._end(status, tightening_status, now_s, lock=run.job.lock_at_done == 1)
            if run.job.repeat == 1:
                self._begin(run.job, now_s)
            return
        self._tell(NOT_COMPLETED, tightening_status, now_s)
        if following == run.at:
            self._choose(run)
        elif run.step.auto_next:
            run.at = following
            self._choose(run)
        else:
            # Somebody has to choose the next set, by 0018.
            self._state.locks.add(JOB)

    def _choose(self, run: _Run) -> None:
        self._state.locks.discard(JOB)
        if self._state.tool.selected != run.step.pset:
            self._psets.choose(run.step.pset)

    def _begin(self, job: Job, now_s: float) -> None:
        self._sequence = self._sequence % 65535 + 1
        self._run = _Run(job=job, counts=[0] * len(job.steps), sequence=self._sequence, began_s=now_s)
        self._choose(self._run)
        self._tell(NOT_COMPLETED, OFF, now_s)

    def _end(self, status: int, tightening_status: int, now_s: float, *, lock: bool) -> None:
        self._tell(status, tightening_status, now_s)
        self._run = None
        if lock:
            self._state.locks.add(JOB)

    def _tell(self, status: int, tightening_status: int, now_s: float) -> None:
        wish, run = self._state.session.wish(35), self._run
        if wish is None:
            return
        if status == ABORTED and wish.revision < 4:
            status = JOB_NOK
        values: dict[str, Value] = {
            "job": 0, "job_status": status, "job_batch_mode": 0, "job_batch_size": 0, "job_batch_counter": 0,
            "time": self._state.time(now_s), "current_step": 0, "steps": 0, "step_type": 0,
            "job_tightening_status": tightening_status, "job_sequence_number": self.sequence,
            "vin": self._state.identifiers[0], "identifier_2": self._state.identifiers[1],
            "identifier_3": self._state.identifiers[2], "identifier_4": self._state.identifiers[3],
        }  # fmt: skip
        if run is not None:
            number = run.job.job if wish.revision > 1 or run.job.job <= _LARGEST_SHORT else None
            values |= {"job": number, "job_batch_mode": run.job.batch_mode} | self._counted(run)
        self._state.session.push(told(35, values, revision=wish.revision))

    def _counted(self, run: _Run) -> dict[str, Value]:
        steps = run.job.steps
        # That family counts the batch that runs, the others count the whole job.
        of = (run.at,) if self._state.profile.system_type == _POWER_FOCUS_6000 else tuple(range(len(steps)))
        counted: dict[str, Value] = {
            "job_batch_size": sum(steps[index].batch_size for index in of),
            "job_batch_counter": sum(run.counts[index] for index in of),
        }
        if self._state.profile.system_type != _POWER_FOCUS_4000:
            counted |= {"current_step": run.at + 1, "steps": len(steps), "step_type": _BATCH_STEP}
        return counted

    def _select_pset(self, message: Message, now_s: float) -> Message:
        run = self._run
        if run is None:
            return self._psets.select(message, now_s)
        number = self._psets.meant(whole(read(message), "pset"))
        following = run.following()
        open_steps = [index for index, step in enumerate(run.job.steps) if step.pset == number and not run.done(index)]
        if not open_steps or (run.job.forced_order == 1 and following not in open_steps):
            raise RefusedError(_CANNOT_BE_SET)
        self._psets.choose(number)
        self._state.locks.discard(JOB)
        run.at = open_steps[0]
        return accepted(message.mid)

    def _ids(self, message: Message, _now_s: float) -> Message:
        width = 2 if message.revision == 1 else 4
        ids = sorted(job for job in self._jobs if job < 10**width)
        data = encode_ids(ids, count_width=width, id_width=width)
        return Message(mid=31, revision=message.revision, data=data)

    def _data(self, message: Message, _now_s: float) -> Message:
        job = self._jobs.get(whole(read(message), "job"))
        if job is None:
            raise RefusedError(_JOB_NOT_PRESENT)
        return Message(mid=33, revision=message.revision, data=encode_job(job, message.revision))

    def _select(self, message: Message, now_s: float) -> Message:
        number = whole(read(message), "job")
        if number == 0 and self._state.profile.results_by == 1201:
            self.abort(now_s)
            return accepted(message.mid)
        if number not in self._jobs:
            raise RefusedError(self._state.profile.unknown_job)
        job = self._jobs[number]
        if self._state.tool.running or not job.steps or any(s.pset not in self._state.tool.psets for s in job.steps):
            raise RefusedError(_JOB_CANNOT_BE_SET)
        self.abort(now_s)
        self._begin(job, now_s)
        return accepted(message.mid)

    def _restart(self, message: Message, now_s: float) -> Message:
        number = whole(read(message), "job")
        if self._run is not None and number == self._run.job.job and not self._state.tool.running:
            self._state.locks.discard(JOB)
            self._begin(self._run.job, now_s)
        elif self._state.profile.system_type != _POWER_FOCUS_6000:  # That family accepts whatever is asked.
            raise RefusedError(_JOB_NOT_RUNNING)
        return accepted(message.mid)

    def _abort(self, message: Message, now_s: float) -> Message:
        self.abort(now_s)
        return accepted(message.mid)

    def _increment(self, message: Message, now_s: float) -> Message:
        self.change_count(1, now_s)
        return accepted(message.mid)

    def _decrement(self, message: Message, now_s: float) -> Message:
        pset = whole(read(message), "pset") if message.revision > 1 else None
        if not self.change_count(-1, now_s, pset=pset) and message.revision > 1:
            raise RefusedError(_DECREMENT_FAILED)
        return accepted(message.mid)
