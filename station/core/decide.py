"""The one function that makes every decision: `decide(procedure, state, envelope) -> (state, effects)`. Pure.

Order of a turn: take in what happened; find what is wrong now; hold robot and tool; only then let steps advance.
"""

from __future__ import annotations

from dataclasses import replace
from typing import assert_never

from drivers.api import (
    ArchiveSeen,
    CommandDone,
    CommandFailed,
    Connected,
    DeviceHealth,
    Disconnected,
    ResultsLost,
    TighteningResult,
    TighteningTrace,
)
from station.core import devices, facts
from station.core import effects as fx
from station.core import events as ev
from station.core.checks import (
    active_steps,
    conditions,
    key_of,
    lasting,
    may_be_confirmed,
    met_for_good,
    seen_as,
)
from station.core.faults import FAULTS, ClearBy
from station.core.interlock import steer_tool
from station.core.motion import carry_on_gestures, guard_robot, take_separation
from station.core.procedure import Confirmation, PartAt, PartTaken, PassShown, Procedure
from station.core.rights import acknowledge, end_leave, ranks_below, use_right
from station.core.service import SERVICE, start_tried, take_ask
from station.core.state import (
    UNSEEN,
    Evidence,
    Phase,
    RobotState,
    Seen,
    Separation,
    State,
    StepProgress,
    StepStatus,
    ToolState,
)
from station.core.stepping import (
    advance,
    answered,
    ask,
    missing_fasteners,
    reenter,
    says,
    start_pending,
)
from station.core.tightening import doubt_unseen, judge_with_sight, take_lost, take_result
from station.core.turn import Turn
from station.core.verifying import TIMER as VERIFY
from station.core.verifying import end_verifying
from vision.api import CameraHealth, FactChanged, FactValue, LookReport


def decide(procedure: Procedure, state: State, envelope: ev.Envelope) -> tuple[State, tuple[fx.Effect, ...]]:
    """What is known after the event, and what is to be done now, in order."""
    turn = Turn(procedure, state, envelope)
    _take(turn, envelope.event)
    if turn.state.phase is Phase.RUNNING:
        _settle(turn)
    else:
        guard_robot(turn)
        turn.release_tool()
    # Words last: nothing that stops or disables waits for them.
    return turn.state, tuple(sorted(turn.effects, key=lambda effect: isinstance(effect, fx.Say)))


def _take(turn: Turn, event: ev.Event) -> None:
    match event:
        case FactChanged():
            _fact(turn, event)
        case LookReport():
            _look(turn, event)
        case CameraHealth():
            bad = {name: code for name, code in turn.state.bad_cameras.items() if name != event.camera}
            turn.set(bad_cameras=bad if event.good else {**bad, event.camera: event.code})
        case Connected():
            devices.connected(turn, event)
        case Disconnected():
            devices.gone(turn, event)
        case CommandDone():
            devices.done(turn, event)
        case CommandFailed():
            devices.failed(turn, event)
        case DeviceHealth():
            devices.health(turn, event)
        case TighteningResult():
            take_result(turn, event)
        case ResultsLost():
            take_lost(turn, event)
        case ArchiveSeen() | ev.MotionPlanned() | ev.GestureTaught() | ev.ZonesDrawn() | ev.BenchSaidEmpty():
            pass
        case ev.SeparationChanged():
            take_separation(turn, event)
        case ev.ServiceAsked():
            take_ask(turn, event.ask, event.role)
        case TighteningTrace():
            key = f"{event.controller_serial}/{event.tightening_id}"
            turn.set(traces={**turn.state.traces, key: turn.envelope.seq})
        case ev.SocketSeen():
            turn.set(socket=event.socket)
        case ev.TimerFired():
            _timer(turn, event.timer)
        case ev.PassChecked():
            _pass_checked(turn, event)
        case ev.StationRestarted():
            _restarted(turn, event)
        case ev.ToolVerified():
            turn.set(verification=event.verification)
        case _:
            _person(turn, event)


def _person(
    turn: Turn,
    event: (
        ev.VisitOpened
        | ev.LanguageChosen
        | ev.ReachChosen
        | ev.PersonConfirmed
        | ev.FaultAcknowledged
        | ev.RightUsed
        | ev.PauseRequested
        | ev.ResumeRequested
        | ev.HelpRequested
        | ev.HelpAnswered
        | ev.VisitAbandoned
    ),
) -> None:
    match event:
        case ev.VisitOpened():
            if turn.state.phase is not Phase.RUNNING:
                _opened(turn, event)
        case ev.LanguageChosen():
            turn.set(language=event.language)
            step = next((s for s in active_steps(turn.procedure, turn.state)), None)
            if step is not None:
                turn.say_step(step)
        case ev.ReachChosen():
            turn.set(reach=event.reach)
        case ev.PersonConfirmed():
            _confirmed(turn, event)
        case ev.FaultAcknowledged():
            held = turn.holding()
            acknowledge(turn, event)
            if held and not turn.holding():
                _say_again(turn)
        case ev.RightUsed():
            use_right(turn, event)
        case ev.PauseRequested():
            turn.set(paused=True)
        case ev.ResumeRequested():
            turn.set(paused=False)
        case ev.HelpRequested():
            if not turn.state.help_called:
                turn.set(help_called=True)
                turn.raise_fault("help.called", "visitor")
        case ev.HelpAnswered():
            turn.set(help_called=False)
            turn.drop_fault("help.called")
        case ev.VisitAbandoned():
            if turn.state.phase is Phase.RUNNING:
                turn.end("abandoned", event.reason)
        case _:
            assert_never(event)


def _opened(turn: Turn, event: ev.VisitOpened) -> None:
    """Begin with nothing of the last visit but what is true of the bench, and the results that were seen before."""
    turn.stop_robot()
    end_verifying(turn)
    before = turn.state
    turn.state = State(
        phase=Phase.RUNNING,
        visit_id=event.visit_id,
        language=event.language,
        steps=tuple(StepProgress(id=step.id) for step in turn.procedure.steps),
        facts=before.facts,
        bad_cameras=before.bad_cameras,
        devices=before.devices,
        identities=before.identities,
        results=before.results,
        robot=replace(before.robot, announcing="", announced=""),
        separation=before.separation,
        socket=before.socket,
        verification=event.verification,
        by_unit=event.by_unit,
        tool=ToolState(serial=before.tool.serial),
        health=before.health,
        # An arm that does not stop is as dangerous in the next visit.
        faults=tuple(replace(fault, step="") for fault in before.faults if fault.code == "robot.failed"),
        counter=before.counter,
        last_disturbance_s=before.last_disturbance_s,
    )
    if before.devices.get("cobot") is False and turn.procedure.needs_cobot():
        turn.raise_fault("cobot.unplugged", "cobot")
    stop = next((note for note in before.health if note.device == "cobot" and note.stops), None)
    if stop is not None and turn.procedure.needs_cobot():
        turn.raise_fault("robot.stopped", stop.code, {"detail": stop.detail})
    start_pending(turn)


def _settle(turn: Turn) -> None:
    _renew_conditions(turn)
    guard_robot(turn)
    if turn.holding():
        steer_tool(turn)
        if not turn.motion_held():
            carry_on_gestures(turn)
        return
    before = None
    while before is not turn.state and turn.state.phase is Phase.RUNNING:
        before = turn.state
        start_pending(turn)
        steer_tool(turn)
        advance(turn)


def _renew_conditions(turn: Turn) -> None:
    """Drop faults that mend themselves and are mended; raise what stands now."""
    if turn.state.reverify and seen_as(turn.state, _doubts(turn)) and not _asked(turn, "restart"):
        ask(turn, "", "restart", tuple(_doubts(turn)))
    turn.set(overdue=tuple(f for f in turn.state.overdue if turn.state.seen(f) is not FactValue.PRESENT))
    standing = {(code, subject): words for code, subject, words in conditions(turn.procedure, turn.state)}
    held = turn.holding()
    kept = tuple(
        fault
        for fault in turn.state.faults
        if fault.kind.clear_by is not ClearBy.ITSELF or (fault.code, fault.subject) in standing
    )
    if len(kept) != len(turn.state.faults):
        turn.set(faults=kept)
    for (code, subject), words in standing.items():
        turn.raise_fault(code, subject, words)
    if held and not turn.holding():
        _say_again(turn)


def _say_again(turn: Turn) -> None:
    step = next(iter(active_steps(turn.procedure, turn.state)), None)
    if step is not None and turn.state.progress(step.id).status is not StepStatus.ENTERING:
        turn.say_step(step)


def _fact(turn: Turn, event: FactChanged) -> None:
    reading = event.reading
    seen = Seen(value=reading.value, t_mono_s=reading.t_mono_s, text=reading.text)
    turn.set(facts={**turn.state.facts, reading.fact: seen})
    if reading.fact == facts.CODE and reading.value is not FactValue.PRESENT:
        turn.set(pass_text="")
    zones = {facts.hands_in(turn.procedure.work_zone), facts.hands_in(turn.procedure.cobot_zone or "")}
    if reading.fact in zones and reading.value is not FactValue.ABSENT:
        turn.set(last_disturbance_s=max(turn.state.last_disturbance_s, reading.t_mono_s))


def _asked(turn: Turn, purpose: str) -> bool:
    return any(look.purpose == purpose for look in turn.state.looks)


def _doubts(turn: Turn) -> dict[str, FactValue]:
    wanted = lasting(turn.procedure, turn.state)
    return {fact: wanted[fact] for fact in turn.state.reverify if fact in wanted}


def _look(turn: Turn, report: LookReport) -> None:
    look = next((look for look in turn.state.looks if look.look_id == report.look_id), None)
    if look is None:
        return
    turn.set(looks=tuple(other for other in turn.state.looks if other is not look))
    if look.purpose == "tool":
        judge_with_sight(turn, says(look, report, dict.fromkeys(look.facts, FactValue.PRESENT)))
    elif look.purpose == "restart":
        if says(look, report, _doubts(turn), turn.state.last_disturbance_s):
            turn.set(reverify=())
    else:
        answered(turn, look, report)


def _timer(turn: Turn, timer: str) -> None:
    kind, _, name = timer.partition(":")
    if kind == "announce" and turn.state.robot.announcing.startswith(SERVICE):
        start_tried(turn)
    elif kind == "announce":
        turn.set_robot(announced=turn.state.robot.announcing, announcing="")
    elif kind == "grace" and turn.state.tool.grace_joint == name:
        turn.set_tool(grace_over=True)
    elif kind == "loosen":
        end_leave(turn)
    elif timer == VERIFY:
        end_verifying(turn)
    elif kind == "notice" and name in FAULTS and FAULTS[name].clear_by is ClearBy.TIME:
        turn.drop_fault(name)
    elif kind == "step" and any(s.id == name for s in active_steps(turn.procedure, turn.state)):
        turn.raise_fault("step.timeout", name)
        turn.do(fx.SetTimer(timer=timer, after_s=turn.procedure.step(name).timeout_s))
    elif kind == "missing" and turn.state.phase is Phase.RUNNING:
        turn.set(missing_timer="")
        step = next((s for s in active_steps(turn.procedure, turn.state) if s.id == name), None)
        hands = turn.state.seen(facts.hands_in(turn.procedure.work_zone))
        if step is not None and hands is FactValue.ABSENT:
            turn.set(overdue=missing_fasteners(turn, step))


def _pass_checked(turn: Turn, event: ev.PassChecked) -> None:
    if not event.text or event.text != turn.state.pass_text:
        return
    for step in active_steps(turn.procedure, turn.state):
        demand = next((d for d in step.demands if isinstance(d, PassShown)), None)
        if demand is None or turn.state.progress(step.id).status is not StepStatus.OPEN:
            continue
        if met_for_good(turn.state, step, demand):
            continue
        order = event.order
        roles = {d.role for s in turn.procedure.steps for d in s.demands if isinstance(d, PartAt | PartTaken)}
        suited = order is not None and all(
            any(part.variant == order.choices.get(role) for part in turn.procedure.variants(role)) for role in roles
        )
        if not suited:
            turn.raise_fault("pass.unknown", "pass", {"text": event.text[:40]})
            continue
        turn.set(order=order)
        progress = turn.state.progress(step.id)
        evidence = Evidence(demand=key_of(demand), seq=turn.envelope.seq, t_mono_s=turn.now_s)
        turn.set_step(step.id, evidence=(*progress.evidence, evidence))
        devices.identify(turn)


def _confirmed(turn: Turn, event: ev.PersonConfirmed) -> None:
    for step in active_steps(turn.procedure, turn.state):
        progress = turn.state.progress(step.id)
        if step.id != event.step or progress.status is not StepStatus.OPEN or turn.holding():
            continue
        for demand in step.demands:
            if not isinstance(demand, Confirmation) or demand.what != event.what or ranks_below(event.role, demand.by):
                continue
            if not may_be_confirmed(turn.state, step, demand):
                continue
            evidence = Evidence(demand=key_of(demand), seq=turn.envelope.seq, t_mono_s=turn.now_s)
            turn.set_step(step.id, evidence=(*progress.evidence, evidence))
            entry = f"{event.step}/{event.what}/{event.role}/{event.person}"
            turn.set(confirmations=(*turn.state.confirmations, entry))


def _restarted(turn: Turn, event: ev.StationRestarted) -> None:
    """Keep what people and the tool have given; doubt everything that was seen."""
    steps = tuple(reenter(progress, turn.procedure.step(progress.id)) for progress in turn.state.steps)
    kept = tuple(fault for fault in turn.state.faults if fault.kind.clear_by in (ClearBy.VISITOR, ClearBy.TECHNICIAN))
    tool = turn.state.tool
    cut = tool.armed_joint if tool.armed_joint and not tool.loosening else tool.cut_joint
    turn.set(
        steps=steps,
        facts={},
        bad_cameras={},
        devices={},
        health=(),
        socket=None,
        identified="",
        identify_id="",
        robot=RobotState(),
        # What the supervisor said is as old as what was seen.
        separation=Separation() if turn.state.separation.level == "off" else UNSEEN,
        tool=ToolState(cut_joint=cut),
        verification=event.verification,
        looks=(),
        faults=kept,
        overdue=(),
        missing_timer="",
        pass_text="",
        last_disturbance_s=turn.now_s,
        reverify=tuple(lasting(turn.procedure, turn.state)),
    )
    doubt_unseen(turn)
    if turn.state.phase is Phase.RUNNING:
        turn.raise_fault("restart.resumed", "station")
        for step in active_steps(turn.procedure, turn.state):
            turn.do(fx.SetTimer(timer=f"step:{step.id}", after_s=step.timeout_s))
