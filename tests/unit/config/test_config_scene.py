"""The drawings of the simulated bench."""

from pathlib import Path

import cv2
import numpy as np
import pytest
from support import doorbench

from station.config.bench import bench_of, pose_of
from station.config.errors import ConfigError
from station.config.procedure_file import load_procedure
from station.config.scene_file import SceneConfig, bgr, load_scene
from station.config.station_file import load_station
from station.core.procedure import PartAt
from vision.parts import locate
from vision.scene import Look, Placed, Scene
from vision.sim import SceneRenderer
from vision.tags import TagTracker

CONFIG = Path(__file__).parents[3] / "config"


def scene(name: str) -> SceneConfig:
    """The drawing of a procedure's bench."""
    station = load_station(CONFIG / "station.sim.toml")
    assert station.scenes is not None
    return load_scene(station.scenes / f"{name}.toml", station, load_procedure(CONFIG / f"procedures/{name}.toml"))


def same_look(one: Look, other: Look) -> None:
    """Both are drawn alike."""
    assert one.name == other.name
    assert [tag.tag_id for tag in one.tags] == [tag.tag_id for tag in other.tags]
    assert len(one.prisms) == len(other.prisms)
    for left, right in zip(one.prisms, other.prisms, strict=True):
        assert np.allclose(left.outline_mm, right.outline_mm)
        assert (left.z_mm, left.colour) == (right.z_mm, right.colour)


def test_the_mirrors_bench_looks_as_the_trackers_are_tested_on() -> None:
    """It should draw the same blocks, in the same order."""
    drawn = scene("door-mirror")
    for name in doorbench.FIRST_TAG:
        same_look(drawn.looks[name], doorbench.mirror_look(name))
    same_look(drawn.looks["tool"], doorbench.tool_look())
    for ours, theirs in zip(drawn.static, doorbench.static_looks(), strict=True):
        same_look(ours.look, theirs.look)
    assert drawn.carried is not None and len(drawn.carried.nuts_mm) == 3


@pytest.mark.parametrize("name", ["door-mirror", "rear-emblem", "wheel"])
def test_the_trackers_find_every_part_in_its_tray_and_at_its_place(name: str) -> None:
    """It should draw each part so that the camera above finds it within the step's tolerance."""
    station, procedure, drawn = (
        load_station(CONFIG / "station.sim.toml"),
        load_procedure(CONFIG / f"procedures/{name}.toml"),
        scene(name),
    )
    bench = bench_of(station, procedure)
    camera = bench.camera("top")
    poses = {place.id: pose_of(place) for place in procedure.places}
    target = next(d for step in procedure.steps for d in step.demands if isinstance(d, PartAt))
    renderer = SceneRenderer(camera, drawn.static, seed=7)
    for chosen in (None, procedure.parts[0]):
        at = {part.id: poses[target.place if part is chosen else part.tray] for part in procedure.parts}
        placed = tuple(Placed(look=drawn.looks[part], bench_from_body=pose) for part, pose in at.items())
        picture = renderer.render(Scene(placed=placed), 0)
        tracker = TagTracker(frozenset(bench.tags))
        tags = tracker.find(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY))
        tracker.close()
        for part, pose in at.items():
            found = locate(bench.body(part), tags, camera)
            assert found is not None, part
            assert found.bench_from_body.distance_to_mm(pose) < target.within_mm
            assert found.bench_from_body.angle_to_deg(pose) < target.within_deg


def test_a_colour_is_blue_green_red() -> None:
    """It should turn the usual notation round."""
    assert bgr("#102030") == (0x30, 0x20, 0x10)


def test_every_mistake_in_a_scene_is_told_at_once(tmp_path: Path) -> None:
    """It should name bodies that are not there, bodies without a look, and blocks that are none."""
    station = load_station(CONFIG / "station.sim.toml")
    text = (CONFIG / "scenes/door-mirror.toml").read_text(encoding="utf-8")
    for old, new in (
        ('bodies = ["tool"]', 'bodies = ["tol"]'),
        ("tool_mm = [300, -110, 0]\n", ""),
        ('z_mm = [0, 60], colour = "#782d3c"', 'z_mm = [60, 60], colour = "#782d3c"'),
        ('colour = "#be2828"', 'colour = "red"'),
        ("box_mm = [-85, -60, 85, 60]", "box_mm = [-85, -60, 85, 60], disc = { at_mm = [0, 0], radius_mm = 4 }"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "scene.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_scene(path, station, load_procedure(station.procedure))
    together = str(caught.value)
    for expected in (
        "there is no body `tol`; did you mean `tool`?",
        "nothing says what `tool` looks like",
        "door-mirror uses the tool and `tool_mm` is missing",
        "static[1].block[0]: `z_mm` runs from 60 to 60",
        "look[1].block[0].colour",
        "look[0].block[0]: a block has one outline",
    ):
        assert expected in together
