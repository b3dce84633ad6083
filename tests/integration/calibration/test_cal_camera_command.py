"""`station calibrate board` and `station calibrate camera` from paper to artefact, on rendered pictures."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

import cv2
import numpy as np
import pytest
from support.rendered_board import CHARUCO, LENS, SIZE_PX, Shot, held, varied
from typer.testing import CliRunner

from calibration.board_file import write_board
from calibration.lens_artefact import lens_values
from calibration.observations import CalibrationError
from calibration.projection import projection_difference_px
from calibration.report.pictures import plots_of
from calibration.report.standing import standings
from station.cli import app
from station.config.artefact import Artefact, Kind, current_id, folder_of, read_artefact


def run(*words: str, code: int = 0) -> str:
    """What a command prints; its exit code is asserted, unless it raised what a person can mend."""
    done = CliRunner().invoke(app, ["calibrate", *words])
    if isinstance(done.exception, Exception) and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == code, done.output
    return done.output


def in_force(store: Path, kind: Kind, subject: str) -> Artefact:
    identity = current_id(store, kind, subject)
    assert identity is not None
    return read_artefact(folder_of(store, kind, subject) / f"{identity}.json")


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Fourteen pictures of a board, one of nothing, one blurred, one twice."""
    folder = tmp_path_factory.mktemp("pictures")
    for number, pose in enumerate(varied(14)):
        cv2.imwrite(str(folder / f"{number:02d}.png"), Shot(camera_from_board=pose, seed=number).grey())
    cv2.imwrite(str(folder / "20-nothing.png"), np.full(SIZE_PX[::-1], 120, dtype=np.uint8))
    blurred = Shot(camera_from_board=held(0, 0, 340, 20, 10, 0), blur_px=2.5).grey()
    cv2.imwrite(str(folder / "21-blurred.png"), blurred)
    cv2.imwrite(str(folder / "22-again.png"), Shot(camera_from_board=varied(14)[3], seed=99).grey())
    return folder


def calibrated(store: Path, pictures: Path, *more: str, code: int = 0) -> str:
    words = ("--camera", "side", "--pictures", str(pictures), "--part-mm", "500", "--store", str(store), "--by", "Ken")
    return run("camera", *words, *more, code=code)


@pytest.fixture
def store(tmp_path: Path) -> Path:
    """A store with a board that was measured."""
    folder = tmp_path / "store"
    write_board(tmp_path / "a4.json", CHARUCO)
    told = run("board", "measure", "--board", str(tmp_path / "a4.json"), "--printed-mm", "240", "--store", str(folder))
    assert "printed 1.0000 times" in told
    return folder


@pytest.fixture
def calibrated_store(store: Path, done: tuple[Path, str]) -> Path:
    """A store with that board and a lens."""
    shutil.copytree(done[0], store, dirs_exist_ok=True)
    return store


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory, pictures: Path) -> tuple[Path, str]:
    """A store after a calibration, and what was told."""
    folder = tmp_path_factory.mktemp("done")
    write_board(folder / "a4.json", CHARUCO)
    run("board", "measure", "--board", str(folder / "a4.json"), "--printed-mm", "240", "--store", str(folder / "store"))
    return folder / "store", calibrated(folder / "store", pictures)


def test_a_board_is_drawn_measured_and_used(tmp_path: Path) -> None:
    """It should write a sheet and its file, and refuse a length that is none before anything is kept."""
    sheet = tmp_path / "b.pdf"
    run("board", "--paper", "a3", "--name", "flange", "--first", "100", "--out", str(sheet))
    described = json.loads(sheet.with_suffix(".json").read_text())
    assert (described["name"], described["first_marker"], described["square_mm"]) == ("flange", 100, 24.0)
    measure = ("board", "measure", "--board", str(sheet.with_suffix(".json")), "--store", str(tmp_path / "s"))
    with pytest.raises(CalibrationError, match="384 mm over its 16 squares"):
        run(*measure, "--printed-mm", "38.4")
    assert not (tmp_path / "s").exists()
    run(*measure, "--printed-mm", "383.5", "--doubt-mm", "0.1")
    kept = in_force(tmp_path / "s", Kind.BOARD, "flange").result
    assert kept["print_scale"] == pytest.approx(383.5 / 384) and kept["print_scale_sigma"] == pytest.approx(0.1 / 384)


def test_a_flat_board_shows_no_bow_in_its_pictures(tmp_path: Path, pictures: Path) -> None:
    """It should take pictures for the bow, name those that it does not take, and find none on a flat board."""
    write_board(tmp_path / "a4.json", CHARUCO)
    words = ("--board", str(tmp_path / "a4.json"), "--printed-mm", "240", "--pictures", str(pictures))
    told = run("board", "measure", *words, "--store", str(tmp_path / "s"))
    assert "20-nothing.png: not taken. No board" in told and "show no bow beyond chance" in told
    assert in_force(tmp_path / "s", Kind.BOARD, "a4").figures["bow_views"] == 15


def test_pictures_become_a_lens_in_force(done: tuple[Path, str]) -> None:
    """It should refuse bad pictures with their reasons, be as near to the truth as it says, and keep all evidence."""
    store, told = done
    for said in (
        "20-nothing.png: not taken. No board",
        "21-blurred.png: not taken.",
        "22-again.png: not taken. The board is where",
    ):
        assert said in told
    assert "That is enough" in told and "in force" in told
    artefact = in_force(store, Kind.LENS, "side")
    assert artefact.by == "Ken" and artefact.inputs["board"].startswith("board-a4-")
    assert set(artefact.figures["refused_pictures"]) == {"20-nothing.png", "21-blurred.png", "22-again.png"}
    lens, covariance = lens_values(artefact)
    off = projection_difference_px(lens, np.array(LENS), SIZE_PX, 500.0)
    doubt = float(str(artefact.figures["doubt_px"]))
    assert np.sqrt(np.nanmean(off**2)) < 3 * doubt < 0.3
    assert np.linalg.eigvalsh(covariance).min() > 0
    views = artefact.figures["views"]
    assert isinstance(views, list) and len(views) == 14
    residuals = np.array(artefact.figures["residuals_px"], dtype=np.float64)
    assert 400 < len(residuals) <= 800 and np.hypot(*residuals[:, 2:].T).max() < 0.3
    (plots,) = [plots_of(each) for each in standings(store, datetime.now(UTC)) if each.kind is Kind.LENS]
    assert len(plots) == 4
    kept = store / "sets" / artefact.id
    assert len(list((kept / "pictures").iterdir())) == 14 and (kept / "observations.json").is_file()
    assert (artefact.expires_utc, artefact.made_utc) > ("2", "2") and artefact.expires_utc > artefact.made_utc


def test_a_set_that_was_kept_is_solved_again(calibrated_store: Path) -> None:
    """It should give the same lens from its own pictures, and say that nothing has changed since."""
    store = calibrated_store
    first = in_force(store, Kind.LENS, "side")
    kept = store / "sets" / first.id / "observations.json"
    words = ("--camera", "side", "--observations", str(kept), "--part-mm", "500", "--store", str(store))
    told = run("camera", *words)
    assert "It differs from the last calibration by 0.000 px" in told
    again = in_force(store, Kind.LENS, "side")
    assert again.id != first.id and np.allclose(lens_values(again)[0], lens_values(first)[0], rtol=1e-6)
    picture = next((kept.parent / "pictures").iterdir())
    picture.write_bytes(picture.read_bytes()[:100])
    with pytest.raises(CalibrationError, match="not there or damaged"):
        run("camera", *words)


def test_what_is_not_enough_leaves_the_old_one_in_force(calibrated_store: Path, pictures: Path, tmp_path: Path) -> None:
    """It should keep a poor lens to look at, say what to do, end with 1, and leave what was in force."""
    store = calibrated_store
    before = current_id(store, Kind.LENS, "side")
    few = tmp_path / "few"
    few.mkdir()
    for number in range(5):
        shutil.copy(pictures / f"{number:02d}.png", few)
    told = calibrated(store, few, code=1)
    assert "not enough" in told and "the old one stays" in told
    assert current_id(store, Kind.LENS, "side") == before
    assert len(list(folder_of(store, Kind.LENS, "side").glob("lens-*.json"))) == 2
    calibrated(store, few, "--dry", code=1)
    assert len(list(folder_of(store, Kind.LENS, "side").glob("lens-*.json"))) == 2


def test_too_few_pictures_are_refused_in_a_sentence(store: Path, pictures: Path, tmp_path: Path) -> None:
    """It should keep nothing at all of a folder that gives no lens, and name a board that it does not know."""
    few = tmp_path / "few"
    few.mkdir()
    for name in ("00.png", "01.png", "20-nothing.png"):
        shutil.copy(pictures / name, few)
    with pytest.raises(CalibrationError, match="2 views give no lens; take more") as refused:
        calibrated(store, few)
    assert refused.value.code == "calibration.no_lens"
    assert not list(store.glob("lens-*")) and not list(store.glob("sets"))
    with pytest.raises(CalibrationError, match="holds no picture"):
        calibrated(store, tmp_path / "store")


def test_a_video_is_followed_like_a_live_camera(store: Path, tmp_path: Path) -> None:
    """It should take the moments in which the board is held for a second, and only those."""
    path = tmp_path / "board.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 3.0, SIZE_PX)
    for number, pose in enumerate(varied(6)):
        still = cv2.cvtColor(Shot(camera_from_board=pose, seed=number).grey(), cv2.COLOR_GRAY2BGR)
        for _ in range(4):
            writer.write(still)
        for _ in range(2):
            writer.write(np.full_like(still, 120))
    writer.release()
    words = ("--camera", "side", "--video", str(path), "--part-mm", "500", "--need-mm", "2", "--store", str(store))
    assert "on 6 views" in run("camera", *words)
    artefact = in_force(store, Kind.LENS, "side")
    refused = artefact.figures["refused_pictures"]
    assert isinstance(refused, dict) and set(refused) >= {"no_board"}
