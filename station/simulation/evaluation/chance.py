"""What chance decides about people, light and cameras. Everything comes from the generator that is given."""

from __future__ import annotations

from typing import Any

import numpy as np

from vision.bench import Bench
from vision.geometry import Array, Transform
from vision.scene import Colour, DrawnArm, DrawnHand, Shine
from vision.sim_disturbances import Disturbances, SoftShape

SKINS: tuple[Colour, ...] = (
    (178, 198, 238),
    (150, 175, 225),
    (110, 140, 195),
    (75, 100, 150),
    (45, 60, 95),
    (34, 44, 70),
)
"""Blue, green, red, from very light to very dark."""
GLOVES: tuple[Colour, ...] = (
    (150, 60, 30),
    (60, 60, 60),
    (230, 230, 230),
    (120, 170, 60),
    (60, 140, 230),
    (90, 90, 95),
)
SLEEVES: tuple[Colour, ...] = (
    (60, 50, 45),
    (200, 200, 210),
    (140, 60, 40),
    (40, 40, 150),
    (110, 105, 100),
    (70, 110, 60),
    (150, 150, 155),
)
PLAIN_DAYS = 0.2
"""Share of items under the light that the bench was set up in."""
HARSH_DAYS = 0.12
"""Share of items in which one camera's picture is too bad for anybody."""
Rng = np.random.Generator


def one_of(rng: Rng, choices: Any) -> Any:
    """One of a sequence."""
    return choices[int(rng.integers(len(choices)))]


def pose(at_mm: Any, rpy_deg: Any = (0.0, 0.0, 0.0)) -> Transform:
    """From three lengths and three fixed-axis angles, of any number type."""
    x, y, z = (float(value) for value in at_mm)
    roll, pitch, yaw = (float(value) for value in rpy_deg)
    return Transform.of(x, y, z, roll, pitch, yaw)


def beside(point_mm: Any, x_mm: float, y_mm: float, z_mm: float) -> Array:
    """(3,) a point moved along the bench's axes."""
    return np.asarray(np.array(point_mm, dtype=np.float64) + np.array([x_mm, y_mm, z_mm], dtype=np.float64))


def person(rng: Rng) -> dict[str, Any]:
    """Skin, glove and sleeve of one person, as `DrawnHand` takes them."""
    return {
        "skin": one_of(rng, SKINS),
        "glove": one_of(rng, GLOVES) if rng.random() < 0.35 else None,
        "sleeve": one_of(rng, SLEEVES) if rng.random() < 0.6 else None,
    }


def hand_over(rng: Rng, at_mm: Array, who: dict[str, Any], *, turn_deg: float = 0.0) -> DrawnHand:
    """A hand whose fingers are over a bench point, 20 to 90 mm above it."""
    away = Transform.of(0, 0, 0, yaw_deg=turn_deg).apply(
        [float(rng.uniform(-15, 15)), float(rng.uniform(-95, -35)), 0.0]
    )
    palm = np.array(at_mm) + away + [0.0, 0.0, float(rng.uniform(35, 90))]
    return DrawnHand(
        bench_mm=palm,
        side=one_of(rng, ("left", "right")),
        grip=float(rng.uniform(0.0, 1.0)),
        turn_deg=turn_deg + float(rng.uniform(-15, 15)),
        **who,
    )


def arm_at(rng: Rng, base_mm: Array) -> DrawnArm:
    """The arm somewhere over its own side of the bench, clear of the joints or above one of them."""
    base = np.array(base_mm)
    tip = beside(base, rng.uniform(-150, 40), rng.uniform(-90, 70), rng.uniform(190, 300))
    elbow = beside(base, rng.uniform(-20, 60), rng.uniform(-20, 60), rng.uniform(300, 380))
    lamp = one_of(rng, ((60, 220, 60), (60, 160, 250), (230, 120, 40)))
    return DrawnArm(points_mm=np.array([base, beside(base, 0, 0, 130), elbow, tip]), lamp=lamp)


def shine(rng: Rng) -> Shine | None:
    """What the room's lamps and windows make on the paint."""
    if rng.random() < 0.25:
        return None
    return Shine(
        kind=one_of(rng, ("window", "band")),
        at=(float(rng.uniform(-0.6, 0.6)), float(rng.uniform(-0.6, 0.6))),
        strength=float(rng.uniform(0.3, 1.0)),
        turn_deg=float(rng.uniform(0, 180)),
    )


def days(rng: Rng, bench: Bench, work_mm: Array) -> dict[str, Disturbances]:
    """For each camera what is wrong with its picture. Light and shadows are the room's: the same for all cameras.

    `work_mm` (N, 3) are places where shadows and reflections matter.
    """
    if rng.random() < PLAIN_DAYS:
        return {camera.name: Disturbances() for camera in bench.cameras}
    harsh = one_of(rng, bench.cameras).name if rng.random() < HARSH_DAYS else ""
    warm = float(rng.uniform(-1.0, 1.0))
    tint = (1.0 + 0.22 * warm, 1.0, 1.0 - 0.18 * warm)
    light = float(np.exp(rng.uniform(np.log(0.45), np.log(1.3))))
    shadows = _shadows(rng, work_mm)
    glare = _glare(rng, work_mm)
    return {camera.name: _day(rng, light, tint, shadows, glare, harsh=camera.name == harsh) for camera in bench.cameras}


def _day(
    rng: Rng,
    light: float,
    tint: tuple[float, float, float],
    shadows: tuple[SoftShape, ...],
    glare: tuple[SoftShape, ...],
    *,
    harsh: bool,
) -> Disturbances:
    bad = one_of(rng, ("dark", "bright", "blurred", "noisy", "packed")) if harsh else ""
    exposure = float(np.exp(rng.uniform(np.log(0.8), np.log(1.2))))
    focus = float(rng.uniform(0.0, 2.6)) if rng.random() < 0.5 else 0.0
    shake = float(rng.uniform(0.0, 4.0)) if rng.random() < 0.25 else 0.0
    way = float(rng.uniform(0.0, 2 * np.pi))
    return Disturbances(
        gain=float(rng.uniform(0.1, 0.25)) if bad == "dark" else 2.2 if bad == "bright" else light * exposure,
        tint=tint,
        gradient=(float(rng.uniform(-0.25, 0.25)), float(rng.uniform(-0.25, 0.25))),
        shadows=shadows,
        # Each camera sees a window in another place, and most see none.
        glare=tuple(shape for shape in glare if rng.random() < 0.5),
        motion_px=(shake * np.cos(way), shake * np.sin(way)),
        defocus_px=float(rng.uniform(5.0, 9.0)) if bad == "blurred" else focus,
        dust=tuple(
            (
                float(rng.uniform(0, 1)),
                float(rng.uniform(0, 1)),
                float(rng.uniform(3, 10)),
                float(rng.uniform(0.1, 0.4)),
            )
            for _ in range(int(rng.integers(0, 7)))
        ),
        noise_levels=float(rng.uniform(15, 25)) if bad == "noisy" else float(rng.uniform(2.0, 9.0)),
        jpeg_quality=8 if bad == "packed" else int(rng.integers(30, 96)) if rng.random() < 0.7 else 0,
    )


def _shadows(rng: Rng, work_mm: Array) -> tuple[SoftShape, ...]:
    """Somebody leans over the bench: a shadow from the visitor's side up to somewhere in the work."""
    if rng.random() < 0.5:
        return ()
    x, y, z = one_of(rng, work_mm)
    half, far = float(rng.uniform(50, 160)), float(y + rng.uniform(-60, 80))
    outline = [[x - half, -420, z], [x + half, -420, z], [x + 0.6 * half, far, z], [x - 0.6 * half, far, z]]
    return (
        SoftShape(
            outline_mm=np.array(outline), amount=float(rng.uniform(0.2, 0.6)), softness_mm=float(rng.uniform(8, 40))
        ),
    )


def _glare(rng: Rng, work_mm: Array) -> tuple[SoftShape, ...]:
    """A window or a lamp in the varnish of whatever lies there."""
    if rng.random() < 0.6:
        return ()
    middle = beside(one_of(rng, work_mm), rng.uniform(-50, 50), rng.uniform(-50, 50), 0.0)
    wide, high = float(rng.uniform(20, 80)), float(rng.uniform(15, 60))
    square = np.array([[-wide, -high, 0], [wide, -high, 0], [wide, high, 0], [-wide, high, 0]])
    turned = Transform.of(0, 0, 0, yaw_deg=float(rng.uniform(0, 90))).apply(square)
    return (
        SoftShape(outline_mm=middle + turned, amount=float(rng.uniform(15, 90)), softness_mm=float(rng.uniform(2, 12))),
    )
