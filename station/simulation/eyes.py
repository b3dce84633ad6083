"""What the simulated cameras give: real trackers on rendered pixels, or readings from a noise model without pixels."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from station.simulation.bad_views import LATE_S, SEEN_AS, BadView, spoiled
from station.simulation.world import Hand, Point, World
from vision.api import (
    BodyObservation,
    CameraState,
    FactValue,
    Frame,
    FrameAnalysis,
    HandTracker,
    PersonOutline,
    SiteObservation,
)
from vision.bench import Bench
from vision.cameras.repeats import FROZEN_S, Repeat, RepeatGate
from vision.geometry import CameraModel, Transform
from vision.pipeline import Pipeline, Want
from vision.pose_fit import LASTING_SHARE, moved_by
from vision.sim import SceneRenderer
from vision.worker import CameraTrouble
from vision.zones import PERSON_ABOVE_MM

HAND_FORWARD_MM = 120.0
"""Fingertips of an open hand before the middle of its palm, and what the outline adds."""
HAND_SIDE_MM = 70.0
VIEW_FROM_MM = -270.0
"""Where the bench ends for the cameras, at hand height on the visitor's side."""


class Eyes(Protocol):
    """One camera with everything behind it."""

    camera: str

    def see(self, now_s: float, want: Want) -> FrameAnalysis | CameraTrouble | None:
        """Take one picture now and analyse it; None when the camera delivers nothing, a trouble when that is known."""


class PixelEyes:
    """Renders the world and looks at the pixels with the real pipeline."""

    def __init__(
        self, world: World, bench: Bench, model: CameraModel, hands: HandTracker | None, *, seed: int, hands_every: int
    ) -> None:
        self.camera = model.name
        self._world = world
        self._renderer = SceneRenderer(model, world.static, seed=seed)
        self._pipeline = Pipeline(bench, model, hands, hands_every=hands_every)
        self._seq = 0
        self._last: NDArray[np.uint8] | None = None
        self._repeats = RepeatGate()

    def see(self, now_s: float, want: Want) -> FrameAnalysis | CameraTrouble | None:
        """One rendered frame through the real trackers, and before them what the capture does with it."""
        view = self._world.bad_views.get(self.camera)
        if view is BadView.SILENT:
            return None
        self._seq += 1
        if view is not BadView.FROZEN or self._last is None:
            image = self._renderer.render(self._world.scene(), self._seq, covered=view is BadView.COVERED)
            self._last = spoiled(image, view)
        taken_s = now_s - (LATE_S if view is BadView.LATE else 0.0)
        frame = Frame(camera=self.camera, seq=self._seq, t_mono_s=taken_s, image=self._last)
        repeat = self._repeats.judge(frame)
        if repeat is Repeat.NEW:
            return self._pipeline.analyse(frame, want)
        return _frozen(self.camera, now_s) if repeat is Repeat.FROZEN else None

    def close(self) -> None:
        """Free the trackers."""
        self._pipeline.close()


@dataclass(slots=True)
class _Resting:
    """Where a body was when its lasting error was drawn."""

    at_mm: NDArray[np.float64]
    error: NDArray[np.float64]
    """(6,), as `vision.api.BodyObservation.covariance` orders it."""


class NoisyEyes:
    """Readings as the trackers give them, drawn from the world's truth with noise, drop-outs and hidden things.

    Somewhat worse than what the trackers do on rendered pictures, blurred and noisy ones among them (a part with three
    tags before one camera, none hidden: 0.12 mm off in the median and 0.7 mm in the 95th percentile, against 0.35 and
    0.9 mm here; of 220 bare or hidden joints none taken for a nut; 2 % of readings unknown): the decisions get worse
    food than that. A pose's error is drawn from the covariance that the reading states, longest along the line of
    sight, and most of it stays while the body rests: it comes from the view, not from the frame.
    """

    ACROSS_MM = 0.16
    """Standard deviation of the position across the line of sight, along each axis."""
    ALONG_MM = 0.42
    TURN_DEG = 0.25
    RESTS_MM = 3.0
    """A body that has moved farther than this has another lasting error."""
    DROPPED = 0.02
    """Share of frames in which a body is not found although it could be; four times that while a hand carries it."""
    HIDDEN_MM = 45.0
    """A hand or tool within this of a joint hides it."""
    WRONG_SITE = 0.003
    """Share of single frames in which a fastener's reading is the opposite of the truth."""
    UNKNOWN_SITE = 0.03
    """Share of single frames that do not tell although nothing hides the joint."""

    def __init__(self, world: World, bench: Bench, camera: str, rng: random.Random) -> None:
        self.camera = camera
        self._world = world
        self._bench = bench
        self._rng = rng
        self._seq = 0
        self._frozen_since_s: float | None = None
        self._resting: dict[str, _Resting] = {}
        self._sigmas = np.array([self.ACROSS_MM] * 2 + [self.ALONG_MM] + [math.radians(self.TURN_DEG)] * 3)
        self._axes = np.eye(6)
        """Columns: the camera's x, y and line of sight in the bench frame, then the bench's axes for the rotation."""
        self._axes[:3, :3] = bench.camera(camera).camera_from_bench.rotation.T

    def see(self, now_s: float, want: Want) -> FrameAnalysis | CameraTrouble | None:
        """One set of readings."""
        world = self._world
        view = world.bad_views.get(self.camera)
        if view is BadView.SILENT:
            return None
        if view is BadView.FROZEN:
            self._frozen_since_s = now_s if self._frozen_since_s is None else self._frozen_since_s
            return _frozen(self.camera, now_s) if now_s - self._frozen_since_s >= FROZEN_S else None
        self._frozen_since_s = None
        self._seq += 1
        taken_s = now_s - (LATE_S if view is BadView.LATE else 0.0)
        if view is not None and view in SEEN_AS:
            return FrameAnalysis(camera=self.camera, seq=self._seq, t_mono_s=taken_s, state=SEEN_AS[view])
        with world.lock:
            return FrameAnalysis(
                camera=self.camera,
                seq=self._seq,
                t_mono_s=taken_s,
                state=CameraState.GOOD,
                hands_known=True,
                busy_zones={zone.name: self._busy(zone.outline_mm) for zone in self._bench.zones},
                people=tuple(_outline(hand.at_mm, self._bench.hand_height_mm) for hand in self._hands_in_view()),
                people_known=True,
                bodies=tuple(self._body(name, pose) for name, pose in world.poses.items() if self._found(name)),
                sites=tuple(self._site(joint.name, joint.bench_mm) for joint in self._bench.joints),
                code_text=world.card_text if world.card_text and want.codes and self._shown() else None,
            )

    def _found(self, body: str) -> bool:
        carried = any(hand.holding == body for hand in self._world.hands.values())
        return self._rng.random() > self.DROPPED * (4.0 if carried and body != "tool" else 1.0)

    def _body(self, name: str, pose: Transform) -> BodyObservation:
        resting = self._resting.get(name)
        if resting is None or float(np.linalg.norm(resting.at_mm - pose.translation_mm)) > self.RESTS_MM:
            resting = _Resting(at_mm=pose.translation_mm, error=self._error(LASTING_SHARE))
            self._resting[name] = resting
        return BodyObservation(
            body=name,
            bench_from_body=moved_by(pose, resting.error + self._error(1.0 - LASTING_SHARE)),
            tag_ids=(),
            rms_px=0.2,
            covariance=self._axes @ np.diag(self._sigmas**2) @ self._axes.T,
        )

    def _error(self, share: float) -> NDArray[np.float64]:
        """(6,) drawn from that share of the covariance."""
        drawn = np.array([self._rng.gauss(0.0, sigma) for sigma in self._sigmas])
        return np.asarray(math.sqrt(share) * self._axes @ drawn)

    def _busy(self, outline: np.ndarray) -> bool:
        low, high = outline.min(axis=0) - 20.0, outline.max(axis=0) + 20.0
        for hand in self._world.hands.values():
            for reach in (0.0, 60.0, -60.0):
                point = np.add(hand.at_mm[:2], (0.0, reach))
                if bool(np.all(point >= low) and np.all(point <= high)):
                    return True
        return False

    def _hands_in_view(self) -> list[Hand]:
        """Hands whose fingers are over the bench; the cameras see no farther."""
        return [hand for hand in self._world.hands.values() if hand.at_mm[1] + HAND_FORWARD_MM > VIEW_FROM_MM]

    def _site(self, joint: str, bench_mm: np.ndarray) -> SiteObservation:
        near = [np.add(hand.at_mm[:2], (0.0, 60.0)) for hand in self._world.hands.values()]
        if "tool" in self._world.poses:
            near.append(self._world.poses["tool"].translation_mm[:2])
        hidden = any(float(np.linalg.norm(point - bench_mm[:2])) < self.HIDDEN_MM for point in near)
        if hidden or not self._part_is_there(bench_mm):
            return SiteObservation(joint=joint, value=FactValue.UNKNOWN, score=0.5, reason="hidden")
        if self._rng.random() < self.UNKNOWN_SITE:
            return SiteObservation(joint=joint, value=FactValue.UNKNOWN, score=0.5, reason="unclear")
        there = (joint in self._world.nuts) is not (self._rng.random() < self.WRONG_SITE)
        value = FactValue.PRESENT if there else FactValue.ABSENT
        return SiteObservation(joint=joint, value=value, score=0.9 if there else 0.1, reason="")

    def _part_is_there(self, bench_mm: np.ndarray) -> bool:
        parts = {part.id for part in self._world.procedure.parts}
        return any(
            float(np.linalg.norm(pose.translation_mm[:2] - bench_mm[:2])) < 120.0
            for name, pose in self._world.poses.items()
            if name in parts
        )

    def _shown(self) -> bool:
        return self._world.hands["left"].at_mm[1] > -320.0


def _frozen(camera: str, now_s: float) -> CameraTrouble:
    return CameraTrouble(
        camera=camera,
        code="camera.frozen",
        detail=f"Camera {camera} shows one and the same picture; unplug it and plug it in again.",
        t_mono_s=now_s,
    )


def _outline(palm_mm: Point, hand_height_mm: float) -> PersonOutline:
    """A hand and its forearm as the zone watcher gives them: from the fingertips to the visitor's edge, and wider."""
    x, y, _ = palm_mm
    near, far = min(y, VIEW_FROM_MM) - 20.0, y + HAND_FORWARD_MM
    corners = [(x - HAND_SIDE_MM, near), (x + HAND_SIDE_MM, near), (x + HAND_SIDE_MM, far), (x - HAND_SIDE_MM, far)]
    z_mm = (0.0, hand_height_mm + PERSON_ABOVE_MM)
    return PersonOutline(outline_mm=np.array(corners), z_mm=z_mm, cues=("skin", "reach"))


MakeEyes = Callable[[World, Bench], tuple[Eyes, ...]]
