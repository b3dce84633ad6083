"""Which ids to ask back after a gap, with controllers of every kind."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.torque_tool.open_protocol.gap import (
    MOST,
    Baseline,
    Found,
    GapFill,
    Item,
    Lost,
    Pushed,
    WalkDown,
    WholeArchive,
    merged,
)
from drivers.torque_tool.open_protocol.protocol import Message

OLD = Message(mid=65)
GONE = "gone"


def found(*ids: int) -> list[Item]:
    return [Found(tightening_id=tightening_id, old=OLD) for tightening_id in ids]


def lost(first_id: int, last_id: int, reason: str = GONE) -> Lost:
    return Lost(first_id=first_id, last_id=last_id, reason=reason)


def fill(gap: GapFill | Baseline | WholeArchive, archive: set[int]) -> list[Item]:
    """Let a controller with this archive answer everything."""
    items: list[Item] = []
    while (wanted := gap.question()) is not None:
        if wanted == 0 and archive:
            gap.answer(max(archive), OLD)
        elif wanted in archive:
            gap.answer(wanted, OLD)
        else:
            gap.missing(GONE)
        items += gap.take()
    return merged([*items, *gap.take()])


def test_nothing_is_missing() -> None:
    """It should ask for the latest once and be done when that was seen."""
    gap = GapFill(last_seen_id=10)
    assert gap.question() == 0
    gap.answer(10, OLD)
    assert gap.question() is None
    assert gap.take() == []
    assert gap.latest_told == 10


def test_each_missing_result_is_asked_for_in_ascending_order() -> None:
    """It should go up from the last seen id to the latest."""
    assert fill(GapFill(last_seen_id=10), {9, 10, 11, 12, 13}) == found(11, 12, 13)


def test_ids_that_are_gone_are_lost_exactly() -> None:
    """It should name each hole with its first and last id, and nothing else."""
    items = fill(GapFill(last_seen_id=10), {13, 14, 17})
    assert items == [lost(11, 12), *found(13, 14), lost(15, 16), *found(17)]


def test_another_id_in_the_answer_means_that_the_one_asked_for_is_gone() -> None:
    """It should not take the nearest older result for the one that was asked for."""
    gap = GapFill(last_seen_id=10)
    gap.answer(12, OLD)
    gap.answer(9, OLD)
    assert gap.question() == 12
    gap.answer(12, OLD)
    assert gap.question() is None
    assert gap.take() == [lost(11, 11, "the controller answers 9 when it is asked for 11"), *found(12)]


def test_more_than_can_be_fetched_is_lost_and_not_dropped() -> None:
    """It should fetch the newest and name all older ones."""
    gap = GapFill(last_seen_id=0)
    items = fill(gap, set(range(1, MOST + 4)))
    assert isinstance(items[0], Lost)
    assert (items[0].first_id, items[0].last_id) == (1, 3)
    assert items[1:] == found(*range(4, MOST + 4))


def test_a_controller_that_was_replaced_is_asked_nothing_more() -> None:
    """It should notice that the latest id is below the last seen one, and give what was pushed."""
    gap = GapFill(last_seen_id=10)
    gap.pushed(3)
    assert fill(gap, {1, 2, 3}) == [Pushed(tightening_id=3)]
    assert gap.latest_told == 3


def test_what_is_pushed_meanwhile_keeps_its_place_and_is_not_asked_for() -> None:
    """It should put a pushed result where its id belongs, and fetch what lies before it."""
    gap = GapFill(last_seen_id=10)
    gap.answer(12, OLD)
    gap.pushed(12)
    gap.pushed(13)
    assert gap.question() == 11
    gap.answer(11, OLD)
    assert gap.question() is None
    assert gap.take() == [*found(11), Pushed(tightening_id=12), Pushed(tightening_id=13)]


def test_a_result_that_is_pushed_while_it_is_asked_for_is_given_once() -> None:
    """It should give the pushed one, which waits for its acknowledgement."""
    gap = GapFill(last_seen_id=10)
    gap.answer(11, OLD)
    assert gap.question() == 11
    gap.pushed(11)
    gap.answer(11, OLD)
    assert gap.question() is None
    assert gap.take() == [Pushed(tightening_id=11)]


def test_a_hole_before_a_pushed_result_is_asked_for() -> None:
    """It should ask for the latest again, and then for what the push left out."""
    gap = GapFill(last_seen_id=10)
    gap.pushed(13)
    assert fill(gap, {11, 12, 13}) == [*found(11, 12), Pushed(tightening_id=13)]
    late = GapFill(last_seen_id=10)
    late.answer(10, OLD)
    late.pushed(12)
    assert fill(late, {11, 12}) == []
    late = GapFill(last_seen_id=10)
    late.pushed(12)
    late.answer(10, OLD)
    assert late.question() == 0
    assert fill(late, {11, 12}) == [*found(11), Pushed(tightening_id=12)]


def test_a_pushed_result_that_the_archive_does_not_know_is_a_contradiction() -> None:
    """It should not ask for a thousand ids because of one wrong one."""
    gap = GapFill(last_seen_id=10)
    gap.pushed(1011)
    assert fill(gap, {10, 11}) == [*found(11), Pushed(tightening_id=1011)]
    assert gap.disagrees == 1011


@pytest.mark.parametrize(("latest", "contradicted"), [(11, 13), (10, 13), (13, None), (14, None), (9, None)])
def test_a_pushed_result_on_trial_counts_only_if_the_archive_has_come_that_far(
    latest: int, contradicted: int | None
) -> None:
    """It should leave it out where the archive, asked after the push, is not there yet; of another archive it says no
    more than before."""
    gap = GapFill(last_seen_id=10)
    gap.on_trial = 13
    gap.pushed(13)
    items = fill(gap, set(range(latest - 5, latest + 1)))
    assert gap.contradicted == contradicted
    assert (Pushed(tightening_id=13) in items) is (contradicted is None)
    assert items[: max(0, latest - 10)][:2] == found(*range(11, latest + 1))[:2]


def test_giving_up_loses_what_is_known_to_exist() -> None:
    """It should name what was neither fetched nor pushed, and nothing when nothing is known."""
    gap = GapFill(last_seen_id=10)
    gap.answer(14, OLD)
    gap.pushed(12)
    gap.give_up(GONE)
    assert gap.question() is None
    assert gap.take() == [lost(11, 11), Pushed(tightening_id=12), lost(13, 14)]
    unknown = GapFill(last_seen_id=10)
    unknown.give_up(GONE)
    assert unknown.take() == []


def ids_of(items: list[Item]) -> list[int]:
    return [
        tightening_id
        for item in items
        for tightening_id in (
            range(item.first_id, item.last_id + 1) if isinstance(item, Lost) else (item.tightening_id,)
        )
    ]


@given(
    last_seen_id=st.integers(1, 30),
    missed=st.lists(st.booleans(), max_size=20),
    measured=st.lists(st.sampled_from(["pushed", "garbled"]), max_size=10),
    seed=st.integers(0, 2**32),
)
def test_every_id_is_given_or_named_exactly_once(
    last_seen_id: int, missed: list[bool], measured: list[str], seed: int
) -> None:
    """It should end, in order, with nothing twice and nothing unnamed, whatever is measured while it asks.

    `missed` says of each id that was measured without a line whether the archive still has it.
    """
    rng = random.Random(seed)
    newest = last_seen_id + len(missed)
    archive = {last_seen_id, newest}
    archive |= {last_seen_id + 1 + index for index, kept in enumerate(missed) if kept}
    must_be_given = {known for known in archive if known > last_seen_id}
    gap = GapFill(last_seen_id=last_seen_id)
    items: list[Item] = []
    while (wanted := gap.question()) is not None:
        if measured and rng.random() < 0.4:
            newest += 1
            archive.add(newest)
            if measured.pop(0) == "pushed":
                gap.pushed(newest)
                must_be_given |= {known for known in archive if known > last_seen_id}
        if wanted == 0:
            gap.answer(max(archive), OLD)
        elif wanted in archive:
            gap.answer(wanted, OLD)
        else:
            gap.missing(GONE)
        items += gap.take()
    items += gap.take()
    ids = ids_of(items)
    assert ids == list(range(last_seen_id + 1, last_seen_id + 1 + len(ids)))
    assert must_be_given <= set(ids)
    assert not must_be_given & set(ids_of([item for item in items if isinstance(item, Lost)]))


def test_a_result_that_was_taken_for_lost_and_is_pushed_is_given_late() -> None:
    """It should never keep a result back because it is out of order."""
    gap = GapFill(last_seen_id=10)
    gap.answer(13, OLD)
    gap.missing(GONE)
    gap.pushed(11)
    assert fill(gap, {12, 13}) == [lost(11, 11), Pushed(tightening_id=11), *found(12, 13)]


def walk(gap: WalkDown, archive: dict[int, int]) -> list[Item]:
    """Let a Power Focus 6000 of release 2.8 answer: id to station."""
    asked = []
    while (wanted := gap.question()) is not None:
        asked.append(wanted)
        known = [tightening_id for tightening_id in archive if wanted == 0 or tightening_id <= wanted]
        if known:
            gap.answer(max(known), OLD, archive[max(known)])
        else:
            gap.missing(GONE)
    assert len(asked) == len(set(asked))
    return gap.take()


def test_the_worked_example_of_the_appendix() -> None:
    """It should walk down from the latest, drop the other station's results, and give its own in ascending order."""
    archive = {10230: 6534, 10226: 6534, 10220: 6685, 10216: 6685, 10209: 6534, 10204: 6534}
    gap = WalkDown(last_seen_id=10204, station_id=6534)
    questions = []
    for answer, station in archive.items():
        questions.append(gap.question())
        gap.answer(answer, OLD, station)
    assert questions == [0, 10229, 10225, 10219, 10215, 10208]
    assert gap.question() is None
    assert gap.take() == found(10209, 10226, 10230)


def test_a_walk_that_finds_the_end_of_the_archive_loses_what_lies_between() -> None:
    """It should name every id from the last recorded one to the oldest that is left."""
    assert walk(WalkDown(last_seen_id=100, station_id=1), {107: 1, 105: 2}) == [lost(101, 104), *found(107)]


def test_a_walk_ends_at_the_last_recorded_id_without_asking_for_it() -> None:
    """It should not ask for an id that is recorded, and not give it."""
    assert walk(WalkDown(last_seen_id=100, station_id=1), {101: 1, 100: 1}) == found(101)
    assert walk(WalkDown(last_seen_id=100, station_id=1), {100: 1}) == []
    assert walk(WalkDown(last_seen_id=100, station_id=1), {}) == []


def test_results_of_an_unknown_station_are_lost_not_guessed() -> None:
    """It should not take a result for its own that names no station."""
    gap = WalkDown(last_seen_id=100, station_id=1)
    gap.answer(101, OLD, None)
    [item] = gap.take()
    assert isinstance(item, Lost)
    assert (item.first_id, item.last_id) == (101, 101)


def test_a_walk_keeps_what_is_pushed_in_its_place() -> None:
    """It should give a pushed result once, older ones before it and newer ones after it."""
    gap = WalkDown(last_seen_id=100, station_id=1)
    gap.pushed(110)
    gap.pushed(105)
    archive = {107: 1, 105: 1, 102: 1, 100: 1}
    assert walk(gap, archive) == [
        *found(102), Pushed(tightening_id=105), *found(107), Pushed(tightening_id=110)
    ]  # fmt: skip


def test_a_walk_that_goes_up_is_given_up() -> None:
    """It should not go round in circles with a controller that does not know these rules."""
    gap = WalkDown(last_seen_id=100, station_id=1)
    gap.answer(110, OLD, 1)
    gap.answer(110, OLD, 1)
    assert gap.question() is None
    [first, second] = gap.take()
    assert isinstance(first, Lost)
    assert (first.first_id, first.last_id) == (101, 109)
    assert second == found(110)[0]


def test_a_walk_has_an_end_too() -> None:
    """It should give the newest and name what it did not get to."""
    items = walk(WalkDown(last_seen_id=0, station_id=1), dict.fromkeys(range(1, MOST + 11), 1))
    assert isinstance(items[0], Lost)
    assert (items[0].first_id, items[0].last_id) == (1, 10)
    assert items[1:] == found(*range(11, MOST + 11))


def test_the_first_connection_asks_only_where_to_count_from() -> None:
    """It should fetch nothing that was measured for others, and deliver what is pushed meanwhile."""
    gap = Baseline()
    gap.pushed(8)
    assert fill(gap, {5, 6, 7}) == [Pushed(tightening_id=8)] and gap.latest_told == 7
    empty = Baseline()
    assert fill(empty, set()) == [] and empty.latest_told == 0


def test_an_archive_that_was_empty_is_fetched_whole() -> None:
    """It should take every result in it for new, in ascending order, and call nothing below the first one lost."""
    assert fill(WholeArchive(), {3200, 3201, 3202}) == found(3200, 3201, 3202)
    assert fill(WholeArchive(), {1, 2}) == found(1, 2)
    assert fill(WholeArchive(), set()) == []
    gap = WholeArchive()
    gap.pushed(3202)
    gap.pushed(3203)
    assert fill(gap, {3201, 3202}) == [*found(3201), Pushed(tightening_id=3202), Pushed(tightening_id=3203)]


def test_an_empty_archive_does_not_hide_a_hole_before_a_push() -> None:
    """It should lose what lies between the last recorded result and the pushed one, and nothing else."""
    gap = GapFill(last_seen_id=3200)
    gap.pushed(3203)
    assert fill(gap, set()) == [lost(3201, 3202), Pushed(tightening_id=3203)]


def test_a_latest_id_beyond_reason_costs_no_more_than_any_other() -> None:
    """It should lose billions of ids in one breath: a damaged id is not counted up to."""
    gap = GapFill(last_seen_id=10)
    gap.pushed(12)
    gap.answer(9_999_999_999, OLD)
    gap.give_up(GONE)
    items = gap.take()
    assert items[:3] == [
        lost(11, 11, items[0].reason),
        Pushed(tightening_id=12),
        lost(13, 9_999_999_499, items[2].reason),
    ]
    assert items[3:] == [lost(9_999_999_500, 9_999_999_999)]
    empty = GapFill(last_seen_id=10)
    empty.pushed(9_999_999_999)
    empty.missing(GONE)
    assert empty.question() == 9_999_999_500
