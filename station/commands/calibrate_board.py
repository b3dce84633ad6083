"""`station calibrate board`: boards to print, and what a printed one really measures."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from station.commands.calibrate_records import ConfigOption, FolderOption, store_of

if TYPE_CHECKING:
    from calibration.board import Board
    from calibration.board_measure import Bow

board_app = typer.Typer(help="Boards to print, and what a printed one really measures.")


@board_app.callback(invoke_without_command=True)
def board(
    context: typer.Context,
    kind: Annotated[str, typer.Option(help="`charuco` for lenses, or `tags`.")] = "charuco",
    paper: Annotated[str, typer.Option(help="`a4`, `a3`, `a2` or `letter`.")] = "a4",
    squares: Annotated[str, typer.Option(help="Columns x rows, as 12x9. Without it: what fills the paper.")] = "",
    square_mm: Annotated[float, typer.Option(help="Of a square, or of a tag. 0: what fills the paper.")] = 0.0,
    first: Annotated[int, typer.Option(help="Id of the first marker: boards of one bench share none.")] = 0,
    name: Annotated[str, typer.Option(help="What the board is called. Without it: kind and paper.")] = "",
    out: Annotated[Path, typer.Option("--out", help="PDF to write.", dir_okay=False)] = Path("board.pdf"),
) -> None:
    """Draw a board to print in real size, with a ruler; the file beside it (.json) says what was drawn."""
    if context.invoked_subcommand is not None:
        return
    from calibration.board_sheets import DEFAULT_SQUARES, DEFAULT_TAGS, PAPERS_MM

    if kind not in ("charuco", "tags"):
        raise typer.BadParameter(f"there is no board {kind!r}; use `charuco` or `tags`", param_hint="--kind")
    if paper not in PAPERS_MM:
        raise typer.BadParameter(
            f"there is no paper {paper!r}; use one of {', '.join(PAPERS_MM)}", param_hint="--paper"
        )
    columns, rows, size_mm = (DEFAULT_SQUARES if kind == "charuco" else DEFAULT_TAGS)[paper]
    if squares:
        columns, rows = _counts(squares)
    _drawn(kind, paper, (columns, rows), square_mm or size_mm, first, name or f"{kind}-{paper}", out)


def _drawn(kind: str, paper: str, counts: tuple[int, int], size_mm: float, first: int, name: str, out: Path) -> None:
    from calibration.board_file import board_of_shape, write_board
    from calibration.board_sheets import MARKER_SHARE, TagBoard, write_charuco, write_tags
    from calibration.tag_sheet_file import drawn_sheet, write_tag_sheet

    described = out.with_suffix(".json")
    if kind == "charuco":
        made = board_of_shape(
            name=name,
            columns=counts[0],
            rows=counts[1],
            square_mm=size_mm,
            marker_mm=size_mm * MARKER_SHARE,
            first_marker=first,
        )
        write_charuco(out, made, paper)
        write_board(described, made)
        print(
            f"{out}: board {name} on {paper.upper()}; {described} says what was drawn. Print it in real size (100 %),"
        )
        print("glue it on something flat (glass, aluminium), measure between the two lines below the squares, then:")
        print(f"station calibrate board measure --board {described} --printed-mm {made.columns * made.square_mm:g}")
        return
    tags = TagBoard(name=name, columns=counts[0], rows=counts[1], tag_mm=size_mm, first_tag=first)
    write_tags(out, tags, paper)
    write_tag_sheet(described, drawn_sheet(tags))
    print(f"{out}: tags {name} on {paper.upper()}; {described} says where each one is. Print it in real size (100 %),")
    print("measure between the two lines below the tags, then:")
    print(f"station calibrate board measure --board {described} --printed-mm {tags.size_mm[0]:g}")


@board_app.command()
def measure(
    board: Annotated[Path, typer.Option("--board", help="The board's file, .json or .toml.", dir_okay=False)],
    printed_mm: Annotated[float, typer.Option(help="Length between the two lines below squares or tags, by calliper.")],
    doubt_mm: Annotated[
        float | None, typer.Option(help="One standard deviation of that length. Without it: 0.02 % of it.")
    ] = None,
    pictures: Annotated[
        Path | None, typer.Option(help="Folder of 10 or more pictures of the board, by one camera: estimates its bow.")
    ] = None,
    by: Annotated[str, typer.Option(help="Who measured.")] = "technician",
    config: ConfigOption = None,
    store: FolderOption = None,
) -> None:
    """Keep what a printed board measures: its scale, and with pictures its bow; of a tag sheet, sizes and places."""
    from calibration.tag_sheet_file import is_tag_sheet

    now = datetime.now(UTC).isoformat(timespec="seconds")
    if is_tag_sheet(board):
        if pictures is not None:
            raise typer.BadParameter(
                "a sheet of tags has no bow to be estimated; leave it out", param_hint="--pictures"
            )
        _tags_measured(board, printed_mm, doubt_mm, now, by)
        return
    from calibration.board_file import read_board
    from calibration.board_measure import board_artefact, print_scale
    from calibration.store import Store

    folder = store_of(config, store)
    measured = print_scale(read_board(board), printed_mm, doubt_mm)
    bow = _bow(measured, pictures) if pictures is not None else None
    artefact = board_artefact(
        measured, bow, printed_mm=printed_mm, made_utc=now, by=by, software=version("assembled-by-me")
    )
    Store(folder).put_in_force(artefact, utc=now, by=by, why="measured")
    print(f"{artefact.id}: {artefact.verdict.text} {artefact.verdict.advice}".rstrip())


def _tags_measured(drawn: Path, printed_mm: float, doubt_mm: float | None, now: str, by: str) -> None:
    """The measured sheet as a file beside the drawn one, and what to write into the station file."""
    from calibration.observations import CalibrationError
    from calibration.tag_sheet_file import measured_sheet, read_tag_sheet, station_lines, write_tag_sheet

    sheet = measured_sheet(read_tag_sheet(drawn), printed_mm, doubt_mm, measured_utc=now, by=by)
    kept = drawn.with_name(f"{drawn.stem}-measured.json")
    if kept.exists():
        # What a station was told before is evidence: it is never written over.
        raise CalibrationError(
            "calibration.measured_already", f"{kept} is there already; give it another name, then measure again"
        )
    write_tag_sheet(kept, sheet)
    print(f"{kept}: tags {sheet.name} are printed {sheet.print_scale:.4f} times as large as designed,")
    print(f"known to {sheet.print_scale_sigma * 100.0:.2f} %. For the station file, from the middle of the sheet:")
    print(f"add to each at_mm where that middle lies on the bench.\n\n{station_lines(sheet)}")


def _bow(measured: Board, folder: Path) -> Bow:
    """From pictures of one camera. Those that are not taken are told."""
    from calibration.board_measure import bow_of
    from calibration.detection import BoardFinder
    from calibration.intrinsics import solve_lens
    from calibration.observations import CameraSize, LensSet
    from calibration.picture_files import pictures_of
    from calibration.refusals import Refusal

    finder, views = BoardFinder(measured), []
    names: dict[str, str] = {}
    size = (0, 0)
    for number, picture in enumerate(pictures_of(folder)):
        size = (picture.grey.shape[1], picture.grey.shape[0])
        found = finder.find(picture.grey, camera="camera", view=number, t_s=picture.t_s)
        if isinstance(found, Refusal):
            print(f"{picture.name}: not taken. {found.text}")
            continue
        views.append(replace(found.view, picture=picture.sha256))
        names[picture.name] = picture.sha256
    camera = CameraSize(camera="camera", width_px=size[0], height_px=size[1])
    result = solve_lens(LensSet(camera=camera, board=measured, views=tuple(views)))
    return bow_of(result, _pictures(names))


def _pictures(names: Mapping[str, str]) -> dict[str, str]:
    return dict(sorted(names.items()))


def _counts(squares: str) -> tuple[int, int]:
    columns, _, rows = squares.lower().partition("x")
    if not (columns.isdigit() and rows.isdigit()):
        raise typer.BadParameter(f"{squares!r} is no count; write columns x rows, as 12x9", param_hint="--squares")
    return int(columns), int(rows)
