"""The verdict on one watch from what the cameras said lately: pure functions of analyses.

Every verdict is worked out from analyses that are at most `stale_s` old and were taken at or after `since_s`, so a look
that asks for fresh frames and the running facts go by the same rules.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from vision.api import CameraState, FactReading, FactValue, FrameAnalysis, told
from vision.at_joint import Reach, stand_at
from vision.bench import (
    Bench,
    Joint,
    Watch,
    WatchCheck,
    WatchCode,
    WatchFastener,
    WatchHands,
    WatchPart,
    WatchTool,
    WatchUnit,
)
from vision.part_watch import judge_part
from vision.recent import Recent, unknown
from vision.tool_watch import judge_tool
from vision.unit_watch import judge_unit

VOTES = 3
NEEDED_VOTES = 2
TOKEN_REACH = Reach(across_mm=8.0, along_mm=(-15.0, 15.0), tilt_deg=180.0)
"""A tagged fastener is at its joint: across the axis, what one webcam that looks down aslant can be sure of (it knows a
small tag to 2 mm), and far less than from joint to joint; along it, one small tag tells less."""
TOKEN_CONFIDENCE = 0.99


def judge(watch: Watch, recent: Recent, bench: Bench, before: FactValue) -> FactReading:
    """The reading of one watch. `before` is its last value, for hysteresis; UNKNOWN asks for the strict limits."""
    if not recent.per_camera():
        return unknown(watch.fact, recent.now_s, "no camera sees it")
    match watch:
        case WatchPart():
            reading = judge_part(watch, recent, before)
        case WatchUnit():
            reading, _ = judge_unit(watch, recent, {joint.name: joint for joint in bench.joints}, None)
        case WatchTool():
            reading = judge_tool(watch, recent, bench, before)
        case WatchHands():
            reading = _hands(watch, recent, before)
        case WatchFastener():
            reading = _fastener(watch, recent, bench)
        case WatchCode():
            reading = _code(watch, recent)
        case WatchCheck():
            reading = _check(watch, recent)
    return replace(reading, measures={name: told(figure) for name, figure in reading.measures.items()})


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
        return unknown(watch.fact, recent.now_s, "no camera sees the zone")
    measures = {"cameras": float(cameras), "clear_s": max(0.0, clear_s)}
    if clear_s < 0.0:
        value = FactValue.PRESENT
    elif clear_s >= watch.clear_s - 1e-6:
        value = FactValue.ABSENT
    elif before is FactValue.UNKNOWN:
        return unknown(watch.fact, newest_s, "not clear for long enough yet", measures)
    else:
        value = before
    return FactReading(fact=watch.fact, value=value, t_mono_s=newest_s, measures=measures)


def _fastener(watch: WatchFastener, recent: Recent, bench: Bench) -> FactReading:
    joint = next(joint for joint in bench.joints if joint.name == watch.joint)
    if joint.token:
        return _voted(watch.fact, recent, _votes_on(recent, lambda a: [_token(joint, a)]))
    looks = _votes_on(recent, lambda a: [(s.value, s.score, s.reason) for s in a.sites if s.joint == watch.joint])
    return _voted(watch.fact, recent, looks)


def _token(joint: Joint, analysis: FrameAnalysis) -> _Vote:
    """What one picture says of a fastener that is a tagged body: at its joint, elsewhere, or not seen."""
    for body in analysis.bodies:
        if body.body == joint.token:
            stand = stand_at(joint, body.bench_from_body, body.covariance)
            if stand.surely_in(TOKEN_REACH, TOKEN_CONFIDENCE):
                return FactValue.PRESENT, TOKEN_CONFIDENCE, ""
            if stand.surely_out(TOKEN_REACH, TOKEN_CONFIDENCE):
                return FactValue.ABSENT, 1.0 - TOKEN_CONFIDENCE, ""
            return FactValue.UNKNOWN, 0.5, "too close to call"
    return FactValue.UNKNOWN, 0.5, "not seen"


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
    verdicts: dict[FactValue, tuple[float, float, int]] = {}
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
        verdicts[value] = max(verdicts.get(value, (float("-inf"), 0.0, 0)), (newest_s, score, votes.count(value)))
    if len(verdicts) > 1:
        return unknown(fact, newest_s, "cameras disagree")
    for value, (seen_s, score, count) in verdicts.items():
        measures = {"score": score, "votes": float(count), "cameras": float(cameras)}
        return FactReading(fact=fact, value=value, t_mono_s=seen_s, measures=measures)
    return unknown(fact, newest_s, why)


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
