"""kill -9: what was acknowledged is on disk, nothing is there twice, and the visit goes on where it was."""

import random
import re
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from support.loopbench import LoopBench, good_story

from station.core.codec import digest
from station.runtime.journal import Journal
from station.runtime.replay import replay

HERE = Path(__file__).parent
TESTS = HERE.parents[1]
KILLED = -9


def run_and_kill(script: str, path: Path, lines: int) -> tuple[list[str], int]:
    """Start a child, kill it once it has said so many lines; what it said in all, and its exit code."""
    command = [sys.executable, str(HERE / script), str(path)]
    environment = {"PYTHONPATH": f"{TESTS}:{TESTS.parent}"}
    said: list[str] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as child:
        assert child.stdout is not None
        for line in child.stdout:
            said.append(line.strip())
            if len(said) == lines:
                child.kill()
    return said, child.returncode


def check_rows(path: Path, at_least: int) -> int:
    with closing(Journal(path)) as journal:
        verdict = journal.verify()
        assert verdict.bad_seq is None, verdict.detail
        assert verdict.rows >= at_least, "an acknowledged row is lost"
        assert journal.next_seq == verdict.rows + 1
    with closing(sqlite3.connect(path)) as db:
        counts = db.execute("SELECT count(*), count(DISTINCT seq), count(DISTINCT hash) FROM rows").fetchone()
        assert set(counts) == {verdict.rows}, "a row is there twice"
    return verdict.rows


def kill_writer(path: Path, kills: int, rng: random.Random) -> None:
    found = 0
    for _ in range(kills):
        said, code = run_and_kill("journal_writer.py", path, rng.randint(1, 40))
        assert code == KILLED
        acked = [int(line.removeprefix("acked ")) for line in said]
        assert acked == list(range(found + 1, found + 1 + len(acked))), "the chain goes on at the row after the last"
        found = check_rows(path, at_least=acked[-1])
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*), count(DISTINCT tightening_id) FROM results").fetchone() == (found, found)


def test_no_acknowledged_row_is_lost(tmp_path):
    """It should find every acknowledged row after each of fifteen kills, and go on with the next number."""
    kill_writer(tmp_path / "journal.db", 15, random.Random(7))


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(4))
def test_no_acknowledged_row_is_lost_in_many_kills(tmp_path, seed):
    """It should hold for fifty kills of one journal, four times."""
    kill_writer(tmp_path / "journal.db", 50, random.Random(seed))


def kill_visit(path: Path, rng: random.Random, longest: int) -> int:
    """Tell the story with kills until it is over; how many kills that took."""
    story, kills = good_story(), 0
    while True:
        lines = rng.randint(1, longest)
        said, code = run_and_kill("story_teller.py", path, lines)
        done = {int(found) for line in said if (found := "".join(re.findall(r"^did (\d+)$", line)))}
        found = check_rows(path, at_least=max(done, default=0))
        begun = [int(line.removeprefix("begun ")) for line in said if line.startswith("begun")]
        assert not begun or found >= begun[-1] - 1, "a row is begun after the one before is on disk"
        if code == 0:
            break
        assert code == KILLED
        kills += 1
    with closing(Journal(path.with_name("unbroken.db"))) as journal:
        unbroken = LoopBench(journal, story.procedure, state=story.before)
        unbroken.tell(story.envelopes)
        bodies = [row.body["state"] for row in journal.rows()]
    with closing(Journal(path, read_only=True)) as journal:
        assert [row.body["state"] for row in journal.rows()] == bodies
        again = replay(journal, "V1")
        assert again.bad_seq is None
        assert digest(again.state) == digest(unbroken.loop.state)
        assert journal.open_visit() is None
        assert [summary.outcome for summary in journal.visits()] == ["finished"]
    return kills


def test_a_visit_survives_kill_after_kill(tmp_path):
    """It should end in the very states of a visit that nobody killed: no event lost, none decided twice."""
    assert kill_visit(tmp_path / "journal.db", random.Random(3), longest=60) >= 3


@pytest.mark.campaign
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("seed", range(8))
def test_a_visit_survives_many_kills(tmp_path, seed):
    """It should hold when hardly a row is written between two kills."""
    assert kill_visit(tmp_path / "journal.db", random.Random(seed), longest=12) >= 10
