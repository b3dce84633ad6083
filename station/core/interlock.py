"""When the torque tool may run: socket or bit first, then position, then the enable; never where it is not fit.

Losing socket or position takes the enable away at once, or after the joint's grace time; anything that contradicts the
joint (another joint, another socket), that holds the work or that is not connected takes it away without any grace.
"""

from __future__ import annotations

from dataclasses import dataclass

from station.core import effects as fx
from station.core import facts
from station.core.checks import active_steps, met_for_good
from station.core.faults import ClearBy
from station.core.fitness import may_tighten
from station.core.procedure import PositionMode, Procedure, Step, Tightening
from station.core.state import State, StepStatus
from station.core.turn import Turn
from vision.api import FactValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Interlock:
    """The conditions of the joint that is due, in their order, and the first that is missing."""

    joint: str
    socket: str
    """Socket that the joint asks for; empty = any."""
    socket_there: bool
    position_there: bool
    enabled: bool

    @property
    def missing(self) -> str:
        """`socket`, `position`, `enable`, or empty when the trigger does something."""
        if not self.socket_there:
            return "socket"
        if not self.position_there:
            return "position"
        return "" if self.enabled else "enable"


def due_joints(procedure: Procedure, state: State) -> dict[str, Step]:
    """Joints that may be tightened now, with their steps."""
    due: dict[str, Step] = {}
    for step in active_steps(procedure, state):
        if state.progress(step.id).status is StepStatus.OPEN:
            for demand in step.demands:
                if isinstance(demand, Tightening) and not met_for_good(state, step, demand):
                    due[demand.joint] = step
    return due


def interlock_of(procedure: Procedure, state: State) -> Interlock | None:
    """The interlock as it stands; None while no joint is due."""
    due = due_joints(procedure, state)
    if not due:
        return None
    here = _placed(procedure, state, due)
    joint = here[0] if len(here) == 1 else next(iter(due))
    wanted = procedure.joint(joint).socket
    return Interlock(
        joint=joint,
        socket=wanted or "",
        socket_there=_has_socket(state, wanted),
        position_there=len(here) == 1,
        enabled=state.tool.armed_joint == joint and state.tool.ready,
    )


def steer_tool(turn: Turn) -> None:
    """Enable the tool exactly while its conditions are met and nothing holds; else take the enable away."""
    joint, loosening = _allowed(turn)
    tool = turn.state.tool
    armed = tool.armed_joint
    if armed and (armed, tool.loosening) != (joint, loosening):
        if _in_grace(turn, armed):
            return
        left = tool.ready and not turn.holding() and turn.state.seen(facts.tool_at(armed)) is FactValue.ABSENT
        turn.release_tool()
        if left and not tool.loosening:
            turn.raise_fault("tool.away", armed, {"joint": turn.procedure.joint(armed).label})
    elif tool.grace_joint:
        turn.end_grace()
    if joint and not turn.state.tool.armed_joint:
        _enable(turn, joint, loosening)
    _tell_socket(turn)


def _allowed(turn: Turn) -> tuple[str, bool]:
    """Joint at which the tool may run now (empty = none), and whether backwards."""
    joint, backwards = _wanted(turn)
    return (joint, backwards) if joint and may_tighten(turn.state, joint) else ("", False)


def _wanted(turn: Turn) -> tuple[str, bool]:
    """The same, as if the tool were fit for every joint."""
    state, procedure = turn.state, turn.procedure
    if state.devices.get("tool") is not True or state.tool.judging or state.paused:
        return "", False
    backwards = state.tool.may_loosen
    if backwards and _held_for(state, backwards):
        spec = procedure.joint(backwards)
        there = state.seen(facts.tool_at(backwards)) is FactValue.PRESENT
        return (backwards, True) if there and _has_socket(state, spec.socket) else ("", False)
    if turn.holding():
        return "", False
    lock = interlock_of(procedure, state)
    return (lock.joint, False) if lock is not None and lock.socket_there and lock.position_there else ("", False)


def _held_for(state: State, joint: str) -> bool:
    """Whether all that holds is a technician's, and about this joint: then it may be loosened."""
    holding = [fault for fault in state.faults if fault.holds]
    return bool(holding) and all(f.kind.clear_by is ClearBy.TECHNICIAN and f.subject == joint for f in holding)


def _placed(procedure: Procedure, state: State, due: dict[str, Step]) -> list[str]:
    """Due joints where the tool is seen, and those that ask for no place before the fact."""
    return [
        joint
        for joint, step in due.items()
        if procedure.position_mode(step) is PositionMode.CONFIRM
        or state.seen(facts.tool_at(joint)) is FactValue.PRESENT
    ]


def _has_socket(state: State, wanted: str | None) -> bool:
    return wanted is None or state.socket == wanted


def _in_grace(turn: Turn, armed: str) -> bool:
    """Whether the armed joint may have lost its socket or place for a moment. Starts the grace where it begins."""
    state, spec = turn.state, turn.procedure.joint(armed)
    tool = state.tool
    if spec.grace_s <= 0 or not tool.ready or tool.loosening or tool.grace_over or tool.judging or turn.holding():
        return False
    if state.devices.get("tool") is not True or armed not in due_joints(turn.procedure, state):
        return False
    if spec.socket is not None and state.socket not in (None, "", spec.socket):
        return False
    others = (joint.id for joint in turn.procedure.joints if joint.id != armed)
    if any(state.seen(facts.tool_at(other)) is FactValue.PRESENT for other in others):
        return False
    if not tool.grace_joint:
        turn.set_tool(grace_joint=armed)
        turn.do(fx.SetTimer(timer=f"grace:{armed}", after_s=spec.grace_s))
    return True


def _enable(turn: Turn, joint: str, loosening: bool) -> None:
    spec = turn.procedure.joint(joint)
    if spec.pset is None:
        return
    command_id = turn.new_id("c")
    turn.set_tool(armed_joint=joint, command_id=command_id, ready=False, loosening=loosening)
    batch_size = None if loosening else spec.batch_size
    turn.do(fx.EnableTool(command_id=command_id, joint=joint, pset=spec.pset, job=spec.job, batch_size=batch_size))


def _tell_socket(turn: Turn) -> None:
    """Say once that the socket is missing, each time that it is."""
    lock = interlock_of(turn.procedure, turn.state)
    missing = lock is not None and lock.missing == "socket" and not turn.holding()
    told = f"socket:{lock.joint}" if lock is not None and missing else ""
    if told == turn.state.tool.told:
        return
    turn.set_tool(told=told)
    if told and lock is not None:
        turn.say("tool.socket", {"socket": lock.socket, "joint": turn.procedure.joint(lock.joint).label}, "correction")
