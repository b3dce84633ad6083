"""What the journal remembers of results, so that a controller is asked for exactly what is missing."""

from __future__ import annotations

from pathlib import Path

import pytest

from station.runtime.journal import Entry, Journal, JournalError, KnownUpTo, ResultKey


def entry(
    result: int | None = None, known: int | None = None, *, serial: str = "C1", station: str = "bench-1"
) -> Entry:
    """A row about one result, or about results that need not be asked for."""
    return Entry(
        visit="",
        kind="event",
        t_utc="2026-01-01T00:00:00Z",
        t_mono_s=1.0,
        source="tool",
        body={"result": result, "known": known},
        result=ResultKey(station=station, controller_serial=serial, tightening_id=result) if result else None,
        known=KnownUpTo(station=station, controller_serial=serial, last_id=known) if known is not None else None,
    )


@pytest.fixture
def journal(tmp_path: Path):
    opened = Journal(tmp_path / "journal.sqlite")
    yield opened
    opened.close()


def test_a_controller_that_was_never_seen_has_no_last_result(journal):
    """It should say so, instead of a number to count from."""
    assert journal.last_tightening_id("bench-1", "C1") is None
    journal.append(entry(7, serial="C2"), entry(9, station="bench-2"))
    assert journal.last_tightening_id("bench-1", "C1") is None


def test_the_last_result_is_the_newest_one_on_disk(journal):
    """It should follow a controller whose counter was reset, and count lost results and the archive as it was found."""
    journal.append(entry(known=0))
    assert journal.last_tightening_id("bench-1", "C1") == 0
    journal.append(entry(5), entry(6))
    assert journal.last_tightening_id("bench-1", "C1") == 6
    journal.append(entry(known=9))
    assert journal.last_tightening_id("bench-1", "C1") == 9
    journal.append(entry(2))
    assert journal.last_tightening_id("bench-1", "C1") == 2


def test_the_newest_results_are_known_again_after_a_start(journal):
    """It should give their keys, oldest first, and no more than asked for."""
    journal.append(*(entry(number) for number in range(1, 6)))
    assert journal.newest_results("bench-1", 3) == ("C1/3", "C1/4", "C1/5")
    assert journal.newest_results("bench-2", 3) == ()


def test_one_row_is_read_by_its_number(journal):
    """It should give the row, or say that there is none."""
    journal.append(entry(5))
    assert journal.row(1).body == {"result": 5, "known": None}
    with pytest.raises(JournalError, match="no row 2"):
        journal.row(2)
