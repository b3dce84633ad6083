"""The steps' part of `decide`: entering, gates, looks, passing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from station.core import effects as fx
from station.core import facts
from station.core.checks import active_steps, expected, expected_facts, key_of, met_for_good, seen_as
from station.core.motion import next_gesture
from station.core.procedure import Fastener, PassShown, Step, Tightening
from station.core.state import Evidence, PendingLook, StepProgress, StepStatus
from station.core.turn import Turn
from vision.api import FactValue, LookReport

MISSING_AFTER_S = 4.0
"""How long hands may be away from unfinished fasteners before the missing one is named."""


def start_pending(turn: Turn) -> None:
    """Enter the next step, or all steps of the next group where their order does not matter."""
    if active_steps(turn.procedure, turn.state):
        return
    pending = [s for s in turn.procedure.steps if turn.state.progress(s.id).status is StepStatus.PENDING]
    marked = [s for s in turn.procedure.steps if turn.state.progress(s.id).status is StepStatus.MARKED]
    back = next((step for step in marked if not pending or step.group != pending[0].group), None)
    if back is not None:
        _rework(turn, back)
        return
    if not pending:
        return
    first = pending[0]
    free = any(group.id == first.group and group.any_order for group in turn.procedure.groups)
    for step in pending if free else pending[:1]:
        if step.group == first.group:
            _enter(turn, step)
    if not first.gestures:
        turn.say_step(first)


def _rework(turn: Turn, step: Step) -> None:
    """The rest of the group is done: a marked joint comes back, with a technician."""
    _enter(turn, step)
    turn.set_step(step.id, attempts=0)
    joint = next(demand.joint for demand in step.demands if isinstance(demand, Tightening))
    turn.raise_fault("tightening.rework", joint, {"joint": turn.procedure.joint(joint).label}, step=step.id)


def _enter(turn: Turn, step: Step) -> None:
    status = StepStatus.ENTERING if step.gestures else StepStatus.GATED
    turn.set_step(step.id, status=status, gesture_index=0, started_s=turn.now_s)
    turn.do(fx.SetTimer(timer=f"step:{step.id}", after_s=step.timeout_s))


def advance(turn: Turn) -> None:
    """Let every active step go as far as its evidence carries it. Called only while nothing holds."""
    for step in active_steps(turn.procedure, turn.state):
        if turn.state.progress(step.id).status is StepStatus.ENTERING:
            next_gesture(turn, step)
        if turn.state.progress(step.id).status is StepStatus.GATED:
            _gate(turn, step)
        if turn.state.progress(step.id).status is StepStatus.OPEN:
            _watch_for_missing(turn, step)
            _ask_for_pass(turn, step)
            _close(turn, step)


def _gate(turn: Turn, step: Step) -> None:
    if not step.gates:
        turn.set_step(step.id, status=StepStatus.OPEN)
        return
    _look_when_seen(turn, step, "gate", expected_facts(turn.procedure, turn.state, step.gates))


def _watch_for_missing(turn: Turn, step: Step) -> None:
    fasteners = [d for d in step.demands if isinstance(d, Fastener)]
    missing = missing_fasteners(turn, step)
    hands_away = turn.state.seen(facts.hands_in(turn.procedure.work_zone)) is FactValue.ABSENT
    unfinished = hands_away and 0 < len(missing) < len(fasteners) and not turn.state.overdue
    if unfinished and not turn.state.missing_timer:
        turn.set(missing_timer=step.id)
        turn.do(fx.SetTimer(timer=f"missing:{step.id}", after_s=MISSING_AFTER_S))
    if not unfinished and turn.state.missing_timer == step.id:
        turn.set(missing_timer="")
        turn.do(fx.CancelTimer(timer=f"missing:{step.id}"))


def missing_fasteners(turn: Turn, step: Step) -> tuple[str, ...]:
    """Facts of the step's fasteners that are seen not to be there."""
    names = (facts.fastener_at(d.joint) for d in step.demands if isinstance(d, Fastener))
    return tuple(name for name in names if turn.state.seen(name) is FactValue.ABSENT)


def _ask_for_pass(turn: Turn, step: Step) -> None:
    wants = any(isinstance(d, PassShown) and not met_for_good(turn.state, step, d) for d in step.demands)
    code = turn.state.facts.get(facts.CODE)
    if wants and code and code.value is FactValue.PRESENT and code.text and code.text != turn.state.pass_text:
        turn.set(pass_text=code.text)
        turn.do(fx.CheckPass(text=code.text))


def _close(turn: Turn, step: Step) -> None:
    by_sight = tuple(d for d in step.demands if expected(turn.procedure, turn.state, d) is not None)
    rest = tuple(d for d in step.demands if d not in by_sight)
    if not all(met_for_good(turn.state, step, demand) for demand in rest):
        return
    if by_sight:
        _look_when_seen(turn, step, "pass", expected_facts(turn.procedure, turn.state, by_sight))
    else:
        _pass(turn, step)


def _look_when_seen(turn: Turn, step: Step, purpose: str, wanted: dict[str, FactValue]) -> None:
    if not seen_as(turn.state, wanted) or any(look.step == step.id for look in turn.state.looks):
        return
    if purpose == "pass":
        turn.set_step(step.id, status=StepStatus.LOOKING)
    ask(turn, step.id, purpose, tuple(wanted))


def ask(turn: Turn, step_id: str, purpose: str, names: tuple[str, ...]) -> None:
    """Ask vision for fresh frames: none older than this very event decides anything."""
    look_id = turn.new_id("l")
    begin_look(turn, PendingLook(look_id=look_id, step=step_id, purpose=purpose, facts=names, not_before_s=turn.now_s))


def begin_look(turn: Turn, look: PendingLook) -> None:
    """Ask vision, and remember what was asked."""
    turn.set(looks=(*turn.state.looks, look))
    turn.do(fx.Look(look_id=look.look_id, facts=look.facts, not_before_s=look.not_before_s))


def says(look: PendingLook, report: LookReport, wanted: Mapping[str, FactValue], since_s: float = 0.0) -> bool:
    """Whether the report says all that is wanted, by frames no older than the look (and `since_s`) allows."""
    said = {reading.fact: reading for reading in report.readings}
    oldest_s = max(look.not_before_s, since_s)
    return all(
        fact in said and said[fact].value is value and said[fact].t_mono_s >= oldest_s for fact, value in wanted.items()
    )


def answered(turn: Turn, look: PendingLook, report: LookReport) -> None:
    """A look for a gate or a pass has answered."""
    step = turn.procedure.step(look.step)
    progress = turn.state.progress(step.id)
    if look.purpose == "pass" and progress.status is StepStatus.LOOKING:
        turn.set_step(step.id, status=StepStatus.OPEN)
    demands = step.gates if look.purpose == "gate" else step.demands
    wanted = expected_facts(turn.procedure, turn.state, demands)
    fresh = says(look, report, wanted, turn.state.last_disturbance_s)
    if turn.holding() or not wanted or not fresh or not seen_as(turn.state, wanted):
        return
    if look.purpose == "gate" and progress.status is StepStatus.GATED:
        turn.set_step(step.id, status=StepStatus.OPEN)
    if look.purpose == "pass" and progress.status is StepStatus.LOOKING:
        rest = tuple(d for d in step.demands if expected(turn.procedure, turn.state, d) is None)
        if all(met_for_good(turn.state, step, demand) for demand in rest):
            met = tuple(
                Evidence(demand=key_of(d), seq=turn.envelope.seq, t_mono_s=report.t_mono_s)
                for d in step.demands
                if d not in rest
            )
            turn.set_step(step.id, evidence=(*turn.state.progress(step.id).evidence, *met))
            _pass(turn, step)


def _pass(turn: Turn, step: Step) -> None:
    turn.set_step(step.id, status=StepStatus.PASSED, ended_s=turn.now_s)
    turn.do(fx.CancelTimer(timer=f"step:{step.id}"))
    turn.do(fx.CancelTimer(timer=f"missing:{step.id}"))
    robot = turn.state.robot
    turn.set(overdue=(), missing_timer="", robot=replace(robot, announcing="", announced=""))
    if all(progress.status is StepStatus.PASSED for progress in turn.state.steps):
        turn.say("visit.finished")
        turn.end("finished", "every step passed on its evidence")
        return
    start_pending(turn)


def reopen(turn: Turn, step_id: str) -> None:
    """A technician has mended something: the step's gates must be seen again before it opens."""
    progress = turn.state.progress(step_id)
    if progress.status in (StepStatus.OPEN, StepStatus.LOOKING):
        turn.set_step(step_id, status=StepStatus.GATED, attempts=0)


def reenter(progress: StepProgress, step: Step) -> StepProgress:
    """The step as it stands after a restart: entered anew, with what people and the tool have already given."""
    if progress.status in (StepStatus.PENDING, StepStatus.PASSED, StepStatus.MARKED):
        return progress
    status = StepStatus.ENTERING if step.gestures else StepStatus.GATED
    return replace(progress, status=status, gesture_index=0)
