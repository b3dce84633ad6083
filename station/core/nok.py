"""What becomes of a joint whose tightening is bad: try again, back off and retry, mark and go on, or stop.

Whatever comes: the tool stays without its enable until a person has acknowledged the fault on the screen, for the
reaction force of the next rundown comes unexpected to whoever believes that the last one was good.
"""

from __future__ import annotations

from collections.abc import Mapping

from station.core import effects as fx
from station.core.checks import active_steps
from station.core.faults import FAULTS, ClearBy
from station.core.procedure import AfterNok, Step, Tightening
from station.core.state import StepStatus
from station.core.turn import Turn


def step_of(turn: Turn, joint_id: str) -> Step | None:
    """The active step that tightens the joint."""
    return next((s for s in active_steps(turn.procedure, turn.state) if Tightening(joint=joint_id) in s.demands), None)


def bad_attempt(turn: Turn, joint_id: str, code: str, words: Mapping[str, str]) -> None:
    """Count a bad attempt on the joint's step, name it, and do as the step says when trying again is over."""
    step = step_of(turn, joint_id)
    if step is None:
        turn.raise_fault(code, joint_id, words)
        return
    progress = turn.set_step(step.id, attempts=turn.state.progress(step.id).attempts + 1)
    spent = progress.attempts > step.on_fail.retries
    # A crossed thread or a tight joint does not get better by trying: what needs a technician ends the tries.
    hopeless = code.startswith("tightening.") and FAULTS[code].clear_by is ClearBy.TECHNICIAN
    then = step.on_fail.then
    if code.startswith("tightening.") and (spent or hopeless) and then in (AfterNok.MARK, AfterNok.LOOSEN):
        replaced = "tightening.marked" if then is AfterNok.MARK else "tightening.loosen"
        turn.raise_fault(replaced, joint_id, words, step=step.id)
        return
    turn.raise_fault(code, joint_id, words, step=step.id)
    if spent:
        turn.raise_fault("tightening.too_many", joint_id, words, step=step.id)
        if then is AfterNok.END:
            turn.end("failed", f"step {step.id} has failed {progress.attempts} times: {code}")


def set_aside(turn: Turn, step_id: str) -> None:
    """The visitor has seen that the joint is not right: it waits for its rework, and the work goes on."""
    if turn.state.progress(step_id).status not in (StepStatus.GATED, StepStatus.OPEN, StepStatus.LOOKING):
        return
    turn.set_step(step_id, status=StepStatus.MARKED)
    turn.set(
        looks=tuple(look for look in turn.state.looks if look.step != step_id),
        overdue=(),
        missing_timer="",
    )
    turn.do(fx.CancelTimer(timer=f"step:{step_id}"))
    turn.do(fx.CancelTimer(timer=f"missing:{step_id}"))
