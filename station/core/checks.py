"""What a demand wants to see: demands as expected facts, and the standing conditions that follow from facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from station.core import facts
from station.core.fitness import doubt_of, may_tighten
from station.core.procedure import (
    Checked,
    Confirmation,
    Demand,
    Fastener,
    HandsClear,
    Part,
    PartAt,
    PartTaken,
    PassShown,
    Procedure,
    Step,
    Tightening,
)
from station.core.state import Phase, State, StepStatus
from vision.api import FactValue

ACTIVE = (StepStatus.ENTERING, StepStatus.GATED, StepStatus.OPEN, StepStatus.LOOKING)

Condition = tuple[str, str, Mapping[str, str]]
"""Fault code, subject, words."""


def key_of(demand: Demand) -> str:
    """A short, stable name of a demand for the journal, e.g. `fastener:J1`."""
    match demand:
        case PartAt():
            return f"part_at:{demand.role}@{demand.place}"
        case PartTaken():
            return f"part_taken:{demand.role}"
        case HandsClear():
            return f"hands_clear:{demand.zone}"
        case Fastener():
            return f"fastener:{demand.joint}"
        case Checked():
            return f"check:{demand.check}={demand.state}"
        case Tightening():
            return f"tightening:{demand.joint}"
        case Confirmation():
            return f"confirmation:{demand.what}"
        case PassShown():
            return "pass_shown"


def ordered_part(procedure: Procedure, state: State, role: str) -> Part | None:
    """The variant that this visitor's order asks for; None before the pass is known."""
    if state.order is None:
        return None
    wanted = state.order.choices.get(role)
    return next((part for part in procedure.variants(role) if part.variant == wanted), None)


def ordered_names(procedure: Procedure, state: State) -> dict[str, str]:
    """Role -> phrase key of the ordered part's name, for sentences."""
    roles = sorted({part.role for part in procedure.parts})
    found = {role: ordered_part(procedure, state, role) for role in roles}
    return {role: f"@{part.name}" for role, part in found.items() if part is not None}


def expected(procedure: Procedure, state: State, demand: Demand) -> Mapping[str, FactValue] | None:
    """Facts and the values that meet the demand; None for a demand that is not met by sight."""
    match demand:
        case PartAt():
            part = ordered_part(procedure, state, demand.role)
            return {facts.part_at(part.id, demand.place): FactValue.PRESENT} if part else {"part:?": FactValue.PRESENT}
        case PartTaken():
            part = ordered_part(procedure, state, demand.role)
            if part is None:
                return {"part:?": FactValue.PRESENT}
            others = {
                facts.part_at(other.id, other.tray): FactValue.PRESENT
                for other in procedure.variants(demand.role)
                if other.id != part.id
            }
            return {facts.part_at(part.id, part.tray): FactValue.ABSENT, **others}
        case HandsClear():
            return {facts.hands_in(demand.zone): FactValue.ABSENT}
        case Fastener():
            return {facts.fastener_at(demand.joint): FactValue.PRESENT}
        case Checked():
            return {facts.check_is(demand.check, demand.state): FactValue.PRESENT}
        case Tightening() | Confirmation() | PassShown():
            return None


def expected_facts(procedure: Procedure, state: State, demands: tuple[Demand, ...]) -> dict[str, FactValue]:
    """Everything that the demands want to see, together."""
    wanted: dict[str, FactValue] = {}
    for demand in demands:
        wanted.update(expected(procedure, state, demand) or {})
    return wanted


def seen_as(state: State, wanted: Mapping[str, FactValue]) -> bool:
    """Whether every fact has the wanted value, as last reported."""
    return all(state.seen(fact) is value for fact, value in wanted.items())


def met_for_good(state: State, step: Step, demand: Demand) -> bool:
    """Whether a demand that is not met by sight has its evidence."""
    return any(evidence.demand == key_of(demand) for evidence in state.progress(step.id).evidence)


def may_be_confirmed(state: State, step: Step, demand: Confirmation) -> bool:
    """Whether a person's word can count now: not twice, and on a tightening only after its result."""
    tightened = all(met_for_good(state, step, d) for d in step.demands if isinstance(d, Tightening))
    return tightened and not met_for_good(state, step, demand)


def active_steps(procedure: Procedure, state: State) -> tuple[Step, ...]:
    """Steps that are under way: one, or all unpassed ones of an any-order group; none outside a visit."""
    if state.phase is not Phase.RUNNING:
        return ()
    return tuple(step for step in procedure.steps if state.progress(step.id).status in ACTIVE)


def lasting(procedure: Procedure, state: State) -> dict[str, FactValue]:
    """What passed steps have put in place and what must therefore still be there, as fact -> value."""
    wanted: dict[str, FactValue] = {}
    for step in procedure.steps if state.steps else ():
        if state.progress(step.id).status is StepStatus.PASSED:
            wanted.update(
                expected_facts(
                    procedure, state, tuple(d for d in step.demands if isinstance(d, PartAt | Fastener | Checked))
                )
            )
    return wanted


def conditions(procedure: Procedure, state: State) -> Iterator[Condition]:
    """Everything that is wrong right now as far as facts, cameras and devices tell. Pure: no memory of its own."""
    for camera, code in state.bad_cameras.items():
        yield code, camera, {"camera": camera}
    if state.devices.get("tool") is False and procedure.needs_tool():
        yield "tool.unplugged", "tool", {}
    for note in state.health:
        if note.stops and note.device == "tool" and procedure.needs_tool():
            yield "tool.alarm", note.code, {"detail": note.detail}
    yield from _tool_lock(procedure, state)
    if state.reverify:
        yield "restart.check", "bench", {}
    yield from _lost_parts(procedure, state)
    for step in active_steps(procedure, state):
        yield from _wrong_parts(procedure, state, step)
        yield from _unmeasured_units(procedure, state, step)
        yield from _tool_at_wrong_joint(procedure, state, step)
        yield from _missing_nuts(procedure, state, step)


def _tool_lock(procedure: Procedure, state: State) -> Iterator[Condition]:
    """A tool that is not fit for a joint that is still to come: nobody begins what cannot be finished."""
    known, ahead = state.verification, _joints_ahead(procedure, state)
    if known is None or not ahead:
        return
    code, detail = doubt_of(state)
    unfit = [joint for joint in ahead if not may_tighten(state, joint)]
    if code:
        yield "tool.unverified", known.id or code, {"detail": detail}
    elif unfit:
        labels = ", ".join(procedure.joint(joint).label for joint in unfit)
        why = known.why_not.get(unfit[0], "it was not verified for it")
        yield "tool.unfit", known.id, {"joints": labels, "id": known.id, "detail": why}


def _joints_ahead(procedure: Procedure, state: State) -> list[str]:
    """Joints that the tool must still run at in this visit, in the order of the work."""
    if state.phase is not Phase.RUNNING:
        return []
    return [
        demand.joint
        for step in procedure.steps
        for demand in step.demands
        if isinstance(demand, Tightening)
        and not met_for_good(state, step, demand)
        and demand.joint != state.tool.judging
    ]


def _lost_parts(procedure: Procedure, state: State) -> Iterator[Condition]:
    for step in procedure.steps:
        if state.progress(step.id).status is not StepStatus.PASSED:
            continue
        for demand in step.demands:
            part = ordered_part(procedure, state, demand.role) if isinstance(demand, PartAt) else None
            if (
                isinstance(demand, PartAt)
                and part
                and _gone(state, "part.moved", part.id, facts.part_near(part.id, demand.place))
            ):
                yield "part.moved", part.id, {"part": f"@{part.name}"}
            if isinstance(demand, Fastener) and _gone(
                state, "nut.missing", demand.joint, facts.fastener_at(demand.joint)
            ):
                yield "nut.missing", demand.joint, {"joint": procedure.joint(demand.joint).label}


def _wrong_parts(procedure: Procedure, state: State, step: Step) -> Iterator[Condition]:
    for demand in step.demands:
        if not isinstance(demand, PartTaken | PartAt):
            continue
        wanted = ordered_part(procedure, state, demand.role)
        if wanted is None:
            continue
        for other in procedure.variants(demand.role):
            if other.id != wanted.id and _gone(state, "part.wrong", other.id, facts.part_at(other.id, other.tray)):
                yield "part.wrong", other.id, {"part": f"@{other.name}", "wanted": f"@{wanted.name}"}
        if (
            isinstance(demand, PartAt)
            and state.progress(step.id).status in (StepStatus.OPEN, StepStatus.LOOKING)
            and _is(state, facts.part_at(wanted.id, demand.place), "absent")
            and _is(state, facts.part_near(wanted.id, demand.place), "present")
            and _is(state, facts.hands_in(procedure.work_zone), "absent")
        ):
            yield "part.misplaced", wanted.id, {"part": f"@{wanted.name}"}


def _unmeasured_units(procedure: Procedure, state: State, step: Step) -> Iterator[Condition]:
    """A joint is due, and nobody knows where this unit has it: not measured yet, or measured and refused."""
    for demand in step.demands:
        if not isinstance(demand, Tightening) or demand.joint not in state.by_unit or met_for_good(state, step, demand):
            continue
        part = ordered_part(procedure, state, procedure.joint(demand.joint).on)
        if part is None or state.progress(step.id).status is StepStatus.ENTERING:
            continue
        measured = state.facts.get(facts.unit_of(part.id))
        if measured is None or measured.value is FactValue.UNKNOWN:
            yield "unit.unmeasured", part.id, {"part": f"@{part.name}"}
        elif measured.value is FactValue.ABSENT:
            yield "unit.refused", part.id, {"part": f"@{part.name}", "detail": measured.text}


def _tool_at_wrong_joint(procedure: Procedure, state: State, step: Step) -> Iterator[Condition]:
    wanted = [d.joint for d in step.demands if isinstance(d, Tightening) and not met_for_good(state, step, d)]
    if not wanted or state.progress(step.id).status not in (StepStatus.GATED, StepStatus.OPEN):
        return
    due = {
        demand.joint
        for other in active_steps(procedure, state)
        for demand in other.demands
        if isinstance(demand, Tightening)
    }
    for joint in procedure.joints:
        if joint.id not in due and _is(state, facts.tool_at(joint.id), "present"):
            words = {"joint": joint.label, "wanted": procedure.joint(wanted[0]).label}
            yield "order.wrong", joint.id, words


def _missing_nuts(procedure: Procedure, state: State, step: Step) -> Iterator[Condition]:
    gated = state.progress(step.id).status is StepStatus.GATED
    for demand in (*step.gates, *step.demands):
        if not isinstance(demand, Fastener):
            continue
        fact = facts.fastener_at(demand.joint)
        missing_at_gate = gated and demand in step.gates and _gone(state, "nut.missing", demand.joint, fact)
        if missing_at_gate or (fact in state.overdue and not _is(state, fact, "present")):
            yield "nut.missing", demand.joint, {"joint": procedure.joint(demand.joint).label}


def _gone(state: State, code: str, subject: str, fact: str) -> bool:
    """Seen to be away, or named as away and not seen to be back since: a hand over it mends nothing."""
    named = any(fault.code == code and fault.subject == subject for fault in state.faults)
    return _is(state, fact, "absent") or (named and _is(state, fact, "unknown"))


def _is(state: State, fact: str, value: str) -> bool:
    return state.seen(fact) is FactValue(value)
