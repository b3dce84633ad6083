"""The reaction time as measured: never less than what was seen, and a ceiling until enough was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.motion.reaction import ENOUGH, KEPT, PartLimits, Reaction, ReactionConfig

CONFIG = ReactionConfig(
    wait=PartLimits(floor_s=0.01, ceiling_s=0.5),
    look=PartLimits(floor_s=0.02, ceiling_s=0.3),
    act=PartLimits(floor_s=0.001, ceiling_s=0.1),
    robot_s=0.05,
)


def test_before_anything_is_measured_the_ceilings_count():
    """It should be the sum of all ceilings and the arm's own part."""
    assert Reaction(CONFIG).reaction_s("top") == pytest.approx(0.5 + 0.3 + 0.1 + 0.05)


def test_measured_parts_take_the_ceilings_place_one_by_one():
    """It should use each part's own figures as soon as there are enough of them, per camera."""
    reaction = Reaction(CONFIG)
    for index in range(ENOUGH):
        reaction.judged("top", index * 0.1, index * 0.1 + 0.04)
    # One picture more than waits between pictures.
    assert reaction.reaction_s("top") == pytest.approx(0.5 + 0.04 + 0.1 + 0.05)
    reaction.judged("top", ENOUGH * 0.1, ENOUGH * 0.1 + 0.04)
    assert reaction.reaction_s("top") == pytest.approx(0.1 + 0.04 + 0.1 + 0.05)
    for _ in range(ENOUGH):
        reaction.written(1.0, 1.003)
    assert reaction.reaction_s("top") == pytest.approx(0.1 + 0.04 + 0.003 + 0.05)
    assert reaction.reaction_s("side") == pytest.approx(0.5 + 0.3 + 0.003 + 0.05)
    assert set(reaction.figures()) == {"wait top", "look top", "act"}


def test_no_part_is_believed_below_its_floor():
    """It should keep to the floor for figures that are too good, or that run backwards."""
    reaction = Reaction(CONFIG)
    for index in range(50):
        reaction.judged("top", index * 0.001, index * 0.001 - 0.5)
        reaction.written(1.0, 1.0)
    assert reaction.reaction_s("top") == pytest.approx(0.01 + 0.02 + 0.001 + 0.05)


def test_a_slow_machine_counts_beyond_the_ceiling():
    """It should believe figures that are worse than the ceiling."""
    reaction = Reaction(CONFIG)
    for _ in range(ENOUGH):
        reaction.written(1.0, 3.0)
    assert reaction.after_verdict_s() == pytest.approx(2.05)


def test_an_absence_is_no_wait_for_a_picture():
    """It should not take the minutes that a camera was away for its frame time."""
    reaction = Reaction(CONFIG)
    for index in range(30):
        reaction.judged("top", index * 0.1, index * 0.1 + 0.04)
    reaction.forget("top")
    reaction.judged("top", 100.0, 100.04)
    worst = reaction.figures()["wait top"].p99_s
    assert worst == pytest.approx(0.1)


def test_one_picture_judged_twice_is_no_faster_camera():
    """It should not take the same picture's second verdict for a next picture that came at once."""
    reaction = Reaction(CONFIG)
    for index in range(60):
        reaction.judged("top", (index // 2) * 0.1, (index // 2) * 0.1 + 0.04)
    found = reaction.figures()["wait top"]
    assert (found.count, found.p50_s) == (29, pytest.approx(0.1))


@given(st.lists(st.floats(0.0, 2.0), min_size=ENOUGH, max_size=KEPT + 50))
def test_at_most_one_in_a_hundred_took_longer(figures: list[float]):
    """It should be at least as long as 99 of 100 of the last figures, and one of them (or the floor)."""
    reaction = Reaction(CONFIG)
    for took_s in figures:
        reaction.written(0.0, took_s)
    kept = figures[-KEPT:]
    found = reaction.figures()["act"]
    assert found.count == len(kept)
    assert sum(took_s > found.used_s for took_s in kept) <= len(kept) // 100
    assert found.used_s in (*kept, CONFIG.act.floor_s)
    assert found.p50_s is not None
    assert sum(took_s <= found.p50_s for took_s in kept) >= len(kept) / 2
