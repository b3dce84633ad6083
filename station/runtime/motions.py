"""From a wanted motion to the arm: finds its way, has it checked against the bench, and sends it leg by leg.

Finding a way takes up to some tenths of a second, so it is done in a thread of its own (or by whoever turns a simulated
station); the loop, and with it every stop, never waits for it. A stop forgets whatever was being planned.
"""

from __future__ import annotations

import math
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from drivers.api import (
    CobotPosture,
    CommandDone,
    CommandError,
    CommandFailed,
    Disconnected,
    DriverEvent,
    LinkError,
    MoveJoints,
    Outcome,
)
from station.core import effects as fx
from station.core.events import MotionPlanned
from station.motion.jog import jog
from station.motion.plan import Leg, MotionPlan, PlanError
from station.motion.planner import plan
from station.motion.scene import MotionScene
from station.runtime.gap_watch import GapWatch
from station.runtime.ports import Port, Post

FRESH_S = 0.5
"""An older posture tells nobody where the arm is."""
READY_WITHIN_S = 1.5
"""How long a wanted motion waits for the arm to come to rest, and for people to be far enough."""
NO_POSTURE = "nobody knows where the arm stands, or it does not come to rest; look at the arm and its line"
PEOPLE_NEAR = "somebody is too near for this motion to begin; step back, then try again"
LOOK_EVERY_S = 0.02

Wanted = fx.MoveRobot | fx.JogRobot


@dataclass(slots=True)
class _UnderWay:
    """A motion whose legs are being sent."""

    wanted: Wanted
    legs: deque[Leg]
    """Those that are not sent yet."""
    sent_id: str = ""
    number: int = 0


class Motions:
    """One arm's motions. `turn` belongs to one thread; everything else may be called from any."""

    def __init__(
        self,
        *,
        port: Port,
        post: Post,
        now_s: Callable[[], float],
        scene: Callable[[], MotionScene],
        gap: GapWatch | None,
    ) -> None:
        """`scene` is asked anew for every motion; `gap` says whether there is room, None on a bench without one."""
        self._port = port
        self._post = post
        self._now_s = now_s
        self._scene = scene
        self._gap = gap
        self._lock = threading.Lock()
        self._woken = threading.Event()
        self._wanted: tuple[Wanted, float] | None = None
        self._under_way: _UnderWay | None = None
        self._posture: CobotPosture | None = None
        self._plan: MotionPlan | None = None

    @property
    def newest_plan(self) -> MotionPlan | None:
        """The way of the motion that is under way, or was last."""
        return self._plan

    def want(self, wanted: Wanted) -> None:
        """Begin a motion as soon as its way is found. Its end is a CommandDone or CommandFailed of its id."""
        with self._lock:
            self._wanted = (wanted, self._now_s())
        self._woken.set()

    def forget(self) -> None:
        """A stop is about to be sent: nothing that was wanted before it comes after it."""
        with self._lock:
            self._wanted = self._under_way = None

    def heard(self, event: DriverEvent) -> DriverEvent | None:
        """Take what the arm reports; gives what of it is news for the loop."""
        if isinstance(event, CobotPosture):
            self._posture = event
            if self._gap is not None:
                self._gap.posture(event)
            return None
        if isinstance(event, Disconnected) and self._gap is not None:
            self._gap.gone()
        if not isinstance(event, CommandDone | CommandFailed):
            return event
        with self._lock:
            under_way = self._under_way
            if under_way is None or event.command_id != under_way.sent_id:
                return event
            command_id = under_way.wanted.command_id
            if isinstance(event, CommandDone) and under_way.legs:
                refused = self._send_next(under_way)
                if refused is None:
                    return None
                event = refused
            self._under_way = None
        self._over()
        if isinstance(event, CommandDone):
            return CommandDone(device=event.device, command_id=command_id, t_mono_s=event.t_mono_s)
        return CommandFailed(
            device=event.device,
            command_id=command_id,
            t_mono_s=event.t_mono_s,
            outcome=event.outcome,
            code=event.code,
            detail=event.detail,
        )

    def turn(self) -> bool:
        """Find the way of what is wanted, if anything is, and send its first leg. True when something was done."""
        with self._lock:
            wanted = self._wanted
        if wanted is None:
            return False
        effect, since_s = wanted
        late = self._now_s() >= since_s + READY_WITHIN_S
        here_deg = self._at_rest()
        if here_deg is None:
            if late:
                self._end(effect, "cobot.no_posture", NO_POSTURE)
            return late
        try:
            found = self._find(effect, here_deg)
        except PlanError as error:
            self._end(effect, error.code, str(error))
            return True
        if not self._has_room(effect, found):
            if late:
                self._end(effect, "motion.people_near", PEOPLE_NEAR)
            return late
        self._begin(effect, found)
        return True

    def run(self, stop: threading.Event) -> None:
        """Turn until `stop` is set."""
        while not stop.is_set():
            self._woken.wait(0.1)
            self._woken.clear()
            while not stop.is_set() and self._wanted is not None:
                if not self.turn():
                    stop.wait(LOOK_EVERY_S)

    def _at_rest(self) -> tuple[float, ...] | None:
        posture = self._posture
        if posture is None or posture.moving or self._now_s() - posture.t_mono_s > FRESH_S:
            return None
        return posture.angles_deg

    def _find(self, effect: Wanted, here_deg: tuple[float, ...]) -> MotionPlan:
        scene = self._scene()
        if isinstance(effect, fx.MoveRobot):
            return plan(effect.gesture, here_deg=here_deg, scene=scene)
        return jog(effect.frame, effect.axis, effect.direction, effect.speed_percent, here_deg=here_deg, scene=scene)

    def _has_room(self, effect: Wanted, found: MotionPlan) -> bool:
        """Whether people are far enough for this way. Whoever holds a jog's button is near and lets go."""
        if self._gap is None or not found.legs:
            return True
        points = [] if isinstance(effect, fx.JogRobot) else [p for leg in found.legs for p in leg.points_deg]
        room = self._gap.begins(points, max(leg.speed_percent for leg in found.legs))
        return room or isinstance(effect, fx.JogRobot)

    def _over(self) -> None:
        if self._gap is not None:
            self._gap.ends()

    def _begin(self, effect: Wanted, found: MotionPlan) -> None:
        at_most = effect.at_most_percent if isinstance(effect, fx.MoveRobot) else 100
        legs = deque(
            Leg(points_deg=leg.points_deg, speed_percent=min(at_most, leg.speed_percent)) for leg in found.legs
        )
        with self._lock:
            if self._wanted is None or self._wanted[0] is not effect:
                self._over()
                return  # Stopped, or something else is wanted, while the way was being looked for.
            self._wanted, self._plan = None, found
            planned = MotionPlanned(
                command_id=effect.command_id,
                gesture=effect.gesture if isinstance(effect, fx.MoveRobot) else "",
                clearance_mm=found.clearance_mm if math.isfinite(found.clearance_mm) else 1e6,
                between=" and ".join(found.between),
                duration_s=found.duration_s,
            )
            self._post(planned, "planner", self._now_s())
            if not legs:
                self._post_end(CommandDone(device="cobot", command_id=effect.command_id, t_mono_s=self._now_s()))
                return
            under_way = _UnderWay(wanted=effect, legs=legs)
            refused = self._send_next(under_way)
            self._under_way = under_way if refused is None else None
        if refused is not None:
            self._over()
            self._refuse(effect, refused.code, refused.detail)

    def _send_next(self, under_way: _UnderWay) -> CommandFailed | None:
        """Send a leg; what was wrong when the port does not take it. Called with the lock held: a stop comes after."""
        leg = under_way.legs.popleft()
        under_way.number += 1
        command_id = under_way.wanted.command_id
        under_way.sent_id = f"{command_id}.{under_way.number}" if under_way.legs else command_id
        move = MoveJoints(
            command_id=under_way.sent_id,
            angles_deg=leg.points_deg[-1],
            through_deg=leg.points_deg[1:-1],
            speed_percent=leg.speed_percent,
        )
        try:
            self._port.submit(move)
        except (CommandError, LinkError) as error:
            return self._failed(under_way.wanted, error.code, str(error))
        return None

    def _end(self, effect: Wanted, code: str, detail: str) -> None:
        """There is no such motion, unless it is not wanted any more."""
        with self._lock:
            if self._wanted is None or self._wanted[0] is not effect:
                return
            self._wanted = None
        self._refuse(effect, code, detail)

    def _refuse(self, effect: Wanted, code: str, detail: str) -> None:
        self._post_end(self._failed(effect, code, detail))

    def _failed(self, effect: Wanted, code: str, detail: str) -> CommandFailed:
        return CommandFailed(
            device="cobot",
            command_id=effect.command_id,
            t_mono_s=self._now_s(),
            outcome=Outcome.REFUSED,
            code=code,
            detail=detail,
        )

    def _post_end(self, event: CommandDone | CommandFailed) -> None:
        self._post(event, "cobot", event.t_mono_s)
