"""Parameter sets and their batches in the simulated controller: 0010 to 0024.

Sources: Open Protocol release 2.8.0, section 5.4; for PF6000 and MT Focus 6000 their own documents. A batch runs for a
set whose batch size was given by 0019 or is above 1 in the set itself; only tightenings that are OK count. When it is
full the tool is locked until a set is selected, a size is set or the batch is reset; the MT Focus deselects the set
instead.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from drivers.torque_tool.open_protocol.controller_answers import INVALID_DATA, Handler, RefusedError, accepted, told
from drivers.torque_tool.open_protocol.controller_data import pset_values
from drivers.torque_tool.open_protocol.controller_state import BATCH, ControllerState
from drivers.torque_tool.open_protocol.joint_physics import ParameterSet
from drivers.torque_tool.open_protocol.messages import encode_ids, read, whole
from drivers.torque_tool.open_protocol.protocol import Message

_NOT_PRESENT = 2
_CANNOT_BE_SET = 3
_NOT_RUNNING = 4
BATCH_RUNNING, BATCH_OK, BATCH_UNUSED = 0, 1, 2
_POWER_FOCUS_6000 = 3
_NO_SET: Mapping[str, int] = {"pset": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """How a batch stands after a tightening; `status` 0 not completed, 1 OK, 2 not used."""

    size: int
    counter: int
    status: int


class ParameterSets:
    """Which set is selected and how far its batch is. Not thread-safe.

    `identifiers` are the numbers by which 0011 and 0018 call some sets, as a Power Focus 6000 does whose identifier
    numbers are not its program indexes: identifier number to parameter set. Everything else speaks of the set itself.
    """

    def __init__(self, state: ControllerState, identifiers: Mapping[int, int]) -> None:
        self._state = state
        self._identifiers = dict(identifiers) or {number: number for number in state.tool.psets}
        self._sizes: dict[int, int] = {}
        self._counts: dict[int, int] = {}
        self.answers: dict[int, Handler] = {10: self._ids, 12: self._data, 19: self._set_size, 20: self._reset}

    def select(self, message: Message, _now_s: float) -> Message:
        """0018, outside of jobs."""
        number = whole(read(message), "pset")
        nothing = number == 0 and self._state.profile.results_by == 1201
        self.choose(0 if nothing else self.meant(number))
        return accepted(message.mid)

    def meant(self, number: int) -> int:
        """The set that 0018 means by this number. Raises RefusedError."""
        pset = self._identifiers.get(number, 0)
        if pset not in self._state.tool.psets:
            raise RefusedError(self._state.profile.unknown_pset)
        return pset

    def choose(self, number: int) -> None:
        """Make this set (0: none) the selected one; a batch that was full begins again. Raises RefusedError."""
        if self._state.tool.running:
            raise RefusedError(_CANNOT_BE_SET)
        self._state.tool.selected = number
        if self._counts.get(number, 0) >= self._size(number):
            self._counts[number] = 0
        self._unlock()
        self.tell_selected()

    def count(self, number: int, *, ok: bool) -> Batch:
        """A tightening with this set has ended; `full` is to follow when its batch is."""
        size = self._size(number)
        if size == 0:
            return Batch(size=self._state.tool.psets[number].batch_size, counter=1, status=BATCH_UNUSED)
        counter = self._counts[number] = self._counts.get(number, 0) + int(ok)
        return Batch(size=size, counter=counter, status=BATCH_RUNNING if counter < size else BATCH_OK)

    def batch(self, number: int) -> Batch | None:
        """How far the batch of this set is, None where none is counted."""
        size, counter = self._size(number), self._counts.get(number, 0)
        return (
            Batch(size=size, counter=counter, status=BATCH_OK if counter >= size else BATCH_RUNNING) if size else None
        )

    def full(self) -> None:
        """The batch of the selected set is full: lock the tool, or deselect the set."""
        if self._state.profile.results_by == 1201:
            self._state.tool.selected = 0
            self.tell_selected()
        else:
            self._state.locks.add(BATCH)
            self.tell_lock()

    def step(self, number: int, by: int) -> None:
        """Count the batch of this set on (0128) or back (0129)."""
        if self._size(number):
            self._counts[number] = max(0, min(self._size(number), self._counts.get(number, 0) + by))

    def tell_selected(self) -> None:
        """Push 0015 to whom it may concern."""
        wish = self._state.session.wish(15)
        if wish is not None:
            pset = self._state.tool.psets.get(self._state.tool.selected)
            values = pset_values(pset) if pset is not None else _NO_SET
            self._state.session.push(told(15, self._state.shown(values), revision=wish.revision))

    def tell_lock(self) -> None:
        """Push 0022: whether the tool is locked because its batch is done."""
        if self._state.session.wish(22) is not None:
            self._state.session.push(told(22, {"relay": int(BATCH in self._state.locks)}))

    def _size(self, number: int) -> int:
        """The batch size of this set, 0 where none is counted."""
        pset = self._state.tool.psets.get(number)
        own = pset.batch_size if pset is not None and pset.batch_size > 1 else 0
        return self._sizes.get(number, own)

    def _unlock(self) -> None:
        if BATCH in self._state.locks:
            self._state.locks.discard(BATCH)
            self.tell_lock()

    def _ids(self, _message: Message, _now_s: float) -> Message:
        return Message(mid=11, data=encode_ids(sorted(self._identifiers), count_width=3, id_width=3))

    def _data(self, message: Message, _now_s: float) -> Message:
        # Higher revisions of 0012 begin with the same request data; 0013 answers in the revision of the request.
        pset = self._known(message)
        if pset is None:
            raise RefusedError(_NOT_PRESENT)
        return told(13, self._state.shown(pset_values(pset)), revision=message.revision)

    def _known(self, message: Message) -> ParameterSet | None:
        return self._state.tool.psets.get(whole(read(message), "pset"))

    def _set_size(self, message: Message, _now_s: float) -> Message:
        pset, size = self._known(message), whole(read(message), "batch_size")
        if pset is None:
            raise RefusedError(self._state.profile.unknown_batch_pset)
        if size < 1:
            raise RefusedError(INVALID_DATA)
        if size != self._size(pset.pset) or self._counts.get(pset.pset, 0) >= size:
            self._counts[pset.pset] = 0
        self._sizes[pset.pset] = size
        if pset.pset == self._state.tool.selected:
            self._unlock()
        return accepted(message.mid)

    def _reset(self, message: Message, _now_s: float) -> Message:
        number = whole(read(message), "pset")
        if self._state.profile.system_type == _POWER_FOCUS_6000:
            number = self._state.tool.selected  # That family ignores what the message names.
        if not self._size(number):
            raise RefusedError(_NOT_RUNNING)
        self._counts[number] = 0
        self._unlock()
        return accepted(message.mid)
