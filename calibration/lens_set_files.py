"""Views of a lens calibration as files: corners and board as JSON, every picture beside it, to be solved again.

`<folder>/observations.json` and `<folder>/pictures/<sha256>.png`. Pictures are lossless and named by their own hash, so
a view that names one names this very picture.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, ValidationError

from calibration.board_file import BoardFile, board_shape
from calibration.corner_refinement import Grey
from calibration.observations import BoardView, CalibrationError, CameraSize, LensSet
from station.config.strict import Strict
from station.config.written_file import draft_of, write_through

SET_FILE, PICTURES = "observations.json", "pictures"
FRAMES = (
    "Pixels: (0, 0) is the centre of the first one. Corner ids: row * corner columns + column on the board, "
    "whose frame is x right, y down, z into the board, in mm."
)
Sha = Annotated[str, Field(pattern=r"^([0-9a-f]{64})?$")]


class _View(Strict):
    view: int
    t_s: float
    picture: Sha
    corner_ids: list[int]
    corners_px: list[Annotated[tuple[float, float], Field(strict=False)]]


class _Set(Strict):
    schema_: Annotated[Literal["lens-views/1"], Field(alias="schema")] = "lens-views/1"
    frames: str = FRAMES
    camera: Annotated[str, Field(min_length=1)]
    serial: str
    width_px: Annotated[int, Field(ge=1)]
    height_px: Annotated[int, Field(ge=1)]
    board: BoardFile
    views: list[_View]


def set_text(lens_set: LensSet) -> str:
    """The set as JSON; pixels to a thousandth."""
    camera = lens_set.camera
    shape = _Set(
        camera=camera.camera,
        serial=camera.serial,
        width_px=camera.width_px,
        height_px=camera.height_px,
        board=board_shape(lens_set.board),
        views=[
            _View(
                view=view.view,
                t_s=round(view.t_s, 4),
                picture=view.picture,
                corner_ids=view.corner_ids.tolist(),
                corners_px=[(round(float(x), 3), round(float(y), 3)) for x, y in view.corners_px],
            )
            for view in lens_set.views
        ],
    )
    return json.dumps(shape.model_dump(mode="json", by_alias=True), separators=(",", ":")) + "\n"


def write_lens_set(folder: Path, lens_set: LensSet, pictures: Mapping[str, bytes]) -> Path:
    """Write the set and its pictures (sha256 -> PNG); the set comes last, so a set that is there is whole.

    Raises OSError.
    """
    (folder / PICTURES).mkdir(parents=True, exist_ok=True)
    for sha, data in pictures.items():
        (folder / PICTURES / f"{sha}.png").write_bytes(data)
    path = folder / SET_FILE
    draft = draft_of(path)
    write_through(draft, set_text(lens_set))
    draft.replace(path)
    return path


def read_lens_set(path: Path) -> LensSet:
    """A set as it was written. Raises CalibrationError `calibration.not_readable`."""
    try:
        shape = _Set.model_validate(json.loads(path.read_text(encoding="utf-8")))
        camera = CameraSize(
            camera=shape.camera, width_px=shape.width_px, height_px=shape.height_px, serial=shape.serial
        )
        views = tuple(
            BoardView(
                camera=shape.camera,
                view=view.view,
                corner_ids=np.array(view.corner_ids, dtype=np.int64),
                corners_px=np.array(view.corners_px, dtype=np.float64).reshape(-1, 2),
                t_s=view.t_s,
                picture=view.picture,
            )
            for view in shape.views
        )
    except FileNotFoundError:
        raise CalibrationError("calibration.not_readable", f"{path} is not there; name a set that was kept") from None
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(key) for key in first["loc"]) or "its values"
        what = f"{path} is no set of views ({where}: {first['msg']}); name another, or calibrate again"
        raise CalibrationError("calibration.not_readable", what) from error
    except (OSError, ValueError) as error:
        what = f"{path} cannot be read ({error}); name another set, or calibrate again"
        raise CalibrationError("calibration.not_readable", what) from error
    return LensSet(camera=camera, board=shape.board.value(), views=views)


def png_of(grey: Grey) -> tuple[str, bytes]:
    """sha256 and bytes of a picture (height, width) as PNG."""
    import cv2

    data: Any = cv2.imencode(".png", grey)[1]
    return hashlib.sha256(data.tobytes()).hexdigest(), data.tobytes()
