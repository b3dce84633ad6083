"""`station calibrate robot` without its questions: lenses from before, a stop in the middle, then a bench in force."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from support.hidden_benches import number_bench, put_lens_in_force, sim_files, sim_plan

from calibration.bench_keep import BenchToKeep
from calibration.bench_set import KnownLens
from calibration.bench_start import lens_results
from calibration.observations import CalibrationError
from calibration.robot_run import Leave
from calibration.store import Store
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from station.commands.calibrate_robot import calibrated
from station.config.artefact import ArtefactError, Kind, in_force
from station.config.calibration_results import arm_result, camera_result
from station.simulation.calibration_bench import CalibrationBench
from station.simulation.calibration_person import SimulatedTechnician
from station.simulation.calibration_score import touched_points
from station.simulation.calibration_session import hidden_bench

SEED = 31
KEN = Leave(technician="Ken")


def kept_in(store: Path) -> BenchToKeep:
    files = sim_files()
    return BenchToKeep(station=files.station, procedure=files.procedure, store=store, software="test", why="test")


@pytest.fixture
def bench() -> Iterator[CalibrationBench]:
    made = hidden_bench(sim_files(), sim_plan(), seed=SEED)
    yield made
    made.close()


def _store_with_lenses(folder: Path) -> Path:
    """Lenses of this very bench, as yesterday's views of the large board told them."""
    store, made = Store(folder), datetime.now(UTC).isoformat(timespec="seconds")
    for found in lens_results(number_bench(SEED, touches=False).seen):
        put_lens_in_force(store, found, made)
    return folder


def test_a_stopped_calibration_goes_on_and_ends_in_force(bench: CalibrationBench, tmp_path: Path) -> None:
    store = _store_with_lenses(tmp_path)
    kept = kept_in(store)
    work = kept.lenses(replace(sim_plan(), poses=11, pivot_touches=6, joint_touches=1))
    hands = SimulatedTechnician(bench, work.lens_board, touched_points(bench.truth, work), SEED)
    simulator = bench.arm.simulator
    assert isinstance(simulator, MyCobot280Simulator)
    said: list[str] = []
    boards: list[str] = []

    class Hindered(SimulatedTechnician):
        """Puts the board on so that joint 1 cannot turn far."""

        def put_on(self, what: str) -> None:
            super().put_on(what)
            boards.append(what)
            if len(boards) == 1:
                posture = bench.posture()
                assert posture is not None
                simulator.obstruct(1, posture.angles_deg[0] - 15.0)

    blocked = Hindered(bench, work.lens_board, touched_points(bench.truth, work), SEED)
    with pytest.raises(CalibrationError, match="What was taken is kept") as caught:
        calibrated(kept, work, bench, blocked, leave=KEN, keep=True, say=said.append)
    assert caught.value.code == "calibration.run_stopped"
    with pytest.raises(ArtefactError, match="has no arm calibration"):
        in_force(store, Kind.ARM, "cobot", now=datetime.now(UTC))
    simulator.clear_way()
    assert bench.clear_stop() is None
    artefacts = calibrated(kept, work, bench, hands, leave=KEN, keep=True, say=said.append)
    assert any("were kept from before" in words for words in said)
    assert {artefact.kind for artefact in artefacts} == {Kind.CAMERA, Kind.ARM, Kind.TOOL_POINT, Kind.JOINTS}
    now = datetime.now(UTC)
    for name, true in bench.truth.cameras.items():
        artefact = in_force(store, Kind.CAMERA, name, now=now)
        assert artefact.inputs[f"lens-{name}"] == in_force(store, Kind.LENS, name, now=now).id
        points = np.array(list(bench.truth.joints_mm.values()))
        off_px = np.linalg.norm(camera_result(artefact).model_of(name).project(points) - true.project(points), axis=1)
        assert off_px.max() < 0.3
    arm = arm_result(in_force(store, Kind.ARM, "cobot", now=now))
    assert np.linalg.norm(np.array(arm.base_mm) - bench.truth.bench_from_base.translation_mm) < 1.5
    assert not (store / "robot-poses.jsonl").exists()
    assert len(list(store.glob("robot-observations-*.json"))) == 1


def test_a_trial_leaves_the_kept_run_alone(bench: CalibrationBench, tmp_path: Path) -> None:
    """`--dry` in between: what was kept can be gone on with afterwards, and the trial did not go on with it."""
    kept = tmp_path / "robot-poses.jsonl"
    kept.write_text("of another run\n", encoding="utf-8")
    lens = KnownLens(lens=np.zeros(9), covariance=np.zeros((9, 9)))
    work = replace(sim_plan(), poses=11, known_lenses={camera.name: lens for camera in sim_plan().cameras})

    class Leaving(SimulatedTechnician):
        def stand_clear(self, where: str) -> None:
            raise KeyboardInterrupt

    leaving = Leaving(bench, work.lens_board, touched_points(bench.truth, work), SEED)
    for keep, names in ((False, 1), (True, 2)):
        with pytest.raises(KeyboardInterrupt):
            calibrated(kept_in(tmp_path), work, bench, leaving, leave=KEN, keep=keep, say=lambda _: None)
        assert len(list(tmp_path.iterdir())) == names
        assert (kept.read_text(encoding="utf-8") == "of another run\n") == (not keep)


def test_without_lenses_it_is_said_what_to_do_first(tmp_path: Path) -> None:
    with pytest.raises(ArtefactError, match="top has no lens calibration") as caught:
        kept_in(tmp_path).lenses(sim_plan())
    assert caught.value.code == "calibration.missing"
