"""The measures of the paper bench, in one place: the printed sheets, the station's files and the tests go by them.

Bench frame as everywhere: the origin is the middle of the mat, x to the visitor's right, y away from the visitor, z up.
Every sheet has a frame of its own: the origin is the middle of the page, x right, y up, so that A4 and Letter carry the
same drawing. A *panel* is a flat piece of a sheet with the place where folding puts it.
"""

from __future__ import annotations

from dataclasses import dataclass

from vision.bench import Body, TagMount
from vision.geometry import Transform

Point = tuple[float, float]

MAT, PARTS, TOOL, PASS, BOARD = "mat", "parts", "tool", "pass", "board"
"""Names of the sheets."""
PAPERS_MM = {"a4": (210.0, 297.0), "letter": (215.9, 279.4)}
"""Width and height of a page held upright."""

FIXTURE_TAG_MM = 24.0
FIXTURE_TAGS: dict[int, Point] = {
    0: (-118.0, 83.0),
    1: (0.0, 83.0),
    2: (118.0, 83.0),
    3: (-118.0, -83.0),
    4: (0.0, -83.0),
    5: (118.0, -83.0),
}
"""Tag id -> its middle on the mat."""

CARRIER_MM = (104.0, 66.0)
CARRIER_HEIGHT_MM = 12.0
CARRIER_TAG_MM = 20.0
CARRIER_TAGS: tuple[Point, ...] = ((-36.0, 19.0), (36.0, 19.0), (0.0, -18.0))
"""Middles of a carrier's three tags from its own middle."""
CARRIERS: dict[str, tuple[int, int, int]] = {"paper-blue": (10, 11, 12), "paper-green": (13, 14, 15)}
"""Part -> ids of its tags, in that order."""
CARRIERS_ON_SHEET: dict[str, Point] = {"paper-blue": (0.0, 70.0), "paper-green": (0.0, -35.0)}
TRAYS: dict[str, Point] = {"paper-blue": (-62.0, 34.0), "paper-green": (-62.0, -34.0)}
WORK_PLACE: Point = (60.0, 0.0)

JOINTS: dict[str, Point] = {"J1": (-33.0, -18.0), "J2": (33.0, -18.0), "J3": (0.0, 19.0)}
"""From the middle of a carrier in its place."""
TOKEN_MM = 21.0
TOKEN_TAG_MM = 16.0
TOKENS: dict[str, int] = {"J1": 20, "J2": 21, "J3": 22}
TOKENS_ON_SHEET: dict[str, Point] = {"J1": (-40.0, -85.0), "J2": (0.0, -85.0), "J3": (40.0, -85.0)}
TOKENS_START: Point = (62.0, 54.0)
"""Where the three lie on the mat before they are used: in a row about this."""
TOKENS_APART_MM = 28.0

TOWER_MM = 40.0
TOWER_HEIGHT_MM = 84.0
TOWER_TAG_MM = 30.0
TOWER_TAGS = {"top": 30, "front": 31, "right": 32, "back": 33, "left": 34}
TOWER_SIDE_TAG_Z_MM = 62.0
"""High on its sides, over the fingers that hold it."""
TOWER_FOOT_Y_MM = -55.0
"""Of its foot's line on the sheet."""

PASS_TEXT = "ABM1:D-1001"
PASS_QR_MM = 60.0

BOARD_SQUARES = (7, 9)
BOARD_SQUARE_MM = 25.0
BOARD_MARKER_MM = 18.0


@dataclass(frozen=True, slots=True, kw_only=True)
class PrintedTag:
    """A tag on a sheet."""

    tag_id: int
    size_mm: float
    at_mm: Point
    """Its middle, sheet frame; its upper edge is up on the page."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Panel:
    """A flat piece of a sheet that becomes a face of a body."""

    sheet: str
    outline_mm: tuple[Point, ...]
    """Sheet frame, in order."""
    body_from_sheet: Transform
    """Where cutting and folding put the sheet's plane."""
    tags: tuple[PrintedTag, ...] = ()

    def mounts(self) -> tuple[TagMount, ...]:
        """Its tags in the body's frame."""
        return tuple(
            TagMount(
                tag_id=tag.tag_id,
                size_mm=tag.size_mm,
                body_from_tag=self.body_from_sheet @ Transform.of(*tag.at_mm, 0.0),
            )
            for tag in self.tags
        )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class PaperBody:
    """A thing made of paper."""

    name: str
    panels: tuple[Panel, ...]

    def body(self) -> Body:
        """As vision knows it."""
        return Body(name=self.name, tags=tuple(mount for panel in self.panels for mount in panel.mounts()))


def box(x0: float, y0: float, x1: float, y1: float) -> tuple[Point, ...]:
    """Corners of a rectangle along the axes."""
    return ((x0, y0), (x1, y0), (x1, y1), (x0, y1))


def mat() -> PaperBody:
    """The mat: the bench's fixture, its frame is the bench frame."""
    tags = tuple(PrintedTag(tag_id=i, size_mm=FIXTURE_TAG_MM, at_mm=at) for i, at in FIXTURE_TAGS.items())
    outline = box(-133.0, -98.0, 133.0, 98.0)
    panel = Panel(sheet=MAT, outline_mm=outline, body_from_sheet=Transform.identity(), tags=tags)
    return PaperBody(name="fixture", panels=(panel,))


def carrier(part: str) -> PaperBody:
    """A part's carrier: a lid with four low walls. Its origin is the middle of its foot, on the table."""
    x, y = CARRIERS_ON_SHEET[part]
    half_x, half_y = CARRIER_MM[0] / 2, CARRIER_MM[1] / 2
    tags = tuple(
        PrintedTag(tag_id=tag_id, size_mm=CARRIER_TAG_MM, at_mm=(x + at[0], y + at[1]))
        for tag_id, at in zip(CARRIERS[part], CARRIER_TAGS, strict=True)
    )
    top = Panel(
        sheet=PARTS,
        outline_mm=box(x - half_x, y - half_y, x + half_x, y + half_y),
        body_from_sheet=Transform.of(-x, -y, CARRIER_HEIGHT_MM),
        tags=tags,
    )
    h = CARRIER_HEIGHT_MM
    walls = (
        _wall(x, y - half_y, half_x, yaw_deg=0.0, reach_mm=half_y, up_mm=h),
        _wall(x + half_x, y, half_y, yaw_deg=90.0, reach_mm=half_x, up_mm=h),
        _wall(x, y + half_y, half_x, yaw_deg=180.0, reach_mm=half_y, up_mm=h),
        _wall(x - half_x, y, half_y, yaw_deg=270.0, reach_mm=half_x, up_mm=h),
    )
    return PaperBody(name=part, panels=(*walls, top))


def _wall(x: float, y: float, half_mm: float, *, yaw_deg: float, reach_mm: float, up_mm: float) -> Panel:
    """A wall folded down from the lid's edge whose middle on the sheet is (x, y); `yaw_deg` 0 = the visitor's side."""
    turn = Transform.of(0.0, 0.0, 0.0, 0.0, 0.0, yaw_deg)
    corners = turn.apply([[-half_mm, -up_mm, 0], [half_mm, -up_mm, 0], [half_mm, 0, 0], [-half_mm, 0, 0]])
    outline = tuple((x + float(c[0]), y + float(c[1])) for c in corners)
    # Turned so that the wall hangs below its edge, folded by 90 degrees, put at the lid's edge, turned back.
    unfolded = turn.inverse() @ Transform.of(-x, -y, 0.0)
    folded = Transform.of(0.0, -reach_mm, up_mm, 90.0)
    return Panel(sheet=PARTS, outline_mm=outline, body_from_sheet=turn @ folded @ unfolded)


def tower() -> PaperBody:
    """The tool: a square tower that stands on the joint. Its origin is the middle of its foot, z up: the tool's tip."""
    half, foot = TOWER_MM / 2, TOWER_FOOT_Y_MM
    panels = []
    for number, (side, yaw_deg) in enumerate((("front", 0.0), ("right", 90.0), ("back", 180.0), ("left", 270.0))):
        x = (number - 1.5) * TOWER_MM
        tag = PrintedTag(tag_id=TOWER_TAGS[side], size_mm=TOWER_TAG_MM, at_mm=(x, foot + TOWER_SIDE_TAG_Z_MM))
        stood = Transform.of(0.0, 0.0, 0.0, 0.0, 0.0, yaw_deg) @ Transform.of(0.0, -half, 0.0, 90.0)
        panels.append(
            Panel(
                sheet=TOOL,
                outline_mm=box(x - half, foot, x + half, foot + TOWER_HEIGHT_MM),
                body_from_sheet=stood @ Transform.of(-x, -foot, 0.0),
                tags=(tag,),
            )
        )
    # The lid is joined to the front's upper edge, and folded back over the tower.
    x, y = -1.5 * TOWER_MM, foot + TOWER_HEIGHT_MM + half
    panels.append(
        Panel(
            sheet=TOOL,
            outline_mm=box(x - half, y - half, x + half, y + half),
            body_from_sheet=Transform.of(-x, -y, TOWER_HEIGHT_MM),
            tags=(PrintedTag(tag_id=TOWER_TAGS["top"], size_mm=TOWER_TAG_MM, at_mm=(x, y)),),
        )
    )
    return PaperBody(name="tool", panels=tuple(panels))


def token(joint: str) -> PaperBody:
    """A nut made of paper: a small card with a tag. Its origin is its middle."""
    x, y = TOKENS_ON_SHEET[joint]
    half = TOKEN_MM / 2
    panel = Panel(
        sheet=TOOL,
        outline_mm=box(x - half, y - half, x + half, y + half),
        body_from_sheet=Transform.of(-x, -y, 0.0),
        tags=(PrintedTag(tag_id=TOKENS[joint], size_mm=TOKEN_TAG_MM, at_mm=(x, y)),),
    )
    return PaperBody(name=f"token {joint}", panels=(panel,))


def joint_mm(joint: str) -> tuple[float, float, float]:
    """The joint on a carrier that stands in its place, bench frame."""
    x, y = JOINTS[joint]
    return (WORK_PLACE[0] + x, WORK_PLACE[1] + y, CARRIER_HEIGHT_MM)
