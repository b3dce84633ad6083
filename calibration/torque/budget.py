"""An uncertainty budget of a comparison with a reference transducer. Pure; newton metres and per cent.

The contributions are those that are commonly listed for torque tools: `u = b / (2 sqrt 3)` for a span b of readings or
a step of a display, `s / sqrt(n)` for the mean of a run, half of the certificate's k = 2 figure for the reference; in
per cent of the reference's mean, added as squares, times k = 2. `NOT_CHECKED` goes with every figure.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

K = 2.0
"""Coverage factor: about 95 %."""
NOT_CHECKED = "(not checked against the standard's text)"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contribution:
    """One line of the budget."""

    name: str
    kind: str
    """`A`: from the scatter of these readings; `B`: from anything else."""
    u_nm: float
    """Standard uncertainty."""
    w_pct: float
    """The same in per cent of the reference's mean."""
    how: str
    """From what figure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """What is known of the tool's deviation, and how well."""

    contributions: tuple[Contribution, ...]
    left_out: tuple[str, ...]
    """Contributions that nobody measured: the sum is without them."""
    deviation_pct: float
    """Mean of `100 (X_a - X_r) / X_r`, X_a what the tool told, X_r the reference."""
    w_pct: float
    """Combined standard uncertainty."""
    expanded_pct: float
    """`2 w`."""
    interval_pct: float
    """`2 w`, plus the amounts of the tool's mean deviation and of the reference's own."""
    note: str = NOT_CHECKED


@dataclass(frozen=True, slots=True, kw_only=True)
class Spans:
    """Spans b in newton metres that somebody measured by turning, remounting and shifting; None: nobody did."""

    reproducibility_nm: float | None = None
    """b_rep: of the means of four series of five readings."""
    output_drive_nm: float | None = None
    """b_od: over the positions of the square drive."""
    interface_nm: float | None = None
    """b_int: over the positions of the adapter."""
    loading_point_nm: float | None = None
    """b_l: between the hand 10 mm further out and further in."""


_NAMES = {
    "reproducibility_nm": "reproducibility (b_rep)",
    "output_drive_nm": "output drive (b_od)",
    "interface_nm": "interface (b_int)",
    "loading_point_nm": "loading point (b_l)",
}


def budget(
    reference_nm: Sequence[float],
    tool_nm: Sequence[float],
    *,
    tool_step_nm: float,
    reference_step_nm: float,
    reference_expanded_pct: float,
    reference_deviation_pct: float = 0.0,
    spans: Spans | None = None,
) -> Budget:
    """Of pairs (n,), n >= 2, reference above zero. `_step_nm` are the displays' last digits; `reference_expanded_pct`
    and `reference_deviation_pct` are the certificate's uncertainty (k = 2) and deviation."""
    n = len(reference_nm)
    x_r = sum(reference_nm) / n
    deviations = [100.0 * (told - real) / real for told, real in zip(tool_nm, reference_nm, strict=True)]
    mean = sum(deviations) / n
    s_pct = math.sqrt(sum((value - mean) ** 2 for value in deviations) / (n - 1))

    def line(name: str, kind: str, u_nm: float, how: str) -> Contribution:
        return Contribution(name=name, kind=kind, u_nm=u_nm, w_pct=100.0 * u_nm / x_r, how=how)

    lines = [
        line("scatter of the deviation", "A", s_pct * x_r / 100.0 / math.sqrt(n), f"s / sqrt(n) of {n} pairs"),
        line("resolution of the tool", "B", _rectangle(tool_step_nm), f"step {tool_step_nm:g} N·m"),
        line("resolution of the reference", "B", _rectangle(reference_step_nm), f"step {reference_step_nm:g} N·m"),
        line(
            "reference",
            "B",
            reference_expanded_pct / K * x_r / 100.0,
            f"certificate: {reference_expanded_pct:g} % (k = 2)",
        ),
    ]
    left_out: list[str] = []
    measured = spans or Spans()
    for key, name in _NAMES.items():
        span = getattr(measured, key)
        if span is None:
            left_out.append(name)
        else:
            lines.append(line(name, "B", _rectangle(span), f"span {span:g} N·m"))
    w_pct = math.sqrt(sum(entry.w_pct**2 for entry in lines))
    return Budget(
        contributions=tuple(lines),
        left_out=tuple(left_out),
        deviation_pct=mean,
        w_pct=w_pct,
        expanded_pct=K * w_pct,
        interval_pct=K * w_pct + abs(mean) + abs(reference_deviation_pct),
    )


def _rectangle(span_nm: float) -> float:
    """Standard uncertainty of something that is anywhere within a span: `b / (2 sqrt 3)`."""
    return span_nm / (2.0 * math.sqrt(3.0))
