"""The examples that a check was taught with: patches as PNG files, one folder a check, camera and state.

Only patches are kept, never whole pictures, and none that a person reaches into. A file's name is its moment (UTC, to
the millisecond); its sha256 is its id. Beside each stands a small JSON file: who took it, and from where the region was
seen. An example of another region, or from another place of the camera, is left alone and not learned from.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from vision.api import Picture
from vision.taught.model_file import write_whole
from vision.taught.rectify import BORDER_PX, RegionView, Stance, differs, patch_size_px, stance_of

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


def kept(folder: Path, view: RegionView) -> tuple[KeptExample, ...]:
    """The examples of a check's states for a camera that were taken of this very view, oldest first."""
    now, place = stance_of(view), folder / FOLDER / view.check.name / view.camera.name
    return tuple(
        KeptExample(
            id=hashlib.sha256(path.read_bytes()).hexdigest(),
            path=path,
            camera=view.camera.name,
            state=path.parent.name,
            moment=path.stem,
        )
        for path in sorted(place.glob("*/*.png"), key=lambda each: each.name)
        if path.parent.name in view.check.states and _is_of(path, now)
    )


def keep(folder: Path, view: RegionView, state: str, moment: str, patch: Picture, *, person: str = "") -> Path:
    """Keep a patch. Raises OSError when the disk does not take it."""
    import cv2

    _, data = cv2.imencode(".png", patch)
    path = folder / FOLDER / view.check.name / view.camera.name / state / f"{moment}.png"
    path.parent.mkdir(parents=True, exist_ok=True)
    note = {"person": person, "stance": asdict(stance_of(view))}
    # The note first: without one an example is none.
    write_whole(path.with_suffix(".json"), json.dumps(note, sort_keys=True).encode())
    write_whole(path, data.tobytes())
    return path


def discard(example: KeptExample) -> None:
    """Forget an example. Raises OSError."""
    example.path.unlink(missing_ok=True)
    example.path.with_suffix(".json").unlink(missing_ok=True)


def patch_of(example: KeptExample, view: RegionView) -> Picture | None:
    """Its patch, uint8 (height, width, 3) BGR; None when the file cannot be read or is no patch of this view."""
    import cv2

    image = cv2.imread(str(example.path), cv2.IMREAD_COLOR)
    width, height = (side + 2 * BORDER_PX for side in patch_size_px(view.check))
    if image is None or image.shape[:2] != (height, width):
        return None
    return np.asarray(image, dtype=np.uint8)


def _is_of(path: Path, now: Stance) -> bool:
    """Whether the example was taken of this region from about here; one whose note cannot be read was not."""
    try:
        stance = Stance(**json.loads(path.with_suffix(".json").read_bytes())["stance"])
        return not differs(stance, now)
    except (OSError, ValueError, KeyError, TypeError):
        return False
