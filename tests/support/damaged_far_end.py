"""A controller whose line flips one bit of one message: the station has to end with every result, or with none wrong.

It counts and keeps results, pushes each until it is acknowledged (four times, 5 s apart, then it drops the line) or
just once, tells old ones, and answers whatever it is asked. Both ends and the damage are in simulated time.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace

from drivers.api import AcknowledgeResult, ArmTool, Connected, DriverEvent, ResultsLost, TighteningResult
from drivers.torque_tool.open_protocol.carrier import make_carrier
from drivers.torque_tool.open_protocol.controller_mtf import overall_messages
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.framing import Carriage, Side
from drivers.torque_tool.open_protocol.messages import LAYOUTS
from drivers.torque_tool.open_protocol.profiles import ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message

FIRST = 12_346
"""The result before this one is on disk."""
PUSHES, PUSH_EVERY_S = 4, 5.0
_SILENT = {5, 16, 23, 36, 53, 62, 72, 75, 77, 212, 218, 1203, 9997, 9998}
SOUND: Mapping[str, Value] = {
    "pset": 7, "tightening_status": 1, "torque_status": 1, "angle_status": 1, "torque_min_nm": 8.1,
    "torque_max_nm": 9.9, "torque_target_nm": 9.0, "angle_min_deg": 20, "angle_max_deg": 80, "angle_target_deg": 50,
    "batch_size": 0, "batch_counter": 0, "batch_status": 2, "job": 0, "last_change": "2025-12-01:07:08:09",
    "torque_unit": 1, "result_type": 1, "tool_serial": "T1", "vin": "VIN42", "angle_numerator": 1,
    "angle_denominator": 1, "station_id": 1, "pset_name": "Mirror", "error_status": 0,
}  # fmt: skip


def values_of(tightening_id: int) -> dict[str, Value]:
    """What was measured under this number."""
    turn = tightening_id % 10
    return {
        **SOUND,
        "tightening_id": tightening_id,
        "torque_nm": 8.9 + turn / 100,
        "angle_deg": 45 + turn,
        "time": f"2026-01-31:23:59:{turn:02d}",
    }


def of(mid: int, revision: int, values: Mapping[str, Value]) -> Message:
    return Message(mid=mid, revision=revision, data=LAYOUTS[mid, revision].encode(values))


def accepted(mid: int) -> Message:
    return Message(mid=5, data=f"{mid:04d}".encode())


def refused(mid: int, error: int) -> Message:
    return Message(mid=4, data=f"{mid:04d}{error:02d}".encode())


@dataclass
class DamagedFarEnd:
    """One connection after the other of one tool and this controller."""

    carriage: Carriage
    profile: ControllerProfile
    revision: int
    """Highest of 0060."""
    refuses: Mapping[int, int] = field(default_factory=dict)
    """MID to the code that refuses it."""
    last: int = FIRST - 1
    now_s: float = 0.0
    disk: dict[int, TighteningResult] = field(default_factory=dict)
    copies: int = 0
    events: list[DriverEvent] = field(default_factory=list)
    heard: list[int] = field(default_factory=list)
    too_early: list[int] = field(default_factory=list)
    hangups: int = 0
    enabled: bool = False

    def __post_init__(self) -> None:
        self.tool = OpenProtocolTool(
            carriage=self.carriage,
            profile=self.profile,
            last_seen_id=lambda serial: max(self.disk, default=FIRST - 1),
            traces=False,
        )
        self._carrier = make_carrier(self.carriage, Side.CONTROLLER)
        self._pushes: deque[int] = deque()
        self._sends = 0
        self._sent_s = 0.0
        self._subscribed = 0
        self._flip: int | None = None
        self._went = 0
        self._acks = 0

    def connect(self) -> None:
        self._carrier.clear()
        self._pushes.clear()
        self._sends = self._subscribed = 0
        self.tool.link_up(self.now_s)
        self.settle()

    def measure(self) -> None:
        """One more rundown."""
        self.last += 1
        if self._subscribed:
            self._pushes.append(self.last)
            self._push(self.now_s)
        self.settle()

    def say(self, message: Message) -> None:
        self._carrier.send(message, self.now_s)
        self.settle()

    def flip(self, bit: int) -> None:
        """Of all bytes that go to the station from now on, this bit arrives wrong."""
        self._flip, self._went = bit, 0

    @property
    def went(self) -> int:
        """Bytes that went to the station since `flip`."""
        return self._went

    def arm(self) -> None:
        self.tool.submit(ArmTool(command_id=f"arm {len(self.heard)}", pset=7), self.now_s)
        self.settle()

    def run(self, seconds: float) -> None:
        end_s = self.now_s + seconds
        while self.now_s < end_s:
            wakes = [self.tool.next_wake_s(), self._carrier.next_wake_s(), end_s]
            wakes += [self._sent_s + PUSH_EVERY_S] if self._sends else []
            self.now_s = max(self.now_s + 0.001, min(wake for wake in wakes if wake is not None))
            self.tool.advance(self.now_s)
            for message in self._carrier.advance(self.now_s):
                self._take(message)
            if self._sends and self.now_s >= self._sent_s + PUSH_EVERY_S:
                if self._sends >= PUSHES:
                    self._reconnect()
                else:
                    self._push(self.now_s)
            self.settle()

    def settle(self) -> None:
        for _ in range(2000):
            data = self._carrier.take_output()
            if data:
                self.tool.received(self._damaged(data), self.now_s)
            self._serve()
            out = self.tool.take_output()
            for message in self._carrier.received(out, self.now_s):
                self._take(message)
            if not data and not out:
                if self.tool.wants_hangup() is None and self._carrier.broken is None:
                    return
                self._reconnect()
        raise AssertionError("driver and controller never stop talking")

    def _reconnect(self) -> None:
        self.hangups += 1
        assert self.hangups < 20
        self.tool.link_down(self.now_s, "made anew")
        self._serve()
        self.connect()

    def _serve(self) -> None:
        """The station: on disk, then acknowledged."""
        for event in self.tool.take_events():
            self.events.append(event)
            if isinstance(event, TighteningResult):
                if event.tightening_id in self.disk:
                    self.copies += 1
                self.disk.setdefault(event.tightening_id, event)
            if isinstance(event, TighteningResult | ResultsLost):
                self._acks += 1
                number = event.tightening_id if isinstance(event, TighteningResult) else event.last_id
                self.tool.submit(AcknowledgeResult(command_id=f"ack {self._acks}", tightening_id=number), self.now_s)

    def _damaged(self, data: bytes) -> bytes:
        begin, self._went = self._went, self._went + len(data)
        if self._flip is None or not begin <= self._flip // 8 < self._went:
            return data
        damaged = bytearray(data)
        damaged[self._flip // 8 - begin] ^= 1 << self._flip % 8
        return bytes(damaged)

    def _push(self, now_s: float) -> None:
        if not self._pushes or (self._sends and now_s < self._sent_s + PUSH_EVERY_S):
            return
        number = self._pushes[0]
        for message in self._messages(number):
            self._carrier.send(message, now_s)
        self._sends, self._sent_s = self._sends + 1, now_s
        if not self.profile.wants_acknowledgement:
            self._pushes.popleft()
            self._sends = 0
            self._push(now_s)

    def _messages(self, number: int) -> list[Message]:
        if self.profile.results_by == 1201:
            return overall_messages(values_of(number), SimpleNamespace(controller_serial="C1", tool_serial="T1"))
        return [of(61, self._subscribed, self._in_revision(values_of(number)))]

    def _in_revision(self, values: dict[str, Value]) -> dict[str, Value]:
        return {
            name: value * 10
            if self._subscribed >= 10 and name.startswith("angle_") and name.endswith("_deg")
            else value
            for name, value in values.items()
        } | ({"angle_denominator": 10} if self._subscribed >= 10 else {})

    def _take(self, message: Message) -> None:
        self.heard.append(message.mid)
        if message.mid == 62 and self._sends:
            number = self._pushes.popleft()
            if number not in self.disk:
                self.too_early.append(number)
            self._sends = 0
            self._push(self.now_s)
        for answer in self._answers(message):
            self._carrier.send(answer, self.now_s)

    def _answers(self, message: Message) -> list[Message]:
        mid = message.mid
        if mid in self.refuses:
            return [refused(mid, self.refuses[mid])]
        if mid in _SILENT:
            return []
        self.enabled = mid in (43, 225) or (self.enabled and mid not in (42, 224))
        answers: dict[int, Callable[[], list[Message]]] = {
            1: lambda: [of(2, message.revision, {"controller_serial": "C1", "sequence_numbers": 0})],
            6: lambda: self._old(int(message.data[29:39])),
            12: lambda: [of(13, 1, {**SOUND, "rotation": 1, "name": "Mirror"})],
            40: lambda: [of(41, message.revision, {"tool_serial": "T1", "controller_serial": "C1"})],
            60: lambda: self._subscribe(message),
            64: lambda: self._old(int(message.data[:10])) if message.revision == 1 else [refused(64, 97)],
            80: lambda: [of(81, 1, {"time": "2026-01-01:00:00:00"})],
            9999: lambda: [message],
        }
        if mid == 8 and message.data[:4] == b"1201":
            self._subscribed = 1
        return answers.get(mid, lambda: [accepted(mid)])()

    def _subscribe(self, message: Message) -> list[Message]:
        if message.revision > self.revision:
            return [refused(60, 97)]
        self._subscribed = message.revision
        return [accepted(60)]

    def _old(self, wanted: int) -> list[Message]:
        number = wanted or self.last
        if not FIRST - 1 <= number <= self.last:
            return [refused(64 if self.profile.results_by == 61 else 6, 15)]
        if self.profile.results_by == 1201:
            return overall_messages(values_of(number), SimpleNamespace(controller_serial="C1", tool_serial="T1"))
        return [of(65, 1, values_of(number))]


def connected(end: DamagedFarEnd) -> bool:
    return any(isinstance(event, Connected) for event in end.events)
