"""One calibration of a camera from its first picture to its artefact: the capture, its pictures, and what is kept.

Not thread-safe: owned by whoever feeds it pictures.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from calibration.board import Board
from calibration.capture import CaptureState, Doing, Estimate, Guidance, Plan, begin, look, resumed, step, take
from calibration.corner_refinement import Grey
from calibration.detection import BoardFinder
from calibration.lens_artefact import captured, lens_artefact, lens_values
from calibration.lens_set_files import PICTURES, png_of, read_lens_set, set_text, write_lens_set
from calibration.observations import CalibrationError, CameraSize, LensSet
from calibration.picture_files import frames_of, pictures_of
from calibration.refusals import Refusal
from calibration.store import Store
from station.config.artefact import Artefact, ArtefactError, Kind, current_id, folder_of, read_artefact
from vision.geometry import Array

SETS = "sets"
"""Folder in a store with the observations that artefacts were made from."""


class LensSession:
    """Follows pictures, and keeps those that are taken."""

    def __init__(self, plan: Plan) -> None:
        self.state: CaptureState = begin(plan)
        self.refused: dict[str, str] = {}
        """Picture -> why it was not taken, of pictures that somebody chose."""
        self.counted: dict[str, int] = {}
        """Reason -> how often, of a live camera."""
        self._finder = BoardFinder(plan.board)
        self._pictures: list[tuple[str, bytes]] = []

    def see(self, grey: Grey, t_s: float) -> Guidance:
        """A picture of a live camera or a video; it is kept when its view is taken."""
        if self.state.done:
            return Guidance(doing=Doing.DONE, refusal=None, outline_px=None, held_share=0.0)
        seen = look(self.state, self._finder, grey, t_s)
        before = len(self.state.views)
        self.state, guidance = step(self.state, seen, t_s)
        if guidance.refusal is not None:
            reason = guidance.refusal.reason.value
            self.counted[reason] = self.counted.get(reason, 0) + 1
        if len(self.state.views) > before:
            self._pictures.append(png_of(grey))
        return guidance

    def add(self, name: str, grey: Grey, t_s: float) -> Refusal | None:
        """A picture that somebody chose: taken unless something is wrong with it."""
        seen = look(self.state, self._finder, grey, t_s)
        if isinstance(seen, Refusal):
            self.refused[name] = seen.text
            return seen
        self.state = take(self.state, seen, guide=False)
        self._pictures.append(png_of(grey))
        return None

    def drop_last(self) -> None:
        """Forget the view that was taken last: the rest is as if it had never been."""
        kept, pictures = self.state.views[:-1], self._pictures[:-1]
        state = begin(self.state.plan)
        for number, found in enumerate(kept, start=1):
            numbered = replace(found, view=replace(found.view, view=len(state.views)))
            state = take(state, numbered, guide=number == len(kept))
        self.state, self._pictures = state, pictures

    def resume(self) -> None:
        """Go on after it was enough."""
        self.state = resumed(self.state)

    def observations(self) -> LensSet:
        """The views with the names of their pictures."""
        views = tuple(
            replace(found.view, picture=sha) for found, (sha, _) in zip(self.state.views, self._pictures, strict=True)
        )
        return LensSet(camera=self.state.plan.camera, board=self.state.plan.board, views=views)

    def estimate(self) -> Estimate:
        """How good the lens is now. Raises CalibrationError `calibration.no_lens`."""
        return captured(self.state)

    def artefact(
        self, *, need_mm: float, inputs: Mapping[str, str], made_utc: str, days: int, by: str, software: str
    ) -> Artefact:
        """What would be kept. Raises CalibrationError `calibration.no_lens`."""
        refused = {**self.refused, **{reason: f"{count} pictures" for reason, count in self.counted.items()}}
        made_from = {f"picture {number}": sha for number, (sha, _) in enumerate(self._pictures)}
        observed = hashlib.sha256(set_text(self.observations()).encode()).hexdigest()
        return lens_artefact(
            self.state.plan,
            self.estimate(),
            self.state.coverage,
            need_mm=need_mm,
            refused=refused,
            inputs={**inputs, **made_from, "observations": observed},
            made_utc=made_utc,
            days=days,
            by=by,
            software=software,
        )

    def keep(self, store: Path, artefact: Artefact, *, why: str) -> Path:
        """Write pictures, observations and artefact, and put it in force where it is good.

        The file of the observations. Raises OSError; what was in force stays so then.
        """
        folder = store / SETS / artefact.id
        path = write_lens_set(folder, self.observations(), dict(self._pictures))
        kept = Store(store)
        if artefact.verdict.good:
            kept.put_in_force(artefact, utc=artefact.made_utc, by=artefact.by, why=why)
        else:
            kept.keep(artefact)
        return path


def session_of(
    camera: str, size: tuple[int, int], board: Board, part_mm: float, store: Path, serial: str = ""
) -> LensSession:
    """A session for pictures of (width, height), which knows the last calibration."""
    last = last_lens(store, camera, size)
    return LensSession(
        Plan(
            camera=CameraSize(camera=camera, width_px=size[0], height_px=size[1], serial=serial),
            board=board,
            distance_mm=part_mm,
            last=None if last is None else (last[0], last[1]),
        )
    )


def of_pictures(folder: Path, camera: str, board: Board, part_mm: float, store: Path) -> LensSession:
    """All pictures of a folder. Raises CalibrationError `calibration.no_pictures`."""
    session: LensSession | None = None
    for picture in pictures_of(folder):
        if session is None:
            session = session_of(camera, picture.grey.shape[::-1], board, part_mm, store)
        session.add(picture.name, picture.grey, picture.t_s)
    assert session is not None  # a folder without pictures is refused
    return session


def of_video(path: Path, camera: str, board: Board, part_mm: float, store: Path) -> LensSession:
    """A video of a board that somebody moves and holds still. Raises CameraError, CalibrationError."""
    session: LensSession | None = None
    for frame in frames_of(path):
        if session is None:
            session = session_of(camera, frame.grey.shape[::-1], board, part_mm, store)
        session.see(frame.grey, frame.t_s)
    if session is None:
        raise CalibrationError("calibration.no_pictures", f"{path} holds no frame; name another video")
    return session


def of_set(path: Path, part_mm: float, store: Path) -> LensSession:
    """A set that was kept, its pictures looked at again. Raises CalibrationError `calibration.not_readable`."""
    import cv2

    lens_set = read_lens_set(path)
    camera = lens_set.camera
    size = camera.width_px, camera.height_px
    session = session_of(camera.camera, size, lens_set.board, part_mm, store, camera.serial)
    for view in lens_set.views:
        grey = cv2.imread(str(path.parent / PICTURES / f"{view.picture}.png"), cv2.IMREAD_GRAYSCALE)
        if grey is None:
            what = f"picture {view.picture[:16]} of {path} is not there or damaged; put it back, or calibrate again"
            raise CalibrationError("calibration.not_readable", what)
        session.add(view.picture, np.asarray(grey, dtype=np.uint8), view.t_s)
    return session


def last_lens(store: Path, camera: str, size: tuple[int, int]) -> tuple[Array, Array, str] | None:
    """Lens, covariance and id of the lens in force, whatever its age; None where none fits this picture's size.

    A last calibration that cannot be read is none: it is only compared with.
    """
    try:
        identity = current_id(store, Kind.LENS, camera)
        if identity is None:
            return None
        artefact = read_artefact(folder_of(store, Kind.LENS, camera) / f"{identity}.json")
        if (artefact.result.get("width_px"), artefact.result.get("height_px")) != size:
            return None
        lens, covariance = lens_values(artefact)
    except (ArtefactError, CalibrationError):
        return None
    return (lens, covariance, identity) if bool(np.isfinite(lens).all()) else None
