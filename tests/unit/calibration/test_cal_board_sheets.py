"""Printed boards: what is on the paper is what the station looks for, in real millimetres."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pypdfium2
import pytest

from calibration.board import Board
from calibration.board_file import read_board, write_board
from calibration.board_sheets import (
    DEFAULT_SQUARES,
    FOOT_MM,
    PAPERS_MM,
    SIDE_MM,
    TOP_MM,
    TagBoard,
    write_charuco,
    write_tags,
)
from calibration.detection import BoardFinder, Found
from calibration.observations import CalibrationError
from vision.apriltag_detector import AprilTagDetector

PX_PER_MM = 5.0
ON_PAPER = 0.05
"""mm: a quarter of a pixel of the rendered page."""


def printed(path: Path) -> np.ndarray:
    """(height, width) of the only page of a PDF."""
    document = pypdfium2.PdfDocument(str(path))
    try:
        assert len(document) == 1
        return np.asarray(document[0].render(scale=PX_PER_MM * 25.4 / 72).to_pil().convert("L"))
    finally:
        document.close()


def default(paper: str) -> Board:
    columns, rows, square_mm = DEFAULT_SQUARES[paper]
    return Board(name="b", columns=columns, rows=rows, square_mm=square_mm, marker_mm=0.75 * square_mm)


def on_page_mm(pixels: np.ndarray, page: np.ndarray, paper: str) -> np.ndarray:
    """In mm from the page's upper left edge. The page is stretched to whole pixels."""
    return np.asarray(pixels * np.array(PAPERS_MM[paper]) / page.shape[::-1])


@pytest.mark.parametrize("paper", PAPERS_MM)
def test_a_board_is_printed_true(paper: str, tmp_path: Path) -> None:
    """It should fill each paper with a board whose every corner is found in its place, in real size."""
    board = default(paper)
    write_charuco(tmp_path / "b.pdf", board, paper)
    page = printed(tmp_path / "b.pdf")
    assert page.shape == pytest.approx((PAPERS_MM[paper][1] * PX_PER_MM, PAPERS_MM[paper][0] * PX_PER_MM), abs=1)
    # Paper in a camera is no whiter than this.
    found = BoardFinder(board).find((page * 0.9).astype(np.uint8), camera="page", view=0)
    assert isinstance(found, Found), found
    assert len(found.view.corner_ids) == (board.columns - 1) * (board.rows - 1)
    # A pixel's middle lies half a pixel inside.
    at = on_page_mm(found.view.corners_px + 0.5, page, paper)
    first = at[0] - board.nominal_mm()[found.view.corner_ids[0], :2]
    assert np.abs(at - first - board.nominal_mm()[found.view.corner_ids, :2]).max() < ON_PAPER
    # The board lies in the middle of what ruler and edges leave.
    middle = at.mean(axis=0)
    width, height = PAPERS_MM[paper]
    assert middle == pytest.approx([width / 2, TOP_MM + (height - TOP_MM - FOOT_MM) / 2], abs=ON_PAPER)


def test_its_ruler_is_a_hundred_millimetres(tmp_path: Path) -> None:
    """It should carry a scale whose 0 and 100 are 100 mm apart, and two lines that are the board's width apart."""
    board = default("a4")
    write_charuco(tmp_path / "b.pdf", board, "a4")
    page = printed(tmp_path / "b.pdf")
    base = round((PAPERS_MM["a4"][1] - 9.0) * PX_PER_MM)
    # Just above the base line only each tenth tick is so long.
    ticks = np.flatnonzero(page[base - round(4.5 * PX_PER_MM), : round((SIDE_MM + 104) * PX_PER_MM)] < 160)
    assert (ticks[-1] - ticks[0]) / PX_PER_MM == pytest.approx(100.0, abs=2 / PX_PER_MM)
    left = (PAPERS_MM["a4"][0] - 240.0) / 2
    below = round((TOP_MM + (210 - TOP_MM - FOOT_MM + 180) / 2 + 2.5) * PX_PER_MM)
    lines = np.flatnonzero(page[below] < 160) / PX_PER_MM
    assert lines.min() == pytest.approx(left, abs=0.4) and lines.max() == pytest.approx(left + 240.0, abs=0.4)


@pytest.mark.parametrize("first", [0, 120])
def test_tags_are_printed_where_their_file_says(first: int, tmp_path: Path) -> None:
    """It should print each tag upright at its place, with ids from the first on."""
    board = TagBoard(name="t", columns=5, rows=3, tag_mm=40.0, first_tag=first)
    write_tags(tmp_path / "t.pdf", board, "a4")
    page = np.array(printed(tmp_path / "t.pdf"))
    middle = np.array([PAPERS_MM["a4"][0] / 2, TOP_MM + (210 - TOP_MM - FOOT_MM) / 2])
    seen = {tag.tag_id: np.array(tag.corners) for tag in AprilTagDetector(1.0).detect(page) if tag.hamming == 0}
    assert sorted(seen) == list(range(first, first + 15))
    for mount in board.body().tags:
        on_sheet = mount.corners_mm()[:, :2] * [1, -1] + middle
        # The detector begins at the upper right corner and goes on against the clock.
        assert np.abs(on_page_mm(seen[mount.tag_id][[1, 0, 3, 2]], page, "a4") - on_sheet).max() < 0.15


def test_the_same_board_is_the_same_file(tmp_path: Path) -> None:
    """It should write the same bytes each time."""
    for name in ("one.pdf", "two.pdf"):
        write_charuco(tmp_path / name, default("letter"), "letter")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def test_a_board_that_does_not_fit_is_refused(tmp_path: Path) -> None:
    """It should say how much room there is, and write nothing; ids that a dictionary lacks likewise."""
    with pytest.raises(CalibrationError, match="room for 281 x 181 mm") as refused:
        write_charuco(tmp_path / "b.pdf", default("a3"), "a4")
    assert refused.value.code == "calibration.board_too_large"
    with pytest.raises(CalibrationError, match="0 to 999, not 1000"):
        write_charuco(tmp_path / "b.pdf", replace(default("a4"), first_marker=990), "a4")
    assert not list(tmp_path.iterdir())


def test_a_board_survives_its_file(tmp_path: Path) -> None:
    """It should read back what it wrote, and say in a sentence what is wrong with a damaged file."""
    board = replace(default("a4"), print_scale=0.9983, bow_mm=0.12, legacy=True, first_marker=60)
    write_board(tmp_path / "b.json", board)
    assert read_board(tmp_path / "b.json") == board
    by_hand = 'name = "mine"\ncolumns = 12\nrows = 9\nsquare_mm = 20.0\nmarker_mm = 15.0\n'
    (tmp_path / "b.toml").write_text(by_hand)
    assert read_board(tmp_path / "b.toml").columns == 12
    for text, said in (
        (by_hand + "size = 3\n", "size"),
        (by_hand.replace("15.0", "25.0"), "markers are smaller"),
        ("no toml", "cannot be read"),
    ):
        (tmp_path / "b.toml").write_text(text)
        with pytest.raises(CalibrationError, match=said):
            read_board(tmp_path / "b.toml")
    with pytest.raises(CalibrationError, match="is not there"):
        read_board(tmp_path / "none.json")
