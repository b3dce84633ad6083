"""Can everything that a procedure asks of the arm be done? Asked before any visitor comes. Pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from drivers.cobot.arm.model import Angles
from station.core.procedure import Procedure, Reach
from station.motion.gesture import Gesture, PointAt, Present, TaughtPosture
from station.motion.plan import PlanError
from station.motion.planner import plan
from station.motion.scene import MotionScene

HOME = "home"


@dataclass(frozen=True, slots=True, kw_only=True)
class GestureProblem:
    """A gesture that cannot be done from somewhere."""

    gesture: str
    begun: str
    """The gesture that ended where it begins."""
    code: str
    detail: str
    """One sentence: what is in the way, and what to do."""

    def __str__(self) -> str:
        return f"{self.detail} (from where {self.begun} ends)"


def check_gestures(procedure: Procedure, scene: MotionScene) -> tuple[GestureProblem, ...]:
    """Plan each gesture of the procedure from home, each from the end of the one before it in every step, and each
    first one of a step from the end of the step before. What presents is planned for every reach setting.

    Gestures that the procedure does not name are planned from home too, except those at joints of other work. Empty
    when all can be done.
    """
    home = scene.gestures.get(HOME)
    if not isinstance(home, TaughtPosture):
        detail = "there is no taught posture `home`, where the arm begins; teach it and save it by this name"
        return (GestureProblem(gesture=HOME, begun="nowhere", code="motion.unknown_gesture", detail=detail),)
    asked: dict[tuple[str, str], None] = dict.fromkeys(
        (HOME, name) for name, gesture in scene.gestures.items() if _has_its_joint(gesture, scene)
    )
    before = HOME
    for step in procedure.steps:
        for name in step.gestures:
            asked[(HOME, name)] = asked[(before, name)] = None
            before = name
    ends: dict[str, Angles] = {HOME: home.angles_deg}
    problems: dict[tuple[str, str], GestureProblem] = {}
    for begun, name in sorted(asked, key=lambda pair: pair[0] != HOME):
        if begun not in ends:
            continue  # It could not be done from home, which is told already.
        gesture = scene.gestures.get(name)
        settings = Reach if isinstance(gesture, Present) else (scene.reach,)
        for reach in settings:
            try:
                found = plan(name, here_deg=ends[begun], scene=replace(scene, reach=reach))
            except PlanError as error:
                problem = GestureProblem(gesture=name, begun=begun, code=error.code, detail=str(error))
                problems.setdefault((name, str(error)), problem)
                continue
            if begun == HOME and reach is scene.reach:
                ends.setdefault(name, found.goal_deg or home.angles_deg)
    return tuple(problems.values())


def _has_its_joint(gesture: Gesture, scene: MotionScene) -> bool:
    return not isinstance(gesture, PointAt) or gesture.joint is None or gesture.joint in scene.joints
