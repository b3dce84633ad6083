"""A simulated controller on the manufacturer's own ports, in a thread of its own; addresses of this machine only."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from drivers.cobot.universal_robots.models import MODELS
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_ports import EVERY_PORT, ControllerPorts

_HOSTS = itertools.count(10)


@contextmanager
def thread(run: Callable[[threading.Event], None]) -> Iterator[None]:
    stop = threading.Event()
    worker = threading.Thread(target=run, args=(stop,))
    worker.start()
    try:
        yield
    finally:
        stop.set()
        worker.join(timeout=5.0)
        assert not worker.is_alive()


@contextmanager
def controller_on_ports(ports: Any = EVERY_PORT, **controller: Any) -> Iterator[tuple[SimulatedController, str, str]]:
    """The controller, its host, and its address for our driver. Each has a loopback address to itself."""
    robot = SimulatedController(MODELS["UR5e"], **controller)
    host = f"127.0.{threading.get_native_id() % 200 + 20}.{next(_HOSTS)}"
    listening = ControllerPorts(host, robot, time.monotonic, ports)
    with thread(listening.run):
        yield robot, host, listening.url


def eventually(happened: Callable[[], object], limit_s: float = 10.0) -> None:
    end_s = time.monotonic() + limit_s
    while not happened():
        assert time.monotonic() < end_s, "it did not happen"
        time.sleep(0.005)
