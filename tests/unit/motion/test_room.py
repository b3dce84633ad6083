"""What is free: between samples, away from what is near, in a contact, in the visitor's zone, over the table."""

from dataclasses import replace

import numpy as np
import pytest
from support.motionbench import bench, end_of, home_of, tip_of, with_box

from station.motion.bench_model import BenchModel, Box
from station.motion.gesture import PointAt
from station.motion.plan import PlanError
from station.motion.planner import plan
from station.motion.room import RESOLUTION_MM, Room
from station.motion.scene import MotionScene, pointer
from station.motion.search import way_round

OPEN = (0.0, -30.0, -60.0, 0.0, 20.0, 0.0)
"""Nothing near on a bare table."""


def bare() -> MotionScene:
    """The arm on a bare table."""
    return replace(bench()[0], bench=BenchModel())


def turned(posture: tuple[float, ...], joint: int, by_deg: float) -> np.ndarray:
    """The posture with one joint turned."""
    angles = np.array(posture)
    angles[joint - 1] += by_deg
    return angles


def test_a_thin_thing_between_two_samples_is_noticed() -> None:
    """It should see needles of a millimetre wherever they stand across the way of the tip."""
    scene = replace(bare(), tool=pointer((0.0, 0.0, 85.0), 4))
    start, end = turned(OPEN, 1, 0), turned(OPEN, 1, 80)
    assert Room(scene, 1.0).line_free(start, end)
    for share in np.linspace(0.3, 0.7, 40):
        tip, _ = tip_of(scene, tuple(start + share * (end - start)))
        needle = Box(id="needle", at_mm=tuple(tip), size_mm=(1, 1, 1))
        assert not Room(with_box(scene, needle), 1.0).line_free(start, end), share


def test_a_free_line_is_free_all_along() -> None:
    """It should let no line pass that a dense look finds too near something."""
    scene, _ = bench()
    room, chance = Room(scene, 8.0), np.random.default_rng(6)
    ends = [np.array(end_of(scene, name)) for name in ("home", "point-J1", "point-J2", "hold", "present-nuts")]
    free = 0
    for _ in range(150):
        one, other = (ends[chance.integers(5)] + chance.uniform(-25, 25, 6) for _ in range(2))
        if room.line_free(one, other):
            free += 1
            assert room.margins(room.dense(np.stack([one, other]))).min() > -RESOLUTION_MM / 2
    assert free > 5


def test_what_is_near_at_the_start_may_be_left_but_not_come_to() -> None:
    """It should stop a way at once that leads nearer, and let one go on that leads away."""
    scene = bare()
    start = np.array(OPEN)
    tip, _ = tip_of(scene, OPEN)
    ahead, _ = tip_of(scene, tuple(turned(tuple(start), 1, 3)))
    towards = (ahead - tip) / np.linalg.norm(ahead - tip)
    ball = Box(id="ball", at_mm=tuple(tip + 12 * towards), size_mm=(6, 6, 6))
    room = Room(with_box(scene, ball), 10.0)
    assert room.margins(start[None])[0] < 0
    assert room.free_until(np.stack([start, turned(tuple(start), 1, 20)])) < 0.1
    assert room.away_free(np.stack([start, turned(tuple(start), 1, -20)]))


def test_only_the_tool_may_touch_and_only_what_is_held() -> None:
    """It should allow the press for the tool's pairs with that thing, and want the clearance of all others."""
    scene, _ = bench()
    room = Room(scene, 8.0)
    wanted = room.touching("carrier", 1.5)
    for pair, (part, other) in enumerate(room.check.pairs):
        touches = part in ("pointer", "dish") and other == "carrier"
        assert wanted[pair] == (-1.5 if touches else room.required[pair]), (part, other)


def test_the_visitors_zone_gives_way_by_the_allowance_on_every_side() -> None:
    """It should be that much smaller at each face, and be gone where nothing is left."""
    zone = Box(id="visitor", at_mm=(0, -400, 400), size_mm=(1000, 600, 800))
    model = BenchModel(visitor=zone)
    assert model.with_allowance(60).visitor == Box(id="visitor", at_mm=(0, -400, 400), size_mm=(880, 480, 680))
    assert model.with_allowance(300).visitor is None
    assert model.with_allowance(0) is model


def test_the_table_is_kept_clear_of() -> None:
    """It should refuse to point with the tip too near to the table, by its name."""
    scene = bare()
    low = PointAt(name="low", at_mm=(230, -80, -25), clearance_mm=10)
    with pytest.raises(PlanError, match=r"the arm's pointer would come within 5\.0 mm of the table") as caught:
        plan(low, here_deg=home_of(scene), scene=scene)
    assert caught.value.code == "motion.too_close"


def test_a_way_round_consists_of_free_lines() -> None:
    """It should begin and end where it was asked to, with no line of it through what is in the way."""
    scene, _ = bench()
    # The straight line from home to where it comes down on this joint leads through the part.
    start, goal = (
        np.array(home_of(scene)),
        np.array(plan("point-J1", here_deg=home_of(scene), scene=scene).legs[-2].points_deg[-1]),
    )
    room = Room(scene, 8.0)
    assert not room.line_free(start, goal)
    found = way_round(room, start, goal)
    assert found is not None
    assert (found[0] == start).all() and (found[-1] == goal).all()
    assert len(found) > 2 and room.polyline_free(found)
