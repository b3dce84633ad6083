"""Every rundown gets its own reading, or is left out with a word; and nothing that was measured is lost."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.torquetool import UTC, check_of, door, measured, result, run_of

from calibration.observations import CalibrationError
from calibration.torque.readings import ReferenceReading, Run, leave_out_last, take_reading, take_rundown
from calibration.torque.run_file import head_of, open_run
from calibration.torque.series import plans_of

PLAN = plans_of(door(), check_of())[0]


def read(run: Run, value: float, t_s: float = 0.0, count: int | None = None, *, typed: bool = False) -> Run:
    return take_reading(run, ReferenceReading(value_nm=value, t_s=t_s, count=count), UTC, typed=typed)


def tighten(run: Run, number: int, torque_nm: float = 9.0, t_s: float = 0.0, **changes: object) -> Run:
    return take_rundown(run, result(number, t_s, torque_nm=torque_nm, **changes), UTC)


def codes(run: Run) -> list[str]:
    return [entry.code for entry in run.left_out]


def test_reading_and_rundown_pair_in_either_order() -> None:
    run = read(tighten(run_of(PLAN), 7, 9.09), 9.0)
    run = tighten(read(run, 9.1), 8, 9.1)
    assert [(pair.tightening_id, pair.tool_nm, pair.reference_nm) for pair in run.pairs] == [
        (7, 9.09, 9.0),
        (8, 9.1, 9.1),
    ]
    assert run.pairs[0].deviation_pct == pytest.approx(1.0)
    assert run.left_out == ()


def test_a_rundown_told_twice_counts_once() -> None:
    run = read(tighten(run_of(PLAN), 7), 9.0)
    again = tighten(run, 7)
    assert codes(again) == ["torque.duplicate"]
    assert again.pairs == run.pairs


def test_an_old_rundown_does_not_count() -> None:
    assert codes(tighten(read(tighten(run_of(PLAN), 7), 9.0), 5)) == ["torque.out_of_order"]


def test_a_gap_in_the_rundowns_leaves_out_what_nobody_can_pair() -> None:
    run = tighten(read(tighten(run_of(PLAN), 7), 9.0), 10)
    assert codes(run) == ["torque.missing"]
    assert "rundowns 8 to 9" in run.left_out[0].text
    assert run.rundown is None
    assert len(read(tighten(run, 11), 9.1).pairs) == 2, "the next one counts again"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"tool_serial": "T2"}, "torque.other_tool"),
        ({"pset": 2}, "torque.wrong_pset"),
        ({"result_type": "loosening"}, "torque.not_a_rundown"),
        ({"error_bits": ("trigger lost",)}, "torque.interrupted"),
    ],
)
def test_what_is_no_rundown_of_this_run_is_left_out_with_the_reason(changes, code) -> None:
    run = tighten(run_of(PLAN), 7, **changes)
    assert codes(run) == [code]
    assert run.pairs == () and run.rundown is None


def test_a_rundown_that_the_controller_calls_bad_counts_all_the_same() -> None:
    """Leaving out what misses the window would make every tool a good one."""
    run = read(tighten(run_of(PLAN), 7, 7.2, ok=False, torque_status="low"), 7.2)
    assert [pair.tool_nm for pair in run.pairs] == [7.2]


def test_a_rundown_without_a_reading_does_not_take_the_next_ones() -> None:
    run = tighten(tighten(run_of(PLAN), 7, 8.9), 8, 9.1)
    assert codes(run) == ["torque.no_reading"]
    run = read(run, 9.1)
    assert [(pair.tightening_id, pair.reference_nm) for pair in run.pairs] == [(8, 9.1)]


def test_a_stray_reading_is_not_given_to_the_next_rundown() -> None:
    run = read(run_of(PLAN), 8.7, t_s=0.0)
    run = tighten(run, 7, 9.0, t_s=30.0)
    assert codes(run) == ["torque.no_rundown"]
    run = read(run, 9.02, t_s=30.1)
    assert [pair.reference_nm for pair in run.pairs] == [9.02]


def test_two_readings_for_one_rundown_are_told() -> None:
    run = read(read(run_of(PLAN), 8.9), 9.0)
    assert codes(run) == ["torque.no_rundown"]


def test_a_reading_that_comes_much_too_late_is_not_its_rundowns_but_typing_may_take_long() -> None:
    late = read(tighten(run_of(PLAN), 7, t_s=0.0), 9.0, t_s=60.0)
    assert codes(late) == ["torque.no_reading"] and late.pairs == ()
    assert len(read(tighten(run_of(PLAN), 7, t_s=0.0), 9.0, t_s=60.0, typed=True).pairs) == 1


def test_the_transducers_own_numbers_show_what_was_repeated_lost_or_old() -> None:
    run = read(tighten(run_of(PLAN), 7), 9.0, count=3)
    assert codes(read(run, 9.0, count=3)) == ["torque.repeated"]
    assert codes(read(run, 9.0, count=2)) == ["torque.out_of_order"]
    lost = read(tighten(run, 8), 9.1, count=6)
    assert codes(lost) == ["torque.missing"]
    assert "readings 4 to 5" in lost.left_out[0].text
    assert len(lost.pairs) == 1 and lost.rundown is None


def test_an_old_peak_that_is_still_held_is_noticed() -> None:
    run = run_of(PLAN)
    for number in range(1, 6):
        run = read(tighten(run, number, 8.9 + 0.02 * number), 9.0)
    assert codes(run) == ["torque.repeated", "torque.repeated"]
    assert len(run.pairs) == 3


@pytest.mark.parametrize("value", [20.0, 25.0])
def test_a_saturated_transducer_is_named(value) -> None:
    run = read(tighten(run_of(PLAN), 7), value)
    assert codes(run) == ["torque.saturated"]
    assert run.rundown is None


@pytest.mark.parametrize("value", [0.0, -9.0])
def test_what_is_no_peak_is_named(value) -> None:
    assert codes(read(tighten(run_of(PLAN), 7), value)) == ["torque.not_a_peak"]


@pytest.mark.parametrize(
    ("factor", "unit"), [(0.737562, "lbf·ft"), (0.101972, "kgf·m"), (10.197162, "kgf·cm"), (8.850746, "lbf·in")]
)
def test_another_unit_is_recognised_by_its_factor(factor, unit) -> None:
    run = replace(run_of(PLAN), range_nm=2000.0)
    run = read(tighten(run, 7, 9.05), 9.0 * factor)
    assert codes(run) == ["torque.wrong_unit"]
    assert unit in run.left_out[0].text
    assert run.pairs == ()


@pytest.mark.parametrize("value", [0.05, 4.0, 19.0])
def test_a_reading_that_cannot_be_of_the_same_rundown_is_named(value) -> None:
    run = read(tighten(run_of(PLAN), 7, 9.05), value)
    assert codes(run) == ["torque.far_apart"]
    assert run.pairs == ()


def test_a_pair_taken_out_stays_on_record_with_the_reason() -> None:
    run = leave_out_last(measured(PLAN, n=3), "the socket slipped")
    assert len(run.pairs) == 2
    assert (run.left_out[-1].code, run.left_out[-1].text) == ("torque.taken_out", "the socket slipped")
    assert leave_out_last(run_of(PLAN), "x").left_out == ()


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("tool"), st.integers(1, 30), st.sampled_from(("", "", "", "loosening", "pset"))),
        st.tuples(st.just("reference"), st.integers(1, 30), st.sampled_from((9.0, 9.01, 8.9, 6.64, 20.0, 0.0))),
    ),
    max_size=60,
)


@given(ACTS)
def test_no_order_of_messages_pairs_a_rundown_twice_or_loses_one_without_a_word(acts) -> None:
    run = run_of(PLAN)
    heard: set[int] = set()
    for at, (kind, number, flaw) in enumerate(acts):
        if kind == "tool":
            changes = {"result_type": "loosening"} if flaw == "loosening" else {"pset": 2} if flaw == "pset" else {}
            heard.add(number)
            run = tighten(run, number, 9.0 + 0.001 * at, t_s=float(at), **changes)
        else:
            run = read(run, flaw + (0.001 * at if flaw > 1.0 else 0.0), t_s=float(at), count=None)
    ids = [pair.tightening_id for pair in run.pairs]
    assert ids == sorted(set(ids))
    told = {int(entry.what.split()[1]) for entry in run.left_out if entry.what.startswith("rundown")}
    waits = {run.rundown.tightening_id} if run.rundown is not None else set()
    assert heard == set(ids) | told | waits
    assert all(entry.text and entry.code for entry in run.left_out)


def head(utc: str = UTC, **changes: str):
    values = {"tool_serial": "T1", "reference_serial": "R-7", "by": "Kim", "utc": utc, **changes}
    return head_of(PLAN, **values)


def test_a_run_that_is_broken_off_goes_on_where_it_was(tmp_path: Path) -> None:
    file = open_run(tmp_path, head(), run_of(PLAN))
    run = run_of(PLAN)
    for number in range(1, 6):
        run = tighten(run, number, 8.9 + 0.03 * number)
        file.keep(run)
        run = read(run, 8.9 + 0.031 * number)
        file.keep(run)
    run = tighten(run, 6, result_type="loosening")
    run = leave_out_last(run, "slipped")
    file.keep(run)
    with file.path.open("a", encoding="utf-8") as broken:
        broken.write('{"pair": {"tightening_id": 99')  # a power cut in the middle of a line
    again = open_run(tmp_path, head("2026-03-02T09:00:00+00:00", by="Jo"), run_of(PLAN))
    assert again.run.pairs == run.pairs
    assert again.run.left_out == run.left_out
    assert again.run.last_id == 6
    assert (again.head.by, again.head.begun_utc) == ("Kim", UTC)
    more = read(tighten(again.run, 41, 9.04), 9.0)
    assert len(more.pairs) == len(run.pairs) + 1, "after a break the numbers may have gone on"
    again.keep(more)
    assert open_run(tmp_path, head(), run_of(PLAN)).run.pairs == more.pairs


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"tool_serial": "T2"}, "another tool"),
        ({"reference_serial": "R-8"}, "another reference"),
        ({"utc": "2026-03-04T08:00:00+00:00"}, "too long ago"),
    ],
)
def test_a_run_is_not_gone_on_with_when_it_is_another_one(tmp_path: Path, changes, word) -> None:
    file = open_run(tmp_path, head(), run_of(PLAN))
    file.keep(measured(PLAN, n=3))
    with pytest.raises(CalibrationError) as raised:
        open_run(tmp_path, head(**changes), run_of(PLAN))
    assert raised.value.code == "torque.other_run"
    assert word in str(raised.value)
    fresh = open_run(tmp_path, head(**changes), run_of(PLAN), anew=True)
    assert fresh.run.pairs == ()
    aside = [path for path in tmp_path.iterdir() if path != fresh.path]
    assert len(aside) == 1, "what was measured is put aside, not thrown away"
    assert sum('"pair"' in line for line in aside[0].read_text(encoding="utf-8").splitlines()) == 3


def test_a_run_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = open_run(tmp_path, head(), run_of(PLAN))
    file.path.write_text(file.path.read_text(encoding="utf-8") + "not json\n", encoding="utf-8")
    with pytest.raises(CalibrationError) as raised:
        open_run(tmp_path, head(), run_of(PLAN))
    assert raised.value.code == "torque.other_run"
    assert json.loads(file.path.read_text(encoding="utf-8").splitlines()[0])["series"] == PLAN.name
