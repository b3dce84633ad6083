"""One camera's frames to analyses: everything that is looked for in a picture, in one place and one order."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from vision.api import CameraState, Frame, FrameAnalysis, HandObservation, HandTracker, SiteObservation
from vision.bench import Bench, Zone, same_zones
from vision.bench_hands import hands_of_one
from vision.codes import CodeReader, pass_text
from vision.geometry import Array, CameraModel
from vision.kept_bench import kept_at, load_bench, save_bench
from vision.machine import Machine
from vision.nuts import look_at_joint
from vision.parts import locate_bodies
from vision.steadiness import Steadiness
from vision.tags import TagTracker
from vision.taught.reader import CheckReader, load_models
from vision.view import view_state
from vision.zones import ZoneWatcher


@dataclass(frozen=True, slots=True, kw_only=True)
class Want:
    """What is worth its time on the next frame. Tags, bodies, zones and the view are looked at on every frame."""

    hands: bool = False
    codes: bool = False
    joints: frozenset[str] = field(default_factory=frozenset)
    checks: frozenset[str] = field(default_factory=frozenset)
    models: frozenset[str] = field(default_factory=frozenset)
    """Ids of the models that the checks may be told by; a file with another id is not used."""
    zones: tuple[Zone, ...] | None = None
    """Zones drawn since the bench was put together; None = the bench's own."""
    machine: Machine | None = None
    """Where the links of the machine at the bench are; None = nobody knows."""
    empty_since_s: float | None = None
    """When a technician said last that nobody and nothing foreign is on the bench: it is learned anew from then on."""


class Pipeline:
    """Analyses the frames of one camera, in order of time. Belongs to one thread: the camera's analysis thread."""

    def __init__(
        self,
        bench: Bench,
        camera: CameraModel,
        hand_tracker: HandTracker | None = None,
        *,
        hands_every: int = 2,
        kept: Path | None = None,
        starts_empty: bool = True,
        taught: Path | None = None,
        owns_tracker: bool = False,
        before: Mapping[int, Array] = MappingProxyType({}),
    ) -> None:
        """The hand tracker sees every `hands_every`-th frame of this camera alone; whoever made it closes it, unless
        the pipeline owns it. `taught` is the folder of the models of taught checks. `before` as `Steadiness` has it.

        `kept` is the folder of pictures of the empty bench. Without one of this camera, whoever starts the pipeline
        answers for it with `starts_empty` that nobody rests on the bench meanwhile; else zones stay unknown until a
        technician says that the bench is empty.
        """
        self._bench = bench
        self._camera = camera
        self._hand_tracker = hand_tracker
        self._hands_every = hands_every
        self._frames = 0
        self._tags = TagTracker(frozenset(bench.tags))
        self._zone_outlines = bench.zones
        self._empty_since_s: float | None = None
        self._kept_at = kept_at(kept, camera) if kept is not None else None
        empty = load_bench(self._kept_at) if self._kept_at is not None else None
        self._zones = ZoneWatcher(bench, camera, starts_empty=starts_empty and empty is None, empty=empty)
        self._codes = CodeReader()
        self._steadiness = Steadiness(bench.fixture, camera, before)
        self._taught = taught
        self._owns_tracker = owns_tracker
        self._models: frozenset[str] = frozenset()
        self._checks = CheckReader(bench, camera, {})

    def analyse(self, frame: Frame, want: Want) -> FrameAnalysis:
        """Everything seen in the frame. A frame of a bad state carries its state and tags, and claims nothing else.

        Raises ValueError when the picture has not the size of the calibration.
        """
        import cv2

        height, width = frame.image.shape[:2]
        if (width, height) != (self._camera.width_px, self._camera.height_px):
            raise ValueError(
                f"camera {frame.camera} sends {width}x{height} but is calibrated for {self._camera.width_px}x"
                f"{self._camera.height_px}; set the size in the station file or calibrate again"
            )
        grey = np.asarray(cv2.cvtColor(frame.image, cv2.COLOR_BGR2GRAY), dtype=np.uint8)
        tags = self._tags.find(grey)
        state = view_state(grey, tags, self._bench.fixture, self._camera)
        if state is CameraState.GOOD and self._steadiness.moved(tags):
            state = CameraState.MOVED
        if state is not CameraState.GOOD:
            return FrameAnalysis(camera=frame.camera, seq=frame.seq, t_mono_s=frame.t_mono_s, state=state, tags=tags)
        self._frames += 1
        look_for_hands = want.hands and self._hand_tracker is not None and self._frames % self._hands_every == 0
        hands = self._hand_tracker.track(frame) if look_for_hands and self._hand_tracker is not None else ()
        codes = self._codes.read(grey) if want.codes else ()
        self._watch(want)
        sight = self._zones.look(frame.image, frame.t_mono_s, hands, want.machine)
        said = self._zones.said_empty()
        if said is not None and self._kept_at is not None:
            save_bench(self._kept_at, said)
        return FrameAnalysis(
            camera=frame.camera,
            seq=frame.seq,
            t_mono_s=frame.t_mono_s,
            state=state,
            hands=hands,
            hands_known=look_for_hands,
            busy_zones=sight.busy,
            people=sight.people,
            people_known=sight.people_known,
            tags=tags,
            bench_hands=hands_of_one(hands, self._camera, self._bench.hand_height_mm, frame.t_mono_s),
            bodies=locate_bodies(self._bench.bodies, tags, self._camera),
            sites=self._sites(frame.image, want, hands),
            code_text=pass_text(codes),
            codes=codes,
            checks=self._checks.read(frame.image, want.checks, tags, hands, sight.people),
        )

    def close(self) -> None:
        """Free the tag detector, and a hand tracker of its own."""
        self._tags.close()
        if self._owns_tracker and self._hand_tracker is not None:
            self._hand_tracker.close()

    def _watch(self, want: Want) -> None:
        """Watch other zones and use other models from this frame on; learn the bench anew after a technician's word."""
        wanted = self._bench.zones if want.zones is None else want.zones
        if not same_zones(wanted, self._zone_outlines):
            self._zone_outlines = wanted
            self._zones.draw(wanted)
        if want.models != self._models:
            self._models = want.models
            models, _ = load_models(self._taught, self._bench, self._camera)
            used = {name: model for name, model in models.items() if model.id in want.models}
            self._checks = CheckReader(self._bench, self._camera, used)
        if want.empty_since_s is not None and want.empty_since_s != self._empty_since_s:
            self._empty_since_s = want.empty_since_s
            self._zones.bench_is_empty()

    def _sites(
        self, image: NDArray[np.uint8], want: Want, hands: tuple[HandObservation, ...]
    ) -> tuple[SiteObservation, ...]:
        wanted = (joint for joint in self._bench.joints if joint.name in want.joints)
        return tuple(look_at_joint(joint, image, self._camera, hands) for joint in wanted)
