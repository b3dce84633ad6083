"""Has this camera moved a little since its pipeline began: the fixture's tags against where they were at first.

`view_state` compares with the calibration and has to allow for what that does not know; from picture to picture a tag
stays within hundredths of a pixel, so a far smaller move shows against the first pictures. A single tag may be covered
or bumped; a camera that moved takes all of them along.
"""

from __future__ import annotations

import math
from collections import deque

import numpy as np

from vision.api import TagObservation
from vision.bench import Body
from vision.geometry import Array, CameraModel

FIRST_PICTURES = 20
"""Their mean is what later ones are compared with."""
MEDIAN_OF = 3
"""Pictures: a step shakes one, a bump stays, and is told from its second picture on."""
LEAST_TAGS = 3
SMALL_PX = 0.5
"""About 0.03 degrees, or half a millimetre on a bench a metre away."""
LARGEST_PX = 4.0
DOUBTS = 2.0
"""A move that is smaller than so many doubts of the calibration itself is no news."""


class Steadiness:
    """Of one camera, from one pipeline's first picture on."""

    def __init__(self, fixture: Body, camera: CameraModel) -> None:
        self._ids = frozenset(mount.tag_id for mount in fixture.tags)
        self.limit_px = _limit_px(fixture, camera)
        self._first: dict[int, list[Array]] = {}
        self._pictures = 0
        self._at: dict[int, Array] = {}
        self._recent: dict[int, deque[Array]] = {}

    def moved(self, tags: tuple[TagObservation, ...]) -> bool:
        """Whether it has, by this picture and the two before. Never before `FIRST_PICTURES`."""
        seen = {tag.tag_id: tag.corners_px for tag in tags if tag.tag_id in self._ids}
        if self._pictures < FIRST_PICTURES:
            self._begin(seen)
            return False
        shifts = []
        for tag_id, corners in seen.items():
            if tag_id in self._at:
                recent = self._recent.setdefault(tag_id, deque(maxlen=MEDIAN_OF))
                recent.append(np.asarray((corners - self._at[tag_id]).mean(axis=0)))
                shifts.append(float(np.linalg.norm(np.median(np.array(recent), axis=0))))
        return len(shifts) >= LEAST_TAGS and float(np.median(shifts)) > self.limit_px

    def _begin(self, seen: dict[int, Array]) -> None:
        self._pictures += 1
        for tag_id, corners in seen.items():
            self._first.setdefault(tag_id, []).append(corners)
        if self._pictures == FIRST_PICTURES:
            often = {tag_id: all_ for tag_id, all_ in self._first.items() if len(all_) * 2 >= FIRST_PICTURES}
            self._at = {tag_id: np.median(np.array(all_), axis=0) for tag_id, all_ in often.items()}
            self._first = {}


def _limit_px(fixture: Body, camera: CameraModel) -> float:
    if not fixture.tags:
        return LARGEST_PX
    middles = np.array([mount.corners_mm().mean(axis=0) for mount in fixture.tags])
    away_mm = float(np.median(camera.camera_from_bench.apply(middles)[:, 2]))
    doubt = math.hypot(math.radians(camera.rotation_sigma_deg), camera.position_sigma_mm / max(away_mm, 1.0))
    return min(LARGEST_PX, max(SMALL_PX, DOUBTS * doubt * float(camera.matrix[0, 0])))
