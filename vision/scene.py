"""The simulated bench as a picture sees it: what stands where at one moment. The simulation writes it.

Nothing in production reads a `Scene`; only the renderer, the visitor's script and the scorer do.
"""

from __future__ import annotations

from dataclasses import dataclass

from vision.bench import TagMount
from vision.geometry import Array, Transform, frozen

Colour = tuple[int, int, int]
"""Blue, green, red, 0 to 255."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Prism:
    """A straight-sided block: an outline in the body's x-y plane between two heights."""

    outline_mm: Array
    """(N, 2), counter-clockwise seen from +z."""
    z_mm: tuple[float, float]
    colour: Colour

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline_mm", frozen(self.outline_mm, (-1, 2)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Look:
    """What a body looks like: blocks, and tags on it."""

    name: str
    prisms: tuple[Prism, ...]
    tags: tuple[TagMount, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Placed:
    """A body in the bench frame."""

    look: Look
    bench_from_body: Transform


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnNut:
    """A hexagon nut; its axis is bench z, tilted when crossed."""

    bench_mm: Array
    """(3,) middle of its lower face."""
    turn_deg: float = 0.0
    tilt_deg: float = 0.0
    size_mm: float = 18.0
    """Across flats."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "bench_mm", frozen(self.bench_mm, (3,)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnHand:
    """A hand with its forearm running out of the picture, away from its fingers. Back of the hand up."""

    bench_mm: Array
    """(3,) middle of the palm."""
    side: str
    """`left` or `right`, anatomically."""
    grip: float
    """0 open, 1 pinching a small thing."""
    turn_deg: float = 0.0
    """About bench z; 0 = fingers away from the visitor, 90 = somebody reaches in from the visitor's right."""
    skin: Colour = (110, 140, 195)
    glove: Colour | None = None
    """Colour of a close glove; None = bare."""
    sleeve: Colour | None = None
    """Colour of a sleeve over the forearm, with a cuff behind the wrist; None = bare."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "bench_mm", frozen(self.bench_mm, (3,)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnCard:
    """A card with a QR code, face up."""

    text: str
    bench_from_card: Transform
    size_mm: float = 85.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnBoard:
    """A printed ChArUco board as it really is: with the print's scale, and bent.

    Board frame: x right, y down, z into the board; origin in the top left inner corner.
    """

    bench_from_board: Transform
    columns: int
    """Squares from left to right."""
    rows: int
    square_mm: float
    """As designed."""
    marker_mm: float
    dictionary: str
    """OpenCV's name of its markers."""
    first_marker: int = 0
    legacy: bool = False
    print_scale: float = 1.0
    bow_mm: tuple[float, float] = (0.0, 0.0)
    """kx, ky of `z = kx (1 - sx^2) + ky (1 - sy^2)`; s is -1 and 1 at the outermost inner corners."""
    margin_mm: float = 4.0
    """White around the squares."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DrawnArm:
    """The cobot: link points in the bench frame, and the colour of its lamp."""

    points_mm: Array
    """(N, 3) from base to tip."""
    lamp: Colour

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_mm", frozen(self.points_mm, (-1, 3)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Shine:
    """What of the room is seen in lacquer."""

    kind: str
    """`window`, with a cross of frames in it, or `band`, a long lamp."""
    at: tuple[float, float]
    """Where on the shell: 0, 0 in its middle, 1 at its edge; it moves with the light."""
    strength: float
    """0 to 1."""
    turn_deg: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scene:
    """Everything that can change between two pictures. What never changes is given to the renderer once."""

    placed: tuple[Placed, ...] = ()
    nuts: tuple[DrawnNut, ...] = ()
    hands: tuple[DrawnHand, ...] = ()
    card: DrawnCard | None = None
    board: DrawnBoard | None = None
    arm: DrawnArm | None = None
    light: float = 1.0
    """Gain of all light, 1 = as calibrated."""
    shine: Shine | None = None
