"""What a tightening result is worth, and what becomes of the joint."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from drivers.api import ResultsLost, TighteningResult
from station.core import effects as fx
from station.core import facts
from station.core.checks import key_of
from station.core.fitness import may_tighten, tool_serial
from station.core.interlock import due_joints
from station.core.nok import bad_attempt, step_of
from station.core.procedure import JointClass, JointSpec, Tightening
from station.core.state import Evidence, PendingLook, Phase, State, StepStatus, Tightened
from station.core.stepping import begin_look
from station.core.turn import Turn

LATE_RESULT_S = 3.0
"""A result this soon after the enable was taken away belongs to the joint that had it, but never counts for it."""
REMEMBERED_RESULTS = 500
"""How many results are known again; the journal's own key knows them all."""
TOOL_SEEN_WITHIN_S = 0.4
"""How much older than its result a frame may be that places the tool at the joint."""
ASKED_BACK = "asked_back"
"""Verdict of a good result that nobody saw: a technician may accept it."""
GOOD = ("ok", "accepted")
"""Verdicts that count."""


def verdict_of(result: TighteningResult, joint: JointSpec, identified: str = "") -> str:
    """`ok`, or the code of what is wrong. Our own windows and the controller's word must both agree that it is good.

    `identified` is the work that the controller was told; a result that names other work is none of ours.
    """
    if result.pset != joint.pset:
        return "result.wrong_pset"
    if other_work(result, joint, identified):
        return "result.other_work"
    if "rehit" in result.error_bits:
        return "tightening.already_tight"
    has_angle = joint.angle_max_deg > 0.0
    if (has_angle and result.angle_deg > joint.angle_max_deg) or result.angle_status == "high":
        return "tightening.angle_high"
    if result.torque_nm < joint.torque_min_nm or result.torque_status == "low":
        return "tightening.torque_low"
    if result.torque_nm > joint.torque_max_nm or result.torque_status == "high":
        return "tightening.torque_high"
    if has_angle and result.angle_deg < joint.angle_min_deg / 2:
        # Full torque with no thread left to run: it was tight before this rundown.
        return "tightening.already_tight"
    if result.angle_deg < joint.angle_min_deg or result.angle_status == "low":
        return "tightening.angle_low"
    inside = joint.torque_min_nm <= result.torque_nm <= joint.torque_max_nm
    inside = inside and (not has_angle or joint.angle_min_deg <= result.angle_deg <= joint.angle_max_deg)
    # A figure that is no number is outside every window, and neither too low nor too high.
    return "ok" if result.ok and inside else "tightening.not_ok"


def other_work(result: TighteningResult, joint: JointSpec, identified: str) -> str:
    """What the result says of the work that contradicts ours: `job`, `batch`, `vin`; empty where nothing does."""
    if joint.job is not None and result.job not in (None, joint.job):
        return "job"
    if joint.batch_size is not None and result.batch_size not in (0, joint.batch_size):
        return "batch"
    return "vin" if identified and result.vin and result.vin != identified else ""


def take_result(turn: Turn, result: TighteningResult) -> None:
    """A rundown was reported: acknowledge it (after the commit), and find out what it is worth."""
    key = f"{result.controller_serial}/{result.tightening_id}"
    turn.do(fx.AcknowledgeTightening(command_id=turn.new_id("c"), tightening_id=result.tightening_id))
    if key in turn.state.results:
        turn.raise_fault("result.duplicate", key, {"id": str(result.tightening_id)})
        return
    turn.set(results=(*turn.state.results, key)[-REMEMBERED_RESULTS:])
    if turn.state.tool.verifying:
        # It is acknowledged and on record like any, and judged by nobody here.
        return
    before = _used(turn, result)
    if result.result_type == "loosening":
        _loosened(turn, result)
        return
    tool = turn.state.tool
    if tool.cut_joint in _open_joints(turn) and (result.asked_back or not tool.armed_joint):
        _after_a_cut(turn, result, before)
        return
    late = tool.released_joint and not result.asked_back and turn.now_s - tool.released_s <= LATE_RESULT_S
    # Before the enable is confirmed nothing can have been tightened with it, and soon after another joint had the
    # enable the result may be that one's: neither counts for the joint where the tool is now. Nor does what was asked
    # back: it was measured before the enable.
    trusted = tool.ready and not (late and tool.released_joint != tool.armed_joint)
    trusted = trusted and not tool.loosening and not result.asked_back and result.result_type == "tightening"
    due = due_joints(turn.procedure, turn.state)
    joint_id = tool.armed_joint if trusted and tool.armed_joint in due else ""
    if not joint_id:
        _unarmed(turn, result, key, tool.released_joint if late else "")
        return
    joint = turn.procedure.joint(joint_id)
    verdict = _trusted(verdict_of(result, joint, turn.state.identified), before, joint_id)
    turn.release_tool()
    turn.set_tool(released_joint="", cut_joint="")
    if verdict == "ok":
        fact = facts.tool_at(joint_id)
        look = PendingLook(
            look_id=turn.new_id("l"),
            step=due[joint_id].id,
            purpose="tool",
            facts=(fact,),
            not_before_s=result.t_mono_s - TOOL_SEEN_WITHIN_S,
        )
        begin_look(turn, look)
        turn.set_tool(judging=joint_id, judging_seq=turn.envelope.seq)
        _record(turn, result, joint_id, "pending")
        return
    _record(turn, result, joint_id, verdict)
    bad_attempt(turn, joint_id, verdict, words_of(result, joint, turn.state.identified))


def words_of(result: TighteningResult, joint: JointSpec, identified: str) -> dict[str, str]:
    """What the sentences about a result need."""
    words = {
        "joint": joint.label,
        "torque": f"{result.torque_nm:.1f}",
        "angle": f"{result.angle_deg:.0f}",
        "id": str(result.tightening_id),
    }
    other = other_work(result, joint, identified)
    if result.pset == joint.pset and other:
        found = {"job": str(result.job), "batch": str(result.batch_size), "vin": result.vin}
        wanted = {"job": str(joint.job), "batch": str(joint.batch_size), "vin": identified}
        words |= {"what": other, "found": found[other], "wanted": wanted[other]}
    return words


def judge_with_sight(turn: Turn, placed: bool) -> None:
    """The look that places the tool has answered: the good result counts only when the tool was at its joint."""
    joint_id, seq = turn.state.tool.judging, turn.state.tool.judging_seq
    turn.set_tool(judging="", judging_seq=0)
    if not joint_id:
        return
    step = due_joints(turn.procedure, turn.state).get(joint_id)
    verdict = "ok" if placed and step is not None else "tool.elsewhere"
    set_verdict(turn, seq, verdict)
    if not placed or step is None:
        bad_attempt(turn, joint_id, "tool.elsewhere", {"joint": turn.procedure.joint(joint_id).label})
        return
    count(turn, joint_id, step.id, seq)


def count(turn: Turn, joint_id: str, step_id: str, seq: int) -> None:
    """The result of row `seq` is the evidence for the joint."""
    evidence = Evidence(demand=key_of(Tightening(joint=joint_id)), seq=seq, t_mono_s=turn.now_s)
    turn.set_step(step_id, evidence=(*turn.state.progress(step_id).evidence, evidence))


def set_verdict(turn: Turn, seq: int, verdict: str) -> None:
    """Give the result of row `seq` another verdict."""
    turn.set(
        tightenings=tuple(
            replace(entry, verdict=verdict) if entry.seq == seq else entry for entry in turn.state.tightenings
        )
    )


def accept(turn: Turn, joint_id: str) -> bool:
    """A technician counts the good result that was asked back. False when there is none, or the joint is class A."""
    entry = next((e for e in reversed(turn.state.tightenings) if e.joint == joint_id), None)
    step = step_of(turn, joint_id)
    if entry is None or entry.verdict != ASKED_BACK or step is None:
        return False
    if turn.procedure.joint(joint_id).joint_class is JointClass.A or not may_tighten(turn.state, joint_id):
        return False
    set_verdict(turn, entry.seq, "accepted")
    count(turn, joint_id, step.id, entry.seq)
    return True


def take_lost(turn: Turn, lost: ResultsLost) -> None:
    """The controller has counted rundowns that it cannot tell any more: nobody knows what they were.

    It may wait with the last of them, which could not be read: what is on disk as lost is acknowledged too. The next
    result is not the first one after a cut any more, so it belongs to no joint.
    """
    turn.do(fx.AcknowledgeTightening(command_id=turn.new_id("c"), tightening_id=lost.last_id))
    subject = f"{lost.controller_serial}/{lost.first_id}-{lost.last_id}"
    cut = turn.state.tool.cut_joint
    words = {
        "first": str(lost.first_id),
        "last": str(lost.last_id),
        "joint": turn.procedure.joint(cut).label if cut else "?",
    }
    turn.set(lost=(*turn.state.lost, subject))
    turn.release_tool()
    turn.set_tool(cut_joint="")
    turn.raise_fault("result.lost", subject, words, step=_step_id(turn, cut))


def doubt_unseen(turn: Turn) -> None:
    """After a restart: a good result that no look has placed yet is as if it had been asked back."""
    for entry in turn.state.tightenings:
        if entry.verdict == "pending":
            set_verdict(turn, entry.seq, ASKED_BACK)
            if turn.state.phase is Phase.RUNNING:
                _ask_technician(turn, entry.joint, _entry_words(turn, entry))


def _loosened(turn: Turn, result: TighteningResult) -> None:
    """The tool ran backwards: with leave, at the joint that had it; else a joint is loose that nobody names."""
    tool = turn.state.tool
    joint_id = tool.armed_joint if tool.loosening and tool.ready else ""
    turn.release_tool()
    if joint_id:
        turn.set_tool(may_loosen="", released_joint="")
        turn.do(fx.CancelTimer(timer="loosen"))
        _record(turn, result, joint_id, "loosened")
        return
    _record(turn, result, "", "result.loosened")
    turn.raise_fault("result.loosened", f"{result.tightening_id}", {"id": str(result.tightening_id)})


def _used(turn: Turn, result: TighteningResult) -> State:
    """Count a rundown against the verification, and note another tool. Returns the state that this rundown is worth."""
    if result.tool_serial and result.tool_serial != tool_serial(turn.state):
        turn.set_tool(serial=result.tool_serial)
    before, known = turn.state, turn.state.verification
    if known is not None and known.rundowns_left is not None:
        turn.set(verification=replace(known, rundowns_left=known.rundowns_left - 1))
    return before


def _trusted(verdict: str, before: State, joint_id: str) -> str:
    """A good result of a tool that is not fit for the joint is none."""
    return "result.unverified" if verdict == "ok" and not may_tighten(before, joint_id) else verdict


def _after_a_cut(turn: Turn, result: TighteningResult, before: State) -> None:
    """The first result after the line was cut belongs to the joint that had the enable, but nobody saw it."""
    joint_id = turn.state.tool.cut_joint
    joint = turn.procedure.joint(joint_id)
    turn.set_tool(cut_joint="")
    verdict = _trusted(verdict_of(result, joint, turn.state.identified), before, joint_id)
    words = words_of(result, joint, turn.state.identified)
    if verdict != "ok" or result.result_type != "tightening":
        verdict = verdict if verdict != "ok" else "tightening.not_ok"
        _record(turn, result, joint_id, verdict)
        bad_attempt(turn, joint_id, verdict, words)
        return
    _record(turn, result, joint_id, ASKED_BACK)
    _ask_technician(turn, joint_id, words)


def _ask_technician(turn: Turn, joint_id: str, words: Mapping[str, str]) -> None:
    turn.raise_fault("result.asked_back", joint_id, words, step=_step_id(turn, joint_id))


def _unarmed(turn: Turn, result: TighteningResult, key: str, late_joint: str) -> None:
    """Nobody has released a joint for this result; or its joint has just lost the enable."""
    code = "tool.elsewhere" if late_joint else "result.unarmed"
    _record(turn, result, late_joint, code)
    turn.release_tool()
    turn.set_tool(released_joint="")
    if late_joint:
        words = {"joint": turn.procedure.joint(late_joint).label, "id": str(result.tightening_id)}
        bad_attempt(turn, late_joint, code, words)
    else:
        turn.raise_fault(code, key, {"joint": "?", "id": str(result.tightening_id)})


def _open_joints(turn: Turn) -> set[str]:
    """Joints whose tightening is under way or still to come."""
    return {
        demand.joint
        for step in (turn.procedure.steps if turn.state.phase is Phase.RUNNING else ())
        for demand in step.demands
        if isinstance(demand, Tightening) and turn.state.progress(step.id).status is not StepStatus.PASSED
    }


def _step_id(turn: Turn, joint_id: str) -> str:
    step = step_of(turn, joint_id)
    return step.id if step is not None else ""


def _entry_words(turn: Turn, entry: Tightened) -> dict[str, str]:
    return {
        "joint": turn.procedure.joint(entry.joint).label,
        "torque": f"{entry.torque_nm:.1f}",
        "angle": f"{entry.angle_deg:.0f}",
        "id": str(entry.tightening_id),
    }


def _record(turn: Turn, result: TighteningResult, joint_id: str, verdict: str) -> None:
    entry = Tightened(
        joint=joint_id,
        tightening_id=result.tightening_id,
        torque_nm=result.torque_nm,
        angle_deg=result.angle_deg,
        verdict=verdict,
        seq=turn.envelope.seq,
        t_mono_s=result.t_mono_s,
        key=f"{result.controller_serial}/{result.tightening_id}",
    )
    turn.set(tightenings=(*turn.state.tightenings, entry))
