"""Mishaps that are not the visitor's: a camera, a cable or a controller fails at some moment and is mended."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping

from station.core.procedure import Tightening
from station.core.screen import Screen
from station.simulation.bad_views import BadView
from station.simulation.mishaps import Mishap
from station.simulation.rig import Rig

BROKEN_S = 2.5
"""How long a camera or a cable stays broken."""


ALL_IDS = 10**10
"""Above every tightening id."""
BAD_VIEWS: Mapping[Mishap | None, BadView] = {
    Mishap.CAMERA_STALE: BadView.SILENT,
    Mishap.CAMERA_FROZEN: BadView.FROZEN,
    Mishap.CAMERA_LATE: BadView.LATE,
    Mishap.CAMERA_COVERED: BadView.COVERED,
    Mishap.CAMERA_DARK: BadView.DARK,
    Mishap.CAMERA_BRIGHT: BadView.BRIGHT,
    Mishap.CAMERA_DEFOCUSED: BadView.DEFOCUSED,
    Mishap.CAMERA_MOVED: BadView.MOVED,
}
"""What each of a camera's mishaps makes of its pictures."""
_CUTS = (Mishap.TOOL_UNPLUGGED, Mishap.CUT_RUNDOWN, Mishap.LOST_RESULT)


class Incident:
    """Waits for its moment, breaks something once, mends it. `turn` is called once a tick."""

    def __init__(self, rig: Rig, mishap: Mishap | None, rng: random.Random, restart: Callable[[], None]) -> None:
        self._rig = rig
        self._mishap = mishap
        self._restart = restart
        steps = [step.id for step in rig.files.procedure.steps]
        self._step = rng.choice(_steps_for(mishap, rig, steps)) if mishap else ""
        self._camera = rng.choice([camera.name for camera in rig.files.station.cameras])
        # The last two steps are over soon.
        self._delay_s = rng.uniform(0.2, 1.2 if self._step in steps[-2:] else 3.0)
        self._at_s: float | None = None
        self._mend_at_s: float | None = None
        self._over = mishap is None

    def turn(self, now_s: float, screen: Screen) -> None:
        """Break or mend what is due."""
        if self._mend_at_s is not None and now_s >= self._mend_at_s:
            self._mend_at_s = None
            self._mend(now_s)
        if self._over:
            return
        if self._at_s is None and screen.step == self._step:
            self._at_s = now_s + self._delay_s
        # A step that is over before its moment has come leaves the mishap to the next one.
        if self._at_s is not None and now_s >= self._at_s and self._possible(screen):
            self._over = True
            self._break(now_s)

    def _possible(self, screen: Screen) -> bool:
        if self._mishap is Mishap.DUPLICATE_RESULT:
            return any(joint.torque_nm is not None for joint in screen.joints)
        if self._mishap is Mishap.COBOT_UNPLUGGED:
            return screen.robot != "away"
        if self._mishap is Mishap.COBOT_STOPPED:
            return self._rig.arm is not None and screen.robot == "moving"
        if self._mishap in (Mishap.CUT_RUNDOWN, Mishap.LOST_RESULT):
            # In the middle of a rundown: not while it is still free, nor in its last moment.
            tool = self._rig.tool_simulator
            return tool is not None and tool.running and screen.tool == "ready"
        return True

    def _break(self, now_s: float) -> None:
        rig, world = self._rig, self._rig.world
        match self._mishap:
            case mishap if mishap in BAD_VIEWS:
                world.bad_views[self._camera] = BAD_VIEWS[mishap]
                self._mend_at_s = now_s + BROKEN_S
            case Mishap.UNARMED_RESULT if rig.tool_simulator is not None:
                joint = rig.files.procedure.joints[0]
                rig.tool_simulator.inject_result(
                    pset=joint.pset or 1,
                    torque_nm=joint.torque_target_nm,
                    angle_deg=joint.angle_max_deg / 2,
                    now_s=now_s,
                )
            case Mishap.DUPLICATE_RESULT if rig.tool_simulator is not None:
                rig.tool_simulator.send_last_again(now_s)
            case Mishap.COBOT_UNPLUGGED if rig.cobot is not None:
                rig.cobot.unplug()
                self._mend_at_s = now_s + BROKEN_S
            case Mishap.COBOT_STOPPED if rig.arm is not None:
                rig.arm.emergency_stop(True)
                self._mend_at_s = now_s + BROKEN_S
            case Mishap.TOOL_UNPLUGGED | Mishap.CUT_RUNDOWN | Mishap.LOST_RESULT if rig.tool is not None:
                rig.tool.unplug()
                self._mend_at_s = now_s + BROKEN_S
            case Mishap.TOOL_ALARM if rig.tool_simulator is not None:
                rig.tool_simulator.raise_alarm("E404", "Motor temperature high", now_s, tool_ready=False)
                self._mend_at_s = now_s + BROKEN_S
            case Mishap.RESTART:
                self._restart()
            case _:
                return

    def _mend(self, now_s: float) -> None:
        self._rig.world.bad_views.clear()
        if self._mishap is Mishap.COBOT_UNPLUGGED and self._rig.cobot is not None:
            self._rig.cobot.plug_in()
        if self._mishap is Mishap.COBOT_STOPPED and self._rig.arm is not None:
            self._rig.arm.emergency_stop(False)
        if self._mishap is Mishap.LOST_RESULT and self._rig.tool_simulator is not None:
            self._rig.tool_simulator.forget_results(ALL_IDS)
        if self._mishap in _CUTS and self._rig.tool is not None:
            self._rig.tool.plug_in()
        if self._mishap is Mishap.TOOL_ALARM and self._rig.tool_simulator is not None:
            self._rig.tool_simulator.end_alarm(now_s)


def _steps_for(mishap: Mishap | None, rig: Rig, steps: list[str]) -> list[str]:
    """Steps in which the mishap can happen and be noticed."""
    procedure = rig.files.procedure
    tightening = [s.id for s in procedure.steps if any(isinstance(d, Tightening) for d in s.demands)]
    moving = [s.id for s in procedure.steps if s.gestures]
    match mishap:
        case Mishap.DUPLICATE_RESULT | Mishap.LOST_RESULT:
            # Before any result is on record nobody can know that one is missing.
            return tightening[1:] or steps
        case Mishap.UNARMED_RESULT:
            return [steps[steps.index(tightening[0]) - 1]] if tightening else steps
        case (
            Mishap.TOOL_UNPLUGGED
            | Mishap.CUT_RUNDOWN
            | Mishap.LOST_RESULT
            | Mishap.TOOL_ALARM
            | Mishap.WRONG_SOCKET
            | Mishap.ALREADY_TIGHT
        ):
            return tightening or steps
        case Mishap.COBOT_UNPLUGGED | Mishap.COBOT_STOPPED:
            return moving or steps
        case Mishap.RESTART:
            return steps[2:-1]
        case _:
            return steps[2:-1]
