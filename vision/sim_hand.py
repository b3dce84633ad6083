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
    """The capsules round the joints, and a forearm that leaves every picture towards the visitor."""
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
    bars.extend(_forearm(hand, joints))
    return Capsules(
        np.array([bar[0] for bar in bars]), np.array([bar[1] for bar in bars]), np.array([bar[2:] for bar in bars])
    )


def _forearm(hand: DrawnHand, joints: Array) -> list[tuple[Array, Array, float, float]]:
    wrist = joints[0]
    out = 1.0 if hand.side == "right" else -1.0
    elbow = np.array([0.75 * wrist[0] + 60.0 * out, min(wrist[1] - 260.0, -560.0), wrist[2] + 60.0])
    along = elbow - wrist
    sideways = np.cross(along, _Z)
    sideways /= max(float(np.linalg.norm(sideways)), 1e-6)
    return [(wrist + sideways * 10.0 * s, elbow + sideways * 9.0 * s, 19.5, 40.0) for s in (-1.0, 1.0)]


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
