"""`station calibrate daily`: has anything moved, in a minute, and one plain verdict a device."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from calibration.daily.camera_check import PICTURES, REFERENCE_PICTURES, check_camera, covariance_by_hand, tag_pictures
from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.reference import (
    Reference,
    camera_reference,
    reference_artefact,
    reference_of,
    reference_subject,
)
from calibration.daily.verdicts import DeviceVerdict, Found
from calibration.store import Store
from station.commands.defaults import default_config
from station.config.artefact import Artefact, ArtefactError, Kind, current_id, folder_of, read_artefact
from station.config.calibration_results import camera_result
from station.config.station_file import STORE
from station.config.station_values import CameraConfig, StationConfig
from station.runtime.setting import Files, read_files
from vision.geometry import Array, CameraModel

Pictures = Callable[[CameraConfig, CameraModel, int], Iterator[NDArray[np.uint8]]]
"""A camera as its file says, its calibration, how many -> uint8 (height, width, 3) BGR pictures."""
MARK = {Found.SAME: "[green]good[/]", Found.LITTLE: "[yellow]good[/]", Found.TAG: "[yellow]good[/]"}


def daily(
    config: Annotated[
        Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--store", help="Folder of the artefacts. Without it: the one that the station names."),
    ] = None,
    take_reference: Annotated[
        bool, typer.Option("--reference", help="Right after calibrating: keep what the next checks compare with.")
    ] = False,
    by: Annotated[str, typer.Option(help="Who checks.")] = "technician",
    sim: Annotated[bool, typer.Option("--sim", help="Rendered pictures of the simulated bench.")] = False,
    bump_deg: Annotated[float, typer.Option(help="With --sim: the cameras were turned by so much.")] = 0.0,
    shift_mm: Annotated[float, typer.Option(help="With --sim: the cameras were shifted by so much.")] = 0.0,
    seed: Annotated[int, typer.Option(help="With --sim: everything random comes from it.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Has anything moved since the calibration: one picture burst of the fixed tags a camera, one verdict a device.

    The exit code is 1 when something is not good, or could not be checked.
    """
    if not sim and (bump_deg or shift_mm):
        raise typer.BadParameter("a mishap happens on the simulated bench only; add --sim")
    files = read_files(config or default_config())
    store = Store(_folder(files.station, folder, sim))
    pictures = _rendered(files, seed) if sim else _live
    first = current_id(store.folder, Kind.DAILY, reference_subject(files.station.id)) is None
    if take_reference or (sim and first):
        kept = _keep_reference(files, store, pictures, by)
    if take_reference:
        print(json.dumps({"id": kept.id, "text": kept.verdict.text}) if as_json else f"{kept.id}: {kept.verdict.text}")
        raise typer.Exit(0)
    if sim:
        pictures = _rendered(files, seed + 1, turn_deg=bump_deg, shift_mm=shift_mm)
    reference = _reference(files.station, store)
    verdicts = _checked(files, store, reference, pictures)
    check = check_artefact(
        verdicts,
        Checker(
            station=files.station.id,
            by=by,
            made_utc=datetime.now(UTC).isoformat(timespec="seconds"),
            software=version("assembled-by-me"),
            reference=reference.id,
        ),
    )
    keep_check(store, check, verdicts)
    _tell(check, verdicts, as_json=as_json)
    raise typer.Exit(0 if check.verdict.good else 1)


def _folder(station: StationConfig, folder: Path | None, sim: bool) -> Path:
    found = folder or station.calibrations or (station.data_dir / "calibration" if sim else None)
    if found is None:
        todo = "add `calibration` to [station], or say --store"
        raise ArtefactError("calibration.no_store", f"station {station.id} names no folder of calibrations; {todo}")
    return found


def _reference(station: StationConfig, store: Store) -> Artefact:
    subject = reference_subject(station.id)
    identity = current_id(store.folder, Kind.DAILY, subject)
    if identity is None:
        raise ArtefactError(
            "calibration.missing",
            f"station {station.id} has no reference to compare with; right after calibrating, run "
            "`station calibrate daily --reference`",
        )
    return read_artefact(folder_of(store.folder, Kind.DAILY, subject) / f"{identity}.json")


def _checked(files: Files, store: Store, artefact: Artefact, pictures: Pictures) -> list[DeviceVerdict]:
    reference = reference_of(artefact)
    verdicts = []
    for camera in files.station.cameras:
        model, identity, covariance = _calibrated(files.station, store, camera)
        taken = pictures(camera, model, PICTURES)
        part = reference.camera(camera.name)
        verdicts.append(check_camera(taken, part, model, identity, files.station.fixture, covariance))
    return verdicts


def _calibrated(station: StationConfig, store: Store, camera: CameraConfig) -> tuple[CameraModel, str, Array]:
    """Model, id and covariance of what is in force, be it refuted: a check may find that it holds again."""
    if camera.calibration != STORE:
        return camera.model, camera.calibration, covariance_by_hand(camera.model)
    identity = current_id(store.folder, Kind.CAMERA, camera.name)
    if identity is None:
        raise ArtefactError(
            "calibration.missing", f"camera {camera.name} of {station.id} was never calibrated; calibrate it first"
        )
    found = camera_result(read_artefact(folder_of(store.folder, Kind.CAMERA, camera.name) / f"{identity}.json"))
    return found.model_of(camera.name), identity, np.array(found.covariance)


def _keep_reference(files: Files, store: Store, pictures: Pictures, by: str) -> Artefact:
    parts = []
    for camera in files.station.cameras:
        model, identity, _ = _calibrated(files.station, store, camera)
        taken = pictures(camera, model, REFERENCE_PICTURES)
        parts.append(camera_reference(tag_pictures(camera.name, taken, files.station.fixture), identity))
    now = datetime.now(UTC).isoformat(timespec="seconds")
    kept = reference_artefact(
        files.station.id,
        Reference(cameras=tuple(parts)),
        made_utc=now,
        by=by,
        software=version("assembled-by-me"),
    )
    store.put_in_force(kept, utc=now, by=by, why="reference of the daily check")
    return kept


def _rendered(files: Files, seed: int, *, turn_deg: float = 0.0, shift_mm: float = 0.0) -> Pictures:
    """Of the simulated bench, whose cameras were bumped."""
    from station.simulation.daily_bench import Bump, DailyBench

    bench, bump = DailyBench(files, seed=seed), Bump(turn_deg=turn_deg, shift_mm=shift_mm)
    return lambda camera, model, count: bench.pictures(camera.model, count, bump)


def _live(camera: CameraConfig, model: CameraModel, count: int) -> Iterator[NDArray[np.uint8]]:
    """Pictures of the real camera. Raises CameraError."""
    import time

    from vision.cameras.opening import open_source

    source = open_source(camera.name, camera.source, model, camera.fps, time.monotonic, camera.settings)
    try:
        for _ in range(count):
            frame = source.read()
            if frame is None:
                return
            yield frame.image
    finally:
        source.close()


def _tell(check: Artefact, verdicts: list[DeviceVerdict], *, as_json: bool) -> None:
    if as_json:
        shown = {"id": check.id, "good": check.verdict.good, "text": check.verdict.text, "advice": check.verdict.advice}
        print(json.dumps({**shown, "devices": check.figures}))
        return
    from rich.console import Console

    console = Console(soft_wrap=True)
    for verdict in verdicts:
        console.print(f"  {MARK.get(verdict.found, '[red]not good[/]')} ", end="")
        console.print(f"{verdict.text} {verdict.advice}".rstrip(), markup=False)
    console.print(
        f"  {check.id}, good until {check.expires_utc}" if check.verdict.good else f"  {check.id}", markup=False
    )
