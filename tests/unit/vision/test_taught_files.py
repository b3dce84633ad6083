"""Model files of taught checks: written whole, read back as they were, refused when anything about them is wrong."""

import hashlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from vision.api import CheckObservation, HandObservation, PersonOutline, TagObservation
from vision.bench import Bench, Body, TagMount, TaughtCheck
from vision.geometry import CameraModel, Transform, looking_at
from vision.taught import gates
from vision.taught.features import features_of
from vision.taught.model import Classifier, Confused, TaughtModel, Tried
from vision.taught.model_file import (
    HISTORY,
    ModelFileError,
    decode,
    encode,
    load_model,
    model_path,
    save_model,
    stale,
)
from vision.taught.reader import CheckReader, load_models
from vision.taught.rectify import BORDER_PX, patch_size_px, region_of, view_of

CAMERA = looking_at("top", position_mm=(0, 0, 900), target_mm=(0, 0, 0), focal_px=1100)
FIXTURE = Body(
    name="fixture",
    tags=tuple(
        TagMount(tag_id=n, size_mm=40.0, body_from_tag=Transform.of(x, y, 0))
        for n, (x, y) in enumerate(((-200, 120), (200, 120), (0, -150)))
    ),
)
CHECK = TaughtCheck(
    name="lid", kind="seated", bench_from_region=Transform.of(10, 20, 5), size_mm=(60.0, 40.0), states=("shut", "open")
)
TRIED = Tried(
    taken=20,
    taken_unknown=1,
    changed=160,
    changed_unknown=20,
    hidden=20,
    hidden_unknown=20,
    confused=(Confused(state="open", told="shut", count=1, of=10, how="partly hidden"),),
)


def picture(state: str = "shut", seed: int = 0) -> np.ndarray:
    """A bench of noise with a lid that is a dark square, or is not there."""
    rng = np.random.default_rng(seed)
    image = np.full((720, 1280, 3), 150, dtype=np.uint8)
    view = view_of(CHECK, CAMERA)
    cv2.fillConvexPoly(image, np.rint(view.corners_px).astype(np.int32), (90, 130, 170))
    if state == "shut":
        middle = view.corners_px.mean(axis=0)
        cv2.fillConvexPoly(image, np.rint(middle + (view.corners_px - middle) * 0.6).astype(np.int32), (160, 60, 30))
    return np.clip(image + rng.normal(scale=2.0, size=image.shape), 0, 255).astype(np.uint8)


def model(**changes: Any) -> TaughtModel:
    """A small model that knows the two pictures."""
    view = view_of(CHECK, CAMERA)
    patches = {state: view.patch(picture(state)) for state in CHECK.states}
    shut, opened = (features_of(patches[state]).astype(np.float64) for state in CHECK.states)
    middle = (shut + opened) / 2.0
    way = (shut - opened) / np.linalg.norm(shut - opened)
    points = np.array([[(shut - middle) @ way], [(opened - middle) @ way]])
    made = TaughtModel(
        check=CHECK.name,
        kind=CHECK.kind,
        camera=CAMERA.name,
        states=CHECK.states,
        size_mm=CHECK.size_mm,
        region=region_of(CHECK),
        toward=tuple(view.toward.tolist()),
        px_per_mm=view.px_per_mm,
        calibration="cal-7",
        date="2026-02-03T10:00:00Z",
        person="Ken",
        software="1.2",
        examples=("ab" * 32, "cd" * 32),
        usable=True,
        why="No state was told for another.",
        tried=TRIED,
        classifier=Classifier(
            states=CHECK.states,
            middle=middle.astype(np.float32),
            basis=way[None].astype(np.float32),
            weights=np.array([[20.0], [-20.0]], dtype=np.float32),
            bias=np.zeros(2, dtype=np.float32),
            points=points.astype(np.float32),
            owners=np.array([0, 1], dtype=np.int32),
            furthest=np.array([0.3, 0.3], dtype=np.float32),
            details=np.array([0.1, 0.1], dtype=np.float32),
            burnt=0.0,
        ),
    )
    return replace(made, **changes)


GOOD = encode(model())


def tags_seen(shift_px: float = 0.0) -> tuple[TagObservation, ...]:
    """The fixture's tags where the calibration puts them, or all shifted."""
    return tuple(
        TagObservation(tag_id=mount.tag_id, corners_px=CAMERA.project(mount.corners_mm()) + np.array([shift_px, 0.0]))
        for mount in FIXTURE.tags
    )


def bench(check: TaughtCheck = CHECK, camera: CameraModel = CAMERA) -> Bench:
    """A bench with one check."""
    return Bench(cameras=(camera,), fixture=FIXTURE, bodies=(), joints=(), zones=(), checks=(check,))


def read(
    models: dict[str, TaughtModel],
    image: np.ndarray,
    *,
    tags: tuple[TagObservation, ...] | None = None,
    hands: tuple[HandObservation, ...] = (),
    people: tuple[PersonOutline, ...] = (),
) -> CheckObservation:
    """What the reader says of one picture."""
    reader = CheckReader(bench(), CAMERA, models)
    (said,) = reader.read(image, frozenset({"lid"}), tags_seen() if tags is None else tags, hands, people)
    return said


def test_a_model_comes_back_as_it_was_written(tmp_path: Path) -> None:
    """It should have every figure again, be named by the hash of its file, and keep the one before."""
    first = save_model(tmp_path, model())
    path = model_path(tmp_path, "lid", "top")
    assert first.id == hashlib.sha256(path.read_bytes()).hexdigest()
    again = load_model(tmp_path, CHECK, CAMERA)
    assert encode(again) == path.read_bytes()
    assert (again.tried.confused, again.person, again.id) == (TRIED.confused, "Ken", first.id)
    second = save_model(tmp_path, model(person="Aya"))
    assert second.id != first.id
    assert load_model(tmp_path, CHECK, CAMERA).person == "Aya"
    (kept,) = (tmp_path / HISTORY).iterdir()
    assert hashlib.sha256(kept.read_bytes()).hexdigest() == first.id
    assert not list(tmp_path.rglob("*.part"))


def test_a_refused_training_is_a_file_as_well(tmp_path: Path) -> None:
    """It should keep why it cannot be used, without figures to be used by mistake."""
    save_model(tmp_path, model(usable=False, classifier=None, why="Too few examples."))
    back = load_model(tmp_path, CHECK, CAMERA)
    assert (back.usable, back.classifier, back.why) == (False, None, "Too few examples.")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example(at=1119, bits=1, cut=False)  # The head of an array is no longer closed.
@given(at=st.integers(0, len(GOOD) - 1), bits=st.integers(1, 255), cut=st.booleans())
def test_a_damaged_file_is_refused_or_is_another_model(at: int, bits: int, cut: bool) -> None:
    """It should never be taken for the file that was written, whichever byte is changed, and never raise otherwise."""
    data = GOOD[:at] if cut else GOOD[:at] + bytes([GOOD[at] ^ bits]) + GOOD[at + 1 :]
    try:
        other = decode(data, "lid.top.npz")
    except ModelFileError as refused:
        assert refused.code == "taught.damaged"
        assert "lid.top.npz" in str(refused)
        assert "train the check again" in str(refused)
    else:
        assert other.id != hashlib.sha256(GOOD).hexdigest()


@given(data=st.binary(max_size=400))
def test_arbitrary_bytes_are_no_model(data: bytes) -> None:
    """It should refuse them with a sentence."""
    with pytest.raises(ModelFileError):
        decode(data, "some file")


def test_a_model_with_arrays_that_do_not_fit_is_refused() -> None:
    """It should not be used when figures are missing, of another shape, or no numbers."""
    sound = model()
    assert sound.classifier is not None
    for changed in (
        {"bias": np.zeros(3, dtype=np.float32)},
        {"weights": np.full((2, 1), np.nan, dtype=np.float32)},
        {"owners": np.array([0, 7], dtype=np.int32)},
        {"middle": sound.classifier.middle[:-1]},
        {"points": sound.classifier.points.astype(np.float64)},
    ):
        with pytest.raises(ModelFileError, match=r"does not fit|do not fit"):
            decode(encode(replace(sound, classifier=replace(sound.classifier, **changed))), "it")


def test_a_model_is_used_for_the_view_it_was_taught_for_alone() -> None:
    """It should be stale when the region, the states or the camera's place are others; a small move is none."""
    sound = model()
    assert stale(sound, CHECK, CAMERA) == ""
    moved = looking_at("top", position_mm=(15, 0, 905), target_mm=(15, 0, 0), focal_px=1100)
    assert stale(sound, CHECK, moved) == ""
    elsewhere = looking_at("top", position_mm=(500, 0, 700), target_mm=(0, 0, 0), focal_px=1100)
    assert stale(sound, CHECK, elsewhere) == "another place of the camera"
    further = looking_at("top", position_mm=(0, 0, 1400), target_mm=(0, 0, 0), focal_px=1100)
    assert stale(sound, CHECK, further) == "another place of the camera"
    assert "other states" in stale(sound, replace(CHECK, states=("open", "shut")), CAMERA)
    assert stale(sound, replace(CHECK, bench_from_region=Transform.of(11, 20, 5)), CAMERA) == "another region"
    assert "check lid" in stale(sound, replace(CHECK, kind="gap"), CAMERA)


def test_what_is_wrong_with_a_model_is_told_and_it_is_not_used(tmp_path: Path) -> None:
    """It should load what fits, and say of the rest what to do."""
    models, (missing,) = load_models(tmp_path, bench(), CAMERA)
    assert (dict(models), missing.code) == ({}, "taught.missing")
    save_model(tmp_path, model())
    models, problems = load_models(tmp_path, bench(), CAMERA)
    assert (set(models), problems) == ({"lid"}, ())
    model_path(tmp_path, "lid", "top").write_bytes(b"not a model")
    models, (damaged,) = load_models(tmp_path, bench(), CAMERA)
    assert (dict(models), damaged.code) == ({}, "taught.damaged")
    assert read({}, picture()).reason == "not taught"
    said = read({"lid": model(usable=False)}, picture())
    assert (said.state, said.reason) == ("", "not good enough")


def test_every_gate_makes_it_unknown_with_its_reason() -> None:
    """It should tell the state when all is well; else say what stands in the way."""
    known = {"lid": model(id="abc")}
    assert [read(known, picture(state)).state for state in CHECK.states] == ["shut", "open"]
    assert read(known, picture()).model == "abc"
    palm = view_of(CHECK, CAMERA).corners_px.mean(axis=0)
    hand = HandObservation(
        landmarks_px=(palm + np.random.default_rng(1).uniform(-40, 40, (21, 2))).astype(np.float32),
        handedness="Left",
        score=0.9,
    )
    aside = replace(hand, landmarks_px=(hand.landmarks_px + 400).astype(np.float32))
    over = PersonOutline(outline_mm=np.array([[0, 0], [60, 0], [60, 60], [0, 60]]), z_mm=(0, 100), cues=("reach",))
    dark, bright = (np.clip(picture() * gain, 0, 255).astype(np.uint8) for gain in (0.1, 4.0))
    foreign = picture()
    corner = view_of(CHECK, CAMERA).corners_px.min(axis=0).astype(int)
    cv2.rectangle(foreign, corner.tolist(), (corner + np.array([25, 60])).tolist(), (240, 240, 240), -1)
    for said, reason in (
        (read(known, picture(), tags=()), gates.UNREGISTERED),
        (read(known, picture(), tags=tags_seen(6.0)), gates.SHIFTED),
        (read(known, picture(), hands=(hand,)), gates.BY_A_HAND),
        (read(known, picture(), people=(over,)), gates.BY_A_PERSON),
        (read(known, dark), gates.DARK),
        (read(known, bright), gates.BURNT),
        (read(known, foreign), gates.UNLIKE),
    ):
        assert (said.state, said.reason) == ("", reason)
    assert read(known, picture(), hands=(aside,)).state == "shut"


def test_a_blurred_patch_is_not_told() -> None:
    """It should be UNKNOWN when the structure that the examples had is gone."""
    classifier = model().classifier
    assert classifier is not None
    patch = view_of(CHECK, CAMERA).patch(picture())
    sharp = replace(classifier, details=np.array([3.0, 3.0], dtype=np.float32), furthest=np.full(2, 9, np.float32))
    assert sharp.guess(patch).state == "shut"
    soft = np.asarray(cv2.GaussianBlur(patch, (0, 0), 4.0), dtype=np.uint8)
    assert sharp.guess(soft).reason == gates.BLURRED


def test_a_region_that_a_camera_cannot_tell_is_never_judged() -> None:
    """It should say so: from the side, outside, too small."""
    flat = looking_at("top", position_mm=(0, -900, 150), target_mm=(0, 0, 0), up=(0, 0, 1), focal_px=1100)
    away = looking_at("top", position_mm=(700, 0, 900), target_mm=(700, 0, 0), focal_px=1100)
    far = looking_at("top", position_mm=(0, 0, 4000), target_mm=(0, 0, 0), focal_px=1100)
    told = [gates.view_gate(view_of(CHECK, camera)) for camera in (CAMERA, flat, away, far)]
    assert told == ["", gates.OBLIQUE, gates.OUTSIDE, gates.SMALL]


@settings(max_examples=40, deadline=None)
@given(
    x=st.floats(-150, 150), y=st.floats(-150, 150), roll=st.floats(-35, 35), yaw=st.floats(-180, 180),
    k1=st.floats(-0.15, 0.1),
)  # fmt: skip
def test_a_patch_is_upright_and_true_to_scale_from_everywhere(
    x: float, y: float, roll: float, yaw: float, k1: float
) -> None:
    """It should show a mark that lies in the region's upper right quarter there, whatever lens and perspective."""
    check = replace(CHECK, bench_from_region=Transform.of(x, y, 30, roll, 0, yaw))
    camera = looking_at(
        "top", position_mm=(0, 0, 900), target_mm=(0, 0, 0), focal_px=1100, distortion=(k1, 0.02, 0, 0, 0)
    )
    mark_mm = check.bench_from_region.apply([[11, 6, 0], [19, 6, 0], [19, 14, 0], [11, 14, 0]])
    image = np.zeros((720, 1280, 3), dtype=np.uint8)
    cv2.fillConvexPoly(image, np.rint(camera.project(mark_mm)).astype(np.int32), (255, 255, 255))
    view = view_of(check, camera)
    patch = view.patch(image)[..., 0].astype(np.float64)
    rows, columns = np.indices(patch.shape)
    width, height = patch_size_px(check)
    found = np.array([(columns * patch).sum(), (rows * patch).sum()]) / patch.sum() - BORDER_PX + 0.5
    expected = [(15 / 60 + 0.5) * width, (0.5 - 10 / 40) * height]
    assert np.abs(found - expected).max() < 0.8
