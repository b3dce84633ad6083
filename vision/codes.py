"""Printed codes: the pass that a visitor shows, and the serial numbers and labels of parts.

QR, Micro QR, Data Matrix, Aztec and PDF417; Code 128, Code 39, Code 93, EAN and UPC. All of them carry check digits or
error correction, but for Code 39, of which short texts are left out. Interleaved 2 of 5 is not read: stripes of any
picture look like it.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from vision.api import CodeObservation

FORMATS = "QRCode,MicroQRCode,DataMatrix,Aztec,PDF417,Code128,Code39,Code93,EAN13,EAN8,UPCA,UPCE"
"""As the library names them."""
SHORTEST_CODE_39 = 4
"""Shorter ones are seen in stripes that are no code."""
QR_KINDS = frozenset({"qr", "micro-qr"})
ENLARGED = 2.0


class CodeReader:
    """Reads every code of a picture: as it is on one call, enlarged on the next, since small ones have 2 px a module.

    It costs about 8 and 45 ms for 1280x720, so it is for the time in which a code is expected.
    """

    def __init__(self) -> None:
        self._enlarge = False

    def read(self, grey: NDArray[np.uint8]) -> tuple[CodeObservation, ...]:
        """The codes in a uint8 (height, width) picture, the largest first; a code that is not whole is none."""
        import cv2

        scale = ENLARGED if self._enlarge else 1.0
        self._enlarge = not self._enlarge
        if scale == 1.0:
            return read_codes(grey)
        enlarged = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        return read_codes(np.asarray(enlarged, dtype=np.uint8), scale=scale)


def read_codes(grey: NDArray[np.uint8], *, scale: float = 1.0) -> tuple[CodeObservation, ...]:
    """The codes in a uint8 (height, width) picture, the largest first, their corners divided by `scale`."""
    import cv2
    import zxingcpp

    found = zxingcpp.read_barcodes(
        np.ascontiguousarray(grey),
        formats=zxingcpp.barcode_formats_from_str(FORMATS),
        try_downscale=False,
        try_invert=False,
        text_mode=zxingcpp.TextMode.Plain,
    )
    codes = []
    for each in found:
        kind = kind_of(str(each.format))
        if not each.valid or not each.text or (kind == "code-39" and len(each.text) < SHORTEST_CODE_39):
            continue
        # The library's corners are those of an enlarged picture, where pixel centres lie half a pixel off.
        corners = (_corners(each.position) + 0.5) / scale - 0.5
        codes.append(CodeObservation(kind=kind, text=each.text, corners_px=corners))
    codes.sort(key=lambda code: float(cv2.contourArea(code.corners_px.astype(np.float32))), reverse=True)
    return tuple(codes)


def pass_text(codes: tuple[CodeObservation, ...]) -> str | None:
    """What a visitor's pass among the codes says: the largest QR code's text, since it is held to the camera."""
    return next((code.text for code in codes if code.kind in QR_KINDS), None)


def kind_of(name: str) -> str:
    """The kind by the library's name of a format: `Data Matrix` is `data-matrix`, `QR Code` is `qr`."""
    kind = name.lower().replace(" ", "-")
    return kind.removesuffix("-code") if kind.endswith("qr-code") else kind


def _corners(position: Any) -> NDArray[np.float64]:
    corners = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    return np.array([[corner.x, corner.y] for corner in corners], dtype=np.float64)
