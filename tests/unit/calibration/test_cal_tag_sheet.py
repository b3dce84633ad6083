"""A sheet of tags is told to the station as it was printed, not as it was drawn."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from calibration.board_sheets import TagBoard
from calibration.observations import CalibrationError
from calibration.tag_sheet_file import drawn_sheet, measured_sheet, read_tag_sheet
from station.cli import app

TAGS = TagBoard(name="fixture", columns=5, rows=3, tag_mm=40.0, first_tag=7)


def run(*words: str) -> str:
    done = CliRunner().invoke(app, ["calibrate", "board", *words])
    if isinstance(done.exception, CalibrationError):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def drawn(folder: Path) -> Path:
    run("--kind", "tags", "--name", "fixture", "--first", "7", "--out", str(folder / "tags.pdf"))
    return folder / "tags.json"


def test_sizes_and_places_are_those_of_the_print() -> None:
    """It should scale every size and place alike, and know the scale to what the calliper is good for."""
    sheet = drawn_sheet(TAGS)
    assert sheet.width_mm == pytest.approx(TAGS.size_mm[0])
    found = measured_sheet(sheet, 0.98 * TAGS.size_mm[0], 0.124, measured_utc="2026-11-26T13:00:00+00:00", by="Ken")
    assert (found.print_scale, found.print_scale_sigma) == (pytest.approx(0.98), pytest.approx(0.0005))
    for before, after in zip(sheet.tag, found.tag, strict=True):
        assert after.id == before.id and after.size_mm == pytest.approx(39.2)
        assert after.at_mm == pytest.approx([0.98 * each for each in before.at_mm], abs=1e-4)


def test_a_sheet_is_drawn_measured_and_told_to_the_station_file(tmp_path: Path) -> None:
    """It should keep the measured sheet beside the drawn one, and print the lines that a station file takes."""
    sheet = drawn(tmp_path)
    assert read_tag_sheet(sheet) == drawn_sheet(TAGS)
    told = run("measure", "--board", str(sheet), "--printed-mm", "243.04", "--by", "Ken")
    kept = json.loads((tmp_path / "tags-measured.json").read_text())
    assert (kept["by"], kept["print_scale"], kept["print_scale_sigma"]) == ("Ken", pytest.approx(0.98), 0.0002)
    lines = tomllib.loads(told[told.index("[[fixture_tag]]") :])["fixture_tag"]
    assert [(tag["id"], tag["size_mm"]) for tag in lines] == [(7 + number, 39.2) for number in range(15)]
    assert lines[0]["at_mm"] == pytest.approx(kept["tag"][0]["at_mm"], abs=1e-3)


def test_a_misread_length_of_a_sheet_keeps_nothing(tmp_path: Path) -> None:
    """It should not take centimetres, or one tag, for the sheet's length, nor believe it exactly."""
    sheet = drawn(tmp_path)
    for length in ("24.8", "40"):
        with pytest.raises(CalibrationError, match="248 mm over its tags"):
            run("measure", "--board", str(sheet), "--printed-mm", length)
    with pytest.raises(CalibrationError, match="none; give what your calliper"):
        run("measure", "--board", str(sheet), "--printed-mm", "248", "--doubt-mm", "0")
    assert not (tmp_path / "tags-measured.json").exists()


def test_a_measured_sheet_is_neither_scaled_again_nor_written_over(tmp_path: Path) -> None:
    """It should refuse the measured file as a drawn one, and keep what was measured before."""
    sheet = drawn(tmp_path)
    run("measure", "--board", str(sheet), "--printed-mm", "247")
    first = (tmp_path / "tags-measured.json").read_bytes()
    with pytest.raises(CalibrationError, match="no sheet of tags as drawn"):
        run("measure", "--board", str(tmp_path / "tags-measured.json"), "--printed-mm", "247")
    with pytest.raises(CalibrationError, match="there already"):
        run("measure", "--board", str(sheet), "--printed-mm", "249")
    assert (tmp_path / "tags-measured.json").read_bytes() == first
