"""The plots of a report: residual fields, coverage, uncertainty over the bench, distortion, drift, torque."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from calibration.daily.drift import DriftPoint, standardised
from calibration.report.drawing import BLUE, GREEN, GREY, INK, ORANGE, RED, Plot
from calibration.rotations import cross_matrix
from vision.geometry import Array, CameraModel, Transform

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BENCH_MM = ((-520.0, 520.0), (-320.0, 320.0))
"""Where the uncertainty is drawn: x and y of the bench frame."""
STEP_MM = 20.0
LARGE_RESIDUAL_PX = 1.0
"""Arrows are coloured up to here."""


def bench_uncertainty_mm(covariance: Array, height_mm: float = 0.0) -> tuple[Array, Array, Array]:
    """x (N,), y (M,) and (M, N) mm: one standard deviation of a bench point, in its worst horizontal direction.

    `covariance` (6, 6) of bench_from_camera: `Cov_p = A C A'`, `A = [-[p], I]`.
    """
    xs, ys = (np.arange(low, high + 1.0, STEP_MM) for low, high in BENCH_MM)
    grid = np.stack([*np.meshgrid(xs, ys), np.full((len(ys), len(xs)), height_mm)], axis=-1)
    act = np.concatenate([-cross_matrix(grid), np.broadcast_to(np.eye(3), (*grid.shape, 3))], axis=-1)
    at_point = act @ covariance @ np.swapaxes(act, -1, -2)
    worst = np.linalg.eigvalsh(at_point[..., :2, :2])[..., -1]
    return xs, ys, np.asarray(np.sqrt(np.maximum(worst, 0.0)))


def bench_uncertainty(name: str, camera: str, covariance: Array) -> Plot:
    """How well the camera knows where a point of the bench is, as a map."""
    xs, ys, sigma = bench_uncertainty_mm(covariance)

    def draw(axes: Axes) -> None:
        filled = axes.contourf(xs, ys, sigma, levels=12, cmap="cividis")
        lines = axes.contour(xs, ys, sigma, levels=np.asarray(filled.levels)[1:-1:2], colors="white", linewidths=0.7)
        axes.clabel(lines, fmt="%.2g mm", fontsize=8)
        axes.set_aspect("equal")
        axes.set_xlabel("x of the bench, mm (visitor's right)")
        axes.set_ylabel("y, mm (away from the visitor)")
        axes.set_title(f"{camera}: doubt of a point on the bench, mm")

    low, high = float(sigma.min()), float(sigma.max())
    caption = (
        f"Camera {camera}, the bench from above: a point on the table is known to {low:.2g} mm where it is known best "
        f"and to {high:.2g} mm where worst, one standard deviation in the worst direction. It says nothing of errors "
        "that the calibration did not model; the held-out error does."
    )
    return Plot(name=name, caption=caption, draw=draw, size_in=(6.4, 4.4))


def distortion_field(name: str, camera: CameraModel) -> Plot:
    """How far the lens bends the picture."""
    fx, fy, cx, cy = (float(camera.matrix[i]) for i in ((0, 0), (1, 1), (0, 2), (1, 2)))
    xs = np.linspace(0.0, camera.width_px - 1.0, 17)
    ys = np.linspace(0.0, camera.height_px - 1.0, 11)
    straight = np.stack(np.meshgrid(xs, ys), axis=-1).reshape(-1, 2)
    rays = np.column_stack([(straight - [cx, cy]) / [fx, fy], np.ones(len(straight))])
    at_camera = CameraModel(
        camera.name, camera.width_px, camera.height_px, camera.matrix, camera.distortion, Transform.identity()
    )
    bend = at_camera.project(rays * 1000.0) - straight
    most = float(np.linalg.norm(bend, axis=1).max())
    enlarge = max(1, round(0.08 * camera.width_px / max(most, 1e-3)))

    def draw(axes: Axes) -> None:
        lengths = np.linalg.norm(bend, axis=1)
        arrows = axes.quiver(
            *straight.T,
            *(bend * enlarge).T,
            lengths,
            cmap="cividis",
            angles="xy",
            scale_units="xy",
            scale=1.0,
            width=0.003,
        )
        axes.figure.colorbar(arrows, ax=axes, label="px", shrink=0.8)
        axes.plot(cx, cy, marker="+", color=INK)
        _as_picture(axes, camera.width_px, camera.height_px)
        axes.set_title(f"How the lens bends the picture, {enlarge} times enlarged")

    caption = (
        f"Arrows lead from where a straight picture has a point towards where this lens puts it, {enlarge} times "
        f"enlarged: up to {most:.0f} px at the edge."
    )
    return Plot(name=name, caption=caption, draw=draw)


def residual_field(name: str, at_px: Array, residuals_px: Array, size_px: tuple[int, int]) -> Plot:
    """What is left of each corner after the fit, enlarged. `at_px`, `residuals_px` (N, 2)."""
    lengths = np.linalg.norm(residuals_px, axis=1)
    rms = float(np.sqrt((lengths**2).mean()))
    enlarge = 0.04 * size_px[0] / max(rms, 1e-6)

    def draw(axes: Axes) -> None:
        arrows = axes.quiver(
            *at_px.T, *(residuals_px * enlarge).T, np.minimum(lengths, LARGE_RESIDUAL_PX),
            cmap="cividis", angles="xy", scale_units="xy", scale=1.0, width=0.002,
        )  # fmt: skip
        axes.figure.colorbar(arrows, ax=axes, label="px", shrink=0.8)
        _as_picture(axes, *size_px)
        axes.set_title(f"What is left of each corner, {enlarge:.0f} times enlarged")

    caption = (
        f"{len(at_px)} corners, {rms:.2g} px rms. Arrows that point every which way are noise; arrows that lean the "
        "same way in one place are a lens, a board or a pose that the fit does not describe."
    )
    return Plot(name=name, caption=caption, draw=draw)


def coverage(name: str, counts: Array, size_px: tuple[int, int]) -> Plot:
    """Where in the picture corners were seen. `counts` (rows, columns) of equal cells."""
    empty = int((counts == 0).sum())

    def draw(axes: Axes) -> None:
        shown = axes.imshow(counts, extent=(0, size_px[0], size_px[1], 0), cmap="cividis", aspect="equal")
        axes.figure.colorbar(shown, ax=axes, label="corners", shrink=0.8)
        for row, column in np.argwhere(counts == 0):
            x, y = (column + 0.5) * size_px[0] / counts.shape[1], (row + 0.5) * size_px[1] / counts.shape[0]
            axes.plot(x, y, marker="x", color="white", markersize=5)
        axes.set_xlabel("px")
        axes.set_title("Where in the picture the board was seen")

    caption = (
        f"Corners by place in the picture; {empty} of {counts.size} cells have none (x). "
        "Where no corner was, the lens is only extrapolated."
    )
    return Plot(name=name, caption=caption, draw=draw)


def imager_doubt(name: str, sigma_px: Array, size_px: tuple[int, int]) -> Plot:
    """How well a place in the picture is known. `sigma_px` (rows, columns) over the picture, NaN where unknown."""
    rows, columns = sigma_px.shape
    xs, ys = np.linspace(0, size_px[0], columns), np.linspace(0, size_px[1], rows)
    known = np.ma.masked_invalid(sigma_px)

    def draw(axes: Axes) -> None:
        filled = axes.contourf(xs, ys, known, levels=10, cmap="cividis")
        axes.clabel(
            axes.contour(filled, levels=np.asarray(filled.levels)[1:-1:2], colors="white", linewidths=0.7),
            fmt="%.2g px",
        )
        _as_picture(axes, *size_px)
        axes.set_title("Doubt of the lens over the picture, px")

    caption = (
        f"Where a point at the part's distance would be put by this lens: {float(known.min()):.2g} px where it is "
        f"known best, {float(known.max()):.2g} px where worst, one standard deviation."
    )
    return Plot(name=name, caption=caption, draw=draw)


def drift_chart(name: str, device: str, line: Sequence[DriftPoint], single: Sequence[tuple[str, float]]) -> Plot:
    """Daily checks against their limits: `single` is (time, statistic over its limit) of each check."""
    slow = [standardised(point) for point in line]

    def draw(axes: Axes) -> None:
        days = np.arange(len(single))
        values = np.sqrt([value for _, value in single])
        axes.axhspan(0.0, 1.0, color=GREEN, alpha=0.10, linewidth=0)
        axes.axhline(1.0, color=RED, linewidth=1.0)
        axes.annotate("limit", (0.0, 1.0), xytext=(2, 3), textcoords="offset points", color=RED, fontsize=8)
        axes.vlines(days, 0.0, values, color=BLUE, linewidth=1.0, alpha=0.5)
        axes.plot(days, values, "o", color=BLUE, markersize=4, label="each check")
        if slow:
            axes.plot(days[-len(slow) :], slow, color=ORANGE, linewidth=1.8, label="slow mean (drift)")
        marks = sorted({int(mark) for mark in np.linspace(0, len(single) - 1, min(len(single), 6))})
        axes.set_xticks(marks, [single[mark][0][5:16].replace("T", "\n") for mark in marks])
        axes.set_xlim(-0.5, max(len(single) - 0.5, 4.5))
        axes.set_ylim(0.0, max(1.25, 1.1 * max([*values, *slow])))
        axes.set_ylabel("change over its limit")
        axes.grid(axis="y")
        axes.legend(loc="upper left", ncols=2, bbox_to_anchor=(0.0, 1.0))
        axes.set_title(f"{device}: change since the reference")

    caption = (
        f"{device}, {len(single)} checks. A point above the line: it has moved. The thick line above it: it drifts, so "
        "slowly that no single check shows it."
    )
    return Plot(name=name, caption=caption, draw=draw, size_in=(6.4, 3.0))


def torque_chart(name: str, title: str, readings: Sequence[float], limits: tuple[float, float], unit: str) -> Plot:
    """Readings in order and their spread between the limits."""
    values = np.asarray(readings, dtype=np.float64)
    mean, sigma = float(values.mean()), float(values.std(ddof=1))

    def draw(axes: Axes) -> None:
        low, high = limits
        axes.axhspan(low, high, color=GREEN, alpha=0.10, linewidth=0)
        for limit, word in ((low, "lower limit"), (high, "upper limit")):
            axes.axhline(limit, color=RED, linewidth=1.0)
            axes.annotate(word, (1, limit), xytext=(2, 3), textcoords="offset points", color=RED, fontsize=8)
        axes.axhspan(mean - 3 * sigma, mean + 3 * sigma, color=BLUE, alpha=0.15, linewidth=0, label="mean ± 3 s")
        axes.axhline(mean, color=BLUE, linewidth=1.2)
        axes.plot(np.arange(1, len(values) + 1), values, "o", color=INK, markersize=3.5, label="readings")
        axes.set_xlabel("reading")
        axes.set_ylabel(unit)
        axes.legend(loc="best", ncols=2)
        axes.set_title(f"{title}: readings of the reference transducer")

    caption = (
        f"{title}: {len(values)} readings in one run, mean {mean:.4g}, s {sigma:.3g} {unit}. The blue band is the mean "
        "and three s each way; it should lie well inside the limits."
    )
    return Plot(name=name, caption=caption, draw=draw, size_in=(6.4, 3.2))


class Capable(NamedTuple):
    """Of one joint type: what was found, the 95 % lower bounds, and what is asked."""

    cm: float
    cm_lower: float
    cmk: float
    cmk_lower: float
    cm_asked: float
    cmk_asked: float


def capability_chart(name: str, found: Mapping[str, Capable]) -> Plot:
    """Cm and Cmk of each joint type, with their lower bounds, against what is asked."""
    rows = [
        (f"{title}  {word}", *values)
        for title, each in found.items()
        for word, values in (
            ("Cm", (each.cm, each.cm_lower, each.cm_asked)),
            ("Cmk", (each.cmk, each.cmk_lower, each.cmk_asked)),
        )
    ]

    def draw(axes: Axes) -> None:
        for number, (_, value, lower, asked) in enumerate(rows):
            colour = GREEN if lower >= asked else ORANGE if value >= asked else RED
            axes.plot([lower, value], [number, number], color=colour, linewidth=4.0, solid_capstyle="butt", alpha=0.5)
            axes.plot(value, number, "o", color=colour, markersize=6)
            axes.plot([asked, asked], [number - 0.35, number + 0.35], color=INK, linewidth=1.2)
        axes.set_yticks(range(len(rows)), [title for title, *_ in rows])
        axes.set_ylim(len(rows) - 0.4, -0.6)
        axes.set_xlim(0.0, 1.1 * max(max(value, asked) for _, value, _, asked in rows))
        axes.grid(axis="x")
        axes.set_title("Cm and Cmk from readings in one run")

    caption = (
        "Dot: what the readings give. Bar: down to the 95 % lower bound. Upright line: what is asked. Green: the bound "
        "is beyond it, too; orange: only the dot is."
    )
    return Plot(name=name, caption=caption, draw=draw, size_in=(6.4, 1.3 + 0.35 * len(rows)))


def joint_zeros(name: str, offsets_deg: Sequence[float], sigmas_deg: Sequence[float]) -> Plot:
    """How far each joint's zero is beside what the arm reports, and how surely that is known."""

    def draw(axes: Axes) -> None:
        numbers = np.arange(1, len(offsets_deg) + 1)
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.errorbar(
            numbers, offsets_deg, yerr=2.0 * np.asarray(sigmas_deg), fmt="o", color=BLUE, capsize=4, markersize=5
        )
        axes.set_xticks(numbers, [f"J{number}" for number in numbers])
        axes.set_ylabel("degrees")
        axes.grid(axis="y")
        axes.set_title("Joint zeros, beside what the arm reports")

    worst = int(np.argmax(sigmas_deg))
    loose = f" Here that is J{worst + 1} most." if sigmas_deg[worst] > 2.0 * float(np.median(sigmas_deg)) else ""
    caption = (
        "Dots with two standard deviations each way. A long bar is a zero that the poses tell little of; what is wrong "
        f"with it is then a part of the board's mount or of the base's place.{loose}"
    )
    return Plot(name=name, caption=caption, draw=draw, size_in=(6.4, 3.0))


def joint_doubts(name: str, sigmas_mm: Mapping[str, float]) -> Plot:
    """How well each joint of a part is placed on the bench."""
    names, sigmas = list(sigmas_mm), np.array(list(sigmas_mm.values()))

    def draw(axes: Axes) -> None:
        bars = axes.barh(np.arange(len(names)), sigmas, color=BLUE, height=0.5)
        axes.bar_label(bars, fmt="%.2f mm", padding=4)
        axes.set_yticks(np.arange(len(names)), names)
        axes.invert_yaxis()
        axes.set_xlim(0.0, 1.25 * float(sigmas.max()))
        axes.set_xlabel("mm")
        axes.set_title("Doubt of each joint's place")

    caption = f"One standard deviation in the worst direction: {float(sigmas.max()):.2g} mm at most."
    return Plot(name=name, caption=caption, draw=draw, size_in=(6.4, 1.3 + 0.35 * len(names)))


def _as_picture(axes: Axes, width_px: int, height_px: int) -> None:
    axes.set_xlim(0, width_px)
    axes.set_ylim(height_px, 0)
    axes.set_aspect("equal")
    axes.set_xlabel("px")
    axes.tick_params(colors=INK)
    axes.spines[["top", "right"]].set_visible(True)
    axes.spines[:].set_color(GREY)
