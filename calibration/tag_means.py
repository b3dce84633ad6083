"""Where the fixture's tags are in a camera's picture, from all pictures of a run."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from calibration.robot_run import TakenPose
from vision.geometry import Array

TAG_PICTURES = 3
"""A tag in fewer tells nothing."""


def mean_tags(taken: Sequence[TakenPose], camera: str) -> dict[int, Array]:
    """Corners of the fixture's tags in one camera: the median of all pictures, so an arm's shadow counts little."""
    seen: dict[int, list[Array]] = {}
    for pose in taken:
        for tag, corners in pose.seen[camera].tags_px.items() if camera in pose.seen else ():
            seen.setdefault(tag, []).append(corners)
    return {tag: np.median(np.array(corners), axis=0) for tag, corners in seen.items() if len(corners) >= TAG_PICTURES}
