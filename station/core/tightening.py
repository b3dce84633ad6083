"""The torque tool's part of `decide`: when it may run, and what a result is worth."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.api import TighteningResult
from station.core import effects as fx
from station.core import facts
from station.core.checks import active_steps, key_of, met_for_good
from station.core.procedure import JointSpec, Step, Tightening
from station.core.state import Evidence, PendingLook, StepStatus, Tightened
from station.core.stepping import begin_look
from station.core.turn import Turn
from vision.api import FactValue

LATE_RESULT_S = 3.0
"""A result this soon after the enable was taken away belongs to the joint that had it, but never counts for it."""
REMEMBERED_RESULTS = 500
"""How many results are known again; the journal's own key knows them all."""
TOOL_SEEN_WITHIN_S = 0.4
"""How much older than its result a frame may be that places the tool at the joint."""


def due_joints(turn: Turn) -> dict[str, Step]:
    """Joints that may be tightened now, with their steps."""
    due: dict[str, Step] = {}
    for step in active_steps(turn.procedure, turn.state):
        if turn.state.progress(step.id).status is StepStatus.OPEN:
            for demand in step.demands:
                if isinstance(demand, Tightening) and not met_for_good(turn.state, step, demand):
                    due[demand.joint] = step
    return due


def steer_tool(turn: Turn) -> None:
    """Enable the tool exactly while its tip is at a joint that is due and nothing holds; else take the enable away."""
    state = turn.state
    at = [joint for joint in due_joints(turn) if state.seen(facts.tool_at(joint)) is FactValue.PRESENT]
    allowed = at[0] if len(at) == 1 and not turn.holding() and not state.tool.judging else ""
    if state.devices.get("tool") is not True:
        allowed = ""
    armed = state.tool.armed_joint
    if armed and armed != allowed:
        left = state.tool.ready and not turn.holding() and state.seen(facts.tool_at(armed)) is FactValue.ABSENT
        turn.release_tool()
        if left:
            turn.raise_fault("tool.away", armed, {"joint": turn.procedure.joint(armed).label})
    if allowed and not turn.state.tool.armed_joint:
        joint = turn.procedure.joint(allowed)
        if joint.pset is None:
            return
        command_id = turn.new_id("c")
        turn.set_tool(armed_joint=allowed, command_id=command_id, ready=False)
        turn.do(fx.EnableTool(command_id=command_id, joint=allowed, pset=joint.pset))


def verdict_of(result: TighteningResult, joint: JointSpec) -> str:
    """`ok`, or the code of what is wrong. Our own windows and the controller's word must both agree that it is good."""
    if result.pset != joint.pset:
        return "result.wrong_pset"
    has_angle = joint.angle_max_deg > 0.0
    if (has_angle and result.angle_deg > joint.angle_max_deg) or result.angle_status == "high":
        return "tightening.angle_high"
    if result.torque_nm < joint.torque_min_nm or result.torque_status == "low":
        return "tightening.torque_low"
    if result.torque_nm > joint.torque_max_nm or result.torque_status == "high":
        return "tightening.torque_high"
    if result.angle_deg < joint.angle_min_deg or result.angle_status == "low":
        return "tightening.angle_low"
    inside = joint.torque_min_nm <= result.torque_nm <= joint.torque_max_nm
    inside = inside and (not has_angle or joint.angle_min_deg <= result.angle_deg <= joint.angle_max_deg)
    # A figure that is no number is outside every window, and neither too low nor too high.
    return "ok" if result.ok and inside else "tightening.not_ok"


def take_result(turn: Turn, result: TighteningResult) -> None:
    """A rundown was reported: acknowledge it (after the commit), and find out what it is worth."""
    key = f"{result.controller_serial}/{result.tightening_id}"
    acknowledge = fx.AcknowledgeTightening(command_id=turn.new_id("c"), tightening_id=result.tightening_id)
    turn.do(acknowledge)
    if key in turn.state.results:
        turn.raise_fault("result.duplicate", key, {"id": str(result.tightening_id)})
        return
    turn.set(results=(*turn.state.results, key)[-REMEMBERED_RESULTS:])
    tool = turn.state.tool
    late = tool.released_joint and turn.now_s - tool.released_s <= LATE_RESULT_S
    # Before the enable is confirmed nothing can have been tightened with it, and soon after another joint had the
    # enable the result may be that one's: neither counts for the joint where the tool is now.
    trusted = tool.ready and not (late and tool.released_joint != tool.armed_joint)
    joint_id = tool.armed_joint if trusted and tool.armed_joint in due_joints(turn) else ""
    if not joint_id:
        code = "tool.elsewhere" if late else "result.unarmed"
        label = turn.procedure.joint(tool.released_joint).label if late else "?"
        _record(turn, result, tool.released_joint if late else "", code)
        turn.release_tool()
        turn.set_tool(released_joint="")
        words = {"joint": label, "id": str(result.tightening_id)}
        if late:
            _bad_attempt(turn, tool.released_joint, code, words)
        else:
            turn.raise_fault(code, key, words)
        return
    joint = turn.procedure.joint(joint_id)
    verdict = verdict_of(result, joint)
    turn.release_tool()
    turn.set_tool(released_joint="")
    if verdict == "ok":
        look_id = turn.new_id("l")
        fact = facts.tool_at(joint_id)
        step = due_joints(turn)[joint_id]
        not_before_s = result.t_mono_s - TOOL_SEEN_WITHIN_S
        look = PendingLook(look_id=look_id, step=step.id, purpose="tool", facts=(fact,), not_before_s=not_before_s)
        begin_look(turn, look)
        turn.set_tool(judging=joint_id, judging_seq=turn.envelope.seq)
        _record(turn, result, joint_id, "pending")
        return
    _record(turn, result, joint_id, verdict)
    words = {
        "joint": joint.label,
        "torque": f"{result.torque_nm:.1f}",
        "angle": f"{result.angle_deg:.0f}",
        "id": str(result.tightening_id),
    }
    _bad_attempt(turn, joint_id, verdict, words)


def judge_with_sight(turn: Turn, placed: bool) -> None:
    """The look that places the tool has answered: the good result counts only when the tool was at its joint."""
    joint_id, seq = turn.state.tool.judging, turn.state.tool.judging_seq
    turn.set_tool(judging="", judging_seq=0)
    if not joint_id:
        return
    step = due_joints(turn).get(joint_id)
    verdict = "ok" if placed and step is not None else "tool.elsewhere"
    turn.set(
        tightenings=tuple(
            _with_verdict(entry, verdict) if entry.seq == seq else entry for entry in turn.state.tightenings
        )
    )
    if not placed or step is None:
        _bad_attempt(turn, joint_id, "tool.elsewhere", {"joint": turn.procedure.joint(joint_id).label})
        return
    progress = turn.state.progress(step.id)
    evidence = Evidence(demand=key_of(Tightening(joint=joint_id)), seq=seq, t_mono_s=turn.now_s)
    turn.set_step(step.id, evidence=(*progress.evidence, evidence))


def _record(turn: Turn, result: TighteningResult, joint_id: str, verdict: str) -> None:
    entry = Tightened(
        joint=joint_id,
        tightening_id=result.tightening_id,
        torque_nm=result.torque_nm,
        angle_deg=result.angle_deg,
        verdict=verdict,
        seq=turn.envelope.seq,
        t_mono_s=result.t_mono_s,
    )
    turn.set(tightenings=(*turn.state.tightenings, entry))


def _with_verdict(entry: Tightened, verdict: str) -> Tightened:
    return Tightened(
        joint=entry.joint,
        tightening_id=entry.tightening_id,
        torque_nm=entry.torque_nm,
        angle_deg=entry.angle_deg,
        verdict=verdict,
        seq=entry.seq,
        t_mono_s=entry.t_mono_s,
    )


def _bad_attempt(turn: Turn, joint_id: str, code: str, words: Mapping[str, str]) -> None:
    """Count a bad attempt on the joint's step and name it. Without tries left a technician comes, or the visit ends."""
    step = next((s for s in active_steps(turn.procedure, turn.state) if Tightening(joint=joint_id) in s.demands), None)
    turn.raise_fault(code, joint_id, words, step=step.id if step else "")
    if step is None:
        return
    progress = turn.set_step(step.id, attempts=turn.state.progress(step.id).attempts + 1)
    if progress.attempts > step.on_fail.retries:
        turn.raise_fault("tightening.too_many", joint_id, words, step=step.id)
        if step.on_fail.then == "end":
            turn.end("failed", f"step {step.id} has failed {progress.attempts} times: {code}")
