"""A camera before which somebody holds a board where the page asks for it: rendered pictures, for the pages' tests."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from support.rendered_board import CHARUCO, SIZE_PX, Shot, aimed
from support.scripted_desk import Clock, ScriptedDesk

from calibration.board_measure import board_artefact, print_scale
from calibration.store import Store
from station.web.calibrate_camera_desk import LensCamera, LensWorkshop
from station.web.desk import Shown
from vision.api import Frame

CAMERA = "side"
UTC = "2026-11-26T04:00:00+00:00"
EVERY_S = 0.4


@dataclass(slots=True)
class HeldBoard:
    """Gives the next picture whenever one is asked for. The board goes on when it was taken, about into the outline."""

    desk: ScriptedDesk
    clock: Clock
    given: int = 0
    away: bool = False
    taken: int = -1
    picture: np.ndarray = field(default_factory=lambda: np.zeros(SIZE_PX[::-1], dtype=np.uint8))
    rng: np.random.Generator = field(default_factory=lambda: np.random.default_rng(7))
    shown: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def frame(self, camera: str) -> Frame | None:
        """The newest picture of the only camera that there is."""
        if camera != CAMERA:
            return None
        with self.lock:
            self._follow()
            grey = np.full(SIZE_PX[::-1], 120, dtype=np.uint8) if self.away else self.picture
            self.given += 1
            self.clock.s += EVERY_S
            image = cv2.cvtColor(grey, cv2.COLOR_GRAY2BGR)
            return Frame(camera=camera, seq=self.given, t_mono_s=self.clock.s, image=image)

    def stream(self, ended: threading.Event) -> None:
        """Keep the page's picture fresh, whether or not anybody searches it."""
        while not ended.wait(0.1):
            with self.lock:
                grey = np.full(SIZE_PX[::-1], 120, dtype=np.uint8) if self.away else self.picture
                self.shown += 1
                self.clock.s += 1e-3
                seq, now_s = self.shown, self.clock.s
            jpeg = cv2.imencode(".jpg", grey)[1].tobytes()
            overlay = {"camera": CAMERA, "seq": seq, "width_px": SIZE_PX[0], "height_px": SIZE_PX[1]}
            self.desk.see(Shown(seq=seq, t_mono_s=now_s, jpeg=jpeg, overlay=overlay), CAMERA)

    def _follow(self) -> None:
        assert self.desk.workshop is not None
        state = self.desk.workshop.look(CAMERA).state
        if state is not None and state.target is not None and len(state.views) != self.taken:
            self.taken = len(state.views)
            pose = aimed(state.target.camera_from_board, self.rng)
            self.picture = Shot(camera_from_board=pose, seed=self.given).grey()


def with_board(store: Path) -> None:
    """A store in which the board was measured."""
    artefact = board_artefact(
        print_scale(CHARUCO, 240.0), None, printed_mm=240.0, made_utc=UTC, by="Ken", software="test"
    )
    Store(store).put_in_force(artefact, utc=UTC, by="Ken", why="measured")


def workshop_of(held: HeldBoard, store: Path) -> LensWorkshop:
    """Two cameras, one of which gives pictures."""
    return LensWorkshop(
        cameras=tuple(
            LensCamera(name=name, width_px=SIZE_PX[0], height_px=SIZE_PX[1], part_mm=500.0) for name in ("top", CAMERA)
        ),
        store=store,
        frame=held.frame,
        visit=lambda: held.desk.now is not None and held.desk.now.phase == "running",
        utc=lambda: UTC,
        software="test",
    )
