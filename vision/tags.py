"""AprilTags 36h11 in a grey picture: a rolling scan finds them, then one small region follows each at full resolution.

AprilTag puts the *corner* of the first pixel at (0, 0), OpenCV its centre, so half a pixel is taken off here and
nowhere else (AprilRobotics/apriltag issue 121). The detector lists corners top right, top left, bottom left, bottom
right of the upright tag; they leave this module as top left, top right, bottom right, bottom left.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.api import TagObservation
from vision.geometry import Array

Grey = NDArray[np.uint8]
HALF_PIXEL = 0.5
READING_ORDER = [1, 0, 3, 2]
MOST_WRONG_BITS = 1
"""Of 36, in a tag that is followed; one that is new must be read without a fault. Codes differ in 11 bits and more."""
LEAST_MARGIN = 20.0
TILES = (3, 2)
SCAN_EVERY = 3
SCAN_DECIMATE = 1.5
"""Finds tags down to about 22 px in a third of the time; corners are refined at full resolution all the same."""
TILE_OVERLAP_PX = 72
SMALLEST_EDGE_PX = 8.0
SEARCH_FRAMES = 2
SEARCH_REACH = 2.5
"""So far round its last place, in its own size, a tag that was just lost is looked for: a hand took what carries it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class _Track:
    """Where a tag was last, how fast it went, and for how many frames it has been missed."""

    corners_px: Array
    motion_px: Array
    missed: int = 0


class TagTracker:
    """Finds the tags of `ids` picture after picture. One tracker a camera; calls from several threads take turns."""

    def __init__(self, ids: frozenset[int], *, give_up_after: int = 12) -> None:
        """`give_up_after` frames without a tag its region is dropped, and only the rolling scan looks for it."""
        self._ids = ids
        self._give_up_after = give_up_after
        self._tracks: dict[int, _Track] = {}
        self._turn = -1
        self._lock = threading.Lock()
        self._near: Any = _new_detector(1.0)
        self._far: Any = _new_detector(SCAN_DECIMATE)

    def find(self, grey: Grey) -> tuple[TagObservation, ...]:
        """Tags in a uint8 (height, width) picture, by id. Raises RuntimeError after `close`.

        The first call scans the whole picture, later ones one tile each, as long as some tag is not in sight.
        """
        with self._lock:
            if self._near is None:
                raise RuntimeError("the tag tracker is closed; make a new one for this camera")
            found: dict[int, Array] = {}
            for tag_id, track in self._tracks.items():
                # A tag that just left its narrow region has begun to move: look wider before it counts as missed.
                for reach in (0.22, 1.0) if track.missed == 0 else (0.5,):
                    if tag_id not in found:
                        self._detect(self._near, grey, _region(track, grey.shape, reach), found)
            for region in self._search_regions(grey.shape, found):
                self._detect(self._far, grey, region, found)
            if self._ids - found.keys():
                for region in self._scan_regions(grey.shape):
                    self._detect(self._far, grey, region, found)
            self._follow(found)
            return tuple(TagObservation(tag_id=tag_id, corners_px=found[tag_id]) for tag_id in sorted(found))

    def close(self) -> None:
        """Free the detector. Calling it again does nothing."""
        with self._lock:
            self._near = self._far = None
            self._tracks = {}

    def _search_regions(self, shape: tuple[int, ...], found: dict[int, Array]) -> Iterator[tuple[int, int, int, int]]:
        """Wide regions round tags that were just lost, one for those that lie together. Looks at `found` as it goes."""
        covered: list[tuple[int, int, int, int]] = []
        for tag_id, track in self._tracks.items():
            x, y = track.corners_px.mean(axis=0)
            looked = any(x0 <= x <= x1 and y0 <= y <= y1 for x0, y0, x1, y1 in covered)
            if tag_id not in found and track.missed < SEARCH_FRAMES and not looked:
                covered.append(_region(track, shape, SEARCH_REACH))
                yield covered[-1]

    def _scan_regions(self, shape: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
        height, width = shape[:2]
        self._turn += 1
        if self._turn == 0:
            return [(0, 0, width, height)]
        if self._turn % SCAN_EVERY:
            return []
        columns, rows = TILES
        row, column = divmod(self._turn // SCAN_EVERY % (columns * rows), columns)
        x0, y0 = column * width // columns - TILE_OVERLAP_PX, row * height // rows - TILE_OVERLAP_PX
        x1, y1 = (column + 1) * width // columns + TILE_OVERLAP_PX, (row + 1) * height // rows + TILE_OVERLAP_PX
        return [(max(0, x0), max(0, y0), min(width, x1), min(height, y1))]

    def _detect(self, detector: Any, grey: Grey, region: tuple[int, int, int, int], found: dict[int, Array]) -> None:
        x0, y0, x1, y1 = region
        if x1 - x0 < SMALLEST_EDGE_PX or y1 - y0 < SMALLEST_EDGE_PX:
            return
        for detection in detector.detect(np.ascontiguousarray(grey[y0:y1, x0:x1])):
            faults = MOST_WRONG_BITS if detection.tag_id in self._tracks else 0
            good = detection.hamming <= faults and detection.decision_margin >= LEAST_MARGIN
            if not good or detection.tag_id not in self._ids or detection.tag_id in found:
                continue
            corners = np.asarray(detection.corners, dtype=np.float64)[READING_ORDER]
            corners = corners - HALF_PIXEL + (x0, y0)
            corners.setflags(write=False)
            found[detection.tag_id] = corners

    def _follow(self, found: dict[int, Array]) -> None:
        tracks: dict[int, _Track] = {}
        for tag_id, track in self._tracks.items():
            if tag_id not in found and track.missed < self._give_up_after:
                tracks[tag_id] = _Track(
                    corners_px=track.corners_px + track.motion_px, motion_px=track.motion_px, missed=track.missed + 1
                )
        for tag_id, corners in found.items():
            before = self._tracks.get(tag_id)
            motion = np.zeros(2) if before is None else corners.mean(axis=0) - before.corners_px.mean(axis=0)
            tracks[tag_id] = _Track(corners_px=corners, motion_px=motion)
        self._tracks = tracks


def _region(track: _Track, shape: tuple[int, ...], reach: float) -> tuple[int, int, int, int]:
    """A box around where the tag should be next, `reach` of its size wider on each side, and more if it was fast."""
    low = track.corners_px.min(axis=0)
    high = track.corners_px.max(axis=0)
    edge = float((high - low).max())
    speed = float(np.abs(track.motion_px).max())
    margin = reach * edge + 5.0 + speed
    low, high = low + track.motion_px - margin, high + track.motion_px + margin
    height, width = shape[:2]
    return max(0, int(low[0])), max(0, int(low[1])), min(width, int(high[0]) + 2), min(height, int(high[1]) + 2)


def _new_detector(decimate: float) -> Any:
    from vision.apriltag_detector import AprilTagDetector

    return AprilTagDetector(decimate)
