"""Scene files: what a simulated bench looks like. Read only where a scene is drawn; the work knows nothing of it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Self

import numpy as np
from pydantic import Field, model_validator

from station.config.bench import mount_of
from station.config.errors import ConfigError, Problem
from station.config.procedure_draft import Findings
from station.config.shapes import Above0, Name, Vec2, Vec3
from station.config.station_file import TOOL
from station.config.station_values import StationConfig
from station.config.strict import Model, Strict, nearest, parse
from station.config.toml_source import Source, read_toml
from station.core.procedure import Procedure
from vision.bench import TagMount
from vision.geometry import Array, Transform
from vision.scene import Colour, Look, Placed, Prism

KEYS = ("static", "look", "carried", "start")
Box = Annotated[tuple[float, float, float, float], Field(strict=False)]


class DiscShape(Strict):
    """A regular polygon with many corners."""

    at_mm: Vec2
    radius_mm: Above0
    corners: Annotated[int, Field(ge=3, le=96)] = 24


class EllipseShape(Strict):
    """An ellipse along the axes."""

    at_mm: Vec2
    half_mm: Vec2
    corners: Annotated[int, Field(ge=3, le=96)] = 32


class BlockShape(Strict):
    """A straight-sided block; its outline is one of `outline_mm`, `box_mm` [x0, y0, x1, y1], `disc`, `ellipse`."""

    outline_mm: Annotated[list[Vec2], Field(min_length=3)] | None = None
    box_mm: Box | None = None
    disc: DiscShape | None = None
    ellipse: EllipseShape | None = None
    z_mm: Vec2
    colour: Annotated[str, Field(pattern=r"^#[0-9a-fA-F]{6}$")]

    @model_validator(mode="after")
    def _one_outline(self) -> Self:
        if sum(outline is not None for outline in (self.outline_mm, self.box_mm, self.disc, self.ellipse)) != 1:
            raise ValueError("a block has one outline; give one of `outline_mm`, `box_mm`, `disc`, `ellipse`")
        if not self.z_mm[0] < self.z_mm[1]:
            raise ValueError(f"`z_mm` runs from {self.z_mm[0]:g} to {self.z_mm[1]:g}; write [lower, upper]")
        return self

    def prism(self) -> Prism:
        """As the renderer wants it: counter-clockwise, colour in BGR."""
        return Prism(outline_mm=self._outline(), z_mm=self.z_mm, colour=bgr(self.colour))

    def _outline(self) -> Array:
        if self.box_mm is not None:
            x0, y0, x1, y1 = self.box_mm
            return np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]])
        if self.disc is not None:
            return _round(self.disc.at_mm, (self.disc.radius_mm, self.disc.radius_mm), self.disc.corners)
        if self.ellipse is not None:
            return _round(self.ellipse.at_mm, self.ellipse.half_mm, self.ellipse.corners)
        return np.array(self.outline_mm)


class StaticShape(Strict):
    """`[[static]]`: something that never moves, in the bench frame."""

    name: Name
    block: Annotated[list[BlockShape], Field(min_length=1)]


class LookShape(Strict):
    """`[[look]]`: blocks of bodies that move, in each body's frame. A body may be named in several."""

    bodies: Annotated[list[Name], Field(min_length=1)]
    block: Annotated[list[BlockShape], Field(min_length=1)]


class CarriedShape(Strict):
    """`[carried]`: what the arm's tool carries, in a frame with its origin at the tip and z back along the tool."""

    block: Annotated[list[BlockShape], Field(min_length=1)]
    nuts_mm: list[Vec3] = Field(default_factory=list)


class StartShape(Strict):
    """`[start]`: where loose things are when a visit begins."""

    nuts_mm: list[Vec3] = Field(default_factory=list)
    tool_mm: Vec3 | None = None
    tool_yaw_deg: float = 0.0
    card_mm: Vec3
    card_text: Name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Carried:
    """What the arm's tool carries, in a frame with its origin at the tip and z back along the tool."""

    look: Look
    nuts_mm: tuple[tuple[float, float, float], ...]
    """Middle of the lower face of each nut in it."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SceneConfig:
    """What a simulated bench looks like at the beginning of a visit."""

    static: tuple[Placed, ...]
    looks: Mapping[str, Look]
    """Body name (part id, `tool`) -> look, with the tags that the station and the procedure give it."""
    nuts_mm: tuple[tuple[float, float, float], ...]
    """Middle of the lower face of each loose nut on the bench, bench frame."""
    carried: Carried | None
    tool_park: Transform | None
    """bench_from_tool of the tool at rest; None where no tool is used."""
    card_home: Transform
    """bench_from_card of the visitor's pass before it is shown."""
    card_text: str


def bgr(colour: str) -> Colour:
    """`#rrggbb` as blue, green, red."""
    return int(colour[5:7], 16), int(colour[3:5], 16), int(colour[1:3], 16)


def load_scene(path: Path, station: StationConfig, procedure: Procedure) -> SceneConfig:
    """Read and check a scene for a bench and its work. Raises ConfigError with every mistake in the file."""
    source = read_toml(path)
    findings = Findings(source.problem)
    for key in source.data:
        if key not in KEYS:
            findings.report((key,), f"unknown key `{key}`", nearest(key, KEYS))
    statics = _elements(StaticShape, "static", source, findings)
    looks = _elements(LookShape, "look", source, findings)
    start, problems = parse(StartShape, source, ("start",), source.data.get("start", {}))
    findings.problems += problems
    carried, problems = _carried(source)
    findings.problems += problems
    tags: dict[str, tuple[TagMount, ...]] = {part.id: tuple(map(mount_of, part.tags)) for part in procedure.parts}
    if station.tool is not None and procedure.needs_tool():
        tags[TOOL] = station.tool.tags
        if start is not None and start.tool_mm is None:
            findings.report(("start",), f"{procedure.id} uses the tool and `tool_mm` is missing", "say where it stands")
    prisms: dict[str, list[Prism]] = {name: [] for name in tags}
    for index, shape in looks.items():
        for b, name in enumerate(shape.bodies):
            if name not in prisms:
                findings.report(("look", index, "bodies", b), f"there is no body `{name}`", nearest(name, prisms))
            else:
                prisms[name] += [block.prism() for block in shape.block]
    for name in (name for name, blocks in prisms.items() if not blocks):
        findings.report(("look",), f"nothing says what `{name}` looks like", "name it in the `bodies` of a [[look]]")
    if start is None or findings.problems:
        raise ConfigError(tuple(sorted(findings.problems, key=lambda problem: problem.line or 0)))
    at_bench = Transform.identity()
    fixture = Placed(
        look=Look(name=station.fixture.name, prisms=(), tags=station.fixture.tags), bench_from_body=at_bench
    )
    drawn = (Look(name=shape.name, prisms=tuple(block.prism() for block in shape.block)) for shape in statics.values())
    return SceneConfig(
        static=(fixture, *(Placed(look=look, bench_from_body=at_bench) for look in drawn)),
        looks={name: Look(name=name, prisms=tuple(blocks), tags=tags[name]) for name, blocks in prisms.items()},
        nuts_mm=tuple(start.nuts_mm),
        carried=carried,
        tool_park=Transform.of(*start.tool_mm, yaw_deg=start.tool_yaw_deg) if start.tool_mm else None,
        card_home=Transform.of(*start.card_mm),
        card_text=start.card_text,
    )


def _carried(source: Source) -> tuple[Carried | None, list[Problem]]:
    if "carried" not in source.data:
        return None, []
    shape, problems = parse(CarriedShape, source, ("carried",), source.data["carried"])
    if shape is None:
        return None, list(problems)
    look = Look(name="carried", prisms=tuple(block.prism() for block in shape.block))
    return Carried(look=look, nuts_mm=tuple(shape.nuts_mm)), list(problems)


def _elements(shape: type[Model], key: str, source: Source, findings: Findings) -> dict[int, Model]:
    """The well shaped elements of an array of tables."""
    elements = source.data.get(key, [])
    good: dict[int, Model] = {}
    for index, element in enumerate(elements if isinstance(elements, list) else [elements]):
        value, problems = parse(shape, source, (key, index), element)
        findings.problems += problems
        if value is not None:
            good[index] = value
    return good


def _round(at_mm: tuple[float, float], half_mm: tuple[float, float], corners: int) -> Array:
    """Corners of an ellipse, counter-clockwise from +x."""
    angles = [2 * math.pi * i / corners for i in range(corners)]
    return np.array([[at_mm[0] + half_mm[0] * math.cos(a), at_mm[1] + half_mm[1] * math.sin(a)] for a in angles])
