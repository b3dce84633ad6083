"""What can be wrong with a simulated camera's pictures, on pixels and in the noise model alike."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from vision.api import CameraState

Picture = NDArray[np.uint8]
LATE_S = 2.0
BUMP_PX = 25.0


class BadView(StrEnum):
    """One trouble of one camera."""

    SILENT = "silent"
    """No picture comes."""
    FROZEN = "frozen"
    """The last picture comes again and again, with new times."""
    LATE = "late"
    """Every picture is `LATE_S` old when it comes, and says so."""
    COVERED = "covered"
    DARK = "dark"
    BRIGHT = "bright"
    DEFOCUSED = "defocused"
    MOVED = "moved"
    """Somebody has bumped into the camera."""


SEEN_AS: Mapping[BadView, CameraState] = {
    BadView.COVERED: CameraState.COVERED,
    BadView.DARK: CameraState.DARK,
    BadView.BRIGHT: CameraState.BRIGHT,
    BadView.DEFOCUSED: CameraState.DEFOCUSED,
    BadView.MOVED: CameraState.MOVED,
}
"""What a look at the picture says of it."""


def spoiled(image: Picture, view: BadView | None) -> Picture:
    """The picture as the camera gives it, uint8 (height, width, 3) BGR. A covered lens is the renderer's."""
    import cv2

    match view:
        case BadView.DARK:
            spoilt = cv2.convertScaleAbs(image, alpha=0.13)
        case BadView.BRIGHT:
            spoilt = cv2.convertScaleAbs(image, alpha=3.0, beta=90.0)
        case BadView.DEFOCUSED:
            spoilt = cv2.GaussianBlur(image, (0, 0), 4.0)
        case BadView.MOVED:
            shift = np.array([[1.0, 0.0, BUMP_PX], [0.0, 1.0, BUMP_PX / 2.0]])
            spoilt = cv2.warpAffine(image, shift, image.shape[1::-1], borderMode=cv2.BORDER_REFLECT)
        case _:
            return image
    return np.asarray(spoilt, dtype=np.uint8)
