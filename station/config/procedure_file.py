"""Procedure files: read, checked whole, and turned into the core's `Procedure`."""

from __future__ import annotations

from pathlib import Path

from station.config.errors import ConfigError, KeyPath, Problem, shown_path
from station.config.procedure_checks import check_procedure
from station.config.procedure_draft import Draft, Findings, Known
from station.config.procedure_model import (
    CheckShape,
    GroupShape,
    HeadShape,
    JointShape,
    PartShape,
    PlaceShape,
    StepShape,
)
from station.config.strict import Model, nearest, parse
from station.config.toml_source import Source, read_toml
from station.core.procedure import Group, Procedure

_TABLES = ("procedure", "place", "part", "joint", "check", "group", "step")


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
    broken: dict[str, list[str]] = {}
    draft = Draft(
        work_zone=head.work_zone if head else None,
        cobot_zone=head.cobot_zone if head else None,
        places={i: shape.value() for i, shape in _table(PlaceShape, "place", source, findings, broken).items()},
        parts={i: shape.value() for i, shape in _table(PartShape, "part", source, findings, broken).items()},
        joints={i: shape.value() for i, shape in _table(JointShape, "joint", source, findings, broken).items()},
        checks={i: shape.value() for i, shape in _table(CheckShape, "check", source, findings, broken).items()},
        groups={i: shape.value() for i, shape in _table(GroupShape, "group", source, findings, broken).items()},
        steps={i: shape.value() for i, shape in _table(StepShape, "step", source, findings, broken).items()},
        broken=broken,
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
        checks=tuple(draft.checks.values()),
        groups=_all_groups(draft),
        steps=tuple(draft.steps.values()),
        work_zone=head.work_zone,
        cobot_zone=head.cobot_zone,
    )


def validate_against(procedure: Procedure, known: Known) -> None:
    """Check a procedure that was loaded by itself against names of other files.

    Raises ConfigError with every mistake; the file is named by the procedure's id, without lines.
    """
    findings = Findings(
        lambda path, what, todo: Problem(
            file=f"procedure {procedure.id}", where=shown_path(path), line=None, what=what, todo=todo
        )
    )
    check_procedure(Draft.of(procedure), known, findings.report)
    if findings.problems:
        raise ConfigError(tuple(findings.problems))


def _table(
    shape: type[Model], name: str, source: Source, findings: Findings, broken: dict[str, list[str]]
) -> dict[int, Model]:
    """The well shaped elements of an array of tables by index; the ids of the others go to `broken`.

    Each element is checked by itself, so that one mistake hides no other.
    """
    elements = source.data.get(name, [])
    if not isinstance(elements, list):
        findings.report((name,), f"`{name}` is one table", f"write its header in double brackets: [[{name}]]")
        return {}
    good: dict[int, Model] = {}
    for index, element in enumerate(elements):
        at: KeyPath = (name, index)
        value, problems = parse(shape, source, at, element)
        findings.problems += problems
        if value is not None:
            good[index] = value
        else:
            broken.setdefault(name, []).append(str(element.get("id", "")) if isinstance(element, dict) else "")
    return good


def _all_groups(draft: Draft) -> tuple[Group, ...]:
    """The declared groups, and one for each step that stands alone, in the order of the steps."""
    declared = {group.id: group for group in draft.groups.values()}
    used = dict.fromkeys(step.group for step in draft.steps.values())
    return tuple(declared.get(group_id, Group(id=group_id)) for group_id in used)
