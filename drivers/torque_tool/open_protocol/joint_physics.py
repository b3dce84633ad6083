"""A simulated threaded joint: what the tool, the thread and chance make of one pull of the trigger.

The model is the usual torque-angle picture of a bolted joint (ISO 5393 for soft and hard joints): the nut runs down
fast at its prevailing torque; over the knee, where the parts are drawn together, torque rises to snug; from there it
rises with angle along a straight elastic slope, and the tool, now slow, shuts off at the target. It overshoots by what
it turns while it reacts: little on a soft joint, more on a hard one. Angle is counted from the snug torque, as a
controller counts it from its "start final angle".
"""

from __future__ import annotations

import math
import random
from dataclasses import dataclass
from enum import StrEnum

from drivers.torque_tool.open_protocol.rundown_curve import NOISE_CUT_SIGMAS, Point, Rundown

OVERSHOOT_SIGMA = 0.01
"""Spread of the shut-off torque, as a part of the target: a good electric tool."""
SLOPE_SIGMA = 0.05
"""Spread of the joint's stiffness from nut to nut, as a part of it."""
NOISE_SIGMA = 0.002
"""Standard deviation of the transducer's noise, as a part of the target."""
RUNDOWN_DEG_PER_S = 1800.0
"""300 revolutions a minute until the nut is snug."""
TIGHTENING_DEG_PER_S = 240.0
"""40 revolutions a minute after it."""
REACTION_S = 0.002
"""From the target torque until the tool stands."""
HARD_DEG, SOFT_DEG = 27.0, 720.0
"""Angle from 10 % of the target to the target (ISO 5393)."""
_PREVAILING_SHARE = 0.18
"""Prevailing torque of a lock nut, as a part of the target torque."""
_BREAKAWAY_SHARE = 0.85
"""A tight joint breaks away below the torque that tightened it: the thread helps."""
_SPREAD_LIMIT = 3.5
"""Draws beyond so many sigmas are cut off there: the joint kinds never turn into one another."""
_TAKE_UP_DEG = 0.5
_WIND_UP_DEG = 8.0
"""A loosening tool turns this far, with play and twist, until the joint gives way."""
_KNEE_POINTS = 6


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
    PREVAILING = "prevailing"
    """A lock nut: a good joint with a high torque all the way. Where that is above the snug torque, the controller
    counts the whole rundown: torque good, high angle."""


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
    """Elastic stiffness."""


def sound_joint(pset: ParameterSet, kind: JointKind = JointKind.GOOD) -> JointState:
    """A joint whose stiffness takes it from snug to the target torque in the middle of the angle window."""
    middle_deg = (pset.angle_min_deg + pset.angle_max_deg) / 2
    return _joint(pset, kind, (pset.torque_target_nm - pset.snug_nm) / middle_deg)


def joint_of_rate(pset: ParameterSet, rate_deg: float, kind: JointKind = JointKind.GOOD) -> JointState:
    """A joint that goes from 10 % of the target to the target within this angle: `HARD_DEG` to `SOFT_DEG`."""
    return _joint(pset, kind, 0.9 * pset.torque_target_nm / rate_deg)


def margin_sigmas(pset: ParameterSet, joint: JointState) -> float:
    """How many standard deviations lie between a good joint and the nearest edge of the windows.

    Above 4, fewer than one good tightening in 15,000 is judged not OK, and none because of the cut at 3.5. Angle is the
    ratio of torque rise and slope; the relative spreads add in squares.
    """
    torque_nm = pset.torque_target_nm + _overshoot_nm(joint)
    rise_nm = torque_nm - pset.snug_nm
    angle_deg = rise_nm / joint.slope_nm_per_deg
    torque_sigma_nm = OVERSHOOT_SIGMA * pset.torque_target_nm
    angle_sigma_deg = angle_deg * math.hypot(torque_sigma_nm / rise_nm, SLOPE_SIGMA)
    return min(
        (torque_nm - pset.torque_min_nm) / torque_sigma_nm,
        (pset.torque_max_nm - torque_nm) / torque_sigma_nm,
        (angle_deg - pset.angle_min_deg) / angle_sigma_deg,
        (pset.angle_max_deg - angle_deg) / angle_sigma_deg,
    )


def draw_rundown(pset: ParameterSet, joint: JointState, rng: random.Random) -> Rundown:
    """One tightening of this joint, all chance drawn here and now: 0.3 to 2.5 s, longer only where it is very soft."""
    target_nm = pset.torque_target_nm * (1 + OVERSHOOT_SIGMA * _spread(rng)) + _overshoot_nm(joint)
    slope = joint.slope_nm_per_deg * (1 + SLOPE_SIGMA * _spread(rng))
    prevailing_nm = joint.prevailing_nm * (1 + 0.1 * _spread(rng) / _SPREAD_LIMIT)
    free_deg = joint.free_deg * (1 + 0.25 * rng.random())
    chance = rng.random()
    noise_seed = rng.getrandbits(48)
    snug_nm = max(pset.snug_nm, prevailing_nm)
    rise_nm = target_nm - snug_nm
    rise: tuple[Point, ...] = ()
    bits: tuple[str, ...] = ()
    match joint.kind:
        case JointKind.MISSING:
            return _free_spin(pset, joint, 0.1 + 0.1 * chance, noise_seed)
        case JointKind.CROSSED:
            angle_deg = max(pset.angle_max_deg * (1.4 + 0.6 * chance), 1.2 * rise_nm / slope)
            galls_nm, yields_nm = snug_nm + 0.6 * rise_nm, snug_nm + 0.75 * rise_nm
            rise = ((0.6 * rise_nm / slope, galls_nm), (angle_deg - 0.25 * rise_nm / slope, yields_nm))
            final_nm = target_nm
        case JointKind.STRIPPED:
            final_nm = snug_nm + (pset.torque_min_nm - snug_nm) * (0.4 + 0.4 * chance)
            shears_deg = (final_nm - snug_nm) / slope
            angle_deg = max(2.0 * pset.angle_max_deg, 1.2 * shears_deg)
            rise = ((shears_deg, final_nm - NOISE_CUT_SIGMAS * NOISE_SIGMA * pset.torque_target_nm),)
            bits = ("angle max shut off", "torque less than target")
        case JointKind.ALREADY_TIGHT:
            # Full torque within a degree or two, and never as far as the window: there is no thread left to run.
            final_nm, angle_deg = target_nm, min(2.0, 0.4 * pset.angle_min_deg) * (0.1 + 0.9 * chance)
            free_deg, bits = _TAKE_UP_DEG, ("rehit",)
        case JointKind.LOW_TORQUE:
            final_nm = snug_nm + (pset.torque_min_nm - snug_nm) * (0.3 + 0.5 * chance)
            angle_deg, bits = (final_nm - snug_nm) / slope, ("trigger lost", "torque less than target")
        case _:
            final_nm, angle_deg = target_nm, rise_nm / slope
    tight = joint.kind is JointKind.ALREADY_TIGHT
    snug_s, tightening_s = (0.05, 0.25) if tight else (free_deg / RUNDOWN_DEG_PER_S, angle_deg / TIGHTENING_DEG_PER_S)
    counted_from_deg = free_deg if prevailing_nm < pset.snug_nm else 0.0
    return Rundown(
        turning=((0.0, 0.0), (snug_s, free_deg), (snug_s + tightening_s, free_deg + angle_deg)),
        torque=(
            *_knee(prevailing_nm, snug_nm, free_deg, slope),
            *((free_deg + angle, max(torque, snug_nm)) for angle, torque in rise),
            (free_deg + angle_deg, final_nm),
        ),
        counted_from_deg=counted_from_deg,
        snug_s=snug_s if counted_from_deg else 0.0,
        end_s=snug_s + tightening_s,
        final_torque_nm=final_nm,
        final_angle_deg=free_deg + angle_deg - counted_from_deg,
        prevailing_nm=prevailing_nm,
        noise_nm=NOISE_SIGMA * pset.torque_target_nm,
        noise_seed=noise_seed,
        error_bits=bits,
    )


def draw_loosening(pset: ParameterSet, joint: JointState, rng: random.Random) -> Rundown:
    """One loosening: a joint that is already tight breaks away and its torque falls to what the free nut has; every
    other joint has nothing to break away from. It ends when the nut has run off its thread."""
    prevailing_nm = joint.prevailing_nm * (1 + 0.1 * _spread(rng) / _SPREAD_LIMIT)
    breakaway_nm = _BREAKAWAY_SHARE * pset.torque_target_nm * (1 + 0.02 * _spread(rng))
    slope = joint.slope_nm_per_deg * (1 + SLOPE_SIGMA * _spread(rng))
    noise_seed = rng.getrandbits(48)
    if joint.kind is JointKind.MISSING:
        prevailing_nm = min(prevailing_nm, 0.15)
    tight = joint.kind is JointKind.ALREADY_TIGHT and breakaway_nm > prevailing_nm
    elastic_deg = (breakaway_nm - prevailing_nm) / slope if tight else 0.0
    breaks_deg = _WIND_UP_DEG + elastic_deg
    off_deg = breaks_deg + joint.free_deg
    breaks_s = breaks_deg / TIGHTENING_DEG_PER_S
    end_s = breaks_s + joint.free_deg / RUNDOWN_DEG_PER_S
    peak_nm = breakaway_nm if tight else prevailing_nm
    fall = ((_WIND_UP_DEG, peak_nm), (breaks_deg, prevailing_nm)) if tight else ((_WIND_UP_DEG, prevailing_nm),)
    return Rundown(
        turning=((0.0, 0.0), (breaks_s, breaks_deg), (end_s, off_deg)),
        torque=((0.0, 0.0), *fall, (off_deg - 90.0, prevailing_nm), (off_deg, 0.0)),
        counted_from_deg=0.0,
        snug_s=0.0,
        end_s=end_s,
        final_torque_nm=peak_nm,
        final_angle_deg=-off_deg,
        prevailing_nm=prevailing_nm,
        noise_nm=min(NOISE_SIGMA * pset.torque_target_nm, 0.1 * prevailing_nm),
        noise_seed=noise_seed,
        loosening=True,
    )


def _joint(pset: ParameterSet, kind: JointKind, slope_nm_per_deg: float) -> JointState:
    if kind is not JointKind.PREVAILING:
        return JointState(kind=kind, slope_nm_per_deg=slope_nm_per_deg)
    prevailing_nm = _PREVAILING_SHARE * pset.torque_target_nm
    return JointState(kind=kind, slope_nm_per_deg=slope_nm_per_deg, prevailing_nm=prevailing_nm)


def _overshoot_nm(joint: JointState) -> float:
    return joint.slope_nm_per_deg * TIGHTENING_DEG_PER_S * REACTION_S


def _free_spin(pset: ParameterSet, joint: JointState, friction_nm: float, noise_seed: int) -> Rundown:
    """Nothing on the thread: the angle of the whole rundown is counted, and the controller gives up at its limit."""
    angle_deg = max(2 * joint.free_deg, 2.0 * pset.angle_max_deg)
    end_s = angle_deg / RUNDOWN_DEG_PER_S
    return Rundown(
        turning=((0.0, 0.0), (end_s, angle_deg)),
        torque=((0.0, 0.8 * friction_nm), (angle_deg, 0.8 * friction_nm)),
        counted_from_deg=0.0,
        snug_s=end_s,
        end_s=end_s,
        final_torque_nm=friction_nm,
        final_angle_deg=angle_deg,
        prevailing_nm=0.8 * friction_nm,
        noise_nm=0.05 * friction_nm,
        noise_seed=noise_seed,
        error_bits=("rundown angle max shut off", "torque less than target"),
    )


def _knee(prevailing_nm: float, snug_nm: float, free_deg: float, slope: float) -> tuple[Point, ...]:
    """Torque over angle until snug: flat, then a parabola that meets the elastic slope without a kink."""
    knee_deg = min(2 * (snug_nm - prevailing_nm) / slope, 0.5 * free_deg)
    begin = ((0.0, prevailing_nm),)
    if knee_deg <= 0:
        return (*begin, (free_deg, snug_nm))
    parts = [part / _KNEE_POINTS for part in range(_KNEE_POINTS + 1)]
    knee = ((free_deg - (1 - x) * knee_deg, prevailing_nm + (snug_nm - prevailing_nm) * x * x) for x in parts)
    return (*begin, *knee)


def _spread(rng: random.Random) -> float:
    return max(-_SPREAD_LIMIT, min(_SPREAD_LIMIT, rng.gauss(0.0, 1.0)))
