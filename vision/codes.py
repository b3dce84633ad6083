"""QR codes: the pass a visitor shows to a camera."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


class CodeReader:
    """Reads one QR code. At full size on one call and half size on the next: a card may be held far or near."""

    def __init__(self) -> None:
        import cv2

        self._detector = cv2.QRCodeDetector()
        self._half = False

    def read(self, grey: NDArray[np.uint8]) -> str | None:
        """The text of a code in a uint8 (height, width) picture, or None when there is none that can be read."""
        import cv2

        self._half = not self._half
        picture = cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) if self._half else grey
        text, _, _ = self._detector.detectAndDecode(picture)
        return str(text) if text else None
