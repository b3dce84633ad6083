"""`make setup`, with a stand-in for Python that writes down what it was asked to do."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

STAND_IN = """#!/bin/bash
case "$*" in
  *version_info*) exit ${OLD:-0} ;;
  *ensurepip*) exit ${BARE:-0} ;;
  "-m venv .venv") mkdir -p .venv/bin; cp "$0" .venv/bin/python ;;
  "-m pip "*) echo "pip ${*: -1}" >> asked ;;
  "-m vision.hand_model --out "*) mkdir -p "$(dirname "$4")"; touch "$4"; echo model >> asked ;;
  *) exit 99 ;;
esac
"""


class Checkout:
    """A folder with the Makefile and the files that it looks at."""

    def __init__(self, root: Path) -> None:
        self.root = root
        for name in ("Makefile", "pyproject.toml", "constraints.txt", "vision/hand_model.py"):
            (root / name).parent.mkdir(exist_ok=True)
            shutil.copy(ROOT / name, root / name)
        (root / "stand-in").write_text(STAND_IN, encoding="utf-8")
        (root / "stand-in").chmod(0o755)

    def make(self, *words: str, **env: str) -> subprocess.CompletedProcess[str]:
        """Run make with the stand-in as the only Python."""
        command = ["make", "--no-print-directory", "PYTHONS=no-such-python ./stand-in", *words]
        path = {"PATH": os.environ["PATH"]}
        return subprocess.run(
            command, cwd=self.root, env=path | env, capture_output=True, text=True, check=False, timeout=30
        )

    def asked(self) -> list[str]:
        """What the stand-in was asked to do since the last look."""
        log = self.root / "asked"
        lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    def change(self, name: str) -> None:
        """Make a file newer than whatever was made from it."""
        newest = max(path.stat().st_mtime for path in self.root.rglob("*") if path.is_file())
        os.utime(self.root / name, (newest + 1, newest + 1))


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    """A fresh checkout: no environment."""
    return Checkout(tmp_path)


def test_first_and_second_run(checkout: Checkout) -> None:
    """It should set up once, and do nothing when nothing has changed."""
    done = checkout.make("setup")
    assert (done.returncode, checkout.asked()) == (0, ["pip .", "model"]), done.stderr
    assert checkout.make("setup").returncode == 0
    assert checkout.asked() == []


@pytest.mark.parametrize(
    ("changed", "asked"),
    [("pyproject.toml", ["pip ."]), ("constraints.txt", ["pip ."]), ("vision/hand_model.py", ["model"])],
)
def test_change_is_taken_up(checkout: Checkout, changed: str, asked: list[str]) -> None:
    """It should install again when the packages have changed, and build the model again when its recipe has."""
    checkout.make("setup")
    checkout.asked()
    checkout.change(changed)
    assert checkout.make("setup").returncode == 0
    assert checkout.asked() == asked


def test_development_includes_the_rest(checkout: Checkout) -> None:
    """It should not install for `make visit` what `make test` has installed already."""
    assert checkout.make(".venv/dev.stamp").returncode == 0
    assert checkout.asked() == ["pip .[dev]"]
    assert checkout.make("setup").returncode == 0
    assert checkout.asked() == ["model"]


def test_no_python(checkout: Checkout) -> None:
    """It should say in one sentence which Python to install, and leave nothing half made."""
    done = checkout.make("setup", OLD="1")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Found no Python 3.11, 3.12 or 3.13: install python3.11")
    assert not (checkout.root / ".venv").exists()


def test_python_that_makes_no_environments(checkout: Checkout) -> None:
    """It should name the package that is missing where Debian's Python comes without environments."""
    done = checkout.make("setup", BARE="1")
    assert done.returncode != 0
    assert done.stderr.splitlines()[0].startswith("Found ./stand-in, but without the means to make environments")
    assert "python3-venv" in done.stderr


def test_failed_download_is_tried_again(checkout: Checkout) -> None:
    """It should not take an environment for complete whose packages could not be installed."""
    stand_in = checkout.root / "stand-in"
    stand_in.write_text(STAND_IN.replace('"-m pip "*)', '"-m pip "*) test -n "$ONLINE" || exit 1;'), encoding="utf-8")
    assert checkout.make("setup").returncode != 0
    assert checkout.make("setup", ONLINE="1").returncode == 0
    assert checkout.asked() == ["pip .", "model"]


def test_help_is_what_make_alone_says(checkout: Checkout) -> None:
    """It should explain the commands when none is named, and set up nothing."""
    done = checkout.make()
    assert [line.split()[1] for line in done.stdout.splitlines()][:3] == ["help", "setup", "visit"]
    assert checkout.asked() == []


def test_integration_runs_the_same_command() -> None:
    """It should run in continuous integration what a developer types, and nothing else."""
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert lines[-1] == "exec make test"
    assert len(lines) <= 4
