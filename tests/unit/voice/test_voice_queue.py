"""What is said first, what gives way, and what is never lost."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from drivers.voice_queue import Priority, SpeechQueue, Utterance


def said(number: int, priority: Priority) -> Utterance:
    return Utterance(utterance_id=f"u{number}", text=f"Sentence {number}.", lang="en", priority=priority)


def drained(queue: SpeechQueue) -> list[Utterance]:
    taken = []
    while (utterance := queue.take()) is not None:
        taken.append(utterance)
    return taken


def test_a_newer_instruction_takes_the_place_of_an_older_one() -> None:
    """It should never read out a backlog: the visitor is told what to do now."""
    queue = SpeechQueue()
    old, new = said(1, Priority.INSTRUCTION), said(2, Priority.INSTRUCTION)
    assert queue.put(old) == ()
    assert queue.put(new) == (old,)
    assert drained(queue) == [new]


def test_a_correction_is_said_before_the_instruction_and_that_before_small_talk() -> None:
    """It should order by urgency, whatever came first."""
    queue = SpeechQueue()
    for number, priority in enumerate(reversed(Priority)):
        queue.put(said(number, priority))
    assert [utterance.priority for utterance in drained(queue)] == list(Priority)


def test_hush_keeps_safety() -> None:
    """It should forget what waits, but not what keeps hands away from the robot."""
    queue = SpeechQueue()
    safety, chatter = said(1, Priority.SAFETY), said(2, Priority.CHATTER)
    queue.put(safety)
    queue.put(chatter)
    assert queue.hush() == (chatter,)
    assert drained(queue) == [safety]


@given(st.lists(st.sampled_from(Priority), max_size=20), st.sampled_from(Priority))
def test_nothing_is_said_twice_or_forgotten(priorities: list[Priority], speaking: Priority) -> None:
    """It should say or replace each sentence exactly once, keep all of safety in order, and interrupt only upwards."""
    queue = SpeechQueue()
    everything = [said(number, priority) for number, priority in enumerate(priorities)]
    replaced = [other for utterance in everything for other in queue.put(utterance)]
    interrupts = queue.outranks(said(99, speaking))
    left = drained(queue)
    assert sorted(replaced + left, key=everything.index) == everything
    of_safety = [utterance for utterance in everything if utterance.priority is Priority.SAFETY]
    assert left[: len(of_safety)] == of_safety
    assert len(left) - len(of_safety) == len({utterance.priority for utterance in everything} - {Priority.SAFETY})
    assert interrupts == any(utterance.priority.outranks(speaking) for utterance in everything)
