"""How a body moves: a constant-velocity Kalman filter with gating over its latest sightings, in the frames' own time.

A pure fold: sightings of all cameras, sorted by capture time, give a pose, a velocity and their covariance. Nothing is
remembered between two calls, so a late frame takes its place among the others and a look that allows only fresh frames
gets a filter of fresh frames. The state is (e, rate of e) with e as in `vision.api.BodyObservation.covariance`.

A sighting outside the gate is held back. The next one decides: if it fits, the odd one was an outlier; if not, the body
was moved (a hand took it), and the filter starts anew from those two.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from vision.fusion import FLOOR, Sighting
from vision.geometry import Array, Transform
from vision.pose_fit import LASTING_SHARE, moved_by, pose_error

WINDOW_S = 0.5
"""Sightings that are older than the newest by more do not count: hands change what bodies do faster than that."""
GATE_D2 = 33.1
"""Squared Mahalanobis distance (six degrees of freedom) that a true sighting exceeds once in 100 000 times."""
REST_ACCELERATION = np.array([20.0] * 3 + [0.2] * 3) ** 2
"""Density of white acceleration of a body that lies, mm^2/s^3 and rad^2/s^3."""
HAND_ACCELERATION = np.array([700.0] * 3 + [5.0] * 3) ** 2
"""The same of a body that a hand carries: a change of 300 mm/s within a fifth of a second."""
FIRST_RATE = np.array([400.0] * 3 + [3.0] * 3) ** 2
"""Variance of what a body's velocity may be before it was seen twice."""
RESTS_BELOW = np.array([15.0] * 3 + [0.15] * 3)
"""A body slower than this (mm/s, rad/s) rests."""
_I6, _I12 = np.eye(6), np.eye(12)
_POSE, _RATE = np.arange(6), np.arange(6, 12)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Motion:
    """What a body does at the time of its newest sighting."""

    t_mono_s: float
    bench_from_body: Transform
    covariance: Array
    """(6, 6); it does not shrink below what lasts from frame to frame, however many frames are in it."""
    rate: Array
    """(6,) mm/s and rad/s, bench axes."""
    rate_covariance: Array
    """(6, 6)."""
    moving: bool
    """It was taken or put away within the window, or has a speed."""
    fits: bool
    """The newest sighting is where the earlier ones let it be; False: an outlier, or the start of a movement."""


class _Filter:
    """The state while the sightings are gone through: plain arrays, because this runs for every body and picture."""

    def __init__(self, sighting: Sighting, *, moving: bool) -> None:
        self.t_s = sighting.t_mono_s
        self.pose = sighting.bench_from_body
        self.rate = np.zeros(6)
        self.p = np.zeros((12, 12))
        """Covariance of (e, rate of e)."""
        self.p[:6, :6] = sighting.covariance
        self.p[6:, 6:] = np.diag(FIRST_RATE)
        self.moving = moving

    def predict(self, t_s: float) -> None:
        """Let time pass: the velocity stays, and white acceleration makes it less and less sure."""
        wait_s = t_s - self.t_s
        if wait_s <= 0.0:
            return
        self.t_s = t_s
        self.pose = moved_by(self.pose, self.rate * wait_s)
        step = _I12.copy()
        step[:6, 6:] = wait_s * _I6
        density = HAND_ACCELERATION if self.moving else REST_ACCELERATION
        self.p = step @ self.p @ step.T
        self.p[_POSE, _POSE] += wait_s**3 / 3.0 * density
        self.p[_POSE, _RATE] += wait_s**2 / 2.0 * density
        self.p[_RATE, _POSE] += wait_s**2 / 2.0 * density
        self.p[_RATE, _RATE] += wait_s * density

    def take(self, sighting: Sighting, gate_d2: float = GATE_D2) -> bool:
        """Correct by a sighting of this moment; False, and nothing done, when it lies outside the gate."""
        error = pose_error(sighting.bench_from_body, self.pose)
        inverse = np.linalg.inv(self.p[:6, :6] + sighting.covariance + FLOOR)
        if float(error @ inverse @ error) > gate_d2:
            return False
        gain = self.p[:, :6] @ inverse
        change = gain @ error
        self.pose = moved_by(self.pose, change[:6])
        self.rate = self.rate + change[6:]
        self.p = self.p - gain @ self.p[:6]
        self.moving = self.moving and bool((np.abs(self.rate) >= RESTS_BELOW).any())
        return True


def follow(sightings: Iterable[Sighting]) -> Motion:
    """Motion of one body from its sightings by any cameras, in any order. Raises ValueError when there is none."""
    ordered = sorted(sightings, key=lambda s: (s.t_mono_s, s.camera))
    if not ordered:
        raise ValueError("no camera sees the body: nothing to follow")
    newest_s = ordered[-1].t_mono_s
    ordered = [s for s in ordered if newest_s - s.t_mono_s <= WINDOW_S]
    body, held = _Filter(ordered[0], moving=False), None
    for sighting in ordered[1:]:
        body.predict(sighting.t_mono_s)
        if body.take(sighting):
            held = None
        elif held is None:
            held = sighting
        else:
            # Two in a row: it was moved, and these two say where it goes.
            body, held = _Filter(held, moving=True), None
            body.predict(sighting.t_mono_s)
            body.take(sighting, gate_d2=math.inf)
    return Motion(
        t_mono_s=newest_s,
        bench_from_body=body.pose,
        covariance=body.p[:6, :6] + _lasting({s.camera: s for s in ordered}.values()),
        rate=body.rate,
        rate_covariance=body.p[6:, 6:],
        moving=body.moving,
        fits=held is None,
    )


def moved_to(sighting: Sighting, motion: Motion, t_mono_s: float) -> Sighting:
    """The sighting as it would be at another moment, its covariance larger by what is not known of the motion."""
    wait_s = t_mono_s - sighting.t_mono_s
    if wait_s == 0.0:
        return sighting
    density = HAND_ACCELERATION if motion.moving else REST_ACCELERATION
    grown = sighting.covariance + wait_s**2 * motion.rate_covariance + np.diag(density * abs(wait_s) ** 3 / 3.0)
    return Sighting(
        camera=sighting.camera,
        t_mono_s=t_mono_s,
        bench_from_body=moved_by(sighting.bench_from_body, motion.rate * wait_s),
        covariance=grown,
    )


def _lasting(newest: Iterable[Sighting]) -> Array:
    """(6, 6) what stays of the cameras' errors while the body rests: each camera has its own."""
    informations = [np.linalg.inv(LASTING_SHARE * s.covariance + FLOOR) for s in newest]
    return np.asarray(np.linalg.inv(sum(informations)))
