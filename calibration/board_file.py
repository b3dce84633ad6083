"""A board as a file: what was printed, for people and for the station; JSON, or TOML where somebody writes it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError, model_validator

from calibration.board import EDGE_DICTIONARY, Board
from calibration.observations import CalibrationError
from station.config.artefact import Artefact, ArtefactError, Kind, current_id, folder_of, read_artefact
from station.config.shapes import Above0, AtLeast0
from station.config.strict import Strict
from station.config.written_file import draft_of, write_through

FRAME = (
    "Board frame: x right, y down, z into the board; corner 0 is the top left inner corner, ids go row by row. "
    "Millimetres as designed; the print is print_scale times as large."
)


class BoardFile(Strict):
    """One board."""

    schema_: Annotated[Literal["board/1"], Field(alias="schema")] = "board/1"
    frame: str = FRAME
    name: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+$")]
    columns: Annotated[int, Field(ge=3, le=100)]
    rows: Annotated[int, Field(ge=3, le=100)]
    square_mm: Above0
    marker_mm: AtLeast0
    """0: a plain chessboard."""
    dictionary: str = EDGE_DICTIONARY
    first_marker: Annotated[int, Field(ge=0)] = 0
    legacy: bool = False
    print_scale: Annotated[float, Field(gt=0.5, lt=2.0)] = 1.0
    print_scale_sigma: Above0 = 0.001
    bow_mm: float = 0.0

    @model_validator(mode="after")
    def _markers_fit(self) -> BoardFile:
        if self.marker_mm >= self.square_mm:
            raise ValueError("markers are smaller than their squares; check `marker_mm` and `square_mm`")
        return self

    def value(self) -> Board:
        """As calibration wants it."""
        return Board(**self.model_dump(exclude={"schema_", "frame"}))


def read_board(path: Path) -> Board:
    """A board's file, `.toml` or JSON. Raises CalibrationError `calibration.not_readable`."""
    try:
        text = path.read_text(encoding="utf-8")
        data: Any = tomllib.loads(text) if path.suffix.lower() == ".toml" else json.loads(text)
        return BoardFile.model_validate(data).value()
    except FileNotFoundError:
        what = f"{path} is not there; `station calibrate board` writes one beside the sheet"
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"]) or "its values"
        what = f"{path} describes no board ({where}: {first['msg']}); mend it, or make the board again"
    except (OSError, ValueError) as error:
        what = f"{path} cannot be read as a board ({error}); mend it, or make the board again"
    raise CalibrationError("calibration.not_readable", what)


def board_of_shape(
    *, name: str, columns: int, rows: int, square_mm: float, marker_mm: float, first_marker: int = 0
) -> Board:
    """A board as somebody wishes it. Raises CalibrationError `calibration.no_board`."""
    wish = {"name": name, "columns": columns, "rows": rows, "square_mm": square_mm, "marker_mm": marker_mm}
    try:
        return BoardFile.model_validate({**wish, "first_marker": first_marker}).value()
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"]) or "its values"
        raise CalibrationError(
            "calibration.no_board", f"there is no such board ({where}: {first['msg']}); give other figures"
        ) from error


def write_board(path: Path, board: Board) -> None:
    """As JSON, whole or not at all. Raises OSError."""
    _write(path, board_shape(board).model_dump(mode="json", by_alias=True))


def _write(path: Path, content: Any) -> None:
    draft = draft_of(path)
    write_through(draft, json.dumps(content, indent=2) + "\n")
    draft.replace(path)


def board_result(board: Board) -> dict[str, JsonValue]:
    """The `result` of an artefact of kind `board`."""
    return board_shape(board).model_dump(mode="json", by_alias=True)


def board_of(artefact: Artefact) -> Board:
    """The board of such an artefact. Raises CalibrationError `calibration.not_readable`."""
    try:
        return BoardFile.model_validate(artefact.result).value()
    except ValidationError as error:
        what = f"{artefact.id} describes no board; measure the board again ({error.errors()[0]['msg']})"
        raise CalibrationError("calibration.not_readable", what) from error


def boards_in(store: Path) -> tuple[str, ...]:
    """Names of the boards that were measured."""
    return tuple(sorted(path.name.partition("-")[2] for path in store.glob(f"{Kind.BOARD}-*") if path.is_dir()))


def board_in_force(store: Path, name: str = "") -> tuple[Artefact, Board]:
    """A board as it was measured; without a name the only one that there is.

    Raises ArtefactError `calibration.missing`, `calibration.damaged`; CalibrationError `calibration.which_board`.
    """
    known = boards_in(store)
    if not name and len(known) != 1:
        what = f"{store} has the boards {', '.join(known)}" if known else f"{store} has no board that was measured"
        todo = "say --board NAME" if known else "`station calibrate board measure` keeps one, or say --board FILE"
        raise CalibrationError("calibration.which_board", f"{what}; {todo}")
    subject = name or known[0]
    identity = current_id(store, Kind.BOARD, subject)
    if identity is None:
        raise ArtefactError(
            "calibration.missing",
            f"board {subject} was never measured; `station calibrate board measure` keeps it, or say --board FILE",
        )
    artefact = read_artefact(folder_of(store, Kind.BOARD, subject) / f"{identity}.json")
    return artefact, board_of(artefact)


def board_shape(board: Board) -> BoardFile:
    """As the edge has it."""
    return BoardFile(
        name=board.name,
        columns=board.columns,
        rows=board.rows,
        square_mm=board.square_mm,
        marker_mm=board.marker_mm,
        dictionary=board.dictionary,
        first_marker=board.first_marker,
        legacy=board.legacy,
        print_scale=board.print_scale,
        print_scale_sigma=board.print_scale_sigma,
        bow_mm=board.bow_mm,
    )
