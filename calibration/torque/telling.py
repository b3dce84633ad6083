"""A verification in lines for a terminal: verdict, figures, budget and the chart. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

WIDTH = 41
"""Characters of a chart's line between its limits."""


def report_lines(figures: Mapping[str, Any]) -> list[str]:
    """Of what `report_figures` gives."""
    lines = [figures["id"], figures["text"], *([figures["advice"]] if figures["advice"] else [])]
    lines += [
        f"Made {figures['made_utc']} by {figures['by']}: {figures['method']}.",
        f"Tool {figures['serial'] or 'without a number'}; good until {figures['expires_utc']}, "
        f"or for {figures['expires_count']} rundowns.",
    ]
    for name, series in figures["series"].items():
        lines += ["", *_series(name, series)]
    for pair in figures["two_joint"]:
        lines += [
            "",
            f"Scatter on a hard and a soft joint ({pair['hard']}, {pair['soft']}): mean shift "
            f"{pair['mean_shift_pct']:+.2f} %, combined scatter {pair['combined_scatter_pct']:.2f} % of "
            f"{pair['combined_mean_nm']:.3f} N·m.",
        ]
    for name, drawn in figures["charts"].items():
        lines += ["", *_chart(name, drawn)]
    return lines


def _series(name: str, series: Mapping[str, Any]) -> Iterator[str]:
    yield f"{name}: {series['text']}"
    found, known, spread = series["capability"], series["budget"], series["normality"]
    yield (
        f"  n {found['n']}, mean {found['mean_nm']:.4f} N·m, s {found['s_nm']:.4f} N·m, 6 s "
        f"{found['scatter_6s_pct']:.2f} % of the mean, normal: p = {spread['p']:.3f}"
    )
    yield f"  uncertainty of the deviation {known['note']}:"
    for line in known["contributions"]:
        yield f"    {line['kind']}  {line['w_pct']:.3f} %  {line['name']} ({line['how']})"
    if known["left_out"]:
        yield f"    not measured, not in the sum: {', '.join(known['left_out'])}"
    yield f"    expanded (k = 2) {known['expanded_pct']:.3f} %; with deviations {known['interval_pct']:.3f} %"
    for entry in series["left_out"]:
        yield f"  left out: {entry['what']}: {entry['text']} ({entry['code']})"


def _chart(name: str, drawn: Mapping[str, Any]) -> Iterator[str]:
    limits = drawn["mean_limits"]
    low, high = limits["low_nm"], limits["high_nm"]
    size = len(drawn["subgroups"][0]["readings_nm"])
    yield (
        f"Control chart {name}: means of {size}, middle {limits['middle_nm']:.4f}, "
        f"limits {low:.4f} to {high:.4f} N·m from the first {drawn['baseline']}"
    )
    told: dict[int, list[str]] = {}
    for signal in drawn["signals"]:
        told.setdefault(signal["at"], []).append(signal["rule"])
    for at, (group, mean) in enumerate(zip(drawn["subgroups"], drawn["means_nm"], strict=True)):
        share = (mean - low) / (high - low) if high > low else 0.5
        place = min(WIDTH - 1, max(0, round(share * (WIDTH - 1))))
        dots = "".join("o" if column == place else ":" if column == WIDTH // 2 else " " for column in range(WIDTH))
        yield f"  {group['at_utc'][:10]} |{dots}| {mean:.4f}  {'; '.join(told.get(at, []))}".rstrip()
