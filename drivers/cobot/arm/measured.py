"""Postures of an arm whose links were measured: a little off the structure that has a closed form. Pure.

With a on joint 1, 4, 5 or 6 the axes that should meet no longer do. The postures of the arm without these few tenths of
a millimetre are where Newton's method starts from; it ends within rounding in three or four steps.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from drivers.cobot.arm.closed_form import EDGE_MM, postures
from drivers.cobot.arm.forward import Frame, flange, jacobian
from drivers.cobot.arm.model import Angles, ArmModel, Array
from drivers.cobot.arm.refinement import SCALE, pose_miss

_MEETING = (0, 3, 4, 5)
"""Rows whose a is 0 in the structure with a closed form."""
_STEPS = 12
_REACH_MM = 1.0
"""How far beyond the designed arm's reach a place may be and still be one of the measured arm."""
_STRETCHED_DEG, _BEND_DEG = 6.0, 6.0
_SAME_DEG = 1e-4
_MISS_MM = 1e-6
_CUTOFF = 1e-6
"""Of the largest singular value: directions that a singular wrist does not have are left alone."""


def all_postures(
    model: ArmModel, pose: Frame, free_joint6_rad: Sequence[float], edge_mm: float = EDGE_MM
) -> Iterator[Angles]:
    """As `closed_form.postures`, for measured links too; what does not come within a millionth of a mm is dropped."""
    rows = tuple(replace(row, a_mm=0.0) if index in _MEETING else row for index, row in enumerate(model.rows))
    if rows == model.rows:
        yield from postures(model, pose, free_joint6_rad, edge_mm)
        return
    target = np.eye(4)
    target[:3] = np.array(pose).T
    told: list[Angles] = []
    for start in postures(replace(model, rows=rows), pose, free_joint6_rad, max(edge_mm, _REACH_MM)):
        for begin in (start, *_bent(start)):
            found = _polished(model, target, begin)
            if found is not None and all(_apart_deg(found, other) > _SAME_DEG for other in told):
                told.append(found)
                yield found


def _bent(start_deg: Angles) -> tuple[Angles, ...]:
    """An outstretched elbow, bent a little both ways: from the stretched one no step leads to a shorter arm."""
    q1, q2, q3, q4, q5, q6 = start_deg
    if abs(q3) > _STRETCHED_DEG:
        return ()
    return tuple((q1, q2 - bend / 2, q3 + bend, q4 - bend / 2, q5, q6) for bend in (-_BEND_DEG, _BEND_DEG))


def _apart_deg(one: Angles, other: Angles) -> float:
    return max(abs(math.remainder(a - b, 360.0)) for a, b in zip(one, other, strict=True))


def _polished(model: ArmModel, base_from_flange: Array, start_deg: Angles) -> Angles | None:
    """The posture next to `start_deg` that has the flange there, degrees within +-180; None where there is none."""
    angles = np.array(start_deg)
    for _ in range(_STEPS):
        miss = SCALE * pose_miss(flange(model, angles.tolist()), base_from_flange)
        if float(np.linalg.norm(miss)) < _MISS_MM:
            return tuple(math.remainder(float(angle), 360.0) for angle in angles)
        turn = np.linalg.lstsq(SCALE[:, None] * jacobian(model, angles.tolist()), miss, rcond=_CUTOFF)[0]
        angles = angles + np.degrees(turn)
    return None
