"""Where the arm's links are on the bench, and how fast they may be moving: from its postures and what it was asked.

An arm is judged for two things: the motion that its postures show, and the motion that was asked for, which it may be
about to speed up to. A joint speed is the larger of the two only where both are known to head the same way; so both
are handed on, and the stricter counts.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from drivers.api import CobotPosture
from drivers.cobot.arm.model import JOINTS, Angles, ArmModel, Array, Capsule
from station.motion.body import Body
from vision.geometry import Transform

STALE_S = 0.5
STEP_S = 0.01
"""Links' speeds are told from where they are this much later."""
MOVES_SHARE = 0.01
"""An arm whose fastest joint turns at less than this share of its full speed stands: read-out noise stays below it."""
RELIABLE = 0.25
"""The postures tell where a motion heads when they show at least this share of the speed asked for."""
AHEAD_S = 0.6
"""Headings asked for are taken from the way ahead that the arm can cover in this time."""
CLOSE_DEG = 1.5
"""An arm this near to a point on its way has passed it."""
SHORTEST_S, LONGEST_S = 0.005, 0.5
"""Two postures closer or farther in time than this tell no speed."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LinkMotion:
    """One way the arm moves or may be about to move, at one speed."""

    velocities_mm_s: Array
    """(c, n, 2, 3): c headings, n links, both ends of each, bench frame."""
    undirected_mm_s: Array
    """(n,) speed of each link in a direction that nobody knows; zero where all headings are known."""
    share: float
    """Speed of the fastest joint, of its full speed: braking takes that share of the time from full speed."""

    def speeds_mm_s(self) -> Array:
        """(n,) the highest speed of each link in any direction."""
        told = np.linalg.norm(self.velocities_mm_s, axis=3).max(axis=(0, 2), initial=0.0)
        return np.asarray(np.maximum(told, self.undirected_mm_s))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmNow:
    """The arm at its newest posture."""

    t_mono_s: float
    """When the posture was taken."""
    names: tuple[str, ...]
    starts_mm: Array
    """(n, 3), bench frame."""
    ends_mm: Array
    radii_mm: Array
    shown: LinkMotion | None
    """What its postures show; None while it stands."""
    asked: LinkMotion
    """What it may do next at the speed asked for, without any limit."""
    judged: bool
    """It moves, or is about to: only then does a verdict ask anything of anybody."""


class ArmWatch:
    """Keeps one arm's last two postures and the motion asked of it. Not thread-safe."""

    def __init__(
        self,
        model: ArmModel,
        bench_from_base: Transform,
        tool: tuple[Capsule, ...] = (),
        *,
        idle_percent: float = 30.0,
    ) -> None:
        """`idle_percent` is the speed that a standing arm without a task is judged for, in any direction."""
        self._body = Body(model, bench_from_base, tool)
        self._full_deg_s = np.asarray(model.speed_deg_s, dtype=np.float64)
        self._idle_share = idle_percent / 100.0
        self._newest: CobotPosture | None = None
        self._speeds_deg_s = np.zeros(JOINTS)
        self._now: ArmNow | None = None
        self._asked_share: float | None = None
        self._way_deg: Array | None = None
        """(k, 6) what is left of the way asked for: the start of the leg that the arm is on, then the points ahead."""

    def posture(self, posture: CobotPosture) -> None:
        """Take a posture; an older one than the last is dropped."""
        before = self._newest
        if before is not None:
            since_s = posture.t_mono_s - before.t_mono_s
            if since_s < SHORTEST_S:
                return
            turned = np.subtract(posture.angles_deg, before.angles_deg)
            self._speeds_deg_s = turned / since_s if since_s <= LONGEST_S else np.zeros(JOINTS)
        self._newest = posture
        self._now = None
        if self._way_deg is not None:
            here = np.array(posture.angles_deg, dtype=np.float64)
            self._way_deg = _left(self._way_deg, here) if len(self._way_deg) > 1 else np.vstack([here, self._way_deg])

    def asks(self, points_deg: Sequence[Angles], percent: float) -> None:
        """A motion is about to be asked for: postures on its way and its goal (none: a jog), and its speed."""
        self._asked_share = percent / 100.0
        here = (self._newest.angles_deg,) if self._newest is not None else ()
        way = np.array((*here, *points_deg), dtype=np.float64).reshape(-1, JOINTS)
        self._way_deg = way if points_deg else None
        self._now = None

    def ends(self) -> None:
        """The motion has ended, or is given up. One that is held, to be taken up again, is still asked for."""
        self._asked_share, self._way_deg, self._now = None, None, None

    def gone(self) -> None:
        """The arm is not connected any more: nobody knows where it is."""
        self._newest, self._speeds_deg_s = None, np.zeros(JOINTS)
        self.ends()

    def now(self) -> ArmNow | None:
        """The arm at its newest posture; None before the first."""
        if self._now is None and self._newest is not None:
            self._now = self._worked_out(self._newest)
        return self._now

    def _worked_out(self, newest: CobotPosture) -> ArmNow:
        angles = np.array(newest.angles_deg, dtype=np.float64)
        shown_share = float(np.max(np.abs(self._speeds_deg_s) / self._full_deg_s))
        moves = shown_share >= MOVES_SHARE
        headings, directed, share = self._headings(angles, shown_share)
        # One placing for everything: where it is, where its speed brings it, and where each heading would.
        rates = np.vstack([np.zeros(JOINTS), self._speeds_deg_s, headings])
        starts, ends = self._body.placed(angles + STEP_S * rates)
        velocities = np.stack([starts - starts[0], ends - ends[0]], axis=2) / STEP_S
        bound = np.zeros(len(self._body.names)) if directed else self._bound_mm_s(starts[0], ends[0], angles, share)
        return ArmNow(
            t_mono_s=newest.t_mono_s,
            names=self._body.names,
            starts_mm=starts[0],
            ends_mm=ends[0],
            radii_mm=self._body.radii_mm,
            shown=LinkMotion(velocities_mm_s=velocities[1:2], undirected_mm_s=bound * 0.0, share=shown_share)
            if moves
            else None,
            asked=LinkMotion(velocities_mm_s=velocities[2:], undirected_mm_s=bound, share=share),
            judged=moves or newest.moving or self._asked_share is not None,
        )

    def _headings(self, angles: Array, shown_share: float) -> tuple[Array, bool, float]:
        """Joint speeds (c, 6) that the arm may take up, whether there are any, and their share of full speed."""
        moves = shown_share >= MOVES_SHARE
        share = self._asked_share if self._asked_share is not None else (shown_share if moves else self._idle_share)
        # What is slow beside the speed asked for may be noise, or the end of another motion: no heading to rely on.
        told = moves and shown_share >= RELIABLE * share
        headings = [self._speeds_deg_s * (share / shown_share)] if told else []
        if self._way_deg is not None:
            ahead = _ahead(angles, self._way_deg, self._full_deg_s, share * AHEAD_S)
            headings += [heading * share for heading in ahead]
        return np.array(headings).reshape(-1, JOINTS), bool(headings), share

    def _bound_mm_s(self, starts: Array, ends: Array, angles: Array, share: float) -> Array:
        """(n,) what a link can do at most, when all joints turn at this share and all of it adds up."""
        steps = np.diag(self._full_deg_s * share * STEP_S)
        moved_starts, moved_ends = self._body.placed(angles + steps)
        each = np.maximum(np.linalg.norm(moved_starts - starts, axis=2), np.linalg.norm(moved_ends - ends, axis=2))
        return np.asarray(each.sum(axis=0) / STEP_S)


def _left(way: Array, angles: Array) -> Array:
    """The way from the leg on that the arm is on; never further back, and never less than the last leg."""
    while len(way) > 2:
        at_its_end = float(np.abs(way[1] - angles).max()) <= CLOSE_DEG
        if not at_its_end and _off(way[0], way[1], angles) <= _off(way[1], way[2], angles):
            break
        way = way[1:]
    return way


def _off(start: Array, end: Array, angles: Array) -> float:
    """How far a posture is off a leg, in the space of the joints."""
    leg = end - start
    square = float(leg @ leg)
    along = min(1.0, max(0.0, float((angles - start) @ leg) / square)) if square > 0.0 else 0.0
    return float(np.linalg.norm(start + along * leg - angles))


def _ahead(angles: Array, way: Array, full_deg_s: Array, reach_s: float) -> list[Array]:
    """Joint speeds at full speed on the legs ahead, as far as the arm gets in `reach_s` at full speed.

    At the very end of the way it is the last leg's, for an arm that may not have come to rest.
    """
    legs = [way[1] - angles, *np.diff(way[1:], axis=0)]
    found: list[Array] = []
    for leg in legs:
        took_s = float(np.max(np.abs(leg) / full_deg_s))
        if took_s > 0.0:
            found.append(leg / took_s)
            reach_s -= took_s
        if reach_s <= 0.0:
            break
    last = way[-1] - way[-2]
    if not found and last.any():
        found.append(last / float(np.max(np.abs(last) / full_deg_s)))
    return found
