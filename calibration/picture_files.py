"""Pictures of a board from a folder or a video, as grey values with what names them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from calibration.corner_refinement import Grey
from calibration.observations import CalibrationError
from vision.cameras.recording import PICTURES, VideoFile


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Picture:
    """One picture."""

    name: str
    sha256: str
    """Of the file's bytes; of the decoded grey values for a frame of a video."""
    t_s: float
    grey: Grey
    """(height, width)."""


def pictures_of(folder: Path) -> Iterator[Picture]:
    """The pictures of a folder by name. Raises CalibrationError `calibration.no_pictures`."""
    import cv2

    files = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURES) if folder.is_dir() else []
    if not files:
        raise CalibrationError(
            "calibration.no_pictures",
            f"{folder} holds no picture ({', '.join(sorted(PICTURES))}); name the folder with pictures of the board",
        )
    for number, path in enumerate(files):
        data = path.read_bytes()
        grey = cv2.imdecode(np.frombuffer(data, dtype=np.uint8), cv2.IMREAD_GRAYSCALE) if data else None
        if grey is None:
            raise CalibrationError(
                "calibration.no_pictures", f"{path} cannot be read as a picture; take it away or save it again"
            )
        yield Picture(
            name=path.name,
            sha256=hashlib.sha256(data).hexdigest(),
            t_s=float(number),
            grey=np.asarray(grey, dtype=np.uint8),
        )


def frames_of(video: Path) -> Iterator[Picture]:
    """The frames of a video, in order. Raises CameraError `camera.cannot_open`."""
    source = VideoFile("video", video)
    try:
        while (frame := source.read()) is not None:
            grey = grey_of(frame.image)
            yield Picture(
                name=f"{video.stem}-{frame.seq:05d}.png",
                sha256=hashlib.sha256(grey.tobytes()).hexdigest(),
                t_s=frame.t_mono_s,
                grey=grey,
            )
    finally:
        source.close()


def grey_of(image: Grey) -> Grey:
    """(height, width) of a BGR picture (height, width, 3)."""
    import cv2

    return np.asarray(cv2.cvtColor(image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
