"""How much of a thing each camera is shown, worked out from the truth's geometry and not from pictures."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from station.simulation.evaluation.stage import Situation, Stage
from vision.geometry import Array, CameraModel, Transform
from vision.scene import DrawnArm, DrawnHand, Prism
from vision.sim_hand import flesh_of, joints_of

ARM_RADII_MM = (30.0, 19.0)
CARD_MM = 1.0
OFF_SURFACE_MM = 1.0
"""Points are lifted off their own surface by this much."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Obstacles:
    """What may stand between a camera and a point."""

    balls_mm: Array
    """(K, 4): hands, sleeves and the arm as balls, x y z radius."""
    blocks: tuple[tuple[Transform, Prism], ...]
    """bench_from_body and the block."""


def obstacles_of(situation: Situation, stage: Stage) -> Obstacles:
    """Everything that stands, lies or is held on the bench."""
    balls = [flesh_balls(hand) for hand in situation.hands]
    if situation.arm is not None:
        balls.append(_arm_balls(situation.arm))
    blocks = [
        (pose, prism)
        for name, pose in situation.bodies.items()
        if name in stage.scene.looks
        for prism in stage.scene.looks[name].prisms
        # A sheet covers nothing that lies on it.
        if prism.z_mm[1] - prism.z_mm[0] > OFF_SURFACE_MM
    ]
    if situation.card is not None:
        half = situation.card.size_mm / 2.0
        square = np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
        blocks.append(
            (situation.card.bench_from_card, Prism(outline_mm=square, z_mm=(-CARD_MM, 0.0), colour=(255, 255, 255)))
        )
    return Obstacles(balls_mm=np.vstack(balls) if balls else np.zeros((0, 4)), blocks=tuple(blocks))


def flesh_balls(hand: DrawnHand) -> Array:
    """(K, 4) balls that fill a hand and its forearm, with what is worn: x y z radius, bench frame."""
    flesh = flesh_of(hand, joints_of(hand))
    rows = []
    for first, second, (r0, r1) in zip(flesh.first_mm, flesh.second_mm, flesh.radii_mm, strict=True):
        steps = 2 + int(np.linalg.norm(second - first) / (0.7 * min(r0, r1)))
        t = np.linspace(0.0, 1.0, steps)[:, None]
        rows.append(np.hstack([first * (1 - t) + second * t, r0 * (1 - t) + r1 * t]))
    return np.vstack(rows)


def shown(points_mm: Array, camera: CameraModel, obstacles: Obstacles) -> NDArray[np.bool_]:
    """(N,) whether the camera sees each bench point (N, 3): inside the picture, and nothing in between."""
    pixels = camera.project(points_mm)
    size = np.array([camera.width_px, camera.height_px])
    seen = np.asarray((np.isfinite(pixels) & (pixels >= 0.0) & (pixels <= size - 1)).all(axis=1))
    eye = camera.camera_from_bench.inverse().translation_mm
    ways = eye - points_mm
    if len(obstacles.balls_mm):
        to_balls = obstacles.balls_mm[None, :, :3] - points_mm[:, None]
        along = np.einsum("nkj,nj->nk", to_balls, ways) / (ways**2).sum(axis=1)[:, None]
        nearest = np.clip(along, 0.0, 1.0)[..., None] * ways[:, None]
        apart = np.linalg.norm(to_balls - nearest, axis=2)
        seen = seen & ~(apart < obstacles.balls_mm[None, :, 3]).any(axis=1)
    for bench_from_body, prism in obstacles.blocks:
        seen = seen & ~_through(points_mm, eye, bench_from_body, prism)
    return seen


def _through(points_mm: Array, eye: Array, bench_from_body: Transform, prism: Prism) -> NDArray[np.bool_]:
    """Whether the ways from the points to the eye go through the block (its outline is convex)."""
    body_from_bench = bench_from_body.inverse()
    start, end = body_from_bench.apply(points_mm), body_from_bench.apply(eye)
    way = end - start
    rise = np.where(np.abs(way[:, 2]) < 1e-9, 1e-9, way[:, 2])
    t = np.sort(np.stack([(prism.z_mm[0] - start[:, 2]) / rise, (prism.z_mm[1] - start[:, 2]) / rise]), axis=0)
    low, high = np.maximum(t[0], 0.0), np.minimum(t[1], 1.0)
    hit = np.zeros(len(points_mm), dtype=bool)
    within = np.nonzero(high > low)[0]
    corners = prism.outline_mm
    # Most ways pass far beside a block: its box tells.
    ends = np.stack([start[within, :2] + t_[within, None] * way[within, :2] for t_ in (low, high)])
    near = (ends.max(axis=0) >= corners.min(axis=0)) & (ends.min(axis=0) <= corners.max(axis=0))
    within = within[near.all(axis=1)]
    edges = np.roll(corners, -1, axis=0) - corners
    for share in np.linspace(0.0, 1.0, 7) if len(within) else ():
        along = low[within] + (high[within] - low[within]) * share
        off = (start[within, :2] + along[:, None] * way[within, :2])[:, None] - corners[None]
        hit[within] |= (edges[None, :, 0] * off[..., 1] - edges[None, :, 1] * off[..., 0] >= 0.0).all(axis=1)
    return hit


def _arm_balls(arm: DrawnArm) -> Array:
    links = len(arm.points_mm) - 1
    rows = []
    for i in range(links):
        radius = float(np.interp(i, [0, max(1, links - 1)], ARM_RADII_MM))
        t = np.linspace(0.0, 1.0, 14)[:, None]
        points = arm.points_mm[i] * (1 - t) + arm.points_mm[i + 1] * t
        rows.append(np.hstack([points, np.full((14, 1), radius)]))
    return np.vstack(rows)
