"""`station calibrate daily`: has anything moved, in a minute, and one plain verdict a device."""

from __future__ import annotations

import json
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer

from calibration.daily.arm_check import ArmNow, Hands
from calibration.daily.camera_check import tag_pictures
from calibration.daily.in_force import COBOT, current_reference, kept_arm, store_folder
from calibration.daily.reference import reference_of, reference_subject
from calibration.daily.tool_check import check_tool
from calibration.daily.verdicts import DeviceVerdict, Found
from calibration.daily.whole import Bursts, DailyBench
from calibration.robot_run import Stand
from calibration.store import Store
from station.commands.daily_arm import leave_of, live_arm, simulated_arm
from station.commands.daily_sources import Mishaps, Pictures, live, only_rendered, rendered
from station.commands.defaults import default_config
from station.config.artefact import Artefact, Kind, current_id
from station.runtime.setting import Files, read_files

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
    bench = DailyBench(
        station=files.station,
        procedure=files.procedure,
        store=Store(folder or store_folder(files.station)),
        software=version("assembled-by-me"),
    )
    first = current_id(bench.store.folder, Kind.DAILY, reference_subject(files.station.id)) is None
    if take_reference or (sim and first):
        kept = _keep_reference(bench, files, rendered(files, seed, Mishaps()) if sim else live, ask)
        if take_reference:
            shown = {"id": kept.id, "text": kept.verdict.text}
            print(json.dumps(shown) if as_json else f"{kept.id}: {kept.verdict.text}")
            return
    artefact = current_reference(files.station.id, bench.store.folder)
    reference = reference_of(artefact)
    verdicts = []
    if only != ARM:
        pictures = rendered(files, seed + 1, mishaps) if sim else live
        verdicts += bench.cameras(reference, _bursts(files, pictures))
    if only != CAMERAS and reference.arm is not None:
        again = replace(ask, seed=seed + 1)
        leave = leave_of(by, sim=sim) if all(verdict.good for verdict in verdicts) else None
        verdicts.append(bench.arm(reference.arm, lambda arm: _arm_stand(files, arm, again), leave, verdicts))
    if rundown is not None:
        verdicts.append(check_tool(bench.store.folder, rundown, series))
    check = bench.keep_check(verdicts, artefact.id, by)
    _tell(check, verdicts, as_json=as_json)
    raise typer.Exit(0 if check.verdict.good else 1)


def _bursts(files: Files, pictures: Pictures) -> Bursts:
    fixture = files.station.fixture
    return lambda camera, model, count: tag_pictures(camera.name, pictures(camera, model, count), fixture)


def _arm_stand(files: Files, arm: ArmNow, ask: _Ask) -> AbstractContextManager[tuple[Stand, Hands]]:
    return simulated_arm(files, arm, ask.seed, ask.mishaps) if ask.sim else live_arm(ask.config)


def _keep_reference(bench: DailyBench, files: Files, pictures: Pictures, ask: _Ask) -> Artefact:
    cameras = bench.camera_references(_bursts(files, pictures))
    unhurt = replace(ask, mishaps=Mishaps())
    if ask.only != CAMERAS and files.station.cobot is not None:
        arm = bench.arm_reference(lambda now: _arm_stand(files, now, unhurt), lambda: leave_of(ask.by, sim=ask.sim))
    else:
        arm = kept_arm(files.station.id, bench.store.folder)
    return bench.keep_reference(cameras, arm, ask.by)


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
