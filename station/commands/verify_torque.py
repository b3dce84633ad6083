"""What `station calibrate torque` does: lines, series after series, a verdict that is kept, and words on the way."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path

import typer

from calibration.daily.in_force import store_folder
from calibration.observations import CalibrationError
from calibration.store import Store
from calibration.torque.artefact import carried_from, keep, torque_artefact, uses_of
from calibration.torque.readings import Run
from calibration.torque.run_file import RunFile, head_of, open_run
from calibration.torque.series import Plan, chosen, guidance, plans_of
from calibration.torque.session import TOOL, Session
from calibration.torque.verdict import SeriesVerdict, judge, reference_suits
from drivers.api import Connected, TighteningResult
from station.commands.bench_lock import drives_bench
from station.commands.torque_devices import Devices, greeted, live_devices
from station.config.station_values import StationConfig
from station.config.torque_check import DEFAULT_PATTERN, TorqueCheck, TransducerLine
from station.core.verifying import IDLE_S
from station.runtime.clock import Clock, SteppedClock, SystemClock
from station.runtime.journal import Journal
from station.runtime.setting import Files
from station.runtime.verification_rows import record_rundown

RUNS = "torque-runs"
"""Folder of the runs, in that of the artefacts."""
WORD_EVERY = 5
"""Readings between two words on how far it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wishes:
    """What the command line says."""

    series: tuple[str, ...] = ()
    typed: bool = False
    transducer: str | None = None
    by: str = ""
    anew: bool = False
    folder: Path | None = None
    sim: str | None = None
    """Name of a simulated tool."""
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """Where everything of this verification lies and what it is measured with."""

    station: str
    check: TorqueCheck
    folder: Path
    journal: Journal
    clock: Clock
    by: str
    typed: bool
    anew: bool


def check_of(station: StationConfig) -> TorqueCheck:
    """How the tool is verified. Raises CalibrationError `torque.no_reference`."""
    if station.torque_check is None:
        raise CalibrationError(
            "torque.no_reference",
            f"station {station.id} says nothing of a reference; add [torque_check] with `reference` to its file",
        )
    return station.torque_check


def verify(files: Files, wishes: Wishes) -> bool:
    """Series, verdict, artefact; true when the tool is fit for all that was measured.

    Raises CalibrationError, ArtefactError, DriverError, JournalError: then nothing new is in force, and what was
    measured so far is kept for the next start.
    """
    station, check = files.station, check_of(files.station)
    plans = chosen(plans_of(files.procedure, check), wishes.series)
    clock: Clock = SteppedClock(start_utc=datetime.fromisoformat(SystemClock().utc())) if wishes.sim else SystemClock()
    for plan in plans:
        reference_suits(check.reference, plan, datetime.fromisoformat(clock.utc()).date())
    folder = wishes.folder or store_folder(station)
    journal = Journal(folder / "simulated.sqlite" if wishes.sim else station.data_dir / "journal.sqlite")
    try:
        place = Place(
            station=station.id,
            check=check,
            folder=folder,
            journal=journal,
            clock=clock,
            by=wishes.by or "unnamed",
            typed=wishes.typed or (not wishes.sim and _line(check, wishes) is None),
            anew=wishes.anew,
        )
        with _devices(files, wishes, place) as (devices, at_joint):
            serial = _serial(greeted(devices, TOOL))
            measured = [measured_series(plan, place, devices, at_joint, serial) for plan in plans]
        return _kept(place, measured, serial)
    finally:
        journal.close()


@contextmanager
def _devices(files: Files, wishes: Wishes, place: Place) -> Iterator[tuple[Devices, Callable[[str], None]]]:
    """The lines, and what says which test joint is on the bench."""
    config = files.station.torque_tool
    if config is None:
        raise CalibrationError("torque.no_tool", f"station {place.station} has no [torque_tool] to verify; add it")
    if isinstance(place.clock, SteppedClock):
        from station.simulation.torque_devices import simulated_devices

        with simulated_devices(files, wishes.sim or "", wishes.seed, place.check, place.clock) as simulated:
            if place.typed:
                simulated.transducer.fail("off")
            yield simulated, simulated.put_on
        return
    line = None if place.typed else _line(place.check, wishes)
    with drives_bench(files.station.data_dir, "station calibrate torque"), live_devices(config, line) as live:
        yield live, lambda rate: None


def _line(check: TorqueCheck, wishes: Wishes) -> TransducerLine | None:
    if wishes.transducer is None:
        return check.transducer
    known = check.transducer or TransducerLine(url="", baudrate=9600, pattern=DEFAULT_PATTERN, unit="Nm")
    return TransducerLine(url=wishes.transducer, baudrate=known.baudrate, pattern=known.pattern, unit=known.unit)


def _serial(greeting: Connected) -> str:
    """Of the tool; of its controller where the tool tells none."""
    told = _told(greeting)
    typer.echo(f"Tool {told or 'without a number'} is connected.")
    return told


def _told(greeting: Connected) -> str:
    return greeting.identity.get("tool_serial") or greeting.identity.get("controller_serial", "")


def measured_series(
    plan: Plan, place: Place, devices: Devices, at_joint: Callable[[str], None], serial: str
) -> tuple[SeriesVerdict, RunFile]:
    """One guided series, its verdict and its file."""
    at_joint(plan.rate)
    head = head_of(
        plan, tool_serial=serial, reference_serial=place.check.reference.serial, by=place.by, utc=place.clock.utc()
    )
    empty = Run(pset=plan.pset, tool_serial=serial, range_nm=place.check.reference.range_nm)
    file = open_run(place.folder / RUNS, head, empty, anew=place.anew)
    typer.echo(f"\nSeries {plan.name}. {guidance(plan)}")
    if file.run.pairs:
        typer.echo(f"It goes on after {len(file.run.pairs)} of {plan.readings} readings, begun {file.head.begun_utc}.")
    session = Session(
        plan,
        file,
        submit=devices.submit,
        record=lambda result: record_rundown(place.journal, place.station, plan.name, result, place.clock),
        utc=place.clock.utc,
        typed=place.typed,
    )
    if not session.done:
        session.begin()
    try:
        measure(session, place, devices)
    finally:
        session.end()
    verdict = judge(plan, file.run, place.check.reference, place.check.spans_nm)
    typer.echo(verdict.text)
    return verdict, file


def measure(session: Session, place: Place, devices: Devices) -> None:
    """Until the series is whole. While a person is waited for at the keyboard, the tool is off.

    Raises CalibrationError `torque.idle` when nothing is tightened, `torque.other_tool`, `torque.nothing_counts`.
    """
    told, last_s = len(session.run.pairs), place.clock.now_s()
    while not session.done:
        event = devices.next_event(0.5)
        if event is not None:
            session.heard(event)
        waits = place.typed and session.run.rundown is not None
        if waits:
            session.end()
            while session.run.rundown is not None:
                _ask(session)
        for news in session.take_news():
            typer.echo(f"  {news}")
        session.check_progress()
        back = session.back
        if back is not None:
            _ask_leave(session, back)
        elif waits and not session.done:
            session.begin()
        if back is not None or waits or isinstance(event, TighteningResult):
            last_s = place.clock.now_s()
        elif place.clock.now_s() - last_s > IDLE_S:
            raise CalibrationError(
                "torque.idle",
                f"nothing was tightened for {IDLE_S:g} s, so the tool is off; what was measured is kept, run the same "
                "command again and it goes on",
            )
        count = len(session.run.pairs)
        if count != told and (count % WORD_EVERY == 0 or place.typed):
            told, pair = count, session.run.pairs[-1]
            typer.echo(
                f"  {count} of {session.plan.readings}: reference {pair.reference_nm:g} N·m, tool {pair.tool_nm:g} N·m "
                f"({pair.deviation_pct:+.2f} %)"
            )


def _ask_leave(session: Session, back: Connected) -> None:
    """The line was lost and is there again: whoever is there says that the tool may run again."""
    session.end()
    serial, known = _told(back), session.file.head.tool_serial
    if serial != known:
        raise CalibrationError(
            "torque.other_tool",
            f"tool {serial or 'without a number'} was connected while series {session.plan.name} was measured with "
            f"tool {known or 'without a number'}; connect that one again, or begin anew with --anew",
        )
    typer.prompt("  The tool is connected again, and off. Enter: it may run", default="", show_default=False)
    session.begin()


def _ask(session: Session) -> None:
    """The rundown waits for its reading; `-` takes the pair before it out, nothing leaves this rundown out."""
    rundown = session.run.rundown
    if rundown is None:
        return
    asked = f"  Rundown {rundown.tightening_id}: the tool tells {rundown.torque_nm:g}. Reading"
    answer = typer.prompt(asked, default="", show_default=False)
    if answer.strip() == "-":
        session.take_out(typer.prompt("  Why does the reading before not count"))
        return
    try:
        value_nm = float(answer.strip().replace(",", "."))
    except ValueError:
        if not answer.strip():
            session.leave_out_rundown("no reading was typed")
            return
        typer.echo(f"  {answer!r} is no number; type it like 9.03, or - to take the one before out")
        return
    session.type_reading(value_nm, time.monotonic())


def _kept(place: Place, measured: Sequence[tuple[SeriesVerdict, RunFile]], serial: str) -> bool:
    """Write the artefact, put the runs aside, and say until when it counts."""
    store, utc = Store(place.folder), place.clock.utc()
    verdicts = [verdict for verdict, _ in measured]
    since = partial(place.journal.results_since, place.station)
    artefact = torque_artefact(
        verdicts,
        place.check,
        tool_serial=serial,
        by=place.by,
        utc=utc,
        software=version("assembled-by-me"),
        inputs={verdict.plan.name: file.sha256() for verdict, file in measured},
        carried=carried_from(store, now=datetime.fromisoformat(utc), serial=serial, uses=uses_of(store, since)),
    )
    keep(store, artefact, "verified against the reference")
    for _, file in measured:
        file.put_aside()
    typer.echo(f"\n{artefact.verdict.text}\n{artefact.verdict.advice}".rstrip())
    typer.echo(f"In force: {artefact.id}, until {artefact.expires_utc} or for {artefact.expires_count} rundowns.")
    return all(verdict.fit for verdict in verdicts)
