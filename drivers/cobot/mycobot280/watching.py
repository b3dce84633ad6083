"""What is told of the arm's state: notes that stand, what takes it out of motion, and a report every second. Pure."""

from __future__ import annotations

from drivers.cobot.mycobot280.errors import error_words, stops_motion
from drivers.cobot.mycobot280.notes import Notes
from drivers.cobot.mycobot280.status import ArmStatus
from drivers.cobot.mycobot280.telling import Telling

STATUS_EVERY_S = 1.0
NOT_POWERED = (
    "the arm's joints have no power; release its emergency stop button, check its power plug, then clear the stop"
)
FREE = "the arm is in free drive and takes no motion; hold its place again by ending free drive"
LOOK = "look at the arm and free what it touches, then clear the stop; if it comes again power-cycle the arm"
DIFFERS = "the arm's own coordinates disagree with its angles; check that it is a myCobot 280 and set its tool frame"


class Watching:
    """Turns what is believed of the arm into events."""

    def __init__(self, status: ArmStatus, notes: Notes, telling: Telling) -> None:
        self._status = status
        self._notes = notes
        self._telling = telling
        self._error = 0
        self._told_s: float | None = None

    def _stops(self) -> tuple[tuple[str, str], ...]:
        """What can make the arm take no motion, code and sentence; the sentence is empty where it is not so."""
        wrong = self._status.servo_error
        return (
            ("cobot.not_powered", NOT_POWERED if self._status.powered is False else ""),
            ("cobot.free_drive", FREE if self._status.free and self._status.powered else ""),
            ("cobot.servo_error", f"{wrong}; {LOOK}" if wrong else ""),
        )

    def blocked(self) -> tuple[str, str] | None:
        """What makes the arm take no motion now, code and sentence; None when it takes motion."""
        return next(((code, detail) for code, detail in self._stops() if detail), None)

    def look(self, now_s: float, limit_percent: int) -> None:
        """Tell what has begun or ended to stand, and the whole state when a flag has changed or a second is over."""
        status, stand = self._status, self._notes.stand
        for code, detail in self._stops():
            stand(code, detail, now_s, stops=True)
        trouble = status.warning
        rest = f"the servos report trouble with: {trouble}; let the arm rest, check its load, power supply and cables"
        stand("cobot.servo_status", rest if trouble else "", now_s)
        hot = " and ".join(str(joint) for joint in status.hot_joints)
        stand("cobot.hot", f"too hot: joint {hot}; let the arm rest and check its load" if hot else "", now_s)
        stand("cobot.coords_differ", DIFFERS if status.differs else "", now_s)
        if status.error != self._error and status.error and not stops_motion(status.error):
            detail = f"the arm reports: {error_words(status.error)}; remove the cause and move it again"
            self._notes.say("cobot.device_error", detail, now_s)
        self._error = status.error
        if status.changed or self._told_s is None or now_s >= self._told_s + STATUS_EVERY_S:
            status.changed, self._told_s = False, now_s
            ready = bool(status.powered) and self.blocked() is None
            event = status.event(self._telling.device, now_s, ready=ready, limit_percent=limit_percent)
            self._telling.events.append(event)
