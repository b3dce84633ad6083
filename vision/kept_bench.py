"""The picture of a camera's empty bench, kept from one start to the next.

A technician who says "this is the empty bench" says it for later starts as well: with the kept picture an arm that
rests on the bench while the program starts is somebody at the first picture. It belongs to one calibration: a camera
that stands elsewhere sees another bench, and asks a technician anew.
"""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from vision.api import Picture
from vision.geometry import CameraModel


def kept_at(folder: Path, camera: CameraModel) -> Path:
    """Where this camera's picture is kept while it is calibrated as it is."""
    pose = camera.camera_from_bench
    figures = np.concatenate(
        [camera.matrix.ravel(), camera.distortion, pose.rotation.ravel(), pose.translation_mm]
    ).round(6)
    return folder / f"{camera.name}-{hashlib.sha256(figures.tobytes()).hexdigest()[:12]}.png"


def load_bench(path: Path) -> Picture | None:
    """The kept picture, uint8 (height, width, 3) BGR; None where there is none that can be read."""
    import cv2

    image = cv2.imread(str(path), cv2.IMREAD_COLOR) if path.is_file() else None
    return None if image is None else np.asarray(image, dtype=np.uint8)


def save_bench(path: Path, bench: Picture) -> None:
    """Keep a picture, whole or not at all. Raises OSError when the disk does not take it."""
    import cv2

    _, data = cv2.imencode(".png", bench)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    draft.write_bytes(data.tobytes())
    draft.replace(path)
