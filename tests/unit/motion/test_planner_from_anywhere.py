"""A gesture can be interrupted anywhere and another one begun from there."""

import random

import numpy as np
import pytest
from support.motionbench import bench, clearances_mm, home_of, motion_of

from station.motion.gesture import Hold
from station.motion.planner import plan
from station.motion.scene import MotionScene

ROUNDING_MM = 1.0


def interrupted(scene: MotionScene, times: int, seed: int) -> int:
    """Plan gestures by chance, break each off at a moment by chance, and begin the next from there. How many moved."""
    chance = random.Random(seed)
    boxes = [box for box in scene.bench.obstacles if "camera" not in box.id]
    touched = np.array([box.id == "carrier" for box in boxes])
    here, moved = home_of(scene), 0
    for _ in range(times):
        gesture = scene.gestures[chance.choice(list(scene.gestures))]
        found = plan(gesture, here_deg=here, scene=scene)
        if not found.legs:
            continue
        moved += 1
        assert found.legs[0].points_deg[0] == pytest.approx(here)
        motion = motion_of(found, scene, 0.03)
        begun = clearances_mm(scene, here, boxes)
        for angles in chance.sample(motion, min(6, len(motion))):
            least = clearances_mm(scene, angles, boxes)
            wanted = np.minimum(gesture.clearance_mm, begun) - ROUNDING_MM
            if isinstance(gesture, Hold):
                wanted[touched] = -gesture.press_mm - ROUNDING_MM
            assert np.all(least > wanted), (gesture.name, here)
        here = chance.choice(motion)
    return moved


def test_two_hundred_interruptions_are_each_gone_on_from():
    """It should find a free way from wherever the arm was stopped, contacts and approaches included."""
    scene, _ = bench()
    assert interrupted(scene, 200, seed=4) > 150


def test_another_family_of_arms_is_gone_on_with_as_well():
    """It should do the same with a UR5e."""
    scene, _ = bench("station.ur.toml")
    assert interrupted(scene, 40, seed=4) > 30


@pytest.mark.campaign
@pytest.mark.parametrize("name", ["station.sim.toml", "station.ur.toml"])
@pytest.mark.parametrize("seed", range(5))
def test_thousands_of_interruptions_are_gone_on_from(name, seed):
    """It should be no matter of luck."""
    scene, _ = bench(name)
    assert interrupted(scene, 400, seed=100 + seed) > 300
