"""A controller that answers exactly what a test tells it to, for what no sound controller does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from drivers.api import Command, CommandDone, CommandFailed, DriverEvent, TighteningResult
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.messages import LAYOUTS
from drivers.torque_tool.open_protocol.protocol import Message

Answer = Callable[[Message], Sequence[Message]]
Event = TypeVar("Event")
ACKNOWLEDGEMENTS = {5, 16, 23, 36, 53, 62, 72, 75, 77, 212, 1203, 9997, 9998}


def accepted(message: Message) -> list[Message]:
    return [Message(mid=5, data=f"{message.mid:04d}".encode())]


def refused(error: int) -> Answer:
    return lambda message: [Message(mid=4, data=f"{message.mid:04d}{error:02d}".encode())]


def silent(message: Message) -> list[Message]:
    return []


def of(mid: int, revision: int = 1, **values: int | float | str) -> Message:
    return Message(mid=mid, revision=revision, data=LAYOUTS[mid, revision].encode(values))


def result(tightening_id: int, revision: int = 1, mid: int = 61, **values: int | float | str) -> Message:
    """A sound result of pset 7, as 0061 or 0065."""
    sound: dict[str, int | float | str] = {
        "tightening_id": tightening_id, "pset": 7, "tightening_status": 1, "torque_status": 1, "angle_status": 1,
        "torque_min_nm": 8.1, "torque_max_nm": 9.9, "torque_target_nm": 9.0, "torque_nm": 9.0, "angle_min_deg": 20,
        "angle_max_deg": 80, "angle_target_deg": 50, "angle_deg": 50, "batch_size": 0, "batch_counter": 0,
        "batch_status": 2, "job": 0, "time": "2026-01-01:00:00:00",
    }  # fmt: skip
    return of(mid, revision, **{**sound, **values})


class Scripted:
    """A tool on a TCP line whose far end is a table of answers; whatever is not in it is accepted."""

    def __init__(self, tool: OpenProtocolTool, answers: dict[int, Answer] | None = None) -> None:
        self.tool = tool
        self.now_s = 0.0
        self.sent: list[Message] = []
        self.events: list[DriverEvent] = []
        self.answers: dict[int, Answer] = {
            1: lambda message: [of(2, message.revision, controller_serial="C1", sequence_numbers=0)],
            13: silent,
            40: lambda message: [of(41, tool_serial="T1", controller_serial="C1")],
            12: lambda message: [
                of(13, pset=int(message.data), torque_min_nm=8.1, torque_max_nm=9.9, torque_target_nm=9.0,
                   angle_min_deg=20, angle_max_deg=80)
            ],
            60: lambda message: accepted(message) if message.revision == 1 else refused(97)(message),
            64: refused(15),
            6: refused(79),
            80: lambda message: [of(81, time="2026-01-01:00:00:00")],
            9999: lambda message: [message],
            **dict.fromkeys(ACKNOWLEDGEMENTS, silent),
            **(answers or {}),
        }  # fmt: skip
        self._ear = FrameParser(Carriage.TCP, Side.INTEGRATOR)

    def plug(self) -> Scripted:
        self.tool.link_up(self.now_s)
        self.settle()
        return self

    def unplug(self) -> None:
        self.tool.link_down(self.now_s, "the cable is out")
        self.events += self.tool.take_events()

    def settle(self) -> None:
        for _ in range(5000):
            messages = self._ear.feed(self.tool.take_output())
            self.events += self.tool.take_events()
            if not messages:
                return
            for message in messages:
                self.sent.append(message)
                for answer in self.answers.get(message.mid, accepted)(message):
                    self.tool.received(frame(answer, Carriage.TCP, Side.CONTROLLER), self.now_s)
        raise AssertionError("driver and controller never stop talking")

    def say(self, *messages: Message) -> None:
        for message in messages:
            self.tool.received(frame(message, Carriage.TCP, Side.CONTROLLER), self.now_s)
        self.settle()

    def submit(self, command: Command) -> None:
        self.tool.submit(command, self.now_s)
        self.settle()

    def run(self, seconds: float, step_s: float = 0.1) -> None:
        for _ in range(round(seconds / step_s)):
            self.now_s += step_s
            self.tool.advance(self.now_s)
            self.settle()

    def mids(self, *only: int) -> list[int]:
        return [message.mid for message in self.sent if not only or message.mid in only]

    def seen(self, kind: type[Event]) -> list[Event]:
        return [event for event in self.events if isinstance(event, kind)]

    def ids(self) -> list[int]:
        return [event.tightening_id for event in self.seen(TighteningResult)]

    def end_of(self, command_id: str) -> CommandDone | CommandFailed | None:
        ends = [event for event in self.events if isinstance(event, CommandDone | CommandFailed)]
        [*mine] = [event for event in ends if event.command_id == command_id]
        assert len(mine) <= 1
        return mine[0] if mine else None
