"""Arms for tests: the models, postures of them, and poses compared."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from drivers.cobot.arm import forward
from drivers.cobot.arm.model import Angles, ArmModel, Array, Capsule
from drivers.cobot.mycobot280.kinematics import MODEL as MYCOBOT
from drivers.cobot.universal_robots.models import MODELS

UR5E = MODELS["UR5e"]
ARMS = (MYCOBOT, *MODELS.values())
POINTER = (Capsule(frame=6, start_mm=(0, 0, 0), end_mm=(0, 0, 85), radius_mm=6.0, name="pointer"),)


def postures(model: ArmModel) -> st.SearchStrategy[Angles]:
    """Any posture within the limits, whole degrees (the singular ones among them) as well as odd ones."""
    return st.tuples(
        *(
            st.one_of(st.floats(low, high), st.integers(int(low), int(high)).map(float))
            for low, high in model.limits_deg
        )
    )


arms_and_postures = st.sampled_from(ARMS).flatmap(lambda model: st.tuples(st.just(model), postures(model)))


def tip_pose(model: ArmModel, angles_deg: Angles, tip_mm: tuple[float, float, float]) -> Array:
    """(4, 4) `base_from_tip`, its axes the flange's."""
    pose = forward.flange(model, angles_deg)
    pose[:3, 3] += pose[:3, :3] @ np.array(tip_mm)
    return pose


def misses(model: ArmModel, angles_deg: Angles, pose: Array) -> tuple[float, float]:
    """How far these angles have the flange from a pose: mm, and the largest difference of its axes."""
    here = forward.flange(model, angles_deg)
    return float(np.linalg.norm(here[:3, 3] - pose[:3, 3])), float(np.abs(here[:3, :3] - pose[:3, :3]).max())
