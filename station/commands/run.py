"""`station run`: a station on the devices that its file names, visit after visit, until somebody ends it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime

import anyio
import anyio.to_thread

from calibration.daily.in_force import store_folder
from calibration.daily.reference import reference_subject
from station.app import Bench, alive, as_left, build, left_calibrations, pages, simulated_bench, until_signal
from station.commands.bench_lock import bench_alone
from station.commands.workbench import JOURNAL, robot_workshop, set_up
from station.config.artefact import ArtefactError, Kind, current_id
from station.core.state import Phase
from station.runtime.clock import SystemClock
from station.runtime.mat_calibration import calibrate_cameras, wants_mat
from station.runtime.setting import Files
from station.runtime.station import next_visit_id
from station.runtime.stored_calibration import running_ids, stored_ids, with_stored
from station.simulation.key_trigger import KeyTrigger
from station.simulation.live import turn_bench
from station.simulation.rig import Rig
from station.simulation.world import parameter_sets
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.people import People

MOVED_FOR_S = 2.0
"""A camera that finds its own calibration measures it anew when it has been moved for this long between visits."""
ASK_EVERY_S = 2.0
"""How often the store is asked between visits whether other calibrations are in force by now."""


def run_station(files: Files, software: str) -> int:
    """Greet, guide, record, again. A visit that a crash left open goes on where it was, after looking again.

    Between visits it begins anew with what `station calibrate` has put in force meanwhile. Raises SelfCalibrationError
    when a camera that finds its own calibration cannot, ArtefactError when one in force may not be used (any more),
    BenchBusyError when another program drives the bench.
    """
    clock = SystemClock()
    with (
        bench_alone(files.station.data_dir, "station run"),
        robot_workshop(files, software, clock) as workshop,
    ):
        anyio.run(_lives, files, software, clock, workshop)
    return 0


async def _lives(files: Files, software: str, clock: SystemClock, workshop: RobotWorkshop | None) -> None:
    """One after another, and what comes between two of them, until somebody ends it all.

    A station does not start on a calibration that may not be used. One that has run goes on with its pages: there
    stands what spoke against the calibration, and there it is put right.
    """
    people = People(files.station.people, clock.now_s)
    asked = anyio.Event()

    def unusable() -> bool:
        return bool(_unusable(files, _now(clock)))

    async with anyio.create_task_group() as outer:
        outer.start_soon(until_signal, asked)
        lived = False
        while not asked.is_set():
            why = _unusable(files, _now(clock)) if lived else ""
            if workshop is not None and (workshop.wanted() or workshop.keeps_bench() or why):
                if why:
                    print(why, flush=True)
                await set_up(files, software, clock, workshop, people, asked, unusable if lived else lambda: False)
            else:
                await _one_life(files, software, clock, people, workshop, asked)
                lived = True
        outer.cancel_scope.cancel()


async def _one_life(
    files: Files,
    software: str,
    clock: SystemClock,
    people: People,
    workshop: RobotWorkshop | None,
    asked: anyio.Event,
) -> None:
    """Of the station, until it is to begin anew, its bench is wanted, or somebody ends it all."""
    path = files.station.data_dir / JOURNAL
    reference = _reference(files)
    with ExitStack() as stack:
        seen = calibrate_cameras(as_left(files, path), clock.now_s, print)
        left = with_stored(seen, _now(clock), left_calibrations(path))
        rig = simulated_bench(left, seed=1, clock=clock)
        if rig is not None:
            stack.callback(rig.close)
        bench = build(
            left,
            stack,
            rig=rig,
            clock=clock,
            seed=1,
            journal_path=path,
            software=software,
            resume=True,
            speaks=True,
            robot_bench=workshop,
        )
        await _run(bench, files, people, workshop, asked, reference)


def _now(clock: SystemClock) -> datetime:
    return datetime.fromisoformat(clock.utc())


async def _run(
    bench: Bench, files: Files, people: People, workshop: RobotWorkshop | None, asked: anyio.Event, reference: str
) -> None:
    """Until somebody ends it, a calibration is another one by now, or one is to be made.

    `files` say where each device's calibration comes from; `reference` is what the cameras compare with all the while.
    """
    by_mat = {camera.name for camera in wants_mat(files)}
    running = running_ids(files, bench.files)
    station = bench.station
    rig = bench.rig
    if rig is not None:
        acting = _key(bench, rig)
        bench.work.append(
            lambda stop: turn_bench(rig, acting, None, lambda: station.screen, bench.clock.now_s, stop=stop)
        )

    def opens(language: str) -> None:
        station.open_visit(next_visit_id(station.journal, bench.files.station.id), language)

    bench.desk.opens = opens

    async def body() -> None:
        since_s = asked_s = verified_s = bench.clock.now_s()
        while not asked.is_set():
            state, now_s = station.loop.state, bench.clock.now_s()
            off = any(state.bad_cameras.get(name) == "camera.moved" for name in by_mat)
            if workshop is not None and workshop.wanted():
                if state.phase is not Phase.RUNNING:
                    return
                workshop.withdraw()
            if state.phase is Phase.RUNNING:
                since_s = asked_s = now_s
            elif not off:
                since_s = now_s
            if now_s - verified_s > ASK_EVERY_S:
                verified_s = now_s
                await anyio.to_thread.run_sync(station.verification.tell_changes)
            if now_s - asked_s > ASK_EVERY_S:
                asked_s = now_s
                if _others_in_force(files, running, reference, _now(bench.clock)):
                    return
            if now_s - since_s > MOVED_FOR_S:
                return
            with anyio.move_on_after(0.2):
                await asked.wait()

    if station.loop.state.phase is Phase.RUNNING:
        station.restarted("the program was started again")
    async with pages(bench, None, people) as address:
        print(f"Kiosk page: {address}", flush=True)
        await alive(bench, body)


def _unusable(files: Files, now: datetime) -> str:
    """Why one of the calibrations in force may not be used; empty when all may. A visit that is open has its own."""
    if left_calibrations(files.station.data_dir / JOURNAL) is not None:
        return ""
    try:
        stored_ids(files, now)
    except ArtefactError as error:
        return f"{error.code}: {error}"
    return ""


def _reference(files: Files) -> str:
    """Id of the daily check's reference in force; empty where there is none that can be read."""
    try:
        store = store_folder(files.station)
        return current_id(store, Kind.DAILY, reference_subject(files.station.id)) or ""
    except ArtefactError:
        return ""


def _others_in_force(files: Files, running: dict[str, str], reference: str, now: datetime) -> bool:
    """Whether others are in force than the station runs on, or one may not be used any more."""
    try:
        return stored_ids(files, now) != running or _reference(files) != reference
    except ArtefactError:
        return True


def _key(bench: Bench, rig: Rig) -> Iterator[None]:
    """What turns with the simulated devices: the key that is the tool's trigger, where the station has one."""
    config, tool = bench.files.station.torque_tool, rig.tool_simulator
    if config is None or config.trigger != "key" or tool is None:
        return iter(())
    now_s = bench.clock.now_s
    bench.desk.trigger_key = key = KeyTrigger(tool, parameter_sets(bench.files.procedure), now_s)

    def turning() -> Iterator[None]:
        while True:
            key.turn(now_s())
            yield

    return turning()
