"""The sheets of the kit: how to use it, mat, carriers, tool and nuts, pass, calibration board."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from station.desk_kit import geometry as g
from station.desk_kit.geometry import Panel, Point, box
from station.desk_kit.pen import Pen

FOLD = (2.0, 1.5)
FLAP_MM = 9.0
COLOURS = {"paper-blue": (0.10, 0.30, 0.75), "paper-green": (0.05, 0.50, 0.25)}
NAMES = {"paper-blue": "blue mirror", "paper-green": "green mirror"}
RULER_Y_MM = -118.0

HOW_TO = (
    ("1", 'Print all pages in real size (100 %, "actual size"), on one side, on paper as stiff as you have.'),
    ("2", "Hold a ruler to the scale on each page: 100 mm must be 100 mm. If all of them measure, say, 98 mm,"),
    ("", "make the kit again with --scale 0.98 and print that: it comes out true."),
    ("3", "Lay the mat flat on the desk, its lower edge towards you, and fix its corners with tape."),
    ("4", "Cut along full lines, fold along dashed lines, glue or tape the flaps marked with a dot: two mirrors"),
    ("", "(flat lids with low walls), the tool (a square tower), three nuts (small cards) and your pass."),
    ("5", "Put both mirrors into their trays on the mat, the nuts on their row, the tool beside the mat."),
    ("6", "Place the webcam 35 to 50 cm from the mat so that it looks at it slantwise, neither flat nor from straight"),
    ("", "above, and sees the whole mat sharp. Any side will do; a lamp that throws no hard shadow helps."),
    ("7", "Run: station run --config config/station.desk.toml and open the page that it names."),
    ("", "Then do what the screen says. The space bar is the tool's trigger: hold it until the tool stops."),
)


def write_kit(path: Path, paper: str, *, scale: float = 1.0) -> None:
    """Write the kit as a PDF. `paper` is `a4` or `letter`; `scale` is what a printer makes of 1 mm.

    Raises ValueError for a scale outside 0.9 to 1.05: the drawing would leave the page, or somebody misread a ruler.
    """
    if not 0.9 <= scale <= 1.05:
        raise ValueError(f"a print scale of {scale:g} is no printer's; measure from 0 to 100 and divide by 100")
    pen = Pen(path, g.PAPERS_MM[paper], scale=1.0 / scale)
    for landscape, draw in (
        (False, _how_to),
        (True, _mat),
        (False, _carriers),
        (False, _tool),
        (False, _pass),
        (False, _board),
    ):
        pen.page(landscape=landscape)
        draw(pen)
        pen.end_page()
    pen.save()


SHEET_PAGES = {g.MAT: 1, g.PARTS: 2, g.TOOL: 3, g.PASS: 4, g.BOARD: 5}
"""Sheet -> index of its page."""


def _how_to(pen: Pen) -> None:
    pen.text((0, 112), "The desk kit", size_mm=11, bold=True)
    pen.text((0, 103), "Build a piece of a car at your desk: a webcam, a printer, scissors and tape.", size_mm=4.6)
    y = 88.0
    for number, words in HOW_TO:
        if number:
            y -= 3.0
            pen.text((-90, y), number, size_mm=5, bold=True, middle=False)
        pen.text((-83, y), words, size_mm=3.7, middle=False)
        y -= 6.2
    pen.text((-90, y - 8), "What is real here, and what is not", size_mm=5, bold=True, middle=False)
    for line in (
        "Real: your hands, the camera, everything that is seen and checked, the order of the work, the record.",
        "Simulated: the torque tool and its figures. There is no robot arm at the desk.",
    ):
        y -= 6.2
        pen.text((-90, y - 9), line, size_mm=3.7, middle=False)
    pen.ruler((0.0, RULER_Y_MM))


def _mat(pen: Pen) -> None:
    for tag in g.mat().panels[0].tags:
        pen.tag(tag)
    half_x, half_y = g.CARRIER_MM[0] / 2, g.CARRIER_MM[1] / 2
    for part, (x, y) in g.TRAYS.items():
        pen.closed(box(x - half_x, y - half_y, x + half_x, y + half_y), width=0.5)
        pen.area(box(x - half_x + 3, y - 3.5, x + half_x - 3, y + 3.5), COLOURS[part])
        pen.text((x, y + 8), f"Tray: {NAMES[part]}", size_mm=4.5, bold=True)
    x, y = g.WORK_PLACE
    pen.closed(box(x - half_x, y - half_y, x + half_x, y + half_y), width=0.9)
    pen.text((x, y + 5), "The door", size_mm=5, bold=True)
    pen.text((x, y - 1), "Put your mirror exactly into this frame.", size_mm=3.6)
    for joint, (dx, dy) in g.JOINTS.items():
        pen.ring((x + dx, y + dy), 5.0)
        pen.text((x + dx, y + dy - 1.4), joint[1:], size_mm=4)
    for number in range(3):
        at_x = g.TOKENS_START[0] + (number - 1) * g.TOKENS_APART_MM
        half = g.TOKEN_MM / 2
        pen.closed(box(at_x - half, g.TOKENS_START[1] - half, at_x + half, g.TOKENS_START[1] + half), dash=(1.0, 1.0))
        pen.text((at_x, g.TOKENS_START[1] - 1), f"nut {number + 1}", size_mm=3.2)
    pen.text((0, -69), "your side", size_mm=3.2)
    pen.ruler((60.0, -56.0))


def _carriers(pen: Pen) -> None:
    pen.text(
        (0, 126),
        "Two mirrors: cut along full lines, fold walls down along dashed lines, glue the flaps inside.",
        size_mm=4,
    )
    for part in g.CARRIERS:
        panels = g.carrier(part).panels
        x, y = g.CARRIERS_ON_SHEET[part]
        half_x, half_y, h = g.CARRIER_MM[0] / 2, g.CARRIER_MM[1] / 2, g.CARRIER_HEIGHT_MM
        for panel in panels[:-1]:
            pen.area(panel.outline_mm, COLOURS[part])
        pen.closed(panels[-1].outline_mm, dash=FOLD)
        for side_y, out in ((y + half_y, 1), (y - half_y, -1)):
            far = side_y + out * h
            pen.line((x - half_x, side_y), (x - half_x, far), (x + half_x, far), (x + half_x, side_y))
        for side_x, out in ((x + half_x, 1), (x - half_x, -1)):
            far = side_x + out * h
            pen.line((side_x, y - half_y), (far, y - half_y), (far, y + half_y), (side_x, y + half_y))
            for end_y, way in ((y + half_y, 1), (y - half_y, -1)):
                _flap(pen, (side_x, end_y), (far, end_y), (0.0, way * FLAP_MM))
        for tag in panels[-1].tags:
            pen.tag(tag)
        for joint, (dx, dy) in g.JOINTS.items():
            half = g.TOKEN_MM / 2
            at = (x + dx, y + dy)
            pen.closed(box(at[0] - half, at[1] - half, at[0] + half, at[1] + half), dash=(1.0, 1.0))
            pen.ring(at, 4.0)
            pen.text((at[0], at[1] - 1.4), joint[1:], size_mm=4)
        pen.text((x - 20, y - 1), NAMES[part], size_mm=4.2, bold=True)
    pen.ruler((0.0, RULER_Y_MM))


def _flap(pen: Pen, start: Point, end: Point, out: Point) -> None:
    """A flap on the edge from start to end, narrower outside, with a dot: glue here."""
    inset = ((end[0] - start[0]) * 0.15, (end[1] - start[1]) * 0.15)
    far_start = (start[0] + out[0] + inset[0], start[1] + out[1] + inset[1])
    far_end = (end[0] + out[0] - inset[0], end[1] + out[1] - inset[1])
    pen.line(start, far_start, far_end, end)
    pen.line(start, end, dash=FOLD)
    pen.ring(((start[0] + end[0] + out[0]) / 2, (start[1] + end[1] + out[1]) / 2), 0.8, width=0.8)


def _tool(pen: Pen) -> None:
    panels = g.tower().panels
    sides, lid = panels[:-1], panels[-1]
    foot, top = g.TOWER_FOOT_Y_MM, g.TOWER_FOOT_Y_MM + g.TOWER_HEIGHT_MM
    pen.text(
        (12, 118),
        "The tool: a square tower that is open below. Cut along full lines, fold back along dashed lines.",
        size_mm=3.6,
    )
    pen.text(
        (12, 112), "Stand it over a nut and hold it low, below its tags. Its trigger is the space bar.", size_mm=3.6
    )
    for panel in sides:
        pen.area(_strip(panel, foot + 2, foot + 28), (0.20, 0.20, 0.22))
    for number in range(5):
        x = (number - 2) * g.TOWER_MM
        pen.line((x, foot), (x, top), dash=None if number == 0 else FOLD)
    pen.line((-80, foot), (80, foot))
    pen.line((-40, top), (80, top))
    _flap(pen, (80.0, foot), (80.0, top), (FLAP_MM, 0.0))
    (x0, y0), (x1, y1) = lid.outline_mm[0], lid.outline_mm[2]
    pen.line((x0, y0), (x1, y0), dash=FOLD)
    pen.line((x0, y0), (x0, y1))
    pen.line((x1, y0), (x1, y1))
    _flap(pen, (x0, y1), (x1, y1), (0.0, FLAP_MM))
    for panel in panels:
        for tag in panel.tags:
            pen.tag(tag)
    pen.text((40, top + 20), "lid: folds over the top", size_mm=3.2)
    pen.text((40, -68), "Three nuts: cut them out.", size_mm=3.6)
    for joint in g.TOKENS:
        (panel,) = g.token(joint).panels
        pen.closed(panel.outline_mm)
        pen.tag(panel.tags[0])
        pen.text((g.TOKENS_ON_SHEET[joint][0], g.TOKENS_ON_SHEET[joint][1] - 14.5), f"nut {joint[1:]}", size_mm=3)
    pen.ruler((0.0, RULER_Y_MM))


def _strip(panel: Panel, y0: float, y1: float) -> tuple[Point, ...]:
    xs = [x for x, _ in panel.outline_mm]
    return box(min(xs), y0, max(xs), y1)


def _pass(pen: Pen) -> None:
    import segno

    half = g.PASS_QR_MM / 2
    pen.text(
        (0, 88),
        "Your pass: cut it out and hold it flat to the camera, 20 to 30 cm away, when the screen asks.",
        size_mm=4,
    )
    pen.closed(box(-45.0, -42.0, 45.0, 75.0))
    pen.text((0, 60), "Assembled by Me", size_mm=7, bold=True)
    pen.text((0, 50), "visitor's pass", size_mm=4.5)
    code = segno.make(g.PASS_TEXT, error="m", micro=False, boost_error=False)
    rows = [[bool(cell) for cell in row] for row in code.matrix]
    pen.squares((-half, half + 5.0), g.PASS_QR_MM / len(rows), rows)
    pen.text((0, -36), g.PASS_TEXT.partition(":")[2], size_mm=5)
    pen.ruler((0.0, RULER_Y_MM))


def _board(pen: Pen) -> None:
    columns, rows = g.BOARD_SQUARES
    size = (columns * g.BOARD_SQUARE_MM, rows * g.BOARD_SQUARE_MM)
    pen.picture(board_picture(), (0.0, 8.0), size)
    pen.text(
        (0, 124),
        f"Calibration board (ChArUco): {columns} x {rows} squares of {g.BOARD_SQUARE_MM:g} mm, markers "
        f"{g.BOARD_MARKER_MM:g} mm, 4x4_100.",
        size_mm=3.6,
    )
    pen.ruler((0.0, RULER_Y_MM))


def board_picture() -> np.ndarray:
    """The ChArUco board as a grey picture, 20 pixels a millimetre."""
    import cv2

    columns, rows = g.BOARD_SQUARES
    board = cv2.aruco.CharucoBoard(
        (columns, rows),
        g.BOARD_SQUARE_MM,
        g.BOARD_MARKER_MM,
        cv2.aruco.getPredefinedDictionary(cv2.aruco.DICT_4X4_100),
    )
    per_mm = 20
    size = (round(columns * g.BOARD_SQUARE_MM * per_mm), round(rows * g.BOARD_SQUARE_MM * per_mm))
    return np.asarray(board.generateImage(size), dtype=np.uint8)
