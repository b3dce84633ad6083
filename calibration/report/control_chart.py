"""The plot of a torque tool over its verifications: means of subgroups between control limits, and what speaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from calibration.report.drawing import BLUE, GREY, INK, ORANGE, RED, Plot

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def control_chart(name: str, title: str, drawn: Mapping[str, Any]) -> Plot:
    """Of one chart as `calibration.torque.artefact.chart_figures` gives it."""
    means, limits = np.asarray(drawn["means_nm"], dtype=np.float64), drawn["mean_limits"]
    days = [group["at_utc"][:10] for group in drawn["subgroups"]]
    signals: dict[int, list[str]] = {}
    for signal in drawn["signals"]:
        signals.setdefault(int(signal["at"]), []).append(str(signal["rule"]))

    def draw(axes: Axes) -> None:
        numbers = np.arange(1, len(means) + 1)
        for key, style in (("low_nm", "--"), ("middle_nm", "-"), ("high_nm", "--")):
            axes.axhline(limits[key], color=GREY if key == "middle_nm" else RED, linestyle=style, linewidth=1.0)
        axes.plot(numbers, means, "o-", color=INK, markersize=3.5, linewidth=0.8, label="mean of a subgroup")
        spoken = np.array(sorted(signals), dtype=np.intp)
        if len(spoken):
            axes.plot(
                spoken + 1, means[spoken], "o", color=ORANGE, markersize=8, fillstyle="none", label="a rule speaks"
            )
        for at in range(1, len(days)):
            if days[at] != days[at - 1]:
                axes.axvline(at + 0.5, color=BLUE, linewidth=0.6, alpha=0.5)
        axes.set_xlabel("subgroup (a line between two verifications)")
        axes.set_ylabel("N·m")
        axes.legend(loc="best", ncols=2)
        axes.set_title(f"{title}: control chart over all verifications")

    said = "; ".join(f"subgroup {at + 1}: {', '.join(rules)}" for at, rules in sorted(signals.items()))
    size = len(drawn["subgroups"][0]["readings_nm"])
    caption = (
        f"{title}: means of {size} readings each, limits from the first {drawn['baseline']} subgroups. "
        f"{'No rule speaks.' if not said else f'More than chance: {said}.'}"
    )
    return Plot(name=name, caption=caption, draw=draw, size_in=(6.4, 3.2))
