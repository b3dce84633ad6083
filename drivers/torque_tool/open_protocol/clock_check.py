"""The errand that compares the controller's clock with the station's: every result carries a time from each.

Source: Open Protocol release 2.8.0, MIDs 0080 to 0082: `YYYY-MM-DD:HH:MM:SS` without a zone, in the controller's own
time zone, whole seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo

from drivers.torque_tool.open_protocol.asking import Ask, Refusal
from drivers.torque_tool.open_protocol.messages import ACCEPTED, LAYOUTS, read, text
from drivers.torque_tool.open_protocol.protocol import Message, MessageError
from drivers.torque_tool.open_protocol.telling import Telling

EVERY_S = 300.0
TOLERANCE_S = 5.0
CODE = "tool.clock"
TIME_FORMAT = "%Y-%m-%d:%H:%M:%S"


def controller_time(message: Message) -> datetime:
    """The time of a 0081, without a zone. Raises MessageError when it is none."""
    told = text(read(message), "time")
    try:
        return datetime.strptime(told, TIME_FORMAT)
    except ValueError as error:
        raise MessageError(f"The controller's time {told!r} is no time.") from error


def difference_s(told: datetime, wall: datetime, round_trip_s: float, zone: tzinfo | None) -> float:
    """By how much the controller is ahead. `wall` is now, with its zone; `zone` is the controller's, None: the same."""
    here = wall.astimezone(zone) if zone is not None else wall
    return (told - here.replace(tzinfo=None) + timedelta(seconds=round_trip_s / 2)).total_seconds()


class ClockCheck:
    """Asks for the time on connecting and every five minutes; sets it when told to, and reads it again."""

    def __init__(
        self, telling: Telling, *, wall_clock: Callable[[], datetime] | None, zone: tzinfo | None, sets: bool
    ) -> None:
        """Without `wall_clock` it never asks. `sets`: set the controller's clock when it is wrong."""
        self._telling = telling
        self._wall_clock = wall_clock
        self._zone = zone
        self._sets = sets
        self.disconnected()

    def disconnected(self) -> None:
        """The line is gone, and what stood is no more."""
        self._due_s = 0.0
        self._asked_s = 0.0
        self._set_next = False
        self._was_set = False
        self._standing = False

    def question(self, now_s: float) -> Ask | None:
        """0080 when it is due, 0082 when the clock is to be set."""
        if self._wall_clock is None or now_s < self._due_s:
            return None
        self._asked_s = now_s
        if not self._set_next:
            return Ask(message=Message(mid=80))
        now = self._wall_clock()
        here = now.astimezone(self._zone) if self._zone is not None else now
        return Ask(
            message=Message(mid=82, data=LAYOUTS[82, 1].encode({"time": here.strftime(TIME_FORMAT)})),
            repeatable=False,
        )

    def answer(self, message: Message, now_s: float) -> bool:
        """Take 0081, or the 0005 to 0082. Raises MessageError."""
        if message.mid == ACCEPTED:
            self._set_next = False
            self._was_set = True
        elif self._wall_clock is not None:
            told, wall = controller_time(message), self._wall_clock()
            self._judge(difference_s(told, wall, now_s - self._asked_s, self._zone), now_s)
        return True

    def refused(self, refusal: Refusal, now_s: float) -> None:
        """Say so. A clock that cannot be set is read again, as wrong as it is; any other refusal waits five minutes."""
        if self._set_next:
            self._set_next = False
            self._was_set = True
        else:
            self._due_s = now_s + EVERY_S
        self._telling.health(now_s, refusal.code, f"The tool controller {refusal.detail}; set its clock by hand.")

    def next_wake_s(self) -> float | None:
        """When the next check is due."""
        return None if self._wall_clock is None else self._due_s

    def _judge(self, ahead_s: float, now_s: float) -> None:
        wrong = abs(ahead_s) > TOLERANCE_S
        if wrong and self._sets and not self._was_set:
            self._set_next = True
            return
        self._due_s = now_s + EVERY_S
        self._was_set = False
        if wrong:
            how = "ahead of" if ahead_s > 0 else "behind"
            detail = (
                f"The tool controller's clock is {abs(ahead_s):.0f} s {how} the station's; set it, and check the"
                " time zone in the station file."
            )
            self._telling.health(now_s, CODE, detail, standing=True)
        elif self._standing:
            self._telling.health(now_s, CODE, "The tool controller's clock is right again.", standing=False)
        self._standing = wrong
