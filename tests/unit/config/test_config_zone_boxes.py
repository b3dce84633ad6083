"""Zones as boxes: two corners instead of an outline, exactly one of the two."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from station.config.errors import ConfigError
from station.config.station_file import load_station
from station.config.zones_file import load_zones

CONFIG = Path(__file__).parents[3] / "config"
CAMERAS = tuple(camera.model for camera in load_station(CONFIG / "station.sim.toml").cameras)


def loaded(tmp_path: Path, keys: str):
    path = tmp_path / "zones.toml"
    path.write_text(f"[[zone]]\nid = 'rest'\n{keys}\n", encoding="utf-8")
    return load_zones(path, CAMERAS).zones


def test_a_box_is_the_polygon_of_its_corners(tmp_path: Path):
    """It should be the same zone as one with the four corners written out, with its heights."""
    (box,) = loaded(tmp_path, "box_mm = [0, -50, 120, 60]\nz_mm = [20, 90]")
    (polygon,) = loaded(tmp_path, "outline_mm = [[0, -50], [120, -50], [120, 60], [0, 60]]\nz_mm = [20, 90]")
    assert np.array_equal(box.outline_mm, polygon.outline_mm)
    assert box.z_mm == polygon.z_mm == (20.0, 90.0)


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        ("", "write exactly one of them"),
        ("box_mm = [0, 0, 99, 99]\noutline_mm = [[0, 0], [99, 0], [99, 99]]", "write exactly one of them"),
        ("box_mm = [99, 0, 0, 99]", "`box_mm` has no area"),
        ("box_mm = [0, 0, 99, 0]", "`box_mm` has no area"),
        ("box_mm = [0, 0, 99]", "box_mm"),
        ("box_mm = [0, 0, nan, 99]", "box_mm"),
        ("box_mm = [0, 0, 99, 99]\nz_mm = [90, 20]", "write [lower, upper]"),
        ("box_mm = [0, 0, 9, 9]", "mm² large"),
    ],
)
def test_a_box_that_is_none_is_told(tmp_path: Path, keys: str, complaint: str):
    """It should say what is wrong with it, and nothing of it is used."""
    with pytest.raises(ConfigError) as caught:
        loaded(tmp_path, keys)
    assert complaint in str(caught.value)
