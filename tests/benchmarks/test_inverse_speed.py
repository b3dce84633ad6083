"""How exact and how quick the arms' inverse kinematics is, over random poses that can be reached. Figures only."""

from __future__ import annotations

import time

import numpy as np
import pytest

from drivers.cobot.arm import clearance, forward, inverse
from drivers.cobot.arm.model import ArmModel
from drivers.cobot.mycobot280.kinematics import MODEL
from drivers.cobot.universal_robots.models import MODELS

POSES = 10_000


def spent(name: str, values_s: list[float]) -> str:
    ms = np.array(values_s) * 1000
    return (
        f"  {name:<44} median {np.median(ms):6.3f} ms   p95 {np.percentile(ms, 95):6.3f} ms   worst {ms.max():6.2f} ms"
    )


@pytest.mark.benchmark
@pytest.mark.parametrize("model", [MODEL, MODELS["UR5e"]], ids=lambda model: model.name)
def test_inverse_of_random_poses(model: ArmModel) -> None:
    """It should say what share is solved, how far off, and how long each takes; the start is 20 degrees off or more."""
    rng = np.random.default_rng(280)
    low, high = np.array(model.limits_deg).T
    solved, off_mm, turned, count = 0, [], [], []
    all_s, near_s, clear_s = [], [], []
    for _ in range(POSES):
        posture = rng.uniform(low, high)
        start = np.clip(posture + rng.choice([-1, 1], 6) * rng.uniform(20, 60, 6), low, high)
        pose = forward.flange(model, posture)
        begun = time.perf_counter()
        count.append(len(inverse.solutions(model, pose, ((-180.0, 180.0),) * 6)))
        all_s.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        found = inverse.nearest(model, pose, start)
        near_s.append(time.perf_counter() - begun)
        if found is not None and (np.array(found) >= low).all() and (np.array(found) <= high).all():
            solved += 1
            here = forward.flange(model, found)
            off_mm.append(float(np.linalg.norm(here[:3, 3] - pose[:3, 3])))
            turned.append(float(np.degrees(np.linalg.norm(here[:3, :3] - pose[:3, :3]) / np.sqrt(2))))
        begun = time.perf_counter()
        clearance.self_clearance_mm(model, posture)
        clear_s.append(time.perf_counter() - begun)
    print(f"\n{model.name}: {POSES} random reachable poses, {solved / POSES:.2%} solved")
    print(f"  position error: median {np.median(off_mm):.1e} mm, worst {max(off_mm):.1e} mm")
    print(f"  turn error: median {np.median(turned):.1e} deg, worst {max(turned):.1e} deg")
    print(f"  postures for a pose: {np.bincount(count)[[2, 4, 6, 8]].tolist()} of the poses have 2, 4, 6, 8")
    for row in (
        spent("all postures", all_s),
        spent("nearest posture within the limits", near_s),
        spent("room between the links", clear_s),
    ):
        print(row)
    assert max(off_mm) < 0.01
