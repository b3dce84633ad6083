"""`station calibrate daily`: has anything moved, in a minute, and one plain verdict a device."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from calibration.daily.camera_check import PICTURES, REFERENCE_PICTURES, check_camera, tag_pictures
from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.in_force import COBOT, camera_in_force, current_reference, kept_arm, store_folder
from calibration.daily.new_reference import arm_may_have_one, new_camera_reference
from calibration.daily.reference import (
    ArmReference,
    Reference,
    reference_artefact,
    reference_of,
    reference_subject,
)
from calibration.daily.tag_burst import TagBurst
from calibration.daily.tool_check import check_tool
from calibration.daily.verdicts import DeviceVerdict, Found, untold
from calibration.observations import CalibrationError
from calibration.store import Store
from station.commands.daily_sources import Mishaps, Pictures, live, only_rendered, rendered
from station.commands.defaults import default_config
from station.config.artefact import Artefact, Kind, current_id
from station.config.station_values import CameraConfig
from station.runtime.setting import Files, read_files
from vision.bench import Body
from vision.geometry import CameraModel

if TYPE_CHECKING:
    from calibration.daily.arm_check import ArmNow, Hands
    from calibration.robot_run import Stand

MARK = {Found.SAME: "[green]good[/]", Found.LITTLE: "[yellow]good[/]", Found.TAG: "[yellow]good[/]"}
EVERY, CAMERAS = "all", "cameras"
ARM = COBOT


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ask:
    """What was asked for."""

    config: Path
    sim: bool
    by: str
    only: str
    seed: int
    mishaps: Mishaps


def daily(
    config: Annotated[
        Path | None, typer.Option("--config", help="Station file. Without it: the simulated bench.", dir_okay=False)
    ] = None,
    folder: Annotated[
        Path | None, typer.Option("--store", help="Folder of the artefacts. Without it: the station's own.")
    ] = None,
    take_reference: Annotated[
        bool, typer.Option("--reference", help="Right after calibrating: keep what the next checks compare with.")
    ] = False,
    only: Annotated[str, typer.Option(help="`all`, or `cameras`, or `cobot`.")] = EVERY,
    rundown: Annotated[
        float | None, typer.Option(help="One test rundown of the torque tool, N·m, as the reference transducer reads.")
    ] = None,
    series: Annotated[str | None, typer.Option(help="Joint type of the test rundown, as it was verified.")] = None,
    by: Annotated[str, typer.Option(help="Who checks.")] = "technician",
    sim: Annotated[
        bool, typer.Option("--sim", help="The simulated bench: rendered pictures, a simulated arm.")
    ] = False,
    bump_deg: Annotated[float, typer.Option(help="With --sim: the cameras were turned by so much.")] = 0.0,
    shift_mm: Annotated[float, typer.Option(help="With --sim: the cameras were shifted by so much.")] = 0.0,
    joint_zero_deg: Annotated[float, typer.Option(help="With --sim: a joint slipped by so much.")] = 0.0,
    joint: Annotated[int, typer.Option(help="With --sim: which joint slipped.", min=1, max=6)] = 3,
    seed: Annotated[int, typer.Option(help="With --sim: everything random comes from it.")] = 1,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
) -> None:
    """Has anything moved since the calibration: fixed tags in each camera, three poses of the arm, one rundown.

    Each verdict says how small a change it would have noticed. The exit code is 1 when something is not good, or could
    not be checked.
    """
    mishaps = Mishaps(bump_deg=bump_deg, shift_mm=shift_mm, joint=joint, joint_zero_deg=joint_zero_deg)
    if mishaps.any and not sim:
        raise typer.BadParameter("a mishap happens on the simulated bench only; add --sim")
    if only not in (EVERY, CAMERAS, ARM):
        raise typer.BadParameter(f"there is no {only!r}; use all, cameras or cobot", param_hint="--only")
    ask = _Ask(config=config or default_config(), sim=sim, by=by, only=only, seed=seed, mishaps=mishaps)
    files = read_files(ask.config)
    if sim and folder is None and not only_rendered(files):
        raise typer.BadParameter(
            f"rendered pictures say nothing of the real bench {files.station.id}; name another folder with --store",
            param_hint="--sim",
        )
    store = Store(folder or store_folder(files.station))
    first = current_id(store.folder, Kind.DAILY, reference_subject(files.station.id)) is None
    if take_reference or (sim and first):
        kept = _keep_reference(files, store, rendered(files, seed, Mishaps()) if sim else live, ask)
        if take_reference:
            shown = {"id": kept.id, "text": kept.verdict.text}
            print(json.dumps(shown) if as_json else f"{kept.id}: {kept.verdict.text}")
            return
    artefact = current_reference(files.station.id, store.folder)
    reference = reference_of(artefact)
    verdicts = []
    if only != ARM:
        pictures = rendered(files, seed + 1, mishaps) if sim else live
        verdicts += _cameras(files, store, reference, pictures)
    if only != CAMERAS and reference.arm is not None:
        moved = [verdict.device for verdict in verdicts if not verdict.good]
        if moved:
            verdicts.append(untold(COBOT, Kind.ARM, f"Its eyes are camera {', '.join(moved)}: put that right first."))
        else:
            verdicts.append(_arm(files, store.folder, reference.arm, replace(ask, seed=seed + 1)))
    if rundown is not None:
        verdicts.append(check_tool(store.folder, rundown, series))
    check = check_artefact(
        verdicts,
        Checker(
            station=files.station.id, by=by, made_utc=_now(), software=version("assembled-by-me"), reference=artefact.id
        ),
    )
    keep_check(store, check, verdicts)
    _tell(check, verdicts, as_json=as_json)
    raise typer.Exit(0 if check.verdict.good else 1)


def _cameras(files: Files, store: Store, reference: Reference, pictures: Pictures) -> list[DeviceVerdict]:
    fixture, verdicts = files.station.fixture, []
    for camera in files.station.cameras:
        now = camera_in_force(store.folder, camera)
        take = partial(_burst, camera, now.model, pictures, fixture, PICTURES)
        part = reference.camera(camera.name)
        verdicts.append(check_camera(take, part, now.model, now.id, fixture, now.covariance))
    return verdicts


def _burst(camera: CameraConfig, model: CameraModel, pictures: Pictures, fixture: Body, count: int) -> TagBurst:
    return tag_pictures(camera.name, pictures(camera, model, count), fixture)


def _arm(files: Files, store: Path, reference: ArmReference, ask: _Ask) -> DeviceVerdict:
    from calibration.daily.arm_check import check_whole
    from station.commands.daily_arm import arm_of, leave_of

    leave = leave_of(ask.by, sim=ask.sim)
    if leave is None:
        return untold(COBOT, Kind.ARM, "Nobody gave leave to move it.")
    try:
        arm = arm_of(files, store)
        with _arm_stand(files, arm, ask) as (stand, hands):
            return check_whole(arm, reference, stand, hands, leave)
    except CalibrationError as error:
        return untold(COBOT, Kind.ARM, f"{error}.")


def _arm_reference(files: Files, store: Path, ask: _Ask) -> ArmReference | None:
    from station.commands.daily_arm import arm_of, leave_of, referenced

    arm = arm_of(files, store)
    arm_may_have_one(store, arm.calibration)
    leave = leave_of(ask.by, sim=ask.sim)
    if leave is None:
        return None
    with _arm_stand(files, arm, replace(ask, mishaps=Mishaps())) as (stand, hands):
        return referenced(arm, stand, hands, leave)


def _arm_stand(files: Files, arm: ArmNow, ask: _Ask) -> AbstractContextManager[tuple[Stand, Hands]]:
    from station.commands.daily_arm import live_arm, simulated_arm

    return simulated_arm(files, arm, ask.seed, ask.mishaps) if ask.sim else live_arm(ask.config)


def _keep_reference(files: Files, store: Store, pictures: Pictures, ask: _Ask) -> Artefact:
    parts = []
    for camera in files.station.cameras:
        found = camera_in_force(store.folder, camera)
        burst = _burst(camera, found.model, pictures, files.station.fixture, REFERENCE_PICTURES)
        parts.append(new_camera_reference(store.folder, burst, found, files.station.fixture))
    wanted = ask.only != CAMERAS and files.station.cobot is not None
    arm = _arm_reference(files, store.folder, ask) if wanted else kept_arm(files.station.id, store.folder)
    now = _now()
    kept = reference_artefact(
        files.station.id,
        Reference(cameras=tuple(parts), arm=arm),
        made_utc=now,
        by=ask.by,
        software=version("assembled-by-me"),
    )
    store.put_in_force(kept, utc=now, by=ask.by, why="reference of the daily check")
    return kept


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


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
