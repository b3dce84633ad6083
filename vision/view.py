"""Can this picture be trusted: light, a covered lens, a camera that was moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.api import CameraState, TagObservation
from vision.bench import Body
from vision.geometry import CameraModel

Grey = NDArray[np.uint8]
DARK_LEVEL = 28.0
BURNT_LEVEL = 250
BURNT_SHARE = 0.5
EDGE_LEVELS = 6.0
"""A brightness step over one pixel of the eighth-size picture that noise of a few levels does not reach."""
TEXTURED_SHARE = 0.015
MOVED_PX = 4.0
MOVED_TAGS = 2


def view_state(
    grey: Grey, tags: tuple[TagObservation, ...] = (), fixture: Body | None = None, camera: CameraModel | None = None
) -> CameraState:
    """The state of the camera behind a uint8 (height, width) picture.

    `fixture` and `camera` allow the MOVED verdict: at least two fixture tags are seen, and half of them are further
    than `MOVED_PX` from where the calibration puts them. A single tag may have been bumped; that is no verdict on the
    camera.
    """
    import cv2

    small = cv2.resize(grey, None, fx=0.125, fy=0.125, interpolation=cv2.INTER_AREA).astype(np.int16)
    steps_x, steps_y = np.abs(np.diff(small, axis=1)), np.abs(np.diff(small, axis=0))
    textured = (float((steps_x > EDGE_LEVELS).mean()) + float((steps_y > EDGE_LEVELS).mean())) / 2.0
    burnt = float((small >= BURNT_LEVEL).mean())
    if burnt >= BURNT_SHARE:
        return CameraState.BRIGHT
    if textured < TEXTURED_SHARE and not tags:
        return CameraState.COVERED
    if float(np.percentile(small, 75)) < DARK_LEVEL:
        return CameraState.DARK
    if fixture is not None and camera is not None and _moved(tags, fixture, camera):
        return CameraState.MOVED
    return CameraState.GOOD


def _moved(tags: tuple[TagObservation, ...], fixture: Body, camera: CameraModel) -> bool:
    seen = {tag.tag_id: tag.corners_px for tag in tags}
    misses = [
        float(np.linalg.norm(seen[mount.tag_id] - camera.project(mount.corners_mm()), axis=1).mean())
        for mount in fixture.tags
        if mount.tag_id in seen
    ]
    return len(misses) >= MOVED_TAGS and float(np.median(misses)) > MOVED_PX
