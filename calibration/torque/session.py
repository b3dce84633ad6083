"""One guided series on the devices: the tool is enabled, rundowns and readings pair, each is on disk before it is told.

No input or output of its own but the run's file: whoever holds the lines hands in what devices say and carries out what
is submitted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from calibration.observations import CalibrationError
from calibration.torque.readings import (
    ReferenceReading,
    Run,
    leave_out_early,
    leave_out_last,
    leave_out_waiting,
    take_reading,
    take_rundown,
)
from calibration.torque.run_file import RunFile
from calibration.torque.series import Plan
from drivers.api import (
    AcknowledgeResult,
    ArmTool,
    Command,
    CommandDone,
    CommandFailed,
    Connected,
    DeviceHealth,
    DisarmTool,
    Disconnected,
    DriverEvent,
    ReferenceRead,
    TighteningResult,
)

TOOL, REFERENCE = "tool", "reference"
"""Names of the two devices."""
MOST_LEFT_OUT = 10
"""So many rundowns or readings in a row that do not count end a session: something is wrong with the set-up."""


class Session:
    """See the module. Not thread-safe: one thread hands everything in."""

    def __init__(
        self,
        plan: Plan,
        file: RunFile,
        *,
        submit: Callable[[Command], None],
        record: Callable[[TighteningResult], None],
        utc: Callable[[], str],
        typed: bool,
    ) -> None:
        """`record` writes a rundown into the station's journal, before the controller is told that it may forget it;
        `typed`: the readings are typed in and may take their time."""
        self.plan = plan
        self.file = file
        self._submit = submit
        self._record = record
        self._utc = utc
        self._typed = typed
        self._commands = 0
        self._enabling = ""
        """Command that enables the tool; what comes before its end is none of this run's."""
        self._enabled = False
        self._in_a_row = 0
        self._news: list[str] = []
        self.back: Connected | None = None
        """The line was lost and is there again: the tool is off until somebody who is asked begins again."""

    @property
    def run(self) -> Run:
        """As it stands on disk, and what waits for its other half."""
        return self.file.run

    @property
    def done(self) -> bool:
        """Whether all readings are there."""
        return len(self.run.pairs) >= self.plan.readings

    def begin(self) -> None:
        """Enable the tool with the series' parameter set, once: selecting it again would break a rundown off."""
        plan = self.plan
        self._enabling, self._enabled, self.back = self._id(), False, None
        self._submit(
            ArmTool(command_id=self._enabling, pset=plan.pset, job=plan.job, batch_size=plan.batch_size or None)
        )

    def enabled(self) -> None:
        """Somebody else has seen that the tool is enabled for this series."""
        self._enabled = True

    def end(self) -> None:
        """Take the enable away, whatever became of the series; `begin` gives it again."""
        self._enabling, self._enabled = "", False
        self._submit(DisarmTool(command_id=self._id()))

    def heard(self, event: DriverEvent) -> None:
        """A device says something. Raises OSError when it cannot be written: then the controller keeps the rundown."""
        match event:
            case TighteningResult():
                self._rundown(event)
            case ReferenceRead() if not self._enabled:
                self._keep(leave_out_early(self.run, f"reading {event.value_nm:g}"))
            case ReferenceRead():
                reading = ReferenceReading(
                    value_nm=event.value_nm, t_s=event.t_mono_s, count=event.count, over=event.over
                )
                self._keep(take_reading(self.run, reading, self._utc(), typed=self._typed))
            case CommandDone():
                self._enabled = self._enabled or (event.command_id == self._enabling and bool(self._enabling))
            case CommandFailed():
                self._news.append(f"{event.detail} ({event.code})")
            case Disconnected():
                # Rundowns may have gone by unseen; the pair that waits is broken.
                self._news.append(event.reason)
                self._enabled = self._enabled and event.device != TOOL
                self._keep(replace(self.run, any_next=True))
            case Connected(device="tool"):
                self.back = event
            case DeviceHealth():
                self._news.append(f"{event.detail} ({event.code})")
            case _:
                pass

    def type_reading(self, value_nm: float, t_s: float) -> None:
        """A person has read the reference. Raises OSError."""
        self._keep(take_reading(self.run, ReferenceReading(value_nm=value_nm, t_s=t_s), self._utc(), typed=True))

    def leave_out_rundown(self, why: str) -> None:
        """The rundown that waits for its reading does not count. Raises OSError."""
        self._keep(leave_out_waiting(self.run, why))

    def take_out(self, why: str) -> None:
        """The last pair does not count; it stays on record with the reason. Raises OSError."""
        self._keep(leave_out_last(self.run, why))

    def take_news(self) -> tuple[str, ...]:
        """Sentences for the technician since the last call."""
        news, self._news = tuple(self._news), []
        return news

    def _rundown(self, result: TighteningResult) -> None:
        self._record(result)
        if self._enabled:
            self._keep(take_rundown(self.run, result, self._utc()))
        else:
            number = result.tightening_id
            self._keep(leave_out_early(self.run, f"rundown {number}", number))
        self._submit(AcknowledgeResult(command_id=self._id(), tightening_id=result.tightening_id))

    def _keep(self, run: Run) -> None:
        before = self.run
        self.file.keep(run)
        left_out = run.left_out[len(before.left_out) :]
        self._news += [f"{entry.what}: {entry.text} ({entry.code})" for entry in left_out]
        self._in_a_row = 0 if len(run.pairs) > len(before.pairs) else self._in_a_row + len(left_out)

    def check_progress(self) -> None:
        """Raises CalibrationError `torque.nothing_counts` when it makes no sense to go on like this."""
        if self._in_a_row >= MOST_LEFT_OUT and self.run.problem is not None:
            last = self.run.problem
            raise CalibrationError(
                "torque.nothing_counts",
                f"{self._in_a_row} times in a row nothing counted, at last {last.what}: {last.text}. What was measured "
                "before is kept; mend that and run the same command again",
            )

    def _id(self) -> str:
        self._commands += 1
        return f"verify-{self._commands}"
