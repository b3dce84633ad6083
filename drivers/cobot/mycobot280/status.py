"""What the arm says of itself, and what of it is believed. Pure: answers in, facts out.

A frame has no checksum, so nothing that stops the arm, or lets it go, is believed before two reads in a row agree.
"""

from __future__ import annotations

from collections.abc import Sequence

from drivers.api import CobotStatus
from drivers.cobot.mycobot280.errors import error_words, servo_words, status_words, stops_motion
from drivers.cobot.mycobot280.joint_path import largest
from drivers.cobot.mycobot280.kinematics import JOINTS, coords
from drivers.cobot.mycobot280.polls import FLAGS
from drivers.cobot.mycobot280.poses import NO_OFFSET, Pose, flange_of
from drivers.cobot.mycobot280.protocol import Cmd
from drivers.cobot.mycobot280.reads import Question

HOT_C = 65.0
"""The servos switch themselves off at 70 to 80 degrees."""
COOL_C = 60.0
DIFFERS_MM = 15.0
"""The published table differs from real arms by 3 mm; a wrong model or a tool frame left set by more than this."""
DIFFERING_READS = 3
_SERVOS = (Cmd.READ_NEXT_ERROR, Cmd.GET_SERVO_STATUS)

Values = tuple[float, ...]


class Believed:
    """A value that is believed when two reads in a row agree."""

    def __init__(self) -> None:
        self.value: Values | None = None
        """None: not known."""
        self.doubted = False
        """The last read said something else."""
        self._candidate: Values | None = None

    def take(self, value: Values) -> bool:
        """One read. True when what is believed has changed."""
        if value == self.value:
            self._candidate, self.doubted = None, False
            return False
        if value == self._candidate:
            self.value, self._candidate, self.doubted = value, None, False
            return True
        self._candidate, self.doubted = value, True
        return False


class ArmStatus:
    """Everything but the posture."""

    def __init__(self) -> None:
        self._flags = {cmd: Believed() for cmd in (*FLAGS, Cmd.GET_SERVO_STATUS)}
        self._figures: dict[Cmd, Values] = {}
        self._hot = Believed()
        self._far_reads = 0
        self.changed = False
        """A flag has changed since this was last set to False."""
        self.differs: bool | None = None
        """Whether the arm's coordinates disagree with its angles; None until enough reads tell."""
        self.flange: Pose = ()
        """Where the arm says its flange is."""

    def take(self, cmd: Cmd, values: Values) -> tuple[Question, ...]:
        """Take an answer; what must be asked again soon to believe it."""
        if cmd is Cmd.GET_SERVO_TEMPERATURES:
            self._temperatures(values)
        if cmd not in self._flags:
            self._figures[cmd] = values
            return ()
        if not _plausible(cmd, values):
            return ()
        flag = self._flags[cmd]
        self.changed = flag.take(values) or self.changed
        if not flag.doubted:
            return ()
        # Without power all servos look faulty: whether there is power must be known first; and what is wrong with a
        # servo before that it is off.
        why: tuple[Cmd, ...] = ()
        if cmd in _SERVOS:
            why = (Cmd.IS_POWERED_ON,)
        elif cmd is Cmd.ARE_ALL_SERVOS_ENABLED:
            why = (Cmd.IS_POWERED_ON, *_SERVOS)
        return tuple(Question(cmd=each) for each in (*why, cmd))

    def _temperatures(self, values: Values) -> None:
        hot = self._hot.value or (0.0,) * JOINTS
        limits = [COOL_C if was else HOT_C for was in hot]
        self._hot.take(tuple(float(value >= limit) for value, limit in zip(values, limits, strict=True)))

    def coordinates(self, tip: Pose, angles_deg: Sequence[float], tool: Pose | None) -> None:
        """The arm's coordinates, read at rest at these angles; `tool` is the tool frame that it was given."""
        self.flange = flange_of(tip, tool or NO_OFFSET)
        far = largest(self.flange[:3], coords(angles_deg)[:3]) > DIFFERS_MM
        self._far_reads = max(1, self._far_reads + 1) if far else min(-1, self._far_reads - 1)
        if abs(self._far_reads) >= DIFFERING_READS:
            self.differs = far

    @property
    def powered(self) -> bool | None:
        """None: not known yet."""
        value = self._value(Cmd.IS_POWERED_ON)
        return None if not value else bool(value[0])

    @property
    def free(self) -> bool:
        """Whether it is in free mode."""
        return bool(sum(self._value(Cmd.IS_FREE_MODE)))

    @property
    def error(self) -> int:
        """The number of its error information, 0 when none or not known."""
        return int(sum(self._value(Cmd.ERROR_INFORMATION)))

    @property
    def servo_error(self) -> str:
        """What stops it, in words; empty when nothing does. Not judged while it is not sure that there is power."""
        if not self.powered or self._flags[Cmd.IS_POWERED_ON].doubted:
            return ""
        words = error_words(self.error) if stops_motion(self.error) else ""
        words = words or servo_words(self._value(Cmd.READ_NEXT_ERROR))
        doubted = any(self._flags[cmd].doubted for cmd in _SERVOS)
        if not (words or doubted or self.free) and self._value(Cmd.ARE_ALL_SERVOS_ENABLED) == (0,):
            reported = status_words(self._value(Cmd.GET_SERVO_STATUS))
            words = "a joint's servo is switched off" + (f" ({reported})" if reported else "")
        return words

    @property
    def warning(self) -> str:
        """What the servos report of themselves, in words; it need not stop them. Empty when nothing."""
        return status_words(self._value(Cmd.GET_SERVO_STATUS)) if self.powered else ""

    @property
    def hot_joints(self) -> tuple[int, ...]:
        """Joints, from 1, that are too hot."""
        return tuple(joint for joint, hot in enumerate(self._hot.value or (), start=1) if hot)

    def event(self, device: str, now_s: float, *, ready: bool, limit_percent: int) -> CobotStatus:
        """All of it for the technician's page."""
        gripper = self._figures.get(Cmd.GET_GRIPPER_VALUE, ())
        return CobotStatus(
            device=device,
            t_mono_s=now_s,
            powered=bool(self.powered),
            ready=ready,
            free_drive=self.free,
            error=self.servo_error or (error_words(self.error) if self.error else ""),
            flange=self.flange,
            temperatures_c=self._figures.get(Cmd.GET_SERVO_TEMPERATURES, ()),
            voltages_v=self._figures.get(Cmd.GET_SERVO_VOLTAGES, ()),
            currents_a=tuple(value / 1000 for value in self._figures.get(Cmd.GET_SERVO_CURRENTS, ())),
            gripper_percent=gripper[0] if gripper and gripper[0] <= 100 else None,
            speed_limit_percent=limit_percent,
        )

    def _value(self, cmd: Cmd) -> Values:
        return self._flags[cmd].value or ()


def _plausible(cmd: Cmd, values: Values) -> bool:
    if cmd in (Cmd.IS_POWERED_ON, Cmd.IS_FREE_MODE, Cmd.ARE_ALL_SERVOS_ENABLED):
        return values in ((0,), (1,))
    return len(values) == (1 if cmd is Cmd.ERROR_INFORMATION else JOINTS)
