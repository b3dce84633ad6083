"""The hand model's file: what is taken for it and what is not."""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path

import pytest

from vision.hand_model import MEMBERS, HandModelError, build, check, default_model_path


def stand_in_for_pip(folder: Path, script: str) -> str:
    """A program in place of Python, for `-m pip download ... --dest FOLDER WHEEL`; FOLDER is the last word but one."""
    path = folder / "stand-in"
    path.write_text(f'#!/bin/bash\ndest="${{@: -2:1}}"\n{script}\n', encoding="utf-8")
    path.chmod(0o755)
    return str(path)


def test_what_set_up_has_built() -> None:
    """It should accept the file of this environment, with the notice of its owners beside it."""
    check(default_model_path())
    assert "Apache License" in default_model_path().with_suffix(".NOTICE.txt").read_text(encoding="utf-8")


def test_no_file(tmp_path: Path) -> None:
    """It should say how to get the model where there is none."""
    with pytest.raises(HandModelError, match=r"no hand model there .* run `make setup`"):
        check(tmp_path / "hand_landmarker.task")


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04"])
def test_damaged_file(tmp_path: Path, content: bytes) -> None:
    """It should refuse a file that was cut short or is something else."""
    path = tmp_path / "hand_landmarker.task"
    path.write_bytes(content)
    with pytest.raises(HandModelError):
        check(path)


def test_changed_network(tmp_path: Path) -> None:
    """It should refuse a network that differs in one byte from the one that was measured."""
    path = tmp_path / "hand_landmarker.task"
    with zipfile.ZipFile(default_model_path()) as good, zipfile.ZipFile(path, "w") as bundle:
        for _, name, _ in MEMBERS:
            data = good.read(name)
            bundle.writestr(name, data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(HandModelError, match="is not the network it should be"):
        check(path)


def test_no_network(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It should repeat what pip said last, tell to check the network, and leave no file."""
    monkeypatch.setattr(sys, "executable", stand_in_for_pip(tmp_path, "echo 'no route to host' >&2; exit 1"))
    out = tmp_path / "share" / "hand_landmarker.task"
    with pytest.raises(HandModelError, match=r"no route to host.*check the network"):
        build(out)
    assert list(out.parent.iterdir()) == []


@pytest.mark.parametrize("members", [[], [member for member, _, _ in MEMBERS]])
def test_unexpected_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, members: list[str]) -> None:
    """It should write nothing when the wheel lacks the networks, or has others."""
    wheel = tmp_path / "other.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for member in members:
            archive.writestr(member, b"another network")
    monkeypatch.setattr(sys, "executable", stand_in_for_pip(tmp_path, f'cp "{wheel}" "$dest"'))
    out = tmp_path / "share" / "hand_landmarker.task"
    with pytest.raises(HandModelError):
        build(out)
    assert list(out.parent.iterdir()) == []


def test_truncated_wheel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It should say that the download is no wheel, not fall over it."""
    monkeypatch.setattr(sys, "executable", stand_in_for_pip(tmp_path, 'echo cut > "$dest/mediapipe.whl"'))
    with pytest.raises(HandModelError):
        build(tmp_path / "hand_landmarker.task")
