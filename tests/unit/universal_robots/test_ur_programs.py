"""The programs that are sent to the robot, run word by word by a reader of their language that is not ours."""

import itertools
import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from urscript_reader import STEP_S, World, run, translated

from drivers.api import MoveJoints
from drivers.cobot.universal_robots.models import MODELS
from drivers.cobot.universal_robots.motion import knots_of
from drivers.cobot.universal_robots.program import Knot, Tool, free_drive, motion, rotation_vector, set_tool
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_program import recognise

MODEL = MODELS["UR5e"]
HOME = (0.0, -90.0, 90.0, -90.0, -90.0, 0.0)
GOAL = (30.0, -70.0, 60.0, -80.0, -90.0, 15.0)
VIA = (10.0, -90.0, 90.0, -90.0, -90.0, 0.0)
HEARTBEAT, STOP, FACTOR = 24, 25, 124
NUMBER, STATE = 24, 25


def radians(angles_deg: tuple[float, ...]) -> list[float]:
    return [math.radians(angle) for angle in angles_deg]


def text_of(number: int = 7, speed: int = 50, tool: Tool | None = None) -> str:
    command = MoveJoints(command_id="m", angles_deg=GOAL, speed_percent=speed, through_deg=(VIA,))
    knots, _ = knots_of(command, MODEL, HOME)
    return motion(number, radians(HOME), knots, tool)


def alive(world: World) -> None:
    """A station that renews its permission every 20 ms and does not slow the motion."""
    world.inputs[HEARTBEAT] = int(world.now_s / 0.02)
    world.inputs[FACTOR] = 1.0


def ran(text: str, each_step: Callable[[World], None] = alive, at: tuple[float, ...] = HOME) -> World:
    world = World(radians(at), each_step)
    world.inputs[FACTOR] = 0.0
    run(text, world)
    return world


def test_a_motion_runs_from_its_start_to_its_goal_without_a_leap() -> None:
    """It should pass the via point, keep to the joints' speed and acceleration, and end at the goal, braked, done."""
    world = ran(text_of())
    assert world.setpoints[0] == pytest.approx(radians(HOME), abs=1e-6)
    assert world.setpoints[-1] == pytest.approx(radians(GOAL), abs=1e-6)
    assert min(math.dist(radians(VIA), point) for point in world.setpoints) < math.radians(2.3)
    assert (world.outputs[NUMBER], world.outputs[STATE]) == (7, 3)
    assert world.braked == [6.0]
    speeds = [
        tuple((b - a) / STEP_S for a, b in zip(one, two, strict=True))
        for one, two in itertools.pairwise(world.setpoints)
    ]
    limit = math.radians(0.5 * max(MODEL.speed_deg_s)) * 1.05
    assert max(abs(speed) for row in speeds for speed in row) < limit
    # Between knots the acceleration is a cubic's: near the limit, not at it to the digit.
    leaps = max(abs(b - a) / STEP_S for one, two in itertools.pairwise(speeds) for a, b in zip(one, two, strict=True))
    assert leaps < math.radians(max(MODEL.acceleration_deg_s2)) * 1.6


@pytest.mark.parametrize("speed", [5, 30, 100])
def test_the_simulated_controller_does_what_the_text_says(speed: int) -> None:
    """It should follow the very same setpoints as the reader of the language, step by step."""
    text = text_of(speed=speed)
    world = ran(text)
    controller = SimulatedController(MODEL, powered=True)
    controller.advance(0.0)
    controller.take_script(text)
    setpoints: list[tuple[float, ...]] = []
    for step in range(1, 60_000):
        begun_s = controller.now_s
        controller.write_inputs({"input_int_register_24": int(begun_s / 0.02), "input_double_register_24": 1.0})
        before = list(controller.joints.targets_rad)
        controller.advance(step * STEP_S)
        if before != controller.joints.targets_rad or setpoints:
            setpoints.append(tuple(controller.joints.targets_rad))
        if controller.outputs["output_int_register_25"] == 3:
            break
    moving = [point for point in world.setpoints if math.dist(point, world.setpoints[0]) > 0]
    assert len(setpoints) >= len(moving)
    for ours, theirs in zip(setpoints, moving, strict=False):
        assert ours == pytest.approx(theirs, abs=1e-9)


def test_a_motion_does_not_begin_without_a_sign_of_life() -> None:
    """It should end by itself after 0.3 s when the heartbeat never changes, without a single setpoint."""
    world = ran(text_of(), lambda world: None)
    assert world.setpoints == []
    assert world.outputs[STATE] == 5
    assert 0.3 <= world.now_s < 0.35


def test_a_motion_brakes_when_the_signs_of_life_end() -> None:
    """It should brake 0.3 s after the last change of the heartbeat, wherever it is."""

    def dies(world: World) -> None:
        if world.now_s < 0.8:
            alive(world)

    world = ran(text_of(), dies)
    assert world.outputs[STATE] == 5
    assert world.braked == [6.0]
    assert 1.05 < world.now_s < 1.15
    assert math.dist(world.setpoints[-1], radians(GOAL)) > 0.05


def test_a_motion_brakes_when_its_number_is_in_the_stop_register() -> None:
    """It should brake in the period in which the stop arrives; another motion's number is nothing to it."""

    def stops(world: World) -> None:
        alive(world)
        world.inputs[STOP] = 7 if world.now_s > 0.6 else 6

    world = ran(text_of(), stops)
    assert world.outputs[STATE] == 4
    assert world.braked == [6.0]
    assert 0.6 < world.now_s < 0.62


def test_a_number_that_has_run_is_not_run_again() -> None:
    """It should do nothing at all when the controller has run this number before."""
    world = World(radians(HOME), alive)
    world.outputs[NUMBER], world.outputs[STATE] = 7, 3
    run(text_of(), world)
    assert world.setpoints == []
    assert world.braked == []
    assert world.now_s == 0.0


def test_an_arm_that_is_elsewhere_does_not_begin() -> None:
    """It should not leap to the motion's beginning when somebody has moved the arm meanwhile."""
    elsewhere = (2.0, *HOME[1:])
    world = ran(text_of(), at=elsewhere)
    assert world.setpoints == []
    assert world.outputs[STATE] == 6


@given(st.floats(0.05, 1.0))
@settings(max_examples=10)
def test_a_speed_factor_stretches_the_time_and_leaves_the_way(factor: float) -> None:
    """It should take as much longer as it is slower, on setpoints that lie on the unhurried way."""

    def slow(world: World) -> None:
        alive(world)
        world.inputs[FACTOR] = factor

    text = text_of()
    whole, slower = ran(text), ran(text, slow)
    assert slower.setpoints[-1] == pytest.approx(radians(GOAL), abs=1e-6)
    assert len(slower.setpoints) / len(whole.setpoints) == pytest.approx(1 / factor, rel=0.35)
    for point in slower.setpoints[:: len(slower.setpoints) // 20]:
        assert min(math.dist(point, other) for other in whole.setpoints) < 0.003


def test_a_free_drive_lasts_as_long_as_somebody_is_there() -> None:
    """It should begin after a sign of life, and end with the stop or without signs of life."""

    def until_stopped(world: World) -> None:
        alive(world)
        world.inputs[STOP] = 9 if world.now_s > 1.0 else 0

    def until_dead(world: World) -> None:
        if world.now_s < 1.0:
            alive(world)

    for each_step, state, end_s in ((until_stopped, 4, 1.0), (until_dead, 5, 1.27)):
        world = ran(free_drive(9), each_step)
        assert world.was_free
        assert not world.free
        assert world.outputs[STATE] == state
        assert end_s <= world.now_s < end_s + 0.05
    unheard = ran(free_drive(9), lambda world: None)
    assert not unheard.was_free


def test_a_tool_is_set_and_told_and_carried_by_every_program() -> None:
    """It should set the tool, write what the controller has then, and move nothing."""
    tool = Tool(pose=(0.01, -0.02, 0.12, 0.1, 0.2, 0.3))
    world = ran(set_tool(3, tool))
    assert world.tcp == list(tool.pose)
    assert [world.outputs[124 + axis] for axis in range(6)] == list(tool.pose)
    assert (world.outputs[NUMBER], world.outputs[STATE]) == (3, 8)
    assert world.setpoints == []

    def dies_soon(world: World) -> None:
        world.inputs[HEARTBEAT] = int(min(world.now_s, 0.1) / 0.02)

    for text in (text_of(tool=tool), free_drive(4, tool)):
        assert ran(text, dies_soon).tcp == list(tool.pose)


angles = st.tuples(*[st.floats(-6.28, 6.28)] * 6)


@given(st.integers(1, 10**9), angles, st.lists(st.tuples(angles, angles), min_size=1, max_size=5))
def test_a_program_is_read_back_as_it_was_meant(number: int, start: tuple, rows: list) -> None:
    """It should be recognised with all its figures, and by the structure of the language be whole."""
    knots = [Knot(angles_rad=q, speeds_rad_s=v) for q, v in rows]
    text = motion(number, start, knots)
    read = recognise(text)
    assert read is not None
    assert read.number == number
    assert len(read.knots) == len(knots)
    for knot, meant in zip(read.knots, knots, strict=True):
        assert knot.angles_rad == pytest.approx(meant.angles_rad, abs=1e-6)
        assert knot.speeds_rad_s == pytest.approx(meant.speeds_rad_s, abs=1e-6)
    translated(text)


def test_what_is_not_letter_for_letter_ours_is_not_recognised() -> None:
    """It should not take a changed, cut or foreign program for ours."""
    text = text_of()
    assert recognise(text) is not None
    for other in (
        text.replace("0.3:", "30.0:"),
        text[: len(text) // 2] + "\nend\n",
        text.replace("if abm_end == 0 and", "if"),
        "def other():\n  movej([0, 0, 0, 0, 0, 0])\nend\n",
        "def abm_motion():\n  global abm_number = 1\nend\n",
        "def abm_set_tool():\n  global abm_number = 1\nend\n",
        "",
    ):
        assert recognise(other) is None


@given(st.tuples(*[st.floats(-180, 180)] * 3))
def test_a_rotation_vector_is_the_rotation(rpy: tuple[float, float, float]) -> None:
    """It should be the same rotation as R = Rz(yaw) Ry(pitch) Rx(roll)."""
    ours = Rotation.from_rotvec(rotation_vector(rpy))
    theirs = Rotation.from_euler("ZYX", rpy[::-1], degrees=True)
    assert (ours.inv() * theirs).magnitude() == pytest.approx(0, abs=1e-6)
