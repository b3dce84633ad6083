"""What a printed board really is: its scale from one length over all squares, its bow from pictures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from calibration.board import Board
from calibration.board_file import board_result
from calibration.intrinsics import BOW_CHANCE, LensResult
from calibration.observations import CalibrationError
from station.config.artefact import Artefact, Kind, Verdict

CALLIPER_SIGMA = 0.0002
"""Of a length over the whole board with a calliper, as a share of it: 0.05 mm of 240 mm."""
FARTHEST_SCALE = 0.06
"""A print that differs more from its design was misread, or is of another board."""
WORTH_MENDING = 0.005
"""So much off is harmless, for it is known; but the printer was not set to real size."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bow:
    """How a board is bent, as far as pictures tell."""

    along_x_mm: float
    along_y_mm: float
    """Height of the middle over the plane of the corners, by bending along each direction; into the board positive."""
    chi_square: float
    """Of two degrees of freedom, on a board that is flat."""
    views: int
    pictures: Mapping[str, str]
    """Name -> sha256."""

    @property
    def beyond_chance(self) -> bool:
        """Whether the pictures show a bow at all."""
        return self.along_x_mm != 0.0 or self.along_y_mm != 0.0


def print_scale(board: Board, printed_mm: float, doubt_mm: float | None = None) -> Board:
    """The board with the scale that a length over all its columns shows; `doubt_mm` is one standard deviation.

    Raises CalibrationError `calibration.not_this_length`.
    """
    designed = board.columns * board.square_mm
    scale, sigma = measured_scale(board.name, designed, f"{board.columns} squares", printed_mm, doubt_mm)
    return replace(board, print_scale=scale, print_scale_sigma=sigma)


def measured_scale(
    name: str, designed_mm: float, over: str, printed_mm: float, doubt_mm: float | None
) -> tuple[float, float]:
    """Scale of a print and one standard deviation of it. `over`: what the length goes over, for a person.

    Raises CalibrationError `calibration.not_this_length`, `calibration.no_doubt`.
    """
    scale = printed_mm / designed_mm if designed_mm else 0.0
    if not abs(scale - 1.0) <= FARTHEST_SCALE:
        raise CalibrationError(
            "calibration.not_this_length",
            f"board {name} is {designed_mm:g} mm over its {over} as designed, but measured {printed_mm:g} mm; measure "
            "between the two lines below them, in millimetres, and check that it is this board",
        )
    sigma = CALLIPER_SIGMA if doubt_mm is None else doubt_mm / designed_mm
    if not sigma > 0.0:
        raise CalibrationError(
            "calibration.no_doubt", f"a doubt of {doubt_mm:g} mm is none; give what your calliper is good for, as 0.05"
        )
    return scale, sigma


def bow_of(result: LensResult, pictures: Mapping[str, str]) -> Bow:
    """From a lens's adjustment, in which the board's bow was free along both directions."""
    return Bow(
        along_x_mm=float(result.bow_mm[0]),
        along_y_mm=float(result.bow_mm[1]),
        chi_square=result.bow_statistic,
        views=len(result.views),
        pictures=pictures,
    )


def board_artefact(
    board: Board, bow: Bow | None, *, printed_mm: float, made_utc: str, by: str, software: str
) -> Artefact:
    """The measured board, to be kept. `board` has its scale; a bow that the pictures show goes into it."""
    measured = replace(board, bow_mm=bow.along_x_mm + bow.along_y_mm) if bow is not None else board
    figures: dict[str, float | int] = {"printed_mm": printed_mm, "doubt_mm": board.print_scale_sigma * printed_mm}
    if bow is not None:
        figures |= {
            "bow_x_mm": bow.along_x_mm,
            "bow_y_mm": bow.along_y_mm,
            "bow_chi_square": bow.chi_square,
            "bow_views": bow.views,
        }
    return Artefact(
        kind=Kind.BOARD,
        subject=board.name,
        made_utc=made_utc,
        by=by,
        method="length over all columns" + ("" if bow is None else "; bow with the lens from pictures"),
        software=software,
        inputs={} if bow is None else dict(bow.pictures),
        result=board_result(measured),
        figures={name: round(value, 6) for name, value in figures.items()},
        verdict=_verdict(board, bow),
    )


def _verdict(board: Board, bow: Bow | None) -> Verdict:
    off = (board.print_scale - 1.0) * 100.0
    text = f"Board {board.name} is printed {board.print_scale:.4f} times as large as designed ({off:+.2f} %)"
    text += f", known to {board.print_scale_sigma * 100.0:.2f} %."
    if bow is not None and bow.beyond_chance:
        text += f" It is bent by {bow.along_x_mm:+.2f} mm along x and {bow.along_y_mm:+.2f} mm along y."
    elif bow is not None:
        chance = (1.0 - BOW_CHANCE) * 100.0
        text += f" {bow.views} pictures show no bow beyond chance (a flat board shows more in over {chance:.1f} %)."
    advice = ""
    if abs(board.print_scale - 1.0) > WORTH_MENDING:
        advice = "That is known now and does no harm; next time print in real size."
    return Verdict(good=True, text=text, advice=advice)
