"""Ways from one posture to another as rows of postures: straight in the joints, or straight at the tool's tip. Pure.

Both rows begin at the start and end at the goal. A row is close enough that the arm may go straight in the joints from
each posture to the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from drivers.cobot.arm.forward import flange, jacobian
from drivers.cobot.arm.inverse import nearest
from drivers.cobot.arm.model import Angles, ArmModel, Array, Limits

STRAIGHT_MM = 0.2
"""How far the tip may be from the straight line between two postures of a row."""

_STEP_TURN_DEG = 5.0
"""How far the tool may turn from one posture of a straight line to the next."""
_STEP_JOINT_DEG = 10.0
"""How far a joint may move from one to the next: further, and the arm is somewhere else in between."""
_HALVINGS = 3
"""How often a step is halved before the line counts as one that the arm cannot follow."""
_WHOLE_TURN: Limits = ((-720.0, 720.0),) * 6
"""Limits for asking whether it is the limits that forbid."""
_FLAT = 0.02
"""Below this share of the largest, the smallest singular value says that the arm has lost a direction."""
_RAD_MM = 100.0
"""How many millimetres one radian of turn counts as there."""


class PathError(ValueError):
    """A straight line that this arm cannot go. `code` is stable; the text says where along it, and what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def straight_line(
    model: ArmModel,
    start_deg: Sequence[float],
    base_from_tip_goal: Array,
    *,
    tip_mm: Sequence[float],
    limits_deg: Limits | None = None,
    step_mm: float = 5.0,
) -> tuple[Angles, ...]:
    """Postures that take the tip straight to a pose, the tool turning evenly the shortest way.

    `tip_mm` is the tip in the flange frame, `base_from_tip_goal` (4, 4) its pose at the end; its axes are the flange's.
    Between two postures the tip stays within `STRAIGHT_MM` of the line. Raises PathError: `path.unreachable` (a point
    is out of reach), `path.limit` (only beyond a joint's limits), `path.singular` (the arm would have to turn on the
    spot), `path.jump` (only with another elbow, shoulder or wrist).
    """
    limits = model.limits_deg if limits_deg is None else limits_deg
    line = _Line(flange(model, start_deg), np.asarray(base_from_tip_goal, dtype=np.float64), tip_mm)
    steps = max(1, math.ceil(line.length_mm / step_mm), math.ceil(line.turn_deg / _STEP_TURN_DEG))
    row = [tuple(float(q) for q in start_deg)]
    for step in range(steps):
        row.extend(_between(model, line, row[-1], step / steps, (step + 1) / steps, limits, _HALVINGS))
    return tuple(row)


def _between(
    model: ArmModel, line: _Line, last: Angles, from_share: float, to_share: float, limits: Limits, halvings: int
) -> Iterator[Angles]:
    """The postures from one share of the line, where the arm stands, to another; halved where the way bends."""
    found = nearest(model, line.flange_at(to_share), last, limits)
    if found is not None and _furthest_deg(last, found) <= _STEP_JOINT_DEG:
        middle = flange(model, [(a + b) / 2 for a, b in zip(last, found, strict=True)])
        if line.away_mm(middle) <= STRAIGHT_MM:
            yield found
            return
    if found is None or not halvings:
        raise _obstacle(model, line, last, found, to_share, limits)
    middle_share = (from_share + to_share) / 2
    for part in ((from_share, middle_share), (middle_share, to_share)):
        for posture in _between(model, line, last, *part, limits, halvings - 1):
            last = posture
            yield posture


def _obstacle(
    model: ArmModel, line: _Line, last: Angles, found: Angles | None, share: float, limits: Limits
) -> PathError:
    """Why there is no posture near the last one at this share of the line; `found` is the nearest within the limits."""
    where = f"{share * line.length_mm:.0f} mm from its start (of {line.length_mm:.0f} mm)"
    pose = line.flange_at(share)
    free = nearest(model, pose, last, _WHOLE_TURN)
    if free is None:
        wrist = pose[:3, 3] - model.rows[5].d_mm * pose[:3, 2]
        too_near = math.hypot(wrist[0], wrist[1]) < abs(sum(row.d_mm for row in model.rows[1:4]))
        return PathError(
            "path.unreachable",
            f"the straight line passes too near the arm's own column {where}: lead it around the arm"
            if too_near
            else f"the straight line leaves the arm's reach {where}: bring start or goal nearer to the arm",
        )
    beyond = [i for i, (q, (low, high)) in enumerate(zip(free, limits, strict=True), start=1) if not low <= q <= high]
    if beyond:
        return PathError(
            "path.limit",
            f"the straight line takes joint {beyond[0]} beyond its limit {where}: "
            "start from another posture, or go there in the joints",
        )
    rows = jacobian(model, last)
    rows[3:] *= _RAD_MM
    sizes = np.linalg.svd(rows, compute_uv=False)
    if sizes[-1] < _FLAT * sizes[0]:
        return PathError(
            "path.singular",
            f"the straight line passes too near a posture where the arm cannot move one way {where}: "
            "go there in the joints, or shift the line a little",
        )
    return PathError(
        "path.jump",
        f"the arm would have to swing over to another elbow, shoulder or wrist {where}: "
        "start from another posture, or go there in the joints",
    )


class _Line:
    """A straight way of the tip from one pose to another; shares run from 0 to 1."""

    def __init__(self, base_from_flange: Array, base_from_tip_goal: Array, tip_mm: Sequence[float]) -> None:
        self._tip = np.asarray(tip_mm, dtype=np.float64)
        self._turned, self._at = base_from_flange[:3, :3], self._tip_of(base_from_flange)
        self._along = base_from_tip_goal[:3, 3] - self._at
        self.length_mm = float(np.linalg.norm(self._along))
        self._axis, turn_rad = _axis_and_turn(self._turned.T @ base_from_tip_goal[:3, :3])
        self.turn_deg = math.degrees(turn_rad)

    def flange_at(self, share: float) -> Array:
        """(4, 4) `base_from_flange`."""
        pose = np.eye(4)
        pose[:3, :3] = self._turned @ _rotation(self._axis, math.radians(self.turn_deg) * share)
        pose[:3, 3] = self._at + share * self._along - pose[:3, :3] @ self._tip
        return pose

    def away_mm(self, base_from_flange: Array) -> float:
        """How far the tip is from the line between start and goal."""
        between = self._tip_of(base_from_flange) - self._at
        square = self.length_mm**2
        share = min(1.0, max(0.0, float(between @ self._along) / square)) if square > 0 else 0.0
        return float(np.linalg.norm(between - share * self._along))

    def _tip_of(self, base_from_flange: Array) -> Array:
        return np.asarray(base_from_flange[:3, 3] + base_from_flange[:3, :3] @ self._tip)


def _rotation(axis: Array, turn_rad: float) -> Array:
    """(3, 3) turn about a unit axis (Rodrigues)."""
    x, y, z = axis
    cross = np.array([[0.0, -z, y], [z, 0.0, -x], [-y, x, 0.0]])
    return np.asarray(np.eye(3) + math.sin(turn_rad) * cross + (1 - math.cos(turn_rad)) * (cross @ cross))


def _axis_and_turn(rotation: Array) -> tuple[Array, float]:
    """A rotation's unit axis and turn, 0 to pi rad; x where there is no turn."""
    skew = np.array([rotation[2, 1] - rotation[1, 2], rotation[0, 2] - rotation[2, 0], rotation[1, 0] - rotation[0, 1]])
    sine, cosine = float(np.linalg.norm(skew)) / 2, (float(np.trace(rotation)) - 1) / 2
    turn = math.atan2(sine, cosine)
    if sine > 1e-6:
        return skew / (2 * sine), turn
    if cosine > 0:
        return np.array([1.0, 0.0, 0.0]), 0.0
    # Half a turn: rotation + 1 is twice the axis times itself; its longest column is the axis.
    square = rotation + np.eye(3)
    column = square[:, int(np.argmax(np.diag(square)))]
    return column / np.linalg.norm(column), math.pi


def _furthest_deg(one: Angles, other: Angles) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))
