"""What the errors of a calibrated bench do at the part: in millimetres, from the covariance of everything together."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from calibration.bench_set import BenchResult
from calibration.lens_model import lens_of, project_with_derivatives
from calibration.rotations import adjoint, as_array, cross_matrix
from vision.geometry import Array, Transform
from vision.pose_fit import pose_jacobian

WITHIN = 1.96
BODY_MM = np.array([[-58.0, -32.0, 0.0], [58.0, -32.0, 0.0], [58.0, 32.0, 0.0], [-58.0, 32.0, 0.0]])
"""Corners of a tagged body about the size of a part, for what a camera's errors do to its pose."""


def camera_at_mm(result: BenchResult, name: str, points_mm: Array) -> Array:
    """(n, 2, 2) mm^2: how far a camera misplaces bench points (n, 3), across its view, by what it is known to."""
    camera = result.camera(name)
    index = result.camera_index[name]
    layout = result.solution.layout
    columns = np.r_[columns_of(layout.main("lens", index)), columns_of(layout.main("camera from bench", index))]
    covariance = result.covariance.main[np.ix_(columns, columns)]
    seen = camera.camera_from_bench.apply(points_mm)
    _, by_point, by_lens = project_with_derivatives(seen, lens_of(camera.matrix, camera.distortion))
    by_pose = by_point @ np.concatenate([-cross_matrix(seen), np.broadcast_to(np.eye(3), (len(seen), 3, 3))], axis=2)
    slopes = np.concatenate([by_lens, by_pose], axis=2)
    per_px = (seen[:, 2] / camera.matrix[0, 0])[:, None, None]
    return np.asarray(slopes @ covariance @ np.swapaxes(slopes, 1, 2) * per_px**2)


def worst_95_mm(covariances: Array) -> float:
    """The largest 95 % half axis of covariances (n, k, k)."""
    return WITHIN * float(np.sqrt(np.linalg.eigvalsh(covariances)[:, -1].max()))


def body_covariances(result: BenchResult, name: str, points_mm: Array) -> Array:
    """(n, 6, 6) of the pose (shift mm, turn rad, as `vision.pose_fit` has them) of a tagged body at bench points
    (n, 3), as one camera tells it, by what its lens and place are known to: the corners' own noise is not in it.
    """
    camera, index = result.camera(name), result.camera_index[name]
    layout = result.solution.layout
    columns = np.r_[columns_of(layout.main("lens", index)), columns_of(layout.main("camera from bench", index))]
    covariance = result.covariance.main[np.ix_(columns, columns)]
    found = []
    for point in points_mm:
        body = Transform(np.eye(3), point)
        seen = camera.camera_from_bench.apply(body.apply(BODY_MM))
        _, by_point, by_lens = project_with_derivatives(seen, lens_of(camera.matrix, camera.distortion))
        turned = np.concatenate([-cross_matrix(seen), np.broadcast_to(np.eye(3), (len(seen), 3, 3))], axis=2)
        slopes = np.concatenate([by_lens, by_point @ turned], axis=2).reshape(2 * len(seen), -1)
        pulled = np.linalg.pinv(pose_jacobian(BODY_MM, body, camera)) @ slopes
        found.append(pulled @ covariance @ pulled.T)
    return np.array(found)


def equivalent_sigmas(result: BenchResult, name: str, points_mm: Array) -> tuple[float, float]:
    """Position (mm) and turn (deg), one sigma an axis and independent, that misplace a tagged body at points (n, 3) as
    what is really known of the camera does at the worst of them.

    Its place, turn and lens are known far better together than each alone: what they do at the part is what counts.
    """
    bodies = body_covariances(result, name, points_mm)
    at_part = float(np.sqrt(np.linalg.eigvalsh(bodies[:, :3, :3])[:, -1].max()))
    turned = float(np.sqrt(np.linalg.eigvalsh(bodies[:, 3:, 3:])[:, -1].max()))
    eye = result.camera(name).camera_from_bench.inverse().translation_mm
    distance = float(np.linalg.norm(points_mm - eye, axis=1).min())
    turn = min(turned, at_part / distance / np.sqrt(2.0))
    return float(np.sqrt(max(at_part**2 - (turn * distance) ** 2, 0.0))), float(np.degrees(turn))


def bench_from_camera_covariance(result: BenchResult, name: str) -> Array:
    """(6, 6) of bench_from_camera, rotation vector (rad) then translation (mm), `true = [Exp(r), t] estimated`."""
    carry = adjoint(as_array(result.camera(name).camera_from_bench.inverse()))
    return np.asarray(carry @ result.camera_covariance(name) @ carry.T)


def columns_of(rows: slice) -> NDArray[np.int64]:
    """The indexes of a slice."""
    return np.arange(rows.start, rows.stop)
