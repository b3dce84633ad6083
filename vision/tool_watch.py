"""Which joint the tool stands on: tip and axis against the joint's, with hysteresis, and only if no other is meant."""

from __future__ import annotations

from dataclasses import replace

from vision.api import FactReading, FactValue, worst_sigma
from vision.at_joint import Reach, stand_at
from vision.bench import Bench, WatchTool
from vision.part_watch import disagreement
from vision.recent import Recent, unknown

CONFIDENCE = 0.99
TIP_ABOVE_MM = (-12.0, 32.0)
"""How high over the joint a tool's tip stands on it: in the hole, or on a nut that is still at the stud's end."""
LEAVE_ABOVE_MM = (-18.0, 40.0)
UPRIGHT_DEG = 20.0
LEAVE_UPRIGHT_DEG = 25.0
UNPLACED = "unit not measured"
"""Why nobody knows where the tool is: the joints of the part that lies there are not placed."""


def judge_tool(watch: WatchTool, recent: Recent, bench: Bench, before: FactValue) -> FactReading:
    """PRESENT: surely at this joint and at no other. `before` PRESENT allows for the wider limits of leaving."""
    if not recent.newest(watch.tool):
        return unknown(watch.fact, recent.now_s, "not seen")
    pose = recent.pose(watch.tool)
    joints = {joint.name: joint for joint in bench.joints}
    joint = joints.pop(watch.joint)
    if not joint.placed:
        return unknown(watch.fact, pose.t_mono_s, UNPLACED)
    stand = stand_at(joint, pose.bench_from_body, pose.covariance)
    measures = {
        "distance_mm": stand.distance_mm,
        "above_mm": stand.along_mm,
        "angle_deg": stand.tilt_deg,
        "sigma_mm": pose.sigma_mm,
        "cameras": float(pose.cameras),
    }
    if joint.covariance.any():
        measures["joint_sigma_mm"] = worst_sigma(joint.covariance)
    comes = Reach(across_mm=watch.within_mm, along_mm=TIP_ABOVE_MM, tilt_deg=UPRIGHT_DEG)
    leaves = Reach(across_mm=watch.leave_mm, along_mm=LEAVE_ABOVE_MM, tilt_deg=LEAVE_UPRIGHT_DEG)
    reach = leaves if before is FactValue.PRESENT else comes
    seen = FactReading(fact=watch.fact, value=FactValue.ABSENT, t_mono_s=pose.t_mono_s, measures=measures)
    why = ""
    if stand.surely_out(reach, CONFIDENCE):
        singly = (stand_at(joint, s.bench_from_body, s.covariance) for s in recent.newest(watch.tool))
        if not pose.agree and not all(single.surely_out(reach, CONFIDENCE) for single in singly):
            why = disagreement(recent, watch.tool)
        elif before is FactValue.PRESENT and not recent.motion(watch.tool).fits:
            why = "moving"
    elif not pose.agree:
        why = disagreement(recent, watch.tool)
    elif not stand.surely_in(reach, CONFIDENCE):
        why = "too close to call"
    elif not all(
        stand_at(other, pose.bench_from_body, pose.covariance).surely_out(comes, CONFIDENCE)
        for other in joints.values()
    ):
        why = "between two joints"
    else:
        return replace(seen, value=FactValue.PRESENT)
    return replace(seen, value=FactValue.UNKNOWN, text=why) if why else seen
