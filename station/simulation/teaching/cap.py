"""A cap that is pressed into a socket on the table: seated, raised, turned or missing, and of two colours.

Only its rim, the gap round it and its colour tell its state; nothing on it carries a tag. Simulated looks and places,
with the play that hands leave.
"""

from __future__ import annotations

import numpy as np

from station.simulation.evaluation.chance import Rng, one_of, pose
from vision.bench import TaughtCheck
from vision.geometry import Transform
from vision.scene import Colour, Look, Placed, Prism

SOCKET = Transform.of(-60.0, 20.0, 0.0)
"""bench_from_socket."""
SEATED = ("seated", "raised", "turned", "none")
COLOURS = {"blue": (190, 90, 30), "green": (60, 150, 40), "orange": (30, 120, 225)}
"""Variant -> blue, green, red."""
RIM_MM = 12.0
"""Height of the socket's rim, and of a seated cap."""


def seated_check(cameras: tuple[str, ...] = ()) -> TaughtCheck:
    """Is the cap in its socket? Told by the rim and the gap."""
    return TaughtCheck(
        name="cap-seated",
        kind="seated",
        bench_from_region=SOCKET @ Transform.of(0.0, 0.0, RIM_MM),
        size_mm=(72.0, 56.0),
        states=SEATED,
        cameras=cameras,
    )


def variant_check(cameras: tuple[str, ...] = ()) -> TaughtCheck:
    """Which cap is it? Told by its colour."""
    return TaughtCheck(
        name="cap-colour",
        kind="variant",
        bench_from_region=SOCKET @ Transform.of(0.0, 0.0, RIM_MM),
        size_mm=(72.0, 56.0),
        states=(*COLOURS, "none"),
        cameras=cameras,
    )


def socket() -> Placed:
    """The socket: a rim of four walls around a dark floor."""
    grey, dark = (150, 152, 155), (40, 42, 45)
    walls = ((-34, -26, 34, -19), (-34, 19, 34, 26), (-34, -19, -27, 19), (27, -19, 34, 19))
    floor = Prism(outline_mm=_box(-27, -19, 27, 19), z_mm=(0.0, 2.0), colour=dark)
    rim = tuple(Prism(outline_mm=_box(*wall), z_mm=(0.0, RIM_MM), colour=grey) for wall in walls)
    return Placed(look=Look(name="socket", prisms=(floor, *rim)), bench_from_body=SOCKET)


RAISED_MM = (3.0, 9.0)
ALMOST_MM = (1.0, 3.0)
"""Between what is taught as seated and what is taught as raised: no example shows it."""


def cap(
    state: str, rng: Rng, colour: Colour = COLOURS["blue"], *, raised_mm: tuple[float, float] = RAISED_MM
) -> tuple[Placed, ...]:
    """The cap in a state, as hands leave it; nothing for `none`. `raised_mm`: by how much at least and at most."""
    if state == "none":
        return ()
    play = pose(
        (rng.uniform(-0.6, 0.6), rng.uniform(-0.6, 0.6), rng.uniform(-0.2, 0.2)), (0, 0, rng.uniform(-0.8, 0.8))
    )
    if state == "raised":
        # It stands on the rim or on a burr, level or on one edge.
        tilt = rng.uniform(-4.0, 4.0, 2)
        play = play @ pose((0, 0, rng.uniform(*raised_mm)), (tilt[0], tilt[1], rng.uniform(-3, 3)))
    elif state == "turned":
        play = play @ pose((0, 0, rng.uniform(2.0, 4.0)), (0, 0, one_of(rng, (-1.0, 1.0)) * rng.uniform(8.0, 40.0)))
    light = tuple(min(255, level + 60) for level in colour)
    look = Look(
        name="cap",
        prisms=(
            Prism(outline_mm=_box(-25, -17, 25, 17), z_mm=(4.0, RIM_MM), colour=colour),
            Prism(outline_mm=_box(-16, -5, 16, 5), z_mm=(RIM_MM, RIM_MM + 0.3), colour=(light[0], light[1], light[2])),
        ),
    )
    return (Placed(look=look, bench_from_body=SOCKET @ play),)


def _box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)
