"""Generic requests and subscriptions of the simulated controller: 0006, 0008 and 0009.

Sources: Open Protocol release 2.8.0, sections 5.3 and 5.27; MT Focus 6000 document 9839 0732 01. The revision in the
header is that of 0006, 0008 or 0009; the wanted MID and revision are in the data. Only new data is pushed (send
alternative 0); 0006 gives one result, the latest (alternative 0) or the one with an index (alternative 1).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from drivers.torque_tool.open_protocol.controller_answers import INVALID_DATA, Handler, RefusedError, accepted
from drivers.torque_tool.open_protocol.controller_archive import Archive
from drivers.torque_tool.open_protocol.controller_mtf import OVERALL, overall_messages
from drivers.torque_tool.open_protocol.controller_session import Wish
from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.controller_traces import PLOT, TRACE, TYPES
from drivers.torque_tool.open_protocol.generic import ALL_TRACES, GenericRequest, decode_generic
from drivers.torque_tool.open_protocol.protocol import Message

_RESULT_NOT_FOUND = 15
_EXISTS, _MISSING = 71, 72
_UNSUPPORTED, _REVISION_UNSUPPORTED = 73, 74
_REQUEST_UNSUPPORTED, _REQUEST_REVISION_UNSUPPORTED = 75, 76
_REQUEST_DETAILS_UNSUPPORTED, _DETAILS_UNSUPPORTED = 77, 78
_ONLY_NEW, _FROM_INDEX = "0", "1"
_TIME_END, _INDEX_END = 20, 30


class GenericRequests:
    """Not thread-safe."""

    def __init__(
        self, state: ControllerState, archive: Archive, subscribed: Mapping[int, Callable[[float], None]]
    ) -> None:
        """`subscribed` pushes what is told at once after a subscription, by the MID that is pushed."""
        self._state = state
        self._archive = archive
        self._subscribed = subscribed
        self.answers: dict[int, Handler] = {6: self._request, 8: self._subscribe, 9: self._unsubscribe}

    def _request(self, message: Message, _now_s: float) -> Message | None:
        wanted = decode_generic(message.data)
        if wanted.mid != OVERALL or OVERALL not in self._state.profile.subscribed:
            raise RefusedError(_REQUEST_UNSUPPORTED)
        if wanted.revision != 1:
            raise RefusedError(_REQUEST_REVISION_UNSUPPORTED)
        extra = _text(wanted)
        alternative, index = extra[:1], extra[_TIME_END:_INDEX_END].strip()
        if alternative not in (_ONLY_NEW, _FROM_INDEX):
            raise RefusedError(_REQUEST_DETAILS_UNSUPPORTED)
        if alternative == _FROM_INDEX and not index.isdecimal():
            raise RefusedError(INVALID_DATA)
        rundown = self._archive.find(int(index) if alternative == _FROM_INDEX else 0)
        if rundown is None:
            raise RefusedError(_RESULT_NOT_FOUND)
        first, *objects = overall_messages(rundown.values, self._state)
        for one in objects:
            self._state.session.push(one, subscription=OVERALL, acknowledged=False)
        return first

    def _subscribe(self, message: Message, now_s: float) -> Message:
        wanted = decode_generic(message.data)
        highest = self._state.profile.subscribed.get(wanted.mid)
        if highest is None:
            raise RefusedError(_UNSUPPORTED)
        if not 1 <= wanted.revision <= highest:
            raise RefusedError(_REVISION_UNSUPPORTED)
        if wanted.mid == TRACE:
            self._subscribe_traces(_text(wanted))
        elif wanted.mid == PLOT and self._state.session.wish(TRACE) is None:
            raise RefusedError(_MISSING)
        else:
            if wanted.mid == OVERALL and _text(wanted)[:1] != _ONLY_NEW:
                raise RefusedError(_DETAILS_UNSUPPORTED)
            if not self._state.session.subscribe(wanted.mid, Wish(revision=wanted.revision)):
                raise RefusedError(_EXISTS)
        if wanted.mid in self._subscribed:
            self._subscribed[wanted.mid](now_s)
        return self._accepted(message, wanted)

    def _unsubscribe(self, message: Message, _now_s: float) -> Message:
        wanted = decode_generic(message.data)
        if wanted.mid not in self._state.profile.subscribed:
            raise RefusedError(_MISSING)
        if wanted.mid == TRACE:
            self._unsubscribe_traces(_text(wanted))
        elif not self._state.session.unsubscribe(wanted.mid):
            raise RefusedError(_MISSING)
        return self._accepted(message, wanted)

    def _subscribe_traces(self, extra: str) -> None:
        if extra[:1] != _ONLY_NEW:
            raise RefusedError(_DETAILS_UNSUPPORTED if extra[:1] else INVALID_DATA)
        types = _types(extra[_INDEX_END:])
        if not set(types) <= set(TYPES):
            raise RefusedError(_DETAILS_UNSUPPORTED)
        before = self._state.session.wish(TRACE)
        had = before.details if before is not None else ()
        if set(types) <= set(had):
            raise RefusedError(_EXISTS)
        self._state.session.change(TRACE, Wish(details=tuple(sorted({*had, *types}))))

    def _unsubscribe_traces(self, extra: str) -> None:
        before = self._state.session.wish(TRACE)
        types = _types(extra)
        had = before.details if before is not None else ()
        gone = had if types == (ALL_TRACES,) else types
        if not had or not set(gone) <= set(had):
            raise RefusedError(_MISSING)
        left = tuple(one for one in had if one not in gone)
        if left:
            self._state.session.change(TRACE, Wish(details=left))
        else:
            self._state.session.unsubscribe(TRACE)
            self._state.session.unsubscribe(PLOT)  # Ends with the last trace.

    def _accepted(self, message: Message, wanted: GenericRequest) -> Message:
        # Release 2.8 names the subscribed MID in 0005, release 2.16 and the MT Focus the requested one.
        return accepted(message.mid if self._state.profile.names_generic_request else wanted.mid)


def _text(wanted: GenericRequest) -> str:
    return wanted.extra.decode("ascii", errors="replace")


def _types(words: str) -> tuple[int, ...]:
    """Trace types from their count (2) and numbers (3 each). Raises RefusedError."""
    count, numbers = words[:2], words[2:]
    if not count.isdecimal() or int(count) < 1 or len(numbers) != 3 * int(count) or not numbers.isdecimal():
        raise RefusedError(INVALID_DATA)
    return tuple(int(numbers[at : at + 3]) for at in range(0, len(numbers), 3))
