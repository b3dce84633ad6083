"""A station looks with cameras that stand still, and refuses one that does not."""

import shutil
from pathlib import Path

import pytest

from station.config.errors import ConfigError
from station.config.station_file import load_station

CONFIG = Path(__file__).parents[3] / "config"


def written(folder: Path, mounted: str) -> Path:
    """The shipped station with a word about what carries its first camera."""
    config = shutil.copytree(CONFIG, folder / "config")
    station = config / "station.sim.toml"
    text = station.read_text(encoding="utf-8")
    station.write_text(text.replace("[[camera]]\n", f'[[camera]]\nmounted = "{mounted}"\n', 1), encoding="utf-8")
    return station


def test_a_camera_on_the_flange_is_refused_with_what_to_do(tmp_path: Path) -> None:
    """It should not take a camera that moves with the arm for one that stands still."""
    with pytest.raises(ConfigError) as caught:
        load_station(written(tmp_path, "flange"))
    (problem,) = caught.value.problems
    assert "cannot look with a camera that moves with the arm" in str(problem)
    assert "station calibrate solve" in str(problem) and problem.line


def test_a_camera_on_the_bench_may_say_so(tmp_path: Path) -> None:
    """It should read the same station with the word and without it."""
    said, left_out = load_station(written(tmp_path, "bench")), load_station(CONFIG / "station.sim.toml")
    assert [camera.model.name for camera in said.cameras] == [camera.model.name for camera in left_out.cameras]
