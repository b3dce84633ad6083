"""What the simulated controller remembers of its tightenings, and 0064 that asks them back.

Sources: Open Protocol release 2.8.0, section 5.8; *Appendix for Power Focus 6000*, release 2.8 revision 2: there ids
are global over all stations and not consecutive, and 0064 gives the latest result whose id is not above the one asked
for, whichever station it is of.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass
from itertools import islice

from drivers.torque_tool.open_protocol.controller_answers import Handler, RefusedError, told
from drivers.torque_tool.open_protocol.controller_data import STATION_ID, in_revision
from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import read, whole
from drivers.torque_tool.open_protocol.profiles import OldResults
from drivers.torque_tool.open_protocol.protocol import Message
from drivers.torque_tool.open_protocol.rundown_curve import Curve
from drivers.torque_tool.open_protocol.simulated_tool import Measured

_RESULT_NOT_FOUND = 15
_OTHER_STATION_ID = STATION_ID + 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Rundown:
    """One finished rundown; `values` are the fields of 0061, `spindles` what each spindle measured."""

    tightening_id: int
    values: dict[str, Value]
    spindles: tuple[Measured, ...]
    curve: Curve | None = None
    station: int = STATION_ID


class Archive:
    """At most `size` rundowns, the oldest forgotten first. Not thread-safe."""

    def __init__(self, state: ControllerState, rng: random.Random, *, size: int, first_id: int) -> None:
        self._state = state
        self._rng = rng
        self._kept: deque[Rundown] = deque(maxlen=size)
        self._next_id = first_id
        self.answers: dict[int, Handler] = {64: self._old_result}

    @property
    def latest(self) -> Rundown | None:
        """The last rundown of this station, None when none is kept."""
        return next((rundown for rundown in reversed(self._kept) if rundown.station == STATION_ID), None)

    def last(self, count: int) -> tuple[Rundown, ...]:
        """At most so many rundowns of this station, newest first."""
        return tuple(islice((rundown for rundown in reversed(self._kept) if rundown.station == STATION_ID), count))

    def add(self, values: dict[str, Value], spindles: tuple[Measured, ...], curve: Curve | None) -> Rundown:
        """Keep a rundown under the next tightening id."""
        self._other_stations(values, spindles)
        rundown = self._keep(values, spindles, curve, STATION_ID)
        self._other_stations(values, spindles)
        return rundown

    def forget(self, before_id: int) -> None:
        """Lose every rundown with a lower id."""
        while self._kept and self._kept[0].tightening_id < before_id:
            self._kept.popleft()

    def find(self, wanted: int) -> Rundown | None:
        """The rundown that 0064 or 0006 means by this id; 0 is the latest. None when it is not kept."""
        if wanted == 0:
            return self._kept[-1] if self._kept else None
        if self._state.profile.old_results is OldResults.LATEST_NOT_ABOVE:
            return next((rundown for rundown in reversed(self._kept) if rundown.tightening_id <= wanted), None)
        return next((rundown for rundown in self._kept if rundown.tightening_id == wanted), None)

    def _other_stations(self, values: dict[str, Value], spindles: tuple[Measured, ...]) -> None:
        """Where ids are global: results of other stations come in between, and ids that nobody has."""
        if self._state.profile.old_results is OldResults.LATEST_NOT_ABOVE:
            for _ in range(self._rng.randrange(3)):
                self._keep(values, spindles, None, _OTHER_STATION_ID)
                self._next_id += self._rng.randrange(3)

    def _keep(
        self, values: dict[str, Value], spindles: tuple[Measured, ...], curve: Curve | None, station: int
    ) -> Rundown:
        tightening_id = self._next_id
        self._next_id += 1
        values = values | {"tightening_id": tightening_id, "station_id": station}
        rundown = Rundown(tightening_id=tightening_id, values=values, spindles=spindles, curve=curve, station=station)
        self._kept.append(rundown)
        return rundown

    def _old_result(self, message: Message, _now_s: float) -> Message:
        rundown = self.find(whole(read(message), "tightening_id"))
        if rundown is None:
            raise RefusedError(_RESULT_NOT_FOUND)
        values = self._state.shown(in_revision(rundown.values, message.revision))
        return told(65, values, revision=message.revision)
