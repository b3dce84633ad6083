"""`station calibrate solve` as people and scripts use it: a file in, a file out, and an exit code."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.cal_scene import Bench, Scene, lens_set, scene
from typer.testing import CliRunner, Result

from calibration.adjustment.consistency import chi_square_limit, nees
from calibration.observation_files import pictures_of, write_set
from calibration.observations import BoardView, HandEyeSet, LensSet
from calibration.rotations import as_array, deviation
from station.commands.calibrate_group import calibrate_app
from vision.geometry import Array


def _rows(stage: int, views: tuple[BoardView, ...], cameras: list[str]) -> list[Array]:
    return [
        np.array([stage, cameras.index(view.camera), view.view, corner, *pixel])
        for view in views
        for corner, pixel in zip(view.corner_ids, view.corners_px, strict=True)
    ]


def _archive(path: Path, seen: HandEyeSet | LensSet) -> Path:
    """The set as an archive of the schema `calib-bench/1`."""
    lens = isinstance(seen, LensSet)
    cameras = [seen.camera] if isinstance(seen, LensSet) else list(seen.cameras)
    names = [camera.camera for camera in cameras]
    boards = (seen.board, seen.board) if isinstance(seen, LensSet) else (seen.lens_board, seen.arm_board)
    rows = _rows(0, seen.views, names) if isinstance(seen, LensSet) else []
    if isinstance(seen, HandEyeSet):
        rows = _rows(0, seen.lens_views, names) + _rows(1, seen.arm_views, names)
    poses = () if isinstance(seen, LensSet) else seen.poses
    meta = {
        "schema": "calib-bench/1",
        "scenario": "mine",
        "seed": 0,
        "mode": "intrinsics" if isinstance(seen, LensSet) else seen.mode,
        "image_size": [cameras[0].width_px, cameras[0].height_px],
        "n_cameras": len(cameras),
        "robot_spec": {"sigma_t_mm": 0.3, "sigma_r_deg": 0.06},
        "dh": [] if isinstance(seen, LensSet) else seen.robot.table.tolist(),
        "kinematics_suspect": not lens and isinstance(seen, HandEyeSet) and seen.robot.suspect,
        **{
            key: {"cols": board.corners[0], "rows": board.corners[1], "square_mm": board.square_mm}
            for key, board in zip(("board_int", "board_he"), boards, strict=True)
        },
    }
    np.savez_compressed(
        path,
        meta=np.array(json.dumps(meta)),
        board_int=boards[0].nominal_mm(),
        board_he=boards[1].nominal_mm(),
        obs=np.array(rows),
        robot_T=np.array([as_array(pose.base_from_flange) for pose in poses]).reshape(-1, 4, 4),
        robot_q_deg=np.array([pose.joints_deg for pose in poses]).reshape(-1, 6),
    )
    return path


def _solve(path: Path, out: Path) -> Result:
    return CliRunner().invoke(calibrate_app, ["solve", str(path), "--out", str(out)])


@pytest.mark.parametrize("mode", ["eye_to_hand", "eye_in_hand"])
def test_a_recorded_hand_eye_set_is_solved(tmp_path: Path, mode: str) -> None:
    found: Scene = scene(Bench(mode=mode, lens_views=8, poses=10))
    said = _solve(_archive(tmp_path / "set.npz", found.seen), tmp_path / "result.json")
    assert said.exit_code == 0, said.output
    assert "camera 0: known to" in said.output
    result = json.loads((tmp_path / "result.json").read_text())
    camera = result["cameras"][0]
    pose = np.array(camera["T_base_cam" if mode == "eye_to_hand" else "T_flange_cam"])
    error = deviation(found.mount_from_camera[0], pose)
    assert nees(error, np.array(camera["cov"])) < chi_square_limit(6, 0.9999)
    mount = np.array(result["T_flange_board" if mode == "eye_to_hand" else "T_base_board"])
    assert np.linalg.norm(deviation(found.far_from_board, mount)[3:]) < 3.0
    assert np.array(camera["K"])[0, 0] == pytest.approx(found.lenses[0, 0], rel=2e-3)
    assert len(camera["dist"]) == 5 and result["time_s"] > 0.0
    assert "joint_offset_deg" not in result


def test_an_arm_that_is_suspect_gets_joint_offsets(tmp_path: Path) -> None:
    found = scene(Bench(encoder_deg=0.03, offsets_deg=np.array([0, 0.4, 0, 0, 0, 0.0]), poses=14, lens_views=6))
    said = _solve(_archive(tmp_path / "set.npz", found.seen), tmp_path / "result.json")
    assert said.exit_code == 0, said.output
    assert "joint 1" in said.output
    result = json.loads((tmp_path / "result.json").read_text())
    assert result["joint_offset_deg"][1] == pytest.approx(0.4, abs=0.25)


def test_a_lens_set_of_either_schema_gives_the_same_lens(tmp_path: Path) -> None:
    seen = lens_set(2, views=8)
    write_set(tmp_path / "ours.npz", seen)
    assert _solve(_archive(tmp_path / "theirs.npz", seen), tmp_path / "theirs.json").exit_code == 0
    assert _solve(tmp_path / "ours.npz", tmp_path / "ours.json").exit_code == 0
    ours, theirs = (json.loads((tmp_path / f"{name}.json").read_text())["cameras"] for name in ("ours", "theirs"))
    assert ours == theirs


def test_a_set_that_gives_no_result_writes_nothing_and_says_why(tmp_path: Path) -> None:
    found = scene(Bench(lens_views=6, poses=8))
    path = _archive(tmp_path / "set.npz", found.seen)
    with np.load(path) as archive:
        held = {key: archive[key] for key in archive.files}
    held["robot_T"][:, :3, 3] /= 1000.0
    np.savez(path, **held)
    (tmp_path / "result.json").write_text("the old one")
    said = _solve(path, tmp_path / "result.json")
    assert said.exit_code == 1
    assert "calibration.metres" in said.output and "millimetres" in said.output
    assert (tmp_path / "result.json").read_text() == "the old one"
    assert _solve(tmp_path / "none.npz", tmp_path / "result.json").exit_code == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["result.json", "set.npz"]


def test_the_solver_does_not_look_for_the_truth(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = scene(Bench(lens_views=6, poses=8))
    path = _archive(tmp_path / "set.npz", found.seen)
    (tmp_path / "set.truth.json").write_text("secret")
    opened: list[str] = []
    kept = Path.open

    def watched(self: Path, *arguments: object, **named: object) -> object:
        opened.append(self.name)
        return kept(self, *arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "open", watched)
    assert _solve(path, tmp_path / "result.json").exit_code == 0
    assert not [name for name in opened if "truth" in name]


def test_a_set_whose_pictures_were_changed_is_not_solved_again(tmp_path: Path) -> None:
    content = b"a picture"
    name = hashlib.sha256(content).hexdigest()
    seen = lens_set(2, views=6)
    path = tmp_path / "ours.npz"
    write_set(path, replace(seen, views=(replace(seen.views[0], picture=name), *seen.views[1:])), {name: content})
    assert _solve(path, tmp_path / "result.json").exit_code == 0
    (pictures_of(path) / f"{name}.png").write_bytes(b"another picture")
    said = _solve(path, tmp_path / "other.json")
    assert said.exit_code == 1 and "calibration.damaged" in said.output
    assert not (tmp_path / "other.json").exists()
