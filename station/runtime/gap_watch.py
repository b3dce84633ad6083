"""The gap between arm and people as the station runs: pictures and postures in, the supervisor's word out.

Thread-safe: pictures come from the cameras' threads, postures from the arm's, motions from the planner's. A second look
for comfort, no safety function.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict

from drivers.api import CobotPosture
from drivers.cobot.arm.model import Angles
from station.core.events import SeparationChanged
from station.motion.moving_arm import ArmNow, ArmWatch
from station.motion.people import PeopleWatch, Person, Views
from station.motion.reaction import PartFigures, Reaction
from station.motion.supervision import Level, Verdict
from station.motion.supervisor import Supervisor
from station.runtime.ports import Post
from vision.api import CameraHealth, FrameAnalysis, told

SETTLED_S = 0.5
"""How long a standing arm must have had room until that is news: hands come and go beside it all the time."""
EXPIRE_EVERY_S = 0.1
"""How often what was seen is looked at for its age, where nothing new comes in."""
ALLOWED = (Level.CLEAR, Level.SLOW)


class GapWatch:
    """One arm's supervision. What it says is posted when it changes; the newest verdict can be asked for any time."""

    def __init__(
        self,
        *,
        arm: ArmWatch,
        people: PeopleWatch,
        supervisor: Supervisor,
        reaction: Reaction,
        post: Post,
        now_s: Callable[[], float],
    ) -> None:
        self._arm = arm
        self._people = people
        self._supervisor = supervisor
        self._reaction = reaction
        self._post = post
        self._now_s = now_s
        self._lock = threading.RLock()
        self._told: tuple[Level, int] | None = None
        self._room_since_s: float | None = None
        self._verdict: Verdict | None = None
        self._answers: Verdict | None = None
        """The verdict whose stop or lower limit is not yet on its way."""

    @property
    def verdict(self) -> Verdict | None:
        """The newest one; None before the first."""
        return self._verdict

    def arm_now(self) -> ArmNow | None:
        """The arm's links at its newest posture, for a drawing."""
        with self._lock:
            return self._arm.now()

    def persons(self) -> tuple[Person, ...]:
        """Everybody who is seen, for a drawing."""
        with self._lock:
            return self._people.at(self._now_s()).persons

    def figures(self) -> Mapping[str, PartFigures]:
        """The parts of the reaction time as measured."""
        with self._lock:
            return self._reaction.figures()

    def analysed(self, analysis: FrameAnalysis) -> None:
        """A camera's picture has been looked at."""
        with self._lock:
            self._people.seen(analysis)
            self._judge()
            self._reaction.judged(analysis.camera, analysis.t_mono_s, self._now_s())

    def seen_by(self, views: Views) -> None:
        """Other cameras count from now on, because the arm's zone is another one."""
        with self._lock:
            self._people.seen_by(views)
            self._judge()

    def health(self, report: CameraHealth) -> None:
        """A camera came or went."""
        with self._lock:
            self._people.health(report)
            if not report.good:
                self._reaction.forget(report.camera)
            self._judge()

    def posture(self, posture: CobotPosture) -> None:
        """The arm tells where it is."""
        with self._lock:
            self._arm.posture(posture)
            self._judge()

    def gone(self) -> None:
        """The arm is not connected any more."""
        with self._lock:
            self._arm.gone()
            self._judge()

    def begins(self, points_deg: Sequence[Angles], percent: float) -> bool:
        """A motion is to be sent: whether there is room for it. What is said of it is posted before it is sent."""
        with self._lock:
            self._arm.asks(points_deg, percent)
            verdict = self._judge()
            if verdict.level not in ALLOWED:
                self._arm.ends()
            return verdict.level in ALLOWED

    def ends(self) -> None:
        """No motion is under way any more, as far as commands tell."""
        with self._lock:
            self._arm.ends()
            self._answers = None
            self._judge()

    def expire(self) -> None:
        """Let time pass: what was seen grows old."""
        with self._lock:
            if self._verdict is None or self._now_s() - self._verdict.t_mono_s >= EXPIRE_EVERY_S:
                self._judge()

    def acted(self) -> None:
        """A stop or a limit is on its way to the arm."""
        with self._lock:
            if self._answers is not None:
                self._reaction.written(self._answers.t_mono_s, self._now_s())
                self._answers = None

    def _judge(self) -> Verdict:
        now_s = self._now_s()
        verdict = self._supervisor.update(now_s, self._arm.now(), self._people.at(now_s))
        self._verdict = verdict
        said = self._word(verdict)
        if said is not None and said != self._told:
            # Only what asks less of the arm than before asks for bytes on its line.
            stricter = self._told is not None and said[1] < self._told[1]
            self._told = said
            self._answers = verdict if verdict.judged and stricter else None
            self._post(_event(verdict, *said), "supervisor", now_s)
        return verdict

    def _word(self, verdict: Verdict) -> tuple[Level, int] | None:
        """What is to be told of a verdict; None while it has not settled.

        A moving arm's is told as it is. For a standing arm only whether it might move is news: its limit is told when
        it is about to.
        """
        if verdict.judged:
            self._room_since_s = None
            return verdict.level, verdict.limit_percent
        if verdict.level not in ALLOWED:
            self._room_since_s = None
            return verdict.level, 0
        if self._room_since_s is None:
            self._room_since_s = verdict.t_mono_s
        held = self._told is not None and self._told[0] not in ALLOWED
        if held and verdict.t_mono_s - self._room_since_s < SETTLED_S:
            return None
        return Level.CLEAR, 100


def _event(verdict: Verdict, level: Level, limit_percent: int) -> SeparationChanged:
    return SeparationChanged(
        level=level.value,
        limit_percent=limit_percent,
        link=verdict.link,
        camera=verdict.camera,
        distance_mm=None if verdict.distance_mm is None else told(verdict.distance_mm),
        protective_mm=told(verdict.protective_mm or 0.0),
        speed_mm_s=told(verdict.speed_mm_s),
        reaction_s=told(verdict.reaction_s),
        stopping_s=told(verdict.stopping_s),
        people_age_s=told(verdict.people_age_s),
        arm_age_s=told(verdict.arm_age_s),
        terms_mm={} if verdict.terms is None else {name: told(value) for name, value in asdict(verdict.terms).items()},
    )
