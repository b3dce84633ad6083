"""Which joint angles bring an arm's flange somewhere: all of them, or the nearest.

Pure; millimetres and degrees. The postures themselves come from `measured`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

from drivers.cobot.arm.closed_form import EDGE_MM, pose_frame
from drivers.cobot.arm.forward import Frame
from drivers.cobot.arm.measured import all_postures
from drivers.cobot.arm.model import Angles, ArmModel, Array, Limits

Accept = Callable[[Angles], bool]
"""Whether a posture may be taken, for instance because it is free of the bench."""

WEIGHTS = (1.0, 1.0, 0.8, 0.6, 0.5, 0.3)
"""What a degree of each joint costs when the nearest posture is chosen: the further out, the less moves with it."""

_LIMIT_DEG = 1e-7
"""How far beyond a limit an angle may be by rounding; it is then set to the limit."""
_FREE_STEP_DEG = 10
"""How finely joint 6 is tried where it is free."""


def solutions(model: ArmModel, base_from_flange: Array, limits_deg: Limits | None = None) -> tuple[Angles, ...]:
    """Every posture within the limits that has the flange there, turns by 360 degrees included; empty when none.

    Where the wrist is singular, and so the postures without number, those with joint 6 at 0.
    """
    limits = model.limits_deg if limits_deg is None else limits_deg
    return tuple(
        turned
        for posture in all_postures(model, pose_frame(base_from_flange), (0.0,))
        for turned in itertools.product(*(_turns(q, *limit) for q, limit in zip(posture, limits, strict=True)))
    )


def nearest(
    model: ArmModel,
    base_from_flange: Array,
    start_deg: Sequence[float],
    limits_deg: Limits | None = None,
    accept: Accept | None = None,
    edge_mm: float = EDGE_MM,
) -> Angles | None:
    """The posture within the limits that has the flange there and is nearest to `start_deg`; None when there is none.

    Nearness is the sum of squared joint angles, weighted by `WEIGHTS`. `accept` is asked from the nearest posture on,
    once for each: turns by 360 degrees leave the arm where it is. Where the wrist is singular, joint 6 is tried where
    it is, and in steps all around. A place at most `edge_mm` beyond the arm's reach gets the edge of it.
    """
    limits = model.limits_deg if limits_deg is None else limits_deg
    for _, posture in sorted(_ranked(model, pose_frame(base_from_flange), start_deg, limits, edge_mm)):
        if accept is None or accept(posture):
            return posture
    return None


def _ranked(
    model: ArmModel, pose: Frame, start_deg: Sequence[float], limits_deg: Limits, edge_mm: float = EDGE_MM
) -> list[tuple[float, Angles]]:
    """Each posture within the limits, turned as near to the start as they let it, with its cost."""
    free = [math.radians(start_deg[5] + away) for away in range(0, 360, _FREE_STEP_DEG)]
    ranked = []
    for posture in all_postures(model, pose, free, edge_mm):
        turned, cost = [], 0.0
        for q, start, weight, (low, high) in zip(posture, start_deg, WEIGHTS, limits_deg, strict=True):
            near = min(_turns(q, low, high), key=lambda angle: abs(angle - start), default=None)
            if near is None:
                break
            turned.append(near)
            cost += weight * (near - start) ** 2
        else:
            ranked.append((cost, tuple(turned)))
    return ranked


def _turns(angle_deg: float, low_deg: float, high_deg: float) -> list[float]:
    """The angle and all that differ from it by whole turns, within the limits."""
    first = math.ceil((low_deg - _LIMIT_DEG - angle_deg) / 360)
    last = math.floor((high_deg + _LIMIT_DEG - angle_deg) / 360)
    return [min(max(angle_deg + 360.0 * turn, low_deg), high_deg) for turn in range(first, last + 1)]
