"""A strict simulated tightening controller at the wire: a `drivers.api.DeviceSimulator`.

Source: Open Protocol release 2.8.0, chapters 3 to 5. Strict means: silence before 0001; 97 for a revision and 99 for
a MID that it does not have; the codes for doubled and missing subscriptions; a client that is silent for 15 s is
dropped; a push that is not acknowledged is sent again three times, 5 s apart, and then the client is dropped.
Commands are answered while an acknowledgement is outstanding. Results are kept and can be asked back (0064). There
are no jobs and no alarms.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from drivers.torque_tool.open_protocol.codes import (
    CLIENT_ALREADY_CONNECTED,
    RESULT_NOT_FOUND,
    REVISION_UNSUPPORTED,
)
from drivers.torque_tool.open_protocol.controller_data import CONTROLLER_VALUES, pset_values, result_values
from drivers.torque_tool.open_protocol.controller_session import SUBSCRIBES, UNSUBSCRIBES, ControllerSession
from drivers.torque_tool.open_protocol.faulty_output import WORDS, FaultyOutput
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import JointState, ParameterSet, sound_joint
from drivers.torque_tool.open_protocol.messages import (
    ACCEPTED,
    LAYOUTS,
    REFUSED,
    decode_identifier,
    encode_ids,
    read,
    text,
    whole,
)
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message, MessageError
from drivers.torque_tool.open_protocol.simulated_tool import Measured, SimulatedTool, judge

CLIENT_SILENT_S = 15.0
_HALF_MESSAGE_S = 1.0
_TIME_FORMAT = "%Y-%m-%d:%H:%M:%S"
_UNKNOWN_MID = 99
_INVALID_DATA = 1


_REVISIONS = {1: 6, 12: 2, 40: 2, 64: 2}
"""Highest revision of requests that have more than one, subscriptions apart."""


class OpenProtocolSimulator:
    """One controller with one tool on one line. Not thread-safe; time is handed in.

    `refuse_second_start` answers 0001 in a running session with code 96, as controllers do that count clients;
    without it 0001 begins a new session, which is what a client gets that lost its line and comes back. `auto_s`
    tightens a sound joint by itself so often, while the tool is enabled.
    """

    def __init__(
        self,
        psets: Mapping[int, ParameterSet],
        rng: random.Random,
        *,
        carriage: Carriage | str = Carriage.SERIAL,
        header_style: HeaderStyle = HeaderStyle.SPACES,
        enabled: bool = True,
        auto_s: float | None = None,
        refuse_second_start: bool = False,
        first_tightening_id: int = 1,
        controller_serial: str = "SIM0000001",
        tool_serial: str = "SIMTOOL0000001",
        clock_at_zero: datetime = datetime(2026, 1, 1),
    ) -> None:
        """`enabled` is how controllers ship. The lowest pset is selected. Raises ValueError for an empty table."""
        self._carriage = Carriage(carriage)
        self._style = header_style
        self._tool = SimulatedTool(psets, rng, enabled=enabled)
        self._parser = FrameParser(self._carriage, Side.INTEGRATOR)
        self._output = FaultyOutput(rng)
        self._auto_s = auto_s
        self._auto_at_s: float | None = None
        self._refuse_second_start = refuse_second_start
        self._next_id = first_tightening_id
        self._controller_serial = controller_serial
        self._tool_serial = tool_serial
        self._clock_zero = clock_at_zero
        self._vin = ""
        self._results: list[dict[str, Value]] = []
        self._heard_s = 0.0
        self._session = ControllerSession(self._send)
        self._hangup: str | None = None
        self._answers: dict[int, Callable[[Message, float], None]] = {
            1: self._start,
            3: self._stop,
            10: self._pset_ids,
            12: self._pset_data,
            18: self._select_pset,
            19: self._accept_pset,
            20: lambda message, now_s: self._refuse(message, 4, now_s),
            30: self._job_ids,
            38: lambda message, now_s: self._refuse(message, 17, now_s),
            39: lambda message, now_s: self._refuse(message, 21, now_s),
            40: self._tool_data,
            42: self._disable,
            43: self._enable,
            50: self._take_vin,
            64: self._old_result,
            78: lambda message, now_s: self._refuse(message, 58, now_s),
            80: self._tell_time,
            82: self._set_time,
            127: self._accept,
            150: self._take_vin,
            9999: self._send,
        }

    @property
    def enabled(self) -> bool:
        """Whether the trigger does anything."""
        return self._tool.enabled

    @property
    def selected_pset(self) -> int:
        """The parameter set that the next rundown uses."""
        return self._tool.selected

    @property
    def running(self) -> bool:
        """Whether the tool is turning."""
        return self._tool.running

    def torque_nm(self, now_s: float) -> float:
        """Torque at the spindle now; 0 when it stands still."""
        return self._tool.torque_nm(now_s)

    def angle_deg(self, now_s: float) -> float:
        """Angle of the running rundown; 0 when the tool stands still."""
        return self._tool.angle_deg(now_s)

    def pull_trigger(self, joint: JointState, now_s: float) -> bool:
        """Begin a rundown of 0.3 to 2 s; False when the tool is disabled, turning or switched off."""
        return self._output.word != "off" and self._tool.pull_trigger(joint, now_s)

    def release_trigger(self, now_s: float) -> None:
        """Let go: a rundown that is not finished ends not OK."""
        self._report(self._tool.interrupt(now_s, "trigger lost"), now_s)

    def inject_result(self, *, pset: int, torque_nm: float, angle_deg: float, now_s: float) -> None:
        """Report a tightening that no trigger began, judged by this pset. Raises KeyError for an unknown one."""
        self._report(judge(self._tool.psets[pset], torque_nm=torque_nm, angle_deg=angle_deg), now_s)

    def send_last_again(self, now_s: float) -> None:
        """Report the last result a second time, same id. Nothing when there is none."""
        if self._results:
            self._push_result(self._results[-1], now_s)

    def fail(self, word: str) -> None:
        """Begin to fail in one of the seven ways; `ok` ends it. Raises ValueError for any other word.

        off: silent, tool dead, session lost. stuck: every rundown reports the same result again. garbage: half of the
        frames are damaged. wrong: results carry another pset and id. slow: one byte every 10 ms. delayed: results come
        2 s late. intermittent: one second of contact, one without.
        """
        if word not in WORDS:
            raise ValueError(f"A tool controller cannot fail as {word!r}; use one of {', '.join(WORDS)}.")
        self._output.word = word
        if word == "off":
            self._session.end()
            self._output.clear()
            self._parser.clear()
            self._tool.switch_off()

    def wants_hangup(self) -> str | None:
        """Why the controller drops its client, said once: who asks closes the line."""
        reason, self._hangup = self._hangup, None
        return reason

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes from the station's side."""
        self.advance(now_s)
        if self._output.mute(now_s) or not data:
            return
        self._heard_s = now_s
        for message in self._parser.feed(data):
            self._answer(message, now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass: rundowns, repeats, silence."""
        self._output.advance(now_s)
        if self._output.word == "off":
            return
        if self._parser.pending and now_s >= self._heard_s + _HALF_MESSAGE_S:
            for message in self._parser.give_up():
                self._answer(message, now_s)
        self._report(self._tool.advance(now_s), now_s)
        self._tighten_by_itself(now_s)
        overdue = self._session.advance(now_s)
        if overdue is not None:
            self._drop_client(f"MID {overdue:04d} was not acknowledged")
        if self._session.open and now_s >= self._heard_s + CLIENT_SILENT_S:
            self._drop_client("the client was silent for 15 s")

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        times = [self._output.next_wake_s()]
        if self._output.word != "off":
            times.append(self._tool.ends_s)
            if self._tool.enabled and not self._tool.running:
                times.append(self._auto_at_s)
            if self._session.open:
                times.append(self._heard_s + CLIENT_SILENT_S)
                times.append(self._session.next_wake_s())
            if self._parser.pending:
                times.append(self._heard_s + _HALF_MESSAGE_S)
        return min((time for time in times if time is not None), default=None)

    def take_output(self) -> bytes:
        """Bytes for the station's side."""
        return self._output.take()

    def _answer(self, message: Message, now_s: float) -> None:
        mid = message.mid
        if not self._session.open and mid != 1:
            return
        try:
            if self._session.takes(mid):
                error = self._session.answer(message, now_s)
                if error is not None:
                    self._refuse(message, error, now_s)
                elif mid in SUBSCRIBES or mid in UNSUBSCRIBES:
                    self._accept(message, now_s)
                if mid == 14 and error is None:
                    self._session.push(15, pset_values(self._tool.psets[self._tool.selected]), now_s)
            elif mid not in self._answers:
                self._refuse(message, _UNKNOWN_MID, now_s)
            elif message.revision > _REVISIONS.get(mid, 1):
                self._refuse(message, REVISION_UNSUPPORTED, now_s)
            else:
                self._answers[mid](message, now_s)
        except MessageError:
            self._refuse(message, _INVALID_DATA, now_s)

    def _start(self, message: Message, now_s: float) -> None:
        if self._session.open and self._refuse_second_start:
            self._refuse(message, CLIENT_ALREADY_CONNECTED, now_s)
            return
        self._hangup = None
        self._session.begin()
        values = CONTROLLER_VALUES | {"controller_serial": self._controller_serial}
        self._say(2, values, now_s, revision=message.revision)

    def _stop(self, message: Message, now_s: float) -> None:
        self._accept(message, now_s)
        self._session.end()

    def _pset_ids(self, _message: Message, now_s: float) -> None:
        data = encode_ids(sorted(self._tool.psets), count_width=3, id_width=3)
        self._send(Message(mid=11, data=data), now_s)

    def _job_ids(self, _message: Message, now_s: float) -> None:
        self._send(Message(mid=31, data=encode_ids((), count_width=2, id_width=2)), now_s)

    def _known_pset(self, message: Message) -> ParameterSet | None:
        return self._tool.psets.get(whole(read(message), "pset"))

    def _pset_data(self, message: Message, now_s: float) -> None:
        # Revision 2 of 0012 has the same request data as revision 1; 0013 answers in the revision of the request.
        pset = self._known_pset(message)
        if pset is None:
            self._refuse(message, 2, now_s)
        else:
            self._say(13, pset_values(pset), now_s, revision=message.revision)

    def _select_pset(self, message: Message, now_s: float) -> None:
        pset = self._known_pset(message)
        if pset is None or self._tool.running:
            self._refuse(message, 2 if pset is None else 3, now_s)
            return
        self._tool.selected = pset.pset
        self._accept(message, now_s)
        self._session.push(15, pset_values(pset), now_s)

    def _accept_pset(self, message: Message, now_s: float) -> None:
        if self._known_pset(message) is None:
            self._refuse(message, 1, now_s)
        else:
            self._accept(message, now_s)

    def _tool_data(self, message: Message, now_s: float) -> None:
        values: dict[str, Value] = {
            "tool_serial": self._tool_serial,
            "controller_serial": self._controller_serial,
            "tightenings": len(self._results),
            "controller_software": "simulation",
        }
        self._say(41, values, now_s, revision=message.revision)

    def _disable(self, message: Message, now_s: float) -> None:
        self._tool.enabled = False
        self._accept(message, now_s)
        self._report(self._tool.interrupt(now_s, "disable drive"), now_s)

    def _enable(self, message: Message, now_s: float) -> None:
        self._tool.enabled = True
        self._auto_at_s = None
        self._accept(message, now_s)

    def _take_vin(self, message: Message, now_s: float) -> None:
        self._vin = decode_identifier(message.data)[: 25 if message.mid == 50 else 100]
        self._accept(message, now_s)
        self._session.push(52, {"vin": self._vin}, now_s)

    def _old_result(self, message: Message, now_s: float) -> None:
        wanted = whole(read(message), "tightening_id")
        found = [values for values in self._results if wanted in (0, values["tightening_id"])]
        if found:
            self._say(65, found[-1], now_s, revision=message.revision)
        else:
            self._refuse(message, RESULT_NOT_FOUND, now_s)

    def _tell_time(self, _message: Message, now_s: float) -> None:
        self._say(81, {"time": self._time(now_s)}, now_s)

    def _set_time(self, message: Message, now_s: float) -> None:
        try:
            set_to = datetime.strptime(text(read(message), "time"), _TIME_FORMAT)
        except ValueError:
            self._refuse(message, _INVALID_DATA, now_s)
            return
        self._clock_zero = set_to - timedelta(seconds=now_s)
        self._accept(message, now_s)

    def _time(self, now_s: float) -> str:
        return (self._clock_zero + timedelta(seconds=now_s)).strftime(_TIME_FORMAT)

    def _tighten_by_itself(self, now_s: float) -> None:
        if self._auto_s is None or not self._tool.enabled or self._tool.running:
            return
        if self._auto_at_s is None:
            self._auto_at_s = now_s + self._auto_s
        elif now_s >= self._auto_at_s:
            self._auto_at_s = now_s + self._auto_s
            self._tool.pull_trigger(sound_joint(self._tool.psets[self._tool.selected]), now_s)

    def _report(self, measured: Measured | None, now_s: float) -> None:
        if measured is None:
            return
        if self._output.word == "stuck" and self._results:
            self._push_result(self._results[-1], now_s)
            return
        values = result_values(measured, tightening_id=self._next_id, vin=self._vin, time=self._time(now_s))
        values["tool_serial"] = self._tool_serial
        self._next_id += 1
        self._results.append(values)
        self._push_result(values, now_s)

    def _push_result(self, values: dict[str, Value], now_s: float) -> None:
        if self._output.word == "wrong":
            pset, tightening_id = whole(values, "pset"), whole(values, "tightening_id")
            values = values | {"pset": pset % 999 + 1, "tightening_id": tightening_id + 1000}
        self._session.push(61, values, now_s)

    def _drop_client(self, why: str) -> None:
        self._session.end()
        self._hangup = why

    def _accept(self, message: Message, now_s: float) -> None:
        self._say(ACCEPTED, {"mid": message.mid}, now_s)

    def _refuse(self, message: Message, error: int, now_s: float) -> None:
        self._say(REFUSED, {"mid": message.mid, "error": error}, now_s)

    def _say(self, mid: int, values: Mapping[str, Value], now_s: float, *, revision: int = 1) -> None:
        self._send(Message(mid=mid, revision=revision, data=LAYOUTS[mid, revision].encode(values)), now_s)

    def _send(self, message: Message, now_s: float) -> None:
        data = frame(message, self._carriage, Side.CONTROLLER, self._style)
        self._output.put(data, now_s, is_result=message.mid == 61)
