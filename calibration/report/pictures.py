"""Which plots an artefact has: made of what it holds, none where it holds nothing to draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from pydantic import JsonValue

from calibration.daily.check import METHOD as DAILY_CHECK
from calibration.daily.check import drift_of
from calibration.report.cloud import returns_cloud
from calibration.report.control_chart import control_chart
from calibration.report.drawing import Plot
from calibration.report.plots import (
    Capable,
    bench_uncertainty,
    capability_chart,
    coverage,
    distortion_field,
    drift_chart,
    imager_doubt,
    joint_doubts,
    joint_zeros,
    residual_field,
    torque_chart,
)
from calibration.report.standing import Standing
from calibration.torque.artefact import chart_figures
from station.config.artefact import Artefact, ArtefactError, Kind
from station.config.calibration_results import camera_result
from vision.geometry import Array, CameraModel, Transform

LATEST = 60
"""So many daily checks are drawn."""


def plots_of(standing: Standing) -> tuple[Plot, ...]:
    """In the order in which they are looked at."""
    artefact = standing.artefact
    if artefact is None:
        return ()
    match standing.kind:
        case Kind.CAMERA:
            return (*_camera(standing.subject, artefact), *_fit(standing.subject, artefact))
        case Kind.LENS:
            return (*_fit(standing.subject, artefact), *_lens(standing.subject, artefact))
        case Kind.DAILY:
            return drift_charts(standing)
        case Kind.ARM:
            return _arm(standing.subject, artefact)
        case Kind.JOINTS:
            return _joints(standing.subject, artefact)
        case Kind.TORQUE:
            return (*_torque(standing.subject, artefact), *_charts(standing, artefact))
        case _:
            return ()


def drift_charts(standing: Standing) -> tuple[Plot, ...]:
    """One a device of a station's daily checks, since the newest reference."""
    checks = [each for each in standing.history if each.method == DAILY_CHECK]
    if not checks:
        return ()
    reference = checks[-1].inputs.get("reference", "")
    checks = [each for each in checks if each.inputs.get("reference") == reference][-LATEST:]
    devices = dict.fromkeys(name for check in checks for name in check.figures)
    charts = []
    for device in devices:
        single = [
            (check.made_utc, statistic / limit)
            for check in checks
            if (statistic := _number(check.figures, device, "statistic")) is not None
            and (limit := _number(check.figures, device, "limit"))
        ]
        if single:
            charts.append(drift_chart(f"drift-{device}", device, drift_of(checks, device, reference), single))
    return tuple(charts)


def _camera(subject: str, artefact: Artefact) -> tuple[Plot, ...]:
    try:
        found = camera_result(artefact)
    except ArtefactError:
        return ()
    return (
        bench_uncertainty(f"bench-{subject}", subject, np.array(found.covariance)),
        distortion_field(f"distortion-{artefact.kind}-{subject}", found.model_of(subject)),
    )


def _lens(subject: str, artefact: Artefact) -> tuple[Plot, ...]:
    values, size = _row(artefact.result.get("lens")), _size(artefact)
    if len(values) != 9 or size is None:
        return ()
    fx, fy, cx, cy = values[:4]
    matrix = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
    camera = CameraModel(subject, *size, matrix, np.array(values[4:]), Transform.identity())
    return (distortion_field(f"distortion-{artefact.kind}-{subject}", camera),)


def _fit(subject: str, artefact: Artefact) -> tuple[Plot, ...]:
    size, plots = _size(artefact), []
    if size is None:
        return ()
    name = f"{artefact.kind}-{subject}"
    rows = _table(artefact.figures.get("residuals_px"), 4)
    if rows is not None:
        plots.append(residual_field(f"residuals-{name}", rows[:, :2], rows[:, 2:], size))
    held = artefact.figures.get("coverage")
    heat = _table(held.get("heat"), None) if isinstance(held, dict) else None
    if heat is not None:
        plots.append(coverage(f"coverage-{name}", heat, size))
    doubt = _table(artefact.figures.get("doubt_map_px"), None)
    if doubt is not None:
        plots.append(imager_doubt(f"doubt-{name}", doubt, size))
    return tuple(plots)


def _torque(subject: str, artefact: Artefact) -> tuple[Plot, ...]:
    series = artefact.figures.get("series")
    found = {name: each for name, each in series.items() if isinstance(each, dict)} if isinstance(series, dict) else {}
    plots = []
    able = {name: bounds for name, each in found.items() if (bounds := _capability(each)) is not None}
    if able:
        plots.append(capability_chart(f"capability-{subject}", able))
    for number, (name, each) in enumerate(found.items()):
        readings, low, high = _row(each.get("reference_nm")), each.get("min_nm"), each.get("max_nm")
        if len(readings) > 1 and isinstance(low, int | float) and isinstance(high, int | float):
            plots.append(torque_chart(f"torque-{subject}-{number}", name, readings, (low, high), "N·m"))
    return tuple(plots)


def _charts(standing: Standing, artefact: Artefact) -> tuple[Plot, ...]:
    """One a joint type, over all verifications of this tool; none before there are two."""
    if len(standing.history) < 2:
        return ()
    drawn = chart_figures(standing.history, artefact.serial)
    return tuple(
        control_chart(f"chart-{standing.subject}-{number}", name, each)
        for number, (name, each) in enumerate(drawn.items())
    )


def _capability(figures: Mapping[str, JsonValue]) -> Capable | None:
    found, asked = figures.get("capability"), figures.get("asked")
    if not isinstance(found, dict) or not isinstance(asked, dict):
        return None
    values = _row([found.get(key) for key in ("cm", "cm_lower", "cmk", "cmk_lower")])
    wanted = _row([asked.get(key) for key in ("cm", "cmk")])
    return Capable(*values, *wanted) if len(values) == 4 and len(wanted) == 2 else None


def _arm(subject: str, artefact: Artefact) -> tuple[Plot, ...]:
    """Zeros with their doubt, and how well it comes back; the covariance's order is told by the artefact itself."""
    returns = artefact.figures.get("returns")
    cloud = returns_cloud(f"returns-{subject}", returns) if isinstance(returns, Mapping) else None
    clouds = (cloud,) if cloud is not None else ()
    offsets = _row(artefact.result.get("joint_offset_deg"))
    covariance = _table(artefact.result.get("covariance"), None)
    order = artefact.figures.get("covariance_order")
    if len(offsets) != 6 or covariance is None or not str(order).startswith("base turn rad, base mm, zeros deg"):
        return clouds
    return (joint_zeros(f"zeros-{subject}", offsets, np.sqrt(np.diag(covariance))[6:12].tolist()), *clouds)


def _joints(subject: str, artefact: Artefact) -> tuple[Plot, ...]:
    joints = artefact.result.get("joints")
    sigmas = {
        name: float(sigma)
        for name, each in (joints.items() if isinstance(joints, dict) else ())
        if isinstance(each, dict) and isinstance(sigma := each.get("sigma_mm"), int | float)
    }
    return (joint_doubts(f"joints-{subject}", sigmas),) if sigmas else ()


def _size(artefact: Artefact) -> tuple[int, int] | None:
    width, height = artefact.result.get("width_px"), artefact.result.get("height_px")
    return (width, height) if isinstance(width, int) and isinstance(height, int) else None


def _number(figures: Mapping[str, JsonValue], device: str, key: str) -> float | None:
    found = figures.get(device)
    value = found.get(key) if isinstance(found, dict) else None
    return float(value) if isinstance(value, int | float) else None


def _row(value: JsonValue | None) -> list[float]:
    if not isinstance(value, Sequence) or isinstance(value, str):
        return []
    return [float(each) for each in value if isinstance(each, int | float)]


def _table(value: JsonValue | None, columns: int | None) -> Array | None:
    """A rectangle of numbers, NaN where one is not given; None where there is no rectangle."""
    if not isinstance(value, list) or not value or not all(isinstance(row, list) for row in value):
        return None
    rows = [[np.nan if each is None else each for each in row] for row in value if isinstance(row, list)]
    wanted = columns or len(rows[0])
    if wanted == 0 or any(len(row) != wanted or any(isinstance(each, str) for each in row) for row in rows):
        return None
    return np.array(rows, dtype=np.float64)
