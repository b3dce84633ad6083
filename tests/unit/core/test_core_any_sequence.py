"""Any sequence of any events: no step passes without its evidence, nothing runs or moves unasked, nobody gets stuck."""

from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from support.coreacts import ACTS
from support.corebench import CoreBench, bench_of, opened
from support.coremonitor import Monitor
from support.corerescue import help_along, mend, rescue
from support.coreworld import clips, mirror, studs, wheel

from station.core import effects as fx
from station.core import events as ev
from station.core.state import Phase
from station.core.view import screen_of


class WatchedBench(CoreBench):
    """A bench whose every turn the monitor checks, and where something may befall people in the middle of an act."""

    monitor: Monitor
    broken = True
    """Until the monitor has found the last turn right."""
    mishap: Callable[[], None] | None = None
    mishap_in = 0
    """How many turns go well before it."""

    def feed(self, event: ev.Event, after_s: float = 0.1) -> tuple[fx.Effect, ...]:
        before, self.broken = self.state, True
        effects = super().feed(event, after_s)
        self.monitor.observe(before, self.story[-1], self.state, effects)
        self.broken = False
        if self.mishap is not None:
            self.mishap_in -= 1
            if self.mishap_in < 0:
                mishap, self.mishap = self.mishap, None
                mishap()
        return effects


class AnySequence(RuleBasedStateMachine):
    """People who do it right, with anything befalling them at any moment."""

    @initialize(procedure=st.sampled_from((mirror, clips, wheel, studs)), ahead=st.integers(0, 24))
    def begin(self, procedure, ahead):
        self.bench = WatchedBench(procedure())
        self.bench.monitor = Monitor(self.bench.procedure)
        bench_of(self.bench.procedure, self.bench)
        for _ in range(ahead):
            self.do_it_right()

    def do_it_right(self):
        if self.bench.state.phase is Phase.RUNNING:
            mend(self.bench)
            help_along(self.bench)
        else:
            self.bench.feed(opened("V4"))

    @rule(data=st.data(), act=st.sampled_from(ACTS), after=st.integers(0, 9))
    def people_do_it_right_until_something_befalls_them(self, data, act, after):
        self.bench.mishap_in = after
        self.bench.mishap = lambda: act(self.bench, data.draw)
        self.do_it_right()
        self.bench.mishap = None

    @rule(data=st.data(), acts=st.lists(st.sampled_from(ACTS), min_size=1, max_size=3))
    def anything_happens(self, data, acts):
        for act in acts:
            act(self.bench, data.draw)

    @rule()
    def people_do_it_right(self):
        self.do_it_right()

    @invariant()
    def the_screen_can_be_drawn(self):
        if hasattr(self, "bench"):
            screen_of(self.bench.procedure, self.bench.state)

    def teardown(self):
        if not hasattr(self, "bench") or self.bench.broken:
            return
        self.bench.mishap = None
        if self.bench.state.phase is not Phase.RUNNING:
            self.bench.feed(opened("V5"))
        rescue(self.bench)
        assert self.bench.state.outcome == "finished"


def run(examples: int, steps: int, *, derandomize: bool) -> None:
    """Run the machine without a database of earlier failures, so that every run is the same work."""
    run_state_machine_as_test(
        AnySequence,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=derandomize,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_sequence_of_events_passes_a_step_without_its_evidence():
    """It should keep every promise that the monitor knows, and always leave a way to the end."""
    run(200, 60, derandomize=True)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_no_long_sequence_either():
    """It should do the same over many more and longer sequences, other ones each time."""
    run(4000, 120, derandomize=False)
