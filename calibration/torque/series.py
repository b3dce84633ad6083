"""Which series a procedure's joints ask for: one a joint type, with what the tool must reach on it. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.observations import CalibrationError
from station.config.torque_check import TorqueCheck
from station.config.torque_result import tightened
from station.core.procedure import JointClass, JointSpec, Procedure

HARD, SOFT, OWN = "hard", "soft", "own"
LARGEST_BATCH = 99
"""Of a parameter set, over Open Protocol."""
HARD_DEG, SOFT_DEG = 30.0, 360.0
"""From snug to target: at most this on a hard joint, at least this on a soft one, as commonly taught."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """One guided series."""

    name: str
    """Of the joint type, e.g. `B-9Nm-pset1`."""
    joints: tuple[str, ...]
    """`procedure/joint` of each."""
    labels: tuple[str, ...]
    joint_class: JointClass
    rate: str
    """`hard`, `soft`, or `own`: on a joint like those themselves."""
    pset: int
    job: int | None
    batch_size: int
    """Batch that the controller is given: all readings, where it would lock itself after each; 0 = none."""
    target_nm: float
    min_nm: float
    max_nm: float
    readings: int
    cm_min: float
    cmk_min: float
    deviation_max_percent: float

    @property
    def allowed_nm(self) -> float:
        """Half of the tolerance: the smaller way from the target to a limit."""
        return min(self.target_nm - self.min_nm, self.max_nm - self.target_nm)


def plans_of(procedure: Procedure, check: TorqueCheck) -> tuple[Plan, ...]:
    """One plan a joint type: class, parameter set, figures and stiffness alike. In the order of the procedure.

    Raises CalibrationError `torque.no_joints`, `torque.unknown_joint`, `torque.no_window`.
    """
    joints = tightened(procedure)
    if not joints:
        raise CalibrationError("torque.no_joints", f"procedure {procedure.id} tightens nothing; name another one")
    named = {name for name in (*check.hard, *check.soft) if name.startswith(f"{procedure.id}/")}
    unknown = sorted(named - {f"{procedure.id}/{joint.id}" for joint in procedure.joints})
    if unknown:
        raise CalibrationError(
            "torque.unknown_joint",
            f"[torque_check] names {unknown[0]}, a joint that there is not; correct `hard` and `soft`",
        )
    groups: dict[tuple[object, ...], list[JointSpec]] = {}
    for joint in joints:
        if joint.pset is None or not joint.torque_min_nm < joint.torque_target_nm < joint.torque_max_nm:
            raise CalibrationError(
                "torque.no_window",
                f"joint {joint.label} has no parameter set, or no torque window with its target inside; "
                "give it `pset` and `torque_nm` in the procedure",
            )
        figures = (joint.torque_min_nm, joint.torque_target_nm, joint.torque_max_nm)
        groups.setdefault(
            (joint.joint_class, joint.pset, joint.job, joint.batch_size, figures, _rate(procedure.id, joint, check)), []
        ).append(joint)
    return tuple(_plan(procedure.id, group, check) for group in groups.values())


def chosen(plans: Sequence[Plan], names: Sequence[str]) -> tuple[Plan, ...]:
    """Those of these names, all for none. Raises CalibrationError `torque.unknown_series`."""
    known = {plan.name for plan in plans}
    for name in names:
        if name not in known:
            raise CalibrationError(
                "torque.unknown_series", f"there is no series {name}; use one of: {', '.join(sorted(known))}"
            )
    return tuple(plan for plan in plans if not names or plan.name in names)


def guidance(plan: Plan) -> str:
    """What the technician is to prepare, in two sentences."""
    joint = {
        HARD: f"a hard test joint (at most {HARD_DEG:g} degrees from snug to target)",
        SOFT: f"a soft test joint (at least {SOFT_DEG:g} degrees from snug to target)",
        OWN: f"a test joint like joint {', '.join(plan.labels)}",
    }[plan.rate]
    return (
        f"Put the transducer between tool and {joint}, target {plan.target_nm:g} N·m, "
        f"{plan.min_nm:g} to {plan.max_nm:g} N·m. Tighten {plan.readings} times in one run; loosen by hand between."
    )


def _rate(procedure: str, joint: JointSpec, check: TorqueCheck) -> str:
    name = f"{procedure}/{joint.id}"
    if name in check.hard:
        return HARD
    return SOFT if name in check.soft else OWN


def _plan(procedure: str, joints: list[JointSpec], check: TorqueCheck) -> Plan:
    first = joints[0]
    demands, rate = check.demands_of(first.joint_class), _rate(procedure, first, check)
    name = f"{first.joint_class.value}-{first.torque_target_nm:g}Nm-pset{first.pset}"
    return Plan(
        name=name if rate == OWN else f"{name}-{rate}",
        joints=tuple(f"{procedure}/{joint.id}" for joint in joints),
        labels=tuple(joint.label for joint in joints),
        joint_class=first.joint_class,
        rate=rate,
        pset=first.pset or 0,
        job=first.job,
        batch_size=min(LARGEST_BATCH, demands.readings) if first.batch_size is not None else 0,
        target_nm=first.torque_target_nm,
        min_nm=first.torque_min_nm,
        max_nm=first.torque_max_nm,
        readings=demands.readings,
        cm_min=demands.cm_min,
        cmk_min=demands.cmk_min,
        deviation_max_percent=demands.deviation_max_percent,
    )
