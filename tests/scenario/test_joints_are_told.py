"""Every joint of every work, as its scene is drawn: bare, with a started nut and with a tight one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from station.config.bench import bench_of, pose_of
from station.core.procedure import PartAt
from station.runtime.clock import SteppedClock
from station.runtime.setting import read_files
from station.simulation.rig import Rig, build_rig
from vision.api import FactValue
from vision.nuts import look_at_joint
from vision.sim import SceneRenderer

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(params=["door-mirror", "wheel"])
def rig(request: pytest.FixtureRequest) -> Iterator[Rig]:
    files = read_files(CONFIG / "station.sim.toml", CONFIG / "procedures" / f"{request.param}.toml")
    built = build_rig(files, seed=0, clock=SteppedClock(), in_memory=True)
    yield built
    built.close()


def told(rig: Rig) -> set[FactValue]:
    """What the camera above says of all joints."""
    camera = rig.files.station.cameras[0].model
    image = SceneRenderer(camera, rig.world.static, seed=0).render(rig.world.scene(), 1, covered=False)
    joints = bench_of(rig.files.station, rig.files.procedure).joints
    return {look_at_joint(joint, image, camera).value for joint in joints}


def test_each_joint_is_told_on_each_variant(rig):
    """It should see every bare joint bare and every nut, high on its stud or tight, whatever variant carries it."""
    procedure = rig.files.procedure
    demand = next(d for step in procedure.steps for d in step.demands if isinstance(d, PartAt))
    places = {place.id: place for place in procedure.places}
    for part in procedure.variants(demand.role):
        rig.world.put(part.id, pose_of(places[demand.place]))
        rig.world.nuts.clear()
        assert told(rig) == {FactValue.ABSENT}, part.id
        for joint in procedure.joints:
            rig.world.start_nut(joint.id)
        assert told(rig) == {FactValue.PRESENT}, part.id
        for nut in rig.world.nuts.values():
            nut.tight = True
        assert told(rig) == {FactValue.PRESENT}, part.id
        rig.world.put(part.id, pose_of(places[part.tray]))
