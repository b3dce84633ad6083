"""What people clear, allow and take back: every override leaves a person, a right and a reason.

An override never makes a bad tightening good. What it can do: say that a fault is mended, let the tool run backwards,
count a good result that nobody saw (not at class A joints), take steps back.
"""

from __future__ import annotations

from dataclasses import replace

from station.core import effects as fx
from station.core import events as ev
from station.core import facts
from station.core.devices import identify
from station.core.faults import ClearBy, Fault
from station.core.nok import set_aside
from station.core.procedure import ROLE_RANK, JointClass, Procedure, Right, Role, Tightening
from station.core.state import Override, Phase, State, StepProgress, StepStatus
from station.core.stepping import reopen, start_pending
from station.core.tightening import ASKED_BACK, GOOD, accept
from station.core.turn import Turn
from vision.api import FactValue

LOOSEN_WITHIN_S = 120.0
"""How long the leave to loosen a joint lasts."""


def ranks_below(role: Role, wanted: Role) -> bool:
    """Whether the role is too low."""
    return ROLE_RANK[role] < ROLE_RANK[wanted]


def may_clear(procedure: Procedure, state: State, fault: Fault) -> bool:
    """Whether the cause of a fault is gone as far as the station can see, so that a person may acknowledge it."""
    if fault.code == "robot.hands":
        return state.separation.allows and state.seen(facts.hands_in(procedure.cobot_zone or "")) is FactValue.ABSENT
    if fault.code in ("cobot.unplugged", "robot.stopped"):
        return state.devices.get("cobot") is True
    return fault.kind.clear_by in (ClearBy.VISITOR, ClearBy.TECHNICIAN)


def rights_at(procedure: Procedure, state: State, fault: Fault) -> tuple[Right, ...]:
    """What else a technician may do about a fault than to say that it is mended."""
    joints = {joint.id: joint for joint in procedure.joints}
    if state.phase is not Phase.RUNNING or fault.subject not in joints or not _is_technicians(fault):
        return ()
    rights = [Right.LOOSEN] if state.devices.get("tool") is True and _may_be_loosened(procedure, state, fault) else []
    last = next((e for e in reversed(state.tightenings) if e.joint == fault.subject), None)
    unseen = fault.code == "result.asked_back" and last is not None and last.verdict == ASKED_BACK
    if unseen and joints[fault.subject].joint_class is not JointClass.A:
        rights.append(Right.ACCEPT_RESULT)
    return tuple(rights)


def undoable(procedure: Procedure, state: State) -> str:
    """The step that undoing takes back first: the last one that has passed or is marked; empty when none is."""
    done = (StepStatus.PASSED, StepStatus.MARKED)
    found = [s.id for s in procedure.steps if state.steps and state.progress(s.id).status in done]
    return found[-1] if found and state.phase is Phase.RUNNING else ""


def acknowledge(turn: Turn, event: ev.FaultAcknowledged) -> None:
    """A person has seen a fault, or mended it. What is a technician's needs a reason."""
    for fault in turn.state.faults:
        technicians = _is_technicians(fault)
        if fault.code != event.code or ranks_below(event.role, Role.TECHNICIAN if technicians else Role.VISITOR):
            continue
        if not may_clear(turn.procedure, turn.state, fault) or (technicians and not event.reason.strip()):
            continue
        if fault.code == "robot.stopped" and any(n.device == "cobot" and n.stops for n in turn.state.health):
            # It goes when the arm has been made ready.
            turn.make_ready()
            _note(turn, None, f"{fault.code}/{fault.subject}", event.role, event.person, event.reason)
            continue
        turn.drop_fault(fault.code, fault.subject)
        if fault.code == "tightening.marked" and fault.step:
            set_aside(turn, fault.step)
        if fault.code == "tool.no_identifier":
            identify(turn)
        if not technicians:
            continue
        _note(turn, None, f"{fault.code}/{fault.subject}", event.role, event.person, event.reason)
        if turn.state.tool.may_loosen == fault.subject:
            _end_loosening(turn)
        if fault.step:
            reopen(turn, fault.step)


def use_right(turn: Turn, event: ev.RightUsed) -> None:
    """A technician does what only technicians may."""
    if event.role is not Role.TECHNICIAN or not event.reason.strip() or turn.state.phase is not Phase.RUNNING:
        return
    match event.right:
        case Right.UNDO:
            used = _undo(turn, event.subject)
        case Right.LOOSEN:
            used = _allow_loosening(turn, event.subject)
        case Right.ACCEPT_RESULT:
            used = _accept(turn, event.subject)
    if used:
        _note(turn, event.right, event.subject, event.role, event.person, event.reason)


def end_leave(turn: Turn) -> None:
    """The leave to loosen is over."""
    _end_loosening(turn)


def _is_technicians(fault: Fault) -> bool:
    return fault.kind.clear_by is ClearBy.TECHNICIAN


def _may_be_loosened(procedure: Procedure, state: State, fault: Fault) -> bool:
    """Not a joint whose step has passed: that one is taken back first."""
    return any(
        Tightening(joint=fault.subject) in step.demands and state.progress(step.id).status is not StepStatus.PASSED
        for step in procedure.steps
    )


def _note(turn: Turn, right: Right | None, subject: str, role: Role, person: str, reason: str) -> None:
    entry = Override(
        right=right, subject=subject, role=role, person=person, reason=reason.strip(), seq=turn.envelope.seq
    )
    turn.set(overrides=(*turn.state.overrides, entry))


def _allow_loosening(turn: Turn, joint: str) -> bool:
    standing = [f for f in turn.state.faults if f.subject == joint]
    if not any(Right.LOOSEN in rights_at(turn.procedure, turn.state, fault) for fault in standing):
        return False
    turn.set_tool(may_loosen=joint)
    turn.do(fx.SetTimer(timer="loosen", after_s=LOOSEN_WITHIN_S))
    return True


def _end_loosening(turn: Turn) -> None:
    if turn.state.tool.loosening:
        turn.release_tool()
    turn.set_tool(may_loosen="")
    turn.do(fx.CancelTimer(timer="loosen"))


def _accept(turn: Turn, joint: str) -> bool:
    fault = next((f for f in turn.state.faults if f.code == "result.asked_back" and f.subject == joint), None)
    if fault is None or not accept(turn, joint):
        return False
    turn.drop_fault(fault.code, joint)
    return True


def _undo(turn: Turn, step_id: str) -> bool:
    """Take a step and all after it back: their evidence counts no more, and they are to be done again."""
    names = [step.id for step in turn.procedure.steps]
    if step_id not in names or turn.state.progress(step_id).status is StepStatus.PENDING:
        return False
    undone = set(names[names.index(step_id) :])
    joints = {d.joint for s in turn.procedure.steps if s.id in undone for d in s.demands if isinstance(d, Tightening)}
    turn.stop_robot()
    turn.release_tool()
    if turn.state.tool.judging in joints:
        turn.set_tool(judging="", judging_seq=0)
    for name in names[names.index(step_id) :]:
        turn.do(fx.CancelTimer(timer=f"step:{name}"))
        turn.do(fx.CancelTimer(timer=f"missing:{name}"))
    turn.set(
        steps=tuple(StepProgress(id=step.id) if step.id in undone else step for step in turn.state.steps),
        looks=tuple(look for look in turn.state.looks if look.step not in undone),
        tightenings=tuple(
            replace(entry, verdict="undone") if entry.joint in joints and entry.verdict in (*GOOD, "pending") else entry
            for entry in turn.state.tightenings
        ),
        robot=replace(turn.state.robot, announcing="", announced=""),
        overdue=(),
        missing_timer="",
        pass_text="",
    )
    start_pending(turn)
    return True
