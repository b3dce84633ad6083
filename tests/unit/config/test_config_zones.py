"""Zones files: read with every mistake told, written whole with the former version kept, and rules for their shapes."""

from __future__ import annotations

import hashlib
import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.config.bench import bench_of, zones_used
from station.config.errors import ConfigError
from station.config.phrases import load_phrases
from station.config.procedure_file import load_procedure
from station.config.station_file import known_of, load_station
from station.config.zone_rules import SENTENCES, ZoneMistake, area_mm2, bench_mistake, crossing_edges, shape_mistake
from station.config.zones_file import load_zones, save_zones, zones_text
from station.runtime.eyes_desk import REASONS
from vision.bench import Zone, same_zones

CONFIG = Path(__file__).parents[3] / "config"
STATION = load_station(CONFIG / "station.sim.toml")
CAMERAS = tuple(camera.model for camera in STATION.cameras)
SQUARE = [(0.0, 0.0), (100.0, 0.0), (100.0, 100.0), (0.0, 100.0)]


def zone(outline: object = SQUARE, z_mm: tuple[float, float] = (0.0, 100.0), name: str = "rest") -> Zone:
    return Zone(name=name, outline_mm=np.array(outline, dtype=float), z_mm=z_mm)


def code_of(mistake: ZoneMistake | None) -> str:
    return "" if mistake is None else mistake.code


@pytest.mark.parametrize(
    ("outline", "z_mm", "expected"),
    [
        (SQUARE, (0, 100), ""),
        ([(0, 0), (100, 0), (50, 80)], (0, 20), ""),
        (SQUARE[:2], (0, 100), "corners"),
        ([(math.cos(n / 4) * 100, math.sin(n / 4) * 100) for n in range(25)], (0, 100), "corners"),
        ([*SQUARE, (0.5, 0.5)], (0, 100), "short_edge"),
        ([(0, 0), (100, 100), (100, 0), (0, 100)], (0, 100), "crossing"),
        ([(0, 0), (100, 0), (100, 100), (50, 0), (0, 100)], (0, 100), "crossing"),
        ([(0, 0), (100, 0), (40, 0), (40, 90)], (0, 100), "crossing"),
        ([(0, 0), (40, 0), (40, 40), (0, 40)], (0, 100), "too_small"),
        (SQUARE, (50, 60), "too_flat"),
        (SQUARE, (100, 0), "too_flat"),
        (SQUARE, (-10, 100), "below"),
    ],
)
def test_a_shape_that_cannot_be_watched_is_told(outline, z_mm, expected):
    """It should name the first rule that is broken, and the zone in its sentence."""
    found = shape_mistake(zone(outline, z_mm))
    assert code_of(found) == expected
    assert found is None or ("`rest`" in str(found) and "; " in str(found))


@given(
    st.lists(st.floats(0.0, 2 * math.pi), min_size=3, max_size=12, unique_by=lambda turn: round(turn, 1)),
    st.lists(st.floats(60.0, 200.0), min_size=12, max_size=12),
)
def test_an_outline_that_goes_round_its_middle_once_never_crosses_itself(turns, radii):
    """It should find no crossing in a star, wherever it begins, and one as soon as two of its corners change places."""
    turns = sorted(turns)
    gaps = [b - a for a, b in zip(turns, [*turns[1:], turns[0] + 2 * math.pi], strict=True)]
    if max(gaps) >= math.pi:
        return
    star = np.array([(r * math.cos(t), r * math.sin(t)) for t, r in zip(turns, radii, strict=False)])
    assert crossing_edges(star) is None
    assert crossing_edges(np.roll(star, 1, axis=0)) is None
    assert area_mm2(star) == pytest.approx(area_mm2(star[::-1]))
    round_ = np.array([(math.cos(t), math.sin(t)) for t in turns]) * 100.0
    if len(round_) >= 4:
        assert crossing_edges(round_[[0, 2, 1, *range(3, len(round_))]]) is not None


@pytest.mark.parametrize(
    ("zones", "used", "expected"),
    [
        ([zone()], (), ""),
        ([zone()], ("work",), "used"),
        ([zone(), zone()], (), "twice"),
        ([zone(name="a/b")], (), "name"),
        ([zone(name="手 1")], (), ""),
        ([zone(name=str(n)) for n in range(25)], (), "too_many"),
        ([zone(np.add(SQUARE, (0.0, -600.0)))], (), "off_bench"),
        ([zone(np.add(SQUARE, (2850.0, 0.0)))], (), "off_bench"),
        ([zone([(0, 0), (0, 4000), (-10, 4000)])], (), "off_bench"),
    ],
)
def test_zones_that_do_not_fit_the_bench_are_told(zones, used, expected):
    """It should want every corner within a picture, names that differ, and every zone that the work asks for."""
    assert code_of(bench_mistake(tuple(zones), CAMERAS, used)) == expected


def test_every_bench_has_zones_that_it_would_take():
    """It should find nothing wrong with the zones of the benches that come with the station."""
    for name in ("station.sim.toml", "station.ur.toml", "station.toml"):
        station = load_station(CONFIG / name)
        procedure = load_procedure(station.procedure, known_of(station))
        cameras = tuple(camera.model for camera in station.cameras)
        assert bench_mistake(station.zones, cameras, zones_used(procedure)) is None, name


def test_each_refusal_has_a_sentence_in_each_language():
    """It should have a phrase with the same words for every rule and for every other reason."""
    phrases = load_phrases(CONFIG / "phrases")
    for code, english in {**SENTENCES, **REASONS}.items():
        words = {part.partition("}")[0] for part in english.split("{")[1:]}
        given = {word: f"<{word}>" for word in words}
        for language in phrases.languages:
            shown = phrases.shown(language, f"ui.eyes.refused.{code}", given)
            assert "…" not in shown and all(f"<{word}>" in shown for word in words), (code, language)


OUTLINES = st.lists(st.tuples(st.integers(-4000, 4000), st.integers(-2000, 2000)), min_size=3, max_size=8)
ZONES = st.lists(
    st.builds(
        lambda name, outline, low, high: zone(np.array(outline) / 10.0, (low / 10.0, high / 10.0), name),
        st.from_regex(r"[A-Za-z0-9_-]{1,12}", fullmatch=True),
        OUTLINES,
        st.integers(0, 1000),
        st.integers(1200, 4000),
    ),
    min_size=1,
    max_size=3,
    unique_by=lambda each: each.name,
).map(tuple)


@given(ZONES)
def test_what_is_written_is_read(tmp_path_factory, zones):
    """It should be the same zones to a tenth of a millimetre, or a mistake that the rules told before."""
    path = tmp_path_factory.mktemp("zones") / "zones.toml"
    mistake = bench_mistake(zones, CAMERAS, ())
    if mistake is None:
        book = save_zones(path, zones, CAMERAS, stamp="now")
        assert same_zones(book.zones, zones)
        assert book.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    else:
        with pytest.raises(ConfigError):
            save_zones(path, zones, CAMERAS, stamp="now")
        assert list(path.parent.iterdir()) == []


def test_the_former_version_is_kept(tmp_path):
    """It should stand in the history with its time, and a refused one leave everything as it was."""
    path = tmp_path / "zones.toml"
    first = save_zones(path, (zone(),), CAMERAS, stamp="2026-11-25T10:00:00Z")
    old = path.read_text(encoding="utf-8")
    save_zones(path, (zone(z_mm=(0.0, 120.0)),), CAMERAS, stamp="2026-11-25T11:00:00Z")
    (kept,) = (tmp_path / "history").iterdir()
    assert kept.name == "zones.2026-11-25T11-00-00Z.toml" and kept.read_text(encoding="utf-8") == old
    with pytest.raises(ConfigError, match="cross"):
        save_zones(path, (zone([(0, 0), (100, 100), (100, 0), (0, 100)]),), CAMERAS, stamp="x")
    assert load_zones(path, CAMERAS).zones[0].z_mm == (0.0, 120.0) and first.path == path
    assert sorted(each.name for each in tmp_path.iterdir()) == ["history", "zones.toml"]


@pytest.mark.parametrize(
    ("text", "complaints"),
    [
        ("", ["there is no [[zone]]"]),
        ("[station]\n[[zone]]\nid = 'a'\noutline_mm = [[0,0],[99,0],[0,99]]\n", ["unknown key `station`"]),
        ("[[zone]]\nid = 3\noutline_mm = [[0,0],[99,0],[0,99]]\nz = 1\n", ["unknown key `z`", "zones.toml:2"]),
        ("[[zone]]\nid = 'a'\noutline_mm = [[0,0],[99,0]]\n[[zone]]\n", ["zones.toml:3", "`id` is missing"]),
        ("[[zone]]\nid = 'a'\noutline_mm = [[0,0],[0,99],[99,0],[99,99]]\n", ["edges 2 and 4 of zone `a` cross"]),
        (
            "[[zone]]\nid = 'a'\noutline_mm = [[0,0],[0,-999],[99,99]]\n",
            ["corner 2 of zone `a`", "where no camera looks"],
        ),
        ("[[zone]]\nid = 'a'\noutline_mm = [[nan,0],[99,0],[0,99]]\n", ["zones.toml:3"]),
    ],
)
def test_every_mistake_in_a_file_is_told_with_its_place(tmp_path, text, complaints):
    """It should be one sentence a mistake, with the line where there is one."""
    path = tmp_path / "zones.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_zones(path, CAMERAS)
    for complaint in complaints:
        assert complaint in str(caught.value)


def test_drawn_zones_stand_in_for_the_station_files_own(tmp_path):
    """It should use the station file's zones until there is a zones file, that one after it, and tell its mistakes."""
    folder = tmp_path / "config"
    shutil.copytree(CONFIG, folder)
    path = folder / "station.sim.toml"
    station = load_station(path)
    assert station.zone_book.sha256 == "" and station.zone_book.path == folder / "zones.sim.toml"
    drawn = tuple(
        Zone(name=each.name, outline_mm=np.add(each.outline_mm, (0.0, 5.0)), z_mm=each.z_mm) for each in station.zones
    )
    book = save_zones(folder / "zones.sim.toml", drawn, CAMERAS, stamp="now")
    again = load_station(path)
    assert again.zone_book.sha256 == book.sha256 and same_zones(again.zones, drawn)
    procedure = load_procedure(again.procedure, known_of(again))
    assert same_zones(bench_of(again, procedure).zones, drawn)
    (folder / "zones.sim.toml").write_text(zones_text(drawn[:1]), encoding="utf-8")
    with pytest.raises(ConfigError, match="door"):
        load_procedure(again.procedure, known_of(load_station(path)))
    (folder / "zones.sim.toml").write_text("[[zone]]\n", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"zones\.sim\.toml"):
        load_station(path)
