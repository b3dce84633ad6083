"""The arm's calibration as pages follow it: nothing moves unless somebody looks, answers, and may; nothing is lost."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from support.hidden_benches import sim_files, sim_plan

from calibration.bench_keep import BenchToKeep
from calibration.bench_work import BenchOutcome, BenchPlan, Technician, TouchGoal
from calibration.observations import CalibrationError
from calibration.robot_run import Picture, Seen, Stand, TakenPose
from drivers.api import CobotPosture, CommandFailed, Outcome
from station.config.artefact import Artefact, Kind, Verdict
from station.motion.plan import Leg
from station.web.calibrate_robot_desk import AWAY_S, Doing, Hands, RobotRefusedError, RobotWorkshop

LEG = Leg(points_deg=((0.0,) * 6, (1.0,) * 6), speed_percent=10)
GOAL = TouchGoal(place="J1", at_mm=(0.0, 0.0, 0.0))
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


class OneMotion(BenchToKeep):
    """A run of a picture, a question, a motion, a pose and a touch."""

    def measure(self, work: BenchPlan, stand: Stand, technician: Technician, **rest: Any) -> BenchOutcome:
        stand.picture("top")
        technician.stand_clear("home")
        failed = stand.go(LEG)
        if failed is not None:
            stand.stop()
            raise CalibrationError("calibration.run_stopped", f"the arm stopped: {failed.detail}")
        views = {
            "top": Seen(view=None, refused="No board is seen."),
            "side": Seen(view=None, refused="it does not look that way"),
        }
        rest["progress"]((TakenPose(pose=3, joints_deg=(0.0,) * 6, t_s=0.0, seen=views),), 24)
        technician.lead_to(GOAL)
        technician.lead_off()
        return cast(BenchOutcome, object())

    def artefacts(self, work: BenchPlan, outcome: BenchOutcome, *, by: str, keep: bool) -> tuple[Artefact, ...]:
        if keep and (self.store / "full").exists():
            raise OSError(28, "No space left on device")
        if keep:
            (self.store / "kept").write_text(by)
        return (
            Artefact(
                kind=Kind.ARM,
                subject="cobot",
                made_utc="2026-11-26T04:00:00+00:00",
                by=by,
                method="m",
                software="s",
                result={},
                verdict=Verdict(good=True, text="Good."),
            ),
        )


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
        self.workshop.begin("Ken")
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
    files, clock, arms, person = sim_files(), Clock(), [], Person()
    kept = OneMotion(station=files.station, procedure=files.procedure, store=tmp_path, software="t", why="test")

    @contextmanager
    def bench(work: BenchPlan, goes_on: Callable[[], bool]) -> Iterator[tuple[Stand, Hands]]:
        arms.append(SteppedArm(goes_on))
        yield arms[-1], person

    workshop = RobotWorkshop(kept=kept, prepare=sim_plan, bench=bench, now_s=clock.now_s)
    return Scene(workshop=workshop, clock=clock, arms=arms, person=person, store=tmp_path)


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
        assert (scene.store / "kept").read_text() == "Ken"
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
            scene.workshop.begin("Mika")
        with pytest.raises(RobotRefusedError, match="nothing"):
            scene.workshop.accept("Ken")
        assert scene.arms[0].gone == 0
        scene.workshop.pause("Ken")
        scene.doing(Doing.BROKEN)
        assert scene.arms[0].gone == 0


def test_no_run_begins_while_a_visit_is_under_way(scene: Scene) -> None:
    """It should refuse to begin, and give the bench back when a visitor was quicker."""
    scene.workshop.visit = lambda: True
    with pytest.raises(RobotRefusedError, match="visit"):
        scene.workshop.begin("Ken")
    scene.workshop.visit = lambda: False
    scene.workshop.begin("Ken")
    assert scene.workshop.wanted()
    scene.workshop.withdraw()
    assert not scene.workshop.wanted() and scene.workshop.look("Ken").doing is Doing.IDLE
    scene.workshop.work()
    assert scene.arms == []


def test_what_is_missing_is_said_before_anything_begins(tmp_path: Path) -> None:
    """It should name the lens that is not in force, and leave the station its bench."""
    files = sim_files()
    kept = BenchToKeep(station=files.station, procedure=files.procedure, store=tmp_path, software="t", why="test")

    @contextmanager
    def bench(work: BenchPlan, goes_on: Callable[[], bool]) -> Iterator[tuple[Stand, Hands]]:
        pytest.fail("the bench was opened")
        yield

    workshop = RobotWorkshop(
        kept=kept, prepare=lambda: kept.lenses(replace(sim_plan(), poses=12)), bench=bench, now_s=lambda: 0.0
    )
    with pytest.raises(RobotRefusedError, match="not_ready") as refused:
        workshop.begin("Ken")
    assert "top has no lens calibration" in refused.value.words["detail"]
    assert not workshop.wanted()
