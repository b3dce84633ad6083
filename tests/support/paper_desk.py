"""Webcam pictures of the printed kit: the PDF's own pages, warped as planes. Knows nothing of the bench's renderer."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from station.desk_kit import geometry as g
from station.desk_kit.geometry import Panel, PaperBody
from station.desk_kit.sheets import SHEET_PAGES, write_kit
from vision.geometry import CameraModel, Transform

PX_PER_MM = 8.0
LIGHT = np.array([-0.3, 0.45, 0.84])


def printed(paper: str, folder: Path, *, scale: float = 1.0) -> dict[str, np.ndarray]:
    """Sheet -> its page as printed, BGR, `PX_PER_MM`, the middle of the page in the middle."""
    import pypdfium2

    path = folder / f"kit-{paper}.pdf"
    write_kit(path, paper, scale=scale)
    document = pypdfium2.PdfDocument(path)
    pages = {}
    for sheet, index in SHEET_PAGES.items():
        page = document[index]
        bitmap = page.render(scale=PX_PER_MM * 25.4 / 72.0)
        pages[sheet] = bitmap.to_numpy()[:, :, :3].copy()
        bitmap.close()
        page.close()
    document.close()
    return pages


@dataclass(slots=True)
class Blob:
    """A hand or forearm: a fat line with round ends in bench mm, at a height."""

    start_mm: tuple[float, float, float]
    end_mm: tuple[float, float, float]
    radius_mm: float = 22.0
    colour: tuple[int, int, int] = (110, 140, 195)


@dataclass(slots=True)
class Moment:
    """What lies on the desk, drawn in this order, then the hands."""

    bodies: list[tuple[PaperBody, Transform]] = field(default_factory=list)
    hands: list[Blob] = field(default_factory=list)
    card: Transform | None = None
    """bench_from_card of the shown pass."""


class PaperCamera:
    """Draws moments as a webcam would see them; everything random comes from `seed`."""

    def __init__(self, camera: CameraModel, pages: dict[str, np.ndarray], *, seed: int) -> None:
        self._camera = camera
        self._pages = pages
        self._rng = np.random.default_rng(seed)
        self._shrunk_pages: dict[tuple[str, int], np.ndarray] = {}
        self._empty = self._empty_desk()
        self._draw(self._empty, g.mat().panels[0], Transform.identity(), 1.0)
        self._drawn_key: object = None
        self._drawn = self._empty
        height, width = camera.height_px, camera.width_px
        y, x = np.mgrid[0:height, 0:width].astype(np.float32)
        self._uneven = cv2.merge([1.05 - 0.28 * x / width - 0.12 * y / height] * 3)
        self._noise = self._rng.normal(0, 3.0, (height + 64, width + 64, 3)).astype(np.int16)
        self._count = 0

    def picture(self, moment: Moment) -> np.ndarray:
        """One BGR picture with a webcam's defects."""
        flat = [body for body in moment.bodies if body[0].name != "tool"]
        image = self._lying(flat).copy()
        for body, pose in moment.bodies:
            if body.name != "tool":
                continue
            nearer = self._depth(pose.translation_mm)
            hands = list(moment.hands)
            for hand in [hand for hand in hands if self._depth(np.array(hand.end_mm)) > nearer]:
                self._hand(image, hand)
                hands.remove(hand)
            self._stand(image, body, pose)
            for hand in hands:
                self._hand(image, hand)
        if moment.card is not None:
            card = Panel(sheet=g.PASS, outline_mm=g.box(-45, -42, 45, 75), body_from_sheet=Transform.of(0, 0, 0))
            self._draw(image, card, moment.card, 1.0)
        return self._webcam(image)

    def _lying(self, bodies: list[tuple[PaperBody, Transform]]) -> np.ndarray:
        """The desk with what lies on it; drawn again only when something has moved. Cards lie on top of carriers."""
        key = tuple((body.name, *pose.translation_mm, *pose.rotation.ravel()) for body, pose in bodies)
        if key != self._drawn_key:
            image = self._empty.copy()
            far_first = sorted(bodies, key=lambda body: self._depth(body[1].translation_mm), reverse=True)
            for body, pose in sorted(far_first, key=lambda body: body[0].name.startswith("token")):
                self._stand(image, body, pose)
            self._drawn_key, self._drawn = key, image
        return self._drawn

    def _stand(self, image: np.ndarray, body: PaperBody, pose: Transform) -> None:
        self._shadow(image, body, pose)
        for panel in sorted(body.panels, key=lambda p: self._depth(self._centre(p, pose)), reverse=True):
            self._draw(image, panel, pose, self._light(panel, pose))

    def _centre(self, panel: Panel, pose: Transform) -> np.ndarray:
        middle = np.mean(np.array(panel.outline_mm), axis=0)
        return (pose @ panel.body_from_sheet).apply([*middle, 0.0])

    def _depth(self, point: np.ndarray) -> float:
        return float(self._camera.camera_from_bench.apply(point)[2])

    def _light(self, panel: Panel, pose: Transform) -> float:
        normal = (pose @ panel.body_from_sheet).rotation[:, 2]
        return float(0.5 + 0.5 * max(0.0, normal @ LIGHT))

    def _draw(self, image: np.ndarray, panel: Panel, pose: Transform, light: float) -> None:
        bench_from_sheet = pose @ panel.body_from_sheet
        eye = self._camera.camera_from_bench.inverse().translation_mm
        towards = eye - bench_from_sheet.translation_mm
        if towards @ bench_from_sheet.rotation[:, 2] <= 0:
            return
        # A fine net of quadrilaterals, so that the lens's distortion bends the sheet too.
        outline = np.array(panel.outline_mm)
        page = self._pages[panel.sheet]
        height, width = page.shape[:2]
        grid = np.array(np.meshgrid(*[np.linspace(outline[:, i].min(), outline[:, i].max(), 9) for i in (0, 1)]))
        sheet = grid.reshape(2, -1).T
        pixels = self._camera.project(bench_from_sheet.apply(np.column_stack([sheet, np.zeros(len(sheet))])))
        low, high = np.floor(pixels.min(axis=0)).astype(int) - 2, np.ceil(pixels.max(axis=0)).astype(int) + 3
        low = np.maximum(low, 0)
        high = np.minimum(high, (image.shape[1], image.shape[0]))
        if (high <= low).any():
            return
        columns, rows = np.meshgrid(np.arange(low[0], high[0]), np.arange(low[1], high[1]))
        points = np.column_stack([columns.ravel(), rows.ravel()]).astype(np.float64)
        rays = cv2.undistortPoints(points.reshape(-1, 1, 2), self._camera.matrix, self._camera.distortion)
        rays = rays.reshape(-1, 2)
        camera_from_sheet = self._camera.camera_from_bench @ bench_from_sheet
        homography = np.column_stack(
            [camera_from_sheet.rotation[:, 0], camera_from_sheet.rotation[:, 1], camera_from_sheet.translation_mm]
        )
        on_sheet = np.column_stack([rays, np.ones(len(rays))]) @ np.linalg.inv(homography).T
        xy = (on_sheet[:, :2] / on_sheet[:, 2:]).reshape(*rows.shape, 2)
        map_x = ((xy[..., 0] * PX_PER_MM) + width / 2 - 0.5).astype(np.float32)
        map_y = (height / 2 - xy[..., 1] * PX_PER_MM - 0.5).astype(np.float32)
        # Shrunk first, as a lens does, to about the picture's own resolution: no aliasing.
        step = float(np.median(np.linalg.norm(np.diff(xy, axis=1), axis=2))) * PX_PER_MM if xy.shape[1] > 1 else 1.0
        blurred = self._shrunk(panel.sheet, step)
        drawn = cv2.remap(blurred, map_x, map_y, cv2.INTER_LINEAR, borderValue=(255, 255, 255)).astype(np.float32)
        margins = np.stack(
            [
                xy[..., 0] - outline[:, 0].min(),
                outline[:, 0].max() - xy[..., 0],
                xy[..., 1] - outline[:, 1].min(),
                outline[:, 1].max() - xy[..., 1],
            ]
        ).min(axis=0)
        alpha = np.clip(margins * PX_PER_MM / max(step, 1e-3) + 0.5, 0.0, 1.0)[..., None].astype(np.float32)
        patch = image[low[1] : high[1], low[0] : high[0]]
        patch[:] = (patch * (1 - alpha) + (drawn * 0.88 * light) * alpha).astype(np.uint8)

    def _shrunk(self, sheet: str, step: float) -> np.ndarray:
        key = (sheet, round(step))
        if key not in self._shrunk_pages:
            self._shrunk_pages[key] = cv2.GaussianBlur(self._pages[sheet], (0, 0), max(0.3, 0.42 * round(step)))
        return self._shrunk_pages[key]

    def _shadow(self, image: np.ndarray, body: PaperBody, pose: Transform) -> None:
        corners = np.concatenate(
            [(pose @ p.body_from_sheet).apply([[*c, 0.0] for c in p.outline_mm]) for p in body.panels]
        )
        lift = corners[:, 2:] / LIGHT[2]
        ground = corners - lift * LIGHT
        pixels = self._camera.project(np.column_stack([ground[:, :2], np.zeros(len(ground))]))
        mask = np.zeros(image.shape[:2], np.uint8)
        cv2.fillConvexPoly(mask, cv2.convexHull(pixels.astype(np.float32)).astype(np.int32), 255)
        x, y, w, h = cv2.boundingRect(cv2.convexHull(pixels.astype(np.int32)))
        x0, y0 = max(0, x - 12), max(0, y - 12)
        part = (slice(y0, y + h + 12), slice(x0, x + w + 12))
        soft = cv2.GaussianBlur(mask[part], (0, 0), 4.0)[..., None].astype(np.float32) / 255.0
        image[part] = (image[part] * (1.0 - 0.3 * soft)).astype(np.uint8)

    def _hand(self, image: np.ndarray, hand: Blob) -> None:
        pixels = self._camera.project(np.array([hand.start_mm, hand.end_mm]))
        if not np.isfinite(pixels).all():
            return
        depth = self._depth(np.array(hand.end_mm))
        radius = max(3, round(hand.radius_mm * float(self._camera.matrix[0, 0]) / depth))
        ends = [tuple(int(v) for v in p) for p in pixels]
        b, gr, r = hand.colour
        cv2.line(image, ends[0], ends[1], (int(b * 0.8), int(gr * 0.8), int(r * 0.8)), 2 * radius, cv2.LINE_AA)
        cv2.line(image, ends[0], ends[1], hand.colour, round(1.5 * radius), cv2.LINE_AA)
        for finger in (-0.7, -0.25, 0.2, 0.65):
            at = (ends[1][0] + round(finger * radius), ends[1][1])
            cv2.circle(image, at, max(2, radius // 3), hand.colour, -1, cv2.LINE_AA)

    def _empty_desk(self) -> np.ndarray:
        """A wooden desk."""
        height, width = self._camera.height_px, self._camera.width_px
        streaks = cv2.resize(
            self._rng.normal(0, 7, (height // 6, width // 50)).astype(np.float32),
            (width, height),
            interpolation=cv2.INTER_CUBIC,
        )
        desk = np.array([70, 84, 96], np.float32) + streaks[..., None]
        return np.clip(desk, 0, 255).astype(np.uint8)

    def _webcam(self, image: np.ndarray) -> np.ndarray:
        """Uneven light, a white balance that drifts, a soft lens, noise."""
        self._count += 1
        gains = (1.0 + 0.03 * np.sin(self._count / 37), 1.0, 1.0 + 0.03 * np.sin(self._count / 53 + 1), 1.0)
        lit = cv2.multiply(image, self._uneven, dtype=cv2.CV_32F)
        lit = cv2.multiply(lit, gains, dtype=cv2.CV_16S)
        lit = cv2.GaussianBlur(lit, (3, 3), 0.7)
        y, x = self._rng.integers(0, 64, 2)
        noise = self._noise[y : y + image.shape[0], x : x + image.shape[1]]
        return np.clip(cv2.add(lit, noise), 0, 255).astype(np.uint8)
