"""The engine reads what is assembled from a procedure file: it has no word for any of it."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
WORDS = re.compile(r"mirror|door|wheel|emblem", re.IGNORECASE)
NOT_OF_THE_BENCH = {Path("vision/hand_model.py")}
"""Speaks of wheels, the kind that Python packages come in."""


@pytest.mark.parametrize("folder", ["station/core", "station/runtime", "vision", "drivers"])
def test_no_word_of_the_work_in_the_engine(folder):
    """It should name no part of any car: what is assembled stands in data alone."""
    files = [path.relative_to(ROOT) for path in sorted((ROOT / folder).rglob("*.py"))]
    assert files, folder
    found = [
        f"{path}:{number}: {line.strip()}"
        for path in files
        if path not in NOT_OF_THE_BENCH
        for number, line in enumerate((ROOT / path).read_text(encoding="utf-8").splitlines(), start=1)
        if WORDS.search(line)
    ]
    assert found == []
