"""The owner of a line, with a conversation that only writes down what happens to it."""

import threading
import time
from contextlib import closing

import pytest

from drivers.api import (
    Command,
    CommandDone,
    CommandError,
    CommandFailed,
    Connected,
    DriverEvent,
    LinkError,
    Outcome,
    SetColour,
    StopMotion,
)
from drivers.link import DescriptorLink, memory_pair, open_link
from drivers.session import PortOwner
from drivers.simulated_line import LockStep, SimulatorPort, TcpSimulatorPort


class Echo:
    """A conversation that sends one byte for each command and is done when the byte comes back."""

    device = "echo"

    def __init__(self) -> None:
        self.notes: list[str] = []
        self.hangup: str | None = None
        self.wake_s: float | None = None
        self._out = b""
        self._events: list[DriverEvent] = []
        self._waiting: list[str] = []

    def link_up(self, now_s: float) -> None:
        self.notes.append(f"up {now_s:g}")
        self._events.append(Connected(device="echo", t_mono_s=now_s))

    def link_down(self, now_s: float, reason: str) -> None:
        self.notes.append(f"down {now_s:g}")
        self.hangup = None

    def received(self, data: bytes, now_s: float) -> None:
        for _ in data:
            self._events.append(CommandDone(device="echo", command_id=self._waiting.pop(0), t_mono_s=now_s))

    def advance(self, now_s: float) -> None:
        pass

    def next_wake_s(self) -> float | None:
        return self.wake_s

    def submit(self, command: Command, now_s: float) -> None:
        if not isinstance(command, StopMotion):
            raise CommandError("only stops")
        self._waiting.append(command.command_id)
        self._out += b"!"

    def renew_lease(self, now_s: float) -> None:
        self.notes.append("lease")

    def take_output(self) -> bytes:
        out, self._out = self._out, b""
        return out

    def take_events(self) -> tuple[DriverEvent, ...]:
        events, self._events = tuple(self._events), []
        return events

    def wants_hangup(self) -> str | None:
        return self.hangup

    def farewell(self, now_s: float) -> bytes:
        return b"bye"


class Mirror:
    """A simulated device that sends back what it gets."""

    def __init__(self) -> None:
        self.heard = b""
        self.out = b""
        self.bye = False

    def received(self, data: bytes, now_s: float) -> None:
        self.heard += data
        self.out += data

    def advance(self, now_s: float) -> None:
        pass

    def next_wake_s(self) -> float | None:
        return None

    def take_output(self) -> bytes:
        out, self.out = self.out, b""
        return out

    def fail(self, word: str) -> None:
        raise ValueError(word)


class Bench:
    def __init__(self) -> None:
        self.echo, self.mirror = Echo(), Mirror()
        self.events: list[DriverEvent] = []
        self.port = SimulatorPort(None, self.mirror, lambda: 0.0, wants_hangup=lambda: self.mirror.bye)
        self.owner = PortOwner(
            self.port.connect, self.echo, lambda: 0.0, self.events.append, reconnect_s=(0.2, 0.5, 1.0)
        )

    def close(self) -> None:
        self.owner.close()
        self.port.close()


def test_a_command_goes_out_and_its_end_comes_back() -> None:
    """It should carry a command to the device and the answer to the caller within one settling."""
    with closing(Bench()) as bench:
        bench.owner.submit(StopMotion(command_id="a"))
        bench.owner.renew_lease()
        LockStep([(bench.owner, bench.port)]).settle(1.0)
        assert [type(event) for event in bench.events] == [Connected, CommandDone]
        assert bench.echo.notes == ["up 1", "lease"]
        assert bench.owner.device == "echo"


def test_a_command_that_the_device_must_not_get_is_refused() -> None:
    """It should turn the conversation's refusal into the command's end."""
    with closing(Bench()) as bench:
        bench.owner.submit(SetColour(command_id="a", rgb=(0, 0, 0)))
        bench.owner.pump(1.0)
        refused = bench.events[0]
        assert isinstance(refused, CommandFailed)
        assert (refused.outcome, refused.code, refused.detail) == (Outcome.REFUSED, "driver.command", "only stops")


def test_the_waits_between_attempts_grow_and_start_over() -> None:
    """It should try again after 0.2, 0.5, 1 and 1 s, refuse commands meanwhile, and tell the loss once."""
    with closing(Bench()) as bench:
        bench.port.unplug()
        attempts = []
        for tick in range(60):
            now_s = tick / 10
            before = bench.owner.next_wake_s()
            bench.owner.pump(now_s)
            if bench.owner.next_wake_s() != before:
                attempts.append(now_s)
        assert attempts == pytest.approx([0.0, 0.2, 0.7, 1.7, 2.7, 3.7, 4.7, 5.7])
        assert bench.echo.notes == ["down 0"]
        bench.owner.submit(StopMotion(command_id="a"))
        bench.owner.pump(5.8)
        refused = bench.events[0]
        assert isinstance(refused, CommandFailed)
        assert (refused.outcome, refused.code) == (Outcome.REFUSED, "link.down")
        bench.port.plug_in()
        bench.owner.pump(6.8)
        bench.port.unplug()
        bench.owner.pump(6.9)
        assert bench.owner.next_wake_s() == pytest.approx(7.1)


def test_a_conversation_may_ask_for_a_new_line() -> None:
    """It should close the line when the conversation gives up on the peer, and open another."""
    with closing(Bench()) as bench:
        bench.owner.pump(1.0)
        first = bench.owner.link
        bench.echo.hangup = "the peer talks nonsense"
        bench.owner.pump(2.0)
        assert bench.owner.link is None
        bench.owner.pump(2.3)
        assert bench.owner.link not in (None, first)
        assert bench.echo.notes == ["up 1", "down 2", "up 2.3"]


def test_a_device_may_hang_up() -> None:
    """It should lose the line that the device has closed by its own rules."""
    with closing(Bench()) as bench:
        bench.owner.pump(1.0)
        bench.mirror.bye = True
        bench.port.pump(1.0)
        bench.owner.pump(1.0)
        assert bench.echo.notes == ["up 1", "down 1"]


def test_closing_refuses_what_still_waits() -> None:
    """It should end commands that nobody took yet, and take none afterwards."""
    bench = Bench()
    bench.owner.submit(StopMotion(command_id="a"))
    bench.close()
    bench.close()
    refused = bench.events[0]
    assert isinstance(refused, CommandFailed)
    assert (refused.command_id, refused.outcome) == ("a", Outcome.REFUSED)
    with pytest.raises(LinkError, match="is closed"):
        bench.owner.submit(StopMotion(command_id="b"))
    bench.owner.wake()
    bench.owner.renew_lease()


def test_closing_says_goodbye_first() -> None:
    """It should give the device the conversation's last bytes, and survive a line that is lost at that moment."""
    bench = Bench()
    bench.owner.pump(0.0)
    bench.owner.close()
    bench.port.pump(0.0)
    assert bench.mirror.heard == b"bye"
    bench.close()
    lost = Bench()
    lost.owner.pump(0.0)
    lost.port.unplug()
    lost.close()
    assert lost.mirror.heard == b""


def test_a_device_that_never_stops_talking_cannot_settle() -> None:
    """It should give up after a second instead of standing still for ever."""

    class Restless(Echo):
        def received(self, data: bytes, now_s: float) -> None:
            self._out += data

    with closing(Bench()) as bench:
        near, far = memory_pair()
        bench.port.attach(far)
        owner = PortOwner(lambda: near, Restless(), lambda: 0.0, bench.events.append)
        far.write(b"x")
        with closing(owner), pytest.raises(LinkError, match="come to rest"):
            LockStep([(owner, bench.port)]).settle(0.0)


def test_the_thread_wakes_for_a_command_and_ends_when_told() -> None:
    """It should answer a submitted command without waiting for a poll, and close everything at the end."""
    mirror, echo = Mirror(), Echo()
    up, done = threading.Event(), threading.Event()
    links: list[DescriptorLink] = []
    port = TcpSimulatorPort("127.0.0.1", 0, mirror, time.monotonic)

    def take(event: DriverEvent) -> None:
        if isinstance(event, Connected):
            up.set()
        if isinstance(event, CommandDone):
            done.set()

    def connect() -> DescriptorLink:
        links.append(open_link(f"socket://127.0.0.1:{port.address[1]}"))
        return links[-1]

    owner = PortOwner(connect, echo, time.monotonic, take)
    stop = threading.Event()
    threads = [threading.Thread(target=run, args=(stop,)) for run in (port.run, owner.run)]
    for thread in threads:
        thread.start()
    try:
        assert up.wait(5.0)
        owner.submit(StopMotion(command_id="a"))
        assert done.wait(5.0)
    finally:
        stop.set()
        owner.wake()
        for thread in threads:
            thread.join(5.0)
    with pytest.raises(LinkError, match="is closed"):
        links[0].fileno()
