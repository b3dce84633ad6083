"""The arm's calibration as pages follow it: nothing moves unless somebody looks, answers, and may; nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from support.hidden_benches import sim_files, sim_plan

from calibration.bench_keep import BenchToKeep
from calibration.bench_work import BenchPlan, TouchGoal
from calibration.flange_record import FlangeRecord
from calibration.observations import CalibrationError
from calibration.robot_run import Picture, Seen, Stand, TakenPose
from drivers.api import CobotPosture, CommandFailed, Outcome
from station.commands.workbench import robot_workshop
from station.motion.plan import Leg
from station.runtime.clock import SystemClock
from station.web.bench_job import AtBench, Doing, Done, Hands, Job, Result, RobotRefusedError
from station.web.bench_jobs import CalibrateRobot
from station.web.calibrate_robot_desk import AWAY_S, RobotWorkshop

LEG = Leg(points_deg=((0.0,) * 6, (1.0,) * 6), speed_percent=10)
GOAL = TouchGoal(place="J1", at_mm=(0.0, 0.0, 0.0))
FOUND = Result(kind="arm", name="cobot", good=True, error_mm=0.2, text="Good.", id="arm-cobot-1")
WITHIN_S = 10.0


@dataclass
class Clock:
    s: float = 100.0

    def now_s(self) -> float:
        return self.s


@dataclass
class SteppedArm:
    """An arm whose leg lasts until the test lets it end, or until it may not go on."""

    goes_on: Callable[[], bool]
    ends: threading.Event = field(default_factory=threading.Event)
    gone: int = 0
    stopped: int = 0

    def now_s(self) -> float:
        return 0.0

    def wait(self, seconds: float) -> None:
        pass

    def posture(self) -> CobotPosture | None:
        return None

    def go(self, leg: Leg) -> CommandFailed | None:
        self.gone += 1
        while not self.ends.wait(0.002):
            if not self.goes_on():
                self.stop()
                return CommandFailed(
                    device="cobot",
                    command_id="1",
                    t_mono_s=0.0,
                    outcome=Outcome.UNKNOWN,
                    code="cobot.interrupted",
                    detail="it was stopped",
                )
        return None

    def stop(self) -> None:
        self.stopped += 1

    def picture(self, camera: str) -> Picture:
        return Picture(grey=np.zeros((4, 6), dtype=np.uint8), t_s=0.0)


@dataclass
class Person:
    did: list[str] = field(default_factory=list)

    def put_on(self, what: str) -> None:
        self.did.append(f"put on {what}")

    def hold_board(self, camera: str, number: int, of: int) -> None:
        self.did.append(f"hold {camera} {number}")

    def free(self, goal: TouchGoal) -> None:
        self.did.append("free")

    def fast(self, goal: TouchGoal) -> None:
        self.did.append("fast")

    def lead_off(self) -> None:
        self.did.append("off")


@dataclass
class OneMotion:
    """A picture, a question, a motion, a pose and a touch; what comes of it is to be accepted."""

    arms: list[SteppedArm]
    person: Person
    store: Path

    def plan(self) -> BenchPlan:
        return sim_plan()

    @contextmanager
    def open(self, plan: BenchPlan, goes_on: Callable[[], bool]) -> Iterator[tuple[Stand, Hands]]:
        self.arms.append(SteppedArm(goes_on))
        yield self.arms[-1], self.person

    def work(self, bench: AtBench) -> Done:
        bench.stand.picture("top")
        bench.technician.stand_clear("home")
        failed = bench.stand.go(LEG)
        if failed is not None:
            bench.stand.stop()
            raise CalibrationError("calibration.run_stopped", f"the arm stopped: {failed.detail}")
        views = {
            "top": Seen(view=None, refused="No board is seen."),
            "side": Seen(view=None, refused="it does not look that way"),
        }
        bench.progress((TakenPose(pose=3, joints_deg=(0.0,) * 6, t_s=0.0, seen=views),), 24)
        bench.technician.lead_to(GOAL)
        bench.technician.lead_off()
        return Done(results=(FOUND,), keep=partial(self.keep, bench))

    def keep(self, bench: AtBench) -> tuple[Result, ...]:
        if (self.store / "full").exists():
            raise OSError(28, "No space left on device")
        (self.store / "kept").write_text(f"{bench.person} {bench.rundown}")
        return (FOUND,)


@dataclass
class Scene:
    """A workshop whose run is under way in a thread."""

    workshop: RobotWorkshop
    clock: Clock
    arms: list[SteppedArm]
    person: Person
    store: Path

    def until(self, told: Callable[[], bool]) -> None:
        """Look, as the page of Ken does, until it is so."""
        end = threading.Event()
        for _ in range(int(WITHIN_S / 0.002)):
            self.workshop.look("Ken")
            if told():
                return
            end.wait(0.002)
        pytest.fail(f"it was never told: {self.workshop.look('Ken')}")

    def asked(self, what: str) -> int:
        """The number of the question, once it is asked."""
        self.until(lambda: (q := self.workshop.look("Ken").question) is not None and q.what == what)
        question = self.workshop.look("Ken").question
        assert question is not None
        return question.number

    def doing(self, doing: Doing) -> None:
        self.until(lambda: self.workshop.look("Ken").doing is doing)

    @contextmanager
    def run(self) -> Iterator[None]:
        """Ken begins; the thread has ended when the body has."""
        self.workshop.begin("Ken", "calibrate", rundown=("hard", 9.1))
        thread = threading.Thread(target=self.workshop.work, name="run")
        thread.start()
        try:
            yield
        finally:
            self.workshop.end()
            thread.join(WITHIN_S)
            assert not thread.is_alive()


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    clock, job = Clock(), OneMotion(arms=[], person=Person(), store=tmp_path)
    jobs = {"calibrate": Job(plan=job.plan, open=job.open, work=job.work)}
    workshop = RobotWorkshop(jobs, FlangeRecord(tmp_path / "flange"), clock.now_s)
    return Scene(workshop=workshop, clock=clock, arms=job.arms, person=job.person, store=tmp_path)


def test_a_run_moves_after_a_yes_and_is_in_force_after_another(scene: Scene) -> None:
    """It should ask before it moves, show what was refused, free the joints for a touch, and keep what is accepted."""
    with scene.run():
        number = scene.asked("stand_clear")
        assert scene.arms[0].gone == 0
        assert scene.workshop.picture("top") is not None and scene.workshop.picture("side") is None
        scene.workshop.answer(number, "clear", "Ken")
        scene.until(lambda: scene.workshop.look("Ken").moving)
        scene.arms[0].ends.set()
        number = scene.asked("touch.leaning")
        view = scene.workshop.look("Ken")
        assert (view.taken, view.poses, view.refused) == (1, 24, ((3, "top", "No board is seen."),))
        assert scene.person.did == ["free"] and not view.moving
        scene.workshop.answer(number, "done", "Ken")
        scene.doing(Doing.RESULT)
        assert scene.person.did == ["free", "fast", "off"]
        assert list(scene.store.iterdir()) == []
        (scene.store / "full").touch()
        with pytest.raises(OSError, match="No space left"):
            scene.workshop.accept("Ken")
        assert scene.workshop.look("Ken").doing is Doing.RESULT
        (scene.store / "full").unlink()
        scene.workshop.accept("Ken")
        assert (scene.store / "kept").read_text() == "Ken ('hard', 9.1)"
        assert scene.workshop.look("Ken").doing is Doing.KEPT


@pytest.mark.parametrize("how", ["pause", "away", "end"])
def test_a_moving_arm_stands_still(scene: Scene, how: str) -> None:
    """It should stop at a pause, when the page looks no more, and when the program ends; and say which."""
    with scene.run():
        scene.workshop.answer(scene.asked("stand_clear"), "clear", "Ken")
        scene.until(lambda: scene.arms[0].gone == 1)
        if how == "pause":
            scene.workshop.pause("Ken")
        elif how == "away":
            scene.clock.s += AWAY_S + 0.1
        else:
            scene.workshop.end()
        ended = threading.Event()
        while scene.workshop.look("Mika").doing is not Doing.BROKEN:  # somebody else's look lets nothing move
            ended.wait(0.002)
        assert scene.arms[0].stopped >= 1 and not scene.workshop.look("Ken").moving
        words = {"pause": "Ken paused the program", "away": "nobody looks", "end": "the program ends"}[how]
        assert words in scene.workshop.look("Ken").news[-1]
    scene.workshop.discard()
    assert scene.workshop.look("Ken").doing is Doing.IDLE


def test_nothing_moves_for_somebody_else_or_for_an_old_answer(scene: Scene) -> None:
    """It should take answers from whoever began alone, to the question that is asked alone, and only known ones."""
    with scene.run():
        number = scene.asked("stand_clear")
        for asked, answer, person in ((number, "clear", "Mika"), (number - 1, "clear", "Ken"), (number, "done", "Ken")):
            with pytest.raises(RobotRefusedError):
                scene.workshop.answer(asked, answer, person)
        with pytest.raises(RobotRefusedError, match="busy"):
            scene.workshop.begin("Mika", "calibrate")
        with pytest.raises(RobotRefusedError, match="nothing"):
            scene.workshop.accept("Ken")
        assert scene.arms[0].gone == 0
        scene.workshop.pause("Ken")
        scene.doing(Doing.BROKEN)
        assert scene.arms[0].gone == 0


def test_a_yes_that_the_network_held_back_moves_nothing(scene: Scene) -> None:
    """It should ask again when the page has been silent, and still ask for it once the page looks."""
    with scene.run():
        number = scene.asked("stand_clear")
        scene.clock.s += AWAY_S + 0.1
        with pytest.raises(RobotRefusedError, match="old"):
            scene.workshop.answer(number, "clear", "Ken")
        assert scene.arms[0].gone == 0
        assert scene.asked("stand_clear") == number
        scene.workshop.answer(number, "clear", "Ken")
        scene.until(lambda: scene.arms[0].gone == 1)


def test_a_bench_with_the_board_on_is_not_given_back(scene: Scene) -> None:
    """It should be kept, also by another workshop after a restart, until somebody says that the pointer is on."""
    scene.workshop.flange.note("board")
    assert scene.workshop.keeps_bench() and scene.workshop.look("Ken").board_on
    with scene.run():
        assert not scene.workshop.keeps_bench(), "a run is under way"
        scene.asked("stand_clear")
        scene.workshop.pointer_on()
        assert scene.workshop.flange.what() == "board", "not in the middle of a run"
        scene.workshop.pause("Ken")
        scene.doing(Doing.BROKEN)
    again = RobotWorkshop({}, FlangeRecord(scene.store / "flange"), scene.clock.now_s)
    assert again.keeps_bench()
    again.pointer_on()
    assert not again.keeps_bench() and not scene.workshop.keeps_bench()


def test_no_run_begins_while_a_visit_is_under_way(scene: Scene) -> None:
    """It should refuse to begin, and give the bench back when a visitor was quicker."""
    scene.workshop.visit = lambda: True
    with pytest.raises(RobotRefusedError, match="visit"):
        scene.workshop.begin("Ken", "calibrate")
    scene.workshop.visit = lambda: False
    scene.workshop.begin("Ken", "calibrate")
    assert scene.workshop.wanted()
    scene.workshop.withdraw()
    assert not scene.workshop.wanted() and scene.workshop.look("Ken").doing is Doing.IDLE
    scene.workshop.work()
    assert scene.arms == []


def test_what_is_missing_is_said_before_anything_begins(tmp_path: Path) -> None:
    """It should name the lens or the reference that is not in force, and leave the station its bench."""
    files = sim_files()
    files = replace(files, station=replace(files.station, calibrations=tmp_path))
    kept = BenchToKeep(station=files.station, procedure=files.procedure, store=tmp_path, software="t", why="test")

    @contextmanager
    def bench(work: BenchPlan, goes_on: Callable[[], bool]) -> Iterator[tuple[Stand, Hands]]:
        pytest.fail("the bench was opened")
        yield

    lenses = Job(plan=lambda: kept.lenses(sim_plan()), open=bench, work=CalibrateRobot(kept=kept))
    unlensed = RobotWorkshop({"calibrate": lenses}, FlangeRecord(tmp_path), lambda: 0.0)
    with robot_workshop(files, "t", SystemClock()) as whole:
        assert whole is not None
        for workshop, job, words in (
            (unlensed, "calibrate", "no lens calibration"),
            (whole, "check", "has no reference to compare with"),
        ):
            with pytest.raises(RobotRefusedError, match="not_ready") as refused:
                workshop.begin("Ken", job)
            assert words in refused.value.words["detail"] and not workshop.wanted()
        with pytest.raises(RobotRefusedError, match="nothing"):
            whole.begin("Ken", "dance")
