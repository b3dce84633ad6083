"""Lenses calibrated on the technicians' page: one capture a camera, fed from the pictures that are looked at anyway.

Thread-safe. Pictures are searched for boards and lenses solved here, for tenths of a second: not from the server's
event loop. Only between visits: a visit that begins ends a capture.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from calibration.board_file import board_in_force, boards_in
from calibration.capture import CaptureState, Guidance
from calibration.lens_artefact import DAYS, NEED_MM
from calibration.lens_session import LensSession, session_of
from calibration.observations import CalibrationError
from calibration.picture_files import grey_of
from station.config.artefact import Artefact, ArtefactError
from station.config.station_values import CameraConfig
from station.core.procedure import Procedure
from vision.api import Frame

NEAREST_PART_MM = 50.0


class LensRefusedError(Exception):
    """A wish that is not carried out. `reason` is the end of the phrase's key `ui.lens.no.<reason>`."""

    code = "lens.refused"

    def __init__(self, reason: str, words: Mapping[str, str] | None = None) -> None:
        self.reason = reason
        self.words = words or {}
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class LensCamera:
    """A camera of the bench."""

    name: str
    width_px: int
    height_px: int
    part_mm: float
    """From it to the middle of the joints, along its view."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LensView:
    """One camera's calibration at one moment."""

    camera: LensCamera
    boards: tuple[str, ...]
    """That were measured."""
    visit: bool
    """Whether a visit is under way."""
    phase: str
    """`idle`, `capturing`, `result` or `kept`."""
    board: str = ""
    state: CaptureState | None = None
    guidance: Guidance | None = None
    artefact: Artefact | None = None
    """What would be kept, or was."""


@dataclass(slots=True)
class _Work:
    session: LensSession
    board: str
    inputs: Mapping[str, str]
    person: str
    guidance: Guidance | None = None
    artefact: Artefact | None = None
    kept: bool = False
    seq: int = -1
    busy: threading.Lock = field(default_factory=threading.Lock)


def lens_cameras(procedure: Procedure, cameras: tuple[CameraConfig, ...]) -> tuple[LensCamera, ...]:
    """A bench's cameras, with how far the work is from each."""
    return tuple(
        LensCamera(
            name=camera.name,
            width_px=camera.model.width_px,
            height_px=camera.model.height_px,
            part_mm=part_distance_mm(procedure, camera),
        )
        for camera in cameras
    )


def part_distance_mm(procedure: Procedure, camera: CameraConfig) -> float:
    """From a camera to the middle of the joints, along its view; from its place as the station file has it."""
    joints = [joint.position_mm for joint in procedure.joints] or [(0.0, 0.0, 0.0)]
    middle = camera.model.camera_from_bench.apply(np.mean(np.array(joints), axis=0))
    return max(NEAREST_PART_MM, float(middle[2]))


class LensWorkshop:
    """Of one station."""

    def __init__(
        self,
        *,
        cameras: tuple[LensCamera, ...],
        store: Path,
        frame: Callable[[str], Frame | None],
        visit: Callable[[], bool],
        utc: Callable[[], str],
        software: str,
    ) -> None:
        """`frame` gives the newest picture of a camera, `visit` whether a visit is under way, `utc` the wall clock as
        ISO text with offset.
        """
        self._cameras = {camera.name: camera for camera in cameras}
        self._store = store
        self._frame = frame
        self._visit = visit
        self._utc = utc
        self._software = software
        self._lock = threading.Lock()
        self._works: dict[str, _Work] = {}

    def has(self, camera: str) -> bool:
        """Whether there is such a camera."""
        return camera in self._cameras

    def look(self, camera: str) -> LensView:
        """Look at the newest picture where a capture waits for one; how things stand then."""
        work = self._work(camera)
        if self._visit() and work is not None and not work.kept:
            self._forget(camera)
            work = None
        if work is not None and work.artefact is None and work.busy.acquire(blocking=False):
            try:
                self._seen(camera, work)
            finally:
                work.busy.release()
        return self._view(camera, work)

    def begin(self, camera: str, board: str, person: str) -> None:
        """Start a capture anew. Raises LensRefusedError."""
        self._must_be_free()
        if not boards_in(self._store):
            raise LensRefusedError("no_board", {"detail": ""})
        try:
            artefact, held = board_in_force(self._store, board)
        except (CalibrationError, ArtefactError) as error:
            raise LensRefusedError("no_board", {"detail": str(error)}) from error
        spec = self._cameras[camera]
        session = session_of(camera, (spec.width_px, spec.height_px), held, spec.part_mm, self._store)
        with self._lock:
            self._works[camera] = _Work(session=session, board=held.name, inputs={"board": artefact.id}, person=person)

    def drop_last(self, camera: str) -> None:
        """Forget the picture that was taken last. Raises LensRefusedError."""
        work = self._open_work(camera)
        if not work.session.state.views:
            raise LensRefusedError("nothing")
        with work.busy:
            work.session.drop_last()
            work.artefact = None

    def stop(self, camera: str) -> None:
        """Let the pictures so far be enough. Raises LensRefusedError where they give no lens."""
        work = self._open_work(camera)
        with work.busy:
            if work.session.state.estimate is None:
                raise LensRefusedError("no_lens")
            work.artefact = self._artefact(work)

    def resume(self, camera: str) -> None:
        """Take more pictures where it was enough. Raises LensRefusedError."""
        work = self._open_work(camera)
        with work.busy:
            work.session.resume()
            work.artefact = None

    def discard(self, camera: str) -> None:
        """Forget everything that was taken; what is in force stays so."""
        self._forget(camera)

    def accept(self, camera: str) -> None:
        """Keep the result and put it in force. Raises LensRefusedError; the old one stays in force then."""
        self._must_be_free()
        work = self._open_work(camera)
        with work.busy:
            if work.artefact is None:
                raise LensRefusedError("nothing")
            if not work.artefact.verdict.good:
                raise LensRefusedError("not_good")
            try:
                work.session.keep(self._store, work.artefact, why="calibrated on the console")
            except OSError as error:
                raise LensRefusedError("disk", {"detail": error.strerror or str(error)}) from error
            work.kept = True

    def _seen(self, camera: str, work: _Work) -> None:
        frame = self._frame(camera)
        if frame is None or frame.seq == work.seq:
            return
        work.seq = frame.seq
        work.guidance = work.session.see(grey_of(frame.image), frame.t_mono_s)
        if work.session.state.done:
            work.artefact = self._artefact(work)

    def _artefact(self, work: _Work) -> Artefact:
        return work.session.artefact(
            need_mm=NEED_MM,
            inputs=work.inputs,
            made_utc=self._utc(),
            days=DAYS,
            by=work.person,
            software=self._software,
        )

    def _view(self, camera: str, work: _Work | None) -> LensView:
        view = LensView(camera=self._cameras[camera], boards=boards_in(self._store), visit=self._visit(), phase="idle")
        if work is None:
            return view
        phase = "kept" if work.kept else "result" if work.artefact is not None else "capturing"
        return replace(
            view,
            phase=phase,
            board=work.board,
            state=work.session.state,
            guidance=work.guidance,
            artefact=work.artefact,
        )

    def _work(self, camera: str) -> _Work | None:
        with self._lock:
            return self._works.get(camera)

    def _open_work(self, camera: str) -> _Work:
        work = self._work(camera)
        if work is None or work.kept:
            raise LensRefusedError("nothing")
        return work

    def _forget(self, camera: str) -> None:
        with self._lock:
            self._works.pop(camera, None)

    def _must_be_free(self) -> None:
        if self._visit():
            raise LensRefusedError("visit")
