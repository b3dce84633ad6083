"""kill -9 in the middle of `station visit`: the chain on disk holds, and the next start finds the open visit."""

from __future__ import annotations

import random
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

from station.core.state import Phase
from station.runtime.journal import Journal, JournalError
from station.runtime.station import recover

START_WITHIN_S = 60.0


def rows_of(path: Path) -> int:
    """Rows on disk now; 0 while there is no journal yet."""
    try:
        with closing(Journal(path, read_only=True)) as journal:
            return sum(1 for _ in journal.rows())
    except JournalError:
        return 0


def kill_at(path: Path, rows: int) -> None:
    """Start a visit and kill it as soon as so many rows are on disk."""
    command = [sys.executable, "-m", "station.cli", "visit", "--headless", "--speed", "max", "--no-pixels"]
    end_s = time.monotonic() + START_WITHIN_S
    with subprocess.Popen([*command, "--journal", str(path)], stdout=subprocess.DEVNULL) as child:
        while child.poll() is None and rows_of(path) < rows and time.monotonic() < end_s:
            pass
        child.kill()


def test_a_killed_visit_leaves_a_whole_chain(tmp_path):
    """It should verify every row after each kill, and recover the visit that the kill left open."""
    rng = random.Random(5)
    for number in range(3):
        path = tmp_path / f"journal-{number}.sqlite"
        wanted = rng.randint(10, 90)
        kill_at(path, wanted)
        with closing(Journal(path)) as journal:
            verdict = journal.verify()
            assert verdict.bad_seq is None, verdict.detail
            assert verdict.rows >= wanted
            state = recover(journal)
            assert state is not None and state.phase is Phase.RUNNING
