"""From a gesture and the place where the arm stands to a way that is free from its first degree to its last. Pure.

A plan is made anew each time, also after an interruption: nothing is remembered of the one before. An arm that is near
something first draws back along its tool's axis, where that is free. Then it goes straight in joint angles, else by way
of a taught posture, else by a way that a search finds; at last straight along the axis of the joint or the pins.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from drivers.cobot.arm.model import Angles, Array
from station.motion.gesture import Gesture, Hold, PointAt, Present, StepBack, TaughtPosture, Wave
from station.motion.goals import Goal, goal_of, nearest_first, straight
from station.motion.plan import MotionPlan, PlanError
from station.motion.refusals import limit_refusal, near_refusal, start_refusal, unknown_refusal
from station.motion.room import Room
from station.motion.scene import MotionScene
from station.motion.search import way_round
from station.motion.timed import Line, as_plan

BACK_MM = 60.0
"""How far the arm draws back along its tool's axis before it turns away, at most."""
BACK_STEP_MM = 5.0
NEAR_MM = 15.0
"""An arm whose tool has less than this to spare draws back first."""
CANDIDATES = 4
"""How many of the postures that meet a goal and can be come to straight are tried, best first."""
SEARCHED = 2
"""For how many of them a way round things is searched."""
SAME_DEG = 0.2
"""Postures that differ by less are the same place: a light arm stands no truer than that."""
OUTSIDE_DEG = 5.0
"""How far beyond its limits a joint may stand at the start: gravity and leading by hand push that far."""
NUDGES_DEG = (4.0, 10.0, 20.0)
"""Single turns of single joints by which an arm gets away from something that drawing back does not leave."""
CONTACT_MM = 0.5
"""What rounding may add to the press of a contact."""
ROOMY_MM = 20.0
"""Room beyond this is not worth a longer way; below it each millimetre is worth one degree of travel."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ending:
    """A posture that meets a goal, and the straight line that leads to it."""

    line: Array
    """(n, 6); the last row is the posture, the first is where the straight line begins (the same for n = 1)."""
    gentle_from: int
    """Row of `line` from which it is gone slowly; the last for none."""


def plan(gesture: Gesture | str, *, here_deg: Sequence[float], scene: MotionScene) -> MotionPlan:
    """A checked way from where the arm stands to the gesture's end. A gesture may be given by its name in the scene.

    Every posture on it is within the limits and keeps the gesture's clearance from the bench, the visitor's zone and
    the arm itself. What is too near at the start (an interrupted contact, say) may be left as long as it comes no
    nearer. Raises PlanError, with a code and a sentence, when there is none.
    """
    if isinstance(gesture, str):
        found = scene.gestures.get(gesture)
        if found is None:
            raise unknown_refusal(gesture, scene.gestures)
        gesture = found
    return Planner(gesture, scene).plan(here_deg)


class Planner:
    """One gesture in one scene."""

    def __init__(self, gesture: Gesture, scene: MotionScene) -> None:
        self._gesture = gesture
        self._scene = scene
        into = gesture.into_zone_mm if isinstance(gesture, Present) else 0.0
        self._room = Room(scene, gesture.clearance_mm, into_zone_mm=into)
        # Home first: it was taught to be out of everybody's way.
        taught = [other for other in scene.gestures.values() if isinstance(other, TaughtPosture)]
        taught.sort(key=lambda other: other.name != "home")
        self._vias = [np.array(other.angles_deg) for other in taught if self._is_free(np.array(other.angles_deg))]

    def plan(self, here_deg: Sequence[float]) -> MotionPlan:
        """The whole way. Raises PlanError."""
        gesture, room = self._gesture, self._room
        here = self._started(np.array(here_deg, dtype=np.float64))
        lines: list[Line]
        match gesture:
            case TaughtPosture():
                lines = self._ways(here, self._taught(gesture.angles_deg))
            case Wave():
                lines, at = [], here
                for angles in gesture.postures_deg:
                    lines += self._ways(at, self._taught(angles))
                    at = np.array(angles)
            case StepBack():
                lines = self._stepped_back(gesture, here)
            case PointAt() | Present() | Hold():
                lines = self._ways(here, self.endings(here))
        return as_plan(gesture.name, lines, here, self._scene, room)

    def endings(self, here: Array) -> list[Ending]:
        """Every free way to come to the goal of a gesture with a tip, best first. Raises PlanError for none."""
        gesture = self._gesture
        assert isinstance(gesture, PointAt | Present | Hold)
        goal = goal_of(gesture, self._scene)
        wanted = self._room.required
        if isinstance(gesture, Hold):
            wanted = self._room.touching(gesture.touches, gesture.press_mm + CONTACT_MM)
        prefer = np.array(goal.near_deg) if goal.near_deg is not None else here
        found = nearest_first(goal, self._scene, tuple(float(angle) for angle in prefer), gesture.name)
        margins = self._room.margins(np.array(found), wanted)
        free = [angles for angles, margin in zip(found, margins, strict=True) if margin >= 0.0]
        if not free:
            best = np.array(found[int(np.argmax(margins))])
            raise self._too_near("at its end", best[None], wanted)
        blocked: Array | None = None
        endings: list[Ending] = []
        for angles in free:
            if len(endings) == CANDIDATES:
                break
            ending = self._approached(goal, angles)
            if ending is None:
                continue
            if self._room.polyline_free(ending.line, wanted) and self._is_free(ending.line[0]):
                endings.append(ending)
            elif blocked is None:
                blocked = ending.line
        if endings:
            return endings
        if blocked is None:
            raise PlanError(
                "motion.unreachable",
                f"{gesture.name}: the arm reaches the point, but not the {goal.approach_mm:.0f} mm of straight line "
                "that lead to it; shorten the approach, or move the point nearer to the arm's base",
            )
        dense = self._room.dense(blocked)
        if self._is_free(blocked[0]):
            raise self._too_near("on the straight line to its end", dense, wanted)
        raise self._too_near("where the straight line to its end begins", blocked[:1], self._room.required)

    def _approached(self, goal: Goal, angles: Angles) -> Ending | None:
        """The straight line to a posture, made backwards from it in its own bend of the arm; None for none."""
        line = [angles]
        for length in (goal.gentle_mm, goal.approach_mm - goal.gentle_mm):
            if length <= 0.0:
                continue
            piece = straight(self._scene, line[-1], -length * np.array(goal.axis))
            if piece is None:
                return None
            line += piece[1:]
            if length == goal.gentle_mm:
                gentle_rows = len(piece)
        gentle = gentle_rows if goal.gentle_mm > 0.0 else 1
        return Ending(line=np.array(line[::-1]), gentle_from=len(line) - gentle)

    def _taught(self, angles_deg: Angles) -> list[Ending]:
        """A taught posture as an ending. Raises PlanError when the arm must not stand so."""
        angles = np.array([angles_deg], dtype=np.float64)
        if not self._room.in_limits(angles):
            raise limit_refusal(self._gesture.name, "its posture", self._room, angles_deg)
        if not self._is_free(angles[0]):
            raise self._too_near("at its end", angles, self._room.required)
        return [Ending(line=angles, gentle_from=0)]

    def _stepped_back(self, gesture: StepBack, here: Array) -> list[Line]:
        target = self._scene.gestures.get(gesture.posture)
        if not isinstance(target, TaughtPosture):
            raise unknown_refusal(gesture.posture, self._scene.gestures, named_by=gesture.name)
        back = self._back(here, gesture.back_mm)
        first = [] if back is None else [Line(points=back, speed_percent=gesture.speed_percent)]
        at = here if back is None else back[-1]
        return [*first, *self._ways(at, self._taught(target.angles_deg), backed=True)]

    def _ways(self, here: Array, endings: list[Ending], *, backed: bool = False) -> list[Line]:
        """Lines from a posture to the best ending that has a way. Raises PlanError."""
        speed = self._gesture.speed_percent
        for ending in endings:
            if np.abs(ending.line[-1] - here).max() < SAME_DEG:
                return []
        near = getattr(self._gesture, "near_deg", None) is not None
        for group in [endings[:1], endings[1:]] if near else [endings]:
            found = self._way(here, group, backed=backed)
            if found is not None:
                before, ending = found
                lines = [Line(points=points, speed_percent=speed) for points in before]
                return [*lines, *self._ending_lines(ending)]
        target = endings[0].line[0]
        dense = self._room.dense(np.stack([here, target]))
        raise self._too_near("on the straight way", dense, self._room.required, no_way=True)

    def _ending_lines(self, ending: Ending) -> list[Line]:
        gesture, line, split = self._gesture, ending.line, ending.gentle_from
        if split == 0:
            return []
        if not isinstance(gesture, Hold):
            return [Line(points=line, speed_percent=gesture.speed_percent)]
        pieces = ((line[: split + 1], gesture.speed_percent), (line[split:], gesture.gentle_percent))
        return [
            Line(
                points=points,
                speed_percent=min(speed, gesture.speed_percent),
                touches=gesture.touches,
                press_mm=gesture.press_mm + CONTACT_MM,
            )
            for points, speed in pieces
            if len(points) > 1
        ]

    def _way(self, here: Array, endings: list[Ending], *, backed: bool) -> tuple[list[Array], Ending] | None:
        """Polylines from a posture to where an ending begins, and the ending."""
        departures = _Remembered(self._departures(here, backed=backed))
        for connect in (self._straight_on, self._by_a_via, self._searched):
            for before in departures:
                at = before[-1][-1] if before else here
                found = connect(at, endings)
                if found is not None:
                    line, ending = found
                    return [*before, line], ending
                if connect == self._searched and self._is_free(at):
                    return None  # A search from beside it would find no more, and takes as long again.
        return None

    def _straight_on(self, at: Array, endings: list[Ending]) -> tuple[Array, Ending] | None:
        """One joint line, to the ending that costs least."""
        joined = [ending for ending in endings if self._joins(at, ending.line[0])]
        if not joined:
            return None
        ending = min(joined, key=lambda ending: self._cost(at, ending))
        return np.stack([at, ending.line[0]]), ending

    def _by_a_via(self, at: Array, endings: list[Ending]) -> tuple[Array, Ending] | None:
        """Two joint lines, the shortest of those by a taught posture, or with joint 1 turned by itself at an end."""
        found: list[tuple[float, int, Array, Ending]] = []
        for ending in endings[:SEARCHED]:
            goal = ending.line[0]
            turned_first, turned_last = at.copy(), goal.copy()
            turned_first[0], turned_last[0] = goal[0], at[0]
            for via in (turned_first, turned_last, *self._vias):
                travel = float(np.abs(via - at).max() + np.abs(goal - via).max())
                found.append((travel, len(found), np.stack([at, via, goal]), ending))
        for _, _, line, ending in sorted(found, key=lambda item: item[:2]):
            if self._joins(line[0], line[1]) and self._is_free(line[1]) and self._room.line_free(line[1], line[2]):
                return line, ending
        return None

    def _searched(self, at: Array, endings: list[Ending]) -> tuple[Array, Ending] | None:
        """Whatever a search finds."""
        if not self._is_free(at):
            return None
        for ending in endings[:SEARCHED]:
            line = way_round(self._room, at, ending.line[0])
            if line is not None:
                return line, ending
        return None

    def _departures(self, here: Array, *, backed: bool) -> Iterator[list[Array]]:
        """Ways to begin, the best first: as it is, or drawn back along the tool's axis, or with one joint turned."""
        matrix = self._room.check.matrix(here[None])[0]
        of_tool = self._room.check.of_tool
        spare = float((matrix - self._room.required)[of_tool].min()) if of_tool.any() else np.inf
        if spare >= NEAR_MM:
            yield []
        if not backed:
            back = self._back(here)
            if back is not None:
                yield [back]
        if spare < NEAR_MM:
            yield []
        if self._is_free(here):
            return
        for nudge in self._nudges(here):
            yield [np.stack([here, nudge])]

    def _back(self, here: Array, longest_mm: float = BACK_MM) -> Array | None:
        """(n, 6) straight back along the tool's axis as far as that is free; None when it is not at all."""
        _, axes = self._room.check.body.tips(here[None], self._scene.tip_mm)
        line = [tuple(float(angle) for angle in here)]
        for _ in range(int(np.ceil(longest_mm / BACK_STEP_MM))):
            piece = straight(self._scene, line[-1], -BACK_STEP_MM * axes[0])
            if piece is None:
                break
            line += piece[1:]
        if len(line) == 1:
            return None
        free = int(self._room.free_until(np.array(line)))
        return np.array(line[: free + 1]) if free > 0 else None

    def _nudges(self, here: Array) -> list[Array]:
        """Postures one turn of one joint away that are free, and that are reached without coming nearer to anything."""
        turned = []
        for turn in NUDGES_DEG:
            for joint in range(len(here)):
                for sign in (1.0, -1.0):
                    posture = here.copy()
                    posture[joint] += sign * turn
                    turned.append(posture)
        margins = self._room.margins(np.array(turned))
        free = [p for p, m in zip(turned, margins, strict=True) if m >= 0.0 and self._room.in_limits(p[None])]
        return [posture for posture in free if self._room.away_free(np.stack([here, posture]))][:3]

    def _joins(self, one: Array, other: Array) -> bool:
        """Whether the joint line between two postures may be gone."""
        if self._is_free(one):
            return self._room.line_free(one, other)
        return self._room.away_free(np.stack([one, other]))

    def _cost(self, here: Array, ending: Ending) -> float:
        """Degrees of travel of the joint that goes farthest, less what room to spare is worth."""
        travel = float(np.abs(ending.line[0] - here).max())
        spare = float(self._room.margins(ending.line[-1:]).min())
        return travel - min(max(spare, 0.0), ROOMY_MM)

    def _is_free(self, angles: Array) -> bool:
        return self._room.in_limits(angles[None]) and float(self._room.margins(angles[None])[0]) >= 0.0

    def _started(self, here: Array) -> Array:
        """Where the arm stands, believed. Raises PlanError when no plan can begin there."""
        outside = np.maximum(self._room.low_deg - here, here - self._room.high_deg).max()
        if outside > OUTSIDE_DEG:
            raise limit_refusal(self._gesture.name, "the arm", self._room, tuple(here))
        found = self._room.stands_in(here)
        if found is not None:
            raise start_refusal(self._gesture.name, found)
        return here

    def _too_near(self, where: str, angles: Array, required: Array, *, no_way: bool = False) -> PlanError:
        found = self._room.nearest(angles, required)
        return near_refusal(self._gesture.name, where, found, float(required[found.pair]), no_way=no_way)


class _Remembered:
    """What an iterator gives, made when it is first asked for, and to be gone through again."""

    def __init__(self, source: Iterator[list[Array]]) -> None:
        self._source = source
        self._made: list[list[Array]] = []

    def __iter__(self) -> Iterator[list[Array]]:
        yield from self._made
        for item in self._source:
            self._made.append(item)
            yield item
