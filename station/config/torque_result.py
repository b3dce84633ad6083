"""What a station takes from a torque tool's verification: the joint types that the tool is fit for."""

from __future__ import annotations

import math
from typing import Annotated

from pydantic import Field, ValidationError

from station.config.artefact import Artefact, ArtefactError
from station.config.shapes import Above0, AtLeast0, Name
from station.config.strict import Strict
from station.core.procedure import JointClass, JointSpec, Procedure, Tightening

SUBJECT = "tool"
"""Name of the torque tool among the artefacts."""


class JointTypeResult(Strict):
    """One joint type: what was asked, and whether the tool is fit for it."""

    fit: bool
    why: str = ""
    """Where it is not: one sentence for the technician."""
    joints: Annotated[list[Name], Field(min_length=1)]
    """`procedure/joint` of each joint that is of this type."""
    joint_class: JointClass = Field(strict=False)
    pset: int
    target_nm: Above0
    min_nm: AtLeast0
    max_nm: Above0

    def covers(self, procedure: str, joint: JointSpec) -> bool:
        """Whether this was measured for the joint as it is now: same pset and figures, and no milder class."""
        figures = (
            (self.target_nm, joint.torque_target_nm),
            (self.min_nm, joint.torque_min_nm),
            (self.max_nm, joint.torque_max_nm),
        )
        return (
            f"{procedure}/{joint.id}" in self.joints
            and self.pset == joint.pset
            and self.joint_class.value <= joint.joint_class.value
            and all(math.isclose(measured, asked, abs_tol=1e-9) for measured, asked in figures)
        )


class TorqueResult(Strict):
    """`result` of an artefact of kind `torque`."""

    joints: dict[str, JointTypeResult]
    """By the joint type's name."""


def torque_result(artefact: Artefact) -> TorqueResult:
    """Raises ArtefactError `calibration.damaged`."""
    try:
        return TorqueResult.model_validate(artefact.result)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"]) or "its values"
        what = f"{artefact.id} cannot be used ({where}: {first['msg']}); verify the tool again"
        raise ArtefactError("calibration.damaged", what) from error


def fitness_of(result: TorqueResult, procedure: Procedure) -> tuple[tuple[str, ...], dict[str, str]]:
    """Joints of the procedure that the tool is fit for, and why not for each other one that it tightens."""
    fit: list[str] = []
    why_not: dict[str, str] = {}
    for joint in tightened(procedure):
        found = [one for one in result.joints.values() if one.covers(procedure.id, joint)]
        if found and all(one.fit for one in found):
            fit.append(joint.id)
        else:
            bad = next((one.why for one in found if not one.fit), "")
            why_not[joint.id] = bad or f"joint {joint.label} was not verified with its present figures"
    return tuple(fit), why_not


def tightened(procedure: Procedure) -> tuple[JointSpec, ...]:
    """The joints that some step tightens, in the order of the file."""
    wanted = {d.joint for step in procedure.steps for d in step.demands if isinstance(d, Tightening)}
    return tuple(joint for joint in procedure.joints if joint.id in wanted)
