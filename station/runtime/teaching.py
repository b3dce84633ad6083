"""The teaching of a station's checks: examples from the cameras' newest pictures, training, and the models in use.

Thread-safe. Models change between visits only: a visit keeps those that it began with, and its start document names
them.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path

from station.core.state import Phase, State
from station.runtime.teach_view import Confusion, Example, TaughtNow, TeachRefusedError, Trained
from vision.api import Frame, FrameAnalysis
from vision.bench import Bench, TaughtCheck
from vision.taught.examples import KeptExample, discard, keep, kept, patch_of
from vision.taught.model_file import ModelFileError, load_model
from vision.taught.reader import checks_of
from vision.taught.rectify import RegionView, view_of
from vision.taught.teaching import example_of, train_check

OLD_S = 1.0
"""A camera whose newest picture is older gives no examples."""
JPEG_QUALITY = 90


class CheckTeaching:
    """A `station.web.teach_desk.Teaching`."""

    def __init__(
        self,
        *,
        folder: Path,
        bench: Bench,
        calibration: Mapping[str, str],
        software: str,
        frame: Callable[[FrameAnalysis], Frame | None],
        analysis: Callable[[str], FrameAnalysis | None],
        state: Callable[[], State],
        now_s: Callable[[], float],
        utc: Callable[[], str],
    ) -> None:
        """`analysis` gives what was seen in a camera's newest picture, `frame` that very picture while it is there;
        `calibration` is camera -> id, `utc` the wall clock as ISO.
        """
        self._folder = folder
        self._bench = bench
        self._calibration = calibration
        self._software = software
        self._frame = frame
        self._analysis = analysis
        self._state = state
        self._now_s = now_s
        self._utc = utc
        self._lock = threading.Lock()
        self._training = ""
        self._views = {
            (check.name, camera.name): view_of(check, camera)
            for camera in bench.cameras
            for check in checks_of(bench, camera.name)
        }
        self._kept = self._read_kept()
        self._trained = self._read_trained()

    def ids(self) -> dict[str, str]:
        """`check NAME/CAMERA` -> id of the model in use, for a visit's start document and for who loads them."""
        with self._lock:
            return {
                f"check {check}/{trained.camera}": trained.model
                for check, found in self._trained.items()
                for trained in found
                if trained.usable and trained.model
            }

    def now(self) -> tuple[TaughtNow, ...]:
        """Every check of the work, in its order."""
        with self._lock:
            return tuple(
                TaughtNow(
                    check=check.name,
                    kind=check.kind,
                    states=check.states,
                    cameras=self._cameras(check),
                    examples=self._kept[check.name],
                    trained=self._trained[check.name],
                    training=self._training == check.name,
                )
                for check in self._bench.checks
            )

    def patch(self, check: str, camera: str) -> bytes | None:
        """The region as the camera sees it now, as a JPEG; None where it is not seen or is old."""
        import cv2

        view, seen = self._views.get((check, camera)), self._seen(camera)
        if view is None or seen is None:
            return None
        frame, _ = seen
        good, jpeg = cv2.imencode(".jpg", view.patch(frame.image), [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        return jpeg.tobytes() if good else None

    def example(self, example: str) -> bytes | None:
        """An example's picture as a JPEG; None where there is none."""
        import cv2

        for view, each in self._all_kept():
            patch = patch_of(each, view) if each.id == example else None
            if patch is not None:
                return cv2.imencode(".jpg", patch, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1].tobytes()
        return None

    def take(self, check: str, state: str, person: str) -> None:
        """Keep what every camera sees now as an example of a state. Raises TeachRefusedError."""
        taught = self._check(check)
        if state not in taught.states:
            raise TeachRefusedError(f"{check} has no state {state}; choose one of {', '.join(taught.states)}.")
        moment = datetime.fromisoformat(self._utc()).strftime("%Y%m%dT%H%M%S.%f")[:-3]
        reasons, taken = [], 0
        for camera in self._cameras(taught):
            seen, view = self._seen(camera), self._views[check, camera]
            if seen is None:
                reasons.append(f"camera {camera}: no fresh picture")
                continue
            frame, analysis = seen
            patch, why = example_of(view, frame.image, analysis, self._bench.fixture)
            if patch is None:
                reasons.append(f"camera {camera}: {why}")
                continue
            try:
                keep(self._folder, view, state, moment, patch, person=person)
            except OSError as error:
                raise TeachRefusedError(
                    f"The disk does not take it ({error.strerror}); make room, then again."
                ) from error
            taken += 1
        if not taken:
            raise TeachRefusedError(f"No example was taken ({'; '.join(reasons)}); mend that, then take it again.")
        with self._lock:
            self._kept = self._read_kept()

    def discard(self, example: str, person: str) -> None:
        """Forget an example. Raises TeachRefusedError."""
        for _, each in self._all_kept():
            if each.id == example:
                try:
                    discard(each)
                except OSError as error:
                    raise TeachRefusedError(
                        f"The disk does not let it go ({error.strerror}); check its rights, then discard it again."
                    ) from error
                with self._lock:
                    self._kept = self._read_kept()
                return
        raise TeachRefusedError("That example is not there any more; load the page again.")

    def train(self, check: str, person: str) -> None:
        """Train and try a check on all its examples, for each of its cameras. Raises TeachRefusedError."""
        taught = self._check(check)
        if self._state().phase is Phase.RUNNING:
            raise TeachRefusedError("A visit is under way and keeps its models; end it, then train.")
        with self._lock:
            if self._training:
                raise TeachRefusedError(f"{self._training} is being trained; wait a moment, then train.")
            self._training = check
        try:
            for camera in self._bench.cameras:
                if camera.name in self._cameras(taught):
                    train_check(
                        self._folder,
                        taught,
                        camera,
                        calibration=self._calibration.get(camera.name, ""),
                        date=self._utc(),
                        person=person,
                        software=self._software,
                    )
        except OSError as error:
            raise TeachRefusedError(
                f"The disk does not take the model ({error.strerror}); make room, train again."
            ) from error
        finally:
            trained = self._read_trained()
            with self._lock:
                self._training, self._trained = "", trained

    def _check(self, name: str) -> TaughtCheck:
        found = next((check for check in self._bench.checks if check.name == name), None)
        if found is None:
            raise TeachRefusedError(f"There is no check {name}; load the page again.")
        return found

    def _cameras(self, check: TaughtCheck) -> tuple[str, ...]:
        return tuple(camera.name for camera in self._bench.cameras if (check.name, camera.name) in self._views)

    def _seen(self, camera: str) -> tuple[Frame, FrameAnalysis] | None:
        """A camera's newest picture that was looked at, with what was seen in it: no hand can come between the two."""
        analysis = self._analysis(camera)
        if analysis is None or self._now_s() - analysis.t_mono_s > OLD_S:
            return None
        frame = self._frame(analysis)
        return None if frame is None else (frame, analysis)

    def _all_kept(self) -> list[tuple[RegionView, KeptExample]]:
        """Every example with its view, oldest first."""
        found = [(view, each) for view in self._views.values() for each in kept(self._folder, view)]
        return sorted(found, key=lambda pair: pair[1].moment)

    def _read_kept(self) -> dict[str, tuple[Example, ...]]:
        every = self._all_kept()
        return {
            check.name: tuple(
                Example(id=each.id, camera=each.camera, state=each.state)
                for view, each in every
                if view.check.name == check.name
            )
            for check in self._bench.checks
        }

    def _read_trained(self) -> dict[str, tuple[Trained, ...]]:
        found: dict[str, tuple[Trained, ...]] = {check.name: () for check in self._bench.checks}
        for camera in self._bench.cameras:
            for check in checks_of(self._bench, camera.name):
                try:
                    model = load_model(self._folder, check, camera)
                except ModelFileError as problem:
                    if problem.code != "taught.missing":
                        bad = Trained(camera=camera.name, usable=False, why=str(problem), confusions=(), model="")
                        found[check.name] += (bad,)
                    continue
                confused = tuple(
                    Confusion(state=each.state, told=each.told, count=each.count, of=each.of)
                    for each in model.tried.confused
                )
                found[check.name] += (
                    Trained(
                        camera=camera.name, usable=model.usable, why=model.why, confusions=confused, model=model.id
                    ),
                )
        return found
