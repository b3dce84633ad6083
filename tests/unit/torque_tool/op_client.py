"""A foreign client of the simulated controller, at the level of messages: says one thing, hears what comes."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

from drivers.torque_tool.open_protocol.controller_notes import Watcher
from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import ParameterSet
from drivers.torque_tool.open_protocol.lists import Job
from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.profiles import GENERIC, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

PSET = ParameterSet(
    pset=4,
    name="Bracket",
    torque_min_nm=8.0,
    torque_max_nm=10.0,
    torque_target_nm=9.0,
    angle_min_deg=20,
    angle_max_deg=80,
    angle_target_deg=50,
    snug_nm=2.0,
)


OTHER = replace(PSET, pset=5, name="Nut")
PSETS = {4: PSET, 5: OTHER}


def controller(
    profile: ControllerProfile = GENERIC,
    *,
    psets: Mapping[int, ParameterSet] | None = None,
    link_level: bool = False,
    header_style: HeaderStyle = HeaderStyle.SPACES,
    archive: int = 10_000,
    spindles: int = 1,
    jobs: Sequence[Job] = (),
    refuse_second_start: bool = False,
    pset_identifiers: Mapping[int, int] = MappingProxyType({}),
    watcher: Watcher | None = None,
) -> OpenProtocolSimulator:
    """A controller on TCP."""
    return OpenProtocolSimulator(
        psets or PSETS,
        random.Random(1),
        carriage=Carriage.TCP,
        profile=profile,
        link_level=link_level,
        header_style=header_style,
        archive=archive,
        spindles=spindles,
        jobs=jobs,
        refuse_second_start=refuse_second_start,
        pset_identifiers=pset_identifiers,
        watcher=watcher,
    )


class Client:
    """On TCP; `now_s` is the time, which `wait` lets go on."""

    def __init__(self, simulator: OpenProtocolSimulator | None = None) -> None:
        self.simulator = simulator or OpenProtocolSimulator({4: PSET}, random.Random(1), carriage=Carriage.TCP)
        self.now_s = 0.0
        self._parser = FrameParser(Carriage.TCP, Side.CONTROLLER)

    def hear(self) -> list[Message]:
        return self._parser.feed(self.simulator.take_output())

    def say(self, *messages: Message) -> list[Message]:
        data = b"".join(frame(m, Carriage.TCP, Side.INTEGRATOR, HeaderStyle.DIGITS) for m in messages)
        self.simulator.received(data, self.now_s)
        return self.hear()

    def ask(self, mid: int, data: bytes = b"", *, revision: int = 1, no_ack: bool = False) -> list[Message]:
        return self.say(Message(mid=mid, revision=revision, data=data, no_ack=no_ack))

    def start(self, revision: int = 6) -> Client:
        [answer] = self.ask(1, revision=revision)
        assert (answer.mid, answer.revision) == (2, revision)
        return self

    def wait(self, seconds: float) -> list[Message]:
        heard = []
        for _ in range(round(seconds / 0.25)):
            self.now_s += 0.25
            self.simulator.advance(self.now_s)
            heard += self.hear()
        return heard

    def refusal(self, mid: int, data: bytes = b"", *, revision: int = 1) -> int:
        [answer] = self.ask(mid, data, revision=revision)
        values = read(answer)
        assert (answer.mid, values["mid"]) == (4, mid)
        error = values["error"]
        assert isinstance(error, int)
        return error

    def accepts(self, mid: int, data: bytes = b"", *, revision: int = 1, no_ack: bool = False) -> list[Message]:
        first, *rest = self.ask(mid, data, revision=revision, no_ack=no_ack)
        assert (first.mid, first.data) == (5, f"{mid:04d}".encode())
        return rest

    def tighten(self, torque_nm: float = 9.0, angle_deg: float = 50.0, pset: int | None = None) -> list[Message]:
        """A tightening of the selected set that nobody pulled a trigger for; what is pushed of it."""
        self.simulator.inject_result(
            pset=pset or self.simulator.selected_pset, torque_nm=torque_nm, angle_deg=angle_deg, now_s=self.now_s
        )
        return self.hear()

    def tell(self, mid: int, data: bytes = b"") -> list[Message]:
        """Say what is not answered; what is heard then."""
        return self.ask(mid, data)

    def fetch(self, mid: int, data: bytes = b"", *, revision: int = 1) -> dict[str, Value]:
        """The fields of the one answer."""
        [answer] = self.ask(mid, data, revision=revision)
        assert (answer.mid, answer.revision) == (mid + 1, revision)
        return read(answer)
