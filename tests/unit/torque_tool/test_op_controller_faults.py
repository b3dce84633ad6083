"""The seven fault words at the wire: on serial and on TCP, with and without sequence numbers."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from op_client import PSETS

from drivers.torque_tool.open_protocol.faulty_output import WORDS, Chunks
from drivers.torque_tool.open_protocol.framing import Carriage, FrameParser, Side, frame
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

LINES = [(carriage, link_level) for carriage in (Carriage.SERIAL, Carriage.TCP) for link_level in (False, True)]


class Listener:
    """A client on any carriage that acknowledges what it hears, on the link level too, unless it is told not to."""

    def __init__(self, carriage: Carriage, link_level: bool, chunks: Chunks = Chunks.WHOLE) -> None:
        self.simulator = OpenProtocolSimulator(
            PSETS, random.Random(5), carriage=carriage, link_level=link_level, chunks=chunks
        )
        self.now_s = 0.0
        self.heard: list[tuple[float, Message]] = []
        self.writes: list[bytes] = []
        self._heard_s = 0.0
        self._carriage = carriage
        self._numbered = False
        self._number = 1
        self._parser = FrameParser(carriage, Side.CONTROLLER)
        self.say(Message(mid=1, revision=6))
        self._numbered = link_level
        self.say(Message(mid=60))

    @property
    def discarded(self) -> int:
        return self._parser.discarded

    def say(self, message: Message) -> None:
        if self._numbered:
            message = Message(mid=message.mid, sequence=self._number, data=message.data)
            self._number = self._number % 99 + 1
        self._put(message)
        self._hear()

    def run(self, seconds: float, *, every_s: float = 0.01) -> None:
        for _ in range(round(seconds / every_s)):
            self.now_s += every_s
            self.simulator.advance(self.now_s)
            self._hear()
            if self._parser.pending and self.now_s >= self._heard_s + 1.0:
                self._take(self._parser.give_up())

    def results(self) -> list[tuple[float, int]]:
        found = []
        for heard_s, message in self.heard:
            tightening_id = read(message)["tightening_id"] if message.mid == 61 else None
            if isinstance(tightening_id, int):
                found.append((round(heard_s, 2), tightening_id))
        return found

    def tighten(self, *, seconds: float = 2.5) -> None:
        assert self.simulator.pull_trigger(sound_joint(PSETS[4]), self.now_s)
        self.run(seconds)

    def _put(self, message: Message) -> None:
        self.simulator.received(frame(message, self._carriage, Side.INTEGRATOR, HeaderStyle.DIGITS), self.now_s)

    def _hear(self) -> None:
        while data := self.simulator.take_output():
            self.writes.append(data)
            self._heard_s = self.now_s
            self._take(self._parser.feed(data))

    def _take(self, messages: list[Message]) -> None:
        for message in messages:
            self.heard.append((self.now_s, message))
            if message.sequence and message.mid not in (9997, 9998):
                number = message.sequence % 99 + 1
                self._put(Message(mid=9997, sequence=number, data=f"{message.mid:04d}".encode()))
            elif message.mid == 61:
                self._put(Message(mid=62))


@pytest.mark.parametrize(("carriage", "link_level"), LINES)
class TestOnEveryLine:
    """Each fault means the same on every line."""

    def test_a_sound_controller_tells_each_result_once(self, carriage: Carriage, link_level: bool) -> None:
        """It should be what the faults are told apart from."""
        client = Listener(carriage, link_level)
        client.tighten()
        client.tighten()
        assert [number for _, number in client.results()] == [1, 2]

    def test_off_is_silent_and_forgets_its_client(self, carriage: Carriage, link_level: bool) -> None:
        """It should answer nothing, not turn, and know nobody afterwards."""
        client = Listener(carriage, link_level)
        client.simulator.fail("off")
        before = len(client.heard)
        client.say(Message(mid=9999))
        assert not client.simulator.pull_trigger(sound_joint(PSETS[4]), client.now_s)
        client.run(20.0, every_s=0.5)
        client.simulator.fail("ok")
        client.say(Message(mid=9999))
        assert len(client.heard) == before

    def test_stuck_tells_the_same_result_for_every_tightening(self, carriage: Carriage, link_level: bool) -> None:
        """It should push the last id again."""
        client = Listener(carriage, link_level)
        client.tighten()
        client.simulator.fail("stuck")
        client.tighten()
        assert [number for _, number in client.results()] == [1, 1]

    def test_garbage_damages_some_frames_and_hides_no_result_for_good(
        self, carriage: Carriage, link_level: bool
    ) -> None:
        """It should repeat what was not acknowledged, so that a result comes through whole in the end."""
        client = Listener(carriage, link_level)
        client.simulator.fail("garbage")
        for _ in range(20):
            client.say(Message(mid=9999))
        client.simulator.fail("ok")
        client.run(4.0)
        assert client.discarded > 0
        client.simulator.fail("garbage")
        client.tighten(seconds=2.0)
        client.simulator.fail("ok")
        client.run(6.0)
        assert {number for _, number in client.results()} == {1}

    def test_wrong_tells_another_set_and_id(self, carriage: Carriage, link_level: bool) -> None:
        """It should not tell what was tightened."""
        client = Listener(carriage, link_level)
        client.simulator.fail("wrong")
        client.tighten()
        [(_, message)] = [one for one in client.heard if one[1].mid == 61]
        values = read(message)
        assert (values["pset"], values["tightening_id"]) == (5, 1001)

    def test_slow_sends_one_byte_every_hundredth(self, carriage: Carriage, link_level: bool) -> None:
        """It should take more than two seconds for a result of more than 230 bytes."""
        client = Listener(carriage, link_level)
        client.simulator.fail("slow")
        client.tighten(seconds=2.0)
        assert client.results() == []
        client.run(3.0)
        assert {number for _, number in client.results()} == {1}
        assert max(len(data) for data in client.writes[-200:]) == 1

    def test_delayed_tells_a_result_two_seconds_late(self, carriage: Carriage, link_level: bool) -> None:
        """It should answer commands at once and hold only results back."""
        client = Listener(carriage, link_level)
        client.simulator.fail("delayed")
        client.tighten(seconds=3.0)
        assert client.results() == []
        mids = [message.mid for _, message in client.heard]
        client.run(1.0)
        [(heard_s, number)] = client.results()[:1]
        assert number == 1
        assert 3.0 < heard_s < 4.0
        if not link_level:
            client.say(Message(mid=9999))
            assert len(client.heard) > len(mids)

    def test_intermittent_is_deaf_and_dumb_every_other_second(self, carriage: Carriage, link_level: bool) -> None:
        """It should answer in even seconds alone."""
        client = Listener(carriage, link_level)
        client.simulator.fail("intermittent")
        client.run(0.5)
        before = len(client.heard)
        client.say(Message(mid=9999))
        assert len(client.heard) > before
        client.run(1.0)
        before = len(client.heard)
        client.say(Message(mid=9999))
        assert len(client.heard) == before


@pytest.mark.parametrize("word", [word for word in WORDS if word not in ("off", "garbage")])
@pytest.mark.parametrize("chunks", list(Chunks))
def test_every_result_arrives_however_the_writes_are_cut(word: str, chunks: Chunks) -> None:
    """It should deliver one result under every fault, in writes of one message, several, or a few bytes."""
    client = Listener(Carriage.TCP, False, chunks)
    client.run(0.2)
    client.simulator.fail(word)
    client.tighten(seconds=12.0)
    assert len({number for _, number in client.results()}) == 1
    assert client.discarded == 0


def test_a_word_that_is_no_fault_is_refused() -> None:
    """It should name the words that there are."""
    fail: Callable[[str], None] = Listener(Carriage.TCP, False).simulator.fail
    with pytest.raises(ValueError, match="off, stuck, garbage"):
        fail("sulking")


def test_glued_messages_come_in_one_write_and_split_ones_in_pieces() -> None:
    """It should put what happens within 50 ms into one write, or no more than seven bytes into any."""
    glued = Listener(Carriage.TCP, False, Chunks.GLUED)
    glued.run(0.2)
    glued.writes.clear()
    glued.say(Message(mid=9999))
    glued.say(Message(mid=80))
    assert glued.writes == []
    wake_s = glued.simulator.next_wake_s()
    assert wake_s is not None
    assert wake_s < glued.now_s + 0.06
    glued.run(0.2)
    assert [len(data) for data in glued.writes] == [21 + 40]
    split = Listener(Carriage.TCP, False, Chunks.SPLIT)
    assert max(len(data) for data in split.writes) <= 7
    assert [message.mid for _, message in split.heard] == [2, 5]
