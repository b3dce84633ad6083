"""What each camera said lately, and the verdict on one watch that follows from it: pure functions of analyses.

Every verdict is worked out from analyses that are at most `stale_s` old and were taken at or after `since_s`, so a look
that asks for fresh frames and the running facts go by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from vision.api import CameraState, FactReading, FactValue, FrameAnalysis
from vision.bench import (
    Bench,
    Watch,
    WatchCheck,
    WatchCode,
    WatchFastener,
    WatchHands,
    WatchPart,
    WatchTool,
)
from vision.fusion import FusedPose, Sighting, fuse

STILL_MM = 1.0
STILL_DEG = 1.0
SAME_MOMENT_S = 0.25
UPRIGHT_DEG = 20.0
LEAVE_UPRIGHT_DEG = 25.0
TIP_ABOVE_MM = (-12.0, 32.0)
"""How high over the joint a tool's tip stands on it: in the hole, or on a nut that is still at the stud's end."""
LEAVE_ABOVE_MM = (-18.0, 40.0)
VOTES = 3
NEEDED_VOTES = 2


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Recent:
    """The analyses of the cameras that can be trusted now, oldest first, each camera's newest at most `stale_s` old."""

    analyses: Mapping[str, tuple[FrameAnalysis, ...]]
    now_s: float
    stale_s: float
    since_s: float = float("-inf")
    """Nothing older than this counts."""
    _cameras: list[tuple[str, tuple[FrameAnalysis, ...]]] = field(default_factory=list, init=False)
    _sightings: dict[str, dict[str, tuple[Sighting, ...]]] = field(default_factory=dict, init=False)
    _poses: dict[str, FusedPose] = field(default_factory=dict, init=False)

    def __post_init__(self) -> None:
        self._cameras.extend(self._trusted())

    def per_camera(self) -> list[tuple[str, tuple[FrameAnalysis, ...]]]:
        """Cameras with at least one analysis that counts."""
        return self._cameras

    def sightings(self, body: str) -> dict[str, tuple[Sighting, ...]]:
        """For each camera with a sighting that is not stale: all its sightings of the body, oldest first."""
        # Several watches ask for the same body; the answer is the same for all of them.
        if body not in self._sightings:
            self._sightings[body] = dict(self._seen(body))
        return self._sightings[body]

    def pose(self, body: str) -> FusedPose:
        """The common pose of a body that has sightings."""
        if body not in self._poses:
            self._poses[body] = _newest_together(self.sightings(body))
        return self._poses[body]

    def _trusted(self) -> Iterator[tuple[str, tuple[FrameAnalysis, ...]]]:
        for camera, analyses in self.analyses.items():
            counted = tuple(a for a in analyses if a.t_mono_s >= self.since_s)
            fresh = counted and self.now_s - counted[-1].t_mono_s <= self.stale_s
            if fresh and counted[-1].state is CameraState.GOOD:
                yield camera, counted

    def _seen(self, body: str) -> Iterator[tuple[str, tuple[Sighting, ...]]]:
        for camera, analyses in self.per_camera():
            seen = tuple(
                Sighting(
                    camera=camera,
                    t_mono_s=a.t_mono_s,
                    bench_from_body=b.bench_from_body,
                    covariance=b.covariance,
                )
                for a in analyses
                for b in a.bodies
                if b.body == body
            )
            if seen and self.now_s - seen[-1].t_mono_s <= self.stale_s:
                yield camera, seen


def judge(watch: Watch, recent: Recent, bench: Bench, before: FactValue) -> FactReading:
    """The reading of one watch. `before` is its last value, for hysteresis; UNKNOWN asks for the strict limits."""
    if not recent.per_camera():
        return _unknown(watch.fact, recent.now_s, "no camera sees it")
    match watch:
        case WatchPart():
            reading = _part(watch, recent)
        case WatchTool():
            reading = _tool(watch, recent, bench, before)
        case WatchHands():
            reading = _hands(watch, recent, before)
        case WatchFastener():
            reading = _fastener(watch, recent)
        case WatchCode():
            reading = _code(watch, recent)
        case WatchCheck():
            reading = _check(watch, recent)
    return reading


def _unknown(fact: str, t_mono_s: float, why: str, measures: Mapping[str, float] | None = None) -> FactReading:
    return FactReading(fact=fact, value=FactValue.UNKNOWN, t_mono_s=t_mono_s, text=why, measures=measures or {})


def _newest_together(histories: dict[str, tuple[Sighting, ...]]) -> FusedPose:
    """Fuse the newest sighting of each camera; one much older than the newest is of another moment and stays out."""
    newest = [seen[-1] for seen in histories.values()]
    latest_s = max(s.t_mono_s for s in newest)
    return fuse(tuple(s for s in newest if latest_s - s.t_mono_s <= SAME_MOMENT_S))


def _part(watch: WatchPart, recent: Recent) -> FactReading:
    histories = recent.sightings(watch.body)
    if not histories:
        return _unknown(watch.fact, recent.now_s, "not seen")
    pose = recent.pose(watch.body)
    offset_mm = pose.bench_from_body.distance_to_mm(watch.bench_from_body)
    angle_deg = pose.bench_from_body.angle_to_deg(watch.bench_from_body)
    measures = {
        "offset_mm": offset_mm,
        "angle_deg": angle_deg,
        "sigma_mm": pose.sigma_mm,
        "sigma_deg": pose.sigma_deg,
        "cameras": float(pose.cameras),
    }

    value, why = _part_verdict(watch, pose, histories)
    return FactReading(fact=watch.fact, value=value, t_mono_s=pose.t_mono_s, text=why, measures=measures)


def _part_verdict(
    watch: WatchPart, pose: FusedPose, histories: dict[str, tuple[Sighting, ...]]
) -> tuple[FactValue, str]:
    def near(seen: Sighting | FusedPose, sigmas: float = 0.0) -> bool:
        return (
            seen.bench_from_body.distance_to_mm(watch.bench_from_body) <= watch.within_mm + sigmas * seen.sigma_mm
            and seen.bench_from_body.angle_to_deg(watch.bench_from_body) <= watch.within_deg + sigmas * seen.sigma_deg
        )

    doubts = (
        (not pose.agree and (near(pose) or any(near(seen[-1]) for seen in histories.values())), "cameras disagree"),
        (not near(pose) and near(pose, sigmas=3.0), "too close to call"),
        (near(pose) and pose.sigma_mm > watch.within_mm / 2.0, "pose too uncertain"),
        (near(pose) and pose.sigma_deg > watch.within_deg / 2.0, "pose too uncertain"),
        (near(pose) and not _still(histories, watch.still_s), "not still yet"),
    )
    for in_doubt, why in doubts:
        if in_doubt:
            return FactValue.UNKNOWN, why
    return (FactValue.PRESENT if near(pose) else FactValue.ABSENT), ""


def _still(histories: dict[str, tuple[Sighting, ...]], still_s: float) -> bool:
    """Some camera has watched for the whole of `still_s`, and none of them saw the body elsewhere in that time."""
    if still_s <= 0.0:
        return True
    watched = False
    for seen in histories.values():
        last = seen[-1]
        recently = [s for s in seen if s.t_mono_s >= last.t_mono_s - still_s - 1e-6]
        for s in recently:
            near = s.bench_from_body.distance_to_mm(last.bench_from_body) <= STILL_MM
            if not near or s.bench_from_body.angle_to_deg(last.bench_from_body) > STILL_DEG + 3.0 * last.sigma_deg:
                return False
        watched |= last.t_mono_s - seen[0].t_mono_s >= still_s - 1e-6 and len(recently) >= NEEDED_VOTES
    return watched


def _tool(watch: WatchTool, recent: Recent, bench: Bench, before: FactValue) -> FactReading:
    if not recent.sightings(watch.tool):
        return _unknown(watch.fact, recent.now_s, "not seen")
    pose = recent.pose(watch.tool)
    joint = {joint.name: joint for joint in bench.joints}[watch.joint]
    away = pose.bench_from_body.translation_mm - joint.bench_mm
    distance_mm, above_mm = float(np.hypot(away[0], away[1])), float(away[2])
    tilt_deg = float(np.degrees(np.arccos(np.clip(pose.bench_from_body.rotation[2, 2], -1.0, 1.0))))
    measures = {
        "distance_mm": distance_mm,
        "above_mm": above_mm,
        "angle_deg": tilt_deg,
        "sigma_mm": pose.sigma_mm,
        "cameras": float(pose.cameras),
    }
    stays = before is FactValue.PRESENT
    reach_mm = watch.leave_mm if stays else watch.within_mm
    low_mm, high_mm = LEAVE_ABOVE_MM if stays else TIP_ABOVE_MM
    upright_deg = LEAVE_UPRIGHT_DEG if stays else UPRIGHT_DEG
    at_joint = distance_mm <= reach_mm and low_mm <= above_mm <= high_mm and tilt_deg <= upright_deg
    if at_joint and not pose.agree:
        return _unknown(watch.fact, pose.t_mono_s, "cameras disagree", measures)
    if at_joint and pose.sigma_mm > watch.within_mm / 2.0:
        return _unknown(watch.fact, pose.t_mono_s, "pose too uncertain", measures)
    value = FactValue.PRESENT if at_joint else FactValue.ABSENT
    return FactReading(fact=watch.fact, value=value, t_mono_s=pose.t_mono_s, measures=measures)


def _hands(watch: WatchHands, recent: Recent, before: FactValue) -> FactReading:
    newest_s, cameras, clear_s = float("-inf"), 0, float("inf")
    for _, analyses in recent.per_camera():
        judged = [a for a in analyses if a.state is CameraState.GOOD and watch.zone in a.busy_zones]
        if not judged or recent.now_s - judged[-1].t_mono_s > recent.stale_s:
            continue
        cameras += 1
        newest_s = max(newest_s, judged[-1].t_mono_s)
        busy_s = [a.t_mono_s for a in judged if a.busy_zones[watch.zone]]
        clear_s = min(clear_s, judged[-1].t_mono_s - (busy_s[-1] if busy_s else judged[0].t_mono_s))
        if busy_s and busy_s[-1] == judged[-1].t_mono_s:
            clear_s = -1.0
    if not cameras:
        return _unknown(watch.fact, recent.now_s, "no camera sees the zone")
    measures = {"cameras": float(cameras), "clear_s": max(0.0, clear_s)}
    if clear_s < 0.0:
        value = FactValue.PRESENT
    elif clear_s >= watch.clear_s - 1e-6:
        value = FactValue.ABSENT
    elif before is FactValue.UNKNOWN:
        return _unknown(watch.fact, newest_s, "not clear for long enough yet", measures)
    else:
        value = before
    return FactReading(fact=watch.fact, value=value, t_mono_s=newest_s, measures=measures)


def _fastener(watch: WatchFastener, recent: Recent) -> FactReading:
    looks = _votes_on(recent, lambda a: [(s.value, s.score, s.reason) for s in a.sites if s.joint == watch.joint])
    return _voted(watch.fact, recent, looks)


def _check(watch: WatchCheck, recent: Recent) -> FactReading:
    def said(analysis: FrameAnalysis) -> list[_Vote]:
        return [
            (
                FactValue.UNKNOWN if not c.state else FactValue.PRESENT if c.state == watch.state else FactValue.ABSENT,
                c.score,
                c.reason,
            )
            for c in analysis.checks
            if c.check == watch.check
        ]

    return _voted(watch.fact, recent, _votes_on(recent, said))


_Vote = tuple[FactValue, float, str]
"""Value, score, why UNKNOWN."""


def _votes_on(recent: Recent, said: Callable[[FrameAnalysis], list[_Vote]]) -> list[list[tuple[float, _Vote]]]:
    """For each camera that looked: the votes of its last looks, oldest first."""
    per_camera = [[(a.t_mono_s, vote) for a in analyses for vote in said(a)] for _, analyses in recent.per_camera()]
    return [looks[-VOTES:] for looks in per_camera if looks and recent.now_s - looks[-1][0] <= recent.stale_s]


def _voted(fact: str, recent: Recent, per_camera: list[list[tuple[float, _Vote]]]) -> FactReading:
    """What single pictures say, by votes: most of a camera's last ones agree, none contradicts, nor another camera."""
    verdicts: dict[FactValue, tuple[float, float]] = {}
    why, newest_s, cameras = "not looked at", recent.now_s, 0
    for looks in per_camera:
        newest_s, (value, score, reason) = looks[-1]
        if value is FactValue.UNKNOWN:
            why = reason
            continue
        votes = [vote[0] for _, vote in looks]
        contrary = any(v not in (value, FactValue.UNKNOWN) for v in votes)
        if contrary or votes.count(value) < NEEDED_VOTES:
            why = "undecided"
            continue
        cameras += 1
        verdicts[value] = max(verdicts.get(value, (float("-inf"), 0.0)), (newest_s, score))
    if len(verdicts) > 1:
        return _unknown(fact, newest_s, "cameras disagree")
    for value, (seen_s, score) in verdicts.items():
        measures = {"score": score, "cameras": float(cameras)}
        return FactReading(fact=fact, value=value, t_mono_s=seen_s, measures=measures)
    return _unknown(fact, newest_s, why)


def _code(watch: WatchCode, recent: Recent) -> FactReading:
    newest_s, text, text_s = float("-inf"), "", float("-inf")
    for _, analyses in recent.per_camera():
        newest_s = max(newest_s, analyses[-1].t_mono_s)
        for a in analyses:
            if a.code_text and a.t_mono_s > text_s and recent.now_s - a.t_mono_s <= recent.stale_s:
                text, text_s = a.code_text, a.t_mono_s
    if text:
        return FactReading(fact=watch.fact, value=FactValue.PRESENT, t_mono_s=text_s, text=text)
    return FactReading(fact=watch.fact, value=FactValue.ABSENT, t_mono_s=newest_s)
