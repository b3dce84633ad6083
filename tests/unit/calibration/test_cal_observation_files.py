"""Sets of observations as files: what comes back is what was seen, and a damaged file is never half read."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.cal_scene import Bench, lens_set, scene

from calibration.intrinsics import solve_lens
from calibration.observation_files import check_pictures, pictures_of, read_set, schema_of, write_set
from calibration.observations import BoardView, CalibrationError, HandEyeSet, LensSet


def _same_views(first: tuple[BoardView, ...], second: tuple[BoardView, ...]) -> None:
    assert len(first) == len(second)
    for a, b in zip(first, second, strict=True):
        assert (a.camera, a.view, a.t_s, a.picture) == (b.camera, b.view, b.t_s, b.picture)
        np.testing.assert_array_equal(a.corner_ids, b.corner_ids)
        np.testing.assert_array_equal(a.corners_px, b.corners_px)


def test_a_lens_set_comes_back_and_solves_to_the_same_lens(tmp_path: Path) -> None:
    seen = lens_set(1, views=6)
    write_set(tmp_path / "lens.npz", seen)
    back = read_set(tmp_path / "lens.npz")
    assert isinstance(back, LensSet)
    assert (back.camera, back.board) == (seen.camera, seen.board) or back.board == seen.board
    _same_views(back.views, seen.views)
    np.testing.assert_array_equal(solve_lens(back).lens, solve_lens(seen).lens)


def test_a_hand_eye_set_comes_back(tmp_path: Path) -> None:
    seen = scene(Bench(lens_views=4, poses=5, cameras=2, encoder_deg=0.03)).seen
    write_set(tmp_path / "arm.npz", seen)
    back = read_set(tmp_path / "arm.npz")
    assert isinstance(back, HandEyeSet)
    _same_views(back.lens_views, seen.lens_views)
    _same_views(back.arm_views, seen.arm_views)
    assert (back.mode, back.lens_board, back.arm_board) == (seen.mode, seen.lens_board, seen.arm_board)
    assert back.robot.suspect
    np.testing.assert_array_equal(back.robot.table, seen.robot.table)
    for a, b in zip(back.poses, seen.poses, strict=True):
        assert (a.pose, a.t_s, a.joints_deg) == (b.pose, b.t_s, b.joints_deg)
        np.testing.assert_allclose(a.base_from_flange.translation_mm, b.base_from_flange.translation_mm)
        np.testing.assert_allclose(a.base_from_flange.rotation, b.base_from_flange.rotation, atol=1e-12)


def test_pictures_lie_beside_by_their_hash_and_a_changed_one_is_noticed(tmp_path: Path) -> None:
    content = b"not really a picture"
    name = hashlib.sha256(content).hexdigest()
    seen = lens_set(1, views=4)
    seen = replace(seen, views=(replace(seen.views[0], picture=name), *seen.views[1:]))
    path = tmp_path / "lens.npz"
    write_set(path, seen, {name: content})
    check_pictures(path, read_set(path))
    (pictures_of(path) / f"{name}.png").write_bytes(b"another")
    with pytest.raises(CalibrationError, match="changed after view 0") as caught:
        check_pictures(path, read_set(path))
    assert caught.value.code == "calibration.damaged"
    with pytest.raises(ValueError, match="a picture is not"):
        write_set(path, seen, {"0" * 64: content})


@pytest.mark.parametrize("damage", ["cut", "text", "other schema", "fewer corners", "missing"])
def test_a_damaged_set_is_told_and_not_read(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "lens.npz"
    write_set(path, lens_set(1, views=4))
    whole = path.read_bytes()
    if damage == "cut":
        path.write_bytes(whole[: len(whole) // 2])
    elif damage == "text":
        path.write_text("hello")
    elif damage == "missing":
        path.unlink()
    else:
        with np.load(path) as archive:
            held = {key: archive[key] for key in archive.files}
        if damage == "other schema":
            held["meta"] = np.array(str(held["meta"]).replace("calibration-set/1", "calibration-set/9"))
        else:
            held["corner_ids"] = held["corner_ids"][:-3]
        np.savez(path, **held)
    with pytest.raises(CalibrationError) as caught:
        read_set(path)
    assert caught.value.code == "calibration.not_readable"


def test_a_set_that_cannot_be_written_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "lens.npz"
    write_set(path, lens_set(1, views=4))
    before = path.read_bytes()
    path.with_name(".lens.npz.new").mkdir()  # where the draft would stand
    with pytest.raises(CalibrationError) as caught:
        write_set(path, lens_set(2, views=4))
    assert caught.value.code == "calibration.not_written"
    assert path.read_bytes() == before
    assert schema_of(path) == "calibration-set/1"
