"""A report as PDF, A4, from the same values and the same plots as the page."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any
from xml.sax.saxutils import escape

from calibration.report.drawing import Plot, png_of
from calibration.report.pages import BAD, GOOD, Report, Section

if TYPE_CHECKING:
    from reportlab.platypus import Flowable

COLOURS = {GOOD: "#11694d", BAD: "#a92a3c"}
OPEN_COLOUR = "#86560b"
SOFT, LINE, TINT = "#59606a", "#d9dde2", "#f4f6f8"
WORDS = {GOOD: "good", BAD: "not good"}
OPEN_WORD = "not shown"
PLOT_MM = 165.0
COVER_PLOT_MM = 82.0


def pdf_of(report: Report) -> bytes:
    """The file."""
    from reportlab.lib.pagesizes import A4
    from reportlab.lib.units import mm
    from reportlab.platypus import PageBreak, SimpleDocTemplate

    data = io.BytesIO()
    document = SimpleDocTemplate(
        data, pagesize=A4, leftMargin=20 * mm, rightMargin=20 * mm, topMargin=16 * mm, bottomMargin=16 * mm,
        title=f"Calibration of {report.station}", author="Assembled by Me", invariant=1,
    )  # fmt: skip
    story = _cover(report)
    for section in report.sections:
        story += [PageBreak(), *_section(section)]

    def foot(canvas: Any, page: Any) -> None:
        canvas.setFont("Helvetica", 8)
        canvas.setFillColor(SOFT)
        canvas.drawString(20 * mm, 9 * mm, f"Calibration of {report.station}, {report.made}")
        canvas.drawRightString(190 * mm, 9 * mm, f"Page {page.page}")

    document.build(story, onFirstPage=foot, onLaterPages=foot)
    return data.getvalue()


def _cover(report: Report) -> list[Flowable]:
    colour = COLOURS.get(report.verdict, OPEN_COLOUR)
    story: list[Flowable] = [
        _words(f"Calibration of {escape(report.station)}", size=20, bold=True, after=3),
        _words(f"As of {report.made}", colour=SOFT, after=10),
        _banner(report.headline, colour),
    ]
    if report.advice:
        story.append(_words("What to do", size=11, bold=True, before=10, after=3, heads=True))
        story += [_words(f"\u2022 {escape(line)}", after=2) for line in report.advice]
    if report.rows:
        story.append(_words("What is calibrated", size=11, bold=True, before=10, after=3, heads=True))
        head = ["What", "Verdict", "How good", "Made", "Good until"]
        rows = [
            [
                f"<b>{escape(row.title)}</b>",
                _coloured(WORDS.get(row.verdict, OPEN_WORD), row.verdict),
                escape(row.text),
                row.age if row.age == "just now" else f"{row.age} ago",
                escape(row.expires),
            ]
            for row in report.rows
        ]
        story.append(_table([head, *rows], [28, 18, 80, 20, 24], head=True))
    if report.cover:
        story.append(_side_by_side(report.cover))
    return story


def _section(section: Section) -> list[Flowable]:
    word = WORDS.get(section.verdict, "not shown as good").capitalize()
    story: list[Flowable] = [
        _words(escape(section.title), size=15, bold=True, after=4),
        _words(f"{_coloured(f'{word}.', section.verdict)} {escape(section.text)}", after=8),
        _table([[f"<b>{escape(name)}</b>", escape(value)] for name, value in section.facts], [45, 125]),
    ]
    for plot in section.plots:
        story += _plot(plot, PLOT_MM)
    if section.figures:
        story.append(_words("Figures", size=11, bold=True, before=10, after=3, heads=True))
        pairs = [[escape(name), value] for name, value in section.figures]
        half = (len(pairs) + 1) // 2
        rows = [[*pairs[i], *(pairs[i + half] if i + half < len(pairs) else ["", ""])] for i in range(half)]
        story.append(_table(rows, [60, 25, 60, 25]))
    if section.log:
        story.append(_words("Put in force", size=11, bold=True, before=10, after=3, heads=True))
        rows = [[escape(part) for part in line] for line in section.log]
        story.append(_table([["When", "Who", "What", "Why"], *rows], [32, 24, 66, 48], head=True))
    story.append(_words(escape(section.frames), size=7.5, colour=SOFT, before=8))
    return story


def _coloured(word: str, verdict: str) -> str:
    return f'<font color="{COLOURS.get(verdict, OPEN_COLOUR)}"><b>{word}</b></font>'


def _plot(plot: Plot, width_mm: float) -> list[Flowable]:
    from reportlab.platypus import KeepTogether

    caption = _words(escape(plot.caption), size=8.5, colour=SOFT, after=6)
    return [KeepTogether([_words("", after=4), _image(plot, width_mm), caption])]


def _side_by_side(plots: tuple[Plot, ...]) -> Flowable:
    from reportlab.lib.units import mm
    from reportlab.platypus import Table

    captions = [_words(escape(plot.caption), size=7.5, colour=SOFT) for plot in plots]
    table = Table(
        [[_image(plot, COVER_PLOT_MM) for plot in plots], captions],
        colWidths=[(COVER_PLOT_MM + 3.0) * mm] * len(plots), hAlign="LEFT", spaceBefore=10,
    )  # fmt: skip
    table.setStyle([("VALIGN", (0, 0), (-1, -1), "TOP"), ("LEFTPADDING", (0, 0), (-1, -1), 0)])
    return table


def _image(plot: Plot, width_mm: float) -> Flowable:
    from reportlab.lib.units import mm
    from reportlab.platypus import Image

    ratio = plot.size_in[1] / plot.size_in[0]
    return Image(io.BytesIO(png_of(plot)), width=width_mm * mm, height=width_mm * ratio * mm, hAlign="LEFT")


def _words(
    text: str,
    *,
    size: float = 9.5,
    bold: bool = False,
    colour: str = "#16191d",
    before: float = 0,
    after: float = 0,
    heads: bool = False,
) -> Flowable:
    from reportlab.lib.styles import ParagraphStyle
    from reportlab.platypus import Paragraph

    style = ParagraphStyle(
        "words", fontName="Helvetica-Bold" if bold else "Helvetica", fontSize=size, leading=size * 1.35,
        textColor=colour, spaceBefore=before, spaceAfter=after, splitLongWords=True, keepWithNext=heads,
    )  # fmt: skip
    return Paragraph(text, style)


def _banner(text: str, colour: str) -> Flowable:
    from reportlab.lib.units import mm
    from reportlab.platypus import Table

    table = Table([[_words(escape(text), size=13, bold=True)]], colWidths=[170 * mm])
    table.setStyle(
        [("BACKGROUND", (0, 0), (-1, -1), TINT), ("LINEBEFORE", (0, 0), (0, -1), 5, colour),
         ("LEFTPADDING", (0, 0), (-1, -1), 10), ("TOPPADDING", (0, 0), (-1, -1), 7),
         ("BOTTOMPADDING", (0, 0), (-1, -1), 9)]
    )  # fmt: skip
    return table


def _table(rows: list[list[str]], widths_mm: list[float], *, head: bool = False) -> Flowable:
    from reportlab.lib.units import mm
    from reportlab.platypus import Table

    cells = [
        [_words(cell, size=8.5, colour=SOFT if head and number == 0 else "#16191d") for cell in row]
        for number, row in enumerate(rows)
    ]
    table = Table(cells, colWidths=[width * mm for width in widths_mm], repeatRows=1 if head else 0, hAlign="LEFT")
    table.setStyle(
        [("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.5, LINE),
         ("LEFTPADDING", (0, 0), (-1, -1), 0), ("TOPPADDING", (0, 0), (-1, -1), 2),
         ("BOTTOMPADDING", (0, 0), (-1, -1), 3)]
    )  # fmt: skip
    return table
