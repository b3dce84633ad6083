"""A step that waits for what a taught check sees: it passes on that state alone, freshly seen."""

from dataclasses import replace

from support.corebench import ABSENT, PRESENT, UNKNOWN, CoreBench, opened
from support.coreworld import wheel

from station.core.checks import lasting
from station.core.procedure import Check, Checked, Step
from station.core.state import StepStatus

CHECK = Check(
    id="lid", kind="seated", at_mm=(0, 0, 0), rpy_deg=(0, 0, 0), size_mm=(40, 40), states=("seated", "raised")
)
SEATED = "check:lid=seated"


def bench() -> CoreBench:
    """A visit whose first step wants the lid seated."""
    work = wheel()
    first = Step(
        id="press-lid",
        say="step.press",
        picture="x",
        group="press-lid",
        demands=(Checked(check="lid", state="seated"),),
    )
    made = CoreBench(replace(work, checks=(CHECK,), steps=(first, *work.steps)))
    made.connect()
    made.feed(opened())
    return made


def status(made: CoreBench) -> StepStatus:
    return made.state.progress("press-lid").status


def test_the_taught_state_freshly_seen_passes_the_step():
    """It should look when the check first says so, and pass on the answer, which is then what must stay true."""
    made = bench()
    made.see(SEATED, PRESENT)
    assert status(made) is StepStatus.LOOKING
    made.answer_all()
    assert status(made) is StepStatus.PASSED
    assert [evidence.demand for evidence in made.state.progress("press-lid").evidence] == [SEATED]
    assert lasting(made.procedure, made.state) == {SEATED: PRESENT}


def test_another_state_or_none_passes_nothing():
    """It should stay open while the check sees another state, or cannot tell, or tells by old frames only."""
    for value in (ABSENT, UNKNOWN):
        made = bench()
        made.see(SEATED, value)
        assert status(made) is StepStatus.OPEN
        assert made.state.looks == ()
    for said, aged_s in (({SEATED: UNKNOWN}, 0.0), ({SEATED: ABSENT}, 0.0), (None, 5.0)):
        made = bench()
        made.see(SEATED, PRESENT)
        made.answer(said, aged_s=aged_s)
        assert status(made) is not StepStatus.PASSED
