"""The journal's words: every value comes back exactly, digests are stable, and a story told twice is the same story."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.corebench import PRESENT, CoreBench, bench_of, play, rundown
from support.coreworld import clips, mirror, wheel

from drivers.api import CommandDone
from station.core.codec import canonical, digest, from_plain, to_plain
from station.core.decide import decide
from station.core.effects import Effect, Look, Say
from station.core.events import Envelope, Event, StationRestarted
from station.core.faults import Fault
from station.core.procedure import Procedure
from station.core.state import State
from vision.api import FactChanged, FactReading

st.register_type_strategy(float, st.floats(allow_nan=False, allow_infinity=False))
EXACTLY = settings(deadline=None, derandomize=True, max_examples=300, suppress_health_check=list(HealthCheck))


def through_text(kind: object, value: object) -> object:
    """The value after a journey through the journal's text."""
    return from_plain(kind, json.loads(canonical(to_plain(value))))


@EXACTLY
@given(st.from_type(Envelope))
def test_every_event_comes_back_exactly(envelope):
    """It should give the same envelope, with the same event of the same type, and the same digest."""
    back = through_text(Envelope, envelope)
    assert back == envelope
    assert type(back.event) is type(envelope.event)
    assert through_text(Event, envelope.event) == envelope.event
    assert digest(back) == digest(envelope)


@EXACTLY
@given(st.from_type(Effect))
def test_every_effect_comes_back_exactly(effect):
    """It should give the same effect of the same type."""
    back = through_text(Effect, effect)
    assert back == effect
    assert type(back) is type(effect)


@EXACTLY
@given(st.builds(State, faults=st.tuples(st.from_type(Fault)) | st.just(())))
def test_every_state_comes_back_exactly(state):
    """It should give the same state and digest."""
    back = through_text(State, state)
    assert back == state
    assert digest(back) == digest(state)


@pytest.mark.parametrize("make", [mirror, clips, wheel])
def test_every_procedure_comes_back_exactly(make):
    """It should keep every demand with its type."""
    assert through_text(Procedure, make()) == make()


def rough_visit() -> CoreBench:
    """A visit with a wrong part, a low torque, a restart, and a good end."""
    bench = play(bench_of(mirror()), until="take")
    bench.see("part:mirror-blue@tray-blue", "absent")
    bench.see("part:mirror-blue@tray-blue", PRESENT)
    play(bench, until="tighten-J2")
    bench.pull(torque_nm=2.0)
    bench.feed(StationRestarted(reason="power"))
    return bench


def test_a_story_told_twice_gives_the_same_digests():
    """It should fold the journal's own rows, read back from text, to the same state and the same effects each time."""
    bench = rough_visit()
    states: list[list[str]] = []
    for _ in range(2):
        state, digests = State(), []
        for envelope in bench.story:
            state, effects = decide(bench.procedure, state, through_text(Envelope, envelope))
            digests.append(digest(state) + digest(effects))
        states.append(digests)
    assert states[0] == states[1]
    assert states[0][-1].startswith(digest(bench.state))


def test_the_wall_clock_decides_nothing():
    """It should come to the same states with every other wall clock."""
    bench = rough_visit()
    state = State()
    for envelope in bench.story:
        other = Envelope(
            seq=envelope.seq, t_mono_s=envelope.t_mono_s, t_utc="1999", source="elsewhere", event=envelope.event
        )
        state, _ = decide(bench.procedure, state, other)
    assert state == bench.state


def test_the_digest_of_a_value_is_known():
    """It should not change between programs: the journals of ten years hang on it."""
    look = Look(look_id="V1-l1", facts=("hands:door",), not_before_s=1.5)
    assert canonical(to_plain(look)) == '{"facts":["hands:door"],"kind":"Look","look_id":"V1-l1","not_before_s":1.5}'
    assert digest(look) == "904e5ec070ebd2c59cd9fb528a658c154903a27c837633d7ea28885caa25cfb0"


def test_order_of_keys_is_no_difference():
    """It should give mappings one digest, whatever order they were filled in."""
    first = Say(utterance="u", phrase="p", words={"a": "1", "b": "2"})
    second = Say(utterance="u", phrase="p", words={"b": "2", "a": "1"})
    assert digest(first) == digest(second)


def test_bytes_and_japanese_survive():
    """It should keep raw messages and real characters."""
    result = rundown(1, 2.0, raw=bytes(range(256)), controller_serial="検査")
    assert through_text(Event, result) == result
    assert "検査" in canonical(to_plain(result))


@pytest.mark.parametrize("figure", [float("nan"), float("inf")])
def test_a_figure_that_is_no_number_has_no_words(figure):
    """It should refuse rather than write a row that nobody can read."""
    reading = FactReading(fact="f", value=PRESENT, t_mono_s=figure)
    with pytest.raises(ValueError, match="JSON"):
        canonical(to_plain(FactChanged(reading=reading)))


@pytest.mark.parametrize(
    "plain",
    [
        {"kind": "Nothing"},
        {"kind": "CommandDone", "device": "tool"},
        {"kind": "HelpRequested", "extra": 1},
        {"kind": "TimerFired", "timer": 3},
        [],
        "x",
    ],
)
def test_words_that_do_not_fit_are_refused(plain):
    """It should raise ValueError or TypeError, and never make half a value."""
    with pytest.raises((ValueError, TypeError)):
        from_plain(Event, plain)


def test_a_value_without_words_is_refused():
    """It should not write what it could not read."""
    with pytest.raises(TypeError, match="no plain form for object"):
        to_plain(object())
    assert to_plain(CommandDone(device="d", command_id="c", t_mono_s=1.0))["data"] == {}
