"""The scorer: compares every passed step with the truth of the simulated world. A pass that is not true is false."""

from __future__ import annotations

from collections.abc import Mapping

from drivers.torque_tool.open_protocol.joint_physics import JointKind
from station.core.procedure import Demand, Fastener, PartAt, PartTaken, Procedure, Step, Tightening
from station.core.screen import Screen
from station.simulation.world import World
from vision.geometry import Transform


class Scorer:
    """Looks at the world at the moment a step passes. `slack` widens the tolerances by what a camera cannot know."""

    SLACK_MM = 0.5
    SLACK_DEG = 0.5

    def __init__(self, procedure: Procedure, world: World, choices: Mapping[str, str]) -> None:
        self._procedure = procedure
        self._world = world
        self._choices = choices
        self._passed: set[str] = set()
        self.false_passes: list[str] = []
        """`step: what was not true`, one line each."""
        self.named: list[str] = []
        """Fault codes that the screen has named, in order of first appearance."""
        self.held: list[str] = []
        """Those of them that held the work."""

    def see(self, screen: Screen) -> None:
        """Take in one published screen."""
        for fault in screen.faults:
            if fault.code not in self.named:
                self.named.append(fault.code)
            if fault.holds and fault.code not in self.held:
                self.held.append(fault.code)
        if screen.interlock is not None and screen.interlock.missing == "socket" and "tool.socket" not in self.named:
            self.named.append("tool.socket")
        # A step that was taken back has to be true again when it passes again.
        self._passed &= {shown.id for shown in screen.steps if shown.status == "passed"}
        for shown in screen.steps:
            if shown.status == "passed" and shown.id not in self._passed:
                self._passed.add(shown.id)
                self._judge(self._procedure.step(shown.id))

    def _judge(self, step: Step) -> None:
        with self._world.lock:
            for demand in step.demands:
                wrong = self._untrue(demand)
                if wrong:
                    self.false_passes.append(f"{step.id}: {wrong}")

    def _untrue(self, demand: Demand) -> str:
        match demand:
            case PartAt():
                return self._misplaced(demand)
            case PartTaken():
                part = next(p for p in self._procedure.variants(demand.role) if p.variant == self._choices[demand.role])
                home = next(place for place in self._procedure.places if place.id == part.tray)
                away = self._world.poses[part.id].distance_to_mm(Transform.of(*home.at_mm, *home.rpy_deg)) > 40.0
                return "" if away else f"{part.id} still lies in the tray"
            case Fastener():
                return "" if demand.joint in self._world.nuts else f"no nut at {demand.joint}"
            case Tightening():
                nut = self._world.nuts.get(demand.joint)
                good = nut is not None and nut.tight and nut.kind is JointKind.GOOD
                return "" if good else f"{demand.joint} is not well tightened"
            case _:
                return ""

    def _misplaced(self, demand: PartAt) -> str:
        part = next(p for p in self._procedure.variants(demand.role) if p.variant == self._choices[demand.role])
        place = next(place for place in self._procedure.places if place.id == demand.place)
        target = Transform.of(*place.at_mm, *place.rpy_deg)
        pose = self._world.poses[part.id]
        off_mm, off_deg = pose.distance_to_mm(target), pose.angle_to_deg(target)
        if off_mm <= demand.within_mm + self.SLACK_MM and off_deg <= demand.within_deg + self.SLACK_DEG:
            return ""
        return f"{part.id} is {off_mm:.1f} mm and {off_deg:.1f} degrees off {demand.place}"
