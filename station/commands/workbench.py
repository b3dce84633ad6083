"""The bench of a running station, handed over to calibrate its arm, and taken back: between two of its lives.

The pages go on at the same address, with the same people signed in. The visitors' page says that the station is being
set up.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial

import anyio
import anyio.to_thread
import numpy as np

from calibration.bench_keep import BenchToKeep
from calibration.bench_plan import bench_plan
from calibration.bench_work import BenchPlan, TouchGoal
from calibration.daily.in_force import current_reference, store_folder
from calibration.daily.whole import DailyBench
from calibration.flange_record import FlangeRecord
from calibration.observations import CalibrationError
from calibration.robot_run import Stand
from calibration.store import Store
from drivers.api import CommandFailed, FreeDrive
from station.app import SCENE, desk_pages, left_calibrations
from station.commands.arm_line import ArmLine, arm_line
from station.commands.live_stand import LiveStand, live_cameras
from station.config.phrases import load_phrases
from station.core.screen import Screen
from station.core.state import State
from station.core.view import screen_of
from station.live_desk import LiveDesk
from station.runtime.clock import SystemClock
from station.runtime.cobot_port import cobot_driver, cobot_line
from station.runtime.setting import Files, setting_of
from station.runtime.stored_calibration import with_stored
from station.simulation.arms import SIMULATED
from station.simulation.calibration_bench import CalibrationBench
from station.simulation.calibration_person import SimulatedTechnician
from station.simulation.calibration_score import touched_points
from station.simulation.calibration_session import HAND_SIGMA_MM, hidden_bench
from station.simulation.daily_arm import daily_arm
from station.web.bench_job import Hands, Job
from station.web.bench_jobs import CALIBRATE, CHECK, REFERENCE, CalibrateRobot, CheckBench, TakeReference
from station.web.calibrate_overview_desk import CalibrationBook
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.people import People


@contextmanager
def robot_workshop(files: Files, software: str, clock: SystemClock) -> Iterator[RobotWorkshop | None]:
    """Where the arm of a station can be calibrated on its page; None on a bench without one, or half simulated."""
    config = files.station
    if config.cobot is None or not config.cameras or _simulated(files) is None:
        yield None
        return
    kept = BenchToKeep(
        station=config,
        procedure=files.procedure,
        store=store_folder(config),
        software=software,
        why="calibrated on the page",
    )

    daily = DailyBench(station=config, procedure=files.procedure, store=Store(kept.store), software=software)
    simulated = _simulated(files)

    def calibrated() -> BenchPlan:
        if simulated:
            # The boards and the pointer of a simulated bench are in the simulated technician's hands.
            return kept.lenses_if_any(bench_plan(config, files.procedure, touch_sigma_mm=HAND_SIGMA_MM))
        return kept.lenses(bench_plan(config, files.procedure))

    def checked() -> BenchPlan:
        # A simulated bench is drawn as its calibrations say; a real one stands where it stands.
        found = with_stored(files, datetime.fromisoformat(clock.utc()), None) if simulated else files
        return bench_plan(found.station, files.procedure)

    def checkable() -> BenchPlan:
        current_reference(config.id, kept.store)
        return checked()

    with ExitStack() as stack:
        real = RealBench(files)
        hidden = stack.enter_context(closing(SimulatedBench(partial(hidden_bench, files, seed=SEED), SEED)))
        known = stack.enter_context(closing(SimulatedBench(partial(_as_known, files), SEED)))
        stands = known.open if simulated else real.open
        yield RobotWorkshop(
            {
                CALIBRATE: Job(
                    plan=calibrated, open=hidden.open if simulated else real.open, work=CalibrateRobot(kept=kept)
                ),
                CHECK: Job(plan=checkable, open=stands, work=CheckBench(daily=daily)),
                REFERENCE: Job(plan=checked, open=stands, work=TakeReference(daily=daily)),
            },
            FlangeRecord(kept.store),
            clock.now_s,
        )


def _as_known(files: Files, work: BenchPlan) -> CalibrationBench:
    """The simulated bench as its files and its calibrations say."""
    return daily_arm(files, work, seed=SEED, slipped_deg=np.zeros(6))


def _simulated(files: Files) -> bool | None:
    """Whether arm and cameras are simulated; None when only some are: then no camera sees the arm."""
    arm = files.station.cobot is not None and files.station.cobot.url == SIMULATED
    scenes = [camera.source == SCENE for camera in files.station.cameras]
    return None if any(scene != arm for scene in scenes) else arm


async def set_up(
    files: Files,
    software: str,
    clock: SystemClock,
    workshop: RobotWorkshop,
    people: People,
    asked: anyio.Event,
    lasts: Callable[[], bool],
) -> None:
    """Pages, and the run that is wanted, until it has ended, the pointer is on, and `lasts` says no; or until `asked`.

    A visit that was left open, or opened in the last moment, has the bench: no run begins then.
    """
    visit = left_calibrations(files.station.data_dir / JOURNAL) is not None
    workshop.visit = lambda: visit
    if visit:
        workshop.withdraw()
    setting = setting_of(files, software)
    book = CalibrationBook(station=files.station, folder=store_folder(files.station), software=software, utc=clock.utc)
    desk = LiveDesk(
        phrases=load_phrases(files.station.phrases),
        bench=setting.bench,
        procedure=files.procedure,
        state=State,
        person=lambda event: None,
        trace=lambda result: None,
        calibrations=lambda: book,
        robot_bench=lambda: workshop,
    )
    desk.publish(set_up_screen(files))

    async def ends() -> None:
        await asked.wait()
        workshop.end()

    async with anyio.create_task_group() as outer, desk_pages(desk, files, clock, None, people) as address:
        print(f"Kiosk page: {address} (being set up)", flush=True)
        outer.start_soon(ends)
        while not asked.is_set() and (workshop.wanted() or workshop.keeps_bench() or lasts()):
            await anyio.to_thread.run_sync(workshop.work)
            with anyio.move_on_after(ASK_EVERY_S):
                await asked.wait()
        outer.cancel_scope.cancel()


def set_up_screen(files: Files) -> Screen:
    """What the pages show while the bench is handed over."""
    return replace(screen_of(files.procedure, State()), phase="set_up", say="ui.set_up")


ASK_EVERY_S = 0.2
JOURNAL = "journal.sqlite"
"""In the folder of a station's data."""
SEED = 1
"""Which simulated bench."""
Opened = Iterator[tuple[Stand, Hands]]


@dataclass(frozen=True, slots=True)
class RealBench:
    """The arm on its line and the cameras, as the station file has them."""

    files: Files

    @contextmanager
    def open(self, work: BenchPlan, goes_on: Callable[[], bool]) -> Opened:
        """Stand and hands while the body runs. Raises LinkError, CameraError, CalibrationError."""
        config = self.files.station.cobot
        assert config is not None  # `robot_workshop` asks
        with (
            live_cameras(self.files.station) as sources,
            arm_line(lambda: cobot_line(config), cobot_driver(config)) as line,
        ):
            line.goes_on = goes_on
            yield LiveStand(line, sources, time.monotonic), LedByHand(line)


@dataclass(frozen=True, slots=True)
class LedByHand:
    """A technician's hands at a real arm: its joints are free while its tip is led."""

    line: ArmLine

    def put_on(self, what: str) -> None:
        """Done by the technician."""

    def hold_board(self, camera: str, number: int, of: int) -> None:
        """Lenses come from their own page."""
        raise CalibrationError(
            "calibration.no_lens", f"camera {camera} has no lens in force; calibrate it on its page first"
        )

    def free(self, goal: TouchGoal) -> None:
        """The joints give way."""
        self._free(True)

    def fast(self, goal: TouchGoal) -> None:
        """They hold again."""
        self._free(False)

    def lead_off(self) -> None:
        """Nothing: the next way draws back by itself, and is asked for."""

    def _free(self, on: bool) -> None:
        end = self.line.finish(FreeDrive(command_id=self.line.command_id(), on=on))
        if isinstance(end, CommandFailed):
            raise CalibrationError("calibration.cannot_touch", f"{end.detail} ({end.code})")


class SimulatedBench:
    """A simulated bench, as fast as the processor renders it.

    It stays as it was left: a run that goes on finds arm and flange so. `close` when done.
    """

    def __init__(self, made: Callable[[BenchPlan], CalibrationBench], seed: int) -> None:
        self._made, self._seed = made, seed
        self._bench: CalibrationBench | None = None

    def close(self) -> None:
        """Free its line."""
        if self._bench is not None:
            self._bench.close()

    @contextmanager
    def open(self, work: BenchPlan, goes_on: Callable[[], bool]) -> Opened:
        """Stand and hands while the body runs."""
        bench = self._bench = self._bench or self._made(work)
        bench.goes_on = goes_on
        yield bench, SimulatedHands(bench, work, self._seed)


class SimulatedHands:
    """The simulated technician, who does what the person at the page says is done."""

    def __init__(self, bench: CalibrationBench, work: BenchPlan, seed: int) -> None:
        self._person = SimulatedTechnician(bench, work.lens_board, touched_points(bench.truth, work), seed)

    def put_on(self, what: str) -> None:
        """At once."""
        self._person.put_on(what)

    def hold_board(self, camera: str, number: int, of: int) -> None:
        """As an outline would ask."""
        self._person.hold_board(camera, number, of)

    def free(self, goal: TouchGoal) -> None:
        """Nothing: this technician jogs."""

    def fast(self, goal: TouchGoal) -> None:
        """The tip is led there now."""
        self._person.lead_to(goal)

    def lead_off(self) -> None:
        """Straight back."""
        self._person.lead_off()
