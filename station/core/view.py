"""The screen as a pure function of the state."""

from __future__ import annotations

from station.core.checks import (
    active_steps,
    expected,
    expected_facts,
    key_of,
    may_be_confirmed,
    met_for_good,
    ordered_names,
)
from station.core.faults import ClearBy
from station.core.interlock import Interlock, interlock_of
from station.core.lamp import ROBOT_FAULTS
from station.core.procedure import Confirmation, Procedure, Step, Tightening
from station.core.rights import may_clear, rights_at, undoable
from station.core.screen import (
    Screen,
    ScreenArm,
    ScreenFault,
    ScreenHealth,
    ScreenInterlock,
    ScreenJoint,
    ScreenQuestion,
    ScreenStep,
)
from station.core.service import SERVICE, service_refusal
from station.core.state import State, StepStatus
from station.core.tightening import GOOD
from vision.api import FactValue

_OPEN_AGAIN = ("pending", "loosened", "undone")
"""Verdicts after which the joint is neither good nor bad."""
_URGENCY = {ClearBy.TECHNICIAN: 0, ClearBy.ITSELF: 1, ClearBy.VISITOR: 2, ClearBy.TIME: 3}


def screen_of(procedure: Procedure, state: State) -> Screen:
    """What the pages show now."""
    active = active_steps(procedure, state)
    first = active[0] if active else None
    lock = interlock_of(procedure, state)
    return Screen(
        phase=state.phase.value,
        visit_id=state.visit_id,
        language=state.language,
        visitor=state.order.visitor if state.order else "",
        car=state.order.car if state.order else "",
        step=first.id if first else "",
        say=_sentence(state, first, lock),
        words={**ordered_names(procedure, state), **_lock_words(procedure, lock)},
        picture=_picture(state, first),
        steps=tuple(_step(state, step.id, step.say) for step in procedure.steps),
        joints=_joints(procedure, state),
        faults=_faults(procedure, state),
        questions=_questions(procedure, state),
        waiting_for=_waiting(procedure, state),
        robot=_robot(state),
        reach=state.reach.value if procedure.needs_cobot() else "",
        tool=_tool(state),
        arm=ScreenArm(
            separation=state.separation.level,
            limit_percent=state.separation.limit_percent,
            gesture=state.robot.gesture,
            service=state.robot.service or ("announced" if state.robot.announcing.startswith(SERVICE) else ""),
            service_word=state.robot.service_word,
            service_detail=state.robot.service_detail,
            refusal=service_refusal(state),
        ),
        interlock=_interlock(procedure, lock),
        undoable=undoable(procedure, state),
        health=tuple(ScreenHealth(device=n.device, code=n.code, detail=n.detail) for n in state.health),
        paused=state.paused,
        help_called=state.help_called,
        devices=dict(state.devices),
        bad_cameras=dict(state.bad_cameras),
        outcome=state.outcome,
    )


def _sentence(state: State, step: Step | None, lock: Interlock | None) -> str:
    """The one sentence; while the arm moves or is about to, that comes first, and a missing socket before the joint."""
    if step is None:
        return "visit.finished" if state.outcome == "finished" else "visit.welcome"
    if state.progress(step.id).status is StepStatus.ENTERING:
        return "robot.moves"
    return "tool.socket" if lock is not None and lock.missing == "socket" else step.say


def _lock_words(procedure: Procedure, lock: Interlock | None) -> dict[str, str]:
    return {} if lock is None else {"socket": lock.socket, "joint": procedure.joint(lock.joint).label}


def _interlock(procedure: Procedure, lock: Interlock | None) -> ScreenInterlock | None:
    if lock is None:
        return None
    return ScreenInterlock(
        joint=procedure.joint(lock.joint).label,
        socket=lock.socket,
        socket_there=lock.socket_there,
        position_there=lock.position_there,
        enabled=lock.enabled,
        missing=lock.missing,
    )


def _picture(state: State, step: Step | None) -> str:
    if step is None:
        return "record" if state.outcome else "welcome"
    return "cobot" if state.progress(step.id).status is StepStatus.ENTERING else step.picture


def _step(state: State, step_id: str, say: str) -> ScreenStep:
    status = next((s.status for s in state.steps if s.id == step_id), StepStatus.PENDING)
    plain = (StepStatus.PASSED, StepStatus.PENDING, StepStatus.MARKED)
    shown = status.value if status in plain else "active"
    return ScreenStep(id=step_id, say=say, status=shown)


def _joints(procedure: Procedure, state: State) -> tuple[ScreenJoint, ...]:
    due = {d.joint for step in active_steps(procedure, state) for d in step.demands if isinstance(d, Tightening)}
    marked = {
        demand.joint
        for step in procedure.steps
        if state.steps and state.progress(step.id).status is StepStatus.MARKED
        for demand in step.demands
        if isinstance(demand, Tightening)
    }
    shown = []
    for joint in procedure.joints:
        results = [entry for entry in state.tightenings if entry.joint == joint.id]
        last = results[-1] if results else None
        status = "fastener" if state.seen(f"fastener:{joint.id}") is FactValue.PRESENT else "empty"
        if joint.id in due:
            status = "running" if state.tool.armed_joint == joint.id and state.tool.ready else "now"
        if last is not None and last.verdict in GOOD:
            status = "done"
        elif last is not None and last.verdict not in _OPEN_AGAIN and status != "running":
            status = "marked" if joint.id in marked else "bad"
        shown.append(
            ScreenJoint(
                id=joint.id,
                label=joint.label,
                status=status,
                torque_nm=last.torque_nm if last else None,
                angle_deg=last.angle_deg if last else None,
                result=last.key if last else "",
            )
        )
    return tuple(shown)


def _faults(procedure: Procedure, state: State) -> tuple[ScreenFault, ...]:
    ordered = sorted(state.faults, key=lambda fault: (_URGENCY[fault.kind.clear_by], fault.since_s))
    return tuple(
        ScreenFault(
            code=fault.code,
            number=fault.kind.number,
            subject=fault.subject,
            words=fault.words,
            holds=fault.holds,
            clear_by=fault.kind.clear_by.value,
            ready=may_clear(procedure, state, fault),
            rights=tuple(right.value for right in rights_at(procedure, state, fault)),
        )
        for fault in ordered
    )


def _questions(procedure: Procedure, state: State) -> tuple[ScreenQuestion, ...]:
    return tuple(
        ScreenQuestion(step=step.id, what=demand.what, by=demand.by.value)
        for step in active_steps(procedure, state)
        if state.progress(step.id).status is StepStatus.OPEN
        for demand in step.demands
        if isinstance(demand, Confirmation) and may_be_confirmed(state, step, demand)
    )


def _waiting(procedure: Procedure, state: State) -> tuple[str, ...]:
    missing: list[str] = []
    for step in active_steps(procedure, state):
        status = state.progress(step.id).status
        if status is StepStatus.ENTERING:
            zone = procedure.cobot_zone
            if zone is not None and state.seen(f"hands:{zone}") is not FactValue.ABSENT:
                missing.append(f"hands:{zone}")
            else:
                missing.append("robot" if state.separation.allows else "separation")
            continue
        demands = step.gates if status is StepStatus.GATED else step.demands
        wanted = expected_facts(procedure, state, demands)
        missing.extend(fact for fact, value in wanted.items() if state.seen(fact) is not value)
        missing.extend(
            key_of(d) for d in demands if expected(procedure, state, d) is None and not met_for_good(state, step, d)
        )
    return tuple(dict.fromkeys(missing))


def _robot(state: State) -> str:
    if state.devices.get("cobot") is not True:
        return "away"
    if state.robot.moving:
        return "moving"
    return "held" if any(fault.code in ROBOT_FAULTS for fault in state.faults) else "still"


def _tool(state: State) -> str:
    if state.devices.get("tool") is not True:
        return "away"
    if state.tool.armed_joint:
        return "ready" if state.tool.ready else "arming"
    return "off"
