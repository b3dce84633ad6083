"""`station calibrate solve`: a recorded set solved, and the result as a file."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from calibration.bench_results import hand_eye_keys, lens_keys, write_result
from calibration.bench_sets import read_bench_set
from calibration.hand_eye import HandEyeResult, solve_hand_eye
from calibration.intrinsics import LensResult, solve_lens
from calibration.observation_files import SCHEMA, check_pictures, pictures_of, read_set, schema_of
from calibration.observations import CalibrationError, HandEyeSet, LensSet


def solve(
    dataset: Annotated[Path, typer.Argument(help="Set of observations, .npz.")],
    out: Annotated[Path, typer.Option("--out", help="Result file that is written.")] = Path("result.json"),
) -> None:
    """Solve a set of observations; the exit code is 1 when it gives no result, and then nothing is written."""
    console = Console(stderr=True)
    try:
        observed = _read(dataset)
        began = time.perf_counter()
        if isinstance(observed, HandEyeSet):
            result = solve_hand_eye(observed)
            lines, keys = _hand_eye_lines(result), hand_eye_keys(result, time.perf_counter() - began)
        else:
            lenses = [solve_lens(lens_set) for lens_set in observed]
            lines = [_lens_line(lens) for lens in lenses]
            keys = lens_keys(lenses, time.perf_counter() - began)
        write_result(keys, out)
    except CalibrationError as error:
        console.print(f"{error.code}: {error}", markup=False, soft_wrap=True)
        raise typer.Exit(1) from None
    for line in lines:
        typer.echo(line)
    typer.echo(f"{out}: written after {keys['time_s']:.2f} s")


def _read(dataset: Path) -> HandEyeSet | tuple[LensSet, ...]:
    """A set of either schema. Raises CalibrationError `calibration.not_readable`, `calibration.damaged`."""
    if schema_of(dataset) != SCHEMA:
        return read_bench_set(dataset)
    found = read_set(dataset)
    if pictures_of(dataset).exists():  # a set may be passed on without them; with them, they must be the ones
        check_pictures(dataset, found)
    return found if isinstance(found, HandEyeSet) else (found,)


def _lens_line(result: LensResult) -> str:
    return (
        f"camera {result.camera.camera}: focal length {result.lens[0]:.2f} px, {len(result.views)} views, "
        f"rms {result.rms_px:.3f} px, held out {result.held_out_rms_px:.3f} px, {len(result.left_out)} left out"
    )


def _hand_eye_lines(result: HandEyeResult) -> list[str]:
    spread = [float(camera.covariance[3:, 3:].trace() ** 0.5) for camera in result.cameras]
    lines = [
        f"camera {camera.camera}: known to {mm:.2f} mm (one standard deviation), corners to {camera.sigma_px:.3f} px"
        for camera, mm in zip(result.cameras, spread, strict=True)
    ]
    lines.append(
        f"robot poses: {result.robot_sigma_mm:.2f} mm and {result.robot_sigma_deg:.3f} degrees an axis, "
        f"joints {result.joint_sigma_deg:.3f} degrees"
    )
    judged = result.held_out
    lines.append(f"held out: {judged.rms_mm:.2f} mm on the board, {judged.rms_px:.2f} px, over {judged.poses} poses")
    if result.kinematics is not None:
        offsets = ", ".join(f"{offset:.3f}" for offset in result.kinematics.joint_offsets_deg)
        lines.append(f"joint offsets: {offsets} degrees")
    lines.extend(result.notes)
    for left in result.left_out:
        if left.what != "corner":
            where = f" of camera {left.camera}" if left.camera else ""
            lines.append(f"left out: {left.what} {left.view}{where}: {left.reason}")
    corners = sum(left.what == "corner" for left in result.left_out)
    if corners:
        lines.append(f"left out: {corners} corners that are far off")
    return lines
