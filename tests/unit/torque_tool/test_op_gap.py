"""Asking back what was measured while the line was down, with controllers of every kind."""

from __future__ import annotations

import pytest

from drivers.torque_tool.open_protocol.gap import GapFill
from drivers.torque_tool.open_protocol.messages import LAYOUTS
from drivers.torque_tool.open_protocol.protocol import Message, MessageError


def old_result(tightening_id: int) -> Message:
    values = {"tightening_id": tightening_id, "pset": 7, "torque_nm": 9.0}
    return Message(mid=65, revision=2, data=LAYOUTS[65, 2].encode(values))


LIMITS = Message(mid=13, data=LAYOUTS[13, 1].encode({"pset": 7, "torque_min_nm": 8.0}))


def asked(gap: GapFill) -> tuple[int, int, bytes] | None:
    question = gap.question()
    return None if question is None else (question.mid, question.revision, question.data)


def test_nothing_is_missing() -> None:
    """It should ask for the latest once and be done when that was seen."""
    gap = GapFill(last_seen_id=10, result_revision=2)
    assert asked(gap) == (64, 2, b"0000000000")
    assert gap.answer(old_result(10)) is None
    assert asked(gap) is None
    assert gap.missed is None


def test_each_missing_result_is_asked_for_with_its_limits() -> None:
    """It should go up from the last seen id; the limits belong to the set of that result."""
    gap = GapFill(last_seen_id=10, result_revision=2)
    gap.answer(old_result(11))
    assert asked(gap) == (64, 2, b"0000000011")
    assert gap.answer(old_result(11)) is None
    assert asked(gap) == (12, 1, b"007")
    assert gap.fetched_to_id == 10
    filled = gap.answer(LIMITS)
    assert filled is not None
    assert filled[0].same_content(old_result(11))
    assert filled[1]["torque_min_nm"] == 8.0
    assert gap.fetched_to_id == 11
    assert asked(gap) is None


def test_ids_that_do_not_exist_are_skipped() -> None:
    """It should go on after code 15, and after an answer with another id."""
    gap = GapFill(last_seen_id=10, result_revision=2)
    gap.answer(old_result(13))
    gap.refused(64, 15)
    assert asked(gap) == (64, 2, b"0000000012")
    gap.answer(old_result(9))
    assert asked(gap) == (64, 2, b"0000000013")


def test_an_old_controller_is_asked_in_revision_1() -> None:
    """It should fall back on code 97 and give up on the second."""
    gap = GapFill(last_seen_id=10, result_revision=2)
    gap.refused(64, 97)
    assert asked(gap) == (64, 1, b"0000000000")
    gap.refused(64, 97)
    assert asked(gap) is None
    assert gap.missed is None


def test_a_result_without_limits_is_missed_not_made_up() -> None:
    """It should name what exists and cannot be fetched."""
    gap = GapFill(last_seen_id=10, result_revision=2)
    gap.answer(old_result(12))
    gap.answer(old_result(11))
    gap.refused(12, 2)
    assert asked(gap) is None
    assert gap.missed == (11, 12)


def test_an_unreadable_answer_is_reported() -> None:
    """It should leave it to the caller to give up."""
    gap = GapFill(last_seen_id=10, result_revision=2)
    with pytest.raises(MessageError):
        gap.answer(Message(mid=65, revision=2, data=b"short"))
    gap.give_up()
    assert asked(gap) is None
