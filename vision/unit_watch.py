"""Where the joints of *this* unit are: the part that carries them is measured when it lies in its place.

What is measured stays the reference for as long as the part stays where it was measured. It never drifts along: a part
that moved, that cameras put in different places, or that nobody has seen for a while has no reference, until it lies
still and is measured anew. In between nobody knows where its joints are. Pure: the board keeps what stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from vision.api import FactReading, FactValue, worst_sigma
from vision.bench import Joint, WatchPart, WatchUnit
from vision.fusion import FusedPose, Sighting, fuse
from vision.geometry import Array, Transform
from vision.part_watch import DISAGREE, disagreement, judge_part, still
from vision.pose_fit import cross_matrix, moved_by, pose_error
from vision.recent import SAME_MOMENT_S, Recent, unknown
from vision.tolerance import surely_beyond, surely_within

CONFIDENCE = 0.99
MOVED_MM = 1.0
"""A joint that is surely farther than this from where it was measured: the part has moved."""
AGAINST_S = SAME_MOMENT_S
"""Pictures must speak against a reference for longer than this: one that is odd counts for so long among the newest."""
UNSEEN_S = 5.0
"""A part that no camera has seen for so long may have been taken off, and another one put there."""
LEAST_STILL_S = 0.5
TOO_FAR, TOO_ROUGH = "joints too far off", "joints too unsure"
TOO_FEW_CAMERAS = "too few cameras see it"
_TO_95 = 1.96


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class UnitReference:
    """What stands: the joints of one unit, from how it was measured to lie."""

    joints: Mapping[str, Joint]
    told: Mapping[str, float]
    """What is told of it, the same for as long as it stands."""
    cameras: tuple[str, ...]
    seen_s: float
    """Capture time of the newest picture that was compared with it."""
    against_since_s: float | None = None
    """Since when they speak against it; None = they do not."""


def judge_unit(
    watch: WatchUnit, recent: Recent, nominal: Mapping[str, Joint], standing: UnitReference | None
) -> tuple[FactReading, UnitReference | None]:
    """The reading, and the reference that stands from now on. `nominal` are the joints as the files have them."""
    if standing is None:
        return _taken(watch, recent, nominal)
    return _kept(watch, recent, nominal, standing)


def carried(joint: Joint, seat: Transform, seen: Transform, covariance: Array) -> Joint:
    """The joint of a part whose frame should be at `seat` and is at `seen`, with that pose's doubt (6, 6).

    With the lever l from the part's origin to the joint, the joint's error is e[:3] + e[3:] x l.
    """
    moved = seen @ seat.inverse()
    at = moved.apply(joint.bench_mm)
    slope = np.hstack([np.eye(3), -cross_matrix(at - seen.translation_mm)])
    return replace(
        joint,
        # To a nanometre: the last bits of a product depend on where its factors lie, and ways are planned to here.
        bench_mm=np.round(at, 6),
        axis=np.round(moved.rotation @ joint.axis, 9),
        covariance=moved.rotation @ joint.covariance @ moved.rotation.T + slope @ covariance @ slope.T,
    )


def _taken(watch: WatchUnit, recent: Recent, nominal: Mapping[str, Joint]) -> tuple[FactReading, UnitReference | None]:
    """Measure the unit, if it lies in its place, is seen well enough and by enough cameras, and they agree."""
    seat = replace(watch.seat, still_s=max(watch.seat.still_s, LEAST_STILL_S))
    seated = judge_part(seat, recent, FactValue.UNKNOWN)
    if seated.value is not FactValue.PRESENT:
        why = seated.text or "not in its place"
        # While a part is put down, cameras that look one after the other see it in two places.
        lasts = why == DISAGREE and still(recent.sightings(seat.body), seat.still_s)
        value = FactValue.ABSENT if lasts else FactValue.UNKNOWN
        return _reading(watch, value, seated.t_mono_s, why, seated.measures), None
    sightings = tuple(_steady(seen, seat.still_s) for seen in recent.sightings(seat.body).values())
    pose = fuse(sightings)
    if pose.cameras < watch.cameras:
        return unknown(watch.fact, pose.t_mono_s, TOO_FEW_CAMERAS, {"cameras": float(pose.cameras)}), None
    joints = {
        name: carried(nominal[name], seat.bench_from_body, pose.bench_from_body, pose.covariance)
        for name in watch.joints
    }
    told = _told(seat, pose, joints, nominal)
    why = DISAGREE if not pose.agree else _refusal(watch, joints, nominal)
    if why:
        return _reading(watch, FactValue.ABSENT, pose.t_mono_s, why, told), None
    reference = UnitReference(
        joints=joints,
        told=told,
        cameras=tuple(sorted(s.camera for s in sightings)),
        seen_s=pose.t_mono_s,
    )
    return _standing(watch, reference), reference


def _kept(
    watch: WatchUnit, recent: Recent, nominal: Mapping[str, Joint], standing: UnitReference
) -> tuple[FactReading, UnitReference | None]:
    """Compare what stands with what is seen now. It stays as it was measured, or it is gone."""
    body = watch.seat.body
    if not recent.newest(body):
        if recent.now_s - standing.seen_s > UNSEEN_S:
            return unknown(watch.fact, recent.now_s, "not seen"), None
        return _standing(watch, standing), standing
    pose = recent.pose(body)
    why = ""
    if not pose.agree:
        why = disagreement(recent, body)
    elif _moved(watch, pose, nominal, standing):
        why = "moved"
    since_s = standing.against_since_s
    if why and since_s is not None and pose.t_mono_s - since_s > AGAINST_S:
        return unknown(watch.fact, pose.t_mono_s, why), None
    since_s = None if not why else pose.t_mono_s if since_s is None else since_s
    seen = replace(standing, seen_s=pose.t_mono_s, against_since_s=since_s)
    return _standing(watch, seen), seen


def _steady(seen: tuple[Sighting, ...], still_s: float) -> Sighting:
    """A camera's newest sighting, moved to the median of those while the body lay still: one odd picture moves nothing.

    Its covariance stays: most of an error lasts from picture to picture.
    """
    last = seen[-1]
    errors = [
        pose_error(s.bench_from_body, last.bench_from_body) for s in seen if last.t_mono_s - s.t_mono_s <= still_s
    ]
    return replace(last, bench_from_body=moved_by(last.bench_from_body, np.median(errors, axis=0)))


def _refusal(watch: WatchUnit, joints: Mapping[str, Joint], nominal: Mapping[str, Joint]) -> str:
    """Why these joints are not taken; empty when they are."""
    for name, joint in joints.items():
        if _TO_95 * worst_sigma(joint.covariance) > watch.doubt_mm:
            return TOO_ROUGH
        if not surely_within(joint.bench_mm - nominal[name].bench_mm, joint.covariance, watch.most_mm, CONFIDENCE):
            return TOO_FAR
    return ""


def _moved(watch: WatchUnit, pose: FusedPose, nominal: Mapping[str, Joint], standing: UnitReference) -> bool:
    """Whether any joint is surely elsewhere than where it was measured."""
    for name, was in standing.joints.items():
        now = carried(nominal[name], watch.seat.bench_from_body, pose.bench_from_body, pose.covariance)
        if surely_beyond(now.bench_mm - was.bench_mm, now.covariance + was.covariance, MOVED_MM, CONFIDENCE):
            return True
    return False


def _told(
    seat: WatchPart, pose: FusedPose, joints: Mapping[str, Joint], nominal: Mapping[str, Joint]
) -> dict[str, float]:
    """What the record keeps: from how many cameras, how far off the part lies, and where each joint is."""
    told = {
        "offset_mm": pose.bench_from_body.distance_to_mm(seat.bench_from_body),
        "angle_deg": pose.bench_from_body.angle_to_deg(seat.bench_from_body),
        "sigma_mm": pose.sigma_mm,
        "sigma_deg": pose.sigma_deg,
        "cameras": float(pose.cameras),
    }
    for name, joint in joints.items():
        told |= {f"{name}_{axis}_mm": float(v) for axis, v in zip("xyz", joint.bench_mm, strict=True)}
        told[f"{name}_off_mm"] = float(np.linalg.norm(joint.bench_mm - nominal[name].bench_mm))
        told[f"{name}_doubt_mm"] = _TO_95 * worst_sigma(joint.covariance)
    return told


def _standing(watch: WatchUnit, reference: UnitReference) -> FactReading:
    by = ", ".join(reference.cameras)
    return _reading(watch, FactValue.PRESENT, reference.seen_s, by, reference.told)


def _reading(
    watch: WatchUnit, value: FactValue, t_mono_s: float, text: str, measures: Mapping[str, float]
) -> FactReading:
    return FactReading(fact=watch.fact, value=value, t_mono_s=t_mono_s, text=text, measures=measures)
