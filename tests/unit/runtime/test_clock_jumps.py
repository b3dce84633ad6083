"""Two clocks in one: only the monotonic one decides."""

import re
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import pytest
from support.loopbench import LoopBench, good_story

from station.core.codec import digest
from station.runtime.clock import SteppedClock, SystemClock
from station.runtime.journal import Journal

ISO = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z"


@dataclass
class JumpingClock(SteppedClock):
    """A wall clock that somebody sets again and again; the monotonic one goes its way."""

    jumps: list[str] = field(default_factory=list)
    turns: int = 0

    def utc(self) -> str:
        self.turns += 1
        return self.jumps[self.turns % len(self.jumps)] if self.jumps else super().utc()


def told(path, clock):
    story = good_story()
    with closing(Journal(path)) as journal:
        bench = LoopBench(journal, story.procedure, state=story.before, clock=clock)
        for envelope in story.envelopes:
            clock.move_to(max(clock.now_s(), envelope.t_mono_s))
            bench.tell([envelope])
        assert journal.verify().bad_seq is None
        return bench, [row.t_utc for row in journal.rows()]


@pytest.mark.parametrize(
    "jumps",
    [
        ["2026-01-05T09:00:00.000Z", "2026-01-05T10:00:00.000Z", "2026-01-05T08:00:00.000Z"],
        ["2026-01-05T09:00:00.000Z", "2026-01-05T08:50:00.000Z"],
        ["2026-03-29T00:59:59.999Z", "2026-03-29T03:00:00.000Z"],
        [
            "2038-01-19T03:14:07.999Z",
            "2038-01-19T03:14:08.000Z",
            "1901-12-13T20:45:52.000Z",
            "1970-01-01T00:00:00.000Z",
        ],
    ],
    ids=["hour", "ten-minutes-back", "summer-time", "2038"],
)
def test_a_jump_of_the_wall_clock_changes_no_decision(tmp_path, jumps):
    """It should decide, say and time the same, and keep each row's wall clock as it was."""
    steady, _ = told(tmp_path / "steady.db", JumpingClock())
    jumping, written = told(tmp_path / "jumping.db", JumpingClock(jumps=jumps))
    assert digest(jumping.loop.state) == digest(steady.loop.state)
    assert jumping.carried == steady.carried
    assert jumping.beats == steady.beats
    assert set(written) == set(jumps)


def test_simulated_time_moves_only_by_hand_and_never_back():
    """It should show the simulated wall clock in step with the simulated seconds."""
    clock = SteppedClock()
    clock.move_to(61.0015)
    assert (clock.now_s(), clock.utc()) == (61.0015, "2026-01-05T09:01:01.001Z")
    with pytest.raises(ValueError, match="time cannot go back"):
        clock.move_to(61.0)
    assert clock.now_s() == 61.0015


def test_the_machines_clock_says_utc_to_the_millisecond():
    """It should be close to the machine's own, in the journal's form; its seconds never go back."""
    clock = SystemClock()
    assert re.fullmatch(ISO, clock.utc())
    assert abs(datetime.fromisoformat(clock.utc()) - datetime.now(UTC)) < timedelta(minutes=1)
    readings = [clock.now_s() for _ in range(100)]
    assert readings == sorted(readings)
