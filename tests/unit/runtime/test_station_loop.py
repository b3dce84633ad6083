"""The loop: one event at a time, committed before anything is done; and what happens when it cannot be."""

import itertools
import sqlite3
import threading
from contextlib import closing

import pytest
from support.corebench import opened, rundown
from support.loopbench import LoopBench, fail_commit, fail_insert, good_story, mend

from drivers.api import TighteningResult
from station.core import effects as fx
from station.core import events as ev
from station.core.codec import digest, from_plain, to_plain
from station.core.procedure import Role
from station.core.state import Phase
from station.runtime import loop as loop_module
from station.runtime.journal import Journal, JournalError
from station.runtime.loop import HEARTBEAT_S, LoopBrokenError

CONSENT = ev.PersonConfirmed(step="welcome", what="confirm.consent", role=Role.VISITOR, person="visitor")
STORY = good_story()
"""The whole good visit, event by event: immutable."""
ROWS = len(STORY.envelopes) + 1


@pytest.fixture
def path(tmp_path):
    return tmp_path / "journal.db"


@pytest.fixture
def journal(path):
    with closing(Journal(path)) as opened_journal:
        yield opened_journal


@pytest.fixture
def bench(journal):
    return LoopBench(journal, STORY.procedure, state=STORY.before)


def kinds(journal):
    return [row.body["envelope"]["event"]["kind"] for row in journal.rows() if row.kind == "event"]


def test_events_are_taken_in_the_order_in_which_they_came(bench, journal):
    """It should give each the next number and keep its own time and source."""
    bench.loop.post(opened(), "station", 1.0)
    bench.loop.post(CONSENT, "person", 3.0)
    bench.loop.post(ev.PauseRequested(person="p"), "person", 2.0)
    assert bench.loop.turn() == 3
    assert [(row.seq, row.t_mono_s, row.source) for row in journal.rows()] == [
        (1, 1.0, "station"),
        (2, 3.0, "person"),
        (3, 2.0, "person"),
    ]
    assert kinds(journal) == ["VisitOpened", "PersonConfirmed", "PauseRequested"]
    envelopes = [from_plain(ev.Envelope, row.body["envelope"]) for row in journal.rows()]
    assert [envelope.seq for envelope in envelopes] == [1, 2, 3]


def test_events_from_many_threads_all_arrive_each_threads_in_order(bench, journal):
    """It should lose none, repeat none and keep every thread's order."""

    def post(name):
        for number in range(50):
            bench.loop.post(ev.PauseRequested(person=f"{number}"), name)

    threads = [threading.Thread(target=post, args=(f"thread-{n}",)) for n in range(4)]
    for thread in threads:
        thread.start()
    taken = 0
    while taken < 200:
        taken += bench.loop.turn()
    for thread in threads:
        thread.join()
    assert bench.loop.turn() == 0
    for n in range(4):
        mine = [row.body["envelope"]["event"]["person"] for row in journal.rows() if row.source == f"thread-{n}"]
        assert mine == [str(number) for number in range(50)]
    assert journal.verify().rows == 200


def test_every_effect_starts_after_its_row_is_on_disk(journal, path):
    """It should find, from another connection, the very row that ordered the effect, whenever one starts."""

    def committed(effect):
        with closing(Journal(path, read_only=True)) as reader:
            last = [row for row in reader.rows() if row.kind == "event"][-1]
        assert to_plain(effect) in last.body["effects"]
        seen.append(effect)

    seen: list[fx.Effect] = []
    bench = LoopBench(journal, STORY.procedure, state=STORY.before, on_effect=committed)
    bench.tell(STORY.envelopes)
    assert seen == bench.carried
    assert {type(effect).__name__ for effect in seen} >= {
        "MoveRobot",
        "EnableTool",
        "DisableTool",
        "AcknowledgeTightening",
        "CloseVisit",
        "Look",
        "Say",
    }


def test_the_screen_is_shown_after_the_commit_and_before_the_effects(journal, path):
    """It should never show what is not on record."""
    order = []

    def shown(_):
        with closing(Journal(path, read_only=True)) as reader:
            order.append(f"screen of {reader.next_seq - 1}")

    bench = LoopBench(
        journal, STORY.procedure, state=STORY.before, on_screen=shown, on_effect=lambda _: order.append("effect")
    )
    bench.feed(opened())
    assert order[0] == "screen of 1"
    assert set(order[1:]) == {"effect"}


def test_the_stop_document_is_committed_with_the_last_event(bench, journal):
    """It should stand right behind the event that ends the visit and say how it ended."""
    bench.tell(STORY.envelopes)
    *_, last, stop = journal.rows()
    assert (stop.kind, stop.seq, stop.visit) == ("stop", last.seq + 1, "V1")
    assert stop.body["outcome"] == "finished"
    assert stop.body["rows"] == stop.seq
    assert stop.body["state"] == last.body["state"] == digest(bench.loop.state)
    assert [entry["verdict"] for entry in stop.body["tightenings"]] == ["ok"] * 3
    assert journal.open_visit() is None


def test_events_outside_a_visit_belong_to_none(bench, journal):
    """It should keep them in the chain without a visit."""
    bench.feed(ev.PauseRequested(person="p"))
    bench.tell(STORY.envelopes)
    bench.feed(ev.ResumeRequested(person="p"))
    rows = list(journal.rows())
    assert (rows[0].visit, rows[-1].visit) == ("", "")
    assert {row.visit for row in rows[1:-1]} == {"V1"}


def test_a_result_leaves_its_key_and_its_copy_changes_nothing_of_it(bench, journal, path):
    """It should remember station, controller and number of each result once, duplicates and strangers included."""
    bench.feed(opened(), rundown(5, 1.0), rundown(5, 2.0), rundown(5, 3.0, controller_serial="C2"))
    with closing(sqlite3.connect(path)) as db:
        found = db.execute("SELECT * FROM results ORDER BY seq").fetchall()
    assert found == [("bench-1", "C1", 5, 2), ("bench-1", "C2", 5, 4)]
    assert journal.verify().rows == 4


# Timers.


def test_a_timer_is_an_event_at_the_time_for_which_it_was_set(bench, journal):
    """It should come when its time is over, not before, and once."""
    step = STORY.procedure.steps[0]
    bench.feed(opened())
    bench.clock.move_to(step.timeout_s - 0.001)
    assert bench.loop.turn() == 0
    bench.clock.move_to(step.timeout_s + 5.0)
    assert bench.loop.turn() == 1
    *_, row = journal.rows()
    assert (row.source, row.t_mono_s) == ("timer", step.timeout_s)
    assert row.body["envelope"]["event"] == {"kind": "TimerFired", "timer": f"step:{step.id}"}
    assert [fault.code for fault in bench.loop.state.faults] == ["step.timeout"]


def test_a_timer_set_again_starts_anew(bench, journal):
    """It should forget the first time: a step that timed out asks again after a whole timeout."""
    step = STORY.procedure.steps[0]

    def timeouts():
        events = [row.body["envelope"]["event"] for row in journal.rows()]
        return [event.get("timer") for event in events].count(f"step:{step.id}")

    counts = []
    bench.feed(opened())
    for at_s in (step.timeout_s + 5.0, 2 * step.timeout_s + 4.0, 2 * step.timeout_s + 5.0):
        bench.clock.move_to(at_s)
        bench.loop.turn()
        counts.append(timeouts())
    assert counts == [1, 1, 2]


def test_a_step_that_passed_times_out_no_more(bench, journal):
    """It should not fire what was cancelled."""
    bench.feed(opened(), CONSENT)
    bench.clock.move_to(STORY.procedure.steps[0].timeout_s)
    bench.loop.turn()
    assert "step:welcome" not in [row.body["envelope"]["event"].get("timer") for row in journal.rows()]


def test_a_closed_visit_leaves_no_timer(bench):
    """It should stay quiet for ever after its end."""
    bench.tell(STORY.envelopes)
    bench.clock.move_to(100_000.0)
    assert bench.loop.turn() == 0


# The beat.


def test_the_beat_comes_once_per_period_even_while_events_keep_coming(journal):
    """It should beat between two events when it is time: a flood must not let facts grow stale or a lease run out."""

    def flood(_):
        if bench.clock.now_s() < 1.0:
            bench.clock.move_to(bench.clock.now_s() + 0.03)
            bench.loop.post(ev.ResumeRequested(person="p"), "flood")

    bench = LoopBench(journal, STORY.procedure, on_screen=flood)
    bench.feed(ev.ResumeRequested(person="p"))
    times = [now_s for now_s, _ in bench.beats]
    assert times[0] == 0.0
    assert len(times) > 1.0 / (HEARTBEAT_S + 0.03) - 1
    assert all(HEARTBEAT_S <= b - a < HEARTBEAT_S + 0.031 for a, b in itertools.pairwise(times))


# What goes wrong.


def played_until_broken(journal):
    bench = LoopBench(journal, STORY.procedure, state=STORY.before)
    for number, envelope in enumerate(STORY.envelopes):
        before, carried, screens = bench.loop.state, len(bench.carried), len(bench.screens)
        try:
            bench.tell([envelope])
        except JournalError as error:
            assert bench.loop.state == before
            assert len(bench.carried) == carried, "nothing of a row that did not commit is carried out"
            assert len(bench.screens) == screens, "nor shown"
            return bench, number, str(error)
    return bench, len(STORY.envelopes), ""


@pytest.mark.parametrize("fail", [fail_insert, fail_commit])
@pytest.mark.parametrize("seq", range(1, ROWS + 1))
def test_whatever_row_fails_nothing_of_it_is_done(path, fail, seq):
    """It should leave a chain that holds, do nothing of the failed row, and end like an unbroken visit afterwards."""
    with closing(Journal(path)) as journal:
        fail(path, seq)
        bench, done, told = played_until_broken(journal)
        assert f"row {min(seq, ROWS - 1)} could not be written" in told
        assert str(path) in told
        assert [row.seq for row in journal.rows()] == list(range(1, min(seq, ROWS - 1)))
        assert journal.verify().bad_seq is None
        mend(path)
        with pytest.raises(LoopBrokenError, match="start the station again"):
            bench.loop.turn()
    with closing(Journal(path)) as journal:
        again = LoopBench(journal, STORY.procedure, state=bench.loop.state)
        again.tell(STORY.envelopes[done:])
        assert again.loop.state.outcome == "finished"
        assert journal.verify().rows == ROWS
        assert journal.open_visit() is None


def test_a_result_that_is_not_on_disk_is_not_acknowledged(journal, path):
    """It should leave the result with the controller, which sends it again."""
    number = next(i for i, e in enumerate(STORY.envelopes) if isinstance(e.event, TighteningResult))
    bench = LoopBench(journal, STORY.procedure, state=STORY.before)
    bench.tell(STORY.envelopes[:number])
    fail_commit(path, journal.next_seq)
    with pytest.raises(JournalError):
        bench.tell(STORY.envelopes[number : number + 1])
    assert not [effect for effect in bench.carried if isinstance(effect, fx.AcknowledgeTightening)]
    with closing(sqlite3.connect(path)) as db:
        assert db.execute("SELECT count(*) FROM results").fetchone() == (0,)


def test_a_broken_loop_renews_nothing(bench, path):
    """It should not beat again, so that every lease runs out; nor take what still waits."""
    fail_insert(path, 1)
    bench.loop.post(opened(), "station")
    bench.loop.post(CONSENT, "person")
    with pytest.raises(JournalError):
        bench.loop.turn()
    mend(path)
    beats = len(bench.beats)
    bench.clock.move_to(10.0)
    for _ in range(3):
        with pytest.raises(LoopBrokenError):
            bench.loop.turn()
    with pytest.raises(LoopBrokenError):
        bench.loop.run(threading.Event())
    assert len(bench.beats) == beats
    assert bench.loop.state == STORY.before


def test_a_decision_that_fails_is_the_last(bench, journal, monkeypatch):
    """It should write nothing, do nothing, say what failed, and decide no more."""

    def fails(*_):
        raise KeyError("no such step")

    bench.feed(opened())
    carried, state = len(bench.carried), bench.loop.state
    with monkeypatch.context() as patch:
        patch.setattr(loop_module, "decide", fails)
        with pytest.raises(KeyError, match="no such step"):
            bench.feed(CONSENT)
    with pytest.raises(LoopBrokenError, match="broke off at row 2"):
        bench.feed(CONSENT)
    assert (bench.loop.state, len(bench.carried)) == (state, carried)
    assert journal.verify().rows == 1


@pytest.mark.parametrize("person", ["\ud800", "half of \udfff a letter"])
def test_text_without_a_canonical_form_is_not_decided(bench, journal, person):
    """It should write and do nothing of an event that cannot be recorded."""
    bench.feed(opened())
    with pytest.raises(UnicodeEncodeError):
        bench.feed(ev.PersonConfirmed(step="welcome", what="confirm.consent", role=Role.VISITOR, person=person))
    assert bench.loop.state.confirmations == ()
    assert journal.verify().rows == 1


def test_an_effect_that_fails_to_start_is_known_from_the_record(journal):
    """It should go no further: the row says what was to be done, and a restart doubts everything."""

    def fails(effect):
        raise OSError("no voice")

    bench = LoopBench(journal, STORY.procedure, state=STORY.before, on_effect=fails)
    with pytest.raises(OSError, match="no voice"):
        bench.feed(opened())
    with pytest.raises(LoopBrokenError):
        bench.feed(CONSENT)
    assert kinds(journal) == ["VisitOpened"]
    assert bench.loop.state.phase is Phase.RUNNING


# In a thread of its own.


class StillClock:
    """Time stands still: only the inbox wakes the loop."""

    def now_s(self):
        return 0.0

    def utc(self):
        return "2026-01-05T09:00:00.000Z"


def test_a_loop_that_is_stopped_has_taken_everything_posted_before(path):
    """It should end when asked to, with every event posted before on record."""
    with closing(Journal(path)) as journal:
        bench = LoopBench(journal, STORY.procedure, state=STORY.before, clock=StillClock())
        stop = threading.Event()
        thread = threading.Thread(target=bench.loop.run, args=(stop,))
        thread.start()
        for envelope in STORY.envelopes:
            bench.loop.post(envelope.event, envelope.source, envelope.t_mono_s)
        stop.set()
        thread.join(timeout=60)
        assert not thread.is_alive()
        assert bench.loop.state.outcome == "finished"
        assert journal.verify().rows == ROWS


def test_a_loop_stopped_before_it_ran_still_takes_what_waits(bench, journal):
    """It should not lose what was posted before anybody turned it."""
    stop = threading.Event()
    stop.set()
    bench.loop.post(opened(), "station")
    bench.loop.run(stop)
    assert kinds(journal) == ["VisitOpened"]


def test_an_idle_loop_ends_when_asked(bench):
    """It should wake by its beat, see the stop and return."""
    stop = threading.Event()
    thread = threading.Thread(target=bench.loop.run, args=(stop,))
    thread.start()
    stop.set()
    thread.join(timeout=60)
    assert not thread.is_alive()


def test_the_owner_of_a_running_loop_gets_the_error(bench, path):
    """It should end `run` with the journal's own sentence."""
    fail_insert(path, 1)
    bench.loop.post(opened(), "station")
    with pytest.raises(JournalError, match="row 1 could not be written"):
        bench.loop.run(threading.Event())
