"""A sheet of tags as a file: as drawn, and as a printed one measures. The station is told the measured tags."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from calibration.board_measure import measured_scale
from calibration.board_sheets import TagBoard
from calibration.observations import CalibrationError
from station.config.shapes import Above0
from station.config.strict import Strict
from station.config.written_file import draft_of, write_through

FRAME = "Origin in the middle of all tags, x right, y up on the sheet, z out of the paper; at_mm: a tag's middle."
FAMILY: Literal["36h11"] = "36h11"
DECIMALS = 4


class SheetTag(Strict):
    """One tag of a sheet."""

    id: Annotated[int, Field(ge=0)]
    size_mm: Above0
    """Side of its black square."""
    at_mm: tuple[float, float, float]
    """Its middle, in the sheet's frame."""


class TagSheet(Strict):
    """As drawn: every length is as designed."""

    schema_: Annotated[Literal["tags/1"], Field(alias="schema")] = "tags/1"
    frame: str = FRAME
    name: str
    family: Literal["36h11"] = FAMILY
    tag: Annotated[tuple[SheetTag, ...], Field(min_length=1)]

    @property
    def width_mm(self) -> float:
        """Over all tags, along x: the length between the two lines below them."""
        return max(tag.at_mm[0] + tag.size_mm / 2 for tag in self.tag) - min(
            tag.at_mm[0] - tag.size_mm / 2 for tag in self.tag
        )


class MeasuredTagSheet(Strict):
    """As printed: every length is measured. Another schema than the drawn one, so that no sheet is scaled twice."""

    schema_: Annotated[Literal["measured-tags/1"], Field(alias="schema")] = "measured-tags/1"
    frame: str = FRAME
    name: str
    family: Literal["36h11"] = FAMILY
    printed_mm: Above0
    print_scale: Above0
    print_scale_sigma: Above0
    measured_utc: str
    by: str
    tag: tuple[SheetTag, ...]


def drawn_sheet(board: TagBoard) -> TagSheet:
    """What the sheet of such a board is as drawn."""
    tags = [
        SheetTag(id=mount.tag_id, size_mm=mount.size_mm, at_mm=_rounded(mount.body_from_tag.translation_mm))
        for mount in board.body().tags
    ]
    return TagSheet(name=board.name, tag=tuple(tags))


def measured_sheet(
    sheet: TagSheet, printed_mm: float, doubt_mm: float | None, *, measured_utc: str, by: str
) -> MeasuredTagSheet:
    """The sheet by the length between its two lines; `doubt_mm` is one standard deviation of it.

    Raises CalibrationError `calibration.not_this_length`, `calibration.no_doubt`.
    """
    scale, sigma = measured_scale(sheet.name, sheet.width_mm, "tags", printed_mm, doubt_mm)
    tags = [
        SheetTag(
            id=tag.id, size_mm=round(tag.size_mm * scale, DECIMALS), at_mm=_rounded([v * scale for v in tag.at_mm])
        )
        for tag in sheet.tag
    ]
    return MeasuredTagSheet(
        name=sheet.name,
        printed_mm=printed_mm,
        print_scale=scale,
        print_scale_sigma=sigma,
        measured_utc=measured_utc,
        by=by,
        tag=tuple(tags),
    )


def station_lines(sheet: MeasuredTagSheet) -> str:
    """The tags as a station file has them; the sheet's middle is the origin."""
    return "\n\n".join(
        f"[[fixture_tag]]\nid = {tag.id}\nsize_mm = {tag.size_mm:g}\nat_mm = [{', '.join(f'{v:g}' for v in tag.at_mm)}]"
        for tag in sheet.tag
    )


def is_tag_sheet(path: Path) -> bool:
    """Whether a file says that it is a sheet of tags, drawn or measured. What cannot be read is none."""
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(data, dict) and data.get("schema") in ("tags/1", "measured-tags/1")


def read_tag_sheet(path: Path) -> TagSheet:
    """A sheet as drawn. Raises CalibrationError `calibration.not_readable`, also for one that is measured already."""
    try:
        return TagSheet.model_validate_json(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        what = str(error)
        if isinstance(error, ValidationError):
            first = error.errors(include_url=False)[0]
            what = f"{'.'.join(str(key) for key in first['loc']) or 'its values'}: {first['msg']}"
    raise CalibrationError(
        "calibration.not_readable",
        f"{path} is no sheet of tags as drawn ({what}); give the file that `station calibrate board --kind tags` wrote",
    )


def write_tag_sheet(path: Path, sheet: TagSheet | MeasuredTagSheet) -> None:
    """As JSON, whole or not at all. Raises OSError."""
    draft = draft_of(path)
    write_through(draft, json.dumps(sheet.model_dump(mode="json", by_alias=True), indent=2) + "\n")
    draft.replace(path)


def _rounded(values: Iterable[float]) -> tuple[float, float, float]:
    x, y, z = (round(float(each), DECIMALS) + 0.0 for each in values)
    return x, y, z
