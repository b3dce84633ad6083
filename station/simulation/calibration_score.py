"""Holds a calibration of a simulated bench against its hidden truth: errors at the joints, and whether it knew them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from calibration.aim import aim_covariance, aimed
from calibration.bench_errors import camera_at_mm
from calibration.bench_set import BenchResult
from calibration.bench_work import BenchPlan
from drivers.cobot.arm.forward import flange
from station.simulation.calibration_truth import Truth
from vision.geometry import Array

CHI2_95 = {2: 5.991464547107979, 3: 7.814727903251179}
"""What a chi-square of so many degrees of freedom stays below in 95 of 100 cases."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Miss:
    """One error, and whether its stated 95 % region holds it."""

    mm: float
    inside: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class BenchScore:
    """Errors of one bench. How true the arm comes back is no part of them."""

    guided: Mapping[str, Miss]
    """Joint -> the tip, sent there, from the joint: what the work sees."""
    placed: Mapping[str, Miss]
    """Joint -> where it is said to be on the bench."""
    seen: Mapping[str, Miss]
    """Camera and joint -> how far the camera misplaces it, across its view."""

    def errors_mm(self, what: str) -> list[float]:
        """Of `guided`, `placed` or `seen`."""
        return [miss.mm for miss in getattr(self, what).values()]


def touched_points(truth: Truth, work: BenchPlan) -> dict[str, Array]:
    """Where what can be touched truly is: the pivot tag's middle, the studs' ends."""
    tag = next(mount for mount in work.fixture if mount.tag_id == work.pivot_tag)
    points: dict[str, Array] = {f"tag {work.pivot_tag}": tag.body_from_tag.translation_mm}
    for joint, at in truth.joints_mm.items():
        lifted = np.array(work.joints_mm[joint]) - np.array(work.scene.joints[joint])
        points[joint] = at + lifted
    return points


def score(result: BenchResult, truth: Truth, work: BenchPlan) -> BenchScore:
    """Against the truth that nobody was told."""
    points = touched_points(truth, work)
    guided, placed, seen = {}, {}, {}
    for joint in work.joints_mm:
        at, true = result.places_mm[joint], points[joint]
        posture = np.array(aimed(result, at, work.over_joints_deg.get(joint, work.home_deg)))
        guided[joint] = _miss(_true_tip(truth, posture) - true, aim_covariance(result, posture, joint))
        placed[joint] = _miss(at - true, result.place_covariance(joint))
        for name, camera in truth.cameras.items():
            depth = float(camera.camera_from_bench.apply(true)[2])
            off = (result.camera(name).project(true) - camera.project(true))[0] * depth / camera.matrix[0, 0]
            seen[f"{name} {joint}"] = _miss(off, camera_at_mm(result, name, true[None])[0])
    return BenchScore(guided=guided, placed=placed, seen=seen)


def _true_tip(truth: Truth, reported_deg: Array) -> Array:
    pose = flange(truth.arm, tuple(float(v) for v in reported_deg + truth.joint_offset_deg))
    return truth.bench_from_base.apply(pose[:3, :3] @ truth.tip_mm + pose[:3, 3])


def _miss(error: Array, covariance: Array) -> Miss:
    distance = float(error @ np.linalg.solve(covariance, error))
    return Miss(mm=float(np.linalg.norm(error)), inside=distance <= CHI2_95[len(error)])
