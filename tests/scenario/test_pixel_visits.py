"""Whole visits on rendered pixels and real pseudo-terminals, as `station visit --headless --speed max` runs them."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest


def station(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the program as a person does."""
    return subprocess.run(
        [sys.executable, "-m", "station.cli", *arguments], capture_output=True, text=True, check=False, timeout=600
    )


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kind", [None, "camera_covered"])
def test_a_visit_on_pixels_ends_with_a_right_record(tmp_path, kind):
    """It should print one JSON object: finished, noticed, no false pass; and the journal should verify and replay."""
    journal = tmp_path / "journal.sqlite"
    inject = ("--inject", kind) if kind else ()
    done = station("visit", "--headless", "--speed", "max", "--seed", "7", "--json", "--journal", str(journal), *inject)
    told = json.loads(done.stdout)
    assert done.returncode == 0, done.stderr[-2000:]
    assert (told["outcome"], told["noticed"], told["false_passes"]) == ("finished", True, [])
    assert told["frames_analysed"] > 500
    assert [entry["verdict"] for entry in told["torque_results"]] == ["ok", "ok", "ok"]
    assert station("journal", "verify", "--journal", str(journal)).returncode == 0
    assert "agrees" in station("replay", told["visit"], "--journal", str(journal)).stdout
