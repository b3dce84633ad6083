"""A scripted visitor who reaches into the cobot's zone again and again while it moves, and when that truly was."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator, Iterator
from dataclasses import dataclass

import numpy as np

from station.core.screen import Screen
from station.simulation.world import AWAY, Point, World
from vision.bench import Zone
from vision.scene import DrawnHand
from vision.sim_hand import joints_of

INTO: Point = (70.0, -20.0, 150.0)
REACH_MM_S = 1100.0
"""Mean speed: a quick reach."""
LATEST_S = 3.0
"""How long a hand waits inside for the arm to stop."""
STAYS_S = 0.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One hand in the zone."""

    begun_s: float
    inside_s: float
    """When the first joint of the hand (fingertips are joints) was inside the zone's prism, in truth."""
    rest_s: float | None
    """When the screen no longer showed the arm as moving; None when it did until the hand was taken away."""
    left_s: float
    at_once: bool
    """It was away one moment and inside the next: nothing could be seen of it beforehand."""


def reaching(
    world: World,
    script: Iterator[None],
    screen: Callable[[], Screen],
    now_s: Callable[[], float],
    zone: Zone,
    rng: random.Random,
    reaches: list[Reach],
    *,
    wanted: int,
) -> Iterator[None]:
    """Follow `script`, but reach in whenever the cobot moves, until `reaches` holds `wanted`; every other at once."""
    while True:
        if len(reaches) < wanted and screen().robot == "moving" and world.hands["left"].at_mm == AWAY:
            yield from _pause(now_s, 0.1 + 0.2 * rng.random())
            if screen().robot == "moving":
                begun_s, at_once = now_s(), len(reaches) % 2 == 1
                inside_s = yield from _reach(world, now_s, zone, 0.0 if at_once else math.dist(AWAY, INTO) / REACH_MM_S)
                rest_s = yield from _stay(screen, now_s)
                world.carry("left", AWAY)
                reaches.append(
                    Reach(begun_s=begun_s, inside_s=inside_s, rest_s=rest_s, left_s=now_s(), at_once=at_once)
                )
        if next(script, False) is False:
            return
        yield


def _reach(world: World, now_s: Callable[[], float], zone: Zone, duration_s: float) -> Generator[None, None, float]:
    begun_s, inside_s = now_s(), None
    while True:
        part = min(1.0, (now_s() - begun_s) / duration_s) if duration_s else 1.0
        # Minimum jerk (Flash and Hogan 1985), as the scripted visitor's other moves.
        blend = part**3 * (10.0 - 15.0 * part + 6.0 * part * part)
        x, y, z = (a + (b - a) * blend for a, b in zip(AWAY, INTO, strict=True))
        moved_s = now_s()
        world.carry("left", (x, y, z))
        if inside_s is None and _inside(zone, (x, y, z)):
            inside_s = moved_s
        if part >= 1.0:
            if inside_s is None:
                raise ValueError("the reach ends outside the cobot's zone; choose another end for this bench")
            return inside_s
        yield


def _stay(screen: Callable[[], Screen], now_s: Callable[[], float]) -> Generator[None, None, float | None]:
    limit_s = now_s() + LATEST_S
    while screen().robot == "moving" and now_s() < limit_s:
        yield
    rest_s = now_s() if screen().robot != "moving" else None
    yield from _pause(now_s, STAYS_S)
    return rest_s


def _pause(now_s: Callable[[], float], seconds: float) -> Iterator[None]:
    until_s = now_s() + seconds
    while now_s() < until_s:
        yield


def _inside(zone: Zone, at_mm: Point) -> bool:
    import cv2

    low_mm, high_mm = zone.z_mm
    outline = zone.outline_mm.astype(np.float32)
    joints = joints_of(DrawnHand(bench_mm=np.array(at_mm), side="left", grip=0.0))
    return any(
        low_mm <= z <= high_mm and cv2.pointPolygonTest(outline, (float(x), float(y)), False) >= 0 for x, y, z in joints
    )
