"""Which poses an arm takes for its calibration: seen by the cameras, free, and chosen for what they tell. Pure.

A pose tells of the base's place, the joints' zeros, the links and the board's mount. Of many random postures those are
taken, one after another, that let the expected error at given places (the joints of the part) shrink the most. The
figures are linear: cameras count as known here, and their errors as noise of a view.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from calibration.arm_chain import arm_poses
from calibration.board import Board
from calibration.observations import CalibrationError
from calibration.rotations import adjoint, as_array, cross_matrix
from drivers.cobot.arm.model import Angles, ArmModel, Capsule
from station.motion.distances import between_mm
from station.motion.gesture import TaughtPosture
from station.motion.plan import MotionPlan, PlanError
from station.motion.planner import plan
from station.motion.room import Room
from station.motion.scene import MotionScene
from vision.geometry import Array, CameraModel, Transform

DRAWN = 100_000
"""Random postures to begin with; a few in a thousand are any good."""
CONSIDERED = 500
NEIGHBOURS = 4
"""A pose is taken when the straight way to it from one of so many nearest taken ones is free."""
PICTURE_MARGIN_PX = 30.0
"""A camera may stand some millimetres and a degree beside where the station file has it."""
MOST_OBLIQUE_DEG = 52.0
SMALLEST_SQUARE_PX = 17.0
SIGHT_MM = 24.0
"""How much room a ray from a corner to the camera keeps from the arm's middle lines, beyond their radius."""
PLATE_RADIUS_MM = 9.0
BOARD_MARGIN_MM = 6.0
ONE_CAMERA_MM, ONE_CAMERA_DEG = 0.5, 0.12
"""How well one view tells where a board is, for choosing only."""
TWO_CAMERAS_MM, TWO_CAMERAS_DEG = 0.15, 0.06
_LINKS = np.array([0.3] * 5 + [0.003] + [0.3] * 6)
_ZEROS = np.array([0.009] * 5 + [0.00009])
PRIORS = np.concatenate([np.full(3, 0.03), np.full(3, 6.0), _ZEROS, _LINKS, np.full(3, 0.05), np.full(3, 6.0)])
"""One sigma of what the poses are to tell, before them: base (rad, mm), zeros (rad), d and a (mm), mount (rad, mm).

The last zero and the last d are as good as known: what is wrong with them is a part of the mount, and of the tip."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ChosenPose:
    """A posture to take."""

    pose: int
    joints_deg: Angles
    seen_by: tuple[str, ...]
    """Cameras that should see the board there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PoseChoice:
    """Postures in the order in which they are taken, and what they promise."""

    poses: tuple[ChosenPose, ...]
    expected_mm: float
    """One sigma of the tip (root of the mean of squares over places and axes), as far as the arm model goes."""
    considered: int
    """How many postures were free and seen."""


def board_capsules(board: Board, flange_from_board: Transform) -> tuple[Capsule, ...]:
    """The plate on the flange as the arm's tool, for clearances: five bars across it and a stem to the flange."""
    across, down = board.corners
    edge = board.square_mm + BOARD_MARGIN_MM
    left, right = -edge, (across - 1) * board.square_mm + edge
    bars = []
    for y in np.linspace(-edge, (down - 1) * board.square_mm + edge, 5):
        start, end = flange_from_board.apply([[left, y, 0.0], [right, y, 0.0]])
        bars.append(_capsule(start, end, PLATE_RADIUS_MM, "board"))
    middle = flange_from_board.apply(board.nominal_mm().mean(axis=0))
    return (*bars, _capsule(np.zeros(3), middle, PLATE_RADIUS_MM, "board"))


def table_of(model: ArmModel) -> Array:
    """(6, 4) rows [offset rad, d mm, a mm, alpha rad] of an arm."""
    return np.array([[row.offset_rad, row.d_mm, row.a_mm, row.alpha_rad] for row in model.rows])


def choose_poses(
    scene: MotionScene,
    cameras: Sequence[CameraModel],
    board: Board,
    flange_from_board: Transform,
    *,
    start_deg: Angles,
    places_deg: Sequence[Angles],
    count: int,
    clearance_mm: float,
    seed: int,
    robot_mm: float = 0.25,
    robot_deg: float = 0.06,
) -> PoseChoice:
    """`count` postures of the arm with the board on its flange (`scene.tool` holds it as capsules).

    `places_deg` are postures in which the arm will have to be right: over the joints of the part. `clearance_mm` is
    what is kept from everything, so it must be more than the station file may be wrong. The first pose is the one
    nearest to `start_deg`: the board is put on there. Raises CalibrationError `calibration.no_poses` when fewer than
    `count` are free, seen, and joined by free ways.
    """
    rng = np.random.default_rng(seed)
    room = Room(scene, clearance_mm)
    joints, seen = _seen(scene, room, cameras, board, flange_from_board, rng)
    free = room.margins(joints) >= 0.0 if len(joints) else np.zeros(0, dtype=np.bool_)
    joints, seen = joints[free], seen[free]
    if len(joints) < count:
        raise CalibrationError(
            "calibration.no_poses",
            f"only {len(joints)} of {DRAWN} tried postures keep {clearance_mm:.0f} mm from everything and show the "
            f"board to a camera, {count} are needed; clear the bench, or turn the cameras towards the arm",
        )
    # Postures that both cameras see first: they tell far more.
    both = np.nonzero(seen.sum(axis=1) > 1)[0][: CONSIDERED * 2 // 3]
    order = np.concatenate([both, np.nonzero(seen.sum(axis=1) == 1)[0][: CONSIDERED - len(both)]])
    joints, seen = joints[order], seen[order]
    table = table_of(scene.model)
    told = _told(table, joints, seen, scene, flange_from_board, robot_mm, robot_deg)
    wanted = _tip_jacobian(table, np.radians(np.array(places_deg)), scene)
    begin = _begin(joints, start_deg)
    taken, expected = _greedy(told, wanted, count, begin, partial(_joined, room=room, joints=joints, known={}))
    if len(taken) < count:
        raise CalibrationError(
            "calibration.no_poses",
            f"only {len(taken)} poses with the board can be come to one from another without touching anything, "
            f"{count} are needed; clear the bench around the arm, or mount the board another way round",
        )
    names = [camera.name for camera in cameras]
    poses = [
        ChosenPose(
            pose=number,
            joints_deg=tuple(round(float(angle), 2) for angle in joints[index]),
            seen_by=tuple(name for name, is_seen in zip(names, seen[index], strict=True) if is_seen),
        )
        for number, index in enumerate(_short_tour(joints, taken), start=1)
    ]
    return PoseChoice(poses=tuple(poses), expected_mm=expected, considered=len(joints))


def planned(
    choice: PoseChoice, here_deg: Angles, scene: MotionScene, *, clearance_mm: float, speed_percent: int
) -> tuple[tuple[tuple[ChosenPose, MotionPlan], ...], tuple[tuple[ChosenPose, str], ...]]:
    """Checked ways from one pose to the next, and the poses that were left out with the planner's own sentence."""
    ways: list[tuple[ChosenPose, MotionPlan]] = []
    left_out: list[tuple[ChosenPose, str]] = []
    here = here_deg
    for pose in choice.poses:
        gesture = TaughtPosture(
            name=f"calibration pose {pose.pose}",
            angles_deg=pose.joints_deg,
            speed_percent=speed_percent,
            clearance_mm=clearance_mm,
        )
        try:
            way = plan(gesture, here_deg=here, scene=scene)
        except PlanError as error:
            left_out.append((pose, str(error)))
            continue
        ways.append((pose, way))
        here = way.goal_deg or here
    return tuple(ways), tuple(left_out)


def _seen(
    scene: MotionScene,
    room: Room,
    cameras: Sequence[CameraModel],
    board: Board,
    flange_from_board: Transform,
    rng: np.random.Generator,
) -> tuple[Array, NDArray[np.bool_]]:
    """Random postures (n, 6) deg that show the whole board to a camera, and by which (n, cameras) it is seen."""
    low, high = (np.array(limit) for limit in zip(*scene.limits_deg, strict=True))
    spare = 0.04 * (high - low)
    joints = rng.uniform(low + spare, high - spare, (DRAWN, 6))
    flanges = as_array(scene.bench_from_base) @ arm_poses(table_of(scene.model), np.radians(joints)).base_from_flange
    boards = flanges @ as_array(flange_from_board)
    rim = _rim_mm(board)
    bench = rim @ np.swapaxes(boards[:, :3, :3], 1, 2) + boards[:, None, :3, 3]
    above = bench[:, :, 2].min(axis=1) > 20.0
    joints, boards, bench = joints[above], boards[above], bench[above]
    seen: NDArray[np.bool_] = np.stack([_in_sight(camera, boards, bench) for camera in cameras], axis=1)
    some = seen.any(axis=1)
    joints, bench, seen = joints[some], bench[some], seen[some]
    starts, ends = room.check.body.placed(joints)
    of_arm = ~room.check.body.is_tool & (room.check.body.frames > 0) & (room.check.body.frames < 6)
    for index, camera in enumerate(cameras):
        eye = camera.camera_from_bench.inverse().translation_mm
        for k in np.nonzero(of_arm)[0]:
            gaps = between_mm(bench, np.broadcast_to(eye, bench.shape), starts[:, None, k], ends[:, None, k])
            seen[:, index] &= gaps.min(axis=1) > room.check.body.radii_mm[k] + SIGHT_MM - PLATE_RADIUS_MM
    some = seen.any(axis=1)
    return joints[some], seen[some]


def _in_sight(camera: CameraModel, boards: Array, bench: Array) -> NDArray[np.bool_]:
    """(n,) whether a camera sees all of boards with rims (n, k, 3), large and straight enough."""
    count, corners = bench.shape[:2]
    pixels = camera.project(bench.reshape(-1, 3)).reshape(count, corners, 2)
    size = np.array([camera.width_px, camera.height_px])
    inside = np.all((pixels > PICTURE_MARGIN_PX) & (pixels < size - 1 - PICTURE_MARGIN_PX), axis=(1, 2))
    sight = bench.mean(axis=1) - camera.camera_from_bench.inverse().translation_mm
    distance = np.linalg.norm(sight, axis=1)
    cosine = np.einsum("ni,ni->n", sight / distance[:, None], boards[:, :3, 2])
    large = camera.matrix[0, 0] * cosine / distance
    span = np.linalg.norm(bench[:, 1] - bench[:, 0], axis=1)
    return np.asarray(
        inside & (cosine > np.cos(np.radians(MOST_OBLIQUE_DEG))) & (large * span > SMALLEST_SQUARE_PX * span / 24.0)
    )


def _told(
    table: Array,
    joints_deg: Array,
    seen: Array,
    scene: MotionScene,
    flange_from_board: Transform,
    robot_mm: float,
    robot_deg: float,
) -> Array:
    """(n, 30, 30) what each posture tells of base, zeros, links and mount, by the board's pose in the bench."""
    chain = arm_poses(table, np.radians(joints_deg))
    base, mount = as_array(scene.bench_from_base), as_array(flange_from_board)
    boards = base @ chain.base_from_flange @ mount
    into_bench = adjoint(base)
    by_joint = into_bench @ np.concatenate([chain.joint_axes, chain.joint_moments], axis=1)
    straight = np.concatenate([chain.d_directions, chain.a_directions], axis=2)
    by_link = into_bench @ np.concatenate([np.zeros_like(straight), straight], axis=1)
    by_mount = adjoint(base @ chain.base_from_flange)
    by_base = np.broadcast_to(np.eye(6), (len(joints_deg), 6, 6))
    jacobian = np.concatenate([by_base, by_joint, by_link, by_mount], axis=2)
    # A left perturbation moves points about the bench's origin; a view tells of the board about its own.
    to_board = np.broadcast_to(np.eye(6), (len(boards), 6, 6)).copy()
    to_board[:, 3:, :3] = -cross_matrix(boards[:, :3, 3])
    jacobian = to_board @ jacobian
    both = seen.sum(axis=1) > 1
    turn_deg = np.hypot(np.where(both, TWO_CAMERAS_DEG, ONE_CAMERA_DEG), robot_deg)
    move_mm = np.hypot(np.where(both, TWO_CAMERAS_MM, ONE_CAMERA_MM), robot_mm)
    weights = np.repeat(np.stack([1.0 / np.radians(turn_deg) ** 2, 1.0 / move_mm**2], axis=1), 3, axis=1)
    return np.asarray(np.einsum("nki,nk,nkj->nij", jacobian, weights, jacobian))


def _tip_jacobian(table: Array, places_rad: Array, scene: MotionScene) -> Array:
    """(3 m, 30) how the tip moves at the places with base, zeros and links."""
    chain = arm_poses(table, places_rad)
    base = as_array(scene.bench_from_base)
    tips = (base @ chain.base_from_flange)[:, :3, :3] @ np.array(scene.tip_mm) + (base @ chain.base_from_flange)[
        :, :3, 3
    ]
    into_bench = adjoint(base)
    by_joint = into_bench @ np.concatenate([chain.joint_axes, chain.joint_moments], axis=1)
    straight = np.concatenate([chain.d_directions, chain.a_directions], axis=2)
    by_link = into_bench @ np.concatenate([np.zeros_like(straight), straight], axis=1)
    by_base = np.broadcast_to(np.eye(6), (len(places_rad), 6, 6))
    whole = np.concatenate([by_base, by_joint, by_link, np.zeros_like(by_base)], axis=2)
    at_tip = np.concatenate([-cross_matrix(tips), np.broadcast_to(np.eye(3), (len(tips), 3, 3))], axis=2)
    return np.asarray((at_tip @ whole).reshape(-1, whole.shape[2]))


def _greedy(
    told: Array, wanted: Array, count: int, begin: int, joined: Callable[[int, list[int]], bool]
) -> tuple[list[int], float]:
    """Indexes of `count` postures, each the one that lets the mean variance of `wanted` shrink most; one sigma then.

    By one posture of information U U' the covariance shrinks by `C U (I + U' C U)^-1 U' C` (Woodbury).
    """
    covariance = np.diag(PRIORS**2)
    values, vectors = np.linalg.eigh(told)
    roots = vectors[:, :, -6:] * np.sqrt(np.maximum(values[:, None, -6:], 0.0))
    out = np.zeros(len(told), dtype=np.bool_)
    taken: list[int] = []
    while len(taken) < count:
        spread = covariance @ roots
        inner = np.eye(6) + np.swapaxes(roots, 1, 2) @ spread
        moved = wanted @ spread
        gain = np.einsum("nki,nij,nkj->n", moved, np.linalg.inv(inner), moved)
        gain[taken] = -1.0
        best = begin
        if taken:
            while True:
                gain[out] = -1.0
                best = int(np.argmax(gain))
                if gain[best] < 0.0 or joined(best, taken):
                    break
                out[best] = True
            if gain[best] < 0.0:
                break
            # What could not be joined before may be joined by way of the new one.
            out[:] = False
        taken.append(best)
        covariance = covariance - spread[best] @ np.linalg.solve(inner[best], spread[best].T)
    variance = np.einsum("ki,ij,kj->k", wanted, covariance, wanted)
    return taken, float(np.sqrt(variance.mean()))


def _begin(joints_deg: Array, start_deg: Angles) -> int:
    return int(np.argmin(np.abs(joints_deg - np.array(start_deg)).max(axis=1)))


def _joined(index: int, taken: list[int], *, room: Room, joints: Array, known: dict[tuple[int, int], bool]) -> bool:
    """Whether the straight way in joint angles from a taken posture near by is free. `known` is filled with answers."""
    far = np.abs(joints[taken] - joints[index]).max(axis=1)
    for other in (taken[k] for k in np.argsort(far)[:NEIGHBOURS]):
        if (index, other) not in known:
            known[index, other] = room.line_free(joints[other], joints[index])
        if known[index, other]:
            return True
    return False


def _short_tour(joints_deg: Array, taken: list[int]) -> list[int]:
    """The same postures in an order with little travel: always the nearest next."""
    left = list(taken)
    tour = [left.pop(0)]
    while left:
        way = np.abs(joints_deg[left] - joints_deg[tour[-1]]).max(axis=1)
        tour.append(left.pop(int(np.argmin(way))))
    return tour


def _rim_mm(board: Board) -> Array:
    """(5, 3) the printed squares' outer corners and the middle, board frame."""
    across, down = board.corners
    low = -board.square_mm
    right, bottom = across * board.square_mm, down * board.square_mm
    middle = board.nominal_mm().mean(axis=0)
    return np.array([[low, low, 0], [right, low, 0], [right, bottom, 0], [low, bottom, 0], middle])


def _capsule(start: Array, end: Array, radius_mm: float, name: str) -> Capsule:
    a, b = (tuple(float(v) for v in point) for point in (start, end))
    return Capsule(frame=6, start_mm=(a[0], a[1], a[2]), end_mm=(b[0], b[1], b[2]), radius_mm=radius_mm, name=name)
