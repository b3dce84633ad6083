"""The cells of AprilTags 36h11, as OpenCV ships them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

CELLS = 8
"""Of the black square's edge: a border of one cell round six by six."""
QUIET_CELLS = 1
"""White around it."""


def cells_of(tag_id: int) -> NDArray[np.bool_]:
    """(8, 8) True where the upright tag is black, first row on top. Raises ValueError for an id that 36h11 lacks."""
    import cv2

    if not 0 <= tag_id <= 586:
        raise ValueError(f"36h11 has the ids 0 to 586, not {tag_id}")
    dictionary = cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_APRILTAG_36h11)
    picture = cv2.aruco.generateImageMarker(dictionary, tag_id, CELLS)
    return np.asarray(picture) < 128
