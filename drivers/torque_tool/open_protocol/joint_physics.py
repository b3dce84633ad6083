"""A simulated threaded joint: torque and angle over the time of one rundown.

The model is the usual torque-angle picture of a bolted joint (ISO 5393 for soft and hard joints): the nut
runs down at its prevailing torque; from the snug torque on, torque rises with angle along a straight elastic slope; the
tool shuts off at the target with a small overshoot. Angle is counted from the snug torque, as a controller counts it
from its "start final angle".
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, replace
from enum import StrEnum

OVERSHOOT_SIGMA = 0.01
"""Spread of the shut-off torque, as a part of the target: a good electric tool."""
SLOPE_SIGMA = 0.05
"""Spread of the joint's stiffness from nut to nut, as a part of it."""
_SPREAD_LIMIT = 3.5
"""Draws beyond so many sigmas are cut off there: the joint kinds never turn into one another."""


class JointKind(StrEnum):
    """What is the matter with the joint."""

    GOOD = "good"
    MISSING = "missing"
    """No nut: the socket spins until the controller gives up. Low torque, high angle."""
    CROSSED = "crossed"
    """The thread galls and yields: the target torque is reached, but far too late. Torque good, high angle."""
    STRIPPED = "stripped"
    """The thread shears: torque levels off below the window while the angle runs away. Low torque, high angle."""
    ALREADY_TIGHT = "already_tight"
    """Tightened before: full torque at once. Torque good, angle near zero."""
    LOW_TORQUE = "low_torque"
    """The trigger is let go, or the socket slips, half-way up the slope. Low torque."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParameterSet:
    """What the controller is set to do and to accept: one pset."""

    pset: int
    name: str = ""
    torque_min_nm: float
    torque_max_nm: float
    torque_target_nm: float
    angle_min_deg: int
    angle_max_deg: int
    angle_target_deg: int
    snug_nm: float
    """Where the counting of the angle begins."""
    batch_size: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class JointState:
    """One joint as the tool finds it."""

    kind: JointKind = JointKind.GOOD
    free_deg: float = 1440.0
    """Angle from the first thread to snug: four turns."""
    prevailing_nm: float = 0.3
    slope_nm_per_deg: float
    """Elastic stiffness. A hard joint goes from snug to target within 30 degrees, a soft one needs 720 (ISO 5393)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rundown:
    """One rundown that was not disturbed, drawn completely at its start. Times in seconds from the trigger."""

    pset: ParameterSet
    prevailing_nm: float
    snug_s: float
    """When the snug torque is reached; equal to `end_s` when it never is."""
    end_s: float
    final_torque_nm: float
    final_angle_deg: float
    plateau_nm: float
    """Torque does not rise above this while the angle goes on."""
    error_bits: tuple[str, ...]

    def torque_nm(self, elapsed_s: float) -> float:
        """Torque so long after the trigger."""
        if elapsed_s >= self.end_s:
            return self.final_torque_nm
        if elapsed_s < self.snug_s:
            return self.prevailing_nm * min(1.0, elapsed_s / 0.05)
        part = (elapsed_s - self.snug_s) / (self.end_s - self.snug_s)
        return min(
            self.pset.snug_nm + (self.plateau_nm - self.pset.snug_nm) * part * self._steepness(), self.plateau_nm
        )

    def angle_deg(self, elapsed_s: float) -> float:
        """Angle so long after the trigger, as the controller counts it: from snug on, where snug is ever reached."""
        if elapsed_s >= self.end_s:
            return self.final_angle_deg
        if self.snug_s >= self.end_s:
            return self.final_angle_deg * elapsed_s / self.end_s
        return self.final_angle_deg * max(0.0, elapsed_s - self.snug_s) / (self.end_s - self.snug_s)

    def _steepness(self) -> float:
        # A stripped thread reaches its plateau half-way; every other joint at its end.
        return 2.0 if "angle max shut off" in self.error_bits else 1.0


def sound_joint(pset: ParameterSet, kind: JointKind = JointKind.GOOD) -> JointState:
    """A joint whose stiffness takes it from snug to the target torque in the middle of the angle window."""
    middle_deg = (pset.angle_min_deg + pset.angle_max_deg) / 2
    return JointState(kind=kind, slope_nm_per_deg=(pset.torque_target_nm - pset.snug_nm) / middle_deg)


def margin_sigmas(pset: ParameterSet, joint: JointState) -> float:
    """How many standard deviations lie between a good joint and the nearest edge of the windows.

    Above 4, fewer than one good tightening in 15,000 is judged not OK, and none because of the cut at 3.5. Angle is the
    ratio of torque rise and slope; the relative spreads add in squares.
    """
    rise_nm = pset.torque_target_nm - pset.snug_nm
    angle_deg = rise_nm / joint.slope_nm_per_deg
    torque_sigma_nm = OVERSHOOT_SIGMA * pset.torque_target_nm
    angle_sigma_deg = angle_deg * math.hypot(torque_sigma_nm / rise_nm, SLOPE_SIGMA)
    return min(
        (pset.torque_target_nm - pset.torque_min_nm) / torque_sigma_nm,
        (pset.torque_max_nm - pset.torque_target_nm) / torque_sigma_nm,
        (angle_deg - pset.angle_min_deg) / angle_sigma_deg,
        (pset.angle_max_deg - angle_deg) / angle_sigma_deg,
    )


def draw_rundown(pset: ParameterSet, joint: JointState, rng: random.Random) -> Rundown:
    """One rundown of this joint: 1 to 2 seconds, all chance drawn here and now."""
    torque_nm = pset.torque_target_nm * (1 + OVERSHOOT_SIGMA * _spread(rng))
    slope = joint.slope_nm_per_deg * (1 + SLOPE_SIGMA * _spread(rng))
    free_s = 0.8 + 0.2 * rng.random()
    end_s = free_s + 0.4 + 0.2 * rng.random()
    good = Rundown(
        pset=pset,
        prevailing_nm=joint.prevailing_nm * (1 + 0.1 * _spread(rng) / _SPREAD_LIMIT),
        snug_s=free_s,
        end_s=end_s,
        final_torque_nm=torque_nm,
        final_angle_deg=(torque_nm - pset.snug_nm) / slope,
        plateau_nm=torque_nm,
        error_bits=(),
    )
    if joint.kind is JointKind.GOOD:
        return good
    chance = rng.random()
    if joint.kind is JointKind.MISSING:
        friction_nm = 0.1 + 0.1 * chance
        return replace(
            good,
            snug_s=end_s,
            prevailing_nm=friction_nm,
            final_torque_nm=friction_nm,
            final_angle_deg=max(2 * joint.free_deg, 2.0 * pset.angle_max_deg),
            plateau_nm=friction_nm,
            error_bits=("rundown angle max shut off", "torque less than target"),
        )
    if joint.kind is JointKind.CROSSED:
        return replace(good, end_s=end_s + 0.3, final_angle_deg=pset.angle_max_deg * (1.4 + 0.6 * chance))
    if joint.kind is JointKind.STRIPPED:
        sheared_nm = pset.snug_nm + (pset.torque_min_nm - pset.snug_nm) * (0.4 + 0.4 * chance)
        return replace(
            good,
            end_s=end_s + 0.4,
            final_torque_nm=sheared_nm,
            final_angle_deg=2.0 * pset.angle_max_deg,
            plateau_nm=sheared_nm,
            error_bits=("angle max shut off", "torque less than target"),
        )
    if joint.kind is JointKind.ALREADY_TIGHT:
        # Full torque within a degree or two, and never as far as the window: there is no thread left to run.
        return replace(
            good,
            snug_s=0.05,
            end_s=0.3,
            final_angle_deg=min(2.0, 0.4 * pset.angle_min_deg) * chance,
            error_bits=("rehit",),
        )
    reached_nm = pset.snug_nm + (pset.torque_min_nm - pset.snug_nm) * (0.3 + 0.5 * chance)
    return replace(
        good,
        final_torque_nm=reached_nm,
        final_angle_deg=(reached_nm - pset.snug_nm) / slope,
        plateau_nm=reached_nm,
        error_bits=("trigger lost", "torque less than target"),
    )


def _spread(rng: random.Random) -> float:
    return max(-_SPREAD_LIMIT, min(_SPREAD_LIMIT, rng.gauss(0.0, 1.0)))
