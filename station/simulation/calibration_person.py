"""The technician of the simulated bench: holds the board up where the screen asks, leads the tip onto points.

This person looks at the true bench with their own eyes, so the truth is read here; what is handed on is only pictures
and what the arm reports.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from calibration.bench_work import TouchGoal
from calibration.board import Board
from calibration.observations import CalibrationError
from drivers.cobot.arm import forward, inverse
from drivers.cobot.arm.model import Angles, ArmModel
from station.motion.plan import Leg
from station.simulation.calibration_bench import CalibrationBench, angles_of
from station.simulation.calibration_truth import Truth
from vision import pose_fit
from vision.geometry import Array, Transform

LENS_DISTANCES_MM = (430.0, 560.0)
HOLDS_S = 2.5
"""From one place of the board to the next."""
TOUCH_MM = 0.15
"""How far a hand leaves the tip from the point it aims at, one sigma an axis: a sharp pointer, marked points."""
NEAR_MM = 12.0
"""From here on the tip is jogged slowly."""
JOG_PERCENT = 3
FAST_PERCENT = 25
AIMS_S = 1.0
"""For looking closely, beyond what the arm's own motion takes."""
JOG_AT_MOST_DEG = 30.0


def lens_places(count: int, rng: np.random.Generator) -> list[tuple[float, float, float, Array]]:
    """Where a camera's picture asks for the board: x and y as shares of the picture, distance, tilt (3, 3)."""
    grid = [(x, y) for y in (0.22, 0.5, 0.78) for x in (0.2, 0.5, 0.8)]
    places = []
    for number in range(count):
        x, y = grid[number % len(grid)] if number < len(grid) else (0.5, 0.5)
        far = LENS_DISTANCES_MM[number % 2] * float(rng.uniform(0.92, 1.08))
        lean = np.radians(float(rng.uniform(18.0, 38.0)))
        about = 2.0 * np.pi * (number * 0.382) + float(rng.uniform(-0.3, 0.3))
        tilt = _turn(np.array([np.cos(about), np.sin(about), 0.0]), lean)
        roll = _turn(np.array([0.0, 0.0, 1.0]), float(rng.uniform(-0.5, 0.5)) + (np.pi / 2 if number % 4 == 3 else 0.0))
        places.append((x, y, far, tilt @ roll))
    return places


def hold_board(bench: CalibrationBench, camera: str, board: Board, place: tuple[float, float, float, Array]) -> None:
    """Hold the lens board up before a camera, as its picture asks."""
    x, y, far, turn = place
    model = bench.truth.cameras[camera]
    pixel = np.array([x * model.width_px, y * model.height_px])
    ray = np.array([*((pixel - model.matrix[:2, 2]) / np.diag(model.matrix)[:2]), 1.0])
    middle = board.nominal_mm().mean(axis=0)
    in_camera = Transform(turn, ray * far - turn @ middle)
    bench.in_hand = model.camera_from_bench.inverse() @ in_camera
    bench.wait(HOLDS_S)


def lead_to(bench: CalibrationBench, point_mm: Array, tool_axes: Sequence[Array]) -> None:
    """Jog the tip onto a point, the tool along the first of the axes (bench frame) with which the arm can do that.

    Raises CalibrationError `calibration.cannot_touch`.
    """
    aimed = point_mm + bench.person.normal(0.0, TOUCH_MM, 3)
    here = angles_of(bench)
    for axis in tool_axes:
        ways: list[tuple[float, Angles, Angles]] = []
        for roll in np.arange(0.0, 2.0 * np.pi, np.pi / 6.0):
            above = _posture(bench, aimed - NEAR_MM * axis, axis, float(roll), here)
            there = None if above is None else _posture(bench, aimed, axis, float(roll), above)
            if above is not None and there is not None and _travel(above, there) < JOG_AT_MOST_DEG:
                ways.append((_travel(here, above), above, there))
        if not ways:
            continue
        _, above, there = min(ways)
        _jog(bench, above, there)
        return
    raise CalibrationError("calibration.cannot_touch", "the arm does not reach that point with any of these tilts")


def lead_down(bench: CalibrationBench, point_mm: Array) -> bool:
    """Jog the tip onto a point without turning the tool; False where the arm cannot. Raises CalibrationError."""
    aimed = point_mm + bench.person.normal(0.0, TOUCH_MM, 3)
    turn, here = bench.bench_from_flange().rotation, angles_of(bench)
    there = _posture_of(bench, Transform(turn, aimed - turn @ bench.truth.tip_mm), here)
    lifted = aimed - NEAR_MM * turn[:, 2]
    above = _posture_of(bench, Transform(turn, lifted - turn @ bench.truth.tip_mm), here)
    if above is None or there is None or _travel(above, there) > JOG_AT_MOST_DEG:
        return False
    _jog(bench, above, there)
    return True


def _jog(bench: CalibrationBench, above: Angles, there: Angles) -> None:
    """Down onto the point, and on until the tip is seen to be there, whatever the servos hold: only then it counts."""
    settled = bench.settling()
    seen = tuple(float(v) for v in np.array(there) - settled)
    for goal, speed, held in ((above, FAST_PERCENT, None), (seen, JOG_PERCENT, settled)):
        bench.hold_at(held)
        failed = bench.go(Leg(points_deg=(angles_of(bench), goal), speed_percent=speed))
        if failed is not None:
            raise CalibrationError("calibration.cannot_touch", f"{failed.detail} ({failed.code})")
    bench.wait(AIMS_S)
    bench.hold_at(None)


def lead_back(bench: CalibrationBench, by_mm: float = 25.0) -> None:
    """Draw the tip back along the tool."""
    flange = bench.bench_from_flange()
    axis = flange.rotation[:, 2]
    goal = _posture_of(bench, Transform(flange.rotation, flange.translation_mm - by_mm * axis), angles_of(bench))
    if goal is not None:
        bench.go(Leg(points_deg=(angles_of(bench), goal), speed_percent=FAST_PERCENT))


def _posture(bench: CalibrationBench, tip_mm: Array, axis: Array, roll: float, near: Angles) -> Angles | None:
    """Reported joints with which the true tip is there; None when the arm cannot."""
    side = np.cross(axis, np.eye(3)[int(np.argmin(np.abs(axis)))])
    side /= np.linalg.norm(side)
    x = np.cos(roll) * side + np.sin(roll) * np.cross(axis, side)
    rotation = np.column_stack([x, np.cross(axis, x), axis])
    return _posture_of(bench, Transform(rotation, tip_mm - rotation @ bench.truth.tip_mm), near)


def _posture_of(bench: CalibrationBench, bench_from_flange: Transform, near: Angles) -> Angles | None:
    return joints_for(bench.truth, bench.nominal, bench_from_flange, near)


def joints_for(truth: Truth, nominal: ArmModel, bench_from_flange: Transform, near: Angles) -> Angles | None:
    """What the arm reports when its flange truly is there, near a posture; None where it cannot be."""
    wanted = truth.bench_from_base.inverse() @ bench_from_flange
    pose = np.eye(4)
    pose[:3, :3], pose[:3, 3] = wanted.rotation, wanted.translation_mm
    # The closed form holds for the maker's table; from there it is a few steps to the arm as it is.
    found = inverse.nearest(nominal, pose, near)
    if found is None:
        return None
    angles: Array = np.array(found)
    for _ in range(8):
        here = forward.flange(truth.arm, angles.tolist())
        turn = pose_fit.rotation_vector(pose[:3, :3] @ here[:3, :3].T)
        step = np.concatenate([pose[:3, 3] - here[:3, 3], turn])
        try:
            angles = angles + np.degrees(np.linalg.solve(forward.jacobian(truth.arm, angles.tolist()), step))
        except np.linalg.LinAlgError:
            return None
        if float(np.abs(step).max()) < 1e-9:
            break
    else:
        return None
    told = angles - truth.joint_offset_deg
    low, high = np.array(truth.arm.limits_deg).T
    if np.any(told < low) or np.any(told > high):
        return None
    return tuple(float(v) for v in told)


def _travel(one: Angles, other: Angles) -> float:
    return max(abs(a - b) for a, b in zip(one, other, strict=True))


def _turn(axis: Array, angle_rad: float) -> Array:
    import cv2

    return np.asarray(cv2.Rodrigues(axis * angle_rad)[0], dtype=np.float64)


class SimulatedTechnician:
    """A `calibration.bench_flow.Technician` at a simulated bench."""

    def __init__(self, bench: CalibrationBench, lens_board: Board, touched_mm: Mapping[str, Array], seed: int) -> None:
        """`touched_mm`: where each point that may be asked for truly is, bench frame."""
        self._bench, self._board, self._touched_mm, self._seed = bench, lens_board, touched_mm, seed

    def hold_board(self, camera: str, number: int, of: int) -> None:
        """As the outline asks."""
        index = list(self._bench.truth.cameras).index(camera)
        places = lens_places(of, np.random.default_rng([self._seed, 6, index]))
        hold_board(self._bench, camera, self._board, places[number])

    def on_flange(self) -> str:
        """Seen at a glance."""
        return self._bench.on_flange

    def stand_clear(self, where: str) -> None:
        """Nobody is near this arm."""

    def put_on(self, what: str) -> None:
        """At once: it takes no time of the arm's."""
        self._bench.in_hand = None
        if what != "board away":
            self._bench.on_flange = what

    def lead_to(self, goal: TouchGoal) -> None:
        """Leaning as asked, or less or another way where the arm cannot."""
        point_mm = np.asarray(self._touched_mm[goal.place])
        if goal.as_it_stands and lead_down(self._bench, point_mm):
            return
        about = np.radians(goal.towards_deg)
        asked = [(goal.lean_deg * share, about + turn) for share in (1.0, 0.6, 0.3) for turn in (0.0, 0.6, -0.6)]
        instead = [(lean, turn) for lean in (0.0, 12.0, 24.0) for turn in np.arange(0.0, 2.0 * np.pi, np.pi / 4.0)]
        axes = [
            np.array([np.sin(lean) * np.cos(turn), np.sin(lean) * np.sin(turn), -np.cos(lean)])
            for lean, turn in ((np.radians(lean), turn) for lean, turn in asked + instead)
        ]
        lead_to(self._bench, point_mm, axes)

    def lead_off(self) -> None:
        """Straight back."""
        lead_back(self._bench)
