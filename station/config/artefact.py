"""A calibration artefact: one measured result with everything that is needed to believe it, as a file.

`<folder>/<kind>-<subject>/<id>.json` holds one; `current.json` beside it names the one in force, and `log.jsonl` says
who put which in force when and why (`calibration.store` writes them). The id contains a hash of everything else in the
file, so a journal that names the id names these very figures. A file whose hash does not fit is damaged, never used.

Frames and units stand in each file (`frames`), for a reader who has only the file.
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, JsonValue, ValidationError

from station.config.strict import Strict

SCHEMA = "calibration/1"
CURRENT = "current.json"
LOG = "log.jsonl"
REFUTED = "refuted.json"
"""Beside `current.json` while a later check speaks against an artefact: its id, when, by whom, and what was found."""
FRAMES = (
    "Lengths in mm, angles in the unit of the key's name (rotation vectors in rad), pixels with (0, 0) at the centre "
    "of the first. a_from_b maps points of frame b into frame a. Camera: x right, y down, z along the view. "
    "Board: x right, y down, z into the board."
)


class Kind(StrEnum):
    """What is calibrated. The value begins the artefact's id and the name of its folder."""

    BOARD = "board"
    """A printed board: its measured scale and bow."""
    LENS = "lens"
    """One camera's focal lengths, centre and distortion."""
    CAMERA = "camera"
    """One camera: its lens and where it stands in the bench frame. What a station's `[[camera]]` loads."""
    ARM = "arm"
    """Where the cobot's base stands in the bench frame, its joint zeros and links. What `[cobot]` loads."""
    TOOL_POINT = "tool_point"
    """The tip in the flange frame."""
    JOINTS = "joints"
    """Where the joints are on a part."""
    TORQUE = "torque"
    """A torque tool against a reference: which joints it is fit for."""
    DAILY = "daily"
    """A daily check."""


class Verdict(Strict):
    """What a technician is told."""

    good: bool
    """Whether it may be used."""
    text: str
    """Plain: how good it is in millimetres at the part (or newton metres), and whether that is enough."""
    advice: str = ""
    """What to do next, when there is something to do."""


class Artefact(Strict):
    """One measured result."""

    schema_: Annotated[Literal["calibration/1"], Field(alias="schema")] = "calibration/1"
    kind: Kind
    subject: Annotated[str, Field(min_length=1, pattern=r"^[A-Za-z0-9_-]+$")]
    """Which camera, arm, part or tool, by its name in the station file."""
    serial: str = ""
    """Of the device; empty where it tells none."""
    made_utc: str
    """ISO 8601 with offset."""
    by: str
    method: str
    software: str
    inputs: dict[str, str] = Field(default_factory=dict)
    """Name -> sha256 of every file that it was made from, and id of every artefact that it builds on."""
    frames: str = FRAMES
    result: dict[str, JsonValue]
    """The values that a station uses; their keys by kind: `calibration.results`."""
    figures: dict[str, JsonValue] = Field(default_factory=dict)
    """How good it is: residuals, held-out errors, covariances, counts."""
    verdict: Verdict
    expires_utc: str = ""
    """Empty: not by time."""
    expires_count: Annotated[int, Field(ge=0)] = 0
    """Of uses (rundowns, for a tool); 0: not by count."""

    @property
    def id(self) -> str:
        """`<kind>-<subject>-<16 hex digits>` of everything in the file."""
        return f"{self.kind}-{self.subject}-{hashlib.sha256(self.text().encode()).hexdigest()[:16]}"

    def text(self) -> str:
        """Canonical JSON: sorted keys, no spaces; what the id is the hash of."""
        return json.dumps(
            self.model_dump(mode="json", by_alias=True), sort_keys=True, separators=(",", ":"), ensure_ascii=False
        )


class ArtefactError(Exception):
    """An artefact that is not there, damaged, bad or too old. `code` is stable; the text says what to do next."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def folder_of(store: Path, kind: Kind, subject: str) -> Path:
    """Where the artefacts of one thing lie."""
    return store / f"{kind}-{subject}"


def read_artefact(path: Path) -> Artefact:
    """One artefact file. Raises ArtefactError `calibration.missing`, `calibration.damaged`."""
    try:
        artefact = Artefact.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        raise ArtefactError("calibration.missing", f"{path} is not there; calibrate again, or put it back") from None
    except (OSError, ValidationError, ValueError) as error:
        raise ArtefactError(
            "calibration.damaged", f"{path} cannot be read as a calibration; roll back or calibrate again ({error})"
        ) from error
    if artefact.id != path.stem:
        raise ArtefactError(
            "calibration.damaged", f"{path} was changed after it was written; roll back or calibrate again"
        )
    return artefact


def current_id(store: Path, kind: Kind, subject: str) -> str | None:
    """Id of what is in force, None where nothing ever was. Raises ArtefactError `calibration.damaged`."""
    path = folder_of(store, kind, subject) / CURRENT
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return str(found["id"])
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            "calibration.damaged", f"{path} cannot be read; roll back or calibrate again ({error})"
        ) from error


def named_artefact(store: Path, kind: Kind, subject: str, identity: str) -> Artefact:
    """One artefact of a thing by its id. Raises ArtefactError `calibration.missing`, `calibration.damaged`."""
    artefact = read_artefact(folder_of(store, kind, subject) / f"{identity}.json")
    if (artefact.kind, artefact.subject) != (kind, subject):
        what = f"{identity} lies in the folder of {kind}-{subject}, but is not of it"
        raise ArtefactError("calibration.damaged", f"{what}; roll back, or calibrate {subject} again")
    return artefact


def refutation(store: Path, kind: Kind, subject: str, identity: str) -> str:
    """What a later check found against this artefact, or nothing. Raises ArtefactError `calibration.damaged`."""
    path = folder_of(store, kind, subject) / REFUTED
    try:
        found: Any = json.loads(path.read_text(encoding="utf-8"))
        return f"{found['why']} ({found['utc']}, {found['by']})." if found["id"] == identity else ""
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ArtefactError(
            "calibration.damaged", f"{path} cannot be read; check {subject} again: `station calibrate daily` ({error})"
        ) from error


def in_force(store: Path, kind: Kind, subject: str, *, now: datetime, serial: str = "", uses: int = 0) -> Artefact:
    """The artefact that a station may use now: whole, good, not expired, of this device where both serials are known.

    `now` is timezone-aware; `uses` is how often the device was used since. Raises ArtefactError: `calibration.missing`,
    `calibration.damaged`, `calibration.not_good`, `calibration.refuted`, `calibration.expired`,
    `calibration.other_device`.
    """
    identity = current_id(store, kind, subject)
    if identity is None:
        raise ArtefactError(
            "calibration.missing", f"{subject} has no {kind} calibration in {store}; run `station calibrate`"
        )
    artefact = named_artefact(store, kind, subject, identity)
    if not artefact.verdict.good:
        raise ArtefactError(
            "calibration.not_good", f"{identity}: {artefact.verdict.text} {artefact.verdict.advice}".strip()
        )
    against = refutation(store, kind, subject, identity)
    if against:
        raise ArtefactError(
            "calibration.refuted", f"{identity} no longer holds: {against} Calibrate {subject} again, or check again."
        )
    if artefact.expires_utc and now >= datetime.fromisoformat(artefact.expires_utc):
        raise ArtefactError(
            "calibration.expired", f"{identity} was good until {artefact.expires_utc}; calibrate {subject} again"
        )
    if artefact.expires_count and uses >= artefact.expires_count:
        raise ArtefactError(
            "calibration.expired", f"{identity} was good for {artefact.expires_count} uses; calibrate {subject} again"
        )
    if serial and artefact.serial and serial != artefact.serial:
        raise ArtefactError(
            "calibration.other_device",
            f"{identity} is of device {artefact.serial}, but {subject} is {serial}; calibrate it",
        )
    return artefact
