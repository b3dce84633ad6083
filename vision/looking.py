"""Looking at one picture of a camera's ring: what the process that looks is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from vision.api import Frame, FrameAnalysis
from vision.bench import Bench
from vision.frame_ring import FrameRing
from vision.geometry import Array
from vision.pipeline import Pipeline, Want

JPEG_QUALITY = 80


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BenchEyes:
    """Makes the pipeline of one camera, in the process where it is to work."""

    bench: Bench
    camera: str
    hand_model: Path | None
    hands_every: int
    kept: Path | None = None
    """Folder of the pictures of the empty bench."""
    taught: Path | None = None
    """Folder of the models of taught checks."""
    before: Mapping[int, Array] = field(default_factory=dict)
    """Tag id -> (4, 2) corners, px, in the daily check's reference of this camera."""

    def __call__(self, again: bool) -> Pipeline:
        """A pipeline with a hand tracker of its own. Raises HandModelMissingError.

        `again`: in the middle of things, so that somebody may rest on the bench.
        """
        from vision.hands import MediapipeHands

        tracker = MediapipeHands(self.hand_model) if self.hand_model is not None else None
        return Pipeline(
            self.bench,
            self.bench.camera(self.camera),
            tracker,
            hands_every=self.hands_every,
            kept=self.kept,
            starts_empty=not again,
            taught=self.taught,
            owns_tracker=True,
            before=self.before,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class LookSetting:
    """What the process needs to look."""

    make_pipeline: Callable[[bool], Pipeline]
    """Sent there by pickle; told whether it is made again, in the middle of things."""
    again: bool
    camera: str
    ring_fd: int
    size_px: tuple[int, int]


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The trackers are there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LookAt:
    """Look at this picture of the ring."""

    seq: int
    t_mono_s: float
    want: Want


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Looked:
    """The answer."""

    seq: int
    analysis: FrameAnalysis | None
    """None: the picture was gone before it was looked at."""
    jpeg: bytes = b""
    """The very picture that was looked at."""


def look_at(pipeline: Pipeline, ring: FrameRing, camera: str, ask: LookAt) -> Looked:
    """Look at one picture."""
    import cv2

    image = ring.get(ask.seq)
    if image is None:
        return Looked(seq=ask.seq, analysis=None)
    frame = Frame(camera=camera, seq=ask.seq, t_mono_s=ask.t_mono_s, image=image)
    analysis = pipeline.analyse(frame, ask.want)
    good, jpeg = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
    return Looked(seq=ask.seq, analysis=analysis, jpeg=jpeg.tobytes() if good else b"")
