"""Can this picture be trusted: light, a covered lens, a lost focus, a camera that was moved."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vision.api import CameraState, TagObservation
from vision.bench import Body
from vision.geometry import CameraModel
from vision.sharpness import blur_px, softness

Grey = NDArray[np.uint8]
DARK_LEVEL = 28.0
BURNT_LEVEL = 250
BURNT_SHARE = 0.5
EDGE_LEVELS = 6.0
"""A brightness step over one pixel of the eighth-size picture that noise of a few levels does not reach."""
TEXTURED_SHARE = 0.015
MOST_BLUR_PX = 1.75
"""Small tags begin to be lost where fixture tags look as blurred as this."""
LEAST_SOFTNESS = 0.32
"""Less is a blurred picture, where no tag is found: 0.24 to 0.30 with 3 to 4 px of blur, above 0.4 with 1.5 px."""
MOVED_PX = 4.0
MOVED_TAGS = 2


def view_state(
    grey: Grey, tags: tuple[TagObservation, ...] = (), fixture: Body | None = None, camera: CameraModel | None = None
) -> CameraState:
    """The state of the camera behind a uint8 (height, width) picture.

    `fixture` and `camera` allow two more verdicts. MOVED: at least two fixture tags are seen, and half of them are
    further than `MOVED_PX` from where the calibration puts them; or none of all is seen. A single tag may have been
    bumped; that is no verdict on the camera. DEFOCUSED: the fixture's tags are blurred, or none is seen for blur.
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
    if fixture is None or camera is None or not fixture.tags:
        return CameraState.GOOD
    if not {tag.tag_id for tag in tags} & {mount.tag_id for mount in fixture.tags}:
        return CameraState.DEFOCUSED if softness(grey) < LEAST_SOFTNESS else CameraState.MOVED
    if (blur_px(grey, tags, fixture) or 0.0) > MOST_BLUR_PX:
        return CameraState.DEFOCUSED
    return CameraState.MOVED if _moved(tags, fixture, camera) else CameraState.GOOD


def _moved(tags: tuple[TagObservation, ...], fixture: Body, camera: CameraModel) -> bool:
    seen = {tag.tag_id: tag.corners_px for tag in tags}
    misses = [
        float(np.linalg.norm(seen[mount.tag_id] - camera.project(mount.corners_mm()), axis=1).mean())
        for mount in fixture.tags
        if mount.tag_id in seen
    ]
    return len(misses) >= MOVED_TAGS and float(np.median(misses)) > MOVED_PX
