"""Has this camera moved a little: the fixture's tags against where they were before.

`view_state` compares with the calibration and has to allow for what that does not know; from picture to picture a tag
stays within hundredths of a pixel, so a far smaller move shows against earlier pictures. Those are the daily check's
reference, which a restart does not forget; on a bench without one, the first pictures after the start. A single tag may
be covered or bumped; a camera that moved takes all of them along.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from vision.api import TagObservation
from vision.bench import Body
from vision.geometry import Array, CameraModel

FIRST_PICTURES = 20
"""Their median is what later ones are compared with, where nothing older is known."""
MEDIAN_OF = 3
"""Pictures: a step shakes one, a bump stays, and is told from its second picture on."""
LEAST_TAGS = 3
SMALL_PX = 0.5
"""About 0.03 degrees, or half a millimetre on a bench a metre away."""
LARGEST_PX = 4.0
DOUBTS = 2.0
"""A move that is smaller than so many doubts of the calibration itself is no news."""


class Steadiness:
    """Of one camera."""

    def __init__(self, fixture: Body, camera: CameraModel, before: Mapping[int, Array] = MappingProxyType({})) -> None:
        """`before` is tag id -> (4, 2) corners, px, as they were when the camera was known to stand where it should;
        with fewer than `LEAST_TAGS` of the fixture's tags it is as if there were none."""
        self._ids = frozenset(mount.tag_id for mount in fixture.tags)
        self.limit_px = _limit_px(fixture, camera)
        self._first: dict[int, list[Array]] = {}
        self._pictures = 0
        known = {tag_id: corners for tag_id, corners in before.items() if tag_id in self._ids}
        self._at: dict[int, Array] = known if len(known) >= LEAST_TAGS else {}
        self._compares = bool(self._at)
        self._recent: dict[int, deque[Array]] = {}

    def moved(self, tags: tuple[TagObservation, ...]) -> bool:
        """Whether it has, by this picture and the two before. Without `before`, never before `FIRST_PICTURES`."""
        seen = {tag.tag_id: tag.corners_px for tag in tags if tag.tag_id in self._ids}
        if not self._compares:
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
            self._first, self._compares = {}, True


def _limit_px(fixture: Body, camera: CameraModel) -> float:
    if not fixture.tags:
        return LARGEST_PX
    middles = np.array([mount.corners_mm().mean(axis=0) for mount in fixture.tags])
    away_mm = float(np.median(camera.camera_from_bench.apply(middles)[:, 2]))
    doubt = math.hypot(math.radians(camera.rotation_sigma_deg), camera.position_sigma_mm / max(away_mm, 1.0))
    return min(LARGEST_PX, max(SMALL_PX, DOUBTS * doubt * float(camera.matrix[0, 0])))
