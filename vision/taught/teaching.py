"""Teaching a check: an example is taken or refused with a reason; a training makes a model file."""

from __future__ import annotations

from pathlib import Path

from vision.api import FrameAnalysis, Picture
from vision.bench import Body, TaughtCheck
from vision.geometry import CameraModel
from vision.taught.examples import kept, patch_of
from vision.taught.features import light_of
from vision.taught.gates import hiding_gate, light_gate, registration_gate, view_gate
from vision.taught.model import TaughtModel
from vision.taught.model_file import save_model
from vision.taught.rectify import RegionView, registration_of, stance_of, view_of
from vision.taught.training import Shown, train


def example_of(view: RegionView, image: Picture, analysis: FrameAnalysis, fixture: Body) -> tuple[Picture | None, str]:
    """The patch that may be kept as an example, or the reason why not. `analysis` is of this very picture."""
    registration = registration_of(analysis.tags, fixture, view.camera)
    why = view_gate(view) or registration_gate(registration, view) or hiding_gate(view, analysis.hands, analysis.people)
    if why:
        return None, why
    patch = view.patch(image, registration.correction_px)
    why = light_gate(*light_of(patch), burnt_before=1.0)
    return (None, why) if why else (patch, "")


def train_check(
    folder: Path, check: TaughtCheck, camera: CameraModel, *, calibration: str, date: str, person: str, software: str
) -> TaughtModel:
    """Train a check for a camera on all its kept examples, try it, and write the model, usable or not. Takes seconds.

    `date` is UTC, ISO. Raises OSError when the disk does not take it.
    """
    view = view_of(check, camera)
    read = [(each, patch) for each in kept(folder, view) if (patch := patch_of(each, view)) is not None]
    outcome = train(check.states, [Shown(patch=patch, state=each.state, moment=each.moment) for each, patch in read])
    stance = stance_of(view)
    model = TaughtModel(
        check=check.name,
        kind=check.kind,
        camera=camera.name,
        states=check.states,
        size_mm=stance.size_mm,
        region=stance.region,
        toward=stance.toward,
        px_per_mm=stance.px_per_mm,
        calibration=calibration,
        date=date,
        person=person,
        software=software,
        examples=tuple(each.id for each, _ in read),
        usable=outcome.usable,
        why=outcome.why,
        tried=outcome.tried,
        classifier=outcome.classifier,
    )
    return save_model(folder, model)
