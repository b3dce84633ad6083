"""How the plots of a report look, and how one becomes SVG for a page or a picture for a PDF.

Text and axes are drawn in one nearly black colour; in SVG that becomes `currentColor`, so that a plot reads on a dark
page as on a light one. The other colours tell apart with every usual colour blindness.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

INK = "#010203"
BLUE, ORANGE, GREEN, RED, GREY = "#3b7dd8", "#e08a1e", "#1f9e77", "#d1495b", "#8a8f98"
SIZE_IN = (6.4, 3.9)
DPI = 200

_STYLE: Mapping[str, Any] = MappingProxyType(
    {
        "font.family": "sans-serif",
        "font.size": 9,
        "text.color": INK,
        "axes.edgecolor": INK,
        "axes.labelcolor": INK,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.7,
        "axes.titlesize": 10,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "xtick.color": INK,
        "ytick.color": INK,
        "legend.frameon": False,
        "grid.color": GREY,
        "grid.alpha": 0.3,
        "grid.linewidth": 0.6,
        "svg.fonttype": "none",
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plot:
    """A plot that can be drawn, and its words for who cannot see it."""

    name: str
    """Unique in a report; letters, digits and dashes."""
    caption: str
    """What it shows and how to read it, in a sentence or two."""
    draw: Callable[[Axes], None]
    size_in: tuple[float, float] = SIZE_IN


def _style(plot: Plot) -> Any:
    # The library's type of this is a literal of all its settings.
    return {**_STYLE, "svg.hashsalt": plot.name}


def figure_of(plot: Plot) -> Figure:
    """Drawn, without a window system."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    with rc_context(_style(plot)):
        figure = Figure(figsize=plot.size_in, layout="constrained")
        plot.draw(figure.add_subplot())
    return figure


def svg_of(plot: Plot) -> str:
    """An `<svg>` to stand in a page: no declaration, ids of its own, the same text each time."""
    from matplotlib import rc_context

    text = io.StringIO()
    with rc_context(_style(plot)):
        figure_of(plot).savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :].replace(INK, "currentColor")
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'id="([^"]+)"', rf'id="{plot.name}-\1"', svg)
    svg = re.sub(r'(href="#|url\(#)', rf"\g<1>{plot.name}-", svg)
    # The first size is the drawing's own; the page decides how wide it is shown.
    return re.sub(r'^(<svg[^>]*?) width="[^"]*"', r"\1", re.sub(r'^(<svg[^>]*?) height="[^"]*"', r"\1", svg))


def png_of(plot: Plot) -> bytes:
    """As a picture on white."""
    from matplotlib import rc_context

    data = io.BytesIO()
    with rc_context(_style(plot)):
        figure_of(plot).savefig(data, format="png", dpi=DPI, facecolor="white")
    return data.getvalue()
