"""Procedure files: read, checked whole, and turned into the core's `Procedure`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Protocol, TypeVar

from station.config.errors import ConfigError, KeyPath, Problem, shown_path
from station.config.procedure_checks import check_procedure
from station.config.procedure_draft import Draft, Findings, Known
from station.config.procedure_model import GroupShape, HeadShape, JointShape, PartShape, PlaceShape, StepShape
from station.config.strict import Strict, nearest, parse
from station.config.toml_source import Source, read_toml
from station.core.procedure import Procedure

_TABLES = ("procedure", "place", "part", "joint", "group", "step")

Value_co = TypeVar("Value_co", covariant=True)


class _Shape(Protocol[Value_co]):
    """A table that knows its value."""

    def value(self) -> Value_co:
        """As the core wants it."""


def load_procedure(path: Path, known: Known | None = None) -> Procedure:
    """Read and check a procedure, against the names of other files too where they are given.

    Raises ConfigError with every mistake in the file.
    """
    source = read_toml(path)
    findings = Findings(source.problem)
    for key in source.data:
        if key not in _TABLES:
            findings.report((key,), f"unknown key `{key}`", nearest(key, _TABLES))
    head, problems = parse(HeadShape, source, ("procedure",), source.data.get("procedure", {}))
    findings.problems += problems
    tables = _Tables(source, findings)
    draft = Draft(
        work_zone=head.work_zone if head else None,
        cobot_zone=head.cobot_zone if head else None,
        places=tables.read("place", PlaceShape),
        parts=tables.read("part", PartShape),
        joints=tables.read("joint", JointShape),
        groups=tables.read("group", GroupShape),
        steps=tables.read("step", StepShape),
        broken=tables.broken,
    )
    if not source.data.get("step"):
        findings.report((), "there is no [[step]]", "add the steps of the work")
    check_procedure(draft, known or Known(), findings.report)
    if head is None or findings.problems:
        raise ConfigError(tuple(sorted(findings.problems, key=lambda problem: problem.line or 0)))
    return Procedure(
        id=head.id,
        version=head.version,
        title=head.title,
        sha256=source.sha256,
        parts=tuple(draft.parts.values()),
        places=tuple(draft.places.values()),
        joints=tuple(draft.joints.values()),
        groups=_all_groups(draft),
        steps=tuple(draft.steps.values()),
        door_zone=head.work_zone,
        cobot_zone=head.cobot_zone,
    )


class _Tables:
    """Reads arrays of tables, each element by itself, so that one mistake hides no other."""

    def __init__(self, source: Source, findings: Findings) -> None:
        self._source = source
        self._findings = findings
        self.broken: dict[str, list[str]] = {}

    def read(self, name: str, shape: Any) -> dict[int, Any]:
        """The well shaped elements by index; the ids of the others go to `broken`."""
        return {}
