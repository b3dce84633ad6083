"""The simulated arm that a station file asks for: its far end of the line, and what a picture needs to know of it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from drivers.api import DeviceSimulator
from drivers.cobot.arm.model import ArmModel
from drivers.cobot.mycobot280.simulator import MyCobot280Simulator
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulator import UniversalRobotsSimulator
from station.config.arm_models import ARM_MODELS
from station.config.station_values import StationConfig
from station.motion.gesture import TaughtPosture
from station.runtime.cobot_port import MYCOBOT280

SIMULATED = "simulated"
"""URL of a line whose far end is a simulator of ours."""
DARK = (40, 40, 40)
"""The lamp of an arm that has none."""


class Joints(Protocol):
    """Where a simulated arm is."""

    @property
    def angles_deg(self) -> tuple[float, ...]:
        """Its joints now."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SimulatedArm:
    """One arm."""

    model: ArmModel
    simulator: DeviceSimulator
    joints: Joints
    colour: Callable[[], tuple[int, int, int]]
    """Red, green, blue of its lamp now."""
    wants_hangup: Callable[[], object]
    emergency_stop: Callable[[bool], None]
    """Press (True) or release its emergency stop."""


def simulated_arm(station: StationConfig, seed: int) -> SimulatedArm | None:
    """The arm of this bench, standing at home with its joints switched on; None where it has none or a real one."""
    config = station.cobot
    if config is None or config.url != SIMULATED:
        return None
    model = ARM_MODELS[config.family]
    home = station.gestures.by_name.get("home")
    angles_deg = home.angles_deg if isinstance(home, TaughtPosture) else (0.0,) * 6
    rng = random.Random(f"cobot {seed}")
    if config.family == MYCOBOT280:
        cobot = MyCobot280Simulator(rng, angles_deg=angles_deg)
        return SimulatedArm(
            model=model,
            simulator=cobot,
            joints=cobot,
            colour=lambda: cobot.colour,
            wants_hangup=lambda: None,
            emergency_stop=cobot.arm.emergency_stop,
        )
    controller = SimulatedController(model, angles_deg=angles_deg, powered=True)
    robot = UniversalRobotsSimulator(controller, rng)

    def emergency_stop(pressed: bool) -> None:
        if pressed:
            controller.press_emergency_stop()
        else:
            controller.release_emergency_stop()

    return SimulatedArm(
        model=model,
        simulator=robot,
        joints=controller,
        colour=lambda: DARK,
        wants_hangup=robot.wants_hangup,
        emergency_stop=emergency_stop,
    )
