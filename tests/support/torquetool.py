"""For tests of the torque tool's verification: a procedure, demands, and runs whose truth is known."""

from dataclasses import replace
from datetime import date
from random import Random
from typing import Any

from support.corebench import rundown
from support.coreworld import joint, mirror

from calibration.torque.readings import ReferenceReading, Run, take_reading, take_rundown
from calibration.torque.series import Plan
from drivers.api import TighteningResult
from station.config.torque_check import ReferenceShape, TorqueCheck, TorqueCheckShape
from station.core.procedure import JointClass, Procedure

UTC = "2026-03-02T08:00:00+00:00"
TODAY = date(2026, 3, 2)


def check_of(**changes: Any) -> TorqueCheck:
    """Demands with a reference that is good enough."""
    reference = ReferenceShape(
        name="T20",
        serial="R-7",
        certificate="C-1",
        valid_until=date(2026, 12, 31),
        uncertainty_percent=0.5,
        step_nm=0.001,
        range_nm=20.0,
    )
    return TorqueCheckShape(**{"reference": reference, "readings": 25, **changes}).value()


def door() -> Procedure:
    """The mirror: two joints of one type, and one with another parameter set."""
    return mirror()


def with_class_a() -> Procedure:
    """The mirror with a class A joint."""
    return replace(mirror(), joints=(joint("J1"), joint("J2"), joint("J3", pset=2, joint_class=JointClass.A)))


def result(number: int, t_s: float = 0.0, **changes: Any) -> TighteningResult:
    """A rundown of tool T1 with parameter set 1."""
    return rundown(number, t_s, **changes)


def run_of(plan: Plan, serial: str = "T1") -> Run:
    return Run(pset=plan.pset, tool_serial=serial, range_nm=20.0)


def measured(
    plan: Plan, *, seed: int = 1, mean_nm: float = 9.0, s_nm: float = 0.08, tells_percent: float = 0.5, n: int = 0
) -> Run:
    """A whole run of a tool whose mean, scatter and deviation are known."""
    random = Random(seed)
    run = run_of(plan)
    for number in range(1, (n or plan.readings) + 1):
        true_nm = random.gauss(mean_nm, s_nm)
        tool_nm = round(true_nm * (1.0 + (tells_percent + random.gauss(0.0, 0.1)) / 100.0), 2)
        run = take_rundown(run, result(number, torque_nm=tool_nm, pset=plan.pset), UTC)
        run = take_reading(run, ReferenceReading(value_nm=round(true_nm, 3), t_s=0.1, count=number), UTC)
    return run
