"""Station files: read, checked whole, and turned into a `StationConfig`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from station.config.bench_shapes import ObstacleShape, VisitorShape
from station.config.errors import ConfigError, KeyPath
from station.config.gestures_file import load_gestures
from station.config.procedure_draft import Findings, Known
from station.config.shapes import TagShape
from station.config.station_model import (
    CameraShape,
    CobotShape,
    HeadShape,
    LimitsShape,
    PersonShape,
    ToolShape,
    TorqueToolShape,
    UnitReferenceShape,
    VoiceShape,
    WebShape,
    ZoneShape,
)
from station.config.station_values import GestureBook, StationConfig, ZoneBook
from station.config.strict import Model, nearest, parse
from station.config.supervisor_shape import SupervisorShape
from station.config.toml_source import Source, read_toml
from station.config.torque_check import TorqueCheckShape
from station.config.zone_rules import shape_mistake
from station.config.zones_file import load_zones
from station.motion.bench_model import BenchModel
from station.motion.gesture import Hold
from vision.bench import Body

FIXTURE = "fixture"
TOOL = "tool"
"""Name of the tool's body, for vision."""
STORE = "store"
"""What `calibration` of a camera or the cobot says where an artefact counts, and not the station file."""

_KEYS = (
    "station",
    "camera",
    "fixture_tag",
    "tool",
    "zone",
    "cobot",
    "obstacle",
    "visitor",
    "supervisor",
    "torque_tool",
    "torque_check",
    "web",
    "voice",
    "person",
    "limits",
    "unit_reference",
)


def load_station(path: Path) -> StationConfig:
    """Read and check a station file. Paths in it are relative to its folder.

    Raises ConfigError with every mistake in the file.
    """
    source = read_toml(path)
    reader = _Reader(source)
    for key in source.data:
        if key not in _KEYS:
            reader.findings.report((key,), f"unknown key `{key}`", nearest(key, _KEYS))
    head = reader.one("station", HeadShape, {})
    cameras = reader.many("camera", CameraShape, "name", needed=True)
    fixture = reader.many("fixture_tag", TagShape, "id", needed=True)
    tool = reader.optional("tool", ToolShape)
    zones = reader.many("zone", ZoneShape, "id", needed=True)
    cobot = reader.optional("cobot", CobotShape)
    obstacles = reader.many("obstacle", ObstacleShape, "id")
    visitor = reader.optional("visitor", VisitorShape)
    supervisor = reader.optional("supervisor", SupervisorShape)
    torque_tool = reader.optional("torque_tool", TorqueToolShape)
    torque_check = reader.optional("torque_check", TorqueCheckShape)
    web = reader.one("web", WebShape, {})
    voice = reader.one("voice", VoiceShape, {})
    people = reader.many("person", PersonShape, "name")
    limits = reader.one("limits", LimitsShape, {})
    by_unit = reader.optional("unit_reference", UnitReferenceShape)
    if by_unit is not None and by_unit.cameras > len(cameras):
        what = f"{by_unit.cameras} cameras are to see a unit, and the bench has {len(cameras)}"
        reader.findings.report(("unit_reference", "cameras"), what, "ask for as many as there are, or fewer")
    fixture_ids = {tag.id for tag in fixture.values()}
    for index, tag in enumerate(tool.tag if tool else ()):
        if tag.id in fixture_ids:
            reader.findings.report(("tool", "tag", index, "id"), f"tag {tag.id} is on the fixture", "use another tag")
    book = _gestures(path.parent, head.gestures if head else None, reader.findings)
    for name, gesture in book.by_name.items():
        ids = [obstacle.id for obstacle in obstacles.values()]
        if isinstance(gesture, Hold) and gesture.touches not in ids:
            what = f"gesture `{name}` touches `{gesture.touches}`, which is no obstacle here"
            reader.findings.report(("obstacle",), what, nearest(gesture.touches, ids))
    if head is not None and head.calibration is None:
        for at in [*_stored(cameras, cobot, torque_tool), *([("station", "joints")] if head.joints == STORE else [])]:
            reader.findings.report(at, "there is no folder of calibrations", "name one: `calibration` in [station]")
    drawn = _zones(path.parent / head.zones if head and head.zones else None, zones, cameras, reader.findings)
    if head is None or web is None or voice is None or limits is None or reader.findings.problems:
        raise ConfigError(tuple(sorted(reader.findings.problems, key=lambda problem: problem.line or 0)))
    folder = path.parent
    return StationConfig(
        id=head.id,
        title=head.title,
        sha256=source.sha256,
        language=head.language,
        procedure=folder / head.procedure,
        phrases=folder / head.phrases,
        orders=folder / head.orders,
        checks=folder / head.checks if head.checks else None,
        calibrations=folder / head.calibration if head.calibration else None,
        joints=head.joints,
        scenes=folder / head.scenes if head.scenes else None,
        data_dir=folder / head.data_dir,
        cameras=tuple(camera.value() for camera in cameras.values()),
        fixture=Body(name=FIXTURE, tags=tuple(tag.mount() for tag in fixture.values())),
        tool=Body(name=TOOL, tags=tuple(tag.mount() for tag in tool.tag)) if tool else None,
        zone_book=drawn,
        hand_height_mm=head.hand_height_mm,
        cobot=cobot.value() if cobot else None,
        gestures=book,
        bench_model=BenchModel(
            obstacles=tuple(obstacle.value() for obstacle in obstacles.values()),
            visitor=visitor.value() if visitor else None,
        ),
        supervisor=supervisor.value() if supervisor else None,
        torque_tool=torque_tool.value() if torque_tool else None,
        torque_check=torque_check.value() if torque_check else None,
        web=web.value(),
        voice=voice.value(),
        people=tuple(person.value() for person in people.values()),
        limits=limits.value(),
        unit_reference=by_unit.value() if by_unit else None,
    )


def known_of(station: StationConfig, phrases: frozenset[str] | None = None) -> Known:
    """The names that a procedure may use on this station; `phrases` are the keys of the catalogue."""
    owners = {mount.tag_id: body.name for body in (station.fixture, station.tool) if body for mount in body.tags}
    return Known(
        zones={zone.name for zone in station.zones},
        gestures=set(station.gestures.by_name),
        phrases=phrases,
        cameras={camera.name for camera in station.cameras},
        sockets=set(station.torque_tool.sockets.values()) if station.torque_tool else set(),
        station_tags=owners,
    )


def _gestures(folder: Path, name: str | None, findings: Findings) -> GestureBook:
    """The gestures file that a station names; its mistakes go with the station file's own."""
    if name is None:
        return GestureBook()
    try:
        return load_gestures(folder / name)
    except ConfigError as error:
        findings.problems += error.problems
        return GestureBook()


def _zones(
    path: Path | None, own: Mapping[int, ZoneShape], cameras: Mapping[int, CameraShape], findings: Findings
) -> ZoneBook:
    """The zones file where there is one, else the station file's own zones; mistakes in both are told."""
    zones = tuple(shape.value() for shape in own.values())
    for index, zone in zip(own, zones, strict=True):
        mistake = shape_mistake(zone)
        if mistake is not None:
            what, _, todo = str(mistake).partition("; ")
            findings.report(("zone", index, "outline_mm"), what, todo)
    if path is None or not path.exists():
        return ZoneBook(path=path, zones=zones)
    try:
        return load_zones(path, tuple(camera.value().model for camera in cameras.values()))
    except ConfigError as error:
        findings.problems += error.problems
        return ZoneBook()


def _stored(
    cameras: Mapping[int, CameraShape], cobot: CobotShape | None, tool: TorqueToolShape | None
) -> list[KeyPath]:
    """The keys that say that an artefact counts."""
    keys: list[KeyPath] = [("camera", index, "calibration") for index in cameras if cameras[index].calibration == STORE]
    for key, device in (("cobot", cobot), ("torque_tool", tool)):
        if device is not None and device.calibration == STORE:
            keys.append((key, "calibration"))
    return keys


class _Reader:
    """Reads the tables of a file and collects the mistakes."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self.findings = Findings(source.problem)

    def one(self, key: str, shape: type[Model], default: Mapping[str, Any]) -> Model | None:
        """A table that has defaults, or whose missing keys are mistakes."""
        value, problems = parse(shape, self._source, (key,), self._source.data.get(key, default))
        self.findings.problems += problems
        return value

    def optional(self, key: str, shape: type[Model]) -> Model | None:
        """A table that may be missing."""
        return self.one(key, shape, {}) if key in self._source.data else None

    def many(self, key: str, shape: type[Model], unique: str, *, needed: bool = False) -> dict[int, Model]:
        """An array of tables by index, with one field that no two share."""
        elements = self._source.data.get(key, [])
        if not isinstance(elements, list):
            self.findings.report((key,), f"`{key}` is one table", f"write its header in double brackets: [[{key}]]")
            return {}
        if needed and not elements:
            self.findings.report((key,), f"there is no [[{key}]]", "add at least one")
        good: dict[int, Model] = {}
        first: dict[object, int] = {}
        for index, element in enumerate(elements):
            at: KeyPath = (key, index)
            value, problems = parse(shape, self._source, at, element)
            self.findings.problems += problems
            if value is None:
                continue
            good[index] = value
            name = getattr(value, unique)
            if first.setdefault(name, index) != index:
                self.findings.report((*at, unique), f"`{name}` is that of {key}[{first[name]}] too", "rename one")
        return good
