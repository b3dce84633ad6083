"""The import contracts of pyproject.toml, tried with imports that break them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
PACKAGES = ("station", "vision", "drivers", "calibration")

VIOLATIONS = {
    "Down only": ("vision/facts.py", "import station.config"),
    "The core sees of the lower floor only its contracts": ("station/core/turn.py", "import vision.pipeline"),
    "What the core sees does no input or output": ("drivers/api.py", "import socket"),
    "The core is pure": ("station/core/decide.py", "import time"),
    "Planning and judging motion is pure": ("station/motion/planner.py", "import time"),
    "Only the simulation knows simulators": ("station/runtime/loop.py", "import drivers.simulated_line"),
    "One file opens serial ports": ("drivers/session.py", "import serial"),
    "One device never imports another": ("drivers/cobot/mycobot280/protocol.py", "import drivers.torque_tool"),
}
"""What is added to which file to break each contract, and nothing else."""


def linted(root: Path) -> str:
    """What lint-imports says of the packages under `root`."""
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    # Only what lies in `root` may be analysed, not the checkout that is installed beside the linter.
    env = {"PYTHONPATH": str(root), "COLUMNS": "200"}
    return subprocess.run(command, cwd=root, env=env, capture_output=True, text=True, check=False, timeout=60).stdout


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """A copy of the four packages with the contracts."""
    for package in PACKAGES:
        keep_python = shutil.ignore_patterns("__pycache__", "static", "templates")
        shutil.copytree(ROOT / package, tmp_path / package, ignore=keep_python)
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def test_names_every_contract() -> None:
    """It should try each contract that pyproject.toml has."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    assert [contract["name"] for contract in contracts] == list(VIOLATIONS)


def test_each_violation_breaks_its_contract(packages: Path) -> None:
    """It should keep all contracts as the tree is, and report each one that an added import breaks."""
    before = linted(packages)
    assert [f"{name} KEPT" in before for name in VIOLATIONS] == [True] * len(VIOLATIONS), before
    for file, line in VIOLATIONS.values():
        path = packages / file
        path.write_text(f"{path.read_text(encoding='utf-8')}\n{line}\n", encoding="utf-8")
    after = linted(packages)
    assert [f"{name} BROKEN" in after for name in VIOLATIONS] == [True] * len(VIOLATIONS), after


def test_every_part_of_the_station_has_a_layer() -> None:
    """It should place each package and file of the station in the layers, new ones too."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    placed = {name for layer in contracts[0]["layers"] for name in layer.split(" | ")}
    parts = {f"station.{path.stem}" for path in (ROOT / "station").glob("*.py") if path.stem != "__init__"}
    parts |= {f"station.{path.parent.name}" for path in (ROOT / "station").glob("*/__init__.py")}
    assert parts | {"vision", "drivers", "calibration"} == placed
