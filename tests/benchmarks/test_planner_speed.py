"""How long the planner takes: from home, after an interruption, and round something. Figures only."""

import random
import time
from collections.abc import Callable

import numpy as np
import pytest
from support.motionbench import BENCHES, bench, home_of, motion_of, tip_of, with_box

from station.motion.bench_model import Box
from station.motion.jog import jog
from station.motion.planner import plan


def told(name: str, times_s: list[float]) -> None:
    """One line of figures."""
    median, p95, most = np.percentile(np.array(times_s) * 1e3, [50, 95, 100])
    print(f"\n{name}: {len(times_s)} plans, median {median:.0f} ms, p95 {p95:.0f} ms, most {most:.0f} ms")


def timed(ask: Callable[[], object]) -> float:
    """How long one question takes, s."""
    begun_s = time.perf_counter()
    ask()
    return time.perf_counter() - begun_s


@pytest.mark.benchmark
@pytest.mark.parametrize("name", BENCHES)
def test_time_to_plan_from_home(name):
    """It should say how long each gesture's plan takes from home."""
    scene, _ = bench(name)
    for gesture in scene.gestures:
        told(
            f"{name} {gesture}",
            [timed(lambda gesture=gesture: plan(gesture, here_deg=home_of(scene), scene=scene)) for _ in range(10)],
        )


@pytest.mark.benchmark
@pytest.mark.parametrize("name", BENCHES)
def test_time_to_plan_after_an_interruption(name):
    """It should say how long it takes to go on from moments by chance."""
    scene, _ = bench(name)
    chance = random.Random(8)
    here, times_s = home_of(scene), []
    for _ in range(200):
        gesture = chance.choice(list(scene.gestures))
        begun_s = time.perf_counter()
        found = plan(gesture, here_deg=here, scene=scene)
        times_s.append(time.perf_counter() - begun_s)
        here = chance.choice(motion_of(found, scene, 0.03)) if found.legs else here
    told(f"{name} interrupted", times_s)


@pytest.mark.benchmark
@pytest.mark.parametrize("name", BENCHES)
def test_time_to_go_round(name):
    """It should say how long a way round posts by chance takes, refused or not."""
    from station.motion.plan import PlanError

    scene, _ = bench(name)
    chance = random.Random(3)
    start = plan("point-J3", here_deg=home_of(scene), scene=scene).goal_deg
    way = motion_of(plan("home", here_deg=start, scene=scene), scene, 0.05)
    times_s, refused = [], 0
    for _ in range(40):
        tip, _ = tip_of(scene, way[chance.randrange(len(way) // 2, len(way) * 3 // 4)])
        post = Box(id="post", at_mm=tuple(tip), size_mm=(12, 12, chance.uniform(10, 200)))
        begun_s = time.perf_counter()
        try:
            plan("home", here_deg=start, scene=with_box(scene, post))
        except PlanError:
            refused += 1
        times_s.append(time.perf_counter() - begun_s)
    told(f"{name} round a post, {refused} refused", times_s)


@pytest.mark.benchmark
@pytest.mark.parametrize("name", BENCHES)
def test_time_to_begin_a_jog(name):
    """It should say how long a pressed button waits."""
    scene, _ = bench(name)
    here = plan("point-J2", here_deg=home_of(scene), scene=scene).goal_deg
    for frame in ("joint", "tool", "bench"):
        told(
            f"{name} jog {frame}",
            [timed(lambda frame=frame: jog(frame, 3, 1, 10, here_deg=here, scene=scene)) for _ in range(10)],
        )
