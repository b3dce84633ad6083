"""Draws on the pages of a PDF in millimetres from the middle of the page, at true scale."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from station.desk_kit.geometry import Point, PrintedTag
from station.desk_kit.tag_bitmaps import CELLS, QUIET_CELLS, cells_of

POINTS_PER_MM = 72.0 / 25.4
FONT, BOLD = "Helvetica", "Helvetica-Bold"
GREY = 0.55
RULER_MM = 100


class Pen:
    """One PDF file, page after page. Fonts are those that every reader has: nothing is embedded."""

    def __init__(self, path: Path, paper_mm: Point, *, scale: float = 1.0) -> None:
        """`scale` draws everything so much larger: what a printer takes off is given before."""
        from reportlab.pdfgen import canvas

        self._paper_mm = paper_mm
        self._scale = scale
        # Invariant: the same kit is the same file, byte for byte.
        self._canvas: Any = canvas.Canvas(str(path), invariant=1)
        self._canvas.setTitle("Assembled by Me: the desk kit")

    def page(self, *, landscape: bool = False) -> None:
        """Begin a page."""
        width, height = self._paper_mm[::-1] if landscape else self._paper_mm
        self._canvas.setPageSize((width * POINTS_PER_MM, height * POINTS_PER_MM))
        self._canvas.translate(width / 2 * POINTS_PER_MM, height / 2 * POINTS_PER_MM)
        self._canvas.scale(POINTS_PER_MM * self._scale, POINTS_PER_MM * self._scale)

    def end_page(self) -> None:
        """Finish the page."""
        self._canvas.showPage()

    def save(self) -> None:
        """Write the file."""
        self._canvas.save()

    def line(self, *points: Point, width: float = 0.25, dash: tuple[float, float] | None = None) -> None:
        """A line through points; with `dash` [on, off] mm it is a fold."""
        path = self._canvas.beginPath()
        path.moveTo(*points[0])
        for point in points[1:]:
            path.lineTo(*point)
        self._canvas.setLineWidth(width)
        self._canvas.setDash(list(dash) if dash else [])
        self._canvas.setStrokeGray(0.0)
        self._canvas.drawPath(path, stroke=1, fill=0)
        self._canvas.setDash([])

    def closed(
        self, outline: tuple[Point, ...], *, width: float = 0.25, dash: tuple[float, float] | None = None
    ) -> None:
        """An outline."""
        self.line(*outline, outline[0], width=width, dash=dash)

    def area(self, outline: tuple[Point, ...], colour: tuple[float, float, float]) -> None:
        """A filled area; red, green, blue from 0 to 1."""
        path = self._canvas.beginPath()
        path.moveTo(*outline[0])
        for point in outline[1:]:
            path.lineTo(*point)
        path.close()
        self._canvas.setFillColorRGB(*colour)
        self._canvas.drawPath(path, stroke=0, fill=1)

    def ring(self, middle: Point, radius_mm: float, *, width: float = 0.4) -> None:
        """A circle."""
        self._canvas.setLineWidth(width)
        self._canvas.setStrokeGray(0.0)
        self._canvas.circle(*middle, radius_mm, stroke=1, fill=0)

    def text(self, at: Point, words: str, *, size_mm: float = 4.0, bold: bool = False, middle: bool = True) -> None:
        """A line of words; `at` is the middle (or the beginning) of its base line. `size_mm` is the font's size."""
        self._canvas.setFillGray(0.0)
        self._canvas.setFont(BOLD if bold else FONT, size_mm)
        draw = self._canvas.drawCentredString if middle else self._canvas.drawString
        draw(*at, words)

    def squares(self, corner: Point, cell_mm: float, rows: list[list[bool]]) -> None:
        """Black squares where a row says so; `corner` is the upper left one. Neighbours are one path, without seams."""
        path = self._canvas.beginPath()
        x0, y0 = corner
        for row, line in enumerate(rows):
            start: int | None = None
            for column, black in enumerate([*line, False]):
                if black and start is None:
                    start = column
                elif not black and start is not None:
                    path.rect(x0 + start * cell_mm, y0 - (row + 1) * cell_mm, (column - start) * cell_mm, cell_mm)
                    start = None
        self._canvas.setFillGray(0.0)
        self._canvas.drawPath(path, stroke=0, fill=1, fillMode=1)

    def tag(self, tag: PrintedTag) -> None:
        """An AprilTag with white around it."""
        cell = tag.size_mm / CELLS
        half, edge = tag.size_mm / 2, tag.size_mm / 2 + QUIET_CELLS * cell
        x, y = tag.at_mm
        self.area(((x - edge, y - edge), (x + edge, y - edge), (x + edge, y + edge), (x - edge, y + edge)), (1, 1, 1))
        self.squares((x - half, y + half), cell, cells_of(tag.tag_id).tolist())

    def picture(self, grey: Any, at: Point, size_mm: Point) -> None:
        """A grey picture (height, width), its middle and its size."""
        from PIL import Image
        from reportlab.lib.utils import ImageReader

        x, y = at
        self._canvas.drawImage(
            ImageReader(Image.fromarray(grey)), x - size_mm[0] / 2, y - size_mm[1] / 2, size_mm[0], size_mm[1]
        )

    def ruler(self, middle: Point) -> None:
        """100 mm with its marks, and what to do with it."""
        x0, y = middle[0] - RULER_MM / 2, middle[1]
        self.line((x0, y), (x0 + RULER_MM, y), width=0.3)
        for mm in range(RULER_MM + 1):
            length = 5.0 if mm % 10 == 0 else 3.5 if mm % 5 == 0 else 2.0
            self.line((x0 + mm, y), (x0 + mm, y + length), width=0.15)
        for mm in range(0, RULER_MM + 1, 10):
            self.text((x0 + mm, y + 5.8), str(mm), size_mm=2.6)
        self.text(
            (middle[0], y - 3.6),
            'From 0 to 100 this must measure 100 mm: print at 100 %, not "fit to page".',
            size_mm=2.9,
        )
