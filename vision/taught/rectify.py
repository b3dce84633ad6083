"""A region of the bench as an upright patch: through the lens and the perspective of a calibrated camera.

A patch is uint8 (height, width, 3) BGR at one scale for each check, whatever the camera. It shows `BORDER_PX` more than
the region on every side, so that examples can be shifted when a model is trained.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.api import Picture, TagObservation
from vision.bench import Body, TaughtCheck
from vision.geometry import Array, CameraModel

LONGER_PX = 96
"""Longer side of the region in a patch; both sides are multiples of `CELL_PX`."""
CELL_PX = 8
BORDER_PX = 4
FINER = 2
"""The picture is sampled so much finer than the patch and averaged, so that fine detail does not alias."""


def patch_size_px(check: TaughtCheck) -> tuple[int, int]:
    """Width and height of the region in a patch, without its border: at least two cells each."""
    scale = LONGER_PX / max(check.size_mm)
    width, height = (max(2, round(side * scale / CELL_PX)) * CELL_PX for side in check.size_mm)
    return width, height


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RegionView:
    """How one camera sees one region; what does not change from picture to picture."""

    check: TaughtCheck
    camera: CameraModel
    map_px: NDArray[np.float32]
    """(h, w, 2) where the finer patch is sampled in the picture."""
    corners_px: Array
    """(4, 2) of the region in the picture: top left, top right, bottom right, bottom left of the patch."""
    toward: Array
    """(3,) unit vector from the region to the camera, region frame."""
    px_per_mm: float
    """Of the picture at the region, along its worst direction."""

    @property
    def tilt_deg(self) -> float:
        """Angle between the face's normal and the line of sight; over 90 it is seen from behind."""
        return float(np.degrees(np.arccos(np.clip(self.toward[2], -1.0, 1.0))))

    @property
    def patch_px_per_mm(self) -> float:
        """Scale of the patch."""
        return patch_size_px(self.check)[0] / self.check.size_mm[0]

    def inside(self) -> bool:
        """Whether the whole region, with its border, lies in the picture."""
        flat = self.map_px.reshape(-1, 2)
        limit = (self.camera.width_px - 1, self.camera.height_px - 1)
        return bool(np.isfinite(flat).all() and flat.min() >= 0.0 and (flat <= limit).all())

    def patch(self, image: Picture, shift_px: Array | None = None) -> Picture:
        """The region with its border, upright: uint8 (h, w, 3). What lies outside the picture is black.

        `shift_px` (2,) is how far the picture lies from its calibration.
        """
        import cv2

        x, y = (0.0, 0.0) if shift_px is None else (float(shift_px[0]), float(shift_px[1]))
        fine = cv2.remap(
            image, self.map_px[..., 0] + np.float32(x), self.map_px[..., 1] + np.float32(y), cv2.INTER_LINEAR
        )
        width, height = patch_size_px(self.check)
        size = (width + 2 * BORDER_PX, height + 2 * BORDER_PX)
        return np.asarray(cv2.resize(fine, size, interpolation=cv2.INTER_AREA), dtype=np.uint8)


def view_of(check: TaughtCheck, camera: CameraModel) -> RegionView:
    """How the camera sees the region."""
    size_px = np.array(patch_size_px(check), dtype=np.float64)
    size_mm = np.array(check.size_mm)
    count = ((size_px + 2 * BORDER_PX) * FINER).astype(int)
    # Middle of each fine pixel, from the region's left and upper edge.
    x, y = (
        ((np.arange(count[axis]) + 0.5) / FINER - BORDER_PX) / size_px[axis] * size_mm[axis] - size_mm[axis] / 2.0
        for axis in (0, 1)
    )
    columns, rows = np.meshgrid(x, -y)
    points = np.stack([columns, rows, np.zeros_like(columns)], axis=-1).reshape(-1, 3)
    mapped = camera.project(check.bench_from_region.apply(points)).reshape(count[1], count[0], 2)
    half_x, half_y = size_mm / 2.0
    corners = [[-half_x, half_y, 0], [half_x, half_y, 0], [half_x, -half_y, 0], [-half_x, -half_y, 0]]
    eye_bench = camera.camera_from_bench.inverse().translation_mm
    eye = check.bench_from_region.inverse().apply(eye_bench)
    steps = camera.project(check.bench_from_region.apply([[0, 0, 0], [1, 0, 0], [0, 1, 0]]))
    across = (steps[1:] - steps[0]).T
    return RegionView(
        check=check,
        camera=camera,
        map_px=mapped.astype(np.float32),
        corners_px=camera.project(check.bench_from_region.apply(corners)),
        toward=eye / np.linalg.norm(eye),
        px_per_mm=float(np.linalg.svd(np.nan_to_num(across), compute_uv=False)[-1]),
    )


TURNED_DEG, SCALED = 8.0, 0.25
"""How much another view of the region may differ from the one that was taught: direction, and share of the scale."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stance:
    """From where a region was seen: what examples and models are true for. Compared by `differs`."""

    size_mm: tuple[float, float]
    region: tuple[float, ...]
    """bench_from_region: the rotation row by row, then the position in mm; 12 figures."""
    toward: tuple[float, float, float]
    """Unit vector from the region to the camera, region frame."""
    px_per_mm: float


def stance_of(view: RegionView) -> Stance:
    """The stance of a view."""
    return Stance(
        size_mm=view.check.size_mm,
        region=region_of(view.check),
        toward=(float(view.toward[0]), float(view.toward[1]), float(view.toward[2])),
        px_per_mm=view.px_per_mm,
    )


def region_of(check: TaughtCheck) -> tuple[float, ...]:
    """The region's place as models and examples keep it."""
    pose = check.bench_from_region
    return (*pose.rotation.ravel().tolist(), *pose.translation_mm.tolist())


def differs(one: Stance, now: Stance) -> str:
    """In what the two are not the same; empty where they are, but for a small move of the camera."""
    if not np.allclose([*one.size_mm, *one.region], [*now.size_mm, *now.region], atol=1e-6):
        return "another region"
    turned = float(np.degrees(np.arccos(np.clip(np.dot(one.toward, now.toward), -1.0, 1.0))))
    if turned > TURNED_DEG or abs(now.px_per_mm / one.px_per_mm - 1.0) > SCALED:
        return "another place of the camera"
    return ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Registration:
    """How this very picture lies to its calibration, by the fixture's tags that it shows."""

    tags: int
    """How many of them it shows."""
    shift_px: Array
    """(2,) median over the tags: where they are less where the calibration puts them."""
    spread_px: float
    """Median distance of the tags' shifts from that: a picture that is turned or scaled has one."""

    @property
    def correction_px(self) -> Array:
        """(2,) how far off the picture is sampled. One tag alone may have been bumped: it corrects nothing."""
        return self.shift_px if self.tags >= 2 else np.zeros(2)


def registration_of(tags: tuple[TagObservation, ...], fixture: Body, camera: CameraModel) -> Registration:
    """By all fixture tags that were found."""
    seen = {tag.tag_id: tag.corners_px for tag in tags}
    shifts = np.array(
        [
            (seen[mount.tag_id] - camera.project(mount.corners_mm())).mean(axis=0)
            for mount in fixture.tags
            if mount.tag_id in seen
        ]
    ).reshape(-1, 2)
    if not len(shifts):
        return Registration(tags=0, shift_px=np.zeros(2), spread_px=0.0)
    shift = np.median(shifts, axis=0)
    spread = float(np.median(np.linalg.norm(shifts - shift, axis=1)))
    return Registration(tags=len(shifts), shift_px=shift, spread_px=spread)
