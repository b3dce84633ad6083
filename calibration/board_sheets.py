"""Boards to print: ChArUco and AprilTags at true scale, with a ruler that says whether the printer kept it.

Sheet frame for drawing: millimetres, x right and y down from the upper left corner of the paper.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from calibration.board import Board
from calibration.observations import CalibrationError
from vision.bench import Body, TagMount
from vision.geometry import Array, Transform

PAPERS_MM = {"a4": (297.0, 210.0), "a3": (420.0, 297.0), "a2": (594.0, 420.0), "letter": (279.4, 215.9)}
"""Width and height of a page that lies on its side."""
SIDE_MM, TOP_MM, FOOT_MM = 8.0, 7.0, 22.0
"""White left and right, above, and below for ruler and words."""
RULER_MM = 100
TAG_DICTIONARY = "DICT_APRILTAG_36h11"
TAG_GAP_SHARE = 0.3
"""White between two tags, of a tag's size."""
DEFAULT_SQUARES = {"a4": (12, 9, 20.0), "a3": (16, 11, 24.0), "a2": (16, 11, 35.0), "letter": (12, 9, 20.0)}
"""Columns, rows, mm: what fills each paper."""
DEFAULT_TAGS = {"a4": (5, 3, 40.0), "a3": (6, 4, 45.0), "a2": (6, 4, 65.0), "letter": (4, 3, 40.0)}
MARKER_SHARE = 0.75
"""Of a marker in its square: large to be read, with white enough for the corners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TagBoard:
    """A grid of AprilTags 36h11."""

    name: str
    columns: int
    rows: int
    tag_mm: float
    first_tag: int = 0

    @property
    def pitch_mm(self) -> float:
        """From tag to tag."""
        return self.tag_mm * (1.0 + TAG_GAP_SHARE)

    @property
    def size_mm(self) -> tuple[float, float]:
        """Over all tags."""
        white = self.pitch_mm - self.tag_mm
        return self.columns * self.pitch_mm - white, self.rows * self.pitch_mm - white

    def body(self) -> Body:
        """As vision finds it: the origin is the middle, x right, y up on the sheet, z out of the paper."""
        tags = []
        for number in range(self.columns * self.rows):
            row, column = divmod(number, self.columns)
            at = (column - (self.columns - 1) / 2) * self.pitch_mm, ((self.rows - 1) / 2 - row) * self.pitch_mm
            tags.append(
                TagMount(tag_id=self.first_tag + number, size_mm=self.tag_mm, body_from_tag=Transform.of(*at, 0.0))
            )
        return Body(name=self.name, tags=tuple(tags))


def write_charuco(path: Path, board: Board, paper: str) -> None:
    """One page. Raises CalibrationError `calibration.board_too_large`, OSError."""
    size = board.columns * board.square_mm, board.rows * board.square_mm
    corner = _placed(size, paper)
    sheet = _Sheet(path, paper, f"Calibration board {board.name}")
    black = []
    for row in range(board.rows):
        for column in range(board.columns):
            if _is_black(board, row, column):
                x, y = corner[0] + column * board.square_mm, corner[1] + row * board.square_mm
                black.append((x, y, board.square_mm, board.square_mm))
    for tag_id, at in _markers(board).items():
        black += _cells(board.dictionary, tag_id, corner[0] + at[0], corner[1] + at[1], board.marker_mm)
    sheet.black(black)
    last = board.first_marker + board.columns * board.rows // 2 - 1
    sheet.foot(
        corner,
        size,
        (
            f"{board.name}: ChArUco, {board.columns} x {board.rows} squares of {board.square_mm:g} mm, markers "
            f"{board.marker_mm:g} mm, {board.dictionary.removeprefix('DICT_').lower()}, "
            f"ids {board.first_marker} to {last}",
            f"Measure between the two lines below the squares: {size[0]:g} mm as designed.",
            "Then: station calibrate board measure --board FILE --printed-mm LENGTH",
        ),
    )
    sheet.save()


def write_tags(path: Path, board: TagBoard, paper: str) -> None:
    """One page. Raises CalibrationError `calibration.board_too_large`, OSError."""
    corner = _placed(board.size_mm, paper)
    sheet = _Sheet(path, paper, f"Tags {board.name}")
    black = []
    for number in range(board.columns * board.rows):
        row, column = divmod(number, board.columns)
        at = corner[0] + column * board.pitch_mm, corner[1] + row * board.pitch_mm
        black += _cells(TAG_DICTIONARY, board.first_tag + number, *at, board.tag_mm)
    sheet.black(black)
    last = board.first_tag + board.columns * board.rows - 1
    sheet.foot(
        corner,
        board.size_mm,
        (
            f"{board.name}: AprilTag 36h11, {board.columns} x {board.rows} tags of {board.tag_mm:g} mm "
            f"every {board.pitch_mm:g} mm, ids {board.first_tag} to {last}",
            f"Measure between the two lines below the tags: {board.size_mm[0]:g} mm as designed.",
            "Then: station calibrate board measure --board FILE --printed-mm LENGTH",
        ),
    )
    sheet.save()


def _is_black(board: Board, row: int, column: int) -> bool:
    """The first square is black; in the old pattern white where the number of rows is even."""
    odd = 1 if board.legacy and board.rows % 2 == 0 else 0
    return (row + column) % 2 == odd


def _markers(board: Board) -> dict[int, Array]:
    """Id -> upper left corner of the marker from the board's upper left corner, mm."""
    inset = (board.square_mm - board.marker_mm) / 2
    white = [
        (row, column)
        for row in range(board.rows)
        for column in range(board.columns)
        if not _is_black(board, row, column)
    ]
    return {
        board.first_marker + number: np.array([column, row]) * board.square_mm + inset
        for number, (row, column) in enumerate(white)
    }


def _cells(dictionary: str, tag_id: int, x: float, y: float, side_mm: float) -> list[tuple[float, float, float, float]]:
    """Black rectangles of a marker: runs of cells."""
    import cv2

    code: Any = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, dictionary))
    if not 0 <= tag_id < len(code.bytesList):
        raise CalibrationError(
            "calibration.no_such_marker",
            f"{dictionary} has the ids 0 to {len(code.bytesList) - 1}, not {tag_id}; begin with a smaller one",
        )
    count = code.markerSize + 2
    black = np.asarray(cv2.aruco.generateImageMarker(code, tag_id, count)) < 128
    cell = side_mm / count
    found = []
    for row, line in enumerate(black):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], line.astype(int), [0]])))
        for start, end in edges.reshape(-1, 2).tolist():
            found.append((x + start * cell, y + row * cell, (end - start) * cell, cell))
    return found


def _placed(size_mm: tuple[float, float], paper: str) -> tuple[float, float]:
    """Upper left corner of a board in the middle of its page."""
    width, height = PAPERS_MM[paper]
    room = width - 2 * SIDE_MM, height - TOP_MM - FOOT_MM
    if size_mm[0] > room[0] or size_mm[1] > room[1]:
        raise CalibrationError(
            "calibration.board_too_large",
            f"a board of {size_mm[0]:g} x {size_mm[1]:g} mm does not fit on {paper.upper()}, which has room for "
            f"{room[0]:g} x {room[1]:g} mm; take fewer or smaller squares, or a larger paper",
        )
    return (width - size_mm[0]) / 2, TOP_MM + (room[1] - size_mm[1]) / 2


class _Sheet:
    """One page of a PDF. Fonts are those that every reader has; the same board is the same file, byte for byte."""

    def __init__(self, path: Path, paper: str, title: str) -> None:
        from reportlab.pdfgen import canvas

        self._paper_mm = PAPERS_MM[paper]
        points = 72.0 / 25.4
        width, height = self._paper_mm
        self._canvas: Any = canvas.Canvas(str(path), pagesize=(width * points, height * points), invariant=1)
        self._canvas.setTitle(title)
        self._canvas.scale(points, points)

    def black(self, rectangles: list[tuple[float, float, float, float]]) -> None:
        """Fill (x, y, width, height), all as one path: neighbours have no seams."""
        path = self._canvas.beginPath()
        for x, y, width, height in rectangles:
            path.rect(x, self._paper_mm[1] - y - height, width, height)
        self._canvas.setFillGray(0.0)
        self._canvas.drawPath(path, stroke=0, fill=1, fillMode=1)

    def foot(self, corner: tuple[float, float], size: tuple[float, float], lines: tuple[str, ...]) -> None:
        """Ruler, words and the lines to measure between below the board; a mark at its upper left corner."""
        base = self._paper_mm[1] - 9.0
        self._ruler(SIDE_MM, base)
        for number, line in enumerate((*lines, 'Print in real size: 100 %, not "fit to page".')):
            self._words(SIDE_MM + RULER_MM + 8.0, base - 5.0 + 3.6 * number, line, 2.7)
        below = corner[1] + size[1] + 1.0
        self.black([(corner[0] + end - 0.1, below, 0.2, 3.5) for end in (0.0, size[0])])
        x, y = corner[0], corner[1] - 1.5
        path = self._canvas.beginPath()
        path.moveTo(x, self._paper_mm[1] - y)
        path.lineTo(x + 4.0, self._paper_mm[1] - y)
        path.lineTo(x + 2.0, self._paper_mm[1] - y + 3.0)
        path.close()
        self._canvas.drawPath(path, stroke=0, fill=1)
        self._words(x + 5.0, y, "top left", 2.7)

    def save(self) -> None:
        """Write the file."""
        self._canvas.showPage()
        self._canvas.save()

    def _ruler(self, x: float, y: float) -> None:
        ticks = [(x, y - 0.15, float(RULER_MM), 0.3)]
        for mm in range(RULER_MM + 1):
            length = 5.0 if mm % 10 == 0 else 3.5 if mm % 5 == 0 else 2.0
            ticks.append((x + mm - 0.075, y - length, 0.15, length))
        self.black(ticks)
        for mm in range(0, RULER_MM + 1, 10):
            self._canvas.setFont("Helvetica", 2.4)
            self._canvas.drawCentredString(x + mm, self._paper_mm[1] - y - 2.6, str(mm))
        self._words(x, y + 6.2, "From 0 to 100 this must measure 100 mm.", 2.7)

    def _words(self, x: float, y: float, text: str, size_mm: float) -> None:
        self._canvas.setFillGray(0.0)
        self._canvas.setFont("Helvetica", size_mm)
        self._canvas.drawString(x, self._paper_mm[1] - y, text)
