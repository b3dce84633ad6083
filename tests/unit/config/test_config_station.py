"""The files of a station together give the bench that vision and the devices need."""

import dataclasses
import itertools
import shutil
from pathlib import Path

import numpy as np
import pytest
from support import doorbench, motionbench

from drivers.cobot.mycobot280.kinematics import joint_frames
from station.config.bench import bench_of, watches_of
from station.config.errors import ConfigError
from station.config.motion_scene import motion_scene
from station.config.orders_file import load_orders
from station.config.procedure_file import load_procedure
from station.config.station_file import known_of, load_station
from station.config.station_values import StationConfig
from station.core import facts
from station.core.checks import expected_facts
from station.core.state import State
from vision.bench import Watch, WatchFastener, WatchPart, WatchTool, WatchUnit

CONFIG = Path(__file__).parents[3] / "config"
SIM = (CONFIG / "station.sim.toml").read_text(encoding="utf-8")
ORDERS = (CONFIG / "orders.sim.toml").read_text(encoding="utf-8")


def same(one: object, other: object, path: str = "") -> None:
    """Both are built of equal values, arrays within a billionth."""
    if dataclasses.is_dataclass(one):
        assert type(one) is type(other), path
        for field in dataclasses.fields(one):
            same(getattr(one, field.name), getattr(other, field.name), f"{path}.{field.name}")
    elif isinstance(one, np.ndarray):
        assert np.allclose(one, other, atol=1e-9), path
    elif isinstance(one, tuple):
        assert isinstance(other, tuple) and len(one) == len(other), path
        for index, (left, right) in enumerate(zip(one, other, strict=True)):
            same(left, right, f"{path}[{index}]")
    else:
        assert one == other, path


def chain_mm(station: StationConfig, angles_deg: np.ndarray) -> np.ndarray:
    """(N, 3) points of the arm beyond its shoulder in the bench frame, the pointer's tip last."""
    assert station.cobot is not None
    frames = joint_frames([float(angle) for angle in angles_deg])
    tip = frames[-1, :3, 3] + frames[-1, :3, 2] * station.cobot.pointer_mm
    corners = [*frames[2:, :3, 3], tip]
    spans = [np.linspace(a, b, 12) for a, b in itertools.pairwise(corners)]
    return station.cobot.bench_from_base.apply(np.vstack([*spans, tip]))


def end_of(station: StationConfig, gesture: str) -> tuple[float, ...]:
    """Where the arm stands when it has done a gesture from home."""
    return motionbench.end_of(motion_scene(station, load_procedure(station.procedure)), gesture)


def told(tmp_path: Path, text: str) -> str:
    """What loading this station file complains of."""
    path = tmp_path / "station.toml"
    path.write_text(text, encoding="utf-8")
    shutil.copy(CONFIG / "gestures.sim.toml", tmp_path)
    with pytest.raises(ConfigError) as caught:
        load_station(path)
    return str(caught.value)


def test_the_files_give_the_bench_that_the_trackers_are_tested_on() -> None:
    """It should be the same cameras, tags, joints and zones, to the last figure."""
    station = load_station(CONFIG / "station.sim.toml")
    same(bench_of(station, load_procedure(station.procedure)), doorbench.door_bench())


def test_the_example_of_a_real_bench_loads() -> None:
    """It should load, and its calibrated camera see what the simulated one sees."""
    real, simulated = load_station(CONFIG / "station.toml"), load_station(CONFIG / "station.sim.toml")
    points = [[100, 50, 20], [-300, -100, 60]]
    assert np.allclose(real.cameras[0].model.project(points), simulated.cameras[0].model.project(points))
    assert real.scenes is None
    load_procedure(real.procedure, known_of(real))
    assert load_orders(real.orders)


@pytest.mark.parametrize("name", ["door-mirror", "rear-emblem", "wheel"])
@pytest.mark.parametrize("code", ["ABM1:A-1001", "ABM1:A-1002", "ABM1:A-1003", "ABM1:A-1004"])
def test_vision_watches_everything_that_the_work_asks_for(name: str, code: str) -> None:
    """It should watch every fact that any demand of any order wants, by the same name, and none twice."""
    station = load_station(CONFIG / "station.sim.toml")
    procedure = load_procedure(CONFIG / f"procedures/{name}.toml")
    watched = [watch.fact for watch in watches_of(station, procedure)]
    assert len(watched) == len(set(watched))
    state = State(order=load_orders(station.orders)[code])
    for step in procedure.steps:
        wanted = expected_facts(procedure, state, (*step.gates, *step.demands))
        assert set(wanted) <= set(watched), step.id
    assert facts.CODE in watched
    assert facts.hands_in(procedure.work_zone) in watched


def test_wrong_variants_are_watched_at_the_place_of_the_right_one() -> None:
    """It should notice the blue mirror on the door of a red car, near it, and away from its tray."""
    station = load_station(CONFIG / "station.sim.toml")
    watches = {watch.fact: watch for watch in watches_of(station, load_procedure(station.procedure))}
    at, near, tray = (
        watches[fact]
        for fact in (
            facts.part_at("mirror-right-blue", "door"),
            facts.part_near("mirror-right-blue", "door"),
            facts.part_at("mirror-right-blue", "tray-right-blue"),
        )
    )
    for watch, figures in ((at, (2, 2, 0.5)), (near, (60, 45, 1)), (tray, (40, 90, 0))):
        assert isinstance(watch, WatchPart)
        assert (watch.within_mm, watch.within_deg, watch.still_s) == figures


def test_the_tool_is_watched_only_where_it_is_tracked() -> None:
    """It should leave the tool's facts out where the station has no tool, and the nuts in."""
    station = dataclasses.replace(load_station(CONFIG / "station.sim.toml"), tool=None)
    kinds: set[type[Watch]] = {type(watch) for watch in watches_of(station, load_procedure(station.procedure))}
    assert WatchTool not in kinds
    assert WatchFastener in kinds


@pytest.mark.parametrize("joint", ["J1", "J2", "J3"])
def test_the_arm_points_at_each_joint(joint: str) -> None:
    """It should hold the pointer upright with its tip 30 mm over the joint, as forward kinematics says."""
    station = load_station(CONFIG / "station.sim.toml")
    assert station.cobot is not None
    angles = end_of(station, f"point-{joint}")
    position = np.array(load_procedure(station.procedure).joint(joint).position_mm)
    flange = joint_frames(angles)[-1]
    axis = station.cobot.bench_from_base.rotation @ flange[:3, 2]
    tip = chain_mm(station, np.array(angles))[-1]
    assert np.linalg.norm(tip - position) == pytest.approx(30, abs=3)
    assert np.hypot(*(tip - position)[:2]) < 3
    assert np.degrees(np.arccos(-axis[2])) < 5


def test_the_arm_holds_the_mirror_beside_the_joints() -> None:
    """It should touch the right edge of the carrier, with the whole arm away from every joint as seen from above."""
    station = load_station(CONFIG / "station.sim.toml")
    points = chain_mm(station, np.array(end_of(station, "hold")))
    assert points[-1] == pytest.approx([188, 60, 67], abs=0.5)
    camera = station.cameras[0].model
    at_height = camera.bench_point_on_plane(camera.project(points), 68.0)
    for joint in load_procedure(station.procedure).joints:
        assert np.hypot(*(at_height[:, :2] - joint.position_mm[:2]).T).min() > 35, joint.id


def test_the_arm_leaves_the_fixture_tags_in_sight_when_it_is_home() -> None:
    """It should hide nothing that tells whether the camera has moved."""
    station = load_station(CONFIG / "station.sim.toml")
    camera = station.cameras[0].model
    points = chain_mm(station, np.array(end_of(station, "home")))
    on_table = camera.bench_point_on_plane(camera.project(points), 0.0)
    for mount in station.fixture.tags:
        assert np.hypot(*(on_table[:, :2] - mount.body_from_tag.translation_mm[:2]).T).min() > 60, mount.tag_id


def test_every_mistake_in_a_station_file_is_told_at_once(tmp_path: Path) -> None:
    """It should name each with line, key, and what to do."""
    text = SIM
    for old, new in (
        ('title = "Simulated bench"\n', ""),
        ("focal_px = 1150\n", ""),
        ("up = [0, 0, 1]", "up = [470, 460, -600]"),
        ("id = 30, size_mm", "id = 3, size_mm"),
        ('id = "cobot"\noutline', 'id = "door"\noutline'),
        ("z_mm = [40, 200]", "z_mm = [200, 40]"),
        ('id = "trays"\nat_mm', 'id = "table"\nat_mm'),
        ("size_mm = [18, 18, 28]", "size_mm = [18, 0, 28]"),
        ('family = "mycobot280"', 'family = "ur6e"'),
        ('ack = "auto"', 'ack = "none"'),
        ("port = 8100", "prot = 8100"),
        ("tool_within_mm = 10", "tool_within_mm = 20"),
        ('role = "technician"', 'role = "boss"'),
        ('pin = "scrypt$', 'pin = "2468$'),
        ("[voice]", "[voise]"),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    together = told(tmp_path, text)
    for expected in (
        "station.title: `title` is missing; add it",
        "camera[0]: a camera needs one of two calibrations; give",
        "camera[1]: `up` points along the view; choose",
        "tool.tag[0].id: tag 3 is on the fixture; use another tag",
        "zone[1]: `z_mm` runs from 200 to 40; write [lower, upper]",
        "obstacle[3].size_mm[1]: input should be greater than 0, found 0",
        "obstacle[6]: `table` is known without being an obstacle; choose another id",
        "cobot.family: input should be 'mycobot280', 'ur3e', 'ur5e' or 'ur10e', found 'ur6e'",
        "cobot.ack: input should be 'auto', 'modern' or 'legacy', found 'none'",
        "web.prot: unknown key `prot`; did you mean `port`?",
        "limits: the tool leaves a joint before it is there",
        "person[1].role",
        "person[0].pin",
        "voise: unknown key `voise`; did you mean `voice`?",
    ):
        assert expected in together
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith("ack"))
    assert f"station.toml:{line}: cobot.ack" in together


def test_names_that_stand_twice_are_refused(tmp_path: Path) -> None:
    """It should want each camera and zone to have a name of its own."""
    text = SIM.replace('name = "side"', 'name = "top"').replace('id = "cobot"\noutline', 'id = "door"\noutline')
    together = told(tmp_path, text)
    assert "camera[1].name: `top` is that of camera[0] too" in together
    assert "zone[2].id: `door` is that of zone[1] too" in together


def test_a_rotation_that_is_none_is_refused(tmp_path: Path) -> None:
    """It should notice a slip in the nine figures."""
    text = (CONFIG / "station.toml").read_text(encoding="utf-8")
    wrong = text.replace("rotation = [[1, 0, 0]", "rotation = [[1, 0.1, 0]")
    assert "camera[0]: `rotation` is no rotation; copy" in told(tmp_path, wrong)


def test_a_station_without_anything_says_what_it_needs(tmp_path: Path) -> None:
    """It should ask for head, cameras, fixture and zones."""
    together = told(tmp_path, "")
    for key in ("station.id", "there is no [[camera]]", "there is no [[fixture_tag]]", "there is no [[zone]]"):
        assert key in together


def test_orders_are_found_by_their_pass() -> None:
    """It should give the visitor's order, with a choice for every procedure."""
    orders = load_orders(CONFIG / "orders.sim.toml")
    assert orders["ABM1:A-1001"].choices["mirror"] == "right-red"
    for order in orders.values():
        for name in ("door-mirror", "rear-emblem", "wheel"):
            procedure = load_procedure(CONFIG / f"procedures/{name}.toml")
            for role in {part.role for part in procedure.parts}:
                assert order.choices[role] in {part.variant for part in procedure.variants(role)}


def test_wrong_orders_are_refused(tmp_path: Path) -> None:
    """It should notice a VIN with a letter that VINs do not have, a pass of two orders, and an id of two."""
    text = ORDERS.replace("JABME26S1TW000011", "JABME26S1TWOOOO11").replace('"ABM1:A-1003"', '"ABM1:A-1002"')
    text = text.replace('id = "A-1004"', 'id = "A-1003"')
    path = tmp_path / "orders.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_orders(path)
    together = str(caught.value)
    assert "order[0].vin" in together
    assert "order[2].pass[0]: pass `ABM1:A-1002` opens another order" in together
    assert "order[3].id: there is an order `A-1003` already" in together


def test_units_are_measured_where_the_station_file_says_so(tmp_path: Path) -> None:
    """It should watch each variant that carries joints, by the limits of the table; and without the table none."""
    path = tmp_path / "station.toml"
    shutil.copy(CONFIG / "gestures.sim.toml", tmp_path)
    procedure = load_procedure(CONFIG / "procedures/door-mirror.toml")
    carried = dataclasses.replace(
        procedure, joints=tuple(dataclasses.replace(joint, on="mirror") for joint in procedure.joints)
    )
    units = {}
    for table in ("", "[unit_reference]\nmost_mm = 4\n"):
        path.write_text(SIM + "\n" + table, encoding="utf-8")
        watches = watches_of(load_station(path), carried)
        units[table] = [watch for watch in watches if isinstance(watch, WatchUnit)]
        assert len({watch.fact for watch in watches}) == len(watches)
    without, found = units.values()
    assert without == []
    assert [unit.fact for unit in found] == [facts.unit_of(part.id) for part in procedure.parts]
    assert {(u.joints, u.most_mm, u.doubt_mm, u.cameras) for u in found} == {(("J1", "J2", "J3"), 4.0, 1.5, 2)}
    assert {(u.seat.within_mm, u.seat.within_deg, u.seat.still_s) for u in found} == {(2.0, 2.0, 0.5)}
    assert [w for w in watches_of(load_station(path), procedure) if isinstance(w, WatchUnit)] == []


def test_a_unit_is_not_asked_of_more_cameras_than_there_are(tmp_path: Path) -> None:
    """It should say how many there are."""
    what = told(tmp_path, SIM + "\n[unit_reference]\ncameras = 3\n")
    assert "3 cameras are to see a unit, and the bench has 2" in what
