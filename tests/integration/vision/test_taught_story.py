"""A check is taught by a technician: examples, training with its own trial, use on other days, and what is refused."""

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from station.cli import app
from station.config.bench import bench_of
from station.core.state import Phase, State
from station.runtime.clock import SteppedClock
from station.runtime.setting import read_files
from station.runtime.teach_view import TeachRefusedError
from station.runtime.teaching import CheckTeaching
from station.simulation.rig import Rig, build_rig
from station.simulation.teaching.cap import COLOURS, seated_check, variant_check
from station.simulation.teaching.shots import CapStage
from vision.api import Frame, FrameAnalysis
from vision.bench import Bench
from vision.geometry import Transform
from vision.pipeline import Pipeline, Want
from vision.taught.examples import keep, kept
from vision.taught.model_file import ModelFileError, load_model, model_path
from vision.taught.rectify import view_of
from vision.taught.training import Shown, train

CONFIG = Path(__file__).parents[3] / "config"
COLOUR = variant_check(("top",))


@pytest.fixture(scope="module")
def rig() -> Iterator[Rig]:
    made = build_rig(read_files(CONFIG / "station.sim.toml"), seed=1, clock=SteppedClock(), in_memory=True)
    yield made
    made.close()


@pytest.fixture(scope="module")
def bench(rig: Rig) -> Bench:
    return replace(bench_of(rig.files.station, rig.files.procedure), checks=(COLOUR,))


@pytest.fixture(scope="module")
def stage(rig: Rig, bench: Bench) -> CapStage:
    return CapStage(bench, rig.world.static, seed=21)


class Desk:
    """A teaching whose camera shows what a test gives it."""

    def __init__(self, folder: Path, bench: Bench) -> None:
        self.pipeline = Pipeline(bench, bench.camera("top"), taught=folder)
        self.now_s = 0.0
        self.state = State()
        self.frame: Frame | None = None
        self.analysis: FrameAnalysis | None = None
        self.teaching = CheckTeaching(
            folder=folder,
            bench=bench,
            calibration={"top": "cal-1"},
            software="test",
            frame=lambda analysis: self.frame,
            analysis=lambda camera: self.analysis,
            state=lambda: self.state,
            now_s=lambda: self.now_s,
            utc=lambda: f"2026-01-05T09:00:{int(self.now_s) % 60:02d}.{round(self.now_s * 10) % 10}00Z",
        )

    def show(self, image: np.ndarray) -> FrameAnalysis:
        self.now_s += 0.3
        self.frame = Frame(camera="top", seq=round(self.now_s * 10), t_mono_s=self.now_s, image=image)
        want = Want(checks=frozenset({"cap-colour"}), models=frozenset(self.teaching.ids().values()))
        self.analysis = self.pipeline.analyse(self.frame, want)
        return self.analysis


def test_a_technician_teaches_a_check_and_it_tells_on_other_days(tmp_path: Path, bench: Bench, stage: CapStage) -> None:
    """It should be UNKNOWN until taught, then tell the states on pictures of worse days, and never a wrong one."""
    desk = Desk(tmp_path, bench)
    try:
        for shot in stage.teaching(COLOUR, "top", 8):
            seen = desk.show(shot.image)
            assert [check.reason for check in seen.checks] == ["not taught"]
            desk.teaching.take("cap-colour", shot.state, "Ken")
        desk.state = State(phase=Phase.RUNNING)
        with pytest.raises(TeachRefusedError, match="A visit is under way"):
            desk.teaching.train("cap-colour", "Ken")
        desk.state = State()
        desk.teaching.train("cap-colour", "Ken")
        (now,) = desk.teaching.now()
        assert len(now.examples) == 8 * len(COLOUR.states)
        assert now.trained[0].usable, now.trained[0].why
        assert set(desk.teaching.ids()) == {"check cap-colour/top"}
        told = right = visible = 0
        for shot in stage.trying(COLOUR, "top", 24):
            (check,) = desk.show(shot.image).checks
            assert check.state in ("", shot.state), (shot.state, check)
            assert check.model == desk.teaching.ids()["check cap-colour/top"]
            told += bool(check.state)
            if not shot.hidden and shot.blur_px <= 2.0 and 0.3 <= shot.gain <= 1.6:
                visible += 1
                right += check.state == shot.state
        assert right >= 0.5 * visible
        assert told >= 10
        # Somebody else's file in its place is not used, whatever it says.
        path = model_path(tmp_path, "cap-colour", "top")
        path.write_bytes(path.read_bytes()[:-9])
        with pytest.raises(ModelFileError, match="damaged"):
            load_model(tmp_path, COLOUR, bench.camera("top"))
        again = Desk(tmp_path, bench)
        assert again.teaching.ids() == {}
        assert [check.reason for check in again.show(shot.image).checks] == ["not taught"]
        again.pipeline.close()
    finally:
        desk.pipeline.close()


def test_a_model_of_another_region_is_stale(tmp_path: Path, bench: Bench, stage: CapStage) -> None:
    """It should not be used for a check that has been changed since."""
    desk = Desk(tmp_path, bench)
    desk.teaching.train("cap-colour", "Ken")
    desk.pipeline.close()
    assert not load_model(tmp_path, COLOUR, bench.camera("top")).usable
    for changed in (replace(COLOUR, size_mm=(70.0, 56.0)), replace(COLOUR, states=(*COLOURS, "empty"))):
        with pytest.raises(ModelFileError, match="was taught for") as caught:
            load_model(tmp_path, changed, bench.camera("top"))
        assert caught.value.code == "taught.stale"


def test_an_example_is_of_the_picture_that_was_looked_at(tmp_path: Path, bench: Bench, stage: CapStage) -> None:
    """It should take nothing once the looked-at picture is gone: on a later one a hand may lie."""
    desk = Desk(tmp_path, bench)
    shot = next(stage.teaching(COLOUR, "top", 1))
    desk.show(shot.image)
    there, desk.frame = desk.frame, None
    with pytest.raises(TeachRefusedError, match="no fresh picture"):
        desk.teaching.take("cap-colour", shot.state, "Ken")
    assert desk.teaching.patch("cap-colour", "top") is None
    desk.frame = there
    desk.teaching.take("cap-colour", shot.state, "Ken")
    (example,) = desk.teaching.now()[0].examples
    assert example.state == shot.state
    desk.teaching.discard(example.id, "Ken")
    assert desk.teaching.now()[0].examples == ()
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    desk.pipeline.close()


def test_examples_of_another_region_are_not_learned_from(tmp_path: Path, bench: Bench, stage: CapStage) -> None:
    """It should leave them alone when the region has been moved since, and take them up again when it is back."""
    camera = bench.camera("top")
    view = view_of(COLOUR, camera)
    shot = next(stage.teaching(COLOUR, "top", 1))
    example = keep(tmp_path, view, shot.state, "20260105T090000.000", view.patch(shot.image), person="Ken")
    assert [each.path for each in kept(tmp_path, view)] == [example]
    moved = replace(COLOUR, bench_from_region=Transform.of(3, 0, 0) @ COLOUR.bench_from_region)
    for other in (moved, replace(COLOUR, size_mm=(70.0, 56.0)), replace(COLOUR, states=("red", "black"))):
        assert kept(tmp_path, view_of(other, camera)) == ()
    example.with_suffix(".json").write_text("{}")
    assert kept(tmp_path, view) == (), "nobody knows of what it is an example"


def test_too_few_examples_and_states_that_look_alike_are_refused(bench: Bench, stage: CapStage) -> None:
    """It should say what is missing, and refuse a check whose states it cannot tell apart, rather than guess."""
    seated = seated_check(("top",))
    view = view_of(seated, bench.camera("top"))
    few = [
        Shown(patch=view.patch(shot.image), state=shot.state, moment=str(n))
        for n, shot in enumerate(stage.teaching(seated, "top", 2))
    ]
    outcome = train(seated.states, few)
    assert not outcome.usable
    assert "Too few examples" in outcome.why
    patches = [view.patch(shot.image) for shot in stage.teaching(seated, "top", 8) if shot.state == "none"]
    alike = [
        Shown(patch=patch, state=state, moment=f"{state}{n}")
        for n, patch in enumerate(patches)
        for state in ("good", "bad")
    ]
    outcome = train(("good", "bad"), alike)
    assert not outcome.usable


def test_a_check_is_taught_by_commands(tmp_path: Path, bench: Bench, stage: CapStage) -> None:
    """It should take examples from folders of pictures, train, and say how good it is."""
    shutil.copytree(CONFIG, tmp_path / "config")
    station = tmp_path / "config/station.sim.toml"
    text = station.read_text().replace('scenes = "scenes"', 'scenes = "scenes"\nchecks = "../checks"')
    station.write_text(text.replace('data_dir = "../var/sim-1"', 'data_dir = "../var"'))
    x, y, z = COLOUR.bench_from_region.translation_mm
    with (tmp_path / "config/procedures/door-mirror.toml").open("a") as work:
        work.write(
            f'\n[[check]]\nid = "cap-colour"\nkind = "variant"\nat_mm = [{x}, {y}, {z}]\nsize_mm = [72, 56]\n'
            f'states = ["blue", "green", "orange", "none"]\ncameras = ["top"]\n'
        )
    for number, shot in enumerate(stage.teaching(COLOUR, "top", 8)):
        folder = tmp_path / "shots" / shot.state
        folder.mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(folder / f"{number:03d}.png"), shot.image)
    runner, options = CliRunner(), ["--config", str(station)]
    said = runner.invoke(app, ["vision", "checks", *options])
    assert "cap-colour is not taught for camera top" in said.output
    for state in COLOUR.states:
        pictures = ["--state", state, "--from", str(tmp_path / "shots" / state)]
        said = runner.invoke(app, ["vision", "teach", "cap-colour", *pictures, *options])
        assert f"8 examples of `{state}` taken" in said.output
    said = runner.invoke(app, ["vision", "train", "cap-colour", *options])
    assert (said.exit_code, "usable. No state was told for another" in said.output) == (0, True), said.output
    said = runner.invoke(app, ["vision", "checks", *options])
    assert "cap-colour/top: usable, 32 examples" in said.output
