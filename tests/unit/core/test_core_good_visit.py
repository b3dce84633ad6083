"""Whole visits without a mishap: each step passes on its own evidence, and the record says which."""

import pytest
from support.corebench import ABSENT, MIRROR_ACTS, PRESENT, UNKNOWN, bench_of, opened, play
from support.coreworld import OTHER_ORDER, clips, mirror, wheel

from station.core import effects as fx
from station.core import events as ev
from station.core.checks import key_of
from station.core.procedure import Role
from station.core.state import Phase, StepStatus
from station.core.view import screen_of

LAST_BY_STEP = [step for step, _ in MIRROR_ACTS]


def test_a_good_visit_passes_with_evidence_for_every_demand():
    """It should end finished, once, each step holding one piece of evidence for each of its demands."""
    bench = play(bench_of(mirror()))
    assert bench.state.outcome == "finished"
    assert [effect for effect in bench.log if isinstance(effect, fx.CloseVisit)] == [
        fx.CloseVisit(outcome="finished", reason="every step passed on its evidence")
    ]
    for step in bench.procedure.steps:
        named = [evidence.demand for evidence in bench.state.progress(step.id).evidence]
        assert sorted(named) == sorted(key_of(demand) for demand in step.demands)
    assert bench.state.faults == ()
    assert [entry.verdict for entry in bench.state.tightenings] == ["ok"] * 3


def test_evidence_points_at_the_row_that_gave_it():
    """It should name the journal row of the result itself, not the one of the look after it."""
    bench = play(bench_of(mirror()))
    for name in ("J1", "J2", "J3"):
        (evidence,) = bench.state.progress(f"tighten-{name}").evidence
        event = next(envelope.event for envelope in bench.story if envelope.seq == evidence.seq)
        assert type(event).__name__ == "TighteningResult"


@pytest.mark.parametrize("step", LAST_BY_STEP)
def test_the_screen_can_show_every_moment(step):
    """It should draw every step, with what it waits for, without raising."""
    bench = play(bench_of(mirror()), until=step)
    screen = screen_of(bench.procedure, bench.state)
    assert (screen.step, screen.phase) == (step, "running")
    assert screen.waiting_for
    assert [shown.status for shown in screen.steps].count("passed") == LAST_BY_STEP.index(step)


def test_the_screen_can_show_an_idle_and_an_ended_station():
    """It should have a welcome before a visit and the record after it."""
    bench = bench_of(mirror())
    idle = screen_of(bench.procedure, type(bench.state)())
    assert (idle.phase, idle.picture) == ("idle", "welcome")
    ended = screen_of(bench.procedure, play(bench).state)
    assert (ended.phase, ended.picture, ended.outcome) == ("ended", "record", "finished")


@pytest.mark.parametrize("first, second", [("J1", "J2"), ("J2", "J1")])
def test_a_free_group_takes_its_joints_in_any_order(first, second):
    """It should give the tool at whichever joint of the group it stands."""
    bench = bench_of(clips())
    bench.show_pass()
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.answer_all()
    for joint in (first, second):
        bench.arm(joint)
        bench.pull()
        bench.answer_all()
        assert bench.status(f"tighten-{joint}") is StepStatus.PASSED
        bench.see(f"tool:{joint}", ABSENT)
        bench.timer("idle", 5.0)
    bench.answer_all()
    assert bench.state.outcome == "finished"


def test_a_class_a_joint_needs_a_qualified_word_after_its_result():
    """It should refuse the word before the result, and the visitor's word at any time."""
    bench = bench_of(wheel())
    bench.see("fastener:J1", PRESENT)
    bench.answer_all()
    bench.confirm("tighten-J1", "confirm.tight", Role.QUALIFIED)
    assert bench.state.confirmations == ()
    bench.tighten("J1")
    assert bench.status("tighten-J1") is StepStatus.OPEN
    bench.confirm("tighten-J1", "confirm.tight", Role.VISITOR)
    assert bench.status("tighten-J1") is StepStatus.OPEN
    bench.confirm("tighten-J1", "confirm.tight", Role.QUALIFIED, "Kim")
    assert bench.state.outcome == "finished"
    assert bench.state.confirmations == ("tighten-J1/confirm.tight/qualified/Kim",)


def test_a_word_given_twice_is_no_second_evidence():
    """It should leave the next step's question open when the button of the last one is tapped twice."""
    bench = bench_of(mirror())
    for _ in range(2):
        bench.confirm("welcome", "confirm.consent")
    assert len(bench.state.confirmations) == 1
    assert bench.status("check-in") is StepStatus.OPEN


def test_a_look_older_than_the_last_hand_decides_nothing():
    """It should not pass on frames taken before the hand left, and pass on the fresh look that follows."""
    bench = play(bench_of(mirror()), until="place")
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", PRESENT)
    assert bench.status("place") is StepStatus.LOOKING
    bench.see("hands:door", PRESENT)
    bench.see("hands:door", ABSENT)
    bench.answer(aged_s=0.25)
    assert bench.status("place") is StepStatus.LOOKING, "another look is asked at once"
    bench.answer()
    assert bench.status("place") is StepStatus.PASSED


def test_frames_older_than_the_question_decide_nothing():
    """It should not take an answer whose frames are older than the look itself."""
    bench = play(bench_of(mirror()), until="place")
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", PRESENT)
    bench.answer(aged_s=0.5)
    assert bench.status("place") is StepStatus.LOOKING


@pytest.mark.parametrize("value", [ABSENT, UNKNOWN])
def test_a_look_that_does_not_see_it_does_not_pass(value):
    """It should ask again, for as long as fresh frames do not say what the facts say."""
    bench = play(bench_of(mirror()), until="place")
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", PRESENT)
    bench.answer({"part:mirror-red@door": value})
    assert bench.status("place") is StepStatus.LOOKING
    bench.see("part:mirror-red@door", value)
    bench.answer()
    assert bench.status("place") is StepStatus.OPEN
    assert bench.state.looks == ()


def test_a_look_that_a_newer_edge_contradicts_does_not_pass():
    """It should wait when the look saw the part and the facts have lost it since."""
    bench = play(bench_of(mirror()), until="place")
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", PRESENT)
    bench.see("part:mirror-red@door", UNKNOWN)
    bench.answer({"part:mirror-red@door": PRESENT})
    assert bench.status("place") is StepStatus.OPEN


def test_the_next_visit_begins_with_nothing_of_the_last_one():
    """It should forget order, results shown, words given, faults and pauses, and still know devices and facts."""
    bench = play(bench_of(mirror()))
    bench.feed(ev.PauseRequested(person="p"))
    bench.pull()
    bench.feed(opened("V2", "ja"))
    state = bench.state
    assert (state.phase, state.visit_id, state.language, state.outcome) == (Phase.RUNNING, "V2", "ja", "")
    assert (state.order, state.confirmations, state.tightenings, state.faults) == (None, (), (), ())
    assert (state.paused, state.help_called, state.pass_text) == (False, False, "")
    assert state.devices == {"cobot": True, "tool": True}
    assert state.seen("part:mirror-red@door") is PRESENT


def test_a_result_of_the_last_visit_is_a_duplicate_in_the_next():
    """It should know a result again that the controller sends once more in the next visit."""
    bench = play(bench_of(mirror()))
    bench.feed(opened("V2"))
    bench.rundowns = 0
    bench.pull()
    assert bench.codes() == ["result.duplicate"]


def test_a_second_start_document_in_a_visit_changes_nothing():
    """It should go on with the visit that runs."""
    bench = play(bench_of(mirror()), until="take")
    before = bench.state
    bench.feed(opened("V2"))
    assert bench.state == before


def test_a_pass_that_was_never_shown_is_no_pass():
    """It should take an answer only for the text that it asked for, and only once."""
    bench = play(bench_of(mirror()), until="check-in")
    bench.feed(ev.PassChecked(text="", order=OTHER_ORDER))
    bench.feed(ev.PassChecked(text="PASS-2", order=OTHER_ORDER))
    assert bench.state.order is None
    bench.show_pass()
    bench.feed(ev.PassChecked(text="PASS-1", order=OTHER_ORDER))
    assert bench.state.order is not None and bench.state.order.id == "A-1"


def test_another_language_says_the_step_again():
    """It should keep the language and repeat the sentence of the step."""
    bench = play(bench_of(mirror()), until="take")
    bench.feed(ev.LanguageChosen(language="ja"))
    assert bench.state.language == "ja"
    assert [say.phrase for say in bench.did(fx.Say)] == ["step.take"]
