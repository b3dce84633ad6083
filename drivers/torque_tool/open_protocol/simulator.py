"""A strict simulated tightening controller at the wire: a `drivers.api.DeviceSimulator`.

Source: Open Protocol release 2.8.0, chapters 3 to 5, and the documents named in `profiles.py`. Strict means: silence
before 0001; 97 for a revision and 99 for a MID that its family does not have; the codes for doubled and missing
subscriptions; a client that says nothing whole for 15 s is dropped; a push that is not acknowledged is sent again three
times, 5 s apart, and then the client is dropped. Commands are answered while an acknowledgement is outstanding. Results
are kept and can be asked back. What the groups of MIDs do stands in `controller_*.py`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType

from drivers.torque_tool.open_protocol.carrier import make_carrier
from drivers.torque_tool.open_protocol.controller_alarms import Alarms
from drivers.torque_tool.open_protocol.controller_answers import Handler
from drivers.torque_tool.open_protocol.controller_archive import Archive
from drivers.torque_tool.open_protocol.controller_desk import ControllerDesk
from drivers.torque_tool.open_protocol.controller_generic import GenericRequests
from drivers.torque_tool.open_protocol.controller_identifiers import Identifiers
from drivers.torque_tool.open_protocol.controller_jobs import Jobs
from drivers.torque_tool.open_protocol.controller_links import ControllerLink
from drivers.torque_tool.open_protocol.controller_notes import Notes, Watcher, sent_too_early, why_dropped
from drivers.torque_tool.open_protocol.controller_psets import ParameterSets
from drivers.torque_tool.open_protocol.controller_results import Results
from drivers.torque_tool.open_protocol.controller_session import ACKNOWLEDGEMENTS, ControllerSession
from drivers.torque_tool.open_protocol.controller_state import ControllerState
from drivers.torque_tool.open_protocol.controller_status import ControllerStatus
from drivers.torque_tool.open_protocol.controller_tool import (
    ABORT_JOB,
    CLEAR,
    CLEAR_ALL,
    DECREMENT,
    INCREMENT,
    ToolCommands,
)
from drivers.torque_tool.open_protocol.faulty_output import WORDS, Chunks, FaultyOutput
from drivers.torque_tool.open_protocol.framing import Carriage, Side
from drivers.torque_tool.open_protocol.joint_physics import JointState, ParameterSet, sound_joint
from drivers.torque_tool.open_protocol.lists import Job
from drivers.torque_tool.open_protocol.profiles import GENERIC, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message
from drivers.torque_tool.open_protocol.rundown_curve import Curve
from drivers.torque_tool.open_protocol.simulated_spindles import SimulatedSpindles
from drivers.torque_tool.open_protocol.simulated_tool import Measured, judge

_RECENT = 2_048
"""Bytes that are kept to say why they made no message."""


class OpenProtocolSimulator:
    """One controller with one tool on one line. Not thread-safe; time is handed in.

    `refuse_second_start` answers 0001 in a running session with the family's code (96 or 16), as controllers do that
    count clients; without it 0001 begins a new session, which is what a client gets that lost its line and comes back.
    `auto_s` tightens an `auto_joint` by itself so often, while the tool turns at all. `link_level` demands sequence
    numbers from revision 6 of 0001 on, where the family has them. `archive` is how many rundowns are kept for 0064.
    `pset_identifiers` (number to parameter set) are other numbers by which sets are listed and selected. `watcher` is
    told every message both ways and every mistake of the client.
    """

    def __init__(
        self,
        psets: Mapping[int, ParameterSet],
        rng: random.Random,
        *,
        carriage: Carriage | str = Carriage.SERIAL,
        profile: ControllerProfile = GENERIC,
        header_style: HeaderStyle = HeaderStyle.SPACES,
        link_level: bool = False,
        chunks: Chunks = Chunks.WHOLE,
        enabled: bool = True,
        auto_s: float | None = None,
        auto_joint: Callable[[ParameterSet], JointState] = sound_joint,
        refuse_second_start: bool = False,
        first_tightening_id: int = 1,
        archive: int = 10_000,
        spindles: int = 1,
        jobs: Sequence[Job] = (),
        pset_identifiers: Mapping[int, int] = MappingProxyType({}),
        controller_serial: str = "SIM0000001",
        tool_serial: str = "SIMTOOL0000001",
        clock_at_zero: datetime = datetime(2026, 1, 1),
        watcher: Watcher | None = None,
    ) -> None:
        """`enabled` is how controllers ship. The lowest pset is selected.

        Raises ValueError for an empty table, and for a number of spindles that no controller has.
        """
        self._carriage = Carriage(carriage)
        self._carrier = make_carrier(self._carriage, Side.CONTROLLER, header_style)
        self._output = FaultyOutput(rng, self._carrier, chunks)
        self._watcher = watcher
        self._notes = Notes(watcher)
        self._recent = b""
        link = ControllerLink(self._send, self._notes.append)
        self._session = ControllerSession(link.say, self._notes.append)
        self._tool = SimulatedSpindles(psets, rng, count=spindles, enabled=enabled)
        self._state = ControllerState(
            profile=profile,
            tool=self._tool,
            session=self._session,
            clock_zero=clock_at_zero,
            controller_serial=controller_serial,
            tool_serial=tool_serial,
            stopped=self._report,
        )
        self._psets = ParameterSets(self._state, pset_identifiers)
        self._jobs = Jobs(self._state, self._psets, jobs)
        self._alarms = Alarms(self._state)
        self._archive = Archive(self._state, rng, size=archive, first_id=first_tightening_id)
        self._results = Results(self._state, self._archive, self._jobs)
        self._commands = ToolCommands(
            self._state,
            {
                CLEAR: lambda _now_s: self._alarms.end(),
                CLEAR_ALL: lambda _now_s: self._alarms.end(),
                ABORT_JOB: self._jobs.abort,
                INCREMENT: lambda now_s: self._jobs.change_count(1, now_s),
                DECREMENT: lambda now_s: self._jobs.change_count(-1, now_s),
            },
        )
        told_at_once: dict[int, Callable[[float], None]] = {
            15: lambda _now_s: self._psets.tell_selected(),
            22: lambda _now_s: self._psets.tell_lock(),
            71: lambda _now_s: self._alarms.tell_status(),
            211: lambda _now_s: self._commands.tell_inputs(),
        }
        generic = GenericRequests(self._state, self._archive, told_at_once | {35: self._jobs.tell})
        answers: dict[int, Handler] = {
            **self._psets.answers,
            **self._jobs.answers,
            **self._commands.answers,
            **Identifiers(self._state).answers,
            **self._archive.answers,
            **self._alarms.answers,
            **generic.answers,
        }
        self._desk = ControllerDesk(
            self._state,
            link,
            self._notes.append,
            answers,
            told_at_once,
            link_level=link_level,
            refuse_second_start=refuse_second_start,
        )
        self._auto_s = auto_s
        self._auto_joint = auto_joint
        self._auto_at_s: float | None = None
        self._discarded = 0

    @property
    def enabled(self) -> bool:
        """Whether the trigger does anything: enabled, not locked, and a parameter set selected."""
        return self._state.turns

    @property
    def selected_pset(self) -> int:
        """The parameter set that the next rundown uses, 0 for none."""
        return self._tool.selected

    @property
    def running_job(self) -> int:
        """The job that runs, 0 for none."""
        return self._jobs.running

    @property
    def vin(self) -> str:
        """The last identifier that was handed in, empty when none was."""
        return self._state.identifiers[0]

    @property
    def running(self) -> bool:
        """Whether the tool is turning."""
        return self._tool.running

    @property
    def client_connected(self) -> bool:
        """Whether a session is open."""
        return self._session.open

    def status(self, *, last: int) -> ControllerStatus:
        """What stands on its display, with so many of the last rundowns."""
        return ControllerStatus(
            client=self._session.open,
            subscribed=self._session.subscribed,
            enabled=self._tool.enabled,
            locks=tuple(sorted(self._state.locks)),
            turning=self._tool.running,
            pset=self._tool.psets.get(self._tool.selected),
            batch=self._jobs.batch,
            job=self._jobs.running,
            identifier=self._state.identifiers[0],
            alarm=self._alarms.standing,
            inputs=self._commands.inputs,
            fault=self._output.word,
            tightenings=self._state.tightenings,
            last=self._archive.last(last),
        )

    def last_curve(self, every_s: float) -> Curve | None:
        """The curve of the first spindle's last rundown, None before the first one."""
        return self._tool.last_curve(every_s)

    def torque_nm(self, now_s: float) -> float:
        """Torque at the spindle now; 0 when it stands still."""
        return self._tool.torque_nm(now_s)

    def angle_deg(self, now_s: float) -> float:
        """Angle of the running rundown; 0 when the tool stands still."""
        return self._tool.angle_deg(now_s)

    def pull_trigger(self, joint: JointState, now_s: float, *, loosening: bool = False) -> bool:
        """Begin a rundown of 0.3 to 2 s, or loosen; False when the tool is disabled, locked, turning or off."""
        if self._output.word == "off" or not self._state.turns or (loosening and not self._jobs.may_loosen()):
            return False
        return self._tool.pull_trigger(joint, now_s, loosening=loosening)

    def release_trigger(self, now_s: float) -> None:
        """Let go: a rundown that is not finished ends not OK."""
        self._state.interrupt(now_s, "trigger lost")
        self._session.flush(now_s)

    def set_inputs(self, high: tuple[int, ...], now_s: float) -> None:
        """These of the digital inputs 1 to 8 are high from now on. Raises ValueError for a number that is none."""
        self._commands.set_inputs(high)
        self._session.flush(now_s)

    def raise_alarm(
        self, code: str, text: str, now_s: float, *, controller_ready: bool = True, tool_ready: bool = True
    ) -> None:
        """An alarm comes up; one that makes controller or tool not ready stops the tool and locks it."""
        self._alarms.begin(code, text, now_s, controller_ready=controller_ready, tool_ready=tool_ready)
        self._session.flush(now_s)

    def end_alarm(self, now_s: float) -> None:
        """Somebody acknowledges the alarm at the controller; nothing when none stands."""
        self._alarms.end()
        self._session.flush(now_s)

    def inject_result(self, *, pset: int, torque_nm: float, angle_deg: float, now_s: float) -> None:
        """Report a tightening that no trigger began, judged by this pset. Raises KeyError for an unknown one."""
        measured = judge(self._tool.psets[pset], torque_nm=torque_nm, angle_deg=angle_deg)
        self._report((measured,) * self._tool.count, now_s, turned=False)
        self._session.flush(now_s)

    def send_last_again(self, now_s: float) -> None:
        """Report the last result a second time, same id. Nothing when there is none."""
        if self._archive.latest is not None:
            self._results.push(self._archive.latest, wrong=self._output.word == "wrong")
            self._session.flush(now_s)

    def forget_results(self, before_id: int) -> None:
        """Lose every kept rundown with a lower tightening id, as a full or cleared archive does."""
        self._archive.forget(before_id)

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
            self._desk.end()
            self._output.clear()
            self._carrier.clear()
            self._tool.switch_off()

    def wants_hangup(self) -> str | None:
        """Why the controller drops its client, said once: who asks closes the line."""
        reason, self._desk.hangup = self._desk.hangup, None
        return reason

    def take_notes(self) -> tuple[str, ...]:
        """What the client did that the specification does not foresee, a sentence each, since the last call."""
        return self._notes.take()

    def line_lost(self) -> None:
        """The line is gone: a controller on TCP notices, and the session is over; one on a serial line never knows."""
        if self._session.open:
            self._notes.append("The client closed the line without 0003.")
        self._desk.end()
        self._carrier.clear()

    def received(self, data: bytes, now_s: float) -> None:
        """Take bytes from the station's side."""
        self.advance(now_s)
        if self._output.mute(now_s):
            return
        self._recent = (self._recent + data)[-_RECENT:]
        self._take(self._carrier.received(data, now_s), now_s)
        self._output.collect(now_s)

    def advance(self, now_s: float) -> None:
        """Let time pass: rundowns, repeats, silence."""
        if self._output.word != "off":
            self._take(self._carrier.advance(now_s), now_s)
            self._report(self._tool.advance(now_s), now_s)
            self._jobs.advance(now_s)
            self._tighten_by_itself(now_s)
            self._desk.advance(now_s)
            if self._carrier.broken is not None and self._session.open:
                self._desk.drop(self._carrier.broken)
                self._carrier.clear()
        self._output.advance(now_s)

    def next_wake_s(self) -> float | None:
        """When `advance` must be called at the latest."""
        times = [self._output.next_wake_s()]
        if self._output.word != "off":
            times += [self._tool.ends_s, self._carrier.next_wake_s(), self._jobs.next_wake_s()]
            times.append(self._desk.next_wake_s())
            if self._state.turns and not self._tool.running:
                times.append(self._auto_at_s)
        return min((time for time in times if time is not None), default=None)

    def take_output(self) -> bytes:
        """Bytes for the station's side."""
        return self._output.take()

    def _send(self, message: Message, now_s: float) -> None:
        if self._watcher is not None:
            self._watcher.said(message)
        self._output.send(message, now_s)

    def _take(self, messages: list[Message], now_s: float) -> None:
        dropped = self._carrier.discarded - self._discarded
        if dropped:
            self._discarded += dropped
            self._notes.append(why_dropped(self._recent, dropped, self._carriage))
        if self._session.open:
            for sentence in sent_too_early(messages, self._state.profile, ACKNOWLEDGEMENTS):
                self._notes.append(sentence)
        for message in messages:
            if self._watcher is not None:
                self._watcher.heard(message)
            self._desk.take([message], now_s)
        if messages:
            self._recent = self._recent[self._recent.rfind(messages[-1].raw) + len(messages[-1].raw) + 1 :]
        if not self._carrier.pending:
            self._recent = b""

    def _tighten_by_itself(self, now_s: float) -> None:
        if self._auto_s is None or self._tool.running:
            return
        if not self._state.turns:
            self._auto_at_s = None
        elif self._auto_at_s is None:
            self._auto_at_s = now_s + self._auto_s
        elif now_s >= self._auto_at_s:
            self._auto_at_s = now_s + self._auto_s
            self._tool.pull_trigger(self._auto_joint(self._tool.psets[self._tool.selected]), now_s)

    def _report(self, spindles: tuple[Measured, ...] | None, now_s: float, *, turned: bool = True) -> None:
        if spindles is None:
            return
        if self._output.word == "stuck" and self._archive.latest is not None:
            self._results.push(self._archive.latest)
        else:
            self._results.finish(spindles, now_s, turned=turned, wrong=self._output.word == "wrong")
