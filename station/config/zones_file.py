"""Zones files: the zones of a bench as a technician drew them, read whole and written whole.

A zones file stands beside the station file, which keeps the zones that the bench began with: they are used until the
first drawing is saved, and again when the zones file is taken away.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from station.config.errors import ConfigError
from station.config.procedure_draft import Findings
from station.config.station_model import ZoneShape
from station.config.station_values import ZoneBook
from station.config.strict import nearest, parse
from station.config.toml_source import read_toml
from station.config.written_file import draft_of, keep_former, write_through
from station.config.zone_rules import bench_mistake, shape_mistake
from vision.bench import Zone
from vision.geometry import CameraModel

HEAD = """\
# The zones of this bench, as drawn on the page of the eyes: outlines in bench millimetres (x to the visitor's right, y
# away from the visitor), heights from the table up. Each save writes the whole file; former versions are in history/.
"""


def load_zones(path: Path, cameras: tuple[CameraModel, ...]) -> ZoneBook:
    """Read and check a zones file; `cameras` are those that must see the zones. ConfigError has every mistake."""
    source = read_toml(path)
    findings = Findings(source.problem)
    for key in source.data:
        if key != "zone":
            findings.report((key,), f"unknown key `{key}`", nearest(key, ["zone"]))
    elements = source.data.get("zone", [])
    if not isinstance(elements, list) or not elements:
        findings.report(("zone",), "there is no [[zone]]", "add at least one, or take the file away")
        elements = []
    zones: list[Zone] = []
    for index, element in enumerate(elements):
        shape, problems = parse(ZoneShape, source, ("zone", index), element)
        findings.problems += problems
        if shape is None:
            continue
        zone = shape.value()
        zones.append(zone)
        mistake = shape_mistake(zone)
        if mistake is not None:
            what, _, todo = str(mistake).partition("; ")
            findings.report(("zone", index, "outline_mm"), what, todo)
    together = None if findings.problems else bench_mistake(tuple(zones), cameras, ())
    if together is not None:
        what, _, todo = str(together).partition("; ")
        at = next((n for n, zone in enumerate(zones) if zone.name == together.zone), 0)
        findings.report(("zone", at), what, todo)
    if findings.problems:
        raise ConfigError(tuple(sorted(findings.problems, key=lambda problem: problem.line or 0)))
    return ZoneBook(path=path, sha256=source.sha256, zones=tuple(zones))


def save_zones(path: Path, zones: tuple[Zone, ...], cameras: tuple[CameraModel, ...], *, stamp: str) -> ZoneBook:
    """Write all zones of a bench; returns the file as it now is. `stamp` is a time as text.

    The former version, where there is one, is kept in `history/` first; the file is replaced whole or not at all.
    Raises ConfigError when the file would not be right (nothing is written then), and OSError when the disk does not
    take it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = draft_of(path)
    write_through(draft, zones_text(zones))
    try:
        load_zones(draft, cameras)
    except ConfigError as error:
        draft.unlink()
        raise ConfigError(tuple(replace(problem, file=str(path)) for problem in error.problems)) from error
    if path.exists():
        keep_former(path, path.read_text(encoding="utf-8"), stamp)
    draft.replace(path)
    return load_zones(path, cameras)


def zones_text(zones: tuple[Zone, ...]) -> str:
    """The text of a zones file."""
    return HEAD + "".join(
        f"\n[[zone]]\nid = {json.dumps(zone.name, ensure_ascii=False)}\n"
        f"outline_mm = [{', '.join(_row(corner) for corner in zone.outline_mm)}]\nz_mm = {_row(zone.z_mm)}\n"
        for zone in zones
    )


def _row(figures: Iterable[float]) -> str:
    """A list in TOML's grammar, to a tenth of a millimetre."""
    return "[" + ", ".join(f"{round(float(figure), 1):.10g}" for figure in figures) + "]"
