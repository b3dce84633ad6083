"""From frame analyses to edges of facts, to answers to looks, and to the health of cameras. The last place in vision.

Thread-safe: analysis threads call `update`, the owner's loop calls `expire`, `look` and `set_watches`. Nothing in here
reads a clock: time comes with the analyses and with `expire`.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from vision.api import (
    CameraHealth,
    CameraState,
    FactChanged,
    FactReading,
    FactValue,
    FrameAnalysis,
    LookReport,
    VisionEvent,
)
from vision.bench import Bench, Watch, WatchUnit
from vision.evidence import judge
from vision.recent import Recent, unknown
from vision.unit_board import UnitBoard

HISTORY_S = 4.0
LOOK_LIMIT_S = 2.0
AGREEING_FRAMES = 2
STEADY_S = 0.5
"""A camera that was bad is good again when it has sent good pictures for so long: one that comes and goes stays bad."""

DETAILS = {
    CameraState.GOOD: "sends pictures that can be trusted",
    CameraState.DARK: "sends pictures that are too dark; check the light and the exposure",
    CameraState.BRIGHT: "sends pictures that are burnt out; check the light and the exposure",
    CameraState.DEFOCUSED: "sends blurred pictures; clean its lens, and set and lock its focus again",
    CameraState.COVERED: "shows nothing at all; take away what covers its lens",
    CameraState.MOVED: "no longer sees the bench's tags where they were; set it back, or do what the daily check says, "
    "then restart the station",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Streak:
    """How many analyses in a row gave the same known value, and the newest reading."""

    reading: FactReading
    frames: int


@dataclass(slots=True, kw_only=True)
class _Look:
    """A look that waits for its answer. Mutable, and never leaves the board."""

    look_id: str
    facts: tuple[str, ...]
    not_before_s: float
    deadline_s: float
    streaks: dict[str, _Streak] = field(default_factory=dict)


class FactBoard:
    """Holds what the cameras said lately, and tells what changed."""

    def __init__(self, bench: Bench, watches: tuple[Watch, ...], *, stale_s: float = 0.5) -> None:
        """Nothing is known at first: every fact starts UNKNOWN, without an edge."""
        self._bench = bench
        self._stale_s = stale_s
        self._lock = threading.Lock()
        self._now_s = float("-inf")
        self._started_s: float | None = None
        self._analyses: dict[str, tuple[FrameAnalysis, ...]] = {}
        self._newest_s: dict[str, float] = {}
        self._health: dict[str, str] = {}
        self._told: dict[str, frozenset[str]] = {}
        """The sentences about a camera since it was good."""
        self._gives: dict[str, str] = {}
        self._good_since: dict[str, float] = {}
        self._watches: dict[str, Watch] = {watch.fact: watch for watch in watches}
        self._units = UnitBoard(bench, watches)
        self._readings: dict[str, FactReading] = {}
        self._looks: list[_Look] = []

    def set_watches(self, watches: tuple[Watch, ...]) -> None:
        """Watch these from now on. A fact watched in another way, or no longer, is UNKNOWN again, without an edge."""
        with self._lock:
            fresh = {watch.fact: watch for watch in watches}
            kept = {fact for fact, watch in fresh.items() if self._watches.get(fact) is watch}
            self._readings = {fact: reading for fact, reading in self._readings.items() if fact in kept}
            self._watches = fresh
            self._units = UnitBoard(self._bench, watches)

    def update(self, analysis: FrameAnalysis) -> tuple[VisionEvent, ...]:
        """Take in one analysis; edges, answered looks and camera health come back. One out of order is left out."""
        with self._lock:
            camera, t_s = analysis.camera, analysis.t_mono_s
            if t_s <= self._newest_s.get(camera, float("-inf")):
                return ()
            self._move_time(t_s)
            self._newest_s[camera] = t_s
            good = analysis.state is CameraState.GOOD
            kept = self._analyses.get(camera, ()) if good else ()
            if kept and t_s - kept[-1].t_mono_s > self._stale_s:
                kept = ()
            self._analyses[camera] = (*(a for a in kept if t_s - a.t_mono_s <= HISTORY_S), analysis) if good else ()
            health = self._health_edge(camera, t_s, analysis.state.value, self._detail(camera, analysis.state))
            return (*health, *self._lost_cameras(), *self._edges(), *self._answers())

    def expire(self, now_s: float) -> tuple[VisionEvent, ...]:
        """Let time pass without a frame: stale cameras are lost, and what only they saw is UNKNOWN."""
        with self._lock:
            self._move_time(now_s)
            lost = self._lost_cameras()
            overdue = any(now_s >= look.deadline_s for look in self._looks)
            aged = any(
                reading.value is not FactValue.UNKNOWN and now_s - reading.t_mono_s > self._stale_s
                for reading in self._readings.values()
            )
            # While frames arrive, every update judges anew; between them nothing changes but by growing old.
            if not (lost or overdue or aged):
                return ()
            return (*lost, *self._edges(), *self._answers())

    def camera_failed(self, camera: str, code: str, detail: str, now_s: float) -> tuple[VisionEvent, ...]:
        """A camera is known to be frozen (`camera.frozen`) or gone (any other code): forget all it said, at once.

        `detail` is a whole sentence for the technician; one that says more than silence did is told, too.
        """
        with self._lock:
            self._move_time(now_s)
            self._analyses[camera] = ()
            told = self._told.get(camera, frozenset())
            if detail not in told:
                self._told[camera] = told | {detail}
                self._health.pop(camera, None)
            return (
                *self._health_edge(camera, now_s, "frozen" if code == "camera.frozen" else "lost", detail),
                *self._edges(),
                *self._answers(),
            )

    def camera_gives(self, camera: str, described: str) -> None:
        """A camera has been opened, and gives this: so says its health when it is good."""
        with self._lock:
            self._gives[camera] = described

    def camera_slow(self, camera: str, detail: str, now_s: float) -> tuple[VisionEvent, ...]:
        """A camera sends fewer pictures than it should. What it shows counts all the same."""
        with self._lock:
            if self._health.get(camera) != CameraState.GOOD.value:
                return ()
            return (CameraHealth(camera=camera, t_mono_s=now_s, good=True, code="camera.slow", detail=detail),)

    def look(self, look_id: str, facts: tuple[str, ...], not_before_s: float) -> None:
        """Ask what fresh frames say of `facts`; a later `update` or `expire` returns the `LookReport`.

        A fact is settled when two analyses taken at or after `not_before_s` give the same known value; two seconds
        after that time the answer goes out with what is known, UNKNOWN for the rest.
        """
        with self._lock:
            deadline_s = max(not_before_s, self._now_s) + LOOK_LIMIT_S
            self._looks.append(_Look(look_id=look_id, facts=facts, not_before_s=not_before_s, deadline_s=deadline_s))

    def measure_units_anew(self) -> tuple[VisionEvent, ...]:
        """Forget where the joints of the unit on the bench are: what lies there is measured anew."""
        with self._lock:
            about = self._units.facts()
            self._units.forget(self._now_s)
            known = [fact for fact, r in self._readings.items() if fact in about and r.value is not FactValue.UNKNOWN]
            for fact in known:
                self._readings[fact] = unknown(fact, self._now_s, "measured anew")
            return tuple(FactChanged(reading=self._readings[fact]) for fact in known)

    def placed_joints(self) -> Mapping[str, tuple[float, float, float]]:
        """Name -> bench mm of the joints that a measured unit has placed."""
        with self._lock:
            return self._units.placed()

    def readings(self) -> tuple[FactReading, ...]:
        """The present reading of every watched fact, by name."""
        with self._lock:
            return tuple(self._readings[fact] for fact in sorted(self._readings))

    def _move_time(self, now_s: float) -> None:
        self._now_s = max(self._now_s, now_s)
        if self._started_s is None:
            self._started_s = self._now_s

    def _lost_cameras(self) -> tuple[VisionEvent, ...]:
        events: list[VisionEvent] = []
        started_s = self._now_s if self._started_s is None else self._started_s
        for camera in sorted({model.name for model in self._bench.cameras} | self._newest_s.keys()):
            silent_s = self._now_s - self._newest_s.get(camera, started_s)
            if silent_s <= self._stale_s or self._health.get(camera) == "frozen":
                continue
            self._analyses[camera] = ()
            detail = (
                f"Camera {camera} has sent no picture for {silent_s:.1f} s; check its cable, and that no other "
                "program uses it."
            )
            events += self._health_edge(camera, self._now_s, "lost", detail)
        return tuple(events)

    def _detail(self, camera: str, state: CameraState) -> str:
        gives = self._gives.get(camera)
        more = f": {gives}" if state is CameraState.GOOD and gives else ""
        return f"Camera {camera} {DETAILS[state]}{more}."

    def _health_edge(self, camera: str, t_s: float, state: str, detail: str) -> tuple[VisionEvent, ...]:
        good = state == CameraState.GOOD.value
        if not good or camera not in self._good_since:
            self._good_since[camera] = t_s
        if not good:
            del self._good_since[camera]
        if self._health.get(camera) == state:
            return ()
        was_bad = camera in self._health
        if good and was_bad and t_s - self._good_since[camera] < STEADY_S:
            return ()
        self._health[camera] = state
        if good:
            self._told.pop(camera, None)
        return (CameraHealth(camera=camera, t_mono_s=t_s, good=good, code=f"camera.{state}", detail=detail),)

    def _recent(self, since_s: float = float("-inf")) -> Recent:
        return Recent(analyses=self._analyses, now_s=self._now_s, stale_s=self._stale_s, since_s=since_s)

    def _edges(self) -> tuple[VisionEvent, ...]:
        events: list[VisionEvent] = []
        recent = self._recent()
        # Units come first: where the joints are is a part of what is asked of the tool.
        units = {reading.fact: reading for reading in self._units.judge(recent)}
        for fact, watch in self._watches.items():
            before = self._readings.get(fact)
            value = FactValue.UNKNOWN if before is None else before.value
            reading = units[fact] if fact in units else judge(watch, recent, self._units.bench, value)
            self._readings[fact] = reading
            said = "" if before is None or value is FactValue.UNKNOWN else before.text
            says = "" if reading.value is FactValue.UNKNOWN else reading.text
            if reading.value is not value or says != said:
                events.append(FactChanged(reading=reading))
        return tuple(events)

    def _answers(self) -> tuple[VisionEvent, ...]:
        events: list[VisionEvent] = []
        waiting: list[_Look] = []
        for look in self._looks:
            self._take_evidence(look)
            settled = all(streak.frames >= AGREEING_FRAMES for streak in look.streaks.values())
            if settled or self._now_s >= look.deadline_s:
                readings = tuple(_answer(look, fact) for fact in look.facts)
                events.append(LookReport(look_id=look.look_id, readings=readings, t_mono_s=self._now_s))
            else:
                waiting.append(look)
        self._looks = waiting
        return tuple(events)

    def _take_evidence(self, look: _Look) -> None:
        """Judge each fact by the look's own frames only, with the strict limits: nothing older colours the answer."""
        recent = self._recent(look.not_before_s)
        for fact in look.facts:
            watch = self._watches.get(fact)
            if watch is None or isinstance(watch, WatchUnit):
                # What a unit was measured to be rests on older pictures, and answers no look.
                reading = FactReading(fact=fact, value=FactValue.UNKNOWN, t_mono_s=self._now_s, text="not watched")
            else:
                reading = judge(watch, recent, self._units.bench, FactValue.UNKNOWN)
            look.streaks[fact] = _extended(look.streaks.get(fact), reading)


def _extended(streak: _Streak | None, reading: FactReading) -> _Streak:
    if reading.value is FactValue.UNKNOWN:
        return _Streak(reading=reading, frames=0)
    if streak is None or (streak.reading.value, streak.reading.text) != (reading.value, reading.text):
        return _Streak(reading=reading, frames=1)
    return _Streak(reading=reading, frames=streak.frames + (reading.t_mono_s > streak.reading.t_mono_s))


def _answer(look: _Look, fact: str) -> FactReading:
    """The settled reading, or UNKNOWN with the reason."""
    streak = look.streaks[fact]
    if streak.frames >= AGREEING_FRAMES or streak.reading.value is FactValue.UNKNOWN:
        return streak.reading
    return replace(streak.reading, value=FactValue.UNKNOWN, text="no two fresh pictures agree")
