"""Pictures of the cap by the bench's cameras, on good and bad days; the truth is kept beside them, not in them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from station.simulation.evaluation.chance import Rng, days, hand_over, one_of, person
from station.simulation.teaching.cap import ALMOST_MM, COLOURS, RAISED_MM, SOCKET, cap, socket
from vision.api import Picture
from vision.bench import Bench, TaughtCheck
from vision.geometry import CameraModel
from vision.scene import Placed, Scene
from vision.sim import SceneRenderer
from vision.sim_disturbances import Disturbances, disturbed


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Shot:
    """One picture of one camera."""

    camera: str
    image: Picture
    state: str
    """The truth."""
    hidden: bool
    """A hand is over it: nobody could tell."""
    blur_px: float
    gain: float


class CapStage:
    """Draws the cap on a bench. Deterministic in the seed and the index of a shot."""

    def __init__(self, bench: Bench, static: tuple[Placed, ...], *, seed: int) -> None:
        self._bench = bench
        self._seed = seed
        self._renderers = {
            camera.name: SceneRenderer(camera, (*static, socket()), seed=seed) for camera in bench.cameras
        }

    def teaching(self, check: TaughtCheck, camera: str, each: int) -> Iterator[Shot]:
        """`each` shots of every state as a technician would take them: the bench's own light, small changes of it."""
        for index in range(each):
            for state in check.states:
                rng = np.random.default_rng((self._seed, 1, check.states.index(state), index))
                day = Disturbances(
                    gain=float(rng.uniform(0.75, 1.2)),
                    gradient=(float(rng.uniform(-0.1, 0.1)), float(rng.uniform(-0.1, 0.1))),
                    defocus_px=float(rng.uniform(0.0, 1.0)),
                )
                yield self._shot(check, camera, state, rng, day, hand=False)

    def trying(self, check: TaughtCheck, camera: str, count: int, *, hands: float = 0.2) -> Iterator[Shot]:
        """`count` shots of any state on the days of the evaluation set: light, shadows, glare, blur, noise, hands."""
        for index in range(count):
            rng = np.random.default_rng((self._seed, 2, index))
            day = days(rng, self._bench, SOCKET.translation_mm.reshape(1, 3))[camera]
            yield self._shot(check, camera, one_of(rng, check.states), rng, day, hand=float(rng.random()) < hands)

    def almost(self, check: TaughtCheck, camera: str, count: int) -> Iterator[Shot]:
        """`count` shots of a cap that is raised by less than any example was, on the same days, without hands."""
        for index in range(count):
            rng = np.random.default_rng((self._seed, 3, index))
            day = days(rng, self._bench, SOCKET.translation_mm.reshape(1, 3))[camera]
            yield self._shot(check, camera, "raised", rng, day, hand=False, raised_mm=ALMOST_MM)

    def _shot(
        self,
        check: TaughtCheck,
        camera: str,
        state: str,
        rng: Rng,
        day: Disturbances,
        *,
        hand: bool,
        raised_mm: tuple[float, float] = RAISED_MM,
    ) -> Shot:
        model = self._bench.camera(camera)
        variant = check.kind == "variant"
        seated = state if not variant else "none" if state == "none" else "seated"
        colour = COLOURS[state] if variant and state != "none" else COLOURS["blue"]
        placed = cap(seated, rng, colour, raised_mm=raised_mm)
        hands = (hand_over(rng, SOCKET.translation_mm, person(rng)),) if hand else ()
        scene = Scene(placed=placed, hands=hands)
        image = _image(self._renderers[camera], scene, day, model, seed=self._seed, index=int(rng.integers(1 << 30)))
        return Shot(camera=camera, image=image, state=state, hidden=hand, blur_px=day.blur_px, gain=day.gain)


def _image(
    renderer: SceneRenderer, scene: Scene, day: Disturbances, camera: CameraModel, *, seed: int, index: int
) -> Picture:
    return disturbed(renderer.optical((scene,)), day, camera, seed=seed, frame_index=index)
