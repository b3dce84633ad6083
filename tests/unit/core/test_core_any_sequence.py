"""Any sequence of any events: no step passes without its evidence, nothing runs or moves unasked, nobody gets stuck."""

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from drivers.api import CommandDone, CommandFailed, Connected, DeviceHealth, Disconnected, Outcome
from station.core import effects as fx
from station.core import events as ev
from station.core.faults import FAULTS
from station.core.procedure import Role
from station.core.state import Phase
from station.core.view import screen_of
from support.corebench import CoreBench, bench_of, opened, rundown
from support.coremonitor import Monitor
from support.corerescue import help_along, mend, rescue
from support.coreworld import ORDER, OTHER_ORDER, clips, mirror, wheel
from vision.api import CameraHealth, FactChanged, FactReading, FactValue, LookReport

VALUES = st.sampled_from(FactValue)
ROLES = st.sampled_from(Role)
AGES_S = st.sampled_from((0.0, 0.0, 0.0, 0.05, 0.3, 1.0, 5.0))
WAITS_S = st.sampled_from((0.0, 0.05, 0.1, 0.1, 1.0, 4.0))
FIGURES = st.sampled_from((9.0, 9.0, 9.0, 8.1, 9.9, 3.0, 12.0, float("nan"), float("inf"), -1.0))
ANGLES = st.sampled_from((60.0, 60.0, 60.0, 20.0, 110.0, 5.0, 300.0, float("nan")))
STATUSES = st.sampled_from(("ok", "ok", "ok", "ok", "low", "high", "?"))
SPARE_FACTS = ("code", "part:?", "nonsense", "hands:door", "hands:cobot")


class WatchedBench(CoreBench):
    """A bench whose every turn the monitor checks."""

    monitor: Monitor
    broken = True
    """Until the monitor has found the last turn right."""

    def feed(self, event: ev.Event, after_s: float = 0.1) -> tuple[fx.Effect, ...]:
        before, self.broken = self.state, True
        effects = super().feed(event, after_s)
        self.monitor.observe(before, self.story[-1], self.state, effects)
        self.broken = False
        return effects


class AnySequence(RuleBasedStateMachine):
    """Sensible acts and nonsense, mixed."""

    @initialize(procedure=st.sampled_from((mirror, mirror, clips, wheel)), ahead=st.integers(0, 30))
    def begin(self, procedure, ahead):
        procedure = procedure()
        self.bench = WatchedBench(procedure)
        self.bench.monitor = Monitor(procedure)
        bench_of(procedure, self.bench)
        for _ in range(ahead):
            if self.bench.state.phase is Phase.RUNNING:
                mend(self.bench)
                help_along(self.bench)

    def fact_names(self):
        procedure = self.bench.procedure
        names = [f"{kind}:{joint.id}" for joint in procedure.joints for kind in ("fastener", "tool")]
        for part in procedure.parts:
            names += [f"part:{part.id}@{part.tray}", f"part:{part.id}@door", f"part:{part.id}~door"]
        return (*names, *SPARE_FACTS)

    def reading(self, data, fact, age_s):
        text = data.draw(st.sampled_from(("", "PASS-1", "PASS-2"))) if fact == "code" else ""
        value = data.draw(VALUES)
        return FactReading(fact=fact, value=value, t_mono_s=self.bench.now_s - age_s, text=text)

    @rule(data=st.data(), age_s=AGES_S, wait_s=WAITS_S)
    def an_edge(self, data, age_s, wait_s):
        fact = data.draw(st.sampled_from(self.fact_names()))
        reading = self.reading(data, fact, age_s)
        self.bench.truth[fact] = reading.value
        self.bench.feed(FactChanged(reading=reading), wait_s)

    @rule(data=st.data())
    def the_tool_moves(self, data):
        joint = data.draw(st.sampled_from(self.bench.procedure.joints)).id
        self.bench.see(f"tool:{joint}", data.draw(VALUES))
        if self.bench.state.tool.armed_joint and data.draw(st.booleans()):
            self.bench.done(self.bench.state.tool.command_id, "tool")

    @rule(data=st.data(), age_s=AGES_S, truly=st.booleans())
    def a_look_is_answered(self, data, age_s, truly):
        looks = self.bench.state.looks
        if not looks:
            return
        look = data.draw(st.sampled_from(looks))
        readings = []
        for fact in look.facts:
            reading = self.reading(data, fact, age_s)
            truth = self.bench.truth.get(fact, FactValue.UNKNOWN)
            value = truth if truly else reading.value
            readings.append(FactReading(fact=fact, value=value, t_mono_s=self.bench.now_s + 0.1 - age_s))
        if data.draw(st.integers(0, 9)) == 0:
            readings.pop()
        report = LookReport(look_id=look.look_id, readings=tuple(readings), t_mono_s=self.bench.now_s + 0.1)
        self.bench.feed(report)
        if data.draw(st.integers(0, 4)) == 0:
            self.bench.feed(report)

    @rule(look_id=st.sampled_from(("", "V1-l1", "V1-l9", "x")), data=st.data())
    def nobody_asked_for_this_look(self, look_id, data):
        readings = tuple(
            FactReading(fact=fact, value=data.draw(VALUES), t_mono_s=self.bench.now_s) for fact in self.fact_names()
        )
        self.bench.feed(LookReport(look_id=look_id, readings=readings, t_mono_s=self.bench.now_s))

    @rule(
        number=st.integers(1, 6),
        pset=st.sampled_from((1, 1, 1, 2, 7)),
        ok=st.sampled_from((True, True, True, False)),
        torque=FIGURES,
        angle=ANGLES,
        torque_status=STATUSES,
        angle_status=STATUSES,
        wait_s=WAITS_S,
    )
    def any_result(self, number, pset, ok, torque, angle, torque_status, angle_status, wait_s):
        result = rundown(
            number,
            self.bench.now_s + wait_s,
            pset=pset,
            ok=ok,
            torque_nm=torque,
            angle_deg=angle,
            torque_status=torque_status,
            angle_status=angle_status,
        )
        self.bench.feed(result, wait_s)

    @rule(number=st.integers(1, 6), pset=st.sampled_from((1, 1, 2)))
    def a_good_result(self, number, pset):
        self.bench.feed(rundown(number, self.bench.now_s + 0.1, pset=pset))

    @rule(data=st.data(), done=st.booleans(), outcome=st.sampled_from(Outcome))
    def a_command_ends(self, data, done, outcome):
        state = self.bench.state
        ids = (state.robot.command_id, state.robot.stop_id, state.tool.command_id, "", "V1-c1", "x")
        command_id = data.draw(st.sampled_from(ids))
        device = data.draw(st.sampled_from(("cobot", "tool")))
        now_s = self.bench.now_s
        if done:
            self.bench.feed(CommandDone(device=device, command_id=command_id, t_mono_s=now_s))
        else:
            self.bench.feed(
                CommandFailed(
                    device=device, command_id=command_id, t_mono_s=now_s, outcome=outcome, code="x.y", detail=""
                )
            )

    @rule(device=st.sampled_from(("cobot", "tool")), there=st.booleans())
    def a_device_comes_or_goes(self, device, there):
        now_s = self.bench.now_s
        event = Connected(device=device, t_mono_s=now_s) if there else None
        self.bench.feed(event or Disconnected(device=device, t_mono_s=now_s, reason="r"))
        self.bench.feed(DeviceHealth(device=device, t_mono_s=now_s, code="x.noise", detail=""))

    @rule(camera=st.sampled_from(("left", "right")), code=st.sampled_from(("good", "lost", "covered", "moved")))
    def a_camera_comes_or_goes(self, camera, code):
        good = code == "good"
        now_s = self.bench.now_s
        self.bench.feed(CameraHealth(camera=camera, t_mono_s=now_s, good=good, code=f"camera.{code}", detail=""))

    @rule(data=st.data(), role=ROLES)
    def a_person_confirms(self, data, role):
        step = data.draw(st.sampled_from(self.bench.procedure.steps)).id
        what = data.draw(st.sampled_from(("confirm.consent", "confirm.tight", "confirm.proud", "x")))
        self.bench.confirm(step, what, role)

    @rule(code=st.sampled_from(tuple(FAULTS)), role=ROLES, standing=st.booleans())
    def a_person_acknowledges(self, code, role, standing):
        codes = self.bench.codes()
        self.bench.acknowledge(codes[0] if standing and codes else code, role)

    @rule(
        event=st.sampled_from(
            (
                ev.PauseRequested(person="p"),
                ev.ResumeRequested(person="p"),
                ev.HelpRequested(),
                ev.HelpAnswered(person="p"),
                ev.LanguageChosen(language="ja"),
                ev.StationRestarted(reason="r"),
                ev.VisitAbandoned(person="p", reason="r"),
                opened("V2"),
                opened("V1"),
            )
        )
    )
    def a_person_wants_something(self, event):
        self.bench.feed(event)

    @rule(
        text=st.sampled_from(("PASS-1", "PASS-1", "PASS-2", "")),
        order=st.sampled_from((ORDER, OTHER_ORDER, None)),
    )
    def a_pass_is_checked(self, text, order):
        self.bench.feed(ev.PassChecked(text=text, order=order))

    @rule(data=st.data(), wait_s=WAITS_S)
    def a_timer_fires(self, data, wait_s):
        steps = [f"{kind}:{step.id}" for step in self.bench.procedure.steps for kind in ("step", "missing")]
        names = ("announce", *steps, *(f"notice:{code}" for code in FAULTS), "", "x:y")
        self.bench.timer(data.draw(st.sampled_from(names)), wait_s)

    @rule()
    def the_announcement_is_over(self):
        self.bench.timer("announce")

    @rule(times=st.integers(1, 4))
    def people_do_it_right(self, times):
        for _ in range(times):
            if self.bench.state.phase is Phase.RUNNING:
                mend(self.bench)
                help_along(self.bench)

    @invariant()
    def the_screen_can_be_drawn(self):
        if hasattr(self, "bench"):
            screen_of(self.bench.procedure, self.bench.state)

    def teardown(self):
        if not hasattr(self, "bench") or self.bench.broken:
            return
        if self.bench.state.phase is not Phase.RUNNING:
            self.bench.feed(opened("V3"))
        rescue(self.bench)
        assert self.bench.state.outcome == "finished"


def run(examples: int, steps: int, *, derandomize: bool) -> None:
    """Run the machine without a database of earlier failures, so that every run is the same work."""
    run_state_machine_as_test(
        AnySequence,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            derandomize=derandomize,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_no_sequence_of_events_passes_a_step_without_its_evidence():
    """It should keep every promise that the monitor knows, and always leave a way to the end."""
    run(200, 60, derandomize=True)


@pytest.mark.campaign
@pytest.mark.timeout(3600)
def test_no_long_sequence_either():
    """It should do the same over many more and longer sequences, other ones each time."""
    run(4000, 120, derandomize=False)
