"""A scripted visitor: reads the screen, moves hands, makes one mistake if asked to, and mends it. Also the technician.

The script is a generator that yields once a tick: it acts in the time that the world is given. It reads the screen for
what to do and the world only for where things are, as eyes would.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Generator

from drivers.torque_tool.open_protocol.joint_physics import JointKind
from station.core.events import Event, FaultAcknowledged, PersonConfirmed, RightUsed
from station.core.procedure import Fastener, Part, PartAt, PartTaken, Procedure, Right, Role
from station.core.screen import Screen, ScreenFault
from station.simulation.mishaps import Mishap
from station.simulation.world import AWAY, Point, World
from vision.geometry import Transform

Acting = Generator[None, None, None]

HAND_SPEED_MM_S = 650.0
PART_GRIP: Point = (0.0, -128.0, 34.0)
"""Palm from the origin of a carried part."""
TOOL_GRIP: Point = (0.0, -100.0, 112.0)
NUT_GRIP: Point = (4.0, -96.0, 42.0)
PASS_AT: Point = (-90.0, -230.0, 60.0)


class Visitor:
    """One visitor at one bench. `act()` is the script; `mishap` goes wrong once, `quirk` is filled when it has."""

    def __init__(
        self,
        world: World,
        *,
        screen: Callable[[], Screen],
        post: Callable[[Event], None],
        rng: random.Random,
        pass_text: str,
        order_choices: dict[str, str],
        tool_park: Transform,
        mishap: Mishap | None = None,
    ) -> None:
        self._world = world
        self._procedure: Procedure = world.procedure
        self._screen = screen
        self._post = post
        self._rng = rng
        self._pass_text = pass_text
        self._choices = order_choices
        self._park = tool_park
        self._mishap = mishap

    def act(self) -> Acting:
        """Until the visit has ended."""
        while self._screen().phase != "ended":
            screen = self._screen()
            if self._mishap is Mishap.HAND_IN_ZONE and screen.robot == "moving":
                yield from self._reach_into_the_cobot()
            elif any(fault.holds for fault in screen.faults):
                yield from self._mend(screen)
            elif screen.phase == "running" and screen.step:
                yield from self._work(screen)
            yield

    def _use_mishap(self, mishap: Mishap) -> bool:
        """True once, when this is what is to go wrong."""
        if self._mishap is not mishap:
            return False
        self._mishap = None
        return True

    def _work(self, screen: Screen) -> Acting:
        for need in screen.waiting_for:
            kind, _, rest = need.partition(":")
            match kind:
                case "confirmation":
                    yield from self._confirm(rest)
                case "pass_shown":
                    yield from self._show_pass()
                case "hands" | "robot":
                    yield from self._hands_off()
                case "part":
                    yield from self._handle_part(screen)
                case "fastener":
                    yield from self._start_nuts(screen)
                case "tightening":
                    yield from self._tighten(rest)
                case _:
                    continue
            return
        yield from self._hands_off()

    def _confirm(self, what: str) -> Acting:
        yield from self._pause(1.0, 0.6)
        for question in self._screen().questions:
            if question.what == what:
                role = Role(question.by)
                person = "visitor" if role is Role.VISITOR else "M. Sato"
                self._post(PersonConfirmed(step=question.step, what=what, role=role, person=person))
        yield from self._pause(0.4)

    def _show_pass(self) -> Acting:
        self._world.card_text = self._pass_text
        yield from self._move("left", PASS_AT)
        yield from self._wait(lambda screen: "pass_shown" not in screen.waiting_for, 5.0)
        yield from self._move("left", AWAY)
        self._world.card_text = ""

    def _handle_part(self, screen: Screen) -> Acting:
        step = self._procedure.step(screen.step)
        for demand in (*step.gates, *step.demands):
            if isinstance(demand, PartTaken):
                yield from self._take(demand.role)
                return
            if isinstance(demand, PartAt):
                yield from self._place(demand)
                return

    def _ordered(self, role: str) -> Part:
        return next(part for part in self._procedure.variants(role) if part.variant == self._choices[role])

    def _take(self, role: str) -> Acting:
        if self._use_mishap(Mishap.WRONG_PART):
            wrong = next(part for part in self._procedure.variants(role) if part.variant != self._choices[role])
            yield from self._lift(wrong)
            yield from self._wait(lambda screen: any(f.code == "part.wrong" for f in screen.faults), 6.0)
            yield from self._pause(0.8)
            yield from self._put_back(wrong)
            return
        yield from self._lift(self._ordered(role))
        yield from self._wait(lambda screen: not any(n.startswith("part:") for n in screen.waiting_for), 4.0)

    def _lift(self, part: Part) -> Acting:
        yield from self._grab("right", part.id, PART_GRIP)
        x, y, z = self._world.hands["right"].at_mm
        yield from self._move("right", (x, y - 20.0, z + 70.0))
        yield from self._move("right", (-40.0, -205.0, 150.0))

    def _put_back(self, part: Part) -> Acting:
        home = next(place for place in self._procedure.places if place.id == part.tray)
        yield from self._lay(part.id, Transform.of(*home.at_mm, *home.rpy_deg))

    def _place(self, demand: PartAt) -> Acting:
        part = self._ordered(demand.role)
        place = next(place for place in self._procedure.places if place.id == demand.place)
        target = Transform.of(*place.at_mm, *place.rpy_deg)
        if self._world.poses[part.id].distance_to_mm(target) < 1.5:
            yield from self._hands_off()
            return
        if self._world.hands["right"].holding != part.id:
            yield from self._grab("right", part.id, PART_GRIP)
        play = (self._rng.gauss(0.0, 0.15), self._rng.gauss(0.0, 0.15), self._rng.gauss(0.0, 0.08))
        seated = target @ Transform.of(play[0], play[1], 0.0, yaw_deg=play[2])
        yield from self._lay(part.id, seated)
        yield from self._hands_off()

    def _lay(self, body: str, pose: Transform) -> Acting:
        x, y, z = (float(v) for v in pose.translation_mm)
        gx, gy, gz = PART_GRIP
        yield from self._move("right", (x + gx, y + gy, z + gz + 60.0))
        yield from self._move("right", (x + gx, y + gy, z + gz), speed=250.0)
        self._world.put(body, pose)
        yield from self._pause(0.2)
        self._world.release("right")
        yield from self._move("right", AWAY)

    def _start_nuts(self, screen: Screen) -> Acting:
        step = self._procedure.step(screen.step)
        wanted = [d.joint for d in (*step.gates, *step.demands) if isinstance(d, Fastener)]
        missing = [joint for joint in wanted if joint not in self._world.nuts]
        if not missing:
            yield from self._hands_off()
            return
        if len(missing) == 1 and len(wanted) > 1 and self._use_mishap(Mishap.MISSING_NUT):
            yield from self._hands_off()
            yield from self._wait(lambda shown: any(f.code == "nut.missing" for f in shown.faults), 12.0)
            return
        kind = JointKind.GOOD
        if self._mishap is Mishap.CROSSED_THREAD and self._rng.random() < 1.0 / len(missing):
            self._mishap = None
            kind = JointKind.CROSSED
        yield from self._start_nut(missing[0], kind)
        if len(missing) == 1:
            yield from self._hands_off()

    def _start_nut(self, joint: str, kind: JointKind) -> Acting:
        cup = self._world.cup_mm
        yield from self._move("right", (cup[0], cup[1] - 80.0, cup[2] + 70.0))
        self._world.hands["right"].grip = 1.0
        yield from self._pause(0.35)
        x, y, z = self._procedure.joint(joint).position_mm
        at = (x + NUT_GRIP[0], y + NUT_GRIP[1], z + NUT_GRIP[2])
        yield from self._move("right", at)
        for turn in range(8):
            yield from self._move("right", (at[0] + 4.0 * math.sin(turn * 1.7), at[1], at[2]), speed=120.0)
        self._world.start_nut(joint, kind)
        yield from self._pause(0.2)
        self._world.hands["right"].grip = 0.3

    def _tighten(self, joint: str) -> Acting:
        if self._use_mishap(Mishap.WRONG_SOCKET):
            self._world.mount_socket("")
            yield from self._pause(0.3)
        if self._lacks_socket():
            yield from self._change_socket()
        if self._world.hands["right"].holding != "tool":
            yield from self._grab("right", "tool", TOOL_GRIP)
        if self._use_mishap(Mishap.WRONG_ORDER):
            other = next(spec.id for spec in self._procedure.joints if spec.id != joint and spec.id in self._world.nuts)
            yield from self._tool_to(other)
            yield from self._wait(lambda screen: any(f.code == "order.wrong" for f in screen.faults), 6.0)
            yield from self._pause(0.6)
            yield from self._raise_tool()
            return
        yield from self._tool_to(joint)
        yield from self._wait(lambda screen: screen.tool == "ready" or _held(screen), 4.0)
        if self._screen().tool != "ready":
            yield from self._raise_tool()
            return
        yield from self._pause(0.3, 0.2)
        if self._use_mishap(Mishap.LOW_TORQUE) and joint in self._world.nuts:
            self._world.nuts[joint].kind = JointKind.LOW_TORQUE
        if self._use_mishap(Mishap.ALREADY_TIGHT) and joint in self._world.nuts:
            self._world.nuts[joint].tight = True
        if not self._world.pull_trigger():
            yield from self._raise_tool()
            return
        if self._use_mishap(Mishap.TOOL_ELSEWHERE):
            x, y, z = self._world.hands["right"].at_mm
            yield from self._move("right", (x + 30.0, y - 90.0, z + 40.0), speed=900.0)
        yield from self._wait(lambda screen: _judged(screen, joint), 6.0)
        yield from self._pause(0.3)
        yield from self._raise_tool()
        yield from self._park_tool()

    def _lacks_socket(self) -> bool:
        lock = self._screen().interlock
        return lock is not None and not lock.socket_there

    def _change_socket(self) -> Acting:
        """The screen says which socket is missing: lay the tool down, and put that one on."""
        lock = self._screen().interlock
        yield from self._pause(0.8, 0.4)
        if self._world.hands["right"].holding == "tool":
            yield from self._raise_tool()
            yield from self._park_tool()
        yield from self._pause(1.0)
        if lock is not None:
            self._world.mount_socket(lock.socket)
        yield from self._wait(lambda screen: not self._lacks_socket(), 2.0)

    def _tool_to(self, joint: str) -> Acting:
        nut = self._world.nuts.get(joint)
        x, y, z = self._procedure.joint(joint).position_mm
        top = z + (8.0 if nut is None or nut.tight else 17.0)
        gx, gy, gz = TOOL_GRIP
        yield from self._move("right", (x + gx, y + gy, top + gz + 60.0))
        yield from self._move("right", (x + gx, y + gy, top + gz), speed=250.0)

    def _raise_tool(self) -> Acting:
        x, y, z = self._world.hands["right"].at_mm
        yield from self._move("right", (x, y - 30.0, z + 60.0))
        yield from self._move("right", (300.0, -260.0, 190.0))

    def _park_tool(self) -> Acting:
        x, y, z = (float(v) for v in self._park.translation_mm)
        gx, gy, gz = TOOL_GRIP
        yield from self._move("right", (x + gx, y + gy, z + gz + 40.0))
        yield from self._move("right", (x + gx, y + gy, z + gz), speed=300.0)
        self._world.put("tool", self._park)
        self._world.release("right")
        yield from self._move("right", AWAY)

    def _hands_off(self) -> Acting:
        if self._world.hands["right"].holding == "tool":
            yield from self._raise_tool()
            yield from self._park_tool()
        for side in ("right", "left"):
            if self._world.hands[side].at_mm != AWAY and not self._world.hands[side].holding:
                yield from self._move(side, AWAY)
        yield from self._pause(0.1)

    def _reach_into_the_cobot(self) -> Acting:
        yield from self._move("left", (70.0, -20.0, 150.0), speed=1100.0)
        yield from self._wait(lambda screen: any(f.code == "robot.hands" for f in screen.faults), 2.0)
        if any(fault.code == "robot.hands" for fault in self._screen().faults):
            self._mishap = None
        yield from self._pause(0.8)
        yield from self._move("left", AWAY)

    def _mend(self, screen: Screen) -> Acting:
        for fault in screen.faults:
            if fault.holds and fault.clear_by == "visitor" and fault.ready:
                yield from self._hands_off()
                yield from self._pause(0.8, 0.5)
                self._post(FaultAcknowledged(code=fault.code, role=Role.VISITOR, person="visitor"))
                yield from self._pause(0.3)
                return
            if fault.holds and fault.clear_by == "technician" and fault.ready:
                yield from self._technician(fault)
                return
        if any(fault.code == "nut.missing" for fault in screen.faults):
            yield from self._mend_nuts(screen)
            return
        if any(fault.code in ("order.wrong", "restart.check", "robot.hands") for fault in screen.faults):
            yield from self._hands_off()
        yield from self._pause(0.2)

    def _mend_nuts(self, screen: Screen) -> Acting:
        for fault in screen.faults:
            if fault.code == "nut.missing" and fault.subject not in self._world.nuts:
                yield from self._start_nut(fault.subject, JointKind.GOOD)
        yield from self._hands_off()

    def _technician(self, fault: ScreenFault) -> Acting:
        """A colleague comes, mends what the fault names, and says so under a name."""
        yield from self._hands_off()
        yield from self._pause(1.5)
        nut = self._world.nuts.get(fault.subject)
        if Right.ACCEPT_RESULT in fault.rights and nut is not None and nut.tight:
            self._use_right(Right.ACCEPT_RESULT, fault.subject, "stood beside the visitor and saw this joint tightened")
            yield from self._pause(0.3)
            return
        if fault.code == "tightening.loosen" and Right.LOOSEN in fault.rights:
            yield from self._loosen(fault.subject)
        elif fault.code.startswith(("tightening.", "result.")):
            for joint in self._suspects(fault):
                yield from self._replace_nut(joint)
        yield from self._pause(0.6)
        self._post(
            FaultAcknowledged(code=fault.code, role=Role.TECHNICIAN, person="K. Mori", reason="looked at and mended")
        )
        yield from self._pause(0.3)

    def _suspects(self, fault: ScreenFault) -> list[str]:
        """Joints that a technician looks at: the one that is named, else each that is tight and not done."""
        if fault.subject in self._world.nuts:
            return [fault.subject]
        done = {joint.id for joint in self._screen().joints if joint.status == "done"}
        return [joint for joint, nut in self._world.nuts.items() if nut.tight and joint not in done]

    def _replace_nut(self, joint: str) -> Acting:
        x, y, z = self._procedure.joint(joint).position_mm
        yield from self._move("left", (x, y - 96.0, z + 42.0))
        self._world.remove_nut(joint)
        yield from self._pause(0.8)
        self._world.start_nut(joint)
        yield from self._pause(0.3)
        yield from self._move("left", AWAY)

    def _loosen(self, joint: str) -> Acting:
        """The technician lets the tool run backwards and loosens the joint with it."""
        self._use_right(Right.LOOSEN, joint, "to be tightened again")
        yield from self._grab("right", "tool", TOOL_GRIP)
        yield from self._tool_to(joint)
        yield from self._wait(lambda screen: screen.tool == "ready", 4.0)
        yield from self._pause(0.3)
        if self._world.pull_trigger(loosening=True):
            yield from self._wait(lambda screen: screen.tool != "ready", 6.0)
        yield from self._raise_tool()
        yield from self._park_tool()

    def _use_right(self, right: Right, subject: str, reason: str) -> None:
        self._post(RightUsed(right=right, subject=subject, role=Role.TECHNICIAN, person="K. Mori", reason=reason))

    def _grab(self, side: str, body: str, grip: Point) -> Acting:
        x, y, z = (float(v) for v in self._world.poses[body].translation_mm)
        at = (x + grip[0], y + grip[1], z + grip[2])
        yield from self._move(side, (at[0], at[1], at[2] + 50.0))
        yield from self._move(side, at, speed=300.0)
        self._world.grab(side, body)
        yield from self._pause(0.15)

    def _move(self, side: str, to: Point, speed: float = HAND_SPEED_MM_S) -> Acting:
        """Minimum-jerk reach (Flash and Hogan 1985: 10 s^3 - 15 s^4 + 6 s^5)."""
        start = self._world.hands[side].at_mm
        duration_s = max(0.12, 1.4 * math.dist(start, to) / speed)
        begun_s = self._world.now_s
        while True:
            part = min(1.0, (self._world.now_s - begun_s) / duration_s)
            blend = part**3 * (10.0 - 15.0 * part + 6.0 * part * part)
            x, y, z = (a + (b - a) * blend for a, b in zip(start, to, strict=True))
            self._world.carry(side, (x, y, z))
            if part >= 1.0:
                return
            yield

    def _pause(self, seconds: float, spread: float = 0.0) -> Acting:
        until_s = self._world.now_s + seconds + self._rng.random() * spread
        while self._world.now_s < until_s:
            yield

    def _wait(self, condition: Callable[[Screen], bool], limit_s: float) -> Acting:
        until_s = self._world.now_s + limit_s
        while self._world.now_s < until_s and not condition(self._screen()):
            yield


def _held(screen: Screen) -> bool:
    return any(fault.holds for fault in screen.faults)


def _judged(screen: Screen, joint: str) -> bool:
    return _held(screen) or f"tightening:{joint}" not in screen.waiting_for
