"""constraints.txt: everything installed is pinned, by name and version alone."""

from __future__ import annotations

import re
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[3]
LINES = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
PINS = {canonicalize_name(line.partition("==")[0]): line.partition("==")[2] for line in LINES}
NOT_PINNED = {"pip", "setuptools", "wheel", "assembled-by-me"}


def test_lines_are_names_and_versions() -> None:
    """It should hold no address, no file, no option: `name==version` and each name once."""
    assert [line for line in LINES if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    assert len(PINS) == len(LINES)
    assert PINS.keys().isdisjoint(NOT_PINNED)


def test_pins_satisfy_the_project() -> None:
    """It should pin every package that pyproject.toml asks for, within what it asks."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for text in [*project["dependencies"], *project["optional-dependencies"]["dev"]]:
        asked = Requirement(text)
        assert PINS[canonicalize_name(asked.name)] in asked.specifier, text


def test_the_environment_is_what_is_pinned() -> None:
    """It should have nothing installed that is not pinned, and nothing in another version."""
    installed = {canonicalize_name(found.metadata["Name"]): found.version for found in distributions()}
    loose = {name: version for name, version in installed.items() if name not in NOT_PINNED | PINS.keys()}
    other = {name: version for name, version in installed.items() if PINS.get(name, version) != version}
    assert (loose, other) == ({}, {})
