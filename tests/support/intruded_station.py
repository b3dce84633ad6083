"""A whole station whose arm waves on and on, and hands that come into its zone: from the hand to the stop's bytes.

Real driver, loop, journal on disk, supervisor and wire-level simulator; simulated time. The eyes are the renderer and
the real trackers, or the noise model where pictures would take too long.
"""

import random
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from drivers.cobot.mycobot280.protocol import Cmd
from drivers.simulated_line import LockStep
from station.core.procedure import Step
from station.core.state import Phase
from station.runtime.clock import SteppedClock
from station.runtime.journal import Journal
from station.runtime.setting import Files, read_files, setting_of
from station.runtime.station import Station, silent_people
from station.simulation.eyes import NoisyEyes, PixelEyes
from station.simulation.lockstep import LATENCY_S
from station.simulation.rig import build_rig
from station.simulation.world import AWAY
from vision.hand_model import default_model_path
from vision.hands import MediapipeHands

FRAME_S = 0.1
TICK_S = 0.02
STAYS_S = 0.6
STOP = bytes((0xFE, 0xFE, 0x02, Cmd.STOP, 0xFA))
HAND_MM = 60.0
"""Flesh around the hand's point, as the truth takes it."""


@dataclass(frozen=True)
class Stopped:
    """What became of one hand. Times in seconds of simulated time."""

    speed_mm_s: float
    in_zone_s: float
    stop_s: float | None
    """When the stop's bytes were at the arm; None = never: missed."""

    @property
    def frames(self) -> float:
        """Frame times from the hand's entering the zone to the bytes; below 0 they came before."""
        assert self.stop_s is not None
        return (self.stop_s - self.in_zone_s) / FRAME_S


def waving(files: Files) -> Files:
    """The bench's procedure with a step before all others: the arm waves on and on, by itself when it has room."""
    first = files.procedure.steps[0]
    step = Step(
        id="wave",
        say=first.say,
        picture=first.picture,
        group=first.group,
        gestures=("wave", "home") * 5000,
        demands=first.demands,
        timeout_s=1e6,
        resume="itself",
    )
    return replace(files, procedure=replace(files.procedure, steps=(step, *files.procedure.steps)))


class IntrudedStation:
    """Made, used for any number of hands, closed."""

    def __init__(self, folder: Path, *, pixels: bool, seed: int = 1):
        files = waving(read_files(Path("config/station.sim.toml")))
        self.clock = SteppedClock()
        self.rig = build_rig(files, seed=seed, clock=self.clock, in_memory=True)
        self.rng = random.Random(seed)
        setting = setting_of(files, "test")
        self.zone = next(zone for zone in setting.bench.zones if zone.name == "cobot")
        self.stops: list[float] = []
        simulator = self.rig.arm.simulator
        take = simulator.received

        def received(data, now_s):
            if STOP in data:
                self.stops.append(now_s)
            take(data, now_s)

        simulator.received = received
        self.trackers = []
        self.eyes = []
        for number, camera in enumerate(files.station.cameras):
            if pixels:
                tracker = MediapipeHands(default_model_path())
                self.trackers.append(tracker)
                model = camera.model
                eyes = PixelEyes(self.rig.world, setting.bench, model, tracker, seed=seed, hands_every=2 + 2 * number)
            else:
                eyes = NoisyEyes(self.rig.world, setting.bench, camera.name, random.Random(seed + number))
            self.eyes.append(eyes)
        self.station = Station(
            setting,
            journal=Journal(folder / "journal.sqlite"),
            clock=self.clock,
            open_cobot=self.rig.open_cobot,
            open_tool=self.rig.open_tool,
            people=silent_people(),
        )
        self.lines = LockStep([(self.station.cobot, self.rig.cobot.port), (self.station.tool, self.rig.tool.port)])
        self.late = []
        self.next_frame_s = 0.0
        self.until(lambda: self.station.loop.state.devices.get("cobot") is True, 10.0)
        self.station.open_visit("V1")
        self.until(lambda: self.station.loop.state.robot.moving, 20.0)

    def tick(self):
        """One small step of simulated time."""
        now_s = self.clock.time_s
        self.rig.world.advance(now_s)
        if now_s >= self.next_frame_s:
            self.next_frame_s += FRAME_S
            for eyes in self.eyes:
                self.late.append((now_s + LATENCY_S, eyes.see(now_s, self.station.want)))
        due = [analysis for at_s, analysis in self.late if at_s <= now_s]
        self.late = [(at_s, analysis) for at_s, analysis in self.late if at_s > now_s]
        for analysis in due:
            self.station.analysed(analysis)
        self.lines.settle(now_s)
        while self.station.turn():
            self.lines.settle(now_s)
        self.clock.move_to(round(now_s + TICK_S, 6))

    def until(self, met, limit_s):
        """Let time pass until it is so. AssertionError when it does not become so."""
        end_s = self.clock.time_s + limit_s
        while not met():
            assert self.clock.time_s < end_s, f"did not come within {limit_s} s: {self.station.loop.state}"
            self.tick()

    def waves_on(self, for_s):
        """Nobody comes for this long: how far joint 6 turned meanwhile, degrees, and how often the arm was stopped."""
        self.until(lambda: self.station.loop.state.robot.moving and self.rig.arm.joints.moving, 20.0)
        self.stops.clear()
        end_s, low, high = self.clock.time_s + for_s, 180.0, -180.0
        while self.clock.time_s < end_s:
            self.tick()
            angle = self.rig.arm.joints.angles_deg[5]
            low, high = min(low, angle), max(high, angle)
        return high - low, len(self.stops)

    def intrude(self, speed_mm_s):
        """One hand comes at this speed while the arm moves, stays a moment, and goes; what became of it."""
        self.until(lambda: self.station.loop.state.robot.moving and self.rig.arm.joints.moving, 20.0)
        for _ in range(self.rng.randrange(2, 30)):
            self.tick()
        self.until(lambda: self.station.loop.state.robot.moving and self.rig.arm.joints.moving, 20.0)
        self.stops.clear()
        here = np.array([self.rng.uniform(0, 330), -430.0, self.rng.uniform(100, 160)])
        goal = np.array([here[0] + self.rng.uniform(-40, 40), self.rng.uniform(0, 60), here[2]])
        way = goal - here
        begun_s = self.clock.time_s
        takes_s = float(np.linalg.norm(way)) / speed_mm_s
        in_zone_s = None
        side = self.rng.choice(("left", "right"))
        while self.clock.time_s < begun_s + takes_s + STAYS_S and (not self.stops or in_zone_s is None):
            share = min(1.0, (self.clock.time_s - begun_s) / takes_s)
            at = here + share * way
            self.rig.world.carry(side, tuple(at))
            if in_zone_s is None and at[1] + HAND_MM >= self.zone.outline_mm[:, 1].min():
                in_zone_s = self.clock.time_s
            self.tick()
        self.rig.world.carry(side, AWAY)
        stop_s = self.stops[0] if self.stops else None
        assert self.station.loop.state.phase is Phase.RUNNING
        return Stopped(speed_mm_s=speed_mm_s, in_zone_s=in_zone_s, stop_s=stop_s)

    def close(self):
        """Close everything."""
        for port in self.station.ports:
            port.close()
        self.station.journal.close()
        self.rig.close()
        for tracker in self.trackers:
            tracker.close()
