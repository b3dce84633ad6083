"""Replay: a whole visit on noisy readings folds again to the same states, and whatever differs is found."""

import shutil
import subprocess
import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from support.loopbench import sql

from station.core import effects as fx
from station.core.codec import digest
from station.core.decide import decide
from station.core.state import Phase
from station.runtime import replay as replay_module
from station.runtime.journal import Journal, JournalError
from station.runtime.replay import replay
from station.runtime.setting import read_files
from station.runtime.station import recover
from station.simulation.headless import Ask, run_visit
from station.simulation.mishaps import Mishap

REPO = Path(__file__).parents[3]
SEED = 3
GUARDS = (
    "DROP TRIGGER IF EXISTS rows_are_never_changed",
    "DROP TRIGGER IF EXISTS rows_are_never_deleted",
    "DROP TRIGGER IF EXISTS documents_are_never_changed",
    "DROP TRIGGER IF EXISTS documents_are_never_deleted",
)
SAME_AGAIN = """
import sys
from pathlib import Path
from station.runtime.setting import read_files
from station.simulation.headless import Ask, run_visit
run_visit(read_files(Path(sys.argv[1])), Ask(seed=int(sys.argv[2]), visit="V-1", journal=Path(sys.argv[3])))
"""


def run(path, mishap=None):
    files = read_files(REPO / "config" / "station.sim.toml")
    return run_visit(files, Ask(seed=SEED, visit="V-1", journal=path, mishap=mishap))


@pytest.fixture(scope="module")
def visit(tmp_path_factory):
    """A good visit: its journal and what it came to."""
    path = tmp_path_factory.mktemp("visit") / "journal.db"
    return path, run(path)


@pytest.fixture(scope="module")
def restarted(tmp_path_factory):
    """A visit in which the program died without a word."""
    path = tmp_path_factory.mktemp("restarted") / "journal.db"
    return path, run(path, Mishap.RESTART)


@pytest.fixture
def copied(visit, tmp_path):
    """A copy of the good visit's journal whose guards are gone."""
    path = tmp_path / "copy.db"
    with closing(Journal(visit[0])):
        pass  # Brings what is in the write-ahead log into the file.
    shutil.copy(visit[0], path)
    sql(path, *GUARDS)
    return path


def folded(path):
    with closing(Journal(path, read_only=True)) as journal:
        return replay(journal, "V-1")


def rows_of(path, visit="V-1"):
    with closing(Journal(path, read_only=True)) as journal:
        return list(journal.rows(visit))


def find_row(path, event):
    return next(row for row in rows_of(path) if row.body["envelope"]["event"]["kind"] == event)


def test_a_whole_visit_folds_to_the_same_states(visit):
    """It should agree with every digest and effect on record, and end in the state of the stop document."""
    path, result = visit
    again = folded(path)
    assert result.outcome == "finished"
    assert again.bad_seq is None
    assert again.events == sum(1 for row in rows_of(path) if row.kind == "event") > 80
    stop = rows_of(path)[-1]
    assert (stop.kind, stop.body["state"]) == ("stop", digest(again.state))
    assert again.state.tightenings == result.state.tightenings
    with closing(Journal(path, read_only=True)) as journal:
        assert journal.verify().bad_seq is None
        assert journal.open_visit() is None


def test_another_process_writes_the_same_journal(visit, tmp_path):
    """It should give the same rows, byte for byte, whatever order Python hashes in."""
    path = tmp_path / "again.db"
    command = [sys.executable, "-c", SAME_AGAIN, str(REPO / "config" / "station.sim.toml"), str(SEED), str(path)]
    subprocess.run(command, check=True, env={"PYTHONHASHSEED": "4242"}, cwd=REPO, timeout=100)
    assert [row.hash for row in rows_of(path, None)] == [row.hash for row in rows_of(visit[0], None)]


def test_a_visit_goes_on_after_the_program_died(restarted):
    """It should end finished, with one chain, no open visit, no result twice, and every state agreeing on replay."""
    path, result = restarted
    assert (result.outcome, result.restarts, result.false_passes) == ("finished", 1, ())
    kinds = [row.body["envelope"]["event"]["kind"] for row in rows_of(path) if row.kind == "event"]
    assert kinds.count("StationRestarted") == 1
    assert kinds.count("VisitOpened") == 1
    assert folded(path).bad_seq is None
    assert digest(folded(path).state) == rows_of(path)[-1].body["state"]
    numbers = [entry.tightening_id for entry in result.state.tightenings]
    assert len(set(numbers)) == len(numbers)
    with closing(Journal(path, read_only=True)) as journal:
        assert journal.verify().bad_seq is None
        assert recover(journal) is None


def test_wherever_the_program_dies_the_state_is_recovered(visit, copied):
    """It should give, for a journal that ends at any row, the state whose digest that row holds."""
    stop = next(row.seq for row in rows_of(visit[0]) if row.kind == "stop")
    # The event that ends the visit and the stop document behind it are one commit: no crash comes between them.
    rows = [row for row in rows_of(visit[0]) if row.kind == "event" and row.seq < stop][:-1]
    for row in reversed(rows[:: len(rows) // 12]):
        sql(copied, *GUARDS, f"DELETE FROM rows WHERE seq > {row.seq}")
        with closing(Journal(copied)) as journal:
            state = recover(journal)
            assert journal.next_seq == row.seq + 1
        assert state is not None and state.phase is Phase.RUNNING
        assert digest(state) == row.body["state"]


def test_nothing_is_recovered_where_no_visit_is_open(visit, tmp_path):
    """It should begin afresh after a visit that has its stop document, and with an empty journal."""
    with closing(Journal(visit[0])) as journal:
        assert recover(journal) is None
    with closing(Journal(tmp_path / "empty.db")) as journal:
        assert recover(journal) is None


# What differs is found.


@pytest.mark.parametrize("at", [0, 40, 90])
def test_a_decision_that_changes_a_state_is_found(visit, monkeypatch, at):
    """It should name the first row whose state this program would not give."""
    rows = rows_of(visit[0])

    def otherwise(procedure, state, envelope):
        after, effects = decide(procedure, state, envelope)
        return (replace(after, counter=after.counter + 1) if envelope.seq == rows[at].seq else after), effects

    monkeypatch.setattr(replay_module, "decide", otherwise)
    assert folded(visit[0]).bad_seq == rows[at].seq


def test_a_decision_that_does_something_else_is_found(visit, monkeypatch):
    """It should name the row though every state agrees: what is done counts as what is known."""

    def louder(procedure, state, envelope):
        after, effects = decide(procedure, state, envelope)
        return after, tuple(replace(e, priority="safety") if isinstance(e, fx.Say) else e for e in effects)

    monkeypatch.setattr(replay_module, "decide", louder)
    first = next(row for row in rows_of(visit[0]) if any(e["kind"] == "Say" for e in row.body["effects"]))
    assert folded(visit[0]).bad_seq == first.seq


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE rows SET body = replace(body, '\"torque_nm\":9', '\"torque_nm\":8') WHERE seq = {result}",
        'UPDATE rows SET body = replace(body, \'"state":"\', \'"state":"0\') WHERE seq = {result}',
        "UPDATE rows SET body = replace(body, 'AcknowledgeTightening', 'DisableTool') WHERE seq = {result}",
    ],
    ids=["event", "state", "effects"],
)
def test_a_changed_row_is_found(copied, change):
    """It should not agree with a row whose event, state or effects somebody changed."""
    result = find_row(copied, "TighteningResult").seq
    sql(copied, change.format(result=result))
    assert folded(copied).bad_seq == result


def test_a_changed_stop_document_is_found(copied):
    """It should not agree with a stop document of another state."""
    stop = rows_of(copied)[-1]
    sql(copied, f'UPDATE rows SET body = replace(body, \'"state":"\', \'"state":"0\') WHERE seq = {stop.seq}')
    assert folded(copied).bad_seq == stop.seq


def test_a_changed_procedure_is_found(copied):
    """It should name the start document, though a wider window would have decided nothing otherwise."""
    sql(copied, "UPDATE documents SET body = replace(body, '\"torque_max_nm\":', '\"torque_max_nm\":1')")
    assert folded(copied).bad_seq == find_row(copied, "VisitOpened").seq


def test_a_lost_procedure_is_named(copied):
    """It should say that the document is not there."""
    sql(copied, "DELETE FROM documents")
    with pytest.raises(JournalError, match=r"document \w+ is not in the journal"):
        folded(copied)


def test_a_visit_without_its_start_is_named(copied):
    """It should not begin in the middle."""
    sql(copied, f"DELETE FROM rows WHERE seq = {find_row(copied, 'VisitOpened').seq}")
    with pytest.raises(JournalError, match="has no start document"):
        folded(copied)


def test_a_visit_that_is_not_there_is_named(visit):
    """It should say where to look."""
    with closing(Journal(visit[0], read_only=True)) as journal, pytest.raises(JournalError, match="no visit V-9"):
        replay(journal, "V-9")


@pytest.mark.parametrize("change", ['\'"kind":"TighteningResult"\', \'"kind":"Miracle"\'', "'\"raw\":', '\"rough\":'"])
def test_a_row_that_cannot_be_read_back_is_named(copied, change):
    """It should name the row and what to run, and not fall over."""
    result = find_row(copied, "TighteningResult").seq
    sql(copied, f"UPDATE rows SET body = replace(body, {change}) WHERE seq = {result}")
    with pytest.raises(JournalError, match=rf"row {result} cannot be read back .*journal verify"):
        folded(copied)
