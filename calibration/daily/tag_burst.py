"""Corners of the fixed tags in a burst of pictures of one camera that stood still: what is compared from day to day."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from calibration.observations import CalibrationError
from vision.api import TagObservation
from vision.geometry import Array, frozen

LEAST_TAGS = 3
LEAST_PICTURES = 10
SEEN_SHARE = 0.8
"""A tag counts when so many pictures show it; a picture counts when it shows all that count."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TagBurst:
    """Pictures of the same view."""

    camera: str
    tag_ids: tuple[int, ...]
    """In order."""
    corners_px: Array
    """(pictures, tags, 4, 2) pixels."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "corners_px", frozen(self.corners_px, (-1, len(self.tag_ids), 4, 2)))

    @property
    def pictures(self) -> int:
        """How many."""
        return len(self.corners_px)

    @property
    def mean_px(self) -> Array:
        """(tags, 4, 2)."""
        return np.asarray(self.corners_px.mean(axis=0))

    @property
    def noise_px(self) -> float:
        """Standard deviation of a corner in one picture, along an axis."""
        return float(np.sqrt(self.corners_px.var(axis=0, ddof=1).mean()))

    def only(self, tag_ids: Sequence[int]) -> TagBurst:
        """The same pictures with these of its tags alone."""
        index = [self.tag_ids.index(tag_id) for tag_id in tag_ids]
        return TagBurst(camera=self.camera, tag_ids=tuple(tag_ids), corners_px=self.corners_px[:, index])


def burst_of(camera: str, pictures: Sequence[Sequence[TagObservation]], known: frozenset[int]) -> TagBurst:
    """The tags of `known` that nearly all pictures show.

    A picture that repeats the one before it is left out: a live picture never does, and a repeated one would make the
    camera look surer than it is. Raises CalibrationError `daily.tags`, `daily.pictures`, `daily.frozen`.
    """
    shown = [{tag.tag_id: tag.corners_px for tag in picture if tag.tag_id in known} for picture in pictures]
    counts = {tag_id: sum(tag_id in picture for picture in shown) for tag_id in sorted(known)}
    kept = tuple(tag_id for tag_id, count in counts.items() if count >= max(1.0, SEEN_SHARE * len(shown)))
    if len(kept) < LEAST_TAGS:
        raise CalibrationError(
            "daily.tags",
            f"camera {camera} sees {len(kept)} of the bench's {len(known)} fixed tags and {LEAST_TAGS} are needed; "
            "clear the bench, clean tags and lens, and check again",
        )
    whole = [picture for picture in shown if all(tag_id in picture for tag_id in kept)]
    if len(whole) < LEAST_PICTURES:
        raise CalibrationError(
            "daily.pictures",
            f"only {len(whole)} pictures of camera {camera} show all its tags and {LEAST_PICTURES} are needed; "
            "keep hands away from the tags, and check again",
        )
    corners = np.array([[picture[tag_id] for tag_id in kept] for picture in whole])
    fresh = np.append(True, (corners[1:] != corners[:-1]).any(axis=(1, 2, 3)))
    if fresh.sum() < LEAST_PICTURES:
        raise frozen_pictures(camera)
    return TagBurst(camera=camera, tag_ids=kept, corners_px=corners[fresh])


def frozen_pictures(camera: str) -> CalibrationError:
    """`daily.frozen`, to be raised."""
    return CalibrationError(
        "daily.frozen",
        f"camera {camera} sends the same picture again and again, so that nothing can be told from it; unplug it and "
        "plug it in again, restart the station, and check again",
    )
