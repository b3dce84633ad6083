"""Gestures files: read with every mistake told, written one gesture at a time, and all of them plannable."""

import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from station.config.errors import ConfigError
from station.config.gestures_file import load_gestures, save_gesture, with_gesture
from station.config.motion_scene import motion_scene
from station.config.procedure_file import load_procedure
from station.config.station_file import known_of, load_station
from station.motion.bench_model import Box
from station.motion.check_gestures import check_gestures
from station.motion.gesture import Gesture, Hold, PointAt, Present, StepBack, TaughtPosture, Wave

CONFIG = Path(__file__).parents[3] / "config"
STATIONS = ("station.sim.toml", "station.ur.toml", "station.toml")
SIM = CONFIG / "gestures.sim.toml"

NUMBER = st.floats(-500, 500).map(lambda value: round(value, 3))
ABOVE = st.floats(1, 300).map(lambda value: round(value, 3))
ANGLES = st.tuples(*[NUMBER] * 6)
POINT = st.tuples(NUMBER, NUMBER, NUMBER)
AXIS = st.sampled_from([(0.0, 0.0, -1.0), (0.0, 1.0, 0.0), (0.3, 0.0, -0.9)])
TEXT = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12)
NAME = st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True)
PERCENT = st.integers(1, 100)
GESTURES: st.SearchStrategy[Gesture] = st.one_of(
    st.builds(TaughtPosture, name=NAME, angles_deg=ANGLES, speed_percent=PERCENT, taught_by=TEXT, taught_at=TEXT),
    st.builds(PointAt, name=NAME, joint=TEXT, axis=AXIS, above_mm=ABOVE, near_deg=st.none() | ANGLES),
    st.builds(PointAt, name=NAME, at_mm=POINT, clearance_mm=ABOVE),
    st.builds(Hold, name=NAME, at_mm=POINT, touches=TEXT, along=AXIS, gentle_percent=st.integers(1, 20)),
    st.builds(Present, name=NAME, at_mm=st.tuples(NUMBER, NUMBER), low_mm=ABOVE, middle_mm=ABOVE, high_mm=ABOVE).map(
        lambda g: replace(
            g, **dict(zip(("low_mm", "middle_mm", "high_mm"), sorted((g.low_mm, g.middle_mm, g.high_mm)), strict=True))
        )
    ),
    st.builds(Wave, name=NAME, postures_deg=st.lists(ANGLES, min_size=2, max_size=4).map(tuple)),
)


def told(path: Path) -> str:
    """What reading this file complains of."""
    with pytest.raises(ConfigError) as caught:
        load_gestures(path)
    return str(caught.value)


@pytest.mark.parametrize("name", STATIONS)
def test_every_gesture_of_every_bench_can_be_done(name):
    """It should find a way for each, from home and after the one before, at every reach setting."""
    station = load_station(CONFIG / name)
    procedure = load_procedure(station.procedure, known_of(station))
    assert [str(problem) for problem in check_gestures(procedure, motion_scene(station, procedure))] == []


def test_a_gesture_that_cannot_be_done_is_told_before_any_visitor_comes():
    """It should name the gesture, what is in its way, and where it would have begun."""
    station = load_station(CONFIG / "station.sim.toml")
    procedure = load_procedure(station.procedure)
    scene = motion_scene(station, procedure)
    x, y, z = procedure.joint("J3").position_mm
    vase = Box(id="vase", at_mm=(x, y, z + 40), size_mm=(30, 30, 60))
    blocked = replace(scene, bench=replace(scene.bench, obstacles=(*scene.bench.obstacles, vase)))
    problems = check_gestures(procedure, blocked)
    assert {(problem.gesture, problem.code) for problem in problems} == {("point-J3", "motion.too_close")}
    assert "deep in vase" in str(problems[0])
    assert "(from where home ends)" in str(problems[0])
    homeless = replace(scene, gestures={k: v for k, v in scene.gestures.items() if k != "home"})
    assert ["teach it" in str(problem) for problem in check_gestures(procedure, homeless)] == [True]


@pytest.mark.parametrize("work", ["rear-emblem", "wheel"])
def test_other_work_on_the_same_bench_asks_for_nothing_that_cannot_be_done(work):
    """It should not stumble over gestures at joints that this work does not have."""
    station = load_station(CONFIG / "station.sim.toml")
    procedure = load_procedure(CONFIG / f"procedures/{work}.toml")
    asked = {name for step in procedure.steps for name in step.gestures}
    problems = check_gestures(procedure, motion_scene(station, procedure))
    assert [problem for problem in problems if problem.gesture in asked] == []
    assert all(problem.code != "motion.unknown_joint" for problem in problems)


def test_a_station_knows_its_gestures_and_their_hash():
    """It should keep the names for the procedure, and the hash for the visit's record."""
    station = load_station(CONFIG / "station.sim.toml")
    assert {"home", "park", "transport", "wave", "point-J1", "hold", "present-nuts", "step-back"} <= set(
        station.gestures.by_name
    )
    assert station.gestures.sha256 == hashlib.sha256(SIM.read_bytes()).hexdigest()
    assert known_of(station).gestures == set(station.gestures.by_name)


def test_every_mistake_in_a_gestures_file_is_told_at_once(tmp_path):
    """It should name each with line, key, and what to do."""
    text = SIM.read_text(encoding="utf-8")
    for old, new in (
        ('kind = "posture"\nangles_deg = [-30, -13, -51, -85, 0, 0]', 'kind = "pose"'),
        ('joint = "J1"\n', ""),
        ('joint = "J2"\n', 'joint = "J2"\nabove = 20\n'),
        ("speed_percent = 20\nclearance_mm = 6", "speed_percent = 200\nclearance_mm = 6\npress_mm = 3"),
        ("low = 60", "low = 90"),
        ('posture = "home"', 'posture = "hom"'),
        ("[park]", '["park it"]'),
    ):
        assert old in text
        text = text.replace(old, new, 1)
    path = tmp_path / "gestures.toml"
    path.write_text(text, encoding="utf-8")
    together = told(path)
    for expected in (
        "home.kind: there is no kind 'pose'; use one of: posture, point, present, hold, step-back, wave",
        "point-J1: a point gesture needs one of two places; give `joint` or `at_mm`",
        "point-J2.above: unknown key `above`; did you mean `above_mm`?",
        "hold.speed_percent: input should be less than or equal to 100, found 200",
        "hold.press_mm: input should be less than or equal to 2, found 3",
        "present-nuts.height_mm: the heights do not rise; let `low` <= `middle` <= `high`",
        "step-back.posture: `hom` is no posture of this file",
        "park it: `park it` is no name for a gesture; use letters, digits, - and _",
    ):
        assert expected in together
    line = next(n for n, row in enumerate(text.splitlines(), 1) if row.startswith("press_mm"))
    assert f"gestures.toml:{line}: hold.press_mm" in together


def test_a_gestures_file_and_its_station_must_fit(tmp_path):
    """It should tell the gestures file's mistakes with the station's, and want what is held to be an obstacle."""
    station = (CONFIG / "station.sim.toml").read_text(encoding="utf-8").replace('id = "carrier"', 'id = "carier"')
    (tmp_path / "station.toml").write_text(station, encoding="utf-8")
    with pytest.raises(ConfigError, match=r"gestures\.sim\.toml: the file cannot be read"):
        load_station(tmp_path / "station.toml")
    shutil.copy(SIM, tmp_path)
    with pytest.raises(ConfigError, match="`hold` touches `carrier`, which is no obstacle here; did you mean `carier`"):
        load_station(tmp_path / "station.toml")


def test_teaching_a_posture_writes_that_posture_and_nothing_else(tmp_path):
    """It should keep every other line, comments included, and the former file under its time."""
    path = Path(shutil.copy(SIM, tmp_path / "gestures.toml"))
    before = load_gestures(path)
    taught = TaughtPosture(name="park", angles_deg=(1.5, 2, 3, 4, 5, -6.25), taught_by="Ken", taught_at="2026-11-25")
    book = save_gesture(path, taught, stamp="2026-11-25T19:00:00+00:00")
    assert book.by_name == {**before.by_name, "park": taught}
    assert list(book.by_name) == list(before.by_name)
    assert book.sha256 == hashlib.sha256(path.read_bytes()).hexdigest() != before.sha256
    old, new = SIM.read_text(encoding="utf-8").splitlines(), path.read_text(encoding="utf-8").splitlines()
    assert [line for line in old if line.startswith("#")] == [line for line in new if line.startswith("#")]
    kept = [line for line in old if line not in new]
    assert all("speed" in line or "-143" in line for line in kept)
    history = list((tmp_path / "history").iterdir())
    assert [version.read_bytes() for version in history] == [SIM.read_bytes()]
    assert "2026-11-25T19-00-00" in history[0].name
    save_gesture(path, taught, stamp="2026-11-25T19:00:00+00:00")
    assert len(list((tmp_path / "history").iterdir())) == 2


def test_a_gesture_that_would_spoil_the_file_is_not_written(tmp_path):
    """It should say what is wrong by the file's own name, and leave the file, its history and nothing besides."""
    path = Path(shutil.copy(SIM, tmp_path / "gestures.toml"))
    with pytest.raises(ConfigError, match=r"gestures\.toml:\d+: back\.posture: `bed` is no posture of this file"):
        save_gesture(path, StepBack(name="back", posture="bed"), stamp="now")
    assert path.read_bytes() == SIM.read_bytes()
    assert [entry.name for entry in tmp_path.iterdir()] == ["gestures.toml"]


@settings(max_examples=60)
@given(gesture=GESTURES)
def test_what_is_written_is_what_is_read(tmp_path_factory, gesture):
    """It should give back every gesture with every figure and any name, new or in another's place."""
    path = tmp_path_factory.mktemp("gestures") / "gestures.toml"
    text = SIM.read_text(encoding="utf-8")
    for known in (gesture.name, "hold"):
        named = replace(gesture, name=known)
        path.write_text(with_gesture(text, named), encoding="utf-8")
        book = load_gestures(path)
        assert book.by_name[known] == named
        others = {name: value for name, value in load_gestures(SIM).by_name.items() if name != known}
        assert {name: value for name, value in book.by_name.items() if name != known} == others
