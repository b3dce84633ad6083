"""A camera that nobody calibrated, from its view of tags that lie flat where they are known: focal length and place.

One camera, square pixels, its axis through the middle of the picture, one radial term: seen slantwise, a flat field of
tags is enough to tell them. Seen from straight above, focal length and distance cannot be told apart, and the answer is
refused. How well the result places things is found by trying it: cameras that explain the picture as well as the best
one does (drawn from the fit's covariance) are let locate a body at the work place.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from vision.api import TagObservation
from vision.bench import Body
from vision.geometry import Array, CameraModel, Transform, frozen

LEAST_TAGS = 4
LEAST_SPAN = 0.3
"""Share of the picture's width that the tags must span."""
LEAST_EDGE_PX = 18.0
CORNER_SIGMA_PX = 0.2
"""A corner on paper that lies nearly flat, before the fit says more."""
MOST_RMS_PX = 1.5
MOST_FOCAL_DOUBT = 0.08
"""Share of the focal length, one standard deviation."""
USUAL_FOCAL = 0.8
"""Of a webcam, in widths of its picture: 64 degrees across."""
FOCAL_SPREAD = 0.4
"""One standard deviation of its logarithm among webcams."""
RADIAL_SPREAD = 0.2
STARTS = (0.55, 0.8, 1.2)
DRAWS = 60
PAPER_MM = 0.4
"""Paper is cut, folded and laid by hand, and never quite flat: more doubt than the camera's own, for all of it."""
TRIAL_MM = 40.0
"""Half the edge of the body that drawn cameras are let locate."""


class SelfCalibrationError(Exception):
    """The view cannot tell. `code` is stable, the text says what to do."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SelfCalibration:
    """What a view of the tags says of its camera."""

    model: CameraModel
    """With its doubt at the work place."""
    focal_px: float
    focal_sigma_px: float
    rms_px: float
    tags: int
    sigma_mm: float
    """How well a body at the work place is placed: one standard deviation along the worst direction."""
    sigma_deg: float
    covariance: Array
    """(8, 8) of log focal length, radial term, and camera_from_bench as rotation vector (rad) and translation (mm)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "covariance", frozen(self.covariance, (8, 8)))

    @property
    def identity(self) -> str:
        """Id of this calibration for a journal: `mat-` and a hash of its figures."""
        figures = np.concatenate(
            [
                self.model.matrix.ravel(),
                self.model.distortion,
                self.model.camera_from_bench.rotation.ravel(),
                self.model.camera_from_bench.translation_mm,
            ]
        )
        return f"mat-{hashlib.sha256(np.round(figures, 6).tobytes()).hexdigest()[:16]}"


def calibrate_by_tags(
    name: str, size_px: tuple[int, int], fixture: Body, views: tuple[tuple[TagObservation, ...], ...], work_mm: Array
) -> SelfCalibration:
    """From pictures of one camera that stood still: `views` holds what was seen of the fixture's tags in each.

    `size_px` is width and height, `work_mm` (3,) the place that matters most. Raises SelfCalibrationError:
    `calibration.tags`, `calibration.small`, `calibration.steep`, `calibration.bad_fit`.
    """
    mounts = {mount.tag_id: mount.corners_mm() for mount in fixture.tags}
    corners = _averaged(views, frozenset(mounts))
    _worth_fitting(corners, size_px, len(mounts))
    bench = np.concatenate([mounts[tag_id] for tag_id in corners])
    seen = np.concatenate(list(corners.values()))
    best, jacobian = _fitted(bench, seen, size_px)
    misses = _project(best, bench, size_px) - seen
    rms_px = float(np.sqrt((misses**2).sum(axis=1).mean()))
    if rms_px > MOST_RMS_PX:
        raise SelfCalibrationError(
            "calibration.bad_fit",
            f"camera {name}: the mat's tags do not lie as on a flat mat (they miss by {rms_px:.1f} px); tape the mat's "
            "corners down, and see that all its sheets were printed alike",
        )
    scale = max(1.0, rms_px / math.sqrt(2.0) / CORNER_SIGMA_PX)
    covariance = np.asarray(scale**2 * np.linalg.inv(jacobian.T @ jacobian), dtype=np.float64)
    doubt = math.sqrt(covariance[0, 0])
    if doubt > MOST_FOCAL_DOUBT:
        raise SelfCalibrationError(
            "calibration.steep",
            f"camera {name} looks at the mat from too steep above to tell its focal length (it may be off by "
            f"{100 * doubt:.0f} %); move it to the side so that it looks slantwise, at 30 to 60 degrees",
        )
    model = _model(best, name, size_px)
    sigma_mm, sigma_deg = _trial(best, covariance, size_px, np.asarray(work_mm, dtype=np.float64))
    return SelfCalibration(
        model=replace(model, position_sigma_mm=math.hypot(sigma_mm, PAPER_MM), rotation_sigma_deg=sigma_deg),
        focal_px=math.exp(best[0]),
        focal_sigma_px=math.exp(best[0]) * doubt,
        rms_px=rms_px,
        tags=len(corners),
        sigma_mm=sigma_mm,
        sigma_deg=sigma_deg,
        covariance=covariance,
    )


def _averaged(views: tuple[tuple[TagObservation, ...], ...], known: frozenset[int]) -> dict[int, Array]:
    """Median corners of each tag that most of the pictures show."""
    gathered: dict[int, list[Array]] = {}
    for view in views:
        for tag in view:
            if tag.tag_id in known:
                gathered.setdefault(tag.tag_id, []).append(tag.corners_px)
    most = max((len(seen) for seen in gathered.values()), default=0)
    return {
        tag_id: np.median(np.stack(seen), axis=0) for tag_id, seen in sorted(gathered.items()) if 2 * len(seen) > most
    }


def _worth_fitting(corners: dict[int, Array], size_px: tuple[int, int], of: int) -> None:
    if len(corners) < LEAST_TAGS:
        raise SelfCalibrationError(
            "calibration.tags",
            f"{len(corners)} of the mat's {of} tags are seen and {LEAST_TAGS} are needed; let the camera see the whole "
            "mat, sharp and without anything on its edges",
        )
    seen = np.concatenate(list(corners.values()))
    edge = min(float(np.linalg.norm(c - np.roll(c, 1, axis=0), axis=1).min()) for c in corners.values())
    span = float(np.ptp(seen, axis=0).max()) / size_px[0]
    if span < LEAST_SPAN or edge < LEAST_EDGE_PX:
        raise SelfCalibrationError(
            "calibration.small",
            f"the mat is small in the picture (its smallest tag has {edge:.0f} px, and it spans {100 * span:.0f} % of "
            "the width); move the camera closer",
        )


def _fitted(bench: Array, seen: Array, size_px: tuple[int, int]) -> tuple[Array, Array]:
    """Best parameters and the Jacobian of the weighted misses there, priors included."""
    from scipy.optimize import least_squares

    usual = math.log(USUAL_FOCAL * size_px[0])

    def misses(parameters: Array) -> Array:
        pixels = (_project(parameters, bench, size_px) - seen).ravel() / CORNER_SIGMA_PX
        return np.concatenate([pixels, [(parameters[0] - usual) / FOCAL_SPREAD, parameters[1] / RADIAL_SPREAD]])

    answers = [
        least_squares(misses, start, x_scale="jac", loss="linear", max_nfev=200)
        for start in (_start(share * size_px[0], bench, seen, size_px) for share in STARTS)
        if start is not None
    ]
    best: Any = min(answers, key=lambda answer: float(answer.cost))
    return np.asarray(best.x), np.asarray(best.jac)


def _start(focal_px: float, bench: Array, seen: Array, size_px: tuple[int, int]) -> Array:
    import cv2

    matrix = _matrix(focal_px, size_px)
    _, turn, shift = cv2.solvePnP(bench, seen, matrix, np.zeros(5), flags=cv2.SOLVEPNP_IPPE)
    return np.concatenate([[math.log(focal_px), 0.0], turn.ravel(), shift.ravel()])


def _project(parameters: Array, points: Array, size_px: tuple[int, int]) -> Array:
    import cv2

    distortion = np.array([parameters[1], 0.0, 0.0, 0.0, 0.0])
    pixels, _ = cv2.projectPoints(
        points, parameters[2:5], parameters[5:8], _matrix(math.exp(parameters[0]), size_px), distortion
    )
    return np.asarray(pixels.reshape(-1, 2), dtype=np.float64)


def _matrix(focal_px: float, size_px: tuple[int, int]) -> Array:
    width, height = size_px
    return np.array([[focal_px, 0.0, (width - 1) / 2], [0.0, focal_px, (height - 1) / 2], [0.0, 0.0, 1.0]])


def _model(parameters: Array, name: str, size_px: tuple[int, int]) -> CameraModel:
    import cv2

    return CameraModel(
        name,
        *size_px,
        _matrix(math.exp(parameters[0]), size_px),
        np.array([parameters[1], 0.0, 0.0, 0.0, 0.0]),
        Transform(np.asarray(cv2.Rodrigues(parameters[2:5])[0]), parameters[5:8]),
    )


def _trial(best: Array, covariance: Array, size_px: tuple[int, int], work_mm: Array) -> tuple[float, float]:
    """How far drawn cameras put a body at the work place off, as the best one sees it: mm and degrees."""
    import cv2

    half = TRIAL_MM
    corners = np.array([[x, y, z] for x in (-half, half) for y in (-half, half) for z in (0.0, half)])
    pixels = _project(best, corners + work_mm, size_px)
    root = np.linalg.cholesky(covariance + 1e-12 * np.eye(8))
    draws = np.random.default_rng(1).standard_normal((DRAWS, 8)) @ root.T
    off, turned = [], []
    for draw in draws:
        camera = _model(best + draw, "", size_px)
        _, turn, shift = cv2.solvePnP(
            corners, pixels, camera.matrix, camera.distortion, best[2:5].copy(), best[5:8].copy(), True
        )
        camera_from_body = Transform(
            np.asarray(cv2.Rodrigues(turn)[0], dtype=np.float64), shift.ravel().astype(np.float64)
        )
        found = camera.camera_from_bench.inverse() @ camera_from_body
        off.append(found.translation_mm - work_mm)
        turned.append(found.angle_to_deg(Transform.identity()))
    return (
        float(np.sqrt(np.linalg.eigvalsh(np.cov(np.array(off).T))[-1])),
        float(np.sqrt(np.mean(np.square(turned)))),
    )
