"""QR codes: the pass a visitor shows to a camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class CodeReader:
    """Reads one QR code: as it is on one call, enlarged on the next, because a card far away has modules of 3 pixels.

    It costs about 25 and 70 ms, so it is for the time in which a code is expected.
    """

    def __init__(self) -> None:
        import cv2

        self._detector = cv2.QRCodeDetectorAruco()
        self._enlarge = False

    def read(self, grey: NDArray[np.uint8]) -> str | None:
        """The text of a code in a uint8 (height, width) picture, or None when there is none that can be read."""
        import cv2

        picture = cv2.resize(grey, None, fx=2.0, fy=2.0, interpolation=cv2.INTER_CUBIC) if self._enlarge else grey
        self._enlarge = not self._enlarge
        text, _, _ = self._detector.detectAndDecode(picture)
        return str(text) if text else None
