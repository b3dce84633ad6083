"""An observer of the core that keeps books of its own: what was asked, said, armed and given, from events and effects.

It trusts the state only for where steps stand and what holds; whether a step has its evidence it works out by itself.
"""

from dataclasses import dataclass, field

from drivers.api import CommandDone, CommandFailed, Connected, Disconnected, ResultsLost, TighteningResult
from station.core import effects as fx
from station.core import events as ev
from station.core.faults import ClearBy
from station.core.procedure import (
    Confirmation,
    Fastener,
    HandsClear,
    JointClass,
    JointSpec,
    Order,
    PartAt,
    PartTaken,
    PassShown,
    Procedure,
    Right,
    Role,
    Step,
    Tightening,
)
from station.core.state import Phase, State, StepStatus
from vision.api import FactChanged, FactReading, FactValue, LookReport

PRESENT, ABSENT = FactValue.PRESENT, FactValue.ABSENT
RANKS = ("visitor", "qualified", "technician")
MAY_BE_LATE_S = 3.0
UNDER_WAY = (StepStatus.ENTERING, StepStatus.GATED, StepStatus.OPEN, StepStatus.LOOKING)


@dataclass
class Monitor:
    """Call `observe` after every turn; it raises AssertionError with the reason when the core broke its word."""

    procedure: Procedure
    facts: dict[str, FactValue] = field(default_factory=dict)
    asked: dict[str, tuple[fx.Look, frozenset[str]]] = field(default_factory=dict)
    """Look id -> the effect, and the steps that were under way when it was asked."""
    devices: dict[str, bool] = field(default_factory=dict)
    enabled: fx.EnableTool | None = None
    confirmed: bool = False
    left: tuple[str, float] = ("", float("-inf"))
    """The joint whose enable was taken away with no result since, and when."""
    known: set[str] = field(default_factory=set)
    tool_looks: dict[str, tuple[str, int]] = field(default_factory=dict)
    """Look id -> joint and row of the good result that it places."""
    proven: dict[str, int] = field(default_factory=dict)
    """Joint -> row of its own good result, seen at its joint, in this visit."""
    spent: set[int] = field(default_factory=set)
    words: dict[tuple[str, str], int] = field(default_factory=dict)
    pass_text: str = ""
    order: Order | None = None
    passed_pass: bool = False
    told: bool = False
    announced: bool = False
    motion: str = ""
    jogged: bool = False
    """The motion is a technician's jog: whoever holds its button is near."""
    room: bool = True
    """The supervisor lets the arm move; so does a bench without one."""
    backwards: bool = False
    """The enable is for loosening."""
    socket: str | None = None
    good_rows: dict[int, str] = field(default_factory=dict)
    """Row -> joint of each result that is good for that joint by its figures, seen or not."""
    disturbed_s: float = float("-inf")
    ids: set[str] = field(default_factory=set)
    closed: int = 0

    def observe(self, before: State, envelope: ev.Envelope, after: State, effects: tuple[fx.Effect, ...]) -> None:
        """Keep the books of one turn, and check it."""
        report = self._event(before, envelope)
        event = envelope.event
        undo = isinstance(event, ev.RightUsed) and event.right is Right.UNDO and _by_technician(event)
        if undo:
            self._undone(before, after)
        elif not isinstance(event, ev.VisitOpened):
            assert all(
                after.progress(step.id).status is StepStatus.PASSED
                for step in before.steps
                if step.status is StepStatus.PASSED
            ), "a passed step is open again"
        for step in self.procedure.steps if after.steps and before.steps else ():
            was, now = before.progress(step.id).status, after.progress(step.id).status
            if now is StepStatus.PASSED and was is not StepStatus.PASSED:
                assert before.phase is Phase.RUNNING, f"{step.id} passed after the visit's end"
                assert was in (StepStatus.OPEN, StepStatus.LOOKING, StepStatus.GATED), f"{step.id} passed from {was}"
                self._owes_nothing(step, envelope, report)
                self.told = self.announced = False
        acknowledged = [effect.tightening_id for effect in effects if isinstance(effect, fx.AcknowledgeTightening)]
        told = {TighteningResult: "tightening_id", ResultsLost: "last_id"}.get(type(event))
        assert acknowledged == ([getattr(event, told)] if told is not None else [])
        for effect in effects:
            self._effect(effect, envelope, after)
        self._new_looks(before, envelope, after, effects)
        self._permissions(after)

    def _event(self, before: State, envelope: ev.Envelope) -> LookReport | None:
        event = envelope.event
        match event:
            case ev.VisitOpened() if before.phase is not Phase.RUNNING:
                self.proven, self.words, self.tool_looks, self.asked = {}, {}, {}, {}
                self.pass_text, self.order, self.passed_pass, self.closed = "", None, False, 0
                self.told = self.announced = False
            case ev.StationRestarted():
                self.facts, self.devices, self.asked, self.tool_looks = {}, {}, {}, {}
                self.enabled, self.motion, self.pass_text, self.socket = None, "", "", None
                self.told = self.announced = False
                self.disturbed_s = envelope.t_mono_s
                self.room = before.separation.level == "off"
            case ev.SeparationChanged(level=level):
                self.room = level in ("clear", "slow")
            case FactChanged(reading=reading):
                self._fact(reading)
            case Connected(device=device):
                self.devices[device] = True
            case Disconnected(device=device):
                self._gone(device)
            case CommandDone(command_id=command_id) | CommandFailed(command_id=command_id):
                self._command(command_id, isinstance(event, CommandDone), event.t_mono_s)
            case TighteningResult():
                self._result(before, envelope, event)
            case ev.RightUsed(right=Right.ACCEPT_RESULT, subject=joint) if _by_technician(event):
                self._accepted(before, joint)
            case ev.SocketSeen(socket=socket):
                self.socket = socket
            case ev.TimerFired(timer="announce"):
                self.announced, self.told = self.told, False
            case ev.PersonConfirmed():
                self._word(before, envelope, event)
            case ev.PassChecked(text=text, order=order) if order is not None and text and text == self.pass_text:
                self.order, self.passed_pass = self.order or order, True
            case LookReport():
                return self._report(event)
            case _:
                pass
        return None

    def _fact(self, reading: FactReading) -> None:
        self.facts[reading.fact] = reading.value
        zones = {f"hands:{self.procedure.work_zone}", f"hands:{self.procedure.cobot_zone}"}
        if reading.fact in zones and reading.value is not ABSENT:
            self.disturbed_s = max(self.disturbed_s, reading.t_mono_s)
        if reading.fact == "code" and reading.value is not PRESENT:
            self.pass_text = ""

    def _gone(self, device: str) -> None:
        self.devices[device] = False
        if device == "tool":
            # The enable stays in the books until it is taken back: it may go out on the next connection.
            self.confirmed, self.socket = False, None
        else:
            self.motion, self.told, self.announced = "", False, False

    def _command(self, command_id: str, done: bool, t_mono_s: float) -> None:
        if self.motion and command_id == self.motion:
            self.motion = ""
            self.disturbed_s = max(self.disturbed_s, t_mono_s)
            self.announced = self.announced and done
        if self.enabled is not None and command_id == self.enabled.command_id and done:
            self.confirmed = True

    def _result(self, before: State, envelope: ev.Envelope, result: TighteningResult) -> None:
        key = f"{result.controller_serial}/{result.tightening_id}"
        fresh = key not in self.known
        self.known.add(key)
        if not fresh:
            return
        for joint in self.procedure.joints:
            if self._good(result, joint):
                self.good_rows[envelope.seq] = joint.id
                break
        if result.result_type == "loosening":
            return
        left, self.left = self.left, ("", float("-inf"))
        if self.enabled is None or not self.confirmed or before.phase is not Phase.RUNNING:
            return
        if self.backwards or result.asked_back or result.result_type != "tightening":
            return
        if left[0] not in ("", self.enabled.joint) and envelope.t_mono_s - left[1] <= MAY_BE_LATE_S:
            return
        joint = self.procedure.joint(self.enabled.joint)
        if self._good(result, joint):
            self.tool_looks["next"] = (joint.id, envelope.seq)

    @staticmethod
    def _good(result: TighteningResult, joint: JointSpec) -> bool:
        return (
            result.ok
            and result.pset == joint.pset
            and joint.torque_min_nm <= result.torque_nm <= joint.torque_max_nm
            and joint.angle_min_deg <= result.angle_deg <= joint.angle_max_deg
            and {result.torque_status, result.angle_status} == {"ok"}
            and "rehit" not in result.error_bits
            and result.vin == ""
        )

    def _accepted(self, before: State, joint: str) -> None:
        """A technician counts a good result that nobody saw; never at a class A joint."""
        entry = next((e for e in reversed(before.tightenings) if e.joint == joint), None)
        if entry is None or entry.verdict != "asked_back":
            return
        spec = self.procedure.joint(joint)
        assert entry.seq in self.good_rows, "a result without good figures is offered for acceptance"
        if spec.joint_class is not JointClass.A:
            self.proven[joint] = entry.seq

    def _undone(self, before: State, after: State) -> None:
        """Steps that were taken back have to be proven again."""
        for step in before.steps:
            if step.status is StepStatus.PENDING or after.progress(step.id) == step:
                continue
            for demand in self.procedure.step(step.id).demands:
                if isinstance(demand, Tightening):
                    self.proven.pop(demand.joint, None)
                    self.tool_looks = {k: v for k, v in self.tool_looks.items() if v[0] != demand.joint}
                if isinstance(demand, Confirmation):
                    self.words.pop((step.id, demand.what), None)
                if isinstance(demand, PassShown):
                    self.passed_pass, self.pass_text = False, ""

    def _new_looks(self, before: State, envelope: ev.Envelope, after: State, effects: tuple[fx.Effect, ...]) -> None:
        under_way = frozenset(step.id for step in (*before.steps, *after.steps) if step.status in UNDER_WAY)
        waiting = self.tool_looks.pop("next", None)
        for look in effects:
            if not isinstance(look, fx.Look):
                continue
            self.asked[look.look_id] = (look, under_way)
            if isinstance(envelope.event, TighteningResult) and waiting and look.facts == (f"tool:{waiting[0]}",):
                assert look.not_before_s >= envelope.event.t_mono_s - 0.5
                self.tool_looks[look.look_id] = waiting

    def _report(self, report: LookReport) -> LookReport | None:
        asked = self.asked.get(report.look_id)
        if asked is None:
            return None
        look = asked[0]
        joint, seq = self.tool_looks.pop(report.look_id, ("", 0))
        if joint and self._says(report, f"tool:{joint}", PRESENT, look.not_before_s):
            self.proven[joint] = seq
        return report

    def _word(self, before: State, envelope: ev.Envelope, said: ev.PersonConfirmed) -> None:
        step = next((step for step in self.procedure.steps if step.id == said.step), None)
        if step is None or not before.steps or before.progress(step.id).status is not StepStatus.OPEN:
            return
        for demand in step.demands:
            asked = isinstance(demand, Confirmation) and demand.what == said.what
            if asked and RANKS.index(said.role.value) >= RANKS.index(demand.by.value):
                self.words[said.step, said.what] = envelope.seq

    def _effect(self, effect: fx.Effect, envelope: ev.Envelope, after: State) -> None:
        for name in ("look_id", "command_id", "utterance"):
            if hasattr(effect, name):
                assert getattr(effect, name) not in self.ids, "an id is used twice"
                self.ids.add(getattr(effect, name))
        match effect:
            case fx.EnableTool(joint=joint, pset=pset):
                assert self.enabled is None, "enabled twice"
                assert self.devices.get("tool") is True
                spec = self.procedure.joint(joint)
                assert spec.pset == pset
                assert spec.socket in (None, self.socket), "enabled with another socket"
                self.enabled, self.confirmed, self.backwards = effect, False, after.tool.loosening
            case fx.DisableTool():
                assert self.enabled is not None, "disabled what was not enabled"
                if not isinstance(envelope.event, TighteningResult | Disconnected):
                    self.left = (self.enabled.joint, envelope.t_mono_s)
                self.enabled, self.confirmed = None, False
            case fx.MoveRobot(command_id=command_id, gesture=gesture):
                assert self.announced, "the arm moves and nobody was told"
                assert self.devices.get("cobot") is True and not self.motion
                entering = [s.id for s in after.steps if s.status is StepStatus.ENTERING]
                if after.robot.service == "gesture":
                    assert effect.at_most_percent <= 10
                else:
                    assert any(gesture in self.procedure.step(name).gestures for name in entering)
                self.motion, self.jogged = command_id, False
            case fx.JogRobot(command_id=command_id, speed_percent=speed):
                event = envelope.event
                assert isinstance(event, ev.ServiceAsked) and event.role is Role.TECHNICIAN
                assert self.devices.get("cobot") is True and not self.motion and 1 <= speed <= 10
                assert after.phase is not Phase.RUNNING or after.paused or any(fault.holds for fault in after.faults)
                self.motion, self.jogged = command_id, True
            case fx.ReadyRobot():
                person = envelope.event
                assert isinstance(person, ev.ServiceAsked | ev.FaultAcknowledged)
                assert person.role is Role.TECHNICIAN, "the arm is made ready and nobody has looked"
            case fx.StopRobot():
                assert self.motion
                self.motion, self.announced, self.told = "", False, False
            case fx.Say(phrase="robot.moves"):
                self.told, self.announced = True, False
            case fx.CheckPass(text=text):
                self.pass_text = text
            case fx.CloseVisit():
                self.closed += 1
                assert self.closed == 1, "a visit is closed twice"
            case _:
                pass

    def _permissions(self, after: State) -> None:
        """What may be in force between two turns."""
        idle = after.paused or after.phase is not Phase.RUNNING
        holds = idle or any(fault.holds for fault in after.faults)
        # The arm may clear the view while the station looks again after a restart; the tool waits.
        holds_arm = idle or any(fault.holds and fault.code != "restart.check" for fault in after.faults)
        zone_clear = self.facts.get(f"hands:{self.procedure.cobot_zone}") is ABSENT
        if self.enabled is not None and self.backwards:
            joint = self.enabled.joint
            assert after.tool.may_loosen == joint and not idle
            holding = [fault for fault in after.faults if fault.holds]
            assert holding and all(f.subject == joint and f.kind.clear_by is ClearBy.TECHNICIAN for f in holding)
            assert self.facts.get(f"tool:{joint}") is PRESENT, "the tool may run backwards away from its joint"
        elif self.enabled is not None:
            joint = self.enabled.joint
            due = [
                step
                for step in self.procedure.steps
                if Tightening(joint=joint) in step.demands and after.progress(step.id).status is StepStatus.OPEN
            ]
            assert due and not holds, f"the tool may run at {joint}, which is not due"
            self._has_place_and_socket(joint, due, after)
            assert not self.tool_looks, "the tool may run while a good result waits to be placed"
            assert joint not in self.proven or self.proven[joint] in self.spent
        served = after.robot.service != "" or after.robot.announcing.startswith("service:")
        if self.motion and not self.jogged:
            assert zone_clear and self.room, "the arm may move although somebody may be near"
            assert served or not holds_arm, "the arm may move although it should not"
        elif not self.motion and not served and (holds_arm or not zone_clear or not self.room):
            self.told = self.announced = False

    def _has_place_and_socket(self, joint: str, due: list[Step], after: State) -> None:
        spec = self.procedure.joint(joint)
        placed = due[0].confirms_place or self.facts.get(f"tool:{joint}") is PRESENT
        fitting = spec.socket in (None, self.socket)
        if placed and fitting:
            return
        assert spec.grace_s > 0 and after.tool.grace_joint == joint, "the tool may run without its place or socket"
        assert fitting or not self.socket, "another socket is on the tool"
        others = (other.id for other in self.procedure.joints if other.id != joint)
        assert all(self.facts.get(f"tool:{other}") is not PRESENT for other in others)

    def _owes_nothing(self, step: Step, envelope: ev.Envelope, report: LookReport | None) -> None:
        for demand in step.demands:
            match demand:
                case Tightening(joint=joint):
                    assert joint in self.proven, f"{joint} passed without its own good result"
                    assert self.proven[joint] not in self.spent, f"a result is counted twice for {joint}"
                    self.spent.add(self.proven[joint])
                    if self.procedure.joint(joint).joint_class is JointClass.A:
                        words = [self.words.get((step.id, d.what), 0) for d in step.demands if _by_qualified(d)]
                        assert words and max(words) > self.proven[joint], "no qualified word after the result"
                case Confirmation(what=what):
                    assert (step.id, what) in self.words, f"{step.id} passed without a word"
                case PassShown():
                    assert self.passed_pass, "no pass was shown"
                case _:
                    self._was_seen(step, demand, report)

    def _was_seen(
        self, step: Step, demand: PartAt | PartTaken | HandsClear | Fastener, report: LookReport | None
    ) -> None:
        assert report is not None, f"{step.id} passed without a look"
        look, under_way = self.asked[report.look_id]
        assert step.id in under_way
        for fact, value in self._wanted(demand).items():
            assert fact in look.facts
            oldest_s = max(look.not_before_s, self.disturbed_s)
            assert self._says(report, fact, value, oldest_s), f"{step.id} passed and {fact} was not seen {value}"
            assert self.facts.get(fact) is value

    def _wanted(self, demand: PartAt | PartTaken | HandsClear | Fastener) -> dict[str, FactValue]:
        if isinstance(demand, HandsClear):
            return {f"hands:{demand.zone}": ABSENT}
        if isinstance(demand, Fastener):
            return {f"fastener:{demand.joint}": PRESENT}
        assert self.order is not None, "a part was judged without an order"
        kind = self.order.choices[demand.role]
        parts = {part.variant: part for part in self.procedure.parts if part.role == demand.role}
        if isinstance(demand, PartAt):
            return {f"part:{parts[kind].id}@{demand.place}": PRESENT}
        return {f"part:{p.id}@{p.tray}": ABSENT if p.variant == kind else PRESENT for p in parts.values()}

    @staticmethod
    def _says(report: LookReport, fact: str, value: FactValue, since_s: float) -> bool:
        readings = [reading for reading in report.readings if reading.fact == fact]
        return bool(readings) and readings[-1].value is value and readings[-1].t_mono_s >= since_s


def _by_technician(event: ev.RightUsed) -> bool:
    return event.role.value == "technician" and bool(event.reason.strip())


def _by_qualified(demand: object) -> bool:
    return isinstance(demand, Confirmation) and demand.by.value != "visitor"
