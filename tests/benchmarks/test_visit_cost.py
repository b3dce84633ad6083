"""Processor time of one whole visit in simulated time, with pixels and without. Figures only."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from station.runtime.setting import read_files
from station.simulation.headless import Ask, run_visit
from vision.hand_model import default_model_path

CONFIG = Path(__file__).parents[2] / "config"


@pytest.mark.benchmark
@pytest.mark.parametrize("procedure", ["door-mirror", "rear-emblem", "wheel"])
@pytest.mark.parametrize("pixels", [False, True], ids=["readings", "pixels"])
def test_processor_time_of_a_visit(tmp_path, procedure, pixels):
    """It should say what one visit costs: all threads of this process, user and system together."""
    files = read_files(CONFIG / "station.sim.toml", CONFIG / "procedures" / f"{procedure}.toml")
    model = default_model_path() if pixels else None
    ask = Ask(seed=7, visit="v-1", journal=tmp_path / "journal.sqlite", hand_model=model)
    begun_s = time.process_time()
    result = run_visit(files, ask)
    spent_s = time.process_time() - begun_s
    print(
        f"\n{procedure}, {'pixels' if pixels else 'readings'}: {spent_s:.1f} s of processor time for "
        f"{result.seconds:.0f} s simulated, {result.frames_analysed} frames ({result.outcome})"
    )
