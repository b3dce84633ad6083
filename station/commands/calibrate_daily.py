"""`station calibrate daily`: has anything moved, in a minute, and one plain verdict a device."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import numpy as np
import typer
from numpy.typing import NDArray

from calibration.daily.camera_check import PICTURES, REFERENCE_PICTURES, check_camera, tag_pictures
from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.in_force import camera_in_force, current_reference, store_folder
from calibration.daily.reference import (
    Reference,
    camera_reference,
    reference_artefact,
    reference_of,
    reference_subject,
)
from calibration.daily.tag_burst import TagBurst
from calibration.daily.verdicts import DeviceVerdict, Found
from calibration.store import Store
from station.commands.defaults import default_config
from station.config.artefact import Artefact, Kind, current_id
from station.config.station_values import CameraConfig
from station.runtime.setting import Files, read_files
from vision.bench import Body
from vision.geometry import CameraModel

Pictures = Callable[[CameraConfig, CameraModel, int], Iterator[NDArray[np.uint8]]]
"""A camera as its file says, its calibration, how many -> uint8 (height, width, 3) BGR pictures."""
MARK = {Found.SAME: "[green]good[/]", Found.LITTLE: "[yellow]good[/]", Found.TAG: "[yellow]good[/]"}


def daily(
    config: Annotated[
        Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
    ] = None,
    folder: Annotated[
        Path | None,
        typer.Option("--store", help="Folder of the artefacts. Without it: the station's own."),
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
    store = Store(folder or store_folder(files.station))
    pictures = _rendered(files, seed) if sim else _live
    first = current_id(store.folder, Kind.DAILY, reference_subject(files.station.id)) is None
    if take_reference or (sim and first):
        kept = _keep_reference(files, store, pictures, by)
    if take_reference:
        print(json.dumps({"id": kept.id, "text": kept.verdict.text}) if as_json else f"{kept.id}: {kept.verdict.text}")
        raise typer.Exit(0)
    if sim:
        pictures = _rendered(files, seed + 1, turn_deg=bump_deg, shift_mm=shift_mm)
    reference = current_reference(files.station.id, store.folder)
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


def _checked(files: Files, store: Store, artefact: Artefact, pictures: Pictures) -> list[DeviceVerdict]:
    reference, fixture = reference_of(artefact), files.station.fixture
    verdicts = []
    for camera in files.station.cameras:
        now = camera_in_force(store.folder, camera)
        take = partial(_burst, camera, now.model, pictures, fixture, PICTURES)
        part = reference.camera(camera.name)
        verdicts.append(check_camera(take, part, now.model, now.id, fixture, now.covariance))
    return verdicts


def _burst(camera: CameraConfig, model: CameraModel, pictures: Pictures, fixture: Body, count: int) -> TagBurst:
    return tag_pictures(camera.name, pictures(camera, model, count), fixture)


def _keep_reference(files: Files, store: Store, pictures: Pictures, by: str) -> Artefact:
    parts = []
    for camera in files.station.cameras:
        found = camera_in_force(store.folder, camera)
        burst = _burst(camera, found.model, pictures, files.station.fixture, REFERENCE_PICTURES)
        parts.append(camera_reference(burst, found.id))
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
