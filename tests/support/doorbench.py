"""The door-mirror bench as plain values, for tests of vision that need no station files."""

from __future__ import annotations

import numpy as np

from vision.bench import Bench, Body, Joint, TagMount, Zone
from vision.geometry import Transform, looking_at
from vision.scene import Look, Placed, Prism

DISTORTION = (-0.11, 0.06, 0.0006, -0.0004, 0.0)
DOOR = Transform.of(110, 60, 60)
JOINTS_IN_PART = {"J1": (-50.0, -30.0), "J2": (50.0, -30.0), "J3": (0.0, 38.0)}
TRAY = {
    "mirror-right-red": Transform.of(-405, 50, 20),
    "mirror-right-blue": Transform.of(-215, 50, 20),
    "mirror-left-red": Transform.of(-405, -180, 20),
}
COLOURS = {"mirror-right-red": (40, 40, 190), "mirror-right-blue": (180, 90, 30), "mirror-left-red": (40, 40, 190)}
FIRST_TAG = {"mirror-right-red": 10, "mirror-right-blue": 13, "mirror-left-red": 16}


def box(x0: float, y0: float, x1: float, y1: float) -> np.ndarray:
    """A rectangle, counter-clockwise."""
    return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], dtype=np.float64)


def disc(x: float, y: float, radius: float, corners: int = 24) -> np.ndarray:
    """A regular polygon, counter-clockwise."""
    angles = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    return np.column_stack([x + radius * np.cos(angles), y + radius * np.sin(angles)])


def mirror_tags(first: int) -> tuple[TagMount, ...]:
    """Three 30 mm tags on the carrier plate, 8 mm thick."""
    places = ((-58.0, 32.0), (58.0, 32.0), (0.0, -20.0))
    return tuple(
        TagMount(tag_id=first + i, size_mm=30.0, body_from_tag=Transform.of(x, y, 8.0))
        for i, (x, y) in enumerate(places)
    )


TOOL_TAGS = tuple(
    TagMount(tag_id=30 + i, size_mm=36.0, body_from_tag=Transform.of(x, 0.0, 150.0))
    for i, x in enumerate((-24.0, 24.0))
)
FIXTURE_TAGS = tuple(
    TagMount(tag_id=i, size_mm=40.0, body_from_tag=Transform.of(x, y, 0.0))
    for i, (x, y) in enumerate(((-60.0, 255.0), (470.0, 240.0), (-60.0, -262.0), (400.0, -250.0), (-60.0, 90.0)))
)


def door_bench() -> Bench:
    """Two cameras, fixture, three mirrors, the tool, three joints and the zones."""
    bodies = tuple(Body(name=name, tags=mirror_tags(first)) for name, first in FIRST_TAG.items())
    return Bench(
        cameras=(
            looking_at("top", position_mm=(0, 0, 950), target_mm=(0, 0, 0), focal_px=1150, distortion=DISTORTION),
            looking_at(
                "side",
                position_mm=(-430, -430, 640),
                target_mm=(40, 30, 40),
                up=(0, 0, 1),
                focal_px=1000,
                distortion=DISTORTION,
            ),
        ),
        fixture=Body(name="fixture", tags=FIXTURE_TAGS),
        bodies=(*bodies, Body(name="tool", tags=TOOL_TAGS)),
        joints=tuple(Joint(name=n, bench_mm=DOOR.apply([x, y, 8.0])) for n, (x, y) in JOINTS_IN_PART.items()),
        zones=(
            Zone(name="tray", outline_mm=box(-500, -250, -115, 260)),
            Zone(name="door", outline_mm=box(-10, -50, 230, 230), z_mm=(40.0, 200.0)),
            Zone(name="cobot", outline_mm=box(-20, -60, 400, 240), z_mm=(0.0, 300.0)),
        ),
    )


def mirror_look(name: str) -> Look:
    """Carrier plate with three clearance holes, and the painted shell beyond it."""
    plate = Prism(outline_mm=box(-85, -60, 85, 60), z_mm=(0, 8), colour=(150, 152, 155))
    holes = tuple(
        Prism(outline_mm=disc(x, y, 13), z_mm=(8.0, 8.2), colour=(70, 72, 75)) for x, y in JOINTS_IN_PART.values()
    )
    angles = np.linspace(0, 2 * np.pi, 32, endpoint=False)
    shell_outline = np.column_stack([78 * np.cos(angles), 112 + 50 * np.sin(angles)])
    shell = Prism(outline_mm=shell_outline, z_mm=(0, 45), colour=COLOURS[name])
    return Look(name=name, prisms=(plate, *holes, shell), tags=mirror_tags(FIRST_TAG[name]))


def tool_look() -> Look:
    """A nutrunner that stands on its socket; the plate with its tags on top; the handle towards the visitor."""
    return Look(
        name="tool",
        prisms=(
            Prism(outline_mm=disc(0, 0, 9), z_mm=(0, 40), colour=(120, 120, 125)),
            Prism(outline_mm=disc(0, 0, 20), z_mm=(40, 148), colour=(40, 45, 50)),
            Prism(outline_mm=box(-13, -120, 13, -15), z_mm=(90, 120), colour=(30, 110, 220)),
            Prism(outline_mm=box(-48, -25, 48, 25), z_mm=(146, 150), colour=(235, 235, 235)),
        ),
        tags=TOOL_TAGS,
    )


def static_looks() -> tuple[Placed, ...]:
    """The door section with its studs and the tray: what never moves."""
    door = Look(
        name="door",
        prisms=(
            Prism(outline_mm=box(-5, -60, 225, 230), z_mm=(0, 60), colour=(60, 45, 120)),
            *(
                Prism(outline_mm=disc(110 + x, 60 + y, 4, 12), z_mm=(60, 88), colour=(190, 190, 195))
                for x, y in JOINTS_IN_PART.values()
            ),
        ),
    )
    tray = Look(name="tray", prisms=(Prism(outline_mm=box(-500, -250, -115, 260), z_mm=(0, 20), colour=(95, 90, 85)),))
    at_bench = Transform.identity()
    fixture = Look(name="fixture", prisms=(), tags=FIXTURE_TAGS)
    return tuple(Placed(look=look, bench_from_body=at_bench) for look in (fixture, tray, door))
