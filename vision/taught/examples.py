"""The examples that a check was taught with: patches as PNG files, one folder a check, camera and state.

Only patches are kept, never whole pictures, and none that a person reaches into. A file's name is its moment (UTC, to
the millisecond); its sha256 is its id.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from vision.api import Picture
from vision.taught.model_file import write_whole

FOLDER = "examples"


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptExample:
    """One example on disk."""

    id: str
    """sha256 of its file."""
    path: Path
    camera: str
    state: str
    moment: str
    """Examples of one moment belong together."""


def kept(folder: Path, check: str, states: tuple[str, ...]) -> tuple[KeptExample, ...]:
    """All examples of a check's states, oldest first."""
    found = []
    for path in sorted((folder / FOLDER / check).glob("*/*/*.png"), key=lambda each: each.name):
        state = path.parent.name
        if state in states:
            found.append(
                KeptExample(
                    id=hashlib.sha256(path.read_bytes()).hexdigest(),
                    path=path,
                    camera=path.parent.parent.name,
                    state=state,
                    moment=path.stem,
                )
            )
    return tuple(found)


def keep(folder: Path, check: str, camera: str, state: str, moment: str, patch: Picture) -> Path:
    """Keep a patch. Raises OSError when the disk does not take it."""
    import cv2

    _, data = cv2.imencode(".png", patch)
    path = folder / FOLDER / check / camera / state / f"{moment}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    write_whole(path, data.tobytes())
    return path


def patch_of(example: KeptExample) -> Picture | None:
    """Its patch, uint8 (height, width, 3) BGR; None when the file cannot be read."""
    import cv2

    image = cv2.imread(str(example.path), cv2.IMREAD_COLOR)
    return None if image is None else np.asarray(image, dtype=np.uint8)
