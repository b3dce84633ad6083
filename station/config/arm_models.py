"""Which arm a station file means: `family` of `[cobot]` -> the arm as figures."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from drivers.cobot.arm.model import ArmModel
from drivers.cobot.mycobot280.kinematics import MODEL as MYCOBOT280
from drivers.cobot.universal_robots.models import MODELS as UNIVERSAL_ROBOTS

ARM_MODELS: Mapping[str, ArmModel] = MappingProxyType(
    {
        "mycobot280": MYCOBOT280,
        "ur3e": UNIVERSAL_ROBOTS["UR3e"],
        "ur5e": UNIVERSAL_ROBOTS["UR5e"],
        "ur10e": UNIVERSAL_ROBOTS["UR10e"],
    }
)
"""The keys are what `family` may say."""
