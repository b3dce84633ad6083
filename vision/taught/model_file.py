"""A trained check as a file: `<check>.<camera>.npz`, plain arrays and one JSON header, nothing that can run.

Written whole or not at all; the one before is kept in `history/`. A model's id is the sha256 of its file.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import tokenize
import zipfile
import zlib
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from vision.bench import TaughtCheck
from vision.geometry import CameraModel
from vision.taught.model import Classifier, Confused, TaughtModel, Tried
from vision.taught.rectify import BORDER_PX, Stance, differs, stance_of, view_of

FORMAT = "taught-check 1"
HISTORY = "history"
ARRAYS = ("middle", "basis", "weights", "bias", "points", "owners", "furthest", "details")
LARGEST_BYTES = 64_000_000
_BROKEN = (
    *(ValueError, KeyError, TypeError, AttributeError, IndexError, EOFError, OSError, MemoryError),
    # The archive: its table, its compression, a flag that says it is encrypted or of a kind that is not known.
    *(zipfile.BadZipFile, zlib.error, struct.error, RuntimeError),
    # The head of an array is text that is parsed.
    *(tokenize.TokenError, SyntaxError),
)
"""What reading arbitrary bytes as an archive of arrays can raise."""


class ModelFileError(Exception):
    """A model cannot be used. The text is one sentence: why, and what to do."""

    def __init__(self, code: str, text: str) -> None:
        self.code = code
        super().__init__(text)


def model_path(folder: Path, check: str, camera: str) -> Path:
    """Where the model of a check and a camera is."""
    return folder / f"{check}.{camera}.npz"


def encode(model: TaughtModel) -> bytes:
    """The file. The id is not in it: it is the file's own hash."""
    header = {key: value for key, value in asdict(replace(model, classifier=None)).items() if key != "id"}
    classifier = model.classifier
    header |= {"format": FORMAT, "burnt": classifier.burnt if classifier else 0.0}
    arrays = {name: getattr(classifier, name) for name in ARRAYS} if classifier else {}
    text = np.frombuffer(json.dumps(header, sort_keys=True).encode(), dtype=np.uint8)
    out = io.BytesIO()
    np.savez(out, header=text, **arrays)
    return out.getvalue()


def decode(data: bytes, source: str) -> TaughtModel:
    """The model of a file's bytes. Raises ModelFileError; `source` is what its text calls the file."""
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as loaded:
            header: dict[str, Any] = json.loads(bytes(loaded["header"]).decode())
            arrays = {name: loaded[name] for name in ARRAYS if name in loaded}
        if header.pop("format") != FORMAT:
            raise ValueError("another format")
        model = _model(header, arrays, hashlib.sha256(data).hexdigest())
    except _BROKEN as error:
        raise ModelFileError(
            "taught.damaged", f"{source} is no model of a taught check, or damaged ({error}); train the check again."
        ) from error
    return model


def load_model(folder: Path, check: TaughtCheck, camera: CameraModel) -> TaughtModel:
    """The model of a check and a camera, and only if it was taught for this very view. Raises ModelFileError.

    Codes: `taught.missing`, `taught.damaged`, `taught.stale`.
    """
    path = model_path(folder, check.name, camera.name)
    try:
        if path.stat().st_size > LARGEST_BYTES:
            raise ModelFileError("taught.damaged", f"{path} is far too large for a model; train {check.name} again.")
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelFileError(
            "taught.missing",
            f"{check.name} is not taught for camera {camera.name}; take examples of each state, then train it.",
        ) from error
    except OSError as error:
        raise ModelFileError(
            "taught.damaged", f"{path} cannot be read ({error.strerror}); check the disk and its rights."
        ) from error
    model = decode(data, str(path))
    why = stale(model, check, camera)
    if why:
        raise ModelFileError("taught.stale", f"{path} was taught for {why}; take new examples and train it again.")
    return model


def stale(model: TaughtModel, check: TaughtCheck, camera: CameraModel) -> str:
    """In what the model was taught for something else; empty when it fits."""
    if (model.check, model.kind, model.camera) != (check.name, check.kind, camera.name):
        return f"{model.kind} check {model.check} of camera {model.camera}"
    if model.states != check.states:
        return f"other states ({', '.join(model.states)})"
    taught = Stance(size_mm=model.size_mm, region=model.region, toward=model.toward, px_per_mm=model.px_per_mm)
    why = differs(taught, stance_of(view_of(check, camera)))
    if why:
        return why
    if model.classifier is not None and not _sizes_fit(model.classifier, check):
        return "patches of another size"
    return ""


def save_model(folder: Path, model: TaughtModel) -> TaughtModel:
    """Write the file, keep the one before; gives the model with its id. Raises OSError."""
    path, data = model_path(folder, model.check, model.camera), encode(model)
    folder.mkdir(parents=True, exist_ok=True)
    if path.is_file():
        before = path.read_bytes()
        kept = folder / HISTORY / f"{path.stem}.{hashlib.sha256(before).hexdigest()[:16]}.npz"
        kept.parent.mkdir(exist_ok=True)
        write_whole(kept, before)
    write_whole(path, data)
    return replace(model, id=hashlib.sha256(data).hexdigest())


def write_whole(path: Path, data: bytes) -> None:
    """Write a file whole or not at all. Raises OSError."""
    draft = path.with_suffix(".part")
    draft.write_bytes(data)
    draft.replace(path)


def _sizes_fit(classifier: Classifier, check: TaughtCheck) -> bool:
    from vision.taught.features import features_of
    from vision.taught.rectify import patch_size_px

    width, height = patch_size_px(check)
    blank = np.zeros((height + 2 * BORDER_PX, width + 2 * BORDER_PX, 3), dtype=np.uint8)
    return len(features_of(blank)) == len(classifier.middle)


def _model(header: dict[str, Any], arrays: dict[str, Any], model_id: str) -> TaughtModel:
    """Raises ValueError, KeyError or TypeError when it is not what `encode` writes."""
    burnt = float(header.pop("burnt"))
    del header["classifier"]
    tried = dict(header.pop("tried"))
    tried["confused"] = tuple(Confused(**each) for each in tried["confused"])
    for key in ("states", "size_mm", "region", "toward", "examples"):
        header[key] = tuple(header[key])
    if len(header["region"]) != 12 or len(header["size_mm"]) != 2 or len(header["toward"]) != 3:
        raise ValueError("a region has 12 figures and 2 sides")
    if not isinstance(header["usable"], bool) or not float(header["px_per_mm"]) > 0.0:
        raise ValueError("its header is not sound")
    classifier = _classifier(header["states"], arrays, burnt) if arrays else None
    return TaughtModel(**header, tried=Tried(**tried), classifier=classifier, id=model_id)


def _classifier(states: tuple[str, ...], arrays: dict[str, Any], burnt: float) -> Classifier:
    """Raises ValueError or KeyError when the arrays do not fit each other."""
    count, (parts, features), rows = len(states), arrays["basis"].shape, len(arrays["owners"])
    shapes = {
        "middle": (features,),
        "basis": (parts, features),
        "weights": (count, parts),
        "bias": (count,),
        "points": (rows, parts),
        "owners": (rows,),
        "furthest": (count,),
        "details": (count,),
    }
    for name, shape in shapes.items():
        kind = np.int32 if name == "owners" else np.float32
        if arrays[name].shape != shape or arrays[name].dtype != kind or not np.isfinite(arrays[name]).all():
            raise ValueError(f"its `{name}` does not fit")
    if rows and not (int(arrays["owners"].min()) >= 0 and int(arrays["owners"].max()) < count):
        raise ValueError("its `owners` do not fit")
    return Classifier(states=states, burnt=burnt, **{name: arrays[name] for name in ARRAYS})
