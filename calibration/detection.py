"""Finds a board in a picture: its corners to a hundredth of a pixel, or the one reason why it is not taken.

ChArUco boards by OpenCV's detector, in the new and the old pattern; plain chessboards by the classic one (the
sector-based one misses large boards and, on small ones, finds corners where none are). Corners are refined afterwards.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from calibration.board import Board
from calibration.board_sharpness import Look, look_at, marker_blur_px
from calibration.corner_refinement import Grey, half_window, refined, spacing_px
from calibration.flat_figure import flat_fit, other_squares, outer_px, right_way_up, through, tilt_deg
from calibration.observations import BoardView, Ids
from calibration.refusals import Reason, Refusal
from vision.geometry import Array

CORNERS_NEEDED = 12
"""Of a view; two thirds of them on a board with at most 24."""
SMALLEST_SPACING_PX = 10.0
NEEDED_SPACING_PX = 20.0
"""What people are asked for: markers are told from about there."""
FARTHER = 2.0
"""A picture is looked at so much larger to tell a board that is too far from none."""
STEEPEST_DEG = 65.0
BLUR_LIMIT_PX = 1.5
LEAST_CONTRAST = 40.0
DARK_MEAN, BRIGHT_SHARE = 30.0, 0.6
FLAT_LIMIT_PX = 0.4
LEAST_REACH = 0.12
"""Of the board's width and height: the smaller of the two that the corners must cover."""
MOTION_RATIO = 1.3
MARKERS_NEEDED = 4
OTHER_DICTIONARIES = ("DICT_4X4_100", "DICT_5X5_1000", "DICT_6X6_1000")
"""Of boards, without the thousand weakest codes: any blurred square looks like one of those. AprilTags are no
board: they stand on every bench."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Found:
    """A board that was found, and how well it is seen."""

    view: BoardView
    outline_px: Array
    """(4, 2) outer corners of the printed squares: top left, top right, bottom right, bottom left of the board."""
    spacing_px: float
    """Smallest distance of neighbouring corners."""
    tilt_deg: float
    """Between the board's normal and the view, from how much shorter one direction is: needs no lens."""
    fit_px: float
    """How far the corners lie off a smooth picture of a flat board; NaN with too few corners to tell."""
    look: Look | None
    """Blur and light; None where no whole squares are seen."""
    legacy: bool
    """Whether the old pattern was seen."""


class BoardFinder:
    """Finds one board. Holds OpenCV's detectors, which are slow to make; owned by one thread."""

    def __init__(self, board: Board, *, blur_limit_px: float = BLUR_LIMIT_PX) -> None:
        self.board = board
        self.blur_limit_px = blur_limit_px
        # The two patterns differ only where the number of rows is even.
        patterns = (board.legacy, not board.legacy) if board.rows % 2 == 0 else (board.legacy,)
        self._detectors = [] if board.marker_mm == 0.0 else [_detector(board, old) for old in patterns]
        total = board.corners[0] * board.corners[1]
        self.needed = CORNERS_NEEDED if total > 24 else min(8, total)

    def find(self, grey: Grey, *, camera: str, view: int, t_s: float = 0.0) -> Found | Refusal:
        """Look for the board in a grey picture (height, width)."""
        grey = np.ascontiguousarray(grey)
        seen = self._by_markers(grey) if self._detectors else self._by_squares(grey)
        if isinstance(seen, Refusal):
            return seen
        ids, rough, legacy = seen
        if len(ids) < self.needed:
            return _few(len(ids), self.needed)
        spacing = spacing_px(self.board, ids, rough)
        if not spacing >= SMALLEST_SPACING_PX:
            return _far(spacing)
        exact, good = refined(grey, rough, half_window(self.board, spacing))
        ids, exact = ids[good], exact[good]
        if len(ids) < self.needed:
            return _few(len(ids), self.needed)
        board = replace(self.board, legacy=legacy)
        if not _reaches(board, ids):
            return Refusal(reason=Reason.ONE_CORNER)
        found = self._described(
            grey, board, BoardView(camera=camera, view=view, corner_ids=ids, corners_px=exact, t_s=t_s)
        )
        return self._judged(found) or found

    def _described(self, grey: Grey, board: Board, view: BoardView) -> Found:
        nominal = board.nominal_mm()[view.corner_ids, :2]
        picture_from_board, fit_px = flat_fit(nominal, view.corners_px)
        side = board.square_mm
        far_x, far_y = (board.columns - 1) * side, (board.rows - 1) * side
        outline = np.array([[-side, -side], [far_x, -side], [far_x, far_y], [-side, far_y]])
        return Found(
            view=view,
            outline_px=through(picture_from_board, outline),
            spacing_px=spacing_px(board, view.corner_ids, view.corners_px),
            tilt_deg=tilt_deg(picture_from_board, nominal.mean(axis=0)),
            fit_px=fit_px,
            look=look_at(grey, board, view.corner_ids, view.corners_px),
            legacy=board.legacy,
        )

    def _judged(self, found: Found) -> Refusal | None:
        look = found.look
        if look is not None and look.white_share > 0.5:
            return Refusal(reason=Reason.BRIGHT)
        if look is not None and look.contrast < LEAST_CONTRAST:
            return Refusal(reason=Reason.DARK, words={"contrast": f"{look.contrast:.0f}"})
        if look is not None and look.blur_px > self.blur_limit_px:
            moved = look.blur_px > MOTION_RATIO * look.least_blur_px
            return Refusal(reason=Reason.MOTION if moved else Reason.DEFOCUS, words={"blur": f"{look.blur_px:.1f}"})
        if found.tilt_deg > STEEPEST_DEG:
            return Refusal(reason=Reason.STEEP, words={"tilt": f"{found.tilt_deg:.0f}"})
        if found.fit_px > FLAT_LIMIT_PX:
            return Refusal(reason=Reason.NOT_FLAT, words={"rms": f"{found.fit_px:.1f}"})
        return None

    def _by_markers(self, grey: Grey) -> tuple[Ids, Array, bool] | Refusal:
        best: tuple[Ids, Array, bool] | None = None
        markers: tuple[Ids, Array] = (np.empty(0, dtype=np.int64), np.empty((0, 4, 2)))
        for number, detector in enumerate(self._detectors):
            corners, ids, marker_corners, marker_ids = detector.detectBoard(grey)
            if number == 0:
                markers = _ids(marker_ids), _points(marker_corners, 4)
            count = 0 if ids is None else len(ids)
            if best is None or count > len(best[0]):
                best = _ids(ids), _points(corners, 1)[:, 0], self.board.legacy ^ (number == 1)
            if count >= len(markers[0]):
                break
        refusal = self._wrong_markers(grey, *markers)
        if refusal is not None:
            return refusal
        across, down = self.board.corners
        if best is None or len(best[0]) < 0.75 * across * down:
            # Squares that are blurred are missed, and those that are left hardly tell.
            blur = marker_blur_px(grey, *markers)
            if blur is not None and blur > self.blur_limit_px:
                return Refusal(reason=Reason.DEFOCUS, words={"blur": f"{blur:.1f}"})
        assert best is not None  # there are two detectors
        return best

    def _wrong_markers(self, grey: Grey, ids: Ids, corners: Array) -> Refusal | None:
        """What the markers say against this board: none, others, twice, mirrored, or not where they belong."""
        first, count = self.board.first_marker, self.board.columns * self.board.rows // 2
        own = (ids >= first) & (ids < first + count)
        mine = ids[own]
        if len(mine) < MARKERS_NEEDED:
            return self._no_markers(grey, ids[~own])
        if len(mine) - len(set(mine.tolist())) >= 2:
            return Refusal(reason=Reason.TWO_BOARDS)
        if not self._laid_out(mine, corners[own]):
            return Refusal(reason=Reason.OTHER_BOARD, words=self._named("the same marks in other places"))
        return None

    def _laid_out(self, ids: Ids, corners: Array) -> bool:
        """Whether the markers' middles lie in the picture as on this board, in either pattern."""
        import cv2

        side = float(np.median(np.linalg.norm(corners[:, 1] - corners[:, 0], axis=1)))
        for detector in self._detectors:
            charuco = detector.getBoard()
            places = dict(zip(charuco.getIds().ravel().tolist(), charuco.getObjPoints(), strict=True))
            nominal = np.concatenate([np.asarray(places[each])[:, :2] for each in ids.tolist()])
            found, inside = cv2.findHomography(nominal, corners.reshape(-1, 2), cv2.RANSAC, 0.3 * side)
            if found is not None and inside.mean() >= 0.8:
                return True
        return False

    def _no_markers(self, grey: Grey, others: Ids) -> Refusal:
        """No marks of this board: it is another one, mirrored, far away, or the light is wrong; else none is there."""
        import cv2

        if len(others) >= MARKERS_NEEDED:
            return Refusal(
                reason=Reason.OTHER_BOARD, words=self._named(f"its marks are {others.min()} to {others.max()}")
            )
        if len(self._own_marker_sides(np.ascontiguousarray(grey[:, ::-1]))) >= MARKERS_NEEDED:
            return Refusal(reason=Reason.MIRRORED)
        larger: Any = cv2.resize(grey, None, fx=FARTHER, fy=FARTHER, interpolation=cv2.INTER_CUBIC)
        sides = self._own_marker_sides(larger)
        if len(sides) >= MARKERS_NEEDED:
            return _far(float(np.median(sides)) / FARTHER * self.board.square_mm / self.board.marker_mm)
        for name in OTHER_DICTIONARIES:
            if name != self.board.dictionary:
                dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, name))
                exactly = cv2.aruco.DetectorParameters()
                exactly.errorCorrectionRate = 0.0
                _, ids, _ = cv2.aruco.ArucoDetector(dictionary, exactly).detectMarkers(grey)
                if len(set(_ids(ids).tolist())) >= MARKERS_NEEDED:
                    return Refusal(
                        reason=Reason.OTHER_BOARD, words=self._named(f"its marks are of {name.removeprefix('DICT_')}")
                    )
        return self._badly_lit(grey)

    def _own_marker_sides(self, grey: Grey) -> Array:
        """(N,) side in pixels of each marker of this board in a picture."""
        _, _, corners, ids = self._detectors[0].detectBoard(grey)
        first, count = self.board.first_marker, self.board.columns * self.board.rows // 2
        own = (_ids(ids) >= first) & (_ids(ids) < first + count)
        at = _points(corners, 4)[own]
        return np.asarray(np.linalg.norm(at[:, 1] - at[:, 0], axis=1))

    def _by_squares(self, grey: Grey) -> tuple[Ids, Array, bool] | Refusal:
        import cv2

        flags = cv2.CALIB_CB_ADAPTIVE_THRESH | cv2.CALIB_CB_NORMALIZE_IMAGE | cv2.CALIB_CB_FAST_CHECK
        across, down = self.board.corners
        found, corners = cv2.findChessboardCorners(grey, (across, down), flags=flags)
        if not found:
            other = other_squares(grey, (across, down))
            if other is not None:
                return Refusal(
                    reason=Reason.OTHER_BOARD, words=self._named(f"{other[0]} x {other[1]} corners are seen")
                )
            return self._badly_lit(grey)
        at = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
        hull = cv2.convexHull(outer_px(at.reshape(down, across, 2)).astype(np.float32)).astype(np.int32)
        rest = cv2.fillConvexPoly(grey.copy(), hull, int(np.median(grey)))
        if cv2.findChessboardCorners(rest, (across, down), flags=flags)[0]:
            return Refusal(reason=Reason.TWO_BOARDS)
        at = right_way_up(grey, self.board, at)
        return np.arange(across * down, dtype=np.int64), at, False

    def _badly_lit(self, grey: Grey) -> Refusal:
        if float(grey.mean()) < DARK_MEAN:
            return Refusal(reason=Reason.DARK, words={"contrast": f"{np.ptp(np.percentile(grey, (5, 95))):.0f}"})
        if float((grey >= 253).mean()) > BRIGHT_SHARE:
            return Refusal(reason=Reason.BRIGHT)
        return Refusal(reason=Reason.NO_BOARD, words={"board": self.board.name})

    def _named(self, seen: str) -> dict[str, str]:
        return {"board": self.board.name, "seen": seen}


def _detector(board: Board, legacy: bool) -> Any:
    import cv2

    ids = np.arange(board.first_marker, board.first_marker + board.columns * board.rows // 2)
    dictionary = cv2.aruco.getPredefinedDictionary(getattr(cv2.aruco, board.dictionary))
    made = cv2.aruco.CharucoBoard((board.columns, board.rows), board.square_mm, board.marker_mm, dictionary, ids)
    made.setLegacyPattern(legacy)
    return cv2.aruco.CharucoDetector(made)


def _ids(ids: Any) -> Ids:
    return np.empty(0, dtype=np.int64) if ids is None else np.asarray(ids, dtype=np.int64).ravel()


def _points(corners: Any, each: int) -> Array:
    """(N, each, 2)."""
    if corners is None or not len(corners):
        return np.empty((0, each, 2))
    return np.asarray(corners, dtype=np.float64).reshape(-1, each, 2)


def _few(found: int, needed: int) -> Refusal:
    return Refusal(reason=Reason.FEW_CORNERS, words={"found": str(found), "needed": str(needed)})


def _far(spacing: float) -> Refusal:
    words = {"spacing": f"{spacing:.0f}", "needed": f"{NEEDED_SPACING_PX:.0f}"}
    return Refusal(reason=Reason.FAR, words=words)


def _reaches(board: Board, ids: Ids) -> bool:
    """Whether the corners cover more than one corner of the board, and not one row alone."""
    across, down = board.corners
    columns, rows = ids % across, ids // across
    shares = np.ptp(columns) / (across - 1), np.ptp(rows) / (down - 1)
    return bool(min(shares) >= LEAST_REACH and shares[0] * shares[1] >= LEAST_REACH)
