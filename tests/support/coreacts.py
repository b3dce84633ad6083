"""Everything that can befall the core, sense and nonsense, each one act on a bench; `draw` chooses the particulars."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from support.corebench import CoreBench, opened, rundown
from support.coreworld import ORDER, OTHER_ORDER

from drivers.api import CommandDone, CommandFailed, Connected, DeviceHealth, Disconnected, Outcome, ResultsLost
from station.core import events as ev
from station.core.faults import FAULTS
from station.core.procedure import Confirmation, Right, Role
from station.core.service_asks import Ask, Grip, GuideByHand, Jog, JogFrame, LetGo, MakeReady, SwitchOff, TryGesture
from vision.api import CameraHealth, FactChanged, FactReading, FactValue, LookReport

Draw = Callable[[st.SearchStrategy[Any]], Any]
Act = Callable[[CoreBench, Draw], None]

AGES_S = st.sampled_from((0.0, 0.0, 0.05, 0.3, 1.0, 5.0))
WAITS_S = st.sampled_from((0.1, 0.0, 0.05, 1.0, 4.0))
NOT_A_NUMBER = float("nan")
FLAWS = st.sampled_from(
    (
        {"torque_nm": 8.0},
        {"torque_nm": 10.0},
        {"torque_nm": NOT_A_NUMBER},
        {"torque_nm": float("inf")},
        {"angle_deg": 19.0},
        {"angle_deg": 111.0},
        {"angle_deg": NOT_A_NUMBER},
        {"torque_status": "low"},
        {"torque_status": "high"},
        {"angle_status": "low"},
        {"angle_status": "high"},
        {"ok": False},
        {"pset": 2},
        {"pset": 7},
        {"result_type": "loosening"},
        {"result_type": "batch increment"},
        {"asked_back": True},
        {"asked_back": True},
        {"error_bits": ("rehit",)},
        {"vin": "ANOTHER"},
    )
)
SPARE_FACTS = ("code", "part:?", "nonsense", "hands:door", "hands:cobot")


def edge(bench: CoreBench, draw: Draw) -> None:
    """Any fact gets any value, from a frame of any age."""
    names = [f"{kind}:{joint.id}" for joint in bench.procedure.joints for kind in ("fastener", "tool")]
    for part in bench.procedure.parts:
        names += [f"part:{part.id}@{part.tray}", f"part:{part.id}@door", f"part:{part.id}~door"]
    fact = draw(st.sampled_from((*names, *SPARE_FACTS)))
    text = draw(st.sampled_from(("", "PASS-1", "PASS-2"))) if fact == "code" else ""
    value = draw(st.sampled_from(FactValue))
    bench.truth[fact] = value
    reading = FactReading(fact=fact, value=value, t_mono_s=bench.now_s - draw(AGES_S), text=text)
    bench.feed(FactChanged(reading=reading), draw(WAITS_S))


def tool_at_any_joint(bench: CoreBench, draw: Draw) -> None:
    """The tool goes from where it is to any joint, and its enable may be confirmed."""
    joints = [joint.id for joint in bench.procedure.joints]
    there = draw(st.sampled_from(joints))
    for joint in joints:
        if joint != there:
            bench.see(f"tool:{joint}", FactValue.ABSENT)
    bench.see(f"tool:{there}", FactValue.PRESENT)
    if bench.state.tool.armed_joint and draw(st.booleans()):
        bench.done(bench.state.tool.command_id, "tool")


def answered_look(bench: CoreBench, draw: Draw) -> None:
    """An open look is answered: truly or not, with fresh frames or old ones, wholly or not, once or twice."""
    if not bench.state.looks:
        return
    look = draw(st.sampled_from(bench.state.looks))
    truly, age_s = draw(st.booleans()), draw(AGES_S)
    readings = [
        FactReading(
            fact=fact,
            value=bench.truth.get(fact, FactValue.UNKNOWN) if truly else draw(st.sampled_from(FactValue)),
            t_mono_s=bench.now_s + 0.1 - age_s,
        )
        for fact in look.facts
    ]
    if readings and draw(st.integers(0, 9)) == 0:
        readings.pop()
    report = LookReport(look_id=look.look_id, readings=tuple(readings), t_mono_s=bench.now_s + 0.1)
    bench.feed(report)
    if draw(st.integers(0, 4)) == 0:
        bench.feed(report)


def unasked_look(bench: CoreBench, draw: Draw) -> None:
    """A report that nobody asked for, or that was answered before, says that all is well."""
    look_id = draw(st.sampled_from(("", "V1-l1", "V1-l9", "x")))
    facts = {fact for step in bench.state.looks for fact in step.facts} | set(bench.truth)
    readings = tuple(
        FactReading(fact=fact, value=FactValue.PRESENT, t_mono_s=bench.now_s + 0.1) for fact in sorted(facts)
    )
    bench.feed(LookReport(look_id=look_id, readings=readings, t_mono_s=bench.now_s + 0.1))


def flawed_result(bench: CoreBench, draw: Draw) -> None:
    """The tool is at a joint, and its result is good but for one or two things."""
    tool_at_any_joint(bench, draw)
    bench.rundowns += 1
    changes = {**draw(FLAWS), **draw(st.sampled_from(({}, {}, {"torque_status": "low"}, {"ok": False})))}
    bench.feed(rundown(bench.rundowns, bench.now_s + 0.1, **changes), draw(WAITS_S))


def wandering_tool(bench: CoreBench, draw: Draw) -> None:
    """The tool goes from joint to joint; now and then its enable is confirmed, now and then a result comes."""
    for joint in draw(st.permutations([joint.id for joint in bench.procedure.joints])):
        bench.see(f"tool:{joint}", FactValue.PRESENT)
        if draw(st.booleans()):
            bench.done(bench.state.tool.command_id, "tool")
        if draw(st.integers(0, 3)) == 0:
            good_result(bench, draw)
        bench.see(f"tool:{joint}", draw(st.sampled_from((FactValue.ABSENT, FactValue.UNKNOWN))))
    good_result(bench, draw)


def quick_result(bench: CoreBench, draw: Draw) -> None:
    """A new or an old result comes while the tool is enabled at a joint, perhaps two; the look may be answered."""
    due = [joint.id for joint in bench.procedure.joints if bench.state.seen(f"fastener:{joint.id}").value == "present"]
    joint = draw(st.sampled_from(due or ["J1"]))
    bench.see(f"tool:{joint}", FactValue.PRESENT)
    bench.done(bench.state.tool.command_id, "tool")
    for _ in range(draw(st.integers(1, 2))):
        good_result(bench, draw)
    if bench.state.looks and draw(st.booleans()):
        bench.answer()


def cut_line(bench: CoreBench, draw: Draw) -> None:
    """The line is cut while the tool may run; results come back afterwards, or are lost."""
    tool_at_any_joint(bench, draw)
    bench.disconnect("tool")
    bench.connect("tool")
    for _ in range(draw(st.integers(0, 2))):
        bench.rundowns += 1
        changes = draw(st.sampled_from(({}, {}, {"torque_nm": 8.0}, {"vin": "ANOTHER"})))
        bench.feed(rundown(bench.rundowns, bench.now_s + 0.1, asked_back=True, **changes), draw(WAITS_S))
    if draw(st.integers(0, 3)) == 0:
        first = bench.rundowns + 1
        bench.rundowns += draw(st.integers(1, 3))
        bench.feed(
            ResultsLost(
                device="tool",
                t_mono_s=bench.now_s,
                controller_serial="C1",
                first_id=first,
                last_id=bench.rundowns,
                reason="gone",
            )
        )


def right_used(bench: CoreBench, draw: Draw) -> None:
    """Anybody uses any right on anything, most often a technician where something stands."""
    subjects = [fault.subject for fault in bench.state.faults]
    names = [joint.id for joint in bench.procedure.joints] + [step.id for step in bench.procedure.steps]
    bench.feed(
        ev.RightUsed(
            right=draw(st.sampled_from(Right)),
            subject=draw(st.sampled_from((*subjects, *subjects, *names, "", "x"))),
            role=draw(st.sampled_from((Role.TECHNICIAN, Role.TECHNICIAN, *Role))),
            person="p",
            reason=draw(st.sampled_from(("seen", "seen", "", " "))),
        )
    )


def loosened_joint(bench: CoreBench, draw: Draw) -> None:
    """A technician lets a joint be loosened, and the tool runs backwards there, or forwards after all."""
    for fault in bench.state.faults:
        bench.feed(
            ev.RightUsed(right=Right.LOOSEN, subject=fault.subject, role=Role.TECHNICIAN, person="p", reason="seen")
        )
    if bench.state.tool.may_loosen:
        bench.see(f"tool:{bench.state.tool.may_loosen}", FactValue.PRESENT)
        if draw(st.booleans()):
            bench.done(bench.state.tool.command_id, "tool")
    bench.rundowns += 1
    kind = draw(st.sampled_from(("loosening", "loosening", "tightening")))
    bench.feed(rundown(bench.rundowns, bench.now_s + 0.1, result_type=kind), draw(WAITS_S))


def socket(bench: CoreBench, draw: Draw) -> None:
    """Some socket comes on the tool, or none."""
    bench.feed(ev.SocketSeen(socket=draw(st.sampled_from(("13", "13", "", "10")))))


def lost_for_a_moment(bench: CoreBench, draw: Draw) -> None:
    """Place or socket are lost while the tool may run, and come back before or after the grace is over."""
    joint = bench.state.tool.armed_joint
    if not joint:
        return
    bench.done(bench.state.tool.command_id, "tool")
    if draw(st.booleans()):
        bench.see(f"tool:{joint}", draw(st.sampled_from((FactValue.UNKNOWN, FactValue.ABSENT))))
    else:
        bench.feed(ev.SocketSeen(socket=""))
    if draw(st.booleans()):
        good_result(bench, draw)
    if draw(st.booleans()):
        bench.timer(f"grace:{joint}", draw(WAITS_S))
    bench.see(f"tool:{joint}", draw(st.sampled_from(FactValue)))


def health(bench: CoreBench, draw: Draw) -> None:
    """The controller's alarm comes or goes."""
    bench.feed(
        DeviceHealth(
            device="tool",
            t_mono_s=bench.now_s,
            code=draw(st.sampled_from(("tool.alarm.E1", "tool.clock"))),
            detail="d",
            standing=draw(st.sampled_from((True, False, None))),
            stops=draw(st.booleans()),
        )
    )


def arm_stops(bench: CoreBench, draw: Draw) -> None:
    """The arm stops itself, or says that it is free again."""
    code = draw(st.sampled_from(("cobot.protective_stop", "cobot.not_powered")))
    standing = draw(st.booleans())
    bench.feed(DeviceHealth(device="cobot", t_mono_s=bench.now_s, code=code, detail="d", standing=standing, stops=True))


def gap(bench: CoreBench, draw: Draw) -> None:
    """Somebody comes near the arm or goes, or nobody can say."""
    level, percent = draw(st.sampled_from((("clear", 100), ("slow", 50), ("slow", 25), ("hold", 0), ("unknown", 0))))
    bench.feed(
        ev.SeparationChanged(
            level=level,
            limit_percent=percent,
            link="",
            distance_mm=None,
            protective_mm=100.0,
            speed_mm_s=0.0,
            reaction_s=0.2,
            stopping_s=0.1,
            people_age_s=None,
        )
    )


def service(bench: CoreBench, draw: Draw) -> None:
    """Somebody at the console wants something of the arm."""
    wishes: tuple[Ask, ...] = (
        TryGesture(gesture="hold"),
        Jog(frame=JogFrame.BENCH, axis=draw(st.integers(-1, 8)), direction=draw(st.integers(-1, 1)), speed_percent=30),
        LetGo(),
        GuideByHand(on=draw(st.booleans())),
        MakeReady(),
        SwitchOff(),
        Grip(open_percent=draw(st.sampled_from((0, 100, 120)))),
    )
    bench.feed(ev.ServiceAsked(ask=draw(st.sampled_from(wishes)), person="p", role=draw(st.sampled_from(Role))))
    if draw(st.booleans()):
        bench.timer("announce")


def waved_hand(bench: CoreBench, draw: Draw) -> None:
    """A hand comes and goes while a look is open, and the answer's frames may be older than the hand."""
    zone = draw(st.sampled_from(("hands:door", "hands:cobot")))
    bench.see(zone, FactValue.PRESENT)
    bench.see(zone, FactValue.ABSENT)
    if bench.state.looks:
        bench.answer(aged_s=draw(st.sampled_from((0.0, 0.05, 0.15, 0.25, 0.5))))


def good_result(bench: CoreBench, draw: Draw) -> None:
    """A good result, new or seen before."""
    number = draw(st.sampled_from((bench.rundowns + 1, bench.rundowns)))
    bench.rundowns = max(bench.rundowns, number)
    bench.feed(rundown(number, bench.now_s + 0.1, pset=draw(st.sampled_from((1, 1, 2)))))


def command_ends(bench: CoreBench, draw: Draw) -> None:
    """A command that is under way, or was, or never was, ends in any way."""
    state = bench.state
    command_id = draw(
        st.sampled_from(
            (
                state.robot.command_id,
                state.tool.command_id,
                state.robot.stop_id,
                state.robot.ready_id,
                state.robot.limit_id,
                state.robot.service_id,
                "",
                "V1-c1",
                "x",
            )
        )
    )
    device = draw(st.sampled_from(("cobot", "tool")))
    if draw(st.booleans()):
        bench.feed(CommandDone(device=device, command_id=command_id, t_mono_s=bench.now_s))
        return
    outcome = draw(st.sampled_from(Outcome))
    bench.feed(
        CommandFailed(
            device=device, command_id=command_id, t_mono_s=bench.now_s, outcome=outcome, code="x.y", detail=""
        )
    )


def device_edge(bench: CoreBench, draw: Draw) -> None:
    """A device comes, goes, or both within a moment."""
    device = draw(st.sampled_from(("cobot", "tool")))
    for there in draw(st.sampled_from(((False,), (True,), (False, True)))):
        if there:
            bench.feed(Connected(device=device, t_mono_s=bench.now_s))
        else:
            bench.disconnect(device)
    bench.feed(DeviceHealth(device=device, t_mono_s=bench.now_s, code="x.noise", detail=""))


def device_gone(bench: CoreBench, draw: Draw) -> None:
    """A device is gone and says so twice."""
    device = draw(st.sampled_from(("cobot", "tool")))
    for _ in range(2):
        bench.feed(Disconnected(device=device, t_mono_s=bench.now_s, reason="r"))


def camera_edge(bench: CoreBench, draw: Draw) -> None:
    """A camera gets better or worse."""
    code = draw(st.sampled_from(("good", "lost", "covered", "moved")))
    camera = draw(st.sampled_from(("left", "right")))
    bench.feed(CameraHealth(camera=camera, t_mono_s=bench.now_s, good=code == "good", code=f"camera.{code}", detail=""))


def word(bench: CoreBench, draw: Draw) -> None:
    """Anybody confirms anything, most often what some step asks."""
    asked = [(step.id, d.what) for step in bench.procedure.steps for d in step.demands if isinstance(d, Confirmation)]
    step, what = draw(st.sampled_from((*asked, *asked, ("x", "x"), ("welcome", "x"))))
    bench.confirm(step, what, draw(st.sampled_from(Role)))


def acknowledgement(bench: CoreBench, draw: Draw) -> None:
    """Anybody acknowledges any fault, most often one that stands."""
    code = draw(st.sampled_from((*bench.codes(), *bench.codes(), *FAULTS)))
    bench.acknowledge(code, draw(st.sampled_from(Role)))


def wish(bench: CoreBench, draw: Draw) -> None:
    """Somebody pauses, resumes, calls, comes, or chooses a language."""
    wishes = (
        ev.PauseRequested(person="p"),
        ev.ResumeRequested(person="p"),
        ev.HelpRequested(),
        ev.HelpAnswered(person="p"),
        ev.LanguageChosen(language="ja"),
        opened("V2"),
    )
    bench.feed(draw(st.sampled_from(wishes)))


def restart(bench: CoreBench, draw: Draw) -> None:
    """The program starts again; people take a while to come back."""
    bench.feed(ev.StationRestarted(reason="r"), draw(WAITS_S))


def abandonment(bench: CoreBench, draw: Draw) -> None:
    """The visit is given up; whatever was under way still answers, and perhaps the next visit opens."""
    looks = bench.state.looks
    bench.feed(ev.VisitAbandoned(person="p", reason="r"))
    for look in looks:
        readings = tuple(
            FactReading(fact=fact, value=bench.truth.get(fact, FactValue.UNKNOWN), t_mono_s=bench.now_s + 0.1)
            for fact in look.facts
        )
        bench.feed(LookReport(look_id=look.look_id, readings=readings, t_mono_s=bench.now_s + 0.1))
    if draw(st.booleans()):
        bench.feed(opened(draw(st.sampled_from(("V1", "V3")))))


def checked_pass(bench: CoreBench, draw: Draw) -> None:
    """A pass is answered that may never have been asked."""
    text = draw(st.sampled_from(("PASS-1", "PASS-2", "")))
    bench.feed(ev.PassChecked(text=text, order=draw(st.sampled_from((ORDER, OTHER_ORDER, None)))))


def timer(bench: CoreBench, draw: Draw) -> None:
    """Any timer fires, also one that nobody set."""
    steps = [f"{kind}:{step.id}" for step in bench.procedure.steps for kind in ("step", "missing")]
    notices = [f"notice:{code}" for code in FAULTS]
    graces = [f"grace:{joint.id}" for joint in bench.procedure.joints]
    bench.timer(draw(st.sampled_from(("announce", "loosen", *graces, *steps, *notices, "", "x:y"))), draw(WAITS_S))


ACTS: tuple[Act, ...] = (
    edge,
    edge,
    edge,
    tool_at_any_joint,
    tool_at_any_joint,
    answered_look,
    answered_look,
    unasked_look,
    flawed_result,
    flawed_result,
    wandering_tool,
    wandering_tool,
    quick_result,
    quick_result,
    cut_line,
    cut_line,
    right_used,
    right_used,
    loosened_joint,
    socket,
    lost_for_a_moment,
    lost_for_a_moment,
    health,
    arm_stops,
    gap,
    service,
    waved_hand,
    waved_hand,
    good_result,
    good_result,
    command_ends,
    device_edge,
    device_gone,
    camera_edge,
    word,
    acknowledgement,
    wish,
    restart,
    checked_pass,
    timer,
    abandonment,
)
