"""One turn of `decide`: the state as it grows, and the effects in order. Lives for one call only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from station.core import effects as fx
from station.core.checks import ordered_names
from station.core.events import Envelope
from station.core.faults import FAULTS, ClearBy, Fault
from station.core.procedure import Procedure, Step
from station.core.state import Phase, State, StepProgress

NOTICE_S = 6.0
"""How long a notice stays on the screen."""


class Turn:
    """Collects what one event changes. Never leaves `decide`."""

    def __init__(self, procedure: Procedure, state: State, envelope: Envelope) -> None:
        self.procedure = procedure
        self.state = state
        self.envelope = envelope
        self.effects: list[fx.Effect] = []

    @property
    def now_s(self) -> float:
        """The event's own time."""
        return self.envelope.t_mono_s

    def set(self, **changes: Any) -> None:
        """Replace fields of the state."""
        self.state = replace(self.state, **changes)

    def set_robot(self, **changes: Any) -> None:
        """Replace fields of the robot's state."""
        self.set(robot=replace(self.state.robot, **changes))

    def set_tool(self, **changes: Any) -> None:
        """Replace fields of the tool's state."""
        self.set(tool=replace(self.state.tool, **changes))

    def set_step(self, step_id: str, **changes: Any) -> StepProgress:
        """Replace fields of one step's progress and return it."""
        changed = replace(self.state.progress(step_id), **changes)
        self.set(steps=tuple(changed if step.id == step_id else step for step in self.state.steps))
        return changed

    def new_id(self, letter: str) -> str:
        """An id that no other look, command or utterance of this visit has."""
        self.set(counter=self.state.counter + 1)
        return f"{self.state.visit_id}-{letter}{self.state.counter}"

    def do(self, effect: fx.Effect) -> None:
        """Add an effect."""
        self.effects.append(effect)

    def say(self, phrase: str, words: Mapping[str, str] | None = None, priority: str = "instruction") -> None:
        """Speak a phrase and show it as caption."""
        self.do(fx.Say(utterance=self.new_id("u"), phrase=phrase, words=words or {}, priority=priority))

    def say_step(self, step: Step) -> None:
        """Speak a step's instruction, with the names of what this order asks for."""
        self.say(step.say, ordered_names(self.procedure, self.state))

    def active_step_id(self) -> str:
        """First step that is not passed; empty when none is left."""
        return next((step.id for step in self.state.steps if step.status != "passed"), "")

    def has_fault(self, code: str) -> bool:
        """Whether a fault of that code stands."""
        return any(fault.code == code for fault in self.state.faults)

    def holding(self) -> bool:
        """Whether anything holds the work."""
        return self.state.paused or any(fault.holds for fault in self.state.faults)

    def motion_held(self) -> bool:
        """Whether anything holds the arm. Looking again after a restart does not: the arm may hide the work."""
        return self.state.paused or any(fault.holds and fault.code != "restart.check" for fault in self.state.faults)

    def raise_fault(self, code: str, subject: str, words: Mapping[str, str] | None = None, *, step: str = "") -> None:
        """Add a fault, say it, and call a person where its kind wants one. One that stands already stays as it is.

        `step` is the step that it is about, where that may be another than the first active one.
        """
        if any(fault.code == code and fault.subject == subject for fault in self.state.faults):
            return
        kind = FAULTS[code]
        step = step or self.active_step_id()
        fault = Fault(code=code, subject=subject, step=step, since_s=self.now_s, words=words or {})
        self.set(faults=(*self.state.faults, fault))
        self.say(f"fault.{code}.visitor", words, "safety" if code == "robot.hands" else "correction")
        if kind.clear_by is ClearBy.TIME:
            self.do(fx.SetTimer(timer=f"notice:{code}", after_s=NOTICE_S))
        if kind.calls:
            self.do(fx.CallPerson(code=code))

    def drop_fault(self, code: str, subject: str | None = None) -> None:
        """Remove faults of that code (and subject)."""
        kept = tuple(f for f in self.state.faults if f.code != code or (subject is not None and f.subject != subject))
        self.set(faults=kept)

    def release_tool(self) -> None:
        """Take the tool's permission away, once."""
        armed = self.state.tool.armed_joint
        if not armed:
            return
        self.end_grace()
        self.set_tool(
            armed_joint="",
            command_id="",
            ready=False,
            loosening=False,
            released_joint=armed,
            released_s=self.now_s,
        )
        self.do(fx.DisableTool(command_id=self.new_id("c")))

    def end_grace(self) -> None:
        """Nothing is lost for a moment any more: it is back, or the enable is gone."""
        joint = self.state.tool.grace_joint
        if joint:
            self.set_tool(grace_joint="", grace_over=False)
            self.do(fx.CancelTimer(timer=f"grace:{joint}"))

    def end(self, outcome: str, reason: str) -> None:
        """End the visit: nothing moves, nothing may be tightened, no look is waited for."""
        self.stop_robot()
        self.release_tool()
        self.set(phase=Phase.ENDED, outcome=outcome, looks=())
        self.do(fx.CloseVisit(outcome=outcome, reason=reason))

    def stop_robot(self) -> None:
        """Stop a motion that is under way."""
        if self.state.robot.moving:
            stop_id = self.new_id("c")
            self.do(fx.StopRobot(command_id=stop_id))
            self.rest_robot(stop_id=stop_id)

    def rest_robot(self, **changes: Any) -> None:
        """No motion is under way any more, and none is announced."""
        self.set_robot(command_id="", gesture="", moving=False, announcing="", announced="", service="", **changes)

    def make_ready(self) -> None:
        """Have the arm made ready again after a stop of its own."""
        ready_id = self.new_id("c")
        self.set_robot(ready_id=ready_id, service_word="", service_detail="")
        self.do(fx.ReadyRobot(command_id=ready_id))
