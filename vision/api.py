"""What the rest of the product may know of seeing: frames, observations, facts, with shapes, units and colour order.

Pixels stop here: a `Frame` becomes a `FrameAnalysis`; analyses become *fact edges* (`FactChanged`); only edges leave.
A fact nobody can see is UNKNOWN: never the last value, never a pass, never a failure.

Times: `t_mono_s` is the monotonic clock at the moment the frame was taken from the camera, and it is carried to every
decision. Pixels: (0, 0) is the centre of the first pixel. Pictures: uint8 (height, width, 3), BGR, read-only.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from vision.geometry import Array, Transform, frozen

Picture = NDArray[np.uint8]


class FactValue(StrEnum):
    """Three values, because "cannot see" is a verdict of its own."""

    PRESENT = "present"
    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Frame:
    """One picture with its origin and time. The array is made read-only."""

    camera: str
    seq: int
    t_mono_s: float
    image: Picture

    def __post_init__(self) -> None:
        if self.image.ndim != 3 or self.image.shape[2] != 3 or self.image.dtype != np.uint8:
            raise ValueError(f"camera {self.camera}: expected uint8 (height, width, 3), got {self.image.shape}")
        self.image.setflags(write=False)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class HandObservation:
    """One hand as the landmark model sees it. A soft cue: gloves and held parts are outside the model's scope."""

    landmarks_px: NDArray[np.float32]
    """(21, 2) in mediapipe order: 0 wrist, 4 thumb tip, 8 index tip ..."""
    handedness: str
    """`Left` or `Right` as the model says; nothing may depend on it."""
    score: float


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TagObservation:
    """One AprilTag 36h11."""

    tag_id: int
    corners_px: Array
    """(4, 2): top left, top right, bottom right, bottom left of the upright tag, OpenCV pixel centres."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BodyObservation:
    """A tagged body (part, tool) found in the bench frame from all its visible tags together."""

    body: str
    bench_from_body: Transform
    tag_ids: tuple[int, ...]
    rms_px: float
    """Root mean square reprojection error of the tag corners."""
    covariance: Array
    """(6, 6) of the error e = (x, y, z in mm, rotation vector in rad), bench axes: the true position of the body's
    origin is the estimate's + e[:3], the true rotation is exp([e[3:]]x) @ the estimate's."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "covariance", frozen(self.covariance, (6, 6)))

    @property
    def sigma_mm(self) -> float:
        """One standard deviation of the position along its worst direction."""
        return worst_sigma(self.covariance[:3, :3])

    @property
    def sigma_deg(self) -> float:
        """One standard deviation of the rotation about its worst axis."""
        return math.degrees(worst_sigma(self.covariance[3:, 3:]))


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteObservation:
    """Whether a fastener sits at a joint, seen without tags in a rectified patch."""

    joint: str
    value: FactValue
    score: float
    """0 to 1: how much like a seated fastener the patch looks."""
    reason: str
    """Why UNKNOWN (`hidden`, `blurred`, `part not located` ...), else empty."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckObservation:
    """What a taught check says of one picture's region."""

    check: str
    state: str
    """The taught state that is seen; empty = UNKNOWN."""
    score: float
    """0 to 1: how sure the model is of the state it likes best."""
    reason: str
    """Why UNKNOWN (`blurred`, `hidden by a hand`, `not taught` ...), else empty."""
    model: str
    """Id of the model that was asked; empty where there is none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CodeObservation:
    """A printed code that was read."""

    kind: str
    """`qr`, `data-matrix`, `code-128` ..."""
    text: str
    corners_px: Array
    """(4, 2) in order round the code."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "corners_px", frozen(self.corners_px, (4, 2)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchHand:
    """A hand in bench millimetres, as good as the cameras can tell: for guidance and pictures, never for a pass."""

    points_mm: Array
    """(21, 3) in mediapipe order."""
    sigma_mm: Array
    """(21,) one standard deviation along each point's worst direction."""
    cameras: tuple[str, ...]
    """Those whose landmarks are in it: one (met with a plane), or two and more (triangulated)."""
    t_mono_s: float
    """Capture time of the oldest picture in it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "points_mm", frozen(self.points_mm, (21, 3)))
        object.__setattr__(self, "sigma_mm", frozen(self.sigma_mm, (21,)))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PersonOutline:
    """What of a person (hand, arm, sleeve) one camera sees, seen from above: an over-estimate, never a measurement.

    One ray passes through many heights, so the outline covers every place on the bench where what was seen can be while
    it is within `z_mm` of the table.
    """

    outline_mm: Array
    """(N, 2) bench x and y, 3 <= N <= 24, convex, in order."""
    z_mm: tuple[float, float]
    """Lowest and highest height over the table that the outline allows for."""
    cues: tuple[str, ...]
    """Which cues saw it, of `landmarks`, `skin`, `reach`."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "outline_mm", frozen(self.outline_mm, (-1, 2)))


class CameraState(StrEnum):
    """What a picture says about its camera."""

    GOOD = "good"
    DARK = "dark"
    BRIGHT = "bright"
    DEFOCUSED = "defocused"
    """Edges that should be sharp are not."""
    COVERED = "covered"
    """No texture anywhere: a hand or cloth on the lens."""
    MOVED = "moved"
    """The fixture's tags are not where the calibration puts them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameAnalysis:
    """Everything seen in one frame."""

    camera: str
    seq: int
    t_mono_s: float
    state: CameraState
    hands: tuple[HandObservation, ...] = ()
    hands_known: bool = False
    """False when the hand tracker did not look at this frame, or cannot be trusted on it."""
    busy_zones: Mapping[str, bool] = field(default_factory=dict)
    """Zone name -> something hand-like or moving is in it, by any cue (landmarks, skin, motion)."""
    people: tuple[PersonOutline, ...] = ()
    """Everything of people in this frame, by the same cues."""
    people_known: bool = False
    """False when this frame cannot tell where people are: the camera is not good, or the background not yet learned."""
    tags: tuple[TagObservation, ...] = ()
    bodies: tuple[BodyObservation, ...] = ()
    sites: tuple[SiteObservation, ...] = ()
    code_text: str | None = None
    """Text of a QR code in the picture."""
    codes: tuple[CodeObservation, ...] = ()
    """All codes that were read."""
    checks: tuple[CheckObservation, ...] = ()
    bench_hands: tuple[BenchHand, ...] = ()
    """The hands of this picture alone, with the uncertainty of one camera."""


def told(figure: float) -> float:
    """A measured figure as it goes into a record, to a millionth.

    The last bits of a matrix product depend on where in memory its factors lie: kept, they would make one visit two.
    """
    return round(figure, 6) + 0.0  # no -0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class FactReading:
    """What is known of one fact, with the frame that says so."""

    fact: str
    value: FactValue
    t_mono_s: float
    """Capture time of the newest frame behind the value."""
    text: str = ""
    """For codes: what was read. For UNKNOWN: why."""
    measures: Mapping[str, float] = field(default_factory=dict)
    """Figures behind the value, units in the key: `offset_mm`, `angle_deg`, `score` ..."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FactChanged:
    """An edge: the fact has another value (or, for a code, another text) than before."""

    reading: FactReading


@dataclass(frozen=True, slots=True, kw_only=True)
class LookReport:
    """The answer to a look: what fresh frames say of the facts asked for, whatever it is."""

    look_id: str
    readings: tuple[FactReading, ...]
    """Every frame behind every reading was captured at or after the time the look asked for."""
    t_mono_s: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CameraHealth:
    """A camera came, went, froze, or shows nothing to be trusted. Its facts are UNKNOWN while it is not good."""

    camera: str
    t_mono_s: float
    good: bool
    code: str
    """`good lost frozen dark bright defocused covered moved`, or `slow` (and yet good), each after `camera.`."""
    detail: str
    """One sentence for the technician."""


VisionEvent = FactChanged | LookReport | CameraHealth


def worst_sigma(covariance: Array) -> float:
    """Standard deviation along the worst direction of an (n, n) covariance."""
    return math.sqrt(max(0.0, float(np.linalg.eigvalsh(covariance)[-1])))


class HandTracker(Protocol):
    """Finds hands. Takes frames in order of time; returns the frame's own stamp with the result by belonging to it."""

    def track(self, frame: Frame) -> tuple[HandObservation, ...]:
        """Hands in the frame, at most the tracker's limit."""

    def close(self) -> None:
        """Free the model."""
