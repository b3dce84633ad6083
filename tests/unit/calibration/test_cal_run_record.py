"""Kept poses go on in their own run only; everything else is kept aside under another name, and that is said."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from calibration.board import Board
from calibration.robot_poses import ChosenPose
from calibration.robot_run import Seen, TakenPose
from calibration.run_record import Head, RunRecord, head_of

BOARD = Board(name="arm", columns=5, rows=4, square_mm=24.0, marker_mm=18.0)
POSES = tuple(ChosenPose(pose=k, joints_deg=(5.0 * k, 0.0, 0.0, 0.0, 0.0, 0.0), seen_by=("top",)) for k in range(3))
TAKEN = TakenPose(pose=1, joints_deg=(0.0,) * 6, t_s=1.0, seen={"top": Seen(view=None, tags_px={0: np.zeros((4, 2))})})
NOON = "2026-03-01T12:00:00+00:00"


def _head(poses: tuple[ChosenPose, ...] = POSES, utc: str = NOON) -> Head:
    return head_of(station_sha256="s1", lenses={"top": "lens-top-1"}, board=BOARD, poses=poses, utc=utc)


def _kept(folder: Path) -> RunRecord:
    record = RunRecord(folder / "poses.jsonl")
    assert record.begin(_head()) == ""
    record.keep(TAKEN)
    return record


def test_the_same_run_goes_on_within_half_a_day(tmp_path: Path) -> None:
    record = _kept(tmp_path)
    assert record.begin(_head(utc="2026-03-01T23:59:00+00:00")) == ""
    assert [pose.pose for pose in record.read()] == [1]
    assert [path.name for path in tmp_path.iterdir()] == ["poses.jsonl"]


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (replace(_head(), station_sha256="s2"), "another station file"),
        (replace(_head(), lenses={"top": "lens-top-2"}), "other lenses"),
        (replace(_head(), board="another"), "another board"),
        (_head(poses=POSES[1:]), "other poses planned"),
        (_head(utc="2026-03-02T00:01:00+00:00"), "too far from now"),
        (_head(utc="2026-03-01T11:00:00+00:00"), "too far from now"),
    ],
)
def test_another_run_takes_nothing_of_it_and_loses_nothing(tmp_path: Path, other: Head, words: str) -> None:
    record = _kept(tmp_path)
    before = (tmp_path / "poses.jsonl").read_bytes()
    said = record.begin(other)
    assert words in said and record.read() == ()
    (aside,) = [path for path in tmp_path.iterdir() if path.name != "poses.jsonl"]
    assert aside.name in said and aside.read_bytes() == before
    record.keep(TAKEN)
    assert record.begin(other) == "" and len(record.read()) == 1


def test_poses_of_which_nobody_knows_the_beginning_are_not_gone_on_with(tmp_path: Path) -> None:
    path = tmp_path / "poses.jsonl"
    _kept(tmp_path)
    path.write_text("".join(path.read_text(encoding="utf-8").splitlines(keepends=True)[1:]), encoding="utf-8")
    record = RunRecord(path)
    assert "not what they were begun with" in record.begin(_head()) and record.read() == ()


def test_a_run_that_tried_every_pose_is_known_as_such(tmp_path: Path) -> None:
    record = _kept(tmp_path)
    assert not record.finished()
    record.finish()
    assert record.finished() and [pose.pose for pose in record.read()] == [1]
    record.put_aside()
    assert not record.finished() and record.read() == ()
