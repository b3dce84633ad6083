"""What a printed board is measured to be, and by whom it is believed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.rendered_board import CHARUCO, LENS, SIZE_PX, varied

from calibration.board import Board, bowed
from calibration.board_file import board_of
from calibration.board_measure import board_artefact, bow_of, print_scale
from calibration.intrinsics import LensResult, solve_lens
from calibration.lens_model import project
from calibration.observations import BoardView, CalibrationError, CameraSize, LensSet

CAMERA = CameraSize(camera="camera", width_px=SIZE_PX[0], height_px=SIZE_PX[1])


def solved(bow: tuple[float, float], seed: int = 2) -> LensResult:
    """A lens from corners of a bent board, with a tenth of a pixel of noise."""
    rng = np.random.default_rng(seed)
    bent = bowed(CHARUCO.nominal_mm(), *bow)
    views = []
    for number, pose in enumerate(varied(15, seed)):
        pixels = project(pose.apply(bent), np.array(LENS)) + rng.normal(0, 0.1, (len(bent), 2))
        views.append(BoardView(camera="camera", view=number, corner_ids=np.arange(len(bent)), corners_px=pixels))
    return solve_lens(LensSet(camera=CAMERA, board=CHARUCO, views=tuple(views)))


def kept(board: Board, bow: tuple[float, float] | None = None) -> Board:
    found = bow_of(solved(bow), {"01.png": "0" * 64}) if bow is not None else None
    artefact = board_artefact(
        board, found, printed_mm=239.6, made_utc="2026-11-26T04:00:00+00:00", by="Ken", software="1"
    )
    assert artefact.verdict.good and artefact.subject == board.name
    return board_of(artefact)


def test_the_scale_is_one_length_over_the_whole_board() -> None:
    """It should know the print to 0.02 % by calliper, or to what the person says, and put the corners there."""
    measured = print_scale(CHARUCO, 239.6)
    assert (measured.print_scale, measured.print_scale_sigma) == (pytest.approx(239.6 / 240), 0.0002)
    assert print_scale(CHARUCO, 239.6, 0.12).print_scale_sigma == pytest.approx(0.0005)
    assert np.ptp(measured.printed_mm()[:, 0]) == pytest.approx(200 * 239.6 / 240)
    assert kept(measured) == measured


@pytest.mark.parametrize("printed_mm", [24.0, 2400.0, 200.0, 0.0, -240.0, float("nan")])
def test_a_misread_length_is_refused(printed_mm: float) -> None:
    """It should not take centimetres, inner corners or nonsense for the board's length."""
    with pytest.raises(CalibrationError, match="240 mm over its 12 squares"):
        print_scale(CHARUCO, printed_mm)


def test_a_length_without_doubt_is_refused() -> None:
    """It should not believe a length exactly."""
    with pytest.raises(CalibrationError, match="none; give what your calliper is good for"):
        print_scale(CHARUCO, 240.0, 0.0)


def test_a_bent_board_is_told_from_a_flat_one() -> None:
    """It should find 0.3 mm of bow to a few hundredths, and none where there is none."""
    board = print_scale(CHARUCO, 239.6)
    assert kept(board, (0.2, 0.1)).bow_mm == pytest.approx(0.3, abs=0.05)
    assert kept(board, (0.0, 0.0)) == replace(board, bow_mm=0.0)
