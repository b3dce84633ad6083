"""Taught checks at run time: what a camera's picture says of each, or why it cannot tell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from vision.api import CheckObservation, HandObservation, PersonOutline, Picture, TagObservation
from vision.bench import Bench, TaughtCheck
from vision.geometry import CameraModel
from vision.taught.gates import hiding_gate, registration_gate, view_gate
from vision.taught.model import TaughtModel
from vision.taught.model_file import ModelFileError, load_model
from vision.taught.rectify import RegionView, Registration, registration_of, view_of

NOT_TAUGHT = "not taught"
NOT_USABLE = "not good enough"

Models = Mapping[str, TaughtModel]
"""Of one camera, by the check's name. Without one: not taught."""


def checks_of(bench: Bench, camera: str) -> tuple[TaughtCheck, ...]:
    """The checks that this camera looks at."""
    return tuple(check for check in bench.checks if not check.cameras or camera in check.cameras)


def load_models(folder: Path | None, bench: Bench, camera: CameraModel) -> tuple[Models, tuple[ModelFileError, ...]]:
    """The camera's models that can be read and fit, and what is wrong with the others."""
    models: dict[str, TaughtModel] = {}
    problems: list[ModelFileError] = []
    for check in checks_of(bench, camera.name):
        if folder is None:
            text = f"{check.name} has no folder for its models; name one under [station] checks."
            problems.append(ModelFileError("taught.missing", text))
            continue
        try:
            models[check.name] = load_model(folder, check, camera)
        except ModelFileError as problem:
            problems.append(problem)
    return models, tuple(problems)


class CheckReader:
    """Reads the taught checks of one camera."""

    def __init__(self, bench: Bench, camera: CameraModel, models: Models) -> None:
        self._fixture = bench.fixture
        self._camera = camera
        self._models = models
        self._views: dict[str, RegionView] = {
            check.name: view_of(check, camera) for check in checks_of(bench, camera.name)
        }
        self._never = {name: view_gate(view) for name, view in self._views.items()}

    def read(
        self,
        image: Picture,
        wanted: frozenset[str],
        tags: tuple[TagObservation, ...],
        hands: tuple[HandObservation, ...],
        people: tuple[PersonOutline, ...],
    ) -> tuple[CheckObservation, ...]:
        """What the picture, uint8 BGR, says of each wanted check that this camera looks at."""
        views = [view for name, view in self._views.items() if name in wanted]
        if not views:
            return ()
        registration = registration_of(tags, self._fixture, self._camera)
        return tuple(self._one(view, image, registration, hands, people) for view in views)

    def _one(
        self,
        view: RegionView,
        image: Picture,
        registration: Registration,
        hands: tuple[HandObservation, ...],
        people: tuple[PersonOutline, ...],
    ) -> CheckObservation:
        name = view.check.name
        model = self._models.get(name)
        if model is None:
            return _unknown(name, NOT_TAUGHT, "")
        if not model.usable or model.classifier is None:
            return _unknown(name, NOT_USABLE, model.id)
        why = self._never[name] or registration_gate(registration, view) or hiding_gate(view, hands, people)
        if why:
            return _unknown(name, why, model.id)
        guess = model.classifier.guess(view.patch(image, registration.correction_px))
        return CheckObservation(check=name, state=guess.state, score=guess.score, reason=guess.reason, model=model.id)


def _unknown(check: str, why: str, model: str) -> CheckObservation:
    return CheckObservation(check=check, state="", score=0.0, reason=why, model=model)
