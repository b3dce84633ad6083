"""The simulated visitor's hand: 21 joints in bench millimetres and the capsules that give them flesh.

The skeleton, its bone lengths and the pose tables follow the project's reference on vision (section 6, procedural
hand). Hand frame: origin in the middle of the palm, x to the little finger's side of a left hand, y along the fingers,
z out of the palm. Joints are in mediapipe's order: 0 wrist, 1-4 thumb, then four each for index, middle, ring, little
finger.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from vision.geometry import Array, Transform
from vision.scene import DrawnHand

_FINGERS = (
    # First joint mm, bone lengths mm, splay deg, radii mm at the four joints.
    ((-27.0, 92.0, 0.0), (42.0, 26.0, 22.0), 8.0, (10.5, 9.5, 8.5, 7.2)),
    ((-4.0, 95.0, 2.0), (47.0, 30.0, 23.0), 1.0, (10.8, 9.8, 8.8, 7.5)),
    ((17.0, 88.0, 0.0), (42.0, 28.0, 23.0), -6.0, (10.2, 9.2, 8.2, 7.0)),
    ((36.0, 76.0, -4.0), (33.0, 21.0, 20.0), -14.0, (9.2, 8.0, 7.2, 6.2)),
)
_THUMB_BASE = np.array([-24.0, 26.0, 10.0])
_THUMB_BONES = (40.0, 34.0, 28.0)
_THUMB_RADII = (17.0, 14.5, 11.5, 9.0)
_Z = np.array([0.0, 0.0, 1.0])
_GLOVE_MM, _GLOVE_CUFF_MM = 1.2, 55.0
"""Thickness of a glove, and how far it reaches behind the wrist."""
_CUFF_MM = 38.0
"""Where a sleeve begins, behind the wrist."""
_PITCH_DEG = -15.0
"""Fingers lower than the wrist, as a hand at work on a bench."""


@dataclass(frozen=True, slots=True, eq=False)
class Capsules:
    """Round bars whose radius runs linearly from end to end."""

    first_mm: Array
    """(N, 3)."""
    second_mm: Array
    """(N, 3)."""
    radii_mm: Array
    """(N, 2) at the first and second end."""
    covers: tuple[str, ...]
    """(N) what is outermost there: `skin`, `glove` or `sleeve`."""


def joints_of(hand: DrawnHand) -> Array:
    """The 21 joints in the bench frame, (21, 3) mm."""
    joints = _posed(min(1.0, max(0.0, hand.grip)))
    joints -= joints[[0, 5, 17]].mean(axis=0)
    if hand.side == "right":
        joints[:, 0] *= -1.0
    # The skeleton shows its palm; half a turn about the fingers puts the back of the hand up.
    back_up = Transform.of(0, 0, 0, _PITCH_DEG) @ Transform.of(0, 0, 0, 0.0, 180.0)
    placed = Transform(Transform.of(0, 0, 0, 0, 0, hand.turn_deg).rotation, hand.bench_mm) @ back_up
    return placed.apply(joints)


def flesh_of(hand: DrawnHand, joints: Array) -> Capsules:
    """The capsules round the joints, and a forearm that leaves every picture, with what is worn over them."""
    bars: list[tuple[Array, Array, float, float]] = []
    for finger, (_, _, _, radii) in enumerate(_FINGERS):
        first = 5 + 4 * finger
        for i in range(3):
            bars.append((joints[first + i], joints[first + i + 1], radii[i], radii[i + 1]))
        root = (16.0, 11.5) if finger == 3 else (16.5, 12.8)
        bars.append((_mix(joints[0], joints[first], 0.15), joints[first], *root))
    for i in range(3):
        bars.append((joints[1 + i], joints[2 + i], _THUMB_RADII[i], _THUMB_RADII[i + 1]))
    bars.append((_mix(joints[0], joints[1], 0.4), joints[1], 18.0, 18.0))
    bars.append((joints[1], _mix(joints[0], joints[5], 0.5), 17.0, 13.0))
    bars.append((joints[2], _mix(joints[0], joints[5], 0.8), 12.5, 11.0))
    bars.append((_mix(joints[1], joints[2], 0.5), _mix(joints[0], joints[5], 0.65), 13.5, 13.0))
    for left, right in ((5, 9), (9, 13), (13, 17)):
        for t in (0.55, 0.8, 1.0):
            bars.append((_mix(joints[0], joints[left], t), _mix(joints[0], joints[right], t), 12.5, 12.5))
    if hand.glove is not None:
        bars = [(first, second, a + _GLOVE_MM, b + _GLOVE_MM) for first, second, a, b in bars]
    covers = ["skin" if hand.glove is None else "glove"] * len(bars)
    wrist, elbow = joints[0], _elbow(hand, joints[0])
    if hand.glove is not None:
        bars += _tube(wrist, elbow, (0.0, _GLOVE_CUFF_MM), _GLOVE_MM + 1.0)
        covers += ["glove"] * 2
    bars += _tube(wrist, elbow)
    covers += ["skin"] * 2
    if hand.sleeve is not None:
        # A sleeve, and the hem that stands off at its end.
        for span_mm, off_mm in (((_CUFF_MM, math.inf), 9.0), ((_CUFF_MM, _CUFF_MM + 14.0), 11.5)):
            bars += _tube(wrist, elbow, span_mm, off_mm)
            covers += ["sleeve"] * 2
    return Capsules(
        np.array([bar[0] for bar in bars]),
        np.array([bar[1] for bar in bars]),
        np.array([bar[2:] for bar in bars]),
        tuple(covers),
    )


def _elbow(hand: DrawnHand, wrist: Array) -> Array:
    """Where the forearm ends: behind the edge from which the hand reaches in, outside every picture."""
    out = 1.0 if hand.side == "right" else -1.0
    turn = Transform.of(0, 0, 0, 0, 0, hand.turn_deg)
    x, y, z = turn.inverse().apply(wrist)
    # Cameras see farther over the bench's other edges than over the visitor's.
    edge_mm = -560.0 - 6.0 * abs((hand.turn_deg + 180.0) % 360.0 - 180.0)
    return turn.apply([0.75 * x + 60.0 * out, min(y - 260.0, edge_mm), z + 60.0])


def _tube(
    wrist: Array, elbow: Array, span_mm: tuple[float, float] = (0.0, math.inf), off_mm: float = 0.0
) -> list[tuple[Array, Array, float, float]]:
    """Two bars side by side along the forearm over `span_mm` from the wrist, `off_mm` over its skin."""
    along = elbow - wrist
    sideways = np.cross(along, _Z)
    sideways /= max(float(np.linalg.norm(sideways)), 1e-6)
    start, end = (min(1.0, mm / max(float(np.linalg.norm(along)), 1e-6)) for mm in span_mm)
    bars = []
    for side in (-1.0, 1.0):
        first, second = wrist + sideways * 10.0 * side, elbow + sideways * 9.0 * side
        radii = (19.5 + 20.5 * start + off_mm, 19.5 + 20.5 * end + off_mm)
        bars.append((first + (second - first) * start, first + (second - first) * end, *radii))
    return bars


def _posed(grip: float) -> Array:
    """The left hand's joints in its rest frame, wrist at the origin: 0 open, 1 pinch."""
    joints = np.zeros((21, 3))
    curls = [(6.0 + 42.0 * grip, 8.0 + 42.0 * grip, 5.0 + 15.0 * grip)]
    curls += [(6.0 + c * grip, 8.0 + c * grip, 5.0 + 0.6 * c * grip) for c in (26.0, 22.0, 18.0)]
    spread = 1.1 - 0.35 * grip
    for finger, ((base, bones, splay, _), curl) in enumerate(zip(_FINGERS, curls, strict=True)):
        at = np.array(base)
        direction = _turned(np.array([0.0, 1.0, 0.0]), _Z, splay * spread)
        bend = np.cross(direction, _Z)
        joints[5 + 4 * finger] = at
        for i in range(3):
            direction = _turned(direction, bend, curl[i])
            at = at + direction * bones[i]
            joints[6 + 4 * finger + i] = at
    joints[1:5] = _thumb(15.0 * grip, 5.0 * grip, 5.0 * grip)
    return joints


def _thumb(abduction_deg: float, flex_first_deg: float, flex_second_deg: float) -> Array:
    direction = np.array([-0.72, 0.62, 0.30])
    direction /= np.linalg.norm(direction)
    axis = np.array([0.62, 0.72, 0.0])
    direction = _turned(direction, axis / np.linalg.norm(axis), abduction_deg)
    bend = np.cross(direction, [0.4, 0.3, 1.0])
    bend /= np.linalg.norm(bend)
    points = [_THUMB_BASE]
    for bone, flex, inwards in zip(
        _THUMB_BONES, (0.0, flex_first_deg, flex_second_deg), (0.0, -12.0, -6.0), strict=True
    ):
        direction = _turned(_turned(direction, bend, -flex), _Z, inwards)
        points.append(points[-1] + direction * bone)
    return np.array(points)


def _turned(vector: Array, axis: Array, angle_deg: float) -> Array:
    """Rodrigues' rotation about a unit axis."""
    angle = math.radians(angle_deg)
    cosine, sine = math.cos(angle), math.sin(angle)
    return np.asarray(vector * cosine + np.cross(axis, vector) * sine + axis * (axis @ vector) * (1.0 - cosine))


def _mix(first: Array, second: Array, t: float) -> Array:
    return np.asarray((1.0 - t) * first + t * second)
