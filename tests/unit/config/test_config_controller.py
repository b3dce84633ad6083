"""Controller files: what a lone simulated controller is set to."""

from __future__ import annotations

from pathlib import Path

import pytest

from station.config.controller_file import load_controller
from station.config.errors import ConfigError

EXAMPLE = Path(__file__).parents[3] / "config" / "controllers" / "example.toml"


def test_the_bundled_example_is_whole() -> None:
    """It should give its parameter sets and jobs."""
    setup = load_controller(EXAMPLE)
    assert [pset.number for pset in setup.psets] == [1, 2, 3]
    assert [(job.number, [step.pset for step in job.steps]) for job in setup.jobs] == [(1, [1, 3]), (2, [2])]


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("number = 2\nname", "number = 1\nname", "pset[1].number: there is a pset 1 already; give it another one"),
        ("target = 9.0", "target = 10.0", "pset[0].torque_nm: min 8.1, target 10.0, max 9.9 do not rise"),
        ("target = 65", "target = 165", "pset[0].angle_deg: min 20, target 165, max 110 do not rise"),
        ("snug_nm = 1.8", "snug_nm = 8.5", "pset[0].snug_nm: snug_nm 8.5 is not below the smallest good torque"),
        ("snug_nm = 1.8", "snug = 1.8", "pset[0].snug: unknown key `snug`; did you mean `snug_nm`?"),
        ("count = 5", "count = 5, size = 2", "job[1].steps[0].size: unknown key `size`"),
        ("pset = 2, count", "pset = 7, count", "job[1].steps[0].pset: there is no parameter set 7"),
        ("batch_size = 4", "batch_size = 0", "pset[2].batch_size: input should be greater than or equal to 1"),
        ('"Wheel 103 Nm"', '"Räder"', "pset[1].name: string should match pattern"),
        ('order = "free"', 'order = "any"', "job[1].order: input should be 'free' or 'forced'"),
        ("[[pset]]\nnumber = 1", "[[parameters]]\nnumber = 1", "unknown key `parameters`"),
    ],
)
def test_each_mistake_is_told_with_its_place(tmp_path: Path, old: str, new: str, told: str) -> None:
    """It should name file, line, key, what is wrong and what to do."""
    text = EXAMPLE.read_text(encoding="utf-8")
    assert old in text
    broken = tmp_path / "controller.toml"
    broken.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_controller(broken)
    assert told in str(caught.value)
    assert str(caught.value).startswith(f"{broken}:")


def test_a_file_without_a_parameter_set_is_no_controller(tmp_path: Path) -> None:
    """It should say what is missing."""
    empty = tmp_path / "controller.toml"
    empty.write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"there is no parameter set; add a \[\[pset\]\]"):
        load_controller(empty)
