"""`station calibrate camera`: the lens of one camera, live with guidance, or from pictures that are there."""

from __future__ import annotations

from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.lens_artefact import DAYS, NEED_MM
from station.commands.calibrate_records import ConfigOption, FolderOption, store_of

if TYPE_CHECKING:
    from calibration.board import Board
    from calibration.lens_session import LensSession
    from station.config.station_values import CameraConfig
    from station.runtime.setting import Files


def camera(
    camera: Annotated[str, typer.Option("--camera", help="Name of the camera in the station file.")],
    board: Annotated[
        str, typer.Option(help="The board's file, or its name in the store. Without it: the only one.")
    ] = "",
    pictures: Annotated[Path | None, typer.Option(help="Folder of pictures. Without one: live.")] = None,
    video: Annotated[Path | None, typer.Option(help="Video of a board that is moved and held still.")] = None,
    observations: Annotated[Path | None, typer.Option(help="A set that was kept: solve it again.")] = None,
    part_mm: Annotated[
        float, typer.Option(min=0.0, help="From the camera to the part. 0: as the station file has both.")
    ] = 0.0,
    need_mm: Annotated[
        float, typer.Option(help="The doubt at the part that is good enough, one standard deviation.")
    ] = NEED_MM,
    days: Annotated[int, typer.Option(min=1, help="For how long the calibration counts.")] = DAYS,
    by: Annotated[str, typer.Option(help="Who calibrates.")] = "technician",
    dry: Annotated[bool, typer.Option("--dry", help="Tell the result and keep nothing.")] = False,
    config: ConfigOption = None,
    store: FolderOption = None,
) -> None:
    """Calibrate the lens of one camera. Live, it says where to hold the board, and takes pictures by itself."""
    from calibration.lens_session import of_pictures, of_set, of_video
    from station.commands.camera_guidance import live_session
    from station.web.calibrate_camera_desk import part_distance_mm

    if sum(each is not None for each in (pictures, video, observations)) > 1:
        raise typer.BadParameter("give one of --pictures, --video and --observations")
    folder, known = store_of(config, store), None
    live = pictures is None and video is None and observations is None
    if live or not part_mm:
        files = _files(config)
        known = _camera(files, camera)
        part_mm = part_mm or part_distance_mm(files.procedure, known)
    if observations is not None:
        session = of_set(observations, part_mm, folder)
        _finished(session, folder, {}, need_mm, days, by, dry)
        return
    held, inputs = _board(board, folder)
    if pictures is not None:
        session = of_pictures(pictures, camera, held, part_mm, folder)
        for name, why in session.refused.items():
            print(f"{name}: not taken. {why}")
    elif video is not None:
        session = of_video(video, camera, held, part_mm, folder)
    else:
        assert known is not None  # a live camera is of the station
        session = live_session(known, held, part_mm, folder)
    _finished(session, folder, inputs, need_mm, days, by, dry)


def _finished(
    session: LensSession, store: Path, inputs: dict[str, str], need_mm: float, days: int, by: str, dry: bool
) -> None:
    """Tell, and keep what is good; exit 1 where it is not, and the old one stays in force."""
    artefact = session.artefact(
        need_mm=need_mm,
        inputs=inputs,
        made_utc=datetime.now(UTC).isoformat(timespec="seconds"),
        days=days,
        by=by,
        software=version("assembled-by-me"),
    )
    for each in session.estimate().result.left_out:
        corner = f", corner {each.corner}" if each.what == "corner" else ""
        print(f"view {each.view + 1}{corner}: left out. {each.reason}")
    print(f"{artefact.verdict.text} {artefact.verdict.advice}".rstrip())
    if not dry:
        kept = session.keep(store, artefact, why="calibrated")
        where = "in force" if artefact.verdict.good else "kept, not in force: the old one stays"
        print(f"{artefact.id}: {where}. Solve it again: --observations {kept}")
    raise typer.Exit(0 if artefact.verdict.good else 1)


def _files(config: Path | None) -> Files:
    from station.commands.defaults import default_config
    from station.runtime.setting import read_files

    return read_files(config or default_config())


def _camera(files: Files, name: str) -> CameraConfig:
    from calibration.observations import CalibrationError

    found = [each for each in files.station.cameras if each.name == name]
    if not found:
        names = ", ".join(each.name for each in files.station.cameras)
        raise CalibrationError("calibration.unknown_camera", f"there is no camera {name}; the station has {names}")
    return found[0]


def _board(named: str, store: Path) -> tuple[Board, dict[str, str]]:
    """A board from its file, or as it was measured, with what it is an input by."""
    import hashlib

    from calibration.board_file import board_in_force, read_board

    if named.endswith((".json", ".toml")):
        path = Path(named)
        board = read_board(path)
        return board, {path.name: hashlib.sha256(path.read_bytes()).hexdigest()}
    artefact, board = board_in_force(store, named)
    return board, {"board": artefact.id}
