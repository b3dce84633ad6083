"""From a visit's procedure and state to what is kept of it. Pure."""

from __future__ import annotations

from drivers.api import TighteningTrace
from station.core.faults import FAULTS
from station.core.procedure import JointSpec, Procedure, Right
from station.core.state import Override, State, StepStatus, Tightened
from station.core.tightening import GOOD
from station.web.record import Curve, LostNote, OverrideNote, Record, RecordJoint, Rundown, Window

_OPEN = ("pending", "asked_back", "undone")
"""Verdicts that leave it open whether the joint is good."""


def record_of(procedure: Procedure, state: State, date: str) -> Record | None:
    """The visit's record; None before anybody knows whose visit it is. `date` is today's, ISO 8601."""
    if state.order is None:
        return None
    starts = [step.started_s for step in state.steps if step.started_s is not None]
    ends = [step.ended_s for step in state.steps if step.ended_s is not None]
    passed = {step.id for step in state.steps if step.status is StepStatus.PASSED}
    return Record(
        visit_id=state.visit_id,
        visitor=state.order.visitor,
        car=state.order.car,
        vin=state.order.vin,
        procedure=procedure.title,
        date=date,
        minutes=(max(ends) - min(starts)) / 60.0 if starts and ends else 0.0,
        finished=state.outcome == "finished",
        steps=tuple(step.say for step in procedure.steps if step.id in passed),
        joints=tuple(_joint(state, joint) for joint in procedure.joints if joint.pset is not None),
        overrides=overrides_of(procedure, state),
        lost=tuple(_lost(entry) for entry in state.lost),
    )


def rundowns_of(procedure: Procedure, state: State) -> tuple[Rundown, ...]:
    """Every result of the visit, in order."""
    return tuple(
        Rundown(
            result=entry.key,
            label=_label(procedure, entry.joint),
            torque_nm=entry.torque_nm,
            angle_deg=entry.angle_deg,
            verdict=entry.verdict,
            has_curve=entry.key in state.traces,
        )
        for entry in state.tightenings
    )


def overrides_of(procedure: Procedure, state: State) -> tuple[OverrideNote, ...]:
    """Every override of the visit, in order."""
    return tuple(_override(procedure, entry) for entry in state.overrides)


def curve_of(procedure: Procedure, state: State, trace: TighteningTrace) -> Curve | None:
    """The curve with the window of its joint and the result's own figures; None when the result is not this visit's."""
    key = f"{trace.controller_serial}/{trace.tightening_id}"
    entry = next((entry for entry in reversed(state.tightenings) if entry.key == key), None)
    if entry is None:
        return None
    spec = next((joint for joint in procedure.joints if joint.id == entry.joint), None)
    return Curve(
        every_s=trace.every_s,
        torque_nm=trace.torque_nm,
        angle_deg=trace.angle_deg,
        window=None if spec is None or spec.pset is None else _window(spec),
        final_torque_nm=entry.torque_nm,
        final_angle_deg=entry.angle_deg,
    )


def _window(spec: JointSpec) -> Window:
    return Window(
        torque_min_nm=spec.torque_min_nm,
        torque_target_nm=spec.torque_target_nm,
        torque_max_nm=spec.torque_max_nm,
        angle_min_deg=spec.angle_min_deg,
        angle_max_deg=spec.angle_max_deg,
    )


def _joint(state: State, spec: JointSpec) -> RecordJoint:
    entries = [entry for entry in state.tightenings if entry.joint == spec.id]
    tried = [entry for entry in entries if entry.verdict != "loosened"]
    last = tried[-1] if tried else None
    accepted = next(
        (o for o in reversed(state.overrides) if o.right is Right.ACCEPT_RESULT and o.subject == spec.id), None
    )
    verdict = _verdict(state, spec.id, entries)
    by = accepted if verdict == "accepted" else None
    return RecordJoint(
        label=spec.label,
        torque_nm=last.torque_nm if last else None,
        angle_deg=last.angle_deg if last else None,
        attempts=len(tried),
        good=verdict in ("ok", "accepted", "reworked"),
        verdict=verdict,
        result=last.key if last else "",
        has_curve=last is not None and last.key in state.traces,
        person=by.person if by else "",
        reason=by.reason if by else "",
    )


def _verdict(state: State, joint: str, entries: list[Tightened]) -> str:
    """What the joint's last result and everything that was done about it come to."""
    last = entries[-1].verdict if entries else "undone"
    if last not in GOOD:
        return "open" if last in (*_OPEN, "loosened") else "bad"
    if last == "accepted":
        return "accepted"
    touched = any(entry.verdict in ("loosened", "undone") for entry in entries)
    mended = any(_joint_of(override) == joint for override in state.overrides)
    return "reworked" if touched or mended else "ok"


def _override(procedure: Procedure, entry: Override) -> OverrideNote:
    code, _, _ = entry.subject.partition("/")
    step = next((step.say for step in procedure.steps if step.id == entry.subject), "")
    return OverrideNote(
        right=entry.right.value if entry.right is not None else "mended",
        number=FAULTS[code].number if entry.right is None and code in FAULTS else "",
        label=_label(procedure, _joint_of(entry)),
        step=step if entry.right is Right.UNDO else "",
        person=entry.person,
        reason=entry.reason,
    )


def _joint_of(entry: Override) -> str:
    """The joint that an override names, if it names one: a fault's subject stands behind its code."""
    return entry.subject if entry.right is not None else entry.subject.partition("/")[2]


def _label(procedure: Procedure, joint_id: str) -> str:
    return next((joint.label for joint in procedure.joints if joint.id == joint_id), "")


def _lost(entry: str) -> LostNote:
    """From the state's `serial/first-last`."""
    serial, _, span = entry.rpartition("/")
    first, _, last = span.partition("-")
    return LostNote(serial=serial, results=first if first == last else span)
