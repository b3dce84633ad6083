"""Boards in rendered pictures: where their corners are, and why a picture is not taken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from support.rendered_board import CHARUCO, PLAIN, SIZE_PX, Shot, held, varied

from calibration.board import Board, bowed
from calibration.detection import BoardFinder, Found
from calibration.refusals import SENTENCES, Reason, Refusal

TILTED = held(0, 0, 340, 20, 10, 0)
SMALL = replace(CHARUCO, name="small", columns=6, rows=5)
SMALL_PLAIN = replace(PLAIN, name="small", columns=6, rows=5)
LARGE = replace(CHARUCO, name="large", columns=16, rows=11)


def found_in(picture: np.ndarray, board: Board) -> Found | Refusal:
    return BoardFinder(board).find(picture, camera="side", view=7)


def taken(shot: Shot, board: Board | None = None) -> Found:
    found = found_in(shot.grey(), board or shot.board)
    assert isinstance(found, Found), found
    return found


def refused(shot: Shot, board: Board = CHARUCO) -> Refusal:
    found = found_in(shot.grey(), board)
    assert isinstance(found, Refusal), "the picture was taken"
    return found


def error_px(found: Found, shot: Shot) -> np.ndarray:
    return np.asarray(found.view.corners_px - shot.true_px()[found.view.corner_ids])


@pytest.mark.parametrize("board", [CHARUCO, PLAIN], ids=["charuco", "plain"])
def test_corners_are_where_they_are(board: Board) -> None:
    """It should find nearly all corners of boards held every way, without bias and to a hundredth of a pixel."""
    errors = []
    for pose in varied(4, board=board):
        shot = Shot(camera_from_board=pose, board=board)
        found = taken(shot)
        assert len(found.view.corner_ids) >= 0.9 * len(board.nominal_mm())
        assert (found.view.camera, found.view.view) == ("side", 7)
        errors.append(error_px(found, shot))
    every = np.concatenate(errors)
    assert np.abs(every.mean(axis=0)).max() < 0.003
    assert np.sqrt((every**2).mean()) < 0.015 and np.abs(every).max() < 0.08


@pytest.mark.parametrize("board", [CHARUCO, PLAIN], ids=["charuco", "plain"])
def test_upside_down_is_as_good(board: Board) -> None:
    """It should give corner 0 its own place when the board stands on its head."""
    shot = Shot(camera_from_board=held(0, 0, 400, 20, 10, 180, board=board), board=board)
    assert np.abs(error_px(taken(shot), shot)).max() < 0.2


def test_both_patterns_are_known() -> None:
    """It should find the pattern of older OpenCV, whichever of the two it was told."""
    for legacy in (False, True):
        board = replace(CHARUCO, rows=8, legacy=legacy)
        shot = Shot(camera_from_board=TILTED, board=board)
        found = taken(shot, replace(board, legacy=not legacy))
        assert found.legacy is legacy
        assert np.abs(error_px(found, shot)).max() < 0.2


def test_a_board_is_described() -> None:
    """It should tell tilt, the closest corners, blur and the board's outline about as they are."""
    shot = Shot(camera_from_board=held(0, 0, 400, 0, 40, 0), blur_px=0.9)
    found = taken(shot)
    assert found.tilt_deg == pytest.approx(40, abs=3)
    assert found.look is not None and 0.8 < found.look.blur_px < 1.2
    assert found.fit_px < 0.1
    assert (np.abs(found.outline_px - found.outline_px.mean(axis=0)) > 100).all()


REFUSED = {
    Reason.NO_BOARD: (Shot(camera_from_board=held(0, 0, -300)), CHARUCO),
    Reason.MOTION: (Shot(camera_from_board=TILTED, motion_px=(6.4, 4.8)), CHARUCO),
    Reason.DEFOCUS: (Shot(camera_from_board=TILTED, blur_px=2.4), CHARUCO),
    Reason.FAR: (Shot(camera_from_board=held(0, 0, 1400)), CHARUCO),
    Reason.STEEP: (Shot(camera_from_board=held(0, 0, 340, 0, 71, 0)), CHARUCO),
    Reason.BRIGHT: (Shot(camera_from_board=TILTED, white=320, black=60), CHARUCO),
    Reason.DARK: (Shot(camera_from_board=TILTED, white=40, black=14, ground=20), CHARUCO),
    Reason.FEW_CORNERS: (Shot(camera_from_board=held(250, 130, 340)), CHARUCO),
    Reason.ONE_CORNER: (Shot(camera_from_board=held(240, 122, 330, board=LARGE), board=LARGE), LARGE),
    Reason.TWO_BOARDS: (
        Shot(
            camera_from_board=held(-90, 0, 340, board=SMALL),
            board=SMALL,
            beside=((SMALL, held(90, 0, 360, board=SMALL)),),
        ),
        SMALL,
    ),
}


@pytest.mark.parametrize("reason", REFUSED)
def test_what_cannot_be_used_is_refused_for_its_own_reason(reason: Reason) -> None:
    """It should name what is wrong with a picture, in a sentence without a gap."""
    refusal = refused(*REFUSED[reason])
    assert refusal.reason is reason, refusal.text
    assert "{" not in refusal.text


@pytest.mark.parametrize(
    ("shown", "wanted"),
    [
        (replace(CHARUCO, first_marker=200), CHARUCO),
        (replace(CHARUCO, dictionary="DICT_4X4_1000"), CHARUCO),
        (replace(CHARUCO, columns=11), CHARUCO),
        (replace(PLAIN, columns=9), PLAIN),
    ],
    ids=["other ids", "other dictionary", "other layout", "other squares"],
)
def test_another_board_is_not_mistaken_for_this_one(shown: Board, wanted: Board) -> None:
    """It should say that it is another board, and what of it shows that."""
    refusal = refused(Shot(camera_from_board=held(0, 0, 380, 20, 10, 0, board=shown), board=shown), wanted)
    assert refusal.reason is Reason.OTHER_BOARD
    assert wanted.name in refusal.text and refusal.words["seen"]


def test_a_mirrored_picture_is_refused() -> None:
    """It should say so instead of seeing no board, or a wrong one."""
    mirrored = Shot(camera_from_board=TILTED).grey()[:, ::-1]
    found = found_in(mirrored, CHARUCO)
    assert isinstance(found, Refusal) and found.reason is Reason.MIRRORED


def test_two_plain_boards_are_refused() -> None:
    """It should not take either of two chessboards that look the same."""
    twice = Shot(
        camera_from_board=held(-90, 0, 420, board=SMALL_PLAIN),
        board=SMALL_PLAIN,
        beside=((SMALL_PLAIN, held(90, 0, 440, board=SMALL_PLAIN)),),
    )
    assert refused(twice, SMALL_PLAIN).reason is Reason.TWO_BOARDS
    assert len(taken(replace(twice, beside=())).view.corner_ids) == 20


def test_a_creased_board_is_refused() -> None:
    """It should tell corners that lie on no flat board from those that a lens has bent."""
    finder = BoardFinder(CHARUCO)
    shot = Shot(camera_from_board=TILTED)
    flat = taken(shot)
    # Half of the board lies in another plane: its right half is shown from a pose that is a little different.
    other = Shot(camera_from_board=held(0, 0, 343, 20, 13, 0)).grey()
    picture = shot.grey().copy()
    seam = round(flat.view.corners_px[:, 0].mean())
    picture[:, seam:] = other[:, seam:]
    found = finder.find(picture, camera="side", view=1)
    assert isinstance(found, Refusal) and found.reason is Reason.NOT_FLAT, found


def test_empty_and_noisy_pictures_hold_no_board() -> None:
    """It should find nothing where nothing is, dark, bright or wild."""
    width, height = SIZE_PX
    rng = np.random.default_rng(3)
    pictures = {
        Reason.DARK: np.full((height, width), 4, dtype=np.uint8),
        Reason.BRIGHT: np.full((height, width), 255, dtype=np.uint8),
        Reason.NO_BOARD: rng.integers(0, 256, (height // 2, width // 2)).astype(np.uint8),
    }
    for board in (CHARUCO, PLAIN):
        for reason, picture in pictures.items():
            found = found_in(picture, board)
            assert isinstance(found, Refusal) and found.reason is reason


def test_every_reason_has_its_sentence() -> None:
    """It should have one for each."""
    assert set(SENTENCES) == set(Reason)


def test_a_bent_board_is_a_parabola() -> None:
    """It should put the middle of a bowed board behind the plane of its corners."""
    bent = bowed(CHARUCO.nominal_mm(), 0.15, 0.15)
    assert bent[0, 2] == pytest.approx(0.0) and bent[:, 2].max() == pytest.approx(0.3, abs=0.02)
