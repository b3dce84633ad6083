"""Many seeds with a random mishap each (`make campaign`): false passes, what went unnoticed, who needed needless help.

Every seed prints one line; pytest's own count is the summary.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from station.runtime.setting import read_files
from station.simulation.headless import Ask, noticed, run_visit
from station.simulation.mishaps import Mishap
from vision.hand_model import default_model_path

STATION = Path(__file__).parents[2] / "config" / "station.sim.toml"
PIXEL_SEEDS = range(1000, 1030)
NOISE_BLOCKS = range(40)
BLOCK = 50
"""40 blocks of 50: two thousand visits."""


def mishap_of(seed: int) -> Mishap | None:
    """The seed's mishap: each kind and "none" equally often."""
    return random.Random(f"mishap {seed}").choice([None, *Mishap])


def failures(seed: int, folder: Path, hand_model: Path | None) -> list[str]:
    """Run one seed, print its line, and say what is wrong with it."""
    mishap = mishap_of(seed)
    journal = folder / f"{seed}.sqlite"
    result = run_visit(
        read_files(STATION), Ask(seed=seed, visit="v-1", journal=journal, mishap=mishap, hand_model=hand_model)
    )
    for file in folder.glob(f"{seed}.sqlite*"):
        file.unlink()
    wrong = [f"seed {seed}: false pass: {line}" for line in result.false_passes]
    if result.outcome != "finished":
        wrong.append(
            f"seed {seed}, {mishap}: {result.outcome} at {[s.id for s in result.state.steps if s.ended_s is None][:1]}"
        )
    if not noticed(result, mishap):
        wrong.append(f"seed {seed}: {mishap} was not named, only {result.named}")
    if mishap is None and (result.calls or result.held):
        wrong.append(f"seed {seed}: no mishap, yet {result.held} held it and {result.calls} called")
    named = ",".join(result.named) or "-"
    print(f"seed {seed} {mishap or 'none'}: {result.outcome} in {result.seconds} s, named {named}", wrong)
    return wrong


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("seed", PIXEL_SEEDS)
def test_a_seed_with_pixels(tmp_path, seed):
    """It should pass nothing wrongly, name what went wrong, and finish."""
    assert failures(seed, tmp_path, default_model_path()) == []


@pytest.mark.campaign
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("block", NOISE_BLOCKS)
def test_fifty_seeds_without_pixels(tmp_path, block):
    """It should pass nothing wrongly, name what went wrong, and finish."""
    wrong = [line for seed in range(block * BLOCK, (block + 1) * BLOCK) for line in failures(seed, tmp_path, None)]
    assert wrong == []
