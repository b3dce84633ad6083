"""Changes of an example that may happen at the bench: other light, a small shift, blur, noise, something over it.

Pure functions of a patch and a random generator. All keep the patch's size.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from vision.api import Picture
from vision.taught.rectify import BORDER_PX


def relit(patch: Picture, rng: Generator) -> Picture:
    """Other brightness, a slope of light over the patch, another colour of light, noise."""
    height, width = patch.shape[:2]
    x, y = np.meshgrid(np.linspace(-1, 1, width), np.linspace(-1, 1, height))
    slope = 1.0 + rng.uniform(-0.25, 0.25) * x + rng.uniform(-0.25, 0.25) * y
    warm = rng.uniform(-1.0, 1.0)
    tint = np.array([1.0 + 0.2 * warm, 1.0, 1.0 - 0.18 * warm]) * rng.uniform(0.98, 1.02, size=3)
    light = patch * (np.exp(rng.uniform(np.log(0.4), np.log(1.4))) * slope)[:, :, None] * tint
    return _levels(light + rng.normal(scale=rng.uniform(0.0, 5.0), size=patch.shape))


def shifted(patch: Picture, rng: Generator) -> Picture:
    """Moved by up to 2 px, turned by up to a degree."""
    import cv2

    reach = min(2.0, BORDER_PX - 1.0)
    height, width = patch.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2.0, height / 2.0), rng.uniform(-1.0, 1.0), 1.0)
    matrix = np.array(turn, dtype=np.float64)
    matrix[:, 2] += rng.uniform(-reach, reach, size=2)
    return np.asarray(
        cv2.warpAffine(patch, matrix, (width, height), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE),
        dtype=np.uint8,
    )


def blurred(patch: Picture, rng: Generator) -> Picture:
    """Out of focus by a little, as a good camera at times is."""
    import cv2

    return np.asarray(cv2.GaussianBlur(patch, (0, 0), rng.uniform(0.4, 1.3)), dtype=np.uint8)


def mixed(patch: Picture, rng: Generator) -> Picture:
    """Everything at once."""
    return relit(shifted(blurred(patch, rng) if rng.random() < 0.4 else patch, rng), rng)


def hidden(patch: Picture, rng: Generator) -> Picture:
    """A thing of one colour over a quarter to a half of it, from one side."""
    import cv2

    height, width = patch.shape[:2]
    covered = np.array(patch)
    share = rng.uniform(0.25, 0.5)
    colour = [int(level) for level in rng.integers(20, 235, size=3)]
    side = int(rng.integers(4))
    across, down = round(width * share), round(height * share)
    boxes = (
        (0, 0, across, height),
        (width - across, 0, width, height),
        (0, 0, width, down),
        (0, height - down, width, height),
    )
    left, top, right, low = boxes[side]
    cv2.rectangle(covered, (left, top), (right, low), colour, -1)
    return _levels(covered + rng.normal(scale=2.0, size=patch.shape))


CHANGES: Mapping[str, Callable[[Picture, Generator], Picture]] = {
    "other light": relit,
    "shifted": shifted,
    "blurred": blurred,
    "all at once": mixed,
}
"""What a model is trained on and tried on, by name."""


def _levels(values: NDArray[np.float64]) -> Picture:
    return np.asarray(np.clip(np.rint(values), 0, 255), dtype=np.uint8)
