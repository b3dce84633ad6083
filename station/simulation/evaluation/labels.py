"""The truth of every fact from where things are, and whether a person could tell it from the pictures.

A person could see, by this set's definition, when at least `LEAST_SHOWN` of the thing's face is in the picture of one
camera with nothing in front of it, and that picture is at that place no more blurred than `MOST_BLUR_PX`, between
`LIGHT` times as bright as calibrated, veiled by no more than `MOST_GLARE` levels, with no more than `MOST_NOISE` levels
of noise, and compressed no harder than `LEAST_JPEG`. How far a thing is from a limit nobody sees to less than
`BY_EYE_MM` or `BY_EYE_DEG`; what is not on the bench at all cannot be seen. Figures chosen once, for people; none of
them comes from what the eyes get right.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from station.simulation.evaluation.stage import PEOPLE, Situation, Stage
from station.simulation.evaluation.truth import BodyTruth, Label
from station.simulation.evaluation.visibility import OFF_SURFACE_MM, Obstacles, flesh_balls, obstacles_of, shown
from vision.bench import Watch, WatchCheck, WatchCode, WatchFastener, WatchHands, WatchPart, WatchTool, WatchUnit
from vision.geometry import Array, CameraModel, Transform
from vision.sim_disturbances import Disturbances, light_at

LEAST_SHOWN = 0.8
MOST_BLUR_PX = 2.0
LIGHT = (0.3, 1.6)
MOST_GLARE = 60.0
MOST_NOISE = 12.0
LEAST_JPEG = 25
BY_EYE_MM, BY_EYE_DEG = 1.0, 1.0
NUT_FACE_MM = 9.0
"""Radius of a nut's face."""
NUT_MIDDLE_MM = 8.0
"""Height over the joint at which a nut or the end of the bare stud is looked at."""
TOOL_ABOVE_MM, TOOL_OFF_ABOVE_MM = (-12.0, 32.0), (-18.0, 40.0)
"""Heights of the tip over a joint: at it, and surely off it outside of the second."""
TOOL_UPRIGHT_DEG, TOOL_FALLEN_DEG = 20.0, 25.0
HAND_MARGIN_MM = 60.0
"""Flesh that is nearer to a zone than this and not in it may be called either: a camera looks past it into the zone."""

Days = Mapping[str, Disturbances]
"""Camera -> what is wrong with its picture."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sight:
    """One moment as the cameras are shown it."""

    situation: Situation
    stage: Stage
    days: Days
    obstacles: Obstacles
    flesh_mm: tuple[Array, ...]
    """Of each hand, (K, 4) balls."""
    _bodies: dict[str, bool] = field(default_factory=dict)

    def body(self, name: str) -> bool:
        """Whether a person could see the body, which is on the bench."""
        if name not in self._bodies:
            self._bodies[name] = self.points(_tag_points(name, self.situation.bodies[name], self.stage))
        return self._bodies[name]

    def points(self, points_mm: Array) -> bool:
        """Whether one camera alone shows enough of the points, well enough."""
        return any(self._by(camera, points_mm) for camera in self.stage.bench.cameras)

    def anything(self) -> bool:
        """Whether one picture as a whole is good enough."""
        return any(_good(day) for day in self.days.values())

    def _by(self, camera: CameraModel, points_mm: Array) -> bool:
        day = self.days[camera.name]
        if not _good(day) or float(shown(points_mm, camera, self.obstacles).mean()) < LEAST_SHOWN:
            return False
        gain, glare = light_at(day, camera, points_mm)
        lit = LIGHT[0] <= float(gain.min()) and float(gain.max()) <= LIGHT[1]
        return bool(lit and float(glare.max()) <= MOST_GLARE)


def sight_of(situation: Situation, stage: Stage, days: Days) -> Sight:
    """The moment with everything that stands in the way."""
    return Sight(
        situation=situation,
        stage=stage,
        days=days,
        obstacles=obstacles_of(situation, stage),
        flesh_mm=tuple(flesh_balls(hand) for hand in situation.hands),
    )


def labels(sight: Sight) -> dict[str, Label]:
    """Every fact whose truth is beyond argument."""
    found: dict[str, Label] = {}
    for watch in sight.stage.watches:
        label = _label(watch, sight)
        if label is not None:
            found[watch.fact] = label
    in_view = any(_in_view(balls, sight.stage) for balls in sight.flesh_mm)
    if in_view or not sight.flesh_mm:
        found[PEOPLE] = Label(present=in_view, visible=sight.anything())
    return found


def bodies(sight: Sight) -> dict[str, BodyTruth]:
    """Where each tagged body is, and how much of its tags each camera is shown."""
    stage = sight.stage
    return {
        name: BodyTruth(
            bench_from_body=pose,
            shown={
                camera.name: float(shown(_tag_points(name, pose, stage), camera, sight.obstacles).mean())
                for camera in stage.bench.cameras
            },
        )
        for name, pose in sight.situation.bodies.items()
    }


def _label(watch: Watch, sight: Sight) -> Label | None:
    match watch:
        case WatchPart():
            return _part(watch, sight)
        case WatchFastener():
            face = sight.stage.bench_joint(watch.joint) + _disc(NUT_FACE_MM, NUT_MIDDLE_MM)
            return Label(present=watch.joint in sight.situation.nuts, visible=sight.points(face))
        case WatchTool():
            return _tool(watch, sight)
        case WatchHands():
            return _hands(watch, sight)
        case WatchCode():
            return _code(sight)
        case WatchCheck() | WatchUnit():
            return None


def _part(watch: WatchPart, sight: Sight) -> Label:
    pose = sight.situation.bodies.get(watch.body)
    if pose is None:
        return Label(present=False, visible=False)
    off_mm = pose.distance_to_mm(watch.bench_from_body)
    off_deg = pose.angle_to_deg(watch.bench_from_body)
    close_mm, close_deg = abs(off_mm - watch.within_mm) < BY_EYE_MM, abs(off_deg - watch.within_deg) < BY_EYE_DEG
    # A limit that is close does not matter where the other one is plainly broken.
    beyond = off_mm >= watch.within_mm + BY_EYE_MM or off_deg >= watch.within_deg + BY_EYE_DEG
    by_eye = beyond or not (close_mm or close_deg)
    present = off_mm <= watch.within_mm and off_deg <= watch.within_deg
    return Label(present=present, visible=by_eye and sight.body(watch.body))


def _tool(watch: WatchTool, sight: Sight) -> Label | None:
    pose = sight.situation.bodies.get(watch.tool)
    if pose is None:
        return Label(present=False, visible=False)
    joint = next(joint for joint in sight.stage.bench.joints if joint.name == watch.joint)
    away = pose.translation_mm - joint.bench_mm
    above_mm = float(away @ joint.axis)
    off_mm = float(np.linalg.norm(away - above_mm * joint.axis))
    tilt_deg = float(np.degrees(np.arccos(np.clip(pose.rotation[:, 2] @ joint.axis, -1.0, 1.0))))
    low_mm, high_mm = TOOL_ABOVE_MM
    at_joint = off_mm <= watch.within_mm and low_mm <= above_mm <= high_mm and tilt_deg <= TOOL_UPRIGHT_DEG
    low_mm, high_mm = TOOL_OFF_ABOVE_MM
    off = off_mm > watch.leave_mm or not low_mm <= above_mm <= high_mm or tilt_deg > TOOL_FALLEN_DEG
    if not at_joint and not off:
        return None
    return Label(present=at_joint, visible=sight.body(watch.tool))


def _hands(watch: WatchHands, sight: Sight) -> Label | None:
    import cv2

    zone = next(zone for zone in sight.stage.bench.zones if zone.name == watch.zone)
    outline = zone.outline_mm.astype(np.float32)
    low, high = zone.outline_mm.min(axis=0) - HAND_MARGIN_MM, zone.outline_mm.max(axis=0) + HAND_MARGIN_MM
    near = False
    for balls in sight.flesh_mm:
        reach = balls[:, 3:]
        about = balls[((balls[:, :2] + reach >= low) & (balls[:, :2] - reach <= high)).all(axis=1)]
        for x, y, z, radius in about:
            inwards = float(cv2.pointPolygonTest(outline, (float(x), float(y)), True))
            if inwards > 0.0 and zone.z_mm[0] <= z <= zone.z_mm[1]:
                return Label(present=True, visible=sight.anything())
            near |= inwards > -HAND_MARGIN_MM - radius
    return None if near else Label(present=False, visible=sight.anything())


def _code(sight: Sight) -> Label | None:
    card = sight.situation.card
    if card is None:
        return Label(present=False, visible=sight.anything())
    half = card.size_mm / 2.0
    face = card.bench_from_card.apply(_grid((-half, half), (-half, half), OFF_SURFACE_MM))
    # A card that is half in the picture may be read or not.
    return Label(present=True, visible=True, text=card.text) if sight.points(face) else None


def _good(day: Disturbances) -> bool:
    """Whether the picture as a whole is within the bounds."""
    packed = day.jpeg_quality == 0 or day.jpeg_quality >= LEAST_JPEG
    lit = LIGHT[0] <= day.gain <= LIGHT[1]
    return packed and lit and day.blur_px <= MOST_BLUR_PX and day.noise_levels <= MOST_NOISE


def _in_view(balls_mm: Array, stage: Stage) -> bool:
    """Whether any flesh is in a picture; the forearm always leaves it."""
    for camera in stage.bench.cameras:
        pixels = camera.project(balls_mm[:, :3])
        size = np.array([camera.width_px, camera.height_px])
        if bool((np.isfinite(pixels) & (pixels >= 20.0) & (pixels <= size - 20.0)).all(axis=1).any()):
            return True
    return False


def _tag_points(body: str, pose: Transform, stage: Stage) -> Array:
    """(N, 3) points on the faces of a body's tags, bench frame."""
    tags = stage.bench.body(body).tags

    faces = []
    for mount in tags:
        half = 0.45 * mount.size_mm
        faces.append(mount.body_from_tag.apply(_grid((-half, half), (-half, half), OFF_SURFACE_MM)))
    return pose.apply(np.vstack(faces))


def _grid(x_mm: tuple[float, float], y_mm: tuple[float, float], z_mm: float) -> Array:
    x, y = np.meshgrid(np.linspace(*x_mm, 3), np.linspace(*y_mm, 3))
    return np.column_stack([x.ravel(), y.ravel(), np.full(x.size, z_mm)])


def _disc(radius_mm: float, z_mm: float) -> Array:
    """(N, 3) points on a level disc."""
    angles = np.linspace(0.0, 2.0 * np.pi, 16, endpoint=False)
    radii = np.array([radius_mm] * 16 + [radius_mm / 2.0] * 16 + [0.0])
    around = np.array([*angles, *angles, 0.0])
    return np.column_stack([radii * np.cos(around), radii * np.sin(around), np.full(len(radii), z_mm)])
