"""Drives the core in tests: feeds events in order of sequence and time, keeps effects, answers looks, plays visits."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from support.coreworld import ORDER

from drivers.api import CommandDone, CommandFailed, Connected, Disconnected, Outcome, TighteningResult
from station.core import effects as fx
from station.core import events as ev
from station.core.decide import decide
from station.core.procedure import Order, Procedure, Role
from station.core.state import Phase, State, StepStatus
from vision.api import CameraHealth, FactChanged, FactReading, FactValue, LookReport

PRESENT, ABSENT, UNKNOWN = FactValue.PRESENT, FactValue.ABSENT, FactValue.UNKNOWN
SEEN = {"present": PRESENT, "absent": ABSENT, "unknown": UNKNOWN}
E = TypeVar("E")


def opened(visit_id: str = "V1", language: str = "en") -> ev.VisitOpened:
    """A start document."""
    return ev.VisitOpened(
        visit_id=visit_id,
        procedure="p",
        procedure_sha256="0",
        station="s",
        station_sha256="0",
        language=language,
        software="t",
        calibration={},
    )


def rundown(number: int, t_mono_s: float, **changes: object) -> TighteningResult:
    """A good result of pset 1, with anything changed."""
    values: dict[str, object] = {
        "device": "tool",
        "t_mono_s": t_mono_s,
        "tightening_id": number,
        "controller_serial": "C1",
        "tool_serial": "T1",
        "pset": 1,
        "ok": True,
        "torque_nm": 9.0,
        "angle_deg": 60.0,
        "torque_status": "ok",
        "angle_status": "ok",
        "torque_min_nm": 8.1,
        "torque_max_nm": 9.9,
        "torque_target_nm": 9.0,
        "angle_min_deg": 20.0,
        "angle_max_deg": 110.0,
        "error_bits": (),
        "controller_time": "2026-01-01:00:00:00",
        "raw": b"0231",
    }
    return TighteningResult(**{**values, **changes})  # type: ignore[arg-type] # a test names the fields that it changes


@dataclass
class CoreBench:
    """One core under test. `truth` is what fresh frames say; `last` holds the effects of the last event."""

    procedure: Procedure
    state: State = field(default_factory=State)
    now_s: float = 100.0
    seq: int = 0
    last: tuple[fx.Effect, ...] = ()
    log: list[fx.Effect] = field(default_factory=list)
    story: list[ev.Envelope] = field(default_factory=list)
    truth: dict[str, FactValue] = field(default_factory=dict)
    rundowns: int = 0

    def feed(self, event: ev.Event, after_s: float = 0.1) -> tuple[fx.Effect, ...]:
        """Hand in one event and keep what it does."""
        self.now_s += after_s
        self.seq += 1
        envelope = ev.Envelope(seq=self.seq, t_mono_s=self.now_s, t_utc="2026-01-01T00:00:00Z", source="t", event=event)
        self.state, self.last = decide(self.procedure, self.state, envelope)
        self.story.append(envelope)
        self.log.extend(self.last)
        return self.last

    def see(self, fact: str, value: FactValue | str, text: str = "") -> tuple[fx.Effect, ...]:
        """An edge: fresh frames say so from now on."""
        known = SEEN[value] if isinstance(value, str) else value
        self.truth[fact] = known
        reading = FactReading(fact=fact, value=known, t_mono_s=self.now_s + 0.1, text=text)
        return self.feed(FactChanged(reading=reading))

    def answer(self, said: Mapping[str, FactValue] | None = None, *, aged_s: float = 0.0) -> tuple[fx.Effect, ...]:
        """Answer the oldest look with the truth, or with what is `said`; `aged_s` makes its frames that much older."""
        look = self.state.looks[0]
        known = self.truth if said is None else {**self.truth, **said}
        readings = tuple(
            FactReading(fact=fact, value=known.get(fact, UNKNOWN), t_mono_s=self.now_s + 0.1 - aged_s)
            for fact in look.facts
        )
        return self.feed(LookReport(look_id=look.look_id, readings=readings, t_mono_s=self.now_s + 0.1))

    def answer_all(self) -> None:
        """Answer looks with the truth until none is open."""
        for _ in range(20):
            if not self.state.looks:
                return
            self.answer()
        raise AssertionError(f"looks never end: {self.state.looks}")

    def connect(self, *devices: str) -> None:
        """Devices answer their handshake."""
        for device in devices or ("cobot", "tool"):
            self.feed(Connected(device=device, t_mono_s=self.now_s, identity={"serial": device}))

    def disconnect(self, device: str) -> tuple[fx.Effect, ...]:
        """A device is gone."""
        return self.feed(Disconnected(device=device, t_mono_s=self.now_s, reason="unplugged"))

    def done(self, command_id: str, device: str = "cobot") -> tuple[fx.Effect, ...]:
        """A command was carried out."""
        return self.feed(CommandDone(device=device, command_id=command_id, t_mono_s=self.now_s + 0.1))

    def failed(
        self, command_id: str, device: str, outcome: Outcome = Outcome.REFUSED, code: str = "x.no"
    ) -> tuple[fx.Effect, ...]:
        """A command was not carried out."""
        return self.feed(
            CommandFailed(
                device=device, command_id=command_id, t_mono_s=self.now_s, outcome=outcome, code=code, detail="no"
            )
        )

    def camera(self, good: bool, code: str = "camera.good") -> tuple[fx.Effect, ...]:
        """The camera's health changes."""
        return self.feed(CameraHealth(camera="left", t_mono_s=self.now_s, good=good, code=code, detail=""))

    def confirm(self, step: str, what: str, role: Role = Role.VISITOR, person: str = "visitor") -> None:
        """A person answers a question."""
        self.feed(ev.PersonConfirmed(step=step, what=what, role=role, person=person))

    def acknowledge(self, code: str, role: Role, reason: str = "looked at it") -> tuple[fx.Effect, ...]:
        """A person has mended a fault."""
        return self.feed(ev.FaultAcknowledged(code=code, role=role, person="p", reason=reason))

    def timer(self, name: str, after_s: float = 1.0) -> tuple[fx.Effect, ...]:
        """A timer is due."""
        return self.feed(ev.TimerFired(timer=name), after_s)

    def status(self, step: str) -> StepStatus:
        """Where a step is."""
        return self.state.progress(step).status

    def codes(self) -> list[str]:
        """Codes of the faults that stand."""
        return [fault.code for fault in self.state.faults]

    def did(self, kind: type[E]) -> list[E]:
        """Effects of a kind that the last event had."""
        return [effect for effect in self.last if isinstance(effect, kind)]

    def gestures(self, limit: int = 8) -> None:
        """Let the announcement pass and every motion end well."""
        for _ in range(limit):
            if self.state.robot.announcing:
                self.timer("announce")
            elif self.state.robot.moving:
                self.done(self.state.robot.command_id)
            else:
                return

    def show_pass(self, order: Order | None = ORDER) -> None:
        """The visitor shows a pass, and it is looked up."""
        self.see("code", PRESENT, text="PASS-1")
        self.feed(ev.PassChecked(text="PASS-1", order=order))

    def arm(self, name: str) -> None:
        """The tool comes to a joint and is enabled."""
        self.see(f"tool:{name}", PRESENT)
        self.done(self.state.tool.command_id, "tool")

    def pull(self, **changes: object) -> tuple[fx.Effect, ...]:
        """The trigger is pulled: a result with a number of its own."""
        self.rundowns += 1
        return self.feed(rundown(self.rundowns, self.now_s + 0.1, **changes))

    def tighten(self, name: str, **changes: object) -> None:
        """A whole good rundown, seen at its joint."""
        self.gestures()
        self.answer_all()
        self.arm(name)
        self.pull(pset=self.procedure.joint(name).pset, **changes)
        self.answer_all()
        self.see(f"tool:{name}", ABSENT)


def bench_of(procedure: Procedure, bench: CoreBench | None = None) -> CoreBench:
    """A bench with everything in its tray, no hands, no nuts, both devices connected, and the visit open."""
    bench = bench or CoreBench(procedure)
    for zone in ("door", "cobot"):
        bench.see(f"hands:{zone}", ABSENT)
    for part in procedure.parts:
        bench.see(f"part:{part.id}@{part.tray}", PRESENT)
    for joint in procedure.joints:
        bench.see(f"fastener:{joint.id}", ABSENT)
        bench.see(f"tool:{joint.id}", ABSENT)
    bench.connect()
    bench.feed(opened())
    return bench


def _taken(bench: CoreBench) -> None:
    bench.see("part:mirror-red@tray-red", ABSENT)
    bench.answer_all()


def _placed(bench: CoreBench) -> None:
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", PRESENT)
    bench.answer_all()


def _held(bench: CoreBench) -> None:
    bench.gestures()
    bench.answer_all()


def _nuts(bench: CoreBench) -> None:
    for joint in bench.procedure.joints:
        bench.see(f"fastener:{joint.id}", PRESENT)
    bench.answer_all()


MIRROR_ACTS: tuple[tuple[str, Callable[[CoreBench], None]], ...] = (
    ("welcome", lambda bench: bench.confirm("welcome", "confirm.consent")),
    ("check-in", lambda bench: bench.show_pass()),
    ("take", _taken),
    ("place", _placed),
    ("hold", _held),
    ("nuts", _nuts),
    ("tighten-J1", lambda bench: bench.tighten("J1")),
    ("tighten-J2", lambda bench: bench.tighten("J2")),
    ("tighten-J3", lambda bench: bench.tighten("J3")),
    ("final", _held),
    ("record", lambda bench: bench.confirm("record", "confirm.proud")),
)
"""What a good visitor does in each step of the mirror."""


def play(bench: CoreBench, until: str = "") -> CoreBench:
    """Play the mirror's good visit from where it stands to the step `until` (not into it), or to its end."""
    for step, act in MIRROR_ACTS:
        if step == until:
            return bench
        if bench.status(step) is not StepStatus.PASSED:
            act(bench)
            assert bench.status(step) is StepStatus.PASSED, f"{step}: {bench.state}"
    assert bench.state.phase is Phase.ENDED
    return bench
