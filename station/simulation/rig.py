"""A simulated bench from the same files as a real one: world, wire-level simulators, cables."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from drivers.torque_tool.open_protocol.profiles import PROFILES
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.config.bench import pose_of
from station.config.scene_file import SceneConfig, load_scene
from station.config.station_values import StationConfig
from station.runtime.clock import Clock
from station.runtime.cobot_port import cobot_port
from station.runtime.setting import Files
from station.runtime.station import OpenPort, OpenTool
from station.runtime.tool_port import tool_port, zone_of
from station.simulation.arms import SIMULATED, SimulatedArm, simulated_arm
from station.simulation.line import SimulatedLine
from station.simulation.world import World, jobs_of, parameter_sets
from vision.geometry import Transform

SKINS = ((150, 175, 225), (110, 140, 195), (75, 100, 150), (45, 60, 95))
"""Blue, green, red: light, medium, brown, dark."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Rig:
    """The far ends of all cables, and the truth."""

    files: Files
    scene: SceneConfig
    world: World
    arm: SimulatedArm | None
    cobot: SimulatedLine | None
    tool: SimulatedLine | None
    tool_simulator: OpenProtocolSimulator | None
    open_cobot: OpenPort | None
    open_tool: OpenTool | None

    def lines(self) -> tuple[SimulatedLine, ...]:
        """The cables."""
        return tuple(line for line in (self.cobot, self.tool) if line is not None)

    def pump(self, now_s: float) -> None:
        """One turn of the simulated devices that never waits."""
        for line in self.lines():
            line.port.pump(now_s)

    def close(self) -> None:
        """Pull every plug for good."""
        for line in self.lines():
            line.close()


def build_rig(files: Files, *, seed: int, clock: Clock, in_memory: bool = False) -> Rig:
    """A bench as it stands before a visit. Everything random comes from `seed`. ConfigError for a bad scene file."""
    station, procedure = files.station, files.procedure
    if station.scenes is None:
        raise ValueError(f"station {station.id} has no `scenes` folder; a simulated bench needs one")
    scene = load_scene(station.scenes / f"{procedure.id}.toml", station, procedure)
    arm = simulated_arm(station, seed)
    tool = _tool(files, seed, clock)
    config = station.torque_tool if tool is not None else None
    now_s = clock.now_s
    cobot_line = (
        SimulatedLine("cobot", arm.simulator, now_s, in_memory=in_memory, wants_hangup=arm.wants_hangup)
        if arm
        else None
    )
    tool_line = (
        SimulatedLine("tool", tool, now_s, in_memory=in_memory, wants_hangup=tool.wants_hangup) if tool else None
    )
    poses = {part.id: pose_of(next(p for p in procedure.places if p.id == part.tray)) for part in procedure.parts}
    if scene.tool_park is not None and "tool" in scene.looks:
        poses["tool"] = scene.tool_park
    world = World(
        procedure,
        static=scene.static,
        looks=scene.looks,
        poses=poses,
        arm=arm,
        bench_from_base=station.cobot.bench_from_base if station.cobot else Transform.identity(),
        pointer_mm=station.cobot.pointer_mm if station.cobot else 0.0,
        tool=tool,
        loose_nuts_mm=scene.nuts_mm,
        carried=scene.carried,
        skin=random.Random(f"skin {seed}").choice(SKINS),
        sockets={socket: number for number, socket in config.sockets.items()} if config else {},
    )
    return Rig(
        files=files,
        scene=scene,
        world=world,
        arm=arm,
        cobot=cobot_line,
        tool=tool_line,
        tool_simulator=tool,
        open_cobot=_cobot_port(station, cobot_line, now_s),
        open_tool=_tool_port(station, tool_line, clock),
    )


def _tool(files: Files, seed: int, clock: Clock) -> OpenProtocolSimulator | None:
    """The controller, as the station file has it: its family, and a clock that is right."""
    config = files.station.torque_tool
    psets = parameter_sets(files.procedure)
    if config is None or config.url != SIMULATED or not psets:
        return None
    local = datetime.fromisoformat(clock.utc()).astimezone(zone_of(config)).replace(tzinfo=None)
    return OpenProtocolSimulator(
        psets,
        random.Random(f"tool {seed}"),
        carriage=config.carriage,
        profile=PROFILES[config.profile],
        first_tightening_id=1000 + 100 * (seed % 1000),
        jobs=jobs_of(files.procedure),
        clock_at_zero=local - timedelta(seconds=clock.now_s()),
    )


def _cobot_port(station: StationConfig, line: SimulatedLine | None, clock: Callable[[], float]) -> OpenPort | None:
    config = station.cobot
    return None if line is None or config is None else cobot_port(config, line.open, clock)


def _tool_port(station: StationConfig, line: SimulatedLine | None, clock: Clock) -> OpenTool | None:
    config = station.torque_tool
    return None if line is None or config is None else tool_port(config, line.open, clock)
