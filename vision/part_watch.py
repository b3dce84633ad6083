"""Is a part at its place: inside its tolerance with confidence, seen by all cameras alike, and still?"""

from __future__ import annotations

import math

from vision.api import FactReading, FactValue
from vision.bench import WatchPart
from vision.fusion import FusedPose, Sighting
from vision.pose_fit import LASTING_SHARE
from vision.recent import Recent, unknown
from vision.tolerance import one_sided, pose_surely_beyond, pose_surely_within

STILL_MM = 1.0
STILL_DEG = 1.0
JITTER_SIGMAS = 3.0 * math.sqrt(2.0 * (1.0 - LASTING_SHARE))
"""Three standard deviations of the difference of two sightings by one camera, in those of a sighting."""
LEAST_SIGHTINGS = 2
DISAGREE = "cameras disagree"


def judge_part(watch: WatchPart, recent: Recent, before: FactValue) -> FactReading:
    """PRESENT or ABSENT only when that is sure; else UNKNOWN with the reason. `before` is the last value."""
    if not recent.newest(watch.body):
        return unknown(watch.fact, recent.now_s, "not seen")
    pose = recent.pose(watch.body)
    measures = {
        "offset_mm": pose.bench_from_body.distance_to_mm(watch.bench_from_body),
        "angle_deg": pose.bench_from_body.angle_to_deg(watch.bench_from_body),
        "sigma_mm": pose.sigma_mm,
        "sigma_deg": pose.sigma_deg,
        "cameras": float(pose.cameras),
    }
    value, why = _verdict(watch, recent, pose, before)
    return FactReading(fact=watch.fact, value=value, t_mono_s=pose.t_mono_s, text=why, measures=measures)


def _verdict(watch: WatchPart, recent: Recent, pose: FusedPose, before: FactValue) -> tuple[FactValue, str]:
    if _beyond(watch, pose):
        # Wherever it is, it is not here, as long as no single camera says otherwise.
        if not pose.agree and not all(_beyond(watch, seen) for seen in recent.newest(watch.body)):
            return FactValue.UNKNOWN, disagreement(recent, watch.body)
        if before is FactValue.PRESENT and not recent.motion(watch.body).fits:
            return FactValue.UNKNOWN, "moving"
        return FactValue.ABSENT, ""
    if not pose.agree:
        return FactValue.UNKNOWN, disagreement(recent, watch.body)
    if not pose_surely_within(
        pose.bench_from_body,
        pose.covariance,
        watch.bench_from_body,
        watch.within_mm,
        watch.within_deg,
        watch.confidence,
    ):
        return FactValue.UNKNOWN, "pose too uncertain" if _hopeless(watch, pose) else "too close to call"
    if not still(recent.sightings(watch.body), watch.still_s):
        return FactValue.UNKNOWN, "not still yet"
    return FactValue.PRESENT, ""


def _beyond(watch: WatchPart, seen: FusedPose | Sighting) -> bool:
    return pose_surely_beyond(
        seen.bench_from_body,
        seen.covariance,
        watch.bench_from_body,
        watch.within_mm,
        watch.within_deg,
        watch.confidence,
    )


def _hopeless(watch: WatchPart, pose: FusedPose) -> bool:
    """Whether even a part exactly in its place would not pass with this covariance: more tags or cameras are wanted."""
    z = one_sided(watch.confidence)
    return z * pose.sigma_mm > watch.within_mm or z * pose.sigma_deg > watch.within_deg


def disagreement(recent: Recent, body: str) -> str:
    """Why cameras put a body in different places: it moves, and they looked at different moments; or one is wrong."""
    motion = recent.motion(body)
    return "moving" if motion.moving else DISAGREE


def still(histories: dict[str, tuple[Sighting, ...]], still_s: float) -> bool:
    """Some camera has seen it lie still for the whole of `still_s`, and none of them saw it move in that time.

    Each camera is compared with itself, for most of its error stays while the body rests; what is new in each picture
    lets an unsure camera (most tags hidden) see neither.
    """
    if still_s <= 0.0:
        return True
    watched = False
    for seen in histories.values():
        last = seen[-1]
        doubt_mm, doubt_deg = JITTER_SIGMAS * last.sigma_mm, JITTER_SIGMAS * last.sigma_deg
        recently = [s for s in seen if s.t_mono_s >= last.t_mono_s - still_s - 1e-6]
        off_mm = max(s.bench_from_body.distance_to_mm(last.bench_from_body) for s in recently)
        off_deg = max(s.bench_from_body.angle_to_deg(last.bench_from_body) for s in recently)
        if off_mm > STILL_MM + doubt_mm or off_deg > STILL_DEG + doubt_deg:
            return False
        for_long = last.t_mono_s - seen[0].t_mono_s >= still_s - 1e-6 and len(recently) >= LEAST_SIGHTINGS
        watched |= for_long and off_mm <= STILL_MM and off_deg <= STILL_DEG
    return watched
