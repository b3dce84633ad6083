"""Work at a bench that the station hands over, as a page follows it: what is asked, what is done, what came of it.

The run waits in a thread of its own for the answers; pages look and answer from others. It may move only while somebody
looks: a page that is closed, or hidden behind another, lets the arm stand still. Thread-safe.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import cv2

from calibration.bench_work import BenchPlan, TouchGoal
from calibration.flange_record import BOARD, POINTER, FlangeRecord
from calibration.observations import CalibrationError
from calibration.robot_run import Picture, Stand, TakenPose
from drivers.api import CobotPosture, CommandFailed, LinkError, Outcome
from station.config.artefact import ArtefactError
from station.motion.plan import Leg
from station.web.bench_job import (
    AtBench,
    Doing,
    Done,
    Hands,
    Job,
    Question,
    RobotRefusedError,
    RobotView,
)
from vision.cameras.source import CameraError

AWAY_S = 2.0
"""A page that has not looked for this long is not looked at any more."""
CLEAR = "clear"
"""The answer that lets the arm move."""
NOT_THAT_WAY = "it does not look that way"
NEWS_MAX = 40


@dataclass(slots=True)
class _Run:
    person: str
    name: str
    job: Job
    plan: BenchPlan
    rundown: tuple[str, float] | None
    question: Question | None = None
    answer: str = ""
    taken: tuple[TakenPose, ...] = ()
    poses: int = 0
    moving: bool = False
    held: str = ""
    """Why it is ending early."""
    news: list[str] = field(default_factory=list)
    pictures: dict[str, tuple[int, bytes]] = field(default_factory=dict)
    done: Done | None = None


class RobotWorkshop:
    """Of one station. It outlives the station's lives: a run comes between two of them."""

    def __init__(self, jobs: Mapping[str, Job], flange: FlangeRecord, now_s: Callable[[], float]) -> None:
        """`jobs` by name: what can be done at this bench. `now_s` is monotonic."""
        self.jobs, self.flange, self._now_s = jobs, flange, now_s
        self.visit: Callable[[], bool] = lambda: False
        """Whether a visit is under way."""
        self._changed = threading.Condition()
        self._doing = Doing.IDLE
        self._run: _Run | None = None
        self._numbers = 0
        self._looked_s = float("-inf")

    # What a page does.

    def look(self, person: str) -> RobotView:
        """Everything now. That `person` looks is what lets their run move."""
        with self._changed:
            run = self._run
            if run is not None and person == run.person:
                self._looked_s = self._now_s()
            return RobotView(
                doing=self._doing,
                visit=self.visit(),
                person=run.person if run else "",
                moving=run.moving if run else False,
                question=run.question if run else None,
                taken=len(run.taken) if run else 0,
                poses=run.poses if run else 0,
                refused=_refused(run.taken) if run else (),
                news=tuple(run.news[-NEWS_MAX:]) if run else (),
                cameras={name: number for name, (number, _) in run.pictures.items()} if run else {},
                job=run.name if run else "",
                results=run.done.results if run and run.done else (),
                board_on=self.keeps_bench(),
            )

    def picture(self, camera: str) -> bytes | None:
        """JPEG of the newest picture that the run took with a camera."""
        with self._changed:
            found = self._run.pictures.get(camera) if self._run else None
        return found[1] if found else None

    def begin(self, person: str, name: str, *, rundown: tuple[str, float] | None = None) -> None:
        """Have the bench handed over for a job. Raises RobotRefusedError. Reads files: not from the event loop."""
        job = self.jobs.get(name)
        if job is None:
            raise RobotRefusedError("nothing")
        try:
            plan = job.plan()
        except (ArtefactError, CalibrationError) as error:
            raise RobotRefusedError("not_ready", {"detail": str(error)}) from error
        with self._changed:
            if self.visit():
                raise RobotRefusedError("visit")
            if self._doing in (Doing.WANTED, Doing.RUNNING):
                raise RobotRefusedError("busy", {"person": self._run.person if self._run else ""})
            self._run = _Run(person=person, name=name, job=job, plan=plan, rundown=rundown)
            self._doing = Doing.WANTED
            self._looked_s = self._now_s()

    def answer(self, number: int, answer: str, person: str) -> None:
        """Answer the question of that number. Raises RobotRefusedError when it is not asked any more.

        A yes to a motion is as old as the page's last look: one that the network has held back is asked for again.
        """
        with self._changed:
            run = self._owned(person)
            if run.question is None or run.question.number != number or answer not in run.question.answers:
                raise RobotRefusedError("old")
            if answer == CLEAR and self._away():
                raise RobotRefusedError("old")
            run.answer, run.question = answer, None
            self._looked_s = self._now_s()
            self._changed.notify_all()

    def pause(self, person: str) -> None:
        """Let the arm stand still, whoever asks. The run ends; what was taken is kept."""
        with self._changed:
            if self._doing is Doing.WANTED:
                self._doing, self._run = Doing.IDLE, None
            elif self._doing is Doing.RUNNING and self._run is not None:
                self._run.held = self._run.held or f"{person} paused the program"
            self._changed.notify_all()

    def accept(self, person: str) -> None:
        """Keep the result; what is good is in force then. Raises RobotRefusedError, OSError. Writes files."""
        with self._changed:
            run = self._owned(person)
            keep = run.done.keep if run.done else None
            if self._doing is not Doing.RESULT or keep is None:
                raise RobotRefusedError("nothing")
            if self.visit():
                raise RobotRefusedError("visit")
            self._doing = Doing.KEEPING
        ended = Doing.RESULT
        try:
            done = Done(results=keep())
            ended = Doing.KEPT
        finally:
            with self._changed:
                self._doing = ended
        with self._changed:
            run.done = done

    def pointer_on(self) -> None:
        """A technician has put the pointer on, so that the bench can be given back. Raises OSError."""
        with self._changed:
            if self._doing not in (Doing.WANTED, Doing.RUNNING):
                self.flange.note(POINTER)

    def discard(self) -> None:
        """Forget a result, or what is said of a run that has ended. What is in force stays."""
        with self._changed:
            if self._doing in (Doing.RESULT, Doing.KEPT, Doing.BROKEN):
                self._doing, self._run = Doing.IDLE, None

    # What the station around it does.

    def wanted(self) -> bool:
        """Whether the bench is to be handed over."""
        with self._changed:
            return self._doing is Doing.WANTED

    def keeps_bench(self) -> bool:
        """Whether nothing is under way, but the board is on the flange: no visit may begin with it."""
        with self._changed:
            return self._doing not in (Doing.WANTED, Doing.RUNNING) and self.flange.what() == BOARD

    def withdraw(self) -> None:
        """The bench is not to be had: a visit has begun meanwhile."""
        with self._changed:
            if self._doing is Doing.WANTED:
                self._doing, self._run = Doing.IDLE, None

    def end(self) -> None:
        """The program ends: let the arm stand still, and the run end."""
        with self._changed:
            if self._run is not None:
                self._run.held = self._run.held or "the program ends"
            self._changed.notify_all()

    def work(self) -> None:
        """The run that is wanted, in the caller's thread, to its end. Whatever ends it is told on the page."""
        with self._changed:
            run = self._run
            if run is None or self._doing is not Doing.WANTED:
                return
            self._doing = Doing.RUNNING
        try:
            with run.job.open(run.plan, self._may_move) as (stand, hands):
                done = run.job.work(
                    AtBench(
                        plan=run.plan,
                        stand=_WatchedStand(stand, self),
                        technician=_AskedTechnician(hands, self),
                        person=run.person,
                        rundown=run.rundown,
                        say=self._say,
                        progress=self._progress,
                    )
                )
        except (CalibrationError, ArtefactError, CameraError, LinkError, OSError) as error:
            self._say(str(error))
            self._over(Doing.BROKEN)
            return
        with self._changed:
            run.done = done
        self._over(Doing.KEPT if done.keep is None else Doing.RESULT)

    def _over(self, doing: Doing) -> None:
        with self._changed:
            self._doing = doing
            if self._run is not None:
                self._run.question, self._run.moving = None, False

    def _owned(self, person: str) -> _Run:
        if self._run is None:
            raise RobotRefusedError("nothing")
        if self._run.person != person:
            raise RobotRefusedError("busy", {"person": self._run.person})
        return self._run

    # What the run does, in its own thread.

    def _may_move(self) -> bool:
        return not self._held()

    def _held(self) -> str:
        """Why the arm may not move now; empty when it may."""
        with self._changed:
            run = self._run
            assert run is not None  # asked by the run itself
            if not run.held and self._away():
                run.held = "nobody looks at the page any more; keep it open and in view while the arm moves"
            return run.held

    def _away(self) -> bool:
        return self._now_s() - self._looked_s > AWAY_S

    def _ask(self, what: str, words: Mapping[str, str] | None = None, answers: tuple[str, ...] = ("done",)) -> str:
        with self._changed:
            run = self._run
            assert run is not None  # asked by the run itself
            self._numbers += 1
            run.question = Question(number=self._numbers, what=what, words=words or {}, answers=answers)
            run.moving = False
            while run.question is not None and not run.held:
                self._changed.wait()
            run.question = None
            if run.held:
                raise CalibrationError(
                    "calibration.run_stopped", f"It was ended while it waited: {run.held}. What was taken is kept."
                )
            return run.answer

    def _say(self, text: str) -> None:
        with self._changed:
            if self._run is not None:
                self._run.news.append(text)

    def _progress(self, taken: tuple[TakenPose, ...], of: int) -> None:
        with self._changed:
            if self._run is not None:
                self._run.taken, self._run.poses = taken, of

    def _moves(self, moving: bool) -> None:
        with self._changed:
            if self._run is not None:
                self._run.moving = moving

    def _pictured(self, camera: str, picture: Picture) -> None:
        good, jpeg = cv2.imencode(".jpg", picture.grey)
        with self._changed:
            if good and self._run is not None:
                number, _ = self._run.pictures.get(camera, (0, b""))
                self._run.pictures[camera] = number + 1, jpeg.tobytes()


class _WatchedStand:
    """The stand, moved only while somebody looks and nobody has paused, its pictures shown on the page."""

    def __init__(self, stand: Stand, workshop: RobotWorkshop) -> None:
        self._stand, self._workshop = stand, workshop

    def now_s(self) -> float:
        """The stand's."""
        return self._stand.now_s()

    def wait(self, seconds: float) -> None:
        """The stand's."""
        self._stand.wait(seconds)

    def posture(self) -> CobotPosture | None:
        """The stand's."""
        return self._stand.posture()

    def go(self, leg: Leg) -> CommandFailed | None:
        """A leg, unless it may not be begun; how it failed, if it did."""
        failed = None if self._workshop._held() else self._gone(leg)
        held = self._workshop._held()
        if not held:
            return failed
        return CommandFailed(
            device="cobot",
            command_id="calibration",
            t_mono_s=self._stand.now_s(),
            outcome=Outcome.UNKNOWN,
            code="calibration.paused",
            detail=held,
        )

    def _gone(self, leg: Leg) -> CommandFailed | None:
        self._workshop._moves(True)
        return self._stand.go(leg)

    def stop(self) -> None:
        """The stand's."""
        self._workshop._moves(False)
        self._stand.stop()

    def picture(self, camera: str) -> Picture:
        """The stand's, shown."""
        picture = self._stand.picture(camera)
        self._workshop._pictured(camera, picture)
        return picture


class _AskedTechnician:
    """A `calibration.bench_work.Technician` who reads the page, and whose hands are at the bench."""

    def __init__(self, hands: Hands, workshop: RobotWorkshop) -> None:
        self._hands, self._workshop = hands, workshop

    def hold_board(self, camera: str, number: int, of: int) -> None:
        """Asked for each picture."""
        words = {"camera": camera, "number": str(number + 1), "of": str(of)}
        self._workshop._ask("hold_board", words)
        self._hands.hold_board(camera, number, of)

    def on_flange(self) -> str:
        """As the technician says."""
        said = self._workshop._ask("on_flange", answers=(POINTER, BOARD))
        self._workshop.flange.note(said)
        return said

    def stand_clear(self, where: str) -> None:
        """The answer is the leave to move."""
        self._workshop._ask("stand_clear", {"where": where}, answers=(CLEAR,))

    def put_on(self, what: str) -> None:
        """Waited for."""
        if what == BOARD:  # noted before: whoever is asked for it may have begun to put it on
            self._workshop.flange.note(what)
        self._workshop._ask(f"put_on.{what.replace(' ', '_')}")
        self._workshop.flange.note(what)
        self._hands.put_on(what)

    def lead_to(self, goal: TouchGoal) -> None:
        """The joints are free while the technician leads the tip, where they are led by hand."""
        words = {"place": goal.place, "lean": f"{goal.lean_deg:.0f}"}
        self._hands.free(goal)
        try:
            self._workshop._ask("touch.straight" if goal.as_it_stands else "touch.leaning", words)
        finally:
            self._hands.fast(goal)

    def lead_off(self) -> None:
        """No question: the next motion asks for the hands to be away."""
        self._hands.lead_off()


def _refused(taken: tuple[TakenPose, ...]) -> tuple[tuple[int, str, str], ...]:
    return tuple(
        (pose.pose, camera, seen.refused)
        for pose in taken
        for camera, seen in pose.seen.items()
        if seen.view is None and seen.refused != NOT_THAT_WAY
    )
