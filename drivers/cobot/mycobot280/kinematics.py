"""The myCobot 280 as figures, and the coordinates that it speaks in. Pure; millimetres and degrees.

Standard Denavit-Hartenberg table of the vendor's documentation ("SDH", product parameters of the myCobot 280). Arm base
frame: z up through joint 1, x forward at zero angles. Limits: the protocol document (an arm tells its own); 150 deg/s
and 200 deg/s2: the data sheet. No jerk is published: chosen, so that an acceleration builds up in 0.1 s.

Capsules: the planes where the links meet lie 31 to 33 mm beside the axes (the vendor's URDF of the 280 M5: mesh origins
at 32.56, 30.56 and 33.56 mm), so shoulder and forearm are on the inner side of them, upper arm and wrist on the outer.
The vendor publishes no widths: the radii are read off its drawings and chosen so that the vendor's own joint limits,
alone, hardly ever lead to a contact. Measure them on the arm before they decide over millimetres.

The vendor's coordinates are the flange position and R = Rz(rz) Ry(ry) Rx(rx).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from drivers.cobot.arm import forward
from drivers.cobot.arm.closed_form import EDGE_MM
from drivers.cobot.arm.inverse import nearest
from drivers.cobot.arm.model import Angles, ArmModel, Array, Capsule, DhRow
from drivers.cobot.arm.refinement import closest

_HALF = math.pi / 2
_OUTER_MM = 54.0
"""How far beside the shoulder's axis the upper arm's middle runs."""
_INNER_MM = 5.0
"""How far beside it the forearm's runs."""
_ROUNDING_MM = 0.15
"""How far out of reach the rounding of coordinates may bring a stretched arm."""
_FOLDED_MM = 2.0
"""How far it may seem out of reach with its wrist over the base, where joint 1 makes much of little: a closed form
settles joint 1 first, and leaves all that it missed to the joints that cannot."""

MODEL = ArmModel(
    name="myCobot 280",
    rows=(
        DhRow(d_mm=131.22, a_mm=0.0, alpha_rad=_HALF),
        DhRow(d_mm=0.0, a_mm=-110.4, alpha_rad=0.0, offset_rad=-_HALF),
        DhRow(d_mm=0.0, a_mm=-96.0, alpha_rad=0.0),
        DhRow(d_mm=63.4, a_mm=0.0, alpha_rad=_HALF, offset_rad=-_HALF),
        DhRow(d_mm=75.05, a_mm=0.0, alpha_rad=-_HALF, offset_rad=_HALF),
        DhRow(d_mm=45.6, a_mm=0.0, alpha_rad=0.0),
    ),
    limits_deg=((-168.0, 168.0), (-135.0, 135.0), (-150.0, 150.0), (-145.0, 145.0), (-165.0, 165.0), (-180.0, 180.0)),
    speed_deg_s=(150.0,) * 6,
    acceleration_deg_s2=(200.0,) * 6,
    jerk_deg_s3=(2000.0,) * 6,
    capsules=(
        Capsule(frame=0, start_mm=(0, 0, 0), end_mm=(0, 0, 60), radius_mm=46.0, name="base"),
        Capsule(frame=1, start_mm=(0, -15, 0), end_mm=(0, 0, 0), radius_mm=32.0, name="shoulder"),
        Capsule(frame=2, start_mm=(110.4, 0, _OUTER_MM), end_mm=(0, 0, _OUTER_MM), radius_mm=25.0, name="upper arm"),
        Capsule(frame=3, start_mm=(96, 0, _INNER_MM), end_mm=(0, 0, _INNER_MM), radius_mm=26.0, name="forearm"),
        Capsule(frame=4, start_mm=(0, -8, 0), end_mm=(0, 0, 0), radius_mm=26.0, name="wrist 1"),
        Capsule(frame=5, start_mm=(0, 42, 0), end_mm=(0, 0, 0), radius_mm=25.0, name="wrist 2"),
        Capsule(frame=6, start_mm=(0, 0, -23), end_mm=(0, 0, 0), radius_mm=22.0, name="flange"),
    ),
    reach_mm=110.4 + 96.0 + math.hypot(75.05, 45.6),
)
JOINTS = len(MODEL.rows)


def joint_frames(angles_deg: Sequence[float]) -> Array:
    """(7, 4, 4) matrices `base_from_frame`: the base, then the frame behind each joint; the last is the flange."""
    return forward.joint_frames(MODEL, angles_deg)


def coords(angles_deg: Sequence[float]) -> tuple[float, float, float, float, float, float]:
    """Flange pose as the arm reports it: x, y, z in mm and rx, ry, rz in degrees."""
    flange = forward.flange(MODEL, angles_deg)
    x, y, z = (float(v) for v in flange[:3, 3])
    ry = math.asin(max(-1.0, min(1.0, -float(flange[2, 0]))))
    if abs(math.cos(ry)) > 1e-9:
        rx = math.atan2(flange[2, 1], flange[2, 2])
        rz = math.atan2(flange[1, 0], flange[0, 0])
    else:  # Only rx and rz together are determined; give it all to rz.
        rx = 0.0
        rz = math.atan2(-flange[0, 1], flange[1, 1])
    return (x, y, z, math.degrees(rx), math.degrees(ry), math.degrees(rz))


def rotation_of(rx_deg: float, ry_deg: float, rz_deg: float) -> Array:
    """(3, 3) rotation of the vendor's angles: R = Rz(rz) Ry(ry) Rx(rx)."""
    (cx, sx), (cy, sy), (cz, sz) = (
        (math.cos(math.radians(v)), math.sin(math.radians(v))) for v in (rx_deg, ry_deg, rz_deg)
    )
    return np.array(
        [
            [cz * cy, cz * sy * sx - sz * cx, cz * sy * cx + sz * sx],
            [sz * cy, sz * sy * sx + cz * cx, sz * sy * cx - cz * sx],
            [-sy, cy * sx, cy * cx],
        ]
    )


def solve_coords(
    target: Sequence[float], start_angles_deg: Sequence[float], limits_deg: Sequence[tuple[float, float]]
) -> Angles | None:
    """The nearest joint angles for a flange pose x, y, z (mm), rx, ry, rz (degrees); None when there are none.

    Coordinates come in tenths of a millimetre, so what a stretched arm reports of itself may be just out of its reach:
    then the nearest place within it is taken.
    """
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = rotation_of(*target[3:]), target[:3]
    limits = tuple(limits_deg)
    for edge_mm in (EDGE_MM, _ROUNDING_MM):
        found = nearest(MODEL, pose, start_angles_deg, limits, edge_mm=edge_mm)
        if found is not None:
            return found
    begin = nearest(MODEL, pose, start_angles_deg, limits, edge_mm=_FOLDED_MM)
    if begin is None:
        return None
    found, miss_mm = closest(MODEL, pose, begin)
    inside = all(low <= angle <= high for angle, (low, high) in zip(found, limits, strict=True))
    return found if inside and miss_mm <= _ROUNDING_MM else None
