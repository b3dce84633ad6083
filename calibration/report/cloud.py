"""Where an arm came back to, as a cloud about the place that was asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from calibration.report.drawing import BLUE, GREY, RED, Plot
from vision.geometry import Array

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MARKS = ("o", "s", "^", "D", "v", "P")
ROUND = 72


def returns_cloud(name: str, returns: Mapping[str, JsonValue]) -> Plot | None:
    """The figure `returns` of an arm's artefact, seen from above; None where it is not whole."""
    found = _cloud(returns)
    if found is None:
        return None
    off, sides, repeatability = found
    middle = off.mean(axis=0)

    def draw(axes: Axes) -> None:
        axes.axhline(0.0, color=GREY, linewidth=0.8)
        axes.axvline(0.0, color=GREY, linewidth=0.8)
        for number, side in enumerate(sorted(set(sides.tolist()))):
            own = off[sides == side]
            axes.plot(own[:, 0], own[:, 1], MARKS[number % len(MARKS)], color=BLUE, markersize=4, alpha=0.8)
        turn = np.linspace(0.0, 2.0 * np.pi, ROUND)
        axes.plot(middle[0] + repeatability * np.cos(turn), middle[1] + repeatability * np.sin(turn), color=GREY)
        axes.plot(0.0, 0.0, "+", color=RED, markersize=12, markeredgewidth=2)
        axes.set_aspect("equal", adjustable="datalim")
        axes.set_xlabel("mm along the bench's x")
        axes.set_ylabel("mm along its y")
        axes.set_title("Where the arm came back to")

    text = returns.get("text")
    return Plot(
        name=name,
        caption=(
            "Cross: where it was sent. One kind of mark for each side that it came from; the circle is the "
            f"repeatability about their middle. Upwards the cloud is {np.ptp(off[:, 2]):.2f} mm high. "
            f"{text if isinstance(text, str) else ''}"
        ).strip(),
        draw=draw,
        size_in=(4.6, 4.4),
    )


def _cloud(returns: Mapping[str, JsonValue]) -> tuple[Array, NDArray[np.int64], float] | None:
    """(n, 3) mm reached less asked for, (n,) side, repeatability mm."""
    try:
        cloud = np.array(returns["cloud_mm"], dtype=np.float64)
        asked = np.array(returns["commanded_mm"], dtype=np.float64)
        sides = np.array(returns["side"], dtype=np.int64)
        repeatability = float(str(returns["repeatability_mm"]))
    except (KeyError, TypeError, ValueError):
        return None
    if cloud.ndim != 2 or cloud.shape[1] != 3 or asked.shape != (3,) or len(sides) != len(cloud) or not len(cloud):
        return None
    return cloud - asked, sides, repeatability
