"""Cameras to the bench, to each other and to the arm, in one adjustment: lenses, places, base, zeros, links, tip.

Chains: lens view `camera_from_board`; fixture tag `camera_from_bench bench_from_tag`; arm view `camera_from_bench
bench_from_base base_from_flange(joints + zeros, links) error flange_from_board`; touch `bench_from_base
base_from_flange tip - place`. What is seen in common ties the cameras together; nothing is handed on with its
correlations cut off.

The tags look a little larger or smaller than they are (light and blur): a common scale of theirs is sought, too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from calibration.adjustment.chain import A_OFFSETS, D_OFFSETS, JOINT_OFFSETS
from calibration.adjustment.consistency import chi_square_limit
from calibration.adjustment.levenberg import Solution, solve
from calibration.adjustment.noise import ErrorComponents, variance_factor
from calibration.adjustment.normal_equations import SingularError
from calibration.adjustment.priors import PosePrior, errors_of
from calibration.adjustment.rejection import with_soft_loss, without_outliers
from calibration.adjustment.terms import Keep, Robust
from calibration.adjustment.unknowns import Values
from calibration.bench_checks import check_board_held, check_enough, check_tags_seen
from calibration.bench_set import BenchResult, BenchSet, Unused
from calibration.bench_start import BenchStart, bench_start
from calibration.bench_terms import (
    ARM_CORNERS,
    CAMERA,
    ERROR,
    LENS,
    MOUNT,
    Problem,
    components_of,
    families_of,
    places_of,
    problem_of,
    touch_term_of,
    values_of,
)
from calibration.lens_model import camera_matrix
from calibration.observations import CalibrationError
from calibration.rotations import as_transform
from calibration.touch_term import BASE, PLACES, TIP, TouchTerm
from vision.geometry import CameraModel

POSE_CHANCE, TOUCH_CHANCE = 1e-4, 1e-3
ROUNDS = 3
APART = "the board is not where the arm says: picture and pose do not belong together, or it still moved"


def solve_bench(bench: BenchSet, *, start: BenchStart | None = None) -> BenchResult:
    """Everything of a bench that its observations tell, with one covariance.

    `start` may be that of an earlier, smaller set of the same bench. Raises CalibrationError: those of
    `intrinsics.solve_lens`, `bench_start` and `bench_checks`; `calibration.bench_undetermined`.
    """
    check_tags_seen(bench)
    start = start or bench_start(bench)
    values = values_of(bench, start)
    try:
        solution, problem, components = _settled(bench, values)
        covariance = solution.covariance()
    except SingularError:
        raise CalibrationError(
            "calibration.bench_undetermined",
            "the pictures and poses do not determine this bench; take more poses that turn the board about "
            "different axes, and let every camera see the fixture's tags",
        ) from None
    unused = _unused(bench, problem, start)
    check_enough(bench, problem.error, sum(word.why == APART for word in unused))
    found = solution.values
    if components is not None and problem.error is not None:
        check_board_held(bench, errors_of(found[ERROR]), components.covariances(), problem.error.robust.keep)
    has_arm = bench.robot is not None
    places = places_of(bench)
    names = {camera.camera: index for index, camera in enumerate(bench.cameras)}
    kept = np.concatenate([(t.residuals(found) * t.sigma_px)[t.robust.keep] for t in problem.corners])
    return BenchResult(
        solution=solution,
        covariance=covariance,
        cameras=tuple(
            CameraModel(
                camera.camera,
                camera.width_px,
                camera.height_px,
                camera_matrix(found[LENS][index]),
                found[LENS][index][4:],
                as_transform(found[CAMERA][index]),
            )
            for index, camera in enumerate(bench.cameras)
        ),
        bench_from_base=as_transform(found[BASE][0]) if has_arm else None,
        joint_offset_deg=np.degrees(found[JOINT_OFFSETS][0]),
        link_mm=np.column_stack([found[D_OFFSETS][0], found[A_OFFSETS][0]]),
        flange_from_board=as_transform(found[MOUNT][0]) if has_arm else None,
        tip_mm=found[TIP][0] if bench.touches else None,
        places_mm={place: found[PLACES][index] for place, index in places.items()},
        place_index=places,
        camera_index=names,
        sigma_px={
            camera: float(np.median([t.sigma_px for t in problem.corners if t.lens_block == index]))
            for camera, index in names.items()
        },
        rms_px=float(np.sqrt((kept**2).sum(axis=1).mean())),
        sigma_joint_deg=float(np.degrees(np.sqrt(components.variances["joints"]))) if components else float("nan"),
        unused=unused,
        table=bench.robot.table if bench.robot is not None else np.zeros((6, 4)),
    )


def _settled(bench: BenchSet, values: Values) -> tuple[Solution, Problem, ErrorComponents | None]:
    """First with a loss that outliers cannot bend, then without outliers, then with the noise that is left."""
    components = components_of(bench)
    problem = problem_of(bench, components, values[BASE][0])
    families = families_of(bench)
    rough = [family for family in families if family.name not in (JOINT_OFFSETS, D_OFFSETS, A_OFFSETS)]
    soft = _softened(problem, values)
    solution = solve(rough, soft.terms(), values, rounds=30, tolerance=1e-6)
    soft = _softened(problem, solution.values)
    solution = solve(families, soft.terms(), solution.values, rounds=30, tolerance=1e-7)
    problem = _hardened(problem, solution.values)
    for _ in range(ROUNDS):
        solution = solve(families, problem.terms(), solution.values, rounds=20)
        problem, components = _renoised(bench, problem, solution, components)
    return solve(families, problem.terms(), solution.values, rounds=20), problem, components


def _softened(problem: Problem, values: Values) -> Problem:
    error, touches = problem.error, problem.touches
    return replace(
        problem,
        corners=tuple(with_soft_loss(term, values) for term in problem.corners),
        tags=tuple(replace(term, robust=Robust(term.robust.keep, cauchy=4.0)) for term in problem.tags),
        error=error and replace(error, robust=Robust(error.robust.keep, cauchy=4.0)),
        touches=touches and replace(touches, robust=Robust(touches.robust.keep, cauchy=3.0)),
    )


def _hardened(problem: Problem, values: Values) -> Problem:
    """Without what chance does not explain. Poses and touches are judged by what most of them show."""
    return replace(
        problem,
        corners=tuple(without_outliers(term, values) for term in problem.corners),
        error=problem.error and replace(problem.error, robust=Robust(_likely(problem.error, values, POSE_CHANCE))),
        touches=problem.touches
        and replace(problem.touches, robust=Robust(_likely(problem.touches, values, TOUCH_CHANCE))),
    )


def _likely(term: PosePrior | TouchTerm, values: Values, chance: float) -> Keep:
    residuals = term.residuals(values)
    squares = (residuals**2).sum(axis=1)
    freedom = residuals.shape[1]
    usual = max(1.0, float(np.median(squares)) / chi_square_limit(freedom, 0.5))
    return np.asarray(squares <= chi_square_limit(freedom, 1.0 - chance) * usual)


def _renoised(
    bench: BenchSet, problem: Problem, solution: Solution, components: ErrorComponents | None
) -> tuple[Problem, ErrorComponents | None]:
    """The same with the noise that the residuals show."""
    covariance = solution.covariance()
    corners = tuple(
        replace(term, sigma_px=term.sigma_px * np.sqrt(variance_factor(solution, covariance, term)))
        for term in problem.corners
    )
    tags = problem.tags
    if sum(len(term.pixels) for term in tags) >= 16 * len(tags):
        factors = [variance_factor(solution, covariance, term) for term in tags]
        tags = tuple(
            replace(term, sigma_px=max(0.02, term.sigma_px * float(np.sqrt(factor))))
            for term, factor in zip(tags, factors, strict=True)
        )
    error, touches = problem.error, problem.touches
    if components is not None and error is not None:
        found = components.updated(errors_of(solution.values[ERROR]), covariance.own[ERROR], error.robust.keep)
        components = ErrorComponents(components.shapes, {**found.variances, "floor": 1.0})
        error = replace(error, whitening=components.whitening())
        if touches is not None:
            joint_deg = float(np.degrees(np.sqrt(components.variances["joints"])))
            renewed = touch_term_of(bench, joint_deg, solution.values[BASE][0])
            assert renewed is not None
            touches = replace(renewed, robust=touches.robust)
    return replace(problem, corners=corners, tags=tags, error=error, touches=touches), components


def _lost_views(bench: BenchSet, problem: Problem) -> set[tuple[str, int]]:
    """(camera, pose) of every view of the arm's board of which no corner took part."""
    lost: set[tuple[str, int]] = set()
    for term in problem.corners:
        if not term.name.startswith(ARM_CORNERS):
            continue
        camera = term.name.removeprefix(ARM_CORNERS)
        views = [view for view in bench.arm_views if view.camera == camera]
        whole = ~np.logical_or.reduceat(term.robust.keep, term.starts[:-1])
        lost |= {(camera, views[k].view) for k in np.nonzero(whole)[0]}
    return lost


def _unused(bench: BenchSet, problem: Problem, start: BenchStart) -> tuple[Unused, ...]:
    unused = list(start.unused)
    lost = _lost_views(bench, problem)
    kept = {(view.camera, view.view) for view in bench.arm_views} - lost
    for index, pose in enumerate(bench.poses):
        cameras = sorted(camera for camera, view in lost if view == pose.pose)
        alone = bool(cameras) and not any(view == pose.pose for _, view in kept)
        apart = problem.error is not None and not problem.error.robust.keep[index]
        if alone or apart:
            unused.append(Unused(what=f"pose {pose.pose}", why=APART))
        else:
            unused += [
                Unused(what=f"pose {pose.pose} in camera {camera}", why="its corners do not fit the other pictures")
                for camera in cameras
            ]
    if problem.touches is not None:
        unused += [
            Unused(
                what=f"touch {bench.touches[k].touch} of {bench.touches[k].place}",
                why="the tip was not where the other touches say",
            )
            for k in np.nonzero(~problem.touches.robust.keep)[0]
        ]
    return tuple(unused)
