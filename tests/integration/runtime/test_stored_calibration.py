"""A station that takes its calibrations from the store: what is in force counts, and without one it does not start."""

import json
import shutil
import socket
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import urlopen

import anyio
import anyio.to_thread
import numpy as np
import pytest

from calibration.daily.reference import Reference, reference_artefact
from calibration.store import Store
from drivers.cobot.arm.forward import flange
from station.app import left_calibrations
from station.commands.run import _lives, _others_in_force
from station.commands.visit import headless
from station.commands.workbench import JOURNAL, robot_workshop, set_up
from station.config.artefact import Artefact, ArtefactError, Kind, Verdict
from station.config.errors import ConfigError
from station.core.events import VisitAbandoned
from station.runtime.clock import SteppedClock, SystemClock
from station.runtime.journal import Journal
from station.runtime.replay import replay
from station.runtime.setting import read_files, setting_of
from station.runtime.station import Station, silent_people
from station.runtime.stored_calibration import running_ids, stored_ids, with_stored
from station.web.bench_job import RobotRefusedError
from station.web.people import People
from vision.geometry import CameraModel, Transform

CONFIG = Path(__file__).parents[3] / "config"
FOLDER = 'calibration = "calibration"\n'
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
BASE = Transform.of(301.5, 109.2, 0.4, 0.2, -0.1, 180.6)


@pytest.fixture
def path(tmp_path):
    """The simulated bench, with cameras and arm that are calibrated."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    station = folder / "station.sim.toml"
    text = station.read_text(encoding="utf-8")
    text = text.replace('"sim-top"', '"store"').replace('"sim-side"', '"store"')
    text = text.replace("[cobot]\n", '[cobot]\ncalibration = "store"\n')
    station.write_text(text.replace("data_dir =", f'{FOLDER}joints = "store"\ndata_dir ='), encoding="utf-8")
    return station


def _made(kind: Kind, subject: str, result: dict, **more: object) -> Artefact:
    return Artefact.model_validate(
        {
            "kind": kind,
            "subject": subject,
            "made_utc": NOW.isoformat(),
            "by": "Ken",
            "method": "by hand",
            "software": "1",
            "result": result,
            "verdict": Verdict(good=True, text="Good."),
            **more,
        }
    )


def _camera(model: CameraModel, **more: object) -> Artefact:
    pose = model.camera_from_bench
    result = {
        "width_px": model.width_px,
        "height_px": model.height_px,
        "matrix": (model.matrix * [[1.01, 1.0, 1.0], [1.0, 1.01, 1.0], [1.0, 1.0, 1.0]]).tolist(),
        "distortion": model.distortion.tolist(),
        "rotation": pose.rotation.tolist(),
        "position_mm": pose.inverse().translation_mm.tolist(),
        "position_sigma_mm": 0.2,
        "rotation_sigma_deg": 0.03,
        "covariance": (np.eye(6) * 1e-4).tolist(),
    }
    return _made(Kind.CAMERA, model.name, result, **more)


def _arm() -> Artefact:
    result = {
        "base_mm": BASE.translation_mm.tolist(),
        "base_rotation": BASE.rotation.tolist(),
        "joint_offset_deg": [0.3, -0.2, 0.1, 0.0, 0.4, -0.3],
        "link_correction_mm": [[0.2, 0.0], [0.0, -0.1], [0.0, 0.3], [0.1, 0.0], [0.0, 0.0], [0.0, 0.0]],
    }
    return _made(Kind.ARM, "cobot", result)


def _tip() -> Artefact:
    return _made(Kind.TOOL_POINT, "pointer", {"tip_mm": [1.2, -0.7, 84.1], "covariance": np.eye(3).tolist()})


def _joints(path: Path, *, without: str = "") -> Artefact:
    """Each joint a millimetre further right than the procedure has it."""
    procedure = read_files(path).procedure
    placed = {
        joint.id: {"at_mm": [joint.position_mm[0] + 1.0, *joint.position_mm[1:]], "sigma_mm": 0.1}
        for joint in procedure.joints
        if joint.id != without
    }
    return _made(Kind.JOINTS, procedure.id, {"joints": placed})


def _store(path: Path) -> Store:
    """Everything that the station asks for, in force."""
    store = Store(path.parent / "calibration")
    for camera in read_files(path).station.cameras:
        store.put_in_force(_camera(camera.model), utc=NOW.isoformat(), by="Ken", why="first")
    for artefact in (_arm(), _tip(), _joints(path)):
        store.put_in_force(artefact, utc=NOW.isoformat(), by="Ken", why="first")
    return store


def test_a_station_starts_with_what_is_in_force_and_journals_its_ids(path):
    _store(path)
    nominal = read_files(path)
    files = with_stored(nominal, NOW)
    top, nominal_top = files.station.cameras[0], nominal.station.cameras[0]
    assert top.model.matrix[0, 0] == pytest.approx(1.01 * nominal_top.model.matrix[0, 0])
    assert top.model.position_sigma_mm == 0.2
    assert files.station.cobot is not None
    assert files.station.cobot.bench_from_base.distance_to_mm(BASE) < 1e-9
    ids = dict(setting_of(files, "1").calibration)
    assert ids == stored_ids(nominal, NOW)
    assert {name: identity.rsplit("-", 1)[0] for name, identity in ids.items()} == {
        "top": "camera-top",
        "side": "camera-side",
        "cobot": "arm-cobot",
        "pointer": "tool_point-pointer",
        "joints": "joints-door-mirror",
    }


def test_the_pointer_and_the_joints_are_where_they_were_measured(path):
    _store(path)
    nominal, files = read_files(path), with_stored(read_files(path), NOW)
    setting = setting_of(files, "1")
    assert setting.arm is not None
    assert setting.arm.scene.tip_mm == (1.2, -0.7, 84.1)
    first = nominal.procedure.joints[0]
    measured = (first.position_mm[0] + 1.0, *first.position_mm[1:])
    assert setting.procedure.joint(first.id).position_mm == measured
    assert setting.arm.scene.joints[first.id] == measured
    seen = next(joint for joint in setting.bench.joints if joint.name == first.id)
    assert np.allclose(seen.bench_mm, measured)


def test_joints_of_another_part_are_not_used(path):
    store = _store(path)
    store.put_in_force(_joints(path, without="J2"), utc=NOW.isoformat(), by="Ken", why="half")
    with pytest.raises(ArtefactError, match="where J2 of procedure door-mirror is; teach") as raised:
        with_stored(read_files(path), NOW)
    assert raised.value.code == "calibration.other_part"


def test_planning_counts_with_the_measured_links_and_base(path):
    _store(path)
    nominal, files = read_files(path), with_stored(read_files(path), NOW)
    first, second = setting_of(nominal, "1").arm, setting_of(files, "1").arm
    assert first is not None and second is not None
    zero = (0.0,) * 6
    moved = flange(second.scene.model, zero)[:3, 3] - flange(first.scene.model, zero)[:3, 3]
    assert np.linalg.norm(moved) == pytest.approx(0.1), "upright, d1, a2 and a3 cancel, and d4 is left"
    assert second.scene.bench_from_base.distance_to_mm(BASE) < 1e-9


def test_a_visit_on_measured_links_zeros_tip_and_joints_ends_like_any(path, tmp_path, capsys):
    """It should plan every gesture of the visit for the arm as it was measured."""
    store = _store(path)
    links = [[0.0, -0.04], [-0.01, -0.38], [-0.01, 0.4], [-0.01, 0.1], [0.04, 0.02], [-0.02, -0.01]]
    arm = _made(Kind.ARM, "cobot", {**_arm().result, "link_correction_mm": links})
    store.put_in_force(arm, utc=NOW.isoformat(), by="Ken", why="as found")
    code = headless(
        with_stored(read_files(path), NOW),
        seed=5,
        mishap=None,
        hand_model=None,
        journal_path=tmp_path / "journal.sqlite",
        as_json=True,
        software="1",
    )
    told = json.loads(capsys.readouterr().out)
    assert (code, told["outcome"], told["false_passes"]) == (0, "finished", [])


def test_without_one_it_does_not_start_and_says_what_to_do(path):
    with pytest.raises(ArtefactError, match="run `station calibrate`") as raised:
        with_stored(read_files(path), NOW)
    assert raised.value.code == "calibration.missing"


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"expires_utc": (NOW - timedelta(days=1)).isoformat()}, "calibration.expired"),
        ({"result": {"matrix": 3}}, "calibration.damaged"),
    ],
)
def test_an_expired_one_or_one_without_figures_is_not_used(path, change, code):
    store = _store(path)
    camera = read_files(path).station.cameras[1]
    whole = _camera(camera.model)
    result = change.get("result", whole.result)
    expires = change.get("expires_utc", "")
    store.put_in_force(
        whole.model_copy(update={"result": result, "expires_utc": expires}), utc=NOW.isoformat(), by="Ken", why="bad"
    )
    with pytest.raises(ArtefactError) as raised:
        with_stored(read_files(path), NOW)
    assert raised.value.code == code


def test_one_for_another_picture_size_is_not_used(path):
    store = _store(path)
    model = read_files(path).station.cameras[0].model
    small = CameraModel("top", 640, 360, model.matrix, model.distortion, model.camera_from_bench)
    store.put_in_force(_camera(small), utc=NOW.isoformat(), by="Ken", why="other size")
    with pytest.raises(ArtefactError, match="640x360") as raised:
        with_stored(read_files(path), NOW)
    assert raised.value.code == "calibration.other_size"


def test_between_visits_a_running_station_notices_a_new_one_and_one_that_ends(path):
    store = _store(path)
    files = read_files(path)
    running = running_ids(files, with_stored(files, NOW))
    assert not _others_in_force(files, running, "", NOW)
    newer = _camera(files.station.cameras[0].model, expires_utc=(NOW + timedelta(days=1)).isoformat())
    store.put_in_force(newer, utc=NOW.isoformat(), by="Mika", why="after cleaning")
    assert _others_in_force(files, running, "", NOW)
    again = running_ids(files, with_stored(files, NOW))
    assert not _others_in_force(files, again, "", NOW)
    assert _others_in_force(files, again, "", NOW + timedelta(days=2))


def test_a_station_that_has_run_keeps_its_pages_when_a_check_speaks_against_a_calibration(path, monkeypatch, capsys):
    """It should serve them, run no visit, say why, and begin anew when the calibration may be used again."""
    store, lives = _store(path), []
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    path.write_text(path.read_text(encoding="utf-8").replace("port = 8100", f"port = {port}"), encoding="utf-8")
    files = read_files(path)
    files = replace(files, station=replace(files.station, data_dir=path.parent / "data"))

    async def life(*given):
        lives.append("lived")
        if len(lives) == 1:
            store.refute(Kind.CAMERA, "top", utc=NOW.isoformat(), by="Ken", why="It has moved by 3 mm")
        else:
            given[-1].set()

    async def look(address):
        while True:
            try:
                return await anyio.to_thread.run_sync(lambda: urlopen(address, timeout=5).read())
            except OSError:
                await anyio.sleep(0.05)

    async def story():
        async with anyio.create_task_group() as tasks:
            tasks.start_soon(_lives, files, "1", clock, workshop)
            page = await look(f"http://127.0.0.1:{port}/calibration")
            assert b"calibration" in page and lives == ["lived"]
            store.confirm(Kind.CAMERA, "top")

    clock = SystemClock()
    monkeypatch.setattr("station.commands.run._one_life", life)
    monkeypatch.setattr("station.commands.run._now", lambda clock: NOW)
    with robot_workshop(files, "1", clock) as workshop:
        anyio.run(story)
    assert lives == ["lived", "lived"]
    assert "It has moved by 3 mm" in capsys.readouterr().out


@pytest.mark.parametrize("wanted", [False, True])
def test_a_visit_that_is_open_has_the_bench(path, tmp_path, wanted):
    """It should withdraw a calibration that was asked for in the moment in which a visit opened, and refuse another."""
    _store(path)
    files = read_files(path)
    files = replace(files, station=replace(files.station, data_dir=tmp_path, web=replace(files.station.web, port=0)))
    with closing(Journal(tmp_path / JOURNAL)) as journal:
        station = Station(
            setting_of(with_stored(files, NOW), "1"),
            journal=journal,
            clock=SteppedClock(),
            open_cobot=None,
            open_tool=None,
            people=silent_people(),
        )
        station.open_visit("V-0001")
        station.loop.turn()
    clock = SystemClock()
    people = People(files.station.people, clock.now_s)
    with robot_workshop(files, "1", clock) as workshop:
        if wanted:
            workshop.begin("Ken", "calibrate")
        anyio.run(set_up, files, "1", clock, workshop, people, anyio.Event(), lambda: False)
        assert not workshop.wanted()
        with pytest.raises(RobotRefusedError, match="visit"):
            workshop.begin("Ken", "calibrate")


def test_a_new_reference_of_the_daily_check_counts_from_the_next_visit_on(path):
    """It should begin anew between visits, so that the cameras compare with where they are now known to stand."""
    store, files = _store(path), read_files(path)
    running = stored_ids(files, NOW)
    nothing = Reference(cameras=(), arm=None)
    kept = reference_artefact(files.station.id, nothing, made_utc=NOW.isoformat(), by="Ken", software="test")
    assert not _others_in_force(files, running, "", NOW)
    store.put_in_force(kept, utc=NOW.isoformat(), by="Ken", why="reference of the daily check")
    assert _others_in_force(files, running, "", NOW)
    assert not _others_in_force(files, running, kept.id, NOW)


def test_a_visit_that_was_left_open_goes_on_with_its_own(path, tmp_path):
    """A new calibration, or one that ends meanwhile, is for the next visit."""
    store = _store(path)
    files = read_files(path)
    journal_path = tmp_path / "journal.sqlite"
    assert left_calibrations(journal_path) is None
    with closing(Journal(journal_path)) as journal:
        station = Station(
            setting_of(with_stored(files, NOW), "1"),
            journal=journal,
            clock=SteppedClock(),
            open_cobot=None,
            open_tool=None,
            people=silent_people(),
        )
        station.open_visit("V-0001")
        station.loop.turn()
    first = stored_ids(files, NOW)
    newer = _camera(files.station.cameras[0].model, expires_utc=(NOW + timedelta(days=1)).isoformat())
    store.put_in_force(newer, utc=NOW.isoformat(), by="Mika", why="after cleaning")
    later = NOW + timedelta(days=9)
    kept = with_stored(files, later, left_calibrations(journal_path))
    assert dict(setting_of(kept, "1").calibration) == first
    assert _others_in_force(files, running_ids(files, kept), "", later), "and after it the station begins anew"
    with pytest.raises(ArtefactError, match="was good until"):
        with_stored(files, later)
    store.roll_back(Kind.CAMERA, "top", utc=NOW.isoformat(), by="Mika", why="as it was")
    store.refute(Kind.CAMERA, "top", utc=NOW.isoformat(), by="Ken", why="It has moved by 3 mm")
    with pytest.raises(ArtefactError, match="moved by 3 mm") as raised:
        with_stored(files, later, left_calibrations(journal_path))
    assert raised.value.code == "calibration.refuted"


def test_visits_before_and_after_the_joints_were_taught_anew_are_replayed_with_their_own(path, tmp_path):
    """It should keep both works in one journal, though they come from the same file, and go on with either."""
    store = _store(path)
    places = []
    with closing(Journal(tmp_path / "journal.sqlite")) as journal:
        for visit in ("V-1", "V-2"):
            station = Station(
                setting_of(with_stored(read_files(path), NOW), "1"),
                journal=journal,
                clock=SteppedClock(),
                open_cobot=None,
                open_tool=None,
                people=silent_people(),
            )
            station.open_visit(visit)
            station.loop.post(VisitAbandoned(person="Ken", reason="enough"), "person")
            station.loop.turn()
            folded = replay(journal, visit)
            assert folded.bad_seq is None
            places.append(folded.procedure.joint("J1").position_mm[0])
            again = _joints(path).result["joints"]
            moved = {
                name: {**joint, "at_mm": [joint["at_mm"][0] + 0.4, *joint["at_mm"][1:]]}
                for name, joint in again.items()
            }
            taught = _made(Kind.JOINTS, "door-mirror", {"joints": moved})
            store.put_in_force(taught, utc=NOW.isoformat(), by="Ken", why="taught anew")
        assert [replay(journal, visit).bad_seq for visit in ("V-1", "V-2")] == [None, None]
    assert places[1] - places[0] == pytest.approx(0.4)


def test_an_arm_and_a_tip_of_two_calibrations_are_not_used_together(path):
    """Each may be right and both wrong: what one adjustment gave the arm it took from the tip."""
    store = _store(path)
    other = _made(Kind.ARM, "cobot", _arm().result, inputs={"observations": "0" * 64})
    store.put_in_force(other, utc=NOW.isoformat(), by="Ken", why="the power went after this one")
    with pytest.raises(ArtefactError, match="was not measured with") as raised:
        with_stored(read_files(path), NOW)
    assert raised.value.code == "calibration.other_set"
    store.roll_back(Kind.ARM, "cobot", utc=NOW.isoformat(), by="Ken", why="both as before")
    assert with_stored(read_files(path), NOW).measured


def test_a_tip_that_was_measured_alone_belongs_to_the_arm_it_was_measured_with(path):
    store = _store(path)
    for arm, fits in ((_arm().id, True), ("arm-cobot-0123456789abcdef", False)):
        alone = _made(Kind.TOOL_POINT, "pointer", _tip().result, inputs={"arm": arm})
        store.put_in_force(alone, utc=NOW.isoformat(), by="Ken", why="another pointer")
        if fits:
            assert with_stored(read_files(path), NOW).measured["pointer"] == alone.id
            continue
        with pytest.raises(ArtefactError, match="measure the tip again"):
            with_stored(read_files(path), NOW)


def test_a_station_file_that_wants_the_store_names_its_folder(path):
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(FOLDER, ""), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"name one: `calibration` in \[station\]"):
        read_files(path)


def test_a_bench_that_says_all_itself_needs_no_store():
    files = read_files(CONFIG / "station.sim.toml")
    assert with_stored(files, NOW).station.cameras[0].calibration == "sim-top"
    assert stored_ids(files, NOW) == {}
