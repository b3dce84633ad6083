"""Controller files: what a lone simulated tightening controller is set to, parameter sets and jobs."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, TypeVar

from pydantic import Field

from station.config.errors import ConfigError
from station.config.procedure_draft import Findings
from station.config.shapes import Above0
from station.config.strict import Strict, nearest, parse
from station.config.toml_source import Source, read_toml

ControllerName = Annotated[str, Field(pattern=r"^[ -~]{1,25}$")]
"""What the protocol carries: up to 25 characters of ASCII."""
PsetNumber = Annotated[int, Field(ge=1, le=999)]
BatchSize = Annotated[int, Field(ge=1, le=99)]


class TorqueWindow(Strict):
    """`torque_nm`: hundredths in six digits on the wire."""

    min: Above0
    target: Above0
    max: Annotated[float, Field(gt=0, lt=10_000)]


class AngleWindow(Strict):
    """`angle_deg`, counted from snug."""

    min: Annotated[int, Field(ge=0)]
    target: Annotated[int, Field(ge=1)]
    max: Annotated[int, Field(ge=1, le=9_999)]


class PsetShape(Strict):
    """`[[pset]]`."""

    number: PsetNumber
    name: ControllerName
    torque_nm: TorqueWindow
    angle_deg: AngleWindow
    snug_nm: Above0
    """Where the counting of the angle begins."""
    batch_size: BatchSize = 1
    """Above 1: the controller locks the tool after so many good ones."""


class StepShape(Strict):
    """One of a job's `steps`."""

    pset: PsetNumber
    count: BatchSize


class JobShape(Strict):
    """`[[job]]`."""

    number: Annotated[int, Field(ge=1, le=9_999)]
    name: ControllerName
    order: Literal["free", "forced"] = "forced"
    count_nok: bool = False
    """Whether bad tightenings count too."""
    lock_when_done: bool = False
    repeat: bool = False
    loosening: Literal["allowed", "forbidden", "after_nok"] = "allowed"
    steps: Annotated[list[StepShape], Field(min_length=1, max_length=99)]


Numbered = TypeVar("Numbered", PsetShape, JobShape)


class ControllerSetup(Strict):
    """The whole file, checked."""

    psets: tuple[PsetShape, ...]
    jobs: tuple[JobShape, ...]


def load_controller(path: Path) -> ControllerSetup:
    """Parameter sets and jobs of this file. Raises ConfigError with every mistake in it."""
    source = read_toml(path)
    findings = Findings(source.problem)
    for key in source.data:
        if key not in ("pset", "job"):
            findings.report((key,), f"unknown key `{key}`", nearest(key, ["pset", "job"]))
    psets = _tables(PsetShape, "pset", source, findings)
    jobs = _tables(JobShape, "job", source, findings)
    if "pset" not in source.data:
        findings.report((), "there is no parameter set", "add a [[pset]]")
    for index, pset in psets.items():
        _check_pset(index, pset, findings)
    # A set that is misshapen has been told; naming it in a job is no second mistake.
    whole = len(psets) == _count(source.data.get("pset", []))
    known = {str(pset.number) for pset in psets.values()}
    for index, job in jobs.items():
        for s, step in enumerate(job.steps):
            if whole and str(step.pset) not in known:
                where = ("job", index, "steps", s, "pset")
                findings.report(where, f"there is no parameter set {step.pset}", nearest(str(step.pset), known))
    if findings.problems:
        raise ConfigError(tuple(findings.problems))
    return ControllerSetup(psets=tuple(psets.values()), jobs=tuple(jobs.values()))


def _tables(shape: type[Numbered], name: str, source: Source, findings: Findings) -> dict[int, Numbered]:
    """Every well-shaped table of this name by its index; numbers that are used twice are problems."""
    found: dict[int, Numbered] = {}
    elements = source.data.get(name, [])
    for index, element in enumerate(elements if isinstance(elements, list) else [elements]):
        table, problems = parse(shape, source, (name, index), element)
        findings.problems += problems
        if table is None:
            continue
        if any(table.number == other.number for other in found.values()):
            findings.report((name, index, "number"), f"there is a {name} {table.number} already", "give it another one")
        found[index] = table
    return found


def _count(elements: object) -> int:
    return len(elements) if isinstance(elements, list) else 1


def _check_pset(index: int, pset: PsetShape, findings: Findings) -> None:
    torque, angle = pset.torque_nm, pset.angle_deg
    if not torque.min < torque.target < torque.max:
        what = f"min {torque.min}, target {torque.target}, max {torque.max} do not rise"
        findings.report(("pset", index, "torque_nm"), what, "write them in this order")
    if not angle.min < angle.target < angle.max:
        what = f"min {angle.min}, target {angle.target}, max {angle.max} do not rise"
        findings.report(("pset", index, "angle_deg"), what, "write them in this order")
    if pset.snug_nm >= torque.min:
        what = f"snug_nm {pset.snug_nm} is not below the smallest good torque"
        findings.report(("pset", index, "snug_nm"), what, "write about a fifth of the target")
