"""Universal Robots' e-Series as figures: UR3e, UR5e, UR10e.

Denavit-Hartenberg tables: the manufacturer's support article "DH Parameters for calculations of kinematics and
dynamics" (universal-robots.com/articles/ur/application-installation/dh-parameters-for-calculations-of-kinematics-and-
dynamics), metres there. Each robot differs from its table by its own calibration, some tenths of a millimetre to a few
millimetres.

Limits and speeds: user manuals (joints +-360 degrees, joint 6 of the UR3e without end, here +-360 too; 180 deg/s, the
UR10e's first two joints 120 deg/s). The accelerations that the joints can do are not published: these are the default
of a `movej`, 1.4 rad/s2 (script manual). No jerk is published: chosen, so that an acceleration builds up in 0.1 s.

Capsules: where the tubes run beside the axes (shoulder and elbow offset), and the UR10e's and UR5e's radii, from the
manufacturer's own robot description (`Universal_Robots_ROS2_Description`, physical and visual parameters, measured
there from the drawings); the UR3e's radii from its footprint (128 mm) in proportion. All a little generous.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from drivers.cobot.arm.model import JOINTS, Angles, ArmModel, Capsule, DhRow

_HALF = math.pi / 2
_ACCELERATION_DEG_S2 = 80.0
_JERK_DEG_S3 = 800.0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Radii:
    """How thick the parts are, mm."""

    base: float
    shoulder: float
    upper_arm: float
    forearm: float
    wrist: float
    flange: float


def _model(
    name: str,
    *,
    d_mm: tuple[float, float, float, float],
    a_mm: tuple[float, float],
    upper_arm_beside_mm: float,
    forearm_beside_mm: float,
    radii: _Radii,
    speed_deg_s: Angles,
) -> ArmModel:
    """One size of the family: d of joints 1, 4, 5, 6 and a of joints 2, 3; all the rest is the same."""
    d1, d4, d5, d6 = d_mm
    a2, a3 = a_mm
    upper, fore = upper_arm_beside_mm, forearm_beside_mm
    return ArmModel(
        name=name,
        rows=(
            DhRow(d_mm=d1, a_mm=0.0, alpha_rad=_HALF),
            DhRow(d_mm=0.0, a_mm=a2, alpha_rad=0.0),
            DhRow(d_mm=0.0, a_mm=a3, alpha_rad=0.0),
            DhRow(d_mm=d4, a_mm=0.0, alpha_rad=_HALF),
            DhRow(d_mm=d5, a_mm=0.0, alpha_rad=-_HALF),
            DhRow(d_mm=d6, a_mm=0.0, alpha_rad=0.0),
        ),
        limits_deg=((-360.0, 360.0),) * JOINTS,
        speed_deg_s=speed_deg_s,
        acceleration_deg_s2=(_ACCELERATION_DEG_S2,) * JOINTS,
        jerk_deg_s3=(_JERK_DEG_S3,) * JOINTS,
        capsules=(
            Capsule(frame=0, start_mm=(0, 0, 0), end_mm=(0, 0, 0.6 * d1), radius_mm=radii.base, name="base"),
            Capsule(frame=1, start_mm=(0, 0, 0), end_mm=(0, 0, upper), radius_mm=radii.shoulder, name="shoulder"),
            Capsule(
                frame=2, start_mm=(-a2, 0, upper), end_mm=(0, 0, upper), radius_mm=radii.upper_arm, name="upper arm"
            ),
            Capsule(frame=2, start_mm=(0, 0, upper), end_mm=(0, 0, fore), radius_mm=radii.upper_arm, name="elbow"),
            Capsule(frame=3, start_mm=(-a3, 0, fore), end_mm=(0, 0, fore), radius_mm=radii.forearm, name="forearm"),
            Capsule(frame=4, start_mm=(0, fore - d4, 0), end_mm=(0, 0, 0), radius_mm=radii.wrist, name="wrist 1"),
            Capsule(frame=5, start_mm=(0, d5 / 2, 0), end_mm=(0, 0, 0), radius_mm=radii.wrist, name="wrist 2"),
            Capsule(frame=6, start_mm=(0, 0, -d6 / 2), end_mm=(0, 0, 0), radius_mm=radii.flange, name="flange"),
        ),
        reach_mm=abs(a2) + abs(a3) + math.hypot(d5, d6),
    )


MODELS: Mapping[str, ArmModel] = MappingProxyType(
    {
        model.name: model
        for model in (
            _model(
                "UR3e",
                d_mm=(151.85, 131.05, 85.35, 92.1),
                a_mm=(-243.55, -213.2),
                upper_arm_beside_mm=120.0,
                forearm_beside_mm=27.0,
                radii=_Radii(base=66.0, shoulder=56.0, upper_arm=46.0, forearm=38.0, wrist=36.0, flange=34.0),
                speed_deg_s=(180.0, 180.0, 180.0, 360.0, 360.0, 360.0),
            ),
            _model(
                "UR5e",
                d_mm=(162.5, 133.3, 99.7, 99.6),
                a_mm=(-425.0, -392.2),
                upper_arm_beside_mm=138.0,
                forearm_beside_mm=7.0,
                radii=_Radii(base=76.0, shoulder=64.0, upper_arm=60.0, forearm=48.0, wrist=46.0, flange=40.0),
                speed_deg_s=(180.0,) * JOINTS,
            ),
            _model(
                "UR10e",
                d_mm=(180.7, 174.15, 119.85, 116.55),
                a_mm=(-612.7, -571.55),
                upper_arm_beside_mm=176.2,
                forearm_beside_mm=39.3,
                radii=_Radii(base=95.0, shoulder=78.0, upper_arm=75.0, forearm=62.0, wrist=56.0, flange=46.0),
                speed_deg_s=(120.0, 120.0, 180.0, 180.0, 180.0, 180.0),
            ),
        )
    }
)
"""By the name on the type plate."""
