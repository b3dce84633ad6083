"""An honest technician and a good visitor: whatever state the core is in, they mend everything and finish the visit."""

from support.corebench import ABSENT, PRESENT, CoreBench
from support.coreworld import ORDER

from drivers.api import DeviceHealth
from station.core import events as ev
from station.core.checks import active_steps, expected_facts, lasting, met_for_good
from station.core.procedure import Confirmation, PassShown, Role, Step, Tightening
from station.core.state import Phase, StepStatus
from vision.api import CameraHealth


def mend(bench: CoreBench) -> None:
    """Put everything right that is wrong, as people would, and answer every question with the truth."""
    state = bench.state
    for camera in state.bad_cameras:
        bench.feed(camera_good(camera))
    for device in ("cobot", "tool"):
        if state.devices.get(device) is not True:
            bench.connect(device)
    for zone in ("door", "cobot"):
        _show(bench, f"hands:{zone}", ABSENT)
    for part in bench.procedure.parts:
        if bench.state.order is not None and part.variant not in bench.state.order.choices.values():
            _show(bench, f"part:{part.id}@{part.tray}", PRESENT)
    for fact, value in lasting(bench.procedure, bench.state).items():
        _show(bench, fact, value)
        if "@" in fact:
            _show(bench, fact.replace("@", "~"), PRESENT)
    for joint in bench.procedure.joints:
        _show(bench, f"tool:{joint.id}", ABSENT)
    for joint in bench.procedure.joints:
        if joint.socket is not None and bench.state.socket != joint.socket:
            bench.feed(ev.SocketSeen(socket=joint.socket))
    for note in bench.state.health:
        bench.feed(DeviceHealth(device=note.device, t_mono_s=bench.now_s, code=note.code, detail="", standing=False))
    if not bench.state.separation.allows:
        gap_is_clear(bench)
    if bench.state.paused:
        bench.feed(ev.ResumeRequested(person="p"))
    for code in dict.fromkeys(bench.codes()):
        bench.acknowledge(code, Role.TECHNICIAN)
    if bench.state.looks:
        bench.answer()
    bench.gestures(1)


def gap_is_clear(bench: CoreBench) -> None:
    """The supervisor sees nobody near the arm."""
    bench.feed(
        ev.SeparationChanged(
            level="clear",
            limit_percent=100,
            link="",
            distance_mm=None,
            protective_mm=100.0,
            speed_mm_s=0.0,
            reaction_s=0.2,
            stopping_s=0.1,
            people_age_s=0.1,
        )
    )


def help_along(bench: CoreBench) -> None:
    """One good act towards the end of the first step that is under way."""
    active = active_steps(bench.procedure, bench.state)
    for step in active:
        if bench.status(step.id) is StepStatus.GATED:
            _show_all(bench, step, gates=True)
    if not active:
        return
    step = active[0]
    if bench.status(step.id) in (StepStatus.OPEN, StepStatus.LOOKING):
        _show_all(bench, step, gates=False)
        for demand in step.demands:
            if isinstance(demand, PassShown) and not met_for_good(bench.state, step, demand):
                bench.see("code", ABSENT)
                bench.show_pass(ORDER)
            if isinstance(demand, Confirmation):
                bench.confirm(step.id, demand.what, Role.TECHNICIAN, "p")
            if isinstance(demand, Tightening) and not met_for_good(bench.state, step, demand):
                _tighten(bench, demand.joint)


def rescue(bench: CoreBench, limit: int = 150) -> None:
    """Bring the visit to a finished end. Raises AssertionError when no honest act can."""
    for _ in range(limit):
        if bench.state.phase is not Phase.RUNNING:
            return
        mend(bench)
        help_along(bench)
    raise AssertionError(f"the visit is stuck: {bench.state}")


def camera_good(camera: str) -> ev.Event:
    """The camera shows good pictures again."""
    return CameraHealth(camera=camera, t_mono_s=0.0, good=True, code="camera.good", detail="")


def _tighten(bench: CoreBench, joint: str) -> None:
    if bench.state.tool.judging:
        return
    bench.now_s += 10.0
    _show(bench, f"tool:{joint}", PRESENT)
    if bench.state.tool.armed_joint == joint:
        bench.done(bench.state.tool.command_id, "tool")
        bench.rundowns += 1000
        bench.pull(pset=bench.procedure.joint(joint).pset)
        if bench.state.looks:
            bench.answer_all()


def _show_all(bench: CoreBench, step: Step, *, gates: bool) -> None:
    wanted = expected_facts(bench.procedure, bench.state, step.gates if gates else step.demands)
    for fact, value in wanted.items():
        _show(bench, fact, value)
        if "@door" in fact:
            _show(bench, fact.replace("@", "~"), PRESENT)


def _show(bench: CoreBench, fact: str, value: object) -> None:
    known = PRESENT if value is PRESENT else ABSENT
    bench.truth[fact] = known
    if bench.state.seen(fact) is not known:
        bench.see(fact, known)
