"""Things that move: positions over time, and the situation that follows from them."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from station.simulation.evaluation.stage import NutState, Situation
from vision.geometry import Array, Transform
from vision.scene import DrawnArm, DrawnHand, Shine

PoseAt = Callable[[float], Transform]
HandAt = Callable[[float], DrawnHand | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class NutSpan:
    """A nut that is on its stud from one time to another."""

    joint: str
    state: NutState
    from_s: float = 0.0
    to_s: float = float("inf")


@dataclass(slots=True, kw_only=True, eq=False)
class Acting:
    """A play on the bench. `situation` gives the same object for as long as nothing moves."""

    bodies: Mapping[str, PoseAt]
    nuts: tuple[NutSpan, ...] = ()
    hands: tuple[HandAt, ...] = ()
    arm: DrawnArm | None = None
    shine: Callable[[float], Shine | None] = lambda t_s: None
    _known: dict[object, Situation] = field(default_factory=dict)

    def situation(self, t_s: float) -> Situation:
        """The bench at a time."""
        bodies = {name: at(t_s) for name, at in self.bodies.items()}
        nuts = {span.joint: span.state for span in self.nuts if span.from_s <= t_s < span.to_s}
        hands = tuple(hand for at in self.hands if (hand := at(t_s)) is not None)
        shine = self.shine(t_s)
        key = (
            tuple((name, pose.rotation.tobytes(), pose.translation_mm.tobytes()) for name, pose in bodies.items()),
            tuple(nuts.items()),
            tuple((hand.bench_mm.tobytes(), hand.grip, hand.turn_deg, hand.side) for hand in hands),
            shine,
        )
        if key not in self._known:
            self._known[key] = Situation(bodies=bodies, nuts=nuts, hands=hands, arm=self.arm, shine=shine)
        return self._known[key]


def resting_at(pose: Transform) -> PoseAt:
    """It does not move."""
    return lambda t_s: pose


def along(*keys: tuple[float, Transform]) -> PoseAt:
    """From pose to pose, at rest at each of them, still before the first and after the last."""

    def at(t_s: float) -> Transform:
        for (start_s, first), (end_s, second) in itertools.pairwise(keys):
            if t_s < end_s:
                return _between(first, second, (t_s - start_s) / (end_s - start_s))
        return keys[-1][1]

    return at


def hand_along(like: DrawnHand, *keys: tuple[float, Array, float]) -> HandAt:
    """A hand with (time, palm (3,), grip) on its way; nowhere before the first time and after the last."""

    def at(t_s: float) -> DrawnHand | None:
        if not keys[0][0] <= t_s < keys[-1][0]:
            return None
        for (start_s, first, grip), (end_s, second, grip_after) in itertools.pairwise(keys):
            if t_s < end_s:
                share = _eased((t_s - start_s) / (end_s - start_s))
                palm = first + (second - first) * share
                return replace(like, bench_mm=palm, grip=grip + (grip_after - grip) * share)
        return None

    return at


def _between(first: Transform, second: Transform, share: float) -> Transform:
    import cv2

    if share <= 0.0:
        return first
    s = _eased(share)
    vector, _ = cv2.Rodrigues(first.rotation.T @ second.rotation)
    turn = np.asarray(cv2.Rodrigues(vector * s)[0], dtype=np.float64)
    return Transform(first.rotation @ turn, first.translation_mm + (second.translation_mm - first.translation_mm) * s)


def _eased(share: float) -> float:
    """Slow at both ends."""
    t = min(1.0, max(0.0, share))
    return t * t * (3.0 - 2.0 * t)
