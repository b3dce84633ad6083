"""The adjustment of a bench as its terms: which chains the observations make, what is sought, what is known before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from calibration.adjustment.chain import A_OFFSETS, D_OFFSETS, JOINT_OFFSETS, Arm, Known, Sought
from calibration.adjustment.corner_term import BoardShape, CornerTerm
from calibration.adjustment.noise import ErrorComponents
from calibration.adjustment.priors import PosePrior, VectorPrior
from calibration.adjustment.terms import Robust, Term
from calibration.adjustment.unknowns import Family, pose_family
from calibration.arm_chain import arm_poses
from calibration.bench_set import BenchSet
from calibration.bench_start import BenchStart
from calibration.corner_rows import CornerRows
from calibration.lens_prior import LensPrior
from calibration.observations import BoardView
from calibration.rotations import as_array
from calibration.touch_term import BASE, PLACES, TIP, TouchTerm
from vision.bench import TagMount
from vision.geometry import Array

LENS, CAMERA, MOUNT, ERROR = "lens", "camera from bench", "flange from board", "pose error"
LENS_VIEW, LENS_BOW, ARM_BOW, ARM_SCALE, TAG_SCALE = "lens view", "lens bow", "arm bow", "arm scale", "tag scale"
ARM_CORNERS = "arm corners of "
ZERO_SIGMA_DEG = 1.0
LINK_SIGMA_MM = 0.3
TIP_SIGMA_MM = 5.0
BOW_SIGMA_MM = 1.0
TAG_SCALE_SIGMA = 0.01
TAG_SIGMA_PX = 0.1
FIRST_JOINT_DEG = 0.05
"""Noise of a joint before the poses have told it."""
FLOOR_MM, FLOOR_DEG = 0.01, 0.002
"""What a pose error has besides that of the joints: without it the six joints would explain it all."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Problem:
    """The terms of one set."""

    corners: tuple[CornerTerm, ...]
    tags: tuple[CornerTerm, ...]
    priors: tuple[Term, ...]
    error: PosePrior | None
    touches: TouchTerm | None

    def terms(self) -> tuple[Term, ...]:
        """All of them."""
        rest: list[Term] = [term for term in (self.error, self.touches) if term is not None]
        return (*self.corners, *self.tags, *self.priors, *rest)


def values_of(bench: BenchSet, start: BenchStart) -> dict[str, Array]:
    """Values for every family, sought or not."""
    return {
        LENS: start.lenses,
        CAMERA: start.cameras,
        LENS_VIEW: start.lens_poses,
        BASE: start.bench_from_base[None],
        MOUNT: start.flange_from_board[None],
        JOINT_OFFSETS: start.joint_offsets_rad[None],
        D_OFFSETS: start.link_mm[None, :, 0],
        A_OFFSETS: start.link_mm[None, :, 1],
        ERROR: np.broadcast_to(np.eye(4), (max(len(bench.poses), 1), 4, 4)).copy(),
        LENS_BOW: np.zeros((1, 2)),
        ARM_BOW: np.zeros((1, 2)),
        ARM_SCALE: np.zeros((1, 1)),
        TAG_SCALE: np.zeros((1, 1)),
        TIP: np.array(bench.first_tip_mm)[None],
        PLACES: _first_places(bench, start),
    }


def problem_of(bench: BenchSet, components: ErrorComponents | None, bench_from_base: Array) -> Problem:
    """All terms of a set; `components` are None without an arm."""
    corners: list[CornerTerm] = []
    tags: list[CornerTerm] = []
    numbers = {view: index for index, view in enumerate(bench.lens_views)}
    poses = {pose.pose: index for index, pose in enumerate(bench.poses)}
    mounts = {mount.tag_id: mount for mount in bench.tags}
    for index, camera in enumerate(bench.cameras):
        own = [view for view in bench.lens_views if view.camera == camera.camera]
        if own:
            links = (Sought(LENS_VIEW, np.array([numbers[view] for view in own])),)
            rows = CornerRows.of(own, bench.lens_board)
            corners.append(
                rows.term(f"lens corners of {camera.camera}", (LENS, index), links, BoardShape(bow_family=LENS_BOW))
            )
        own = [view for view in bench.arm_views if view.camera == camera.camera]
        if own and bench.robot is not None:
            corners.append(_arm_term(bench, own, index, poses))
        seen = {tag: px for tag, px in bench.tag_views.get(camera.camera, {}).items() if tag in mounts}
        tags.append(_tag_term(seen, mounts, camera.camera, index))
    return Problem(
        corners=tuple(corners),
        tags=tuple(tags),
        priors=_priors(bench),
        error=None
        if components is None
        else PosePrior(
            name="pose errors", family=ERROR, whitening=components.whitening(), robust=Robust.all_of(len(bench.poses))
        ),
        touches=touch_term_of(bench, FIRST_JOINT_DEG, bench_from_base),
    )


def _arm_term(bench: BenchSet, views: Sequence[BoardView], camera: int, poses: dict[int, int]) -> CornerTerm:
    assert bench.robot is not None
    at = np.array([poses[view.view] for view in views])
    joints = np.radians(np.array([bench.poses[index].joints_deg for index in at]))
    none = np.zeros(len(views), dtype=np.int64)
    links = (
        Sought(CAMERA, none + camera),
        Sought(BASE, none),
        Arm(bench.robot.table, joints),
        Sought(ERROR, at),
        Sought(MOUNT, none),
    )
    rows = CornerRows.of(views, bench.arm_board)
    shape = BoardShape(bow_family=ARM_BOW, scale_family=ARM_SCALE)
    return rows.term(f"{ARM_CORNERS}{views[0].camera}", (LENS, camera), links, shape)


def _tag_term(seen: dict[int, Array], mounts: Mapping[int, TagMount], camera: str, index: int) -> CornerTerm:
    half = [np.array([[-1, 1, 0], [1, 1, 0], [1, -1, 0], [-1, -1, 0]]) * mounts[tag].size_mm / 2.0 for tag in seen]
    return CornerTerm(
        name=f"tags of {camera}",
        lens_family=LENS,
        lens_block=index,
        links=(
            Sought(CAMERA, np.full(len(seen), index)),
            Known(np.array([as_array(mounts[tag].body_from_tag) for tag in seen])),
        ),
        points_mm=np.concatenate(half).astype(np.float64),
        bends=np.zeros((4 * len(seen), 2)),
        shape=BoardShape(scale_family=TAG_SCALE),
        pixels=np.concatenate(list(seen.values())),
        starts=np.arange(len(seen) + 1) * 4,
        sigma_px=TAG_SIGMA_PX,
        robust=Robust.all_of(4 * len(seen)),
    )


def _priors(bench: BenchSet) -> tuple[Term, ...]:
    def around(family: str, sigma: Array, mean: Array | None = None) -> VectorPrior:
        return VectorPrior(name=family, family=family, mean=np.zeros(len(sigma)) if mean is None else mean, sigma=sigma)

    priors: list[Term] = [
        LensPrior.of(LENS, index, known.lens, known.covariance)
        for index, camera in enumerate(bench.cameras)
        if (known := bench.known_lenses.get(camera.camera)) is not None
    ]
    priors += [around(LENS_BOW, np.full(2, BOW_SIGMA_MM)), around(TAG_SCALE, np.full(1, TAG_SCALE_SIGMA))]
    if bench.robot is not None:
        priors += [
            around(ARM_BOW, np.full(2, BOW_SIGMA_MM)),
            around(ARM_SCALE, np.full(1, bench.arm_board.print_scale_sigma)),
            around(JOINT_OFFSETS, np.full(6, np.radians(ZERO_SIGMA_DEG))),
            around(D_OFFSETS, np.full(6, LINK_SIGMA_MM)),
            around(A_OFFSETS, np.full(6, LINK_SIGMA_MM)),
        ]
    if bench.touches:
        priors.append(around(TIP, np.full(3, TIP_SIGMA_MM), np.array(bench.first_tip_mm)))
    return tuple(priors)


def families_of(bench: BenchSet) -> list[Family]:
    """What is sought."""
    count = len(bench.cameras)
    families = [
        Family(name=LENS, count=count, size=9),
        pose_family(CAMERA, count),
        Family(name=LENS_BOW, count=1, size=2),
        Family(name=TAG_SCALE, count=1, size=1),
        pose_family(LENS_VIEW, len(bench.lens_views), local=True),
    ]
    if bench.robot is not None:
        families += [
            pose_family(BASE, 1),
            pose_family(MOUNT, 1),
            Family(name=ARM_BOW, count=1, size=2),
            Family(name=ARM_SCALE, count=1, size=1),
            Family(name=JOINT_OFFSETS, count=1, size=6),
            Family(name=D_OFFSETS, count=1, size=6),
            Family(name=A_OFFSETS, count=1, size=6),
            pose_family(ERROR, len(bench.poses), local=True),
        ]
    if bench.touches:
        families.append(Family(name=TIP, count=1, size=3))
    if places_of(bench):
        families.append(Family(name=PLACES, count=len(places_of(bench)), size=3))
    return families


def components_of(bench: BenchSet) -> ErrorComponents | None:
    """Errors of the reported joints, all alike, carried to the flange; and a floor."""
    if bench.robot is None:
        return None
    joints = np.radians(np.array([pose.joints_deg for pose in bench.poses]))
    by_joint = arm_poses(bench.robot.table, joints).body_jacobian()
    floor = np.diag([np.radians(FLOOR_DEG) ** 2] * 3 + [FLOOR_MM**2] * 3)
    return ErrorComponents(
        {"joints": by_joint @ np.swapaxes(by_joint, 1, 2), "floor": np.broadcast_to(floor, by_joint.shape)},
        {"joints": float(np.radians(FIRST_JOINT_DEG) ** 2), "floor": 1.0},
    )


def touch_term_of(bench: BenchSet, joint_deg: float, bench_from_base: Array) -> TouchTerm | None:
    """Touches, each with the noise of the hand that set it and that of the joints; `bench_from_base` (4, 4) roughly."""
    if not bench.touches or bench.robot is None:
        return None
    places = places_of(bench)
    joints = np.radians(np.array([touch.joints_deg for touch in bench.touches]))
    chain = arm_poses(bench.robot.table, joints)
    tips = chain.base_from_flange[:, :3, :3] @ np.array(bench.first_tip_mm) + chain.base_from_flange[:, :3, 3]
    moved = chain.joint_moments + np.cross(np.swapaxes(chain.joint_axes, 1, 2), tips[:, None, :]).swapaxes(1, 2)
    moved = bench_from_base[:3, :3] @ moved
    spread = np.radians(joint_deg) ** 2 * moved @ np.swapaxes(moved, 1, 2)
    spread += np.array([touch.sigma_mm**2 for touch in bench.touches])[:, None, None] * np.eye(3)
    return TouchTerm(
        name="touches",
        arm=Arm(bench.robot.table, joints),
        whitening=np.linalg.inv(np.linalg.cholesky(spread)),
        places=np.array([places.get(touch.place, -1) if touch.known_mm is None else -1 for touch in bench.touches]),
        known_mm=np.array([np.zeros(3) if touch.known_mm is None else touch.known_mm for touch in bench.touches]),
        robust=Robust.all_of(len(bench.touches)),
    )


def places_of(bench: BenchSet) -> dict[str, int]:
    """Sought points in the order in which they were first touched."""
    names = dict.fromkeys(touch.place for touch in bench.touches if touch.known_mm is None)
    return {name: index for index, name in enumerate(names)}


def _first_places(bench: BenchSet, start: BenchStart) -> Array:
    places = places_of(bench)
    found = np.zeros((max(len(places), 1), 3))
    if bench.robot is None:
        return found
    for touch in bench.touches:
        if touch.known_mm is None:
            flange = arm_poses(bench.robot.table, np.radians(np.array([touch.joints_deg]))).base_from_flange[0]
            tip = start.bench_from_base @ flange @ np.array([*bench.first_tip_mm, 1.0])
            found[places[touch.place]] = tip[:3]
    return found
