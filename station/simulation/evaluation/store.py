"""A set on disk: pictures in one folder, the truth in another, so that nobody who looks can read the answers.

    SET/set.json                              which bench it is of
    SET/pictures/<item>/frames.json           {"codes": are they looked for, "frames": [{"camera", "t_s", "file"}]}
    SET/pictures/<item>/top-00001.jpg ...     PNG or JPEG, of the size that the camera is calibrated for
    SET/truth/<item>/truth.json               {"item", "story", "end_s", "moments": [{"t_s", "facts", "bodies"}]}

A moment holds until the next one. `facts` maps a fact's name to {"present": true, "visible": true, "text": ""}, where
`visible` (whether a person could tell) is true and `text` (a code's) empty unless given; facts that are left out are
not scored. `bodies`, for poses, may be left out: name -> {"at_mm": [x, y, z], "rotation": [[...], [...], [...]],
"shown": {camera: share}}.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from station.simulation.evaluation.truth import BodyTruth, Label, Moment, Truth
from vision.api import Frame
from vision.geometry import Transform

FRAMES, TRUTH, ABOUT = "frames.json", "truth.json", "set.json"


class SetError(Exception):
    """A set on disk is not as it should be."""

    code = "evaluation.set"


class _Shape(BaseModel):
    model_config = ConfigDict(extra="forbid")


Read = TypeVar("Read", bound=_Shape)


class _LabelShape(_Shape):
    present: bool
    visible: bool = True
    text: str = ""


class _BodyShape(_Shape):
    at_mm: tuple[float, float, float]
    rotation: tuple[tuple[float, float, float], tuple[float, float, float], tuple[float, float, float]]
    shown: dict[str, float] = Field(default_factory=dict)


class _MomentShape(_Shape):
    t_s: float
    facts: dict[str, _LabelShape]
    bodies: dict[str, _BodyShape] = Field(default_factory=dict)


class _TruthShape(_Shape):
    item: str
    story: str = ""
    end_s: float
    moments: list[_MomentShape] = Field(min_length=1)


class _FrameShape(_Shape):
    camera: str
    t_s: float
    file: str


class _FramesShape(_Shape):
    codes: bool = False
    frames: list[_FrameShape] = Field(min_length=1)


def write_about(folder: Path, about: dict[str, Any]) -> None:
    """Start a set: which bench, seed and numbers. Raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ABOUT).write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")


def write_item(folder: Path, truth: Truth, frames: Iterable[Frame], *, codes: bool, lossless: bool) -> None:
    """Write one item's pictures and, apart from them, its truth. Raises OSError."""
    import cv2

    pictures, apart = folder / "pictures" / truth.item, folder / "truth" / truth.item
    pictures.mkdir(parents=True, exist_ok=True)
    apart.mkdir(parents=True, exist_ok=True)
    listed = []
    for frame in frames:
        name = f"{frame.camera}-{frame.seq:05d}.{'png' if lossless else 'jpg'}"
        options = [] if lossless else [cv2.IMWRITE_JPEG_QUALITY, 95]
        _, packed = cv2.imencode(Path(name).suffix, frame.image, options)
        (pictures / name).write_bytes(packed.tobytes())
        listed.append({"camera": frame.camera, "t_s": frame.t_mono_s, "file": name})
    (pictures / FRAMES).write_text(json.dumps({"codes": codes, "frames": listed}) + "\n", encoding="utf-8")
    (apart / TRUTH).write_text(json.dumps(_plain(truth)) + "\n", encoding="utf-8")


def items_of(folder: Path) -> tuple[str, ...]:
    """Names of all items that have pictures. Raises SetError where there are none."""
    found = tuple(sorted(path.parent.name for path in folder.glob(f"pictures/*/{FRAMES}")))
    if not found:
        raise SetError(
            f"{folder} holds no pictures/<item>/{FRAMES}; make a set with `station vision evaluate --make {folder}`"
        )
    return found


def read_frames(folder: Path, item: str) -> Iterator[Frame]:
    """An item's pictures in order of time. Raises SetError."""
    import cv2

    at = folder / "pictures" / item
    shape = _read(at / FRAMES, _FramesShape)
    for seq, listed in enumerate(sorted(shape.frames, key=lambda frame: frame.t_s), start=1):
        image = cv2.imread(str(at / listed.file))
        if image is None:
            raise SetError(f"{at / listed.file} is named in {FRAMES} and is no picture; mend or delete its line")
        yield Frame(camera=listed.camera, seq=seq, t_mono_s=listed.t_s, image=np.asarray(image, dtype=np.uint8))


def looks_for_codes(folder: Path, item: str) -> bool:
    """Whether codes are looked for in an item. Raises SetError."""
    return _read(folder / "pictures" / item / FRAMES, _FramesShape).codes


def read_truth(folder: Path, item: str) -> Truth:
    """An item's truth. Raises SetError."""
    shape = _read(folder / "truth" / item / TRUTH, _TruthShape)
    moments = tuple(
        Moment(
            t_s=moment.t_s,
            facts={
                name: Label(present=label.present, visible=label.visible, text=label.text)
                for name, label in moment.facts.items()
            },
            bodies={
                name: BodyTruth(
                    bench_from_body=Transform(np.array(body.rotation), np.array(body.at_mm)), shown=body.shown
                )
                for name, body in moment.bodies.items()
            },
        )
        for moment in sorted(shape.moments, key=lambda moment: moment.t_s)
    )
    return Truth(item=shape.item, story=shape.story, moments=moments, end_s=shape.end_s)


def _read(path: Path, shape: type[Read]) -> Read:
    try:
        return shape.model_validate_json(path.read_text(encoding="utf-8"))
    except OSError as problem:
        raise SetError(f"{path} cannot be read ({problem.strerror}); every item needs it") from problem
    except ValidationError as problem:
        first = problem.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise SetError(f"{path}: `{where}`: {first['msg']}; see docs/vision.md for the format") from problem


def _plain(truth: Truth) -> dict[str, Any]:
    return {
        "item": truth.item,
        "story": truth.story,
        "end_s": truth.end_s,
        "moments": [
            {
                "t_s": moment.t_s,
                "facts": {
                    name: {"present": label.present, "visible": label.visible, "text": label.text}
                    for name, label in moment.facts.items()
                },
                "bodies": {
                    name: {
                        "at_mm": body.bench_from_body.translation_mm.tolist(),
                        "rotation": body.bench_from_body.rotation.tolist(),
                        "shown": dict(body.shown),
                    }
                    for name, body in moment.bodies.items()
                },
            }
            for moment in truth.moments
        ],
    }
