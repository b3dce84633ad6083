"""The verification of the torque tool at a running station, for its page: series after series, and what comes of them.

The tool is enabled by the loop (`VerifyTool`), between visits only; what the devices say waits in a queue until the
page looks. Files are written here: not from the server's event loop.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path

from calibration.observations import CalibrationError
from calibration.store import Store
from calibration.torque.artefact import carried_from, keep, torque_artefact
from calibration.torque.readings import LeftOut, Pair, Run
from calibration.torque.run_file import RunFile, head_of, open_run
from calibration.torque.series import Plan, plans_of
from calibration.torque.session import Session
from calibration.torque.verdict import SeriesVerdict, judge, reference_suits
from drivers.api import (
    ArmTool,
    Command,
    CommandFailed,
    DeviceHealth,
    DisarmTool,
    DriverEvent,
    ReferenceRead,
    TighteningResult,
)
from station.config.artefact import Artefact
from station.config.torque_check import TorqueCheck
from station.core.events import ServiceAsked
from station.core.procedure import Procedure, Role
from station.core.service_asks import Ask, EndVerifying, KeepVerifying, VerifyTool
from station.core.state import Phase, State

RUNS = "torque-runs"
MOST_NEWS = 8
HEARD = (TighteningResult, ReferenceRead, CommandFailed, DeviceHealth)
"""What a series is measured from, and what the technician wants to know meanwhile."""
LEAVE_WITHIN_S = 10.0
"""So long the loop may take to give leave; then something came between."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeriesView:
    """One series as the page shows it."""

    plan: Plan
    pairs: tuple[Pair, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    verdict: SeriesVerdict | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TorqueView:
    """The whole page."""

    series: tuple[SeriesView, ...]
    active: str
    """Series that is being measured; empty = none."""
    waits_for: str
    """`enable`, `rundown`, `reading`, or empty while nothing is measured."""
    waiting_nm: float | None
    """What the tool told of the rundown that waits for its reading."""
    refusal: str
    """Why none may be begun: `visit`, `no_tool`, or empty."""
    serial: str
    news: tuple[str, ...]
    kept: Artefact | None


@dataclass(slots=True)
class _Measured:
    """What this program has measured so far of one series."""

    file: RunFile
    verdict: SeriesVerdict | None = None


@dataclass(slots=True, kw_only=True)
class TorqueWorkshop:
    """Of one station. `heard` may be called from any thread; the rest takes turns by itself."""

    procedure: Procedure
    check: TorqueCheck
    folder: Path
    post: Callable[[ServiceAsked], None]
    """Into the loop's inbox."""
    state: Callable[[], State]
    uses: Callable[[], int]
    """Rundowns of the work since the verification in force."""
    kept_anew: Callable[[], None]
    """Called when another verification is in force."""
    utc: Callable[[], str]
    now_s: Callable[[], float]
    software: str
    typed: bool
    """Readings are typed in: the station has no line to a transducer."""
    _events: queue.SimpleQueue[tuple[Session, DriverEvent]] = field(default_factory=queue.SimpleQueue)
    """What was heard, and the session that it was heard for."""
    _turn: threading.Lock = field(default_factory=threading.Lock)
    _session: Session | None = None
    _begun_s: float = 0.0
    _had_leave: bool = False
    """The loop has let the tool run for this session."""
    _person: str = ""
    _done: dict[str, _Measured] = field(default_factory=dict)
    _news: list[str] = field(default_factory=list)
    _kept: Artefact | None = None

    def heard(self, event: DriverEvent) -> None:
        """A device says something; it waits until the page looks. What a visit tightens is none of a series'."""
        session = self._session
        if session is not None and isinstance(event, HEARD) and self.state().tool.verifying == session.plan.name:
            self._events.put((session, event))

    def look(self) -> TorqueView:
        """Take what waits, and say how everything stands. Raises OSError when a run cannot be written."""
        with self._turn:
            self._take()
            return self._view()

    def begin(self, name: str, person: str) -> None:
        """Enable the tool for a series; one that was broken off goes on. Raises CalibrationError, OSError."""
        with self._turn:
            self._take()
            if refusal := self._refusal():
                raise CalibrationError(f"torque.{refusal}", "the tool cannot be verified now")
            if self._session is not None:
                raise CalibrationError(
                    "torque.busy", f"series {self._session.plan.name} is being measured; end it first"
                )
            plan = next((plan for plan in plans_of(self.procedure, self.check) if plan.name == name), None)
            if plan is None:
                raise CalibrationError("torque.unknown_series", f"there is no series {name}; load the page again")
            utc, serial, known = self.utc(), self._serial(), self._done.get(name)
            reference_suits(self.check.reference, plan, datetime.fromisoformat(utc).date())
            head = head_of(plan, tool_serial=serial, reference_serial=self.check.reference.serial, by=person, utc=utc)
            empty = Run(pset=plan.pset, tool_serial=serial, range_nm=self.check.reference.range_nm)
            # What the page shows of another tool is put aside by beginning anew with this one.
            anew = known is not None and known.file.head.tool_serial != serial
            file = open_run(self.folder / RUNS, head, empty, anew=anew)
            self._person, self._done[name] = person, _Measured(file)
            self._session = Session(
                plan,
                file,
                submit=self._submit,
                # The loop writes every rundown into the journal, and acknowledges it after that.
                record=lambda result: None,
                utc=self.utc,
                typed=self.typed,
            )
            self._begun_s, self._had_leave = self.now_s(), False
            if not self._session.done:
                self._session.begin()

    def type_reading(self, value_nm: float) -> None:
        """A person has read the reference. Raises CalibrationError `torque.no_rundown`, OSError."""
        with self._turn:
            self._take()
            session = self._measuring()
            if session.run.rundown is None:
                raise CalibrationError("torque.no_rundown", "no rundown waits for a reading; tighten first")
            session.type_reading(value_nm, self.now_s())
            self._ask(KeepVerifying(series=session.plan.name))
            self._take()

    def leave_out(self, why: str) -> None:
        """The rundown that waits does not count, or else the last pair. Raises CalibrationError, OSError."""
        with self._turn:
            self._take()
            session = self._measuring()
            if session.run.rundown is not None:
                session.leave_out_rundown(why)
            else:
                session.take_out(why)
            self._take()

    def end(self) -> None:
        """Take the enable away; what was measured is kept, and the series may go on later."""
        with self._turn:
            self._take()
            self._end()

    def put_in_force(self, person: str) -> Artefact:
        """What was judged so far becomes the verification that counts. Raises CalibrationError, OSError."""
        with self._turn:
            self._take()
            judged = {name: one for name, one in self._done.items() if one.verdict is not None}
            if not judged:
                raise CalibrationError("torque.nothing_judged", "no series is whole yet; measure one first")
            store, utc, serial = Store(self.folder), self.utc(), self._measured_tool(judged)
            artefact = torque_artefact(
                [one.verdict for one in judged.values() if one.verdict is not None],
                self.check,
                tool_serial=serial,
                by=person,
                utc=utc,
                software=self.software,
                inputs={name: one.file.sha256() for name, one in judged.items()},
                carried=carried_from(store, now=datetime.fromisoformat(utc), serial=serial, uses=self.uses()),
            )
            keep(store, artefact, "verified against the reference")
            for name, one in judged.items():
                one.file.put_aside()
                del self._done[name]
            self._kept = artefact
            self.kept_anew()
            return artefact

    def _measuring(self) -> Session:
        if self._session is None:
            raise CalibrationError("torque.not_measuring", "no series is being measured; begin one")
        return self._session

    def _measured_tool(self, judged: Mapping[str, _Measured]) -> str:
        """Serial number of the one tool that all of it was measured with, which is the one that is connected."""
        here = self._serial()
        others = {name: one.file.head.tool_serial for name, one in judged.items() if one.file.head.tool_serial != here}
        if others:
            told = ", ".join(
                f"series {name} with tool {serial or 'without a number'}" for name, serial in others.items()
            )
            raise CalibrationError(
                "torque.other_tool",
                f"{told} was measured, and tool {here or 'without a number'} is connected; connect the other one "
                "again, or measure that anew with this one",
            )
        return here

    def _take(self) -> None:
        """What the devices have said since the last look; a series whose leave has ended is over."""
        session, state = self._session, self.state()
        leave = session is not None and state.tool.verifying == session.plan.name
        if session is not None and leave and state.tool.ready:
            session.enabled()
        seen = False
        while not self._events.empty():
            heard_for, event = self._events.get()
            if session is not None and heard_for is session:
                session.heard(event)
                seen = seen or isinstance(event, TighteningResult)
        if session is None:
            return
        self._tell(*session.take_news())
        self._had_leave = self._had_leave or leave or seen
        if session.done:
            self._judge(session)
            self._end()
        elif leave and seen:
            self._ask(KeepVerifying(series=session.plan.name))
        elif not leave:
            self._end_without_leave(session, state)

    def _end_without_leave(self, session: Session, state: State) -> None:
        """The leave was taken back, or came to nothing: nothing that is tightened from now on is the series'."""
        waited = self.now_s() - self._begun_s > LEAVE_WITHIN_S
        if not (self._had_leave or waited or state.phase is Phase.RUNNING):
            return
        session.leave_out_rundown("the series was broken off before its reading was there")
        why = "nothing was tightened for a while, or the tool refused"
        if state.phase is Phase.RUNNING:
            why = "a visit runs"
        elif state.devices.get("tool") is not True:
            why = "the tool's line was lost"
        again = "Begin it again, it goes on where it was"
        self._tell(*session.take_news(), f"series {session.plan.name} was broken off: {why}. {again}")
        self._end()

    def _judge(self, session: Session) -> None:
        try:
            verdict = judge(session.plan, session.run, self.check.reference, self.check.spans_nm)
        except CalibrationError as error:
            self._tell(f"{error} ({error.code})")
            return
        self._done[session.plan.name].verdict = verdict

    def _tell(self, *news: str) -> None:
        self._news = [*self._news, *news][-MOST_NEWS:]

    def _end(self) -> None:
        if self._session is not None:
            self._session.end()
            self._session = None

    def _submit(self, command: Command) -> None:
        """The session's commands as wishes of a technician; acknowledging is the loop's."""
        match command:
            case ArmTool():
                name = self._session.plan.name if self._session is not None else ""
                batch = command.batch_size or 0
                self._ask(VerifyTool(series=name, pset=command.pset, job=command.job, batch_size=batch))
            case DisarmTool():
                self._ask(EndVerifying())
            case _:
                pass

    def _ask(self, ask: Ask) -> None:
        self.post(ServiceAsked(ask=ask, person=self._person, role=Role.TECHNICIAN))

    def _refusal(self) -> str:
        state = self.state()
        if state.phase is Phase.RUNNING:
            return "visit"
        return "" if state.devices.get("tool") is True else "no_tool"

    def _serial(self) -> str:
        told = self.state().identities.get("tool", {})
        return told.get("tool_serial") or told.get("controller_serial", "")

    def _view(self) -> TorqueView:
        session, tool = self._session, self.state().tool
        waits_for = ""
        if session is not None:
            active = tool.verifying == session.plan.name and tool.ready
            waits_for = "reading" if session.run.rundown is not None else "rundown" if active else "enable"
        plans = plans_of(self.procedure, self.check)
        return TorqueView(
            series=tuple(self._series(plan) for plan in plans),
            active=session.plan.name if session is not None else "",
            waits_for=waits_for,
            waiting_nm=session.run.rundown.torque_nm if session is not None and session.run.rundown else None,
            refusal=self._refusal(),
            serial=self._serial(),
            news=tuple(self._news),
            kept=self._kept,
        )

    def _series(self, plan: Plan) -> SeriesView:
        known = self._done.get(plan.name)
        view = SeriesView(plan=plan)
        if known is None:
            return view
        run = known.file.run
        return replace(view, pairs=run.pairs, left_out=run.left_out, verdict=known.verdict)
