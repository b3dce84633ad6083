"""`station cobot gesture|plan|jog`: ways that are planned against the bench, shown, and gone slowly.

Every way is planned whole before it begins, as in a visit. No camera supervises here.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence

from drivers.api import CommandDone, CommandFailed, MoveJoints
from drivers.cobot.arm import timing
from station.commands.arm_line import ArmLine
from station.commands.cobot import UNWATCHED, Bench, Say, Sure, told_limits
from station.motion.gesture import TaughtPosture
from station.motion.jog import jog as jog_way
from station.motion.plan import MotionPlan, PlanError
from station.motion.planner import plan
from station.motion.scene import MotionScene

MOVED_DEG = 1.0
"""A plan counts only from where it was made; the arm itself repeats to less than this."""
SILENT_S = 0.3
"""So long a motion goes on without its key."""
FRAMES = {"J": "joint", "T": "tool", "B": "bench"}
KEYS = dict(zip("qwertyasdfgh", [(axis, sign) for sign in (1, -1) for axis in range(1, 7)], strict=True))
"""Upper row: axes 1 to 6 upwards; the row below it: the same downwards."""
LEAVE = ("\x1b", "x", "\x03", "")
HELP = (
    "Hold q w e r t y for axes 1 to 6 upwards, a s d f g h downwards; J, T, B choose joints, tool, bench; x leaves.\n"
    "Release = the arm stands still: a motion goes on for 0.3 s without its key, then its permission expires. At first"
    " it may stand still again until your keyboard begins to repeat."
)

Key = Callable[[], str | None]
"""The next key that was pressed, None while there is none, empty when there will be no more."""


def show_plans(bench: Bench, say: Say, names: Sequence[str], start: str) -> int:
    """Plan gestures from a taught posture, without any device; 0 when all have a way. Raises PlanError for `start`."""
    scene = bench.scene()
    at = scene.gestures.get(start)
    if not isinstance(at, TaughtPosture):
        say(f"{start} is no taught posture of this station; choose another with --start.")
        return 1
    bad = 0
    for name in names or tuple(scene.gestures):
        try:
            found = plan(name, here_deg=at.angles_deg, scene=scene)
        except PlanError as error:
            bad += 1
            say(f"{name:<16} {error.code}: {error}")
            continue
        say(f"{name:<16} {described(found, scene)}")
    return 1 if bad else 0


def gesture(bench: Bench, say: Say, sure: Sure, name: str, *, percent: int) -> int:
    """Plan a gesture from where the arm stands, show it, ask, and go. Ctrl-C stops the arm."""
    say(UNWATCHED)
    with bench.line() as line:
        scene = bench.scene(told_limits(line))
        here = line.at_rest()
        try:
            found = plan(name, here_deg=here, scene=scene)
        except PlanError as error:
            say(f"{error.code}: {error}")
            return 1
        say(f"{name}: {described(found, scene, percent)}")
        if not found.legs:
            return 0
        if not sure("Move the arm?"):
            return 1
        if max(abs(a - b) for a, b in zip(line.at_rest(), here, strict=True)) > MOVED_DEG:
            say("The arm has been moved meanwhile; plan again from where it stands now.")
            return 1
        return _gone(line, found, percent, say)


def described(found: MotionPlan, scene: MotionScene, percent: int = 100) -> str:
    """Duration at a speed of at most `percent`, and the nearest that it comes to anything."""
    if not found.legs:
        return "the arm stands there already"
    duration_s = sum(
        timing.trajectory(scene.model, leg.points_deg, min(percent, leg.speed_percent)).duration_s for leg in found.legs
    )
    near = (
        f"nearest {found.clearance_mm:.0f} mm between {found.between[0]} and {found.between[1]}"
        if math.isfinite(found.clearance_mm)
        else "nothing near"
    )
    legs = "1 leg" if len(found.legs) == 1 else f"{len(found.legs)} legs"
    return f"{duration_s:.1f} s in {legs}, {near}"


def jog(bench: Bench, say: Say, key: Key, *, percent: int) -> int:
    """Move while a key is held, until one of `LEAVE`."""
    say(UNWATCHED)
    say(HELP)
    with bench.line() as line:
        scene = bench.scene(told_limits(line))
        frame, held, moving, silent_s = "joint", "", "", 0.0
        while True:
            now_s = time.monotonic()
            pressed = key()
            if moving and (end := line.ended(moving)) is not None:
                moving = ""
                if isinstance(end, CommandFailed) and end.code != "cobot.lease_expired":
                    say(f"{end.code}: {end.detail}")
            if pressed is None:
                if moving and now_s >= silent_s:
                    line.stop()
                    moving = ""
                continue
            if pressed in LEAVE:
                if moving:
                    line.stop()
                return 0
            if pressed in FRAMES:
                frame = FRAMES[pressed]
                say(f"Along: {frame}.")
            if pressed not in KEYS:
                continue
            silent_s = now_s + SILENT_S
            if moving and pressed == held:
                line.owner.renew_lease()
            elif moving:
                line.stop()
                moving = ""
            else:
                held, moving = pressed, _begun(line, scene, frame, *KEYS[pressed], percent, say)
                silent_s = time.monotonic() + SILENT_S


def _begun(line: ArmLine, scene: MotionScene, frame: str, axis: int, sign: int, percent: int, say: Say) -> str:
    """Id of the motion that has begun; empty when there is no such way."""
    try:
        found = jog_way(frame, axis, sign, percent, here_deg=line.at_rest(), scene=scene)
    except PlanError as error:
        say(str(error))
        return ""
    if not found.legs:
        return ""
    leg = found.legs[0]
    move = MoveJoints(
        command_id=line.command_id(),
        angles_deg=leg.points_deg[-1],
        through_deg=leg.points_deg[1:-1],
        speed_percent=min(percent, leg.speed_percent),
        lease_s=SILENT_S,
    )
    line.owner.submit(move)
    return move.command_id


def _gone(line: ArmLine, found: MotionPlan, percent: int, say: Say) -> int:
    for leg in found.legs:
        move = MoveJoints(
            command_id=line.command_id(),
            angles_deg=leg.points_deg[-1],
            through_deg=leg.points_deg[1:-1],
            speed_percent=min(percent, leg.speed_percent),
        )
        end = line.finish(move)
        if not isinstance(end, CommandDone):
            say(f"{end.code}: {end.detail}")
            return 1
    say("The arm stands there.")
    return 0
