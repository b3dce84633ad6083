"""Units that lie 2 to 4 mm beside their nominal places, on rendered pixels: the tool is told at their own joints."""

from __future__ import annotations

import numpy as np
import pytest
from support.doorbench import DOOR, door_bench, mirror_look, static_looks, tool_look

from vision.api import FactValue, Frame
from vision.bench import WatchPart, WatchTool, WatchUnit
from vision.facts import FactBoard
from vision.geometry import Array, Transform
from vision.pipeline import Pipeline, Want
from vision.scene import Placed, Scene
from vision.sim import SceneRenderer

BENCH = door_bench()
PART, ON = "mirror-right-red", ("J1", "J2", "J3")
SEAT = WatchPart(fact="seat", body=PART, bench_from_body=DOOR, within_mm=4.0, within_deg=2.5, still_s=0.5)
UNIT = WatchUnit(fact="unit", seat=SEAT, joints=ON, most_mm=5.0, doubt_mm=1.5)
TOOLS = tuple(WatchTool(fact=joint, tool="tool", joint=joint, within_mm=2.5, leave_mm=6.0) for joint in ON)
P, A = FactValue.PRESENT, FactValue.ABSENT
PARKED = Transform.of(300, -110, 0)
UNITS = {
    "turned": (DOOR @ Transform.of(1.5, 1.2, 0, 0, 0, 1.6), "J1"),
    "shifted": (DOOR @ Transform.of(2.2, -2.0, 0.2, 0.2, 0, -0.4), "J2"),
    "both": (DOOR @ Transform.of(1.6, 1.2, 0, 0, 0.2, -1.5), "J3"),
}


def joint_in(part: Transform, joint: str) -> Array:
    """Where a unit that lies so has its joint."""
    nominal = next(j for j in BENCH.joints if j.name == joint).bench_mm
    return (part @ DOOR.inverse()).apply(nominal)


@pytest.mark.parametrize("unit", list(UNITS))
def test_the_tool_is_told_at_the_joint_of_a_unit_that_lies_off(unit):
    """It should tell it there by the unit's reference, and not by the files' places."""
    part, joint = UNITS[unit]
    here = joint_in(part, joint)
    assert 2.0 <= np.linalg.norm(here - joint_in(DOOR, joint)) <= 4.0
    boards = {"by the unit": FactBoard(BENCH, (UNIT, *TOOLS)), "by the files": FactBoard(BENCH, TOOLS)}
    eyes = [(c.name, SceneRenderer(c, static_looks(), seed=4), Pipeline(BENCH, c)) for c in BENCH.cameras]
    for number in range(1, 25):
        tool = PARKED if number < 10 else Transform.of(*here)
        placed = (Placed(look=mirror_look(PART), bench_from_body=part), Placed(look=tool_look(), bench_from_body=tool))
        for camera, renderer, pipeline in eyes:
            image = renderer.render(Scene(placed=placed), number)
            seen = pipeline.analyse(Frame(camera=camera, seq=number, t_mono_s=number / 10, image=image), Want())
            for board in boards.values():
                board.update(seen)
    for _, _, pipeline in eyes:
        pipeline.close()
    told = {name: {r.fact: r.value for r in board.readings()} for name, board in boards.items()}
    assert told["by the unit"] == {"unit": P, **{j: P if j == joint else A for j in ON}}
    assert told["by the files"][joint] is not P
    at = boards["by the unit"].placed_joints()
    assert max(float(np.linalg.norm(np.array(at[j]) - joint_in(part, j))) for j in ON) < 0.5
