"""A report as one HTML file: nothing beside it, readable in a dark room, printable."""

from __future__ import annotations

from pathlib import Path

from calibration.report.drawing import svg_of
from calibration.report.pages import Report

TEMPLATE = "report.html.j2"


def html_of(report: Report) -> str:
    """The file's text."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup

    # The plots' SVG is this program's own; every other text is escaped.
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    environment.filters["svg"] = lambda plot: Markup(svg_of(plot))
    return environment.get_template(TEMPLATE).render(report=report)
