"""Where each calibration of a station stands: in force and good, or why not; by whom, and what was before."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from calibration.daily.check import METHOD as DAILY_CHECK
from calibration.store import LogLine, Store
from station.config.artefact import (
    Artefact,
    ArtefactError,
    Kind,
    current_id,
    folder_of,
    in_force,
    read_artefact,
)

NEEDS_HELD_OUT = (Kind.LENS, Kind.CAMERA, Kind.ARM, Kind.TOOL_POINT)
"""Kinds that are fitted: a fit that is good on its own observations says nothing of others."""
NO_HELD_OUT = "calibration.no_held_out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """One calibrated thing."""

    kind: Kind
    subject: str
    artefact: Artefact | None
    """What is in force, or the newest where nothing that can be read is."""
    code: str
    """Empty: a station may use it. Else the ArtefactError's code, or `calibration.no_held_out`."""
    text: str
    """Why not."""
    log: tuple[LogLine, ...]
    """Oldest first."""
    history: tuple[Artefact, ...]
    """Oldest first."""

    @property
    def good(self) -> bool:
        """Whether it may be shown as good."""
        return not self.code

    def held_out_mm(self) -> float | None:
        """Error in millimetres on observations that it was not made from; None where none is given."""
        return held_out_mm(self.artefact) if self.artefact is not None else None

    def earlier(self) -> tuple[str, ...]:
        """Ids that one can go back to, newest first; none for a torque tool, which is what it was measured last."""
        if self.kind is Kind.TORQUE:
            return ()
        now = self.artefact.id if self.artefact is not None else ""
        return tuple(dict.fromkeys(line.id for line in reversed(self.log) if line.id != now))


def standings(folder: Path, now: datetime, *, newest: int | None = None) -> tuple[Standing, ...]:
    """Everything in a store, by kind and name. `now` is timezone-aware; `newest` as `Store.history` has it."""
    return tuple(standing(folder, kind, subject, now, newest=newest) for kind, subject in subjects(folder))


def subjects(folder: Path) -> Iterator[tuple[Kind, str]]:
    """What there are artefacts of, in the order of `Kind`."""
    names = sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    for kind in Kind:
        for name in names:
            if name.startswith(f"{kind}-") and len(name) > len(kind) + 1:
                yield kind, name[len(kind) + 1 :]


def standing(folder: Path, kind: Kind, subject: str, now: datetime, *, newest: int | None = None) -> Standing:
    """One of them."""
    store = Store(folder)
    history, log = store.history(kind, subject, newest=newest), store.log(kind, subject)
    code = text = ""
    artefact: Artefact | None = None
    try:
        artefact = in_force(folder, kind, subject, now=now)
    except ArtefactError as error:
        code, text = error.code, str(error)
        artefact = _in_force_anyway(folder, kind, subject) or (history[-1] if history else None)
    last = history[-1] if history else None
    if last is not None and last.method == DAILY_CHECK and artefact != last and not last.verdict.good:
        # A failed check is never put in force: it would otherwise be hidden by the last good one.
        artefact, code, text = last, "calibration.not_good", last.verdict.text
    if not code and kind in NEEDS_HELD_OUT and artefact is not None and held_out_mm(artefact) is None:
        code, text = NO_HELD_OUT, "It gives no error in millimetres on observations that it was not made from."
    return Standing(kind=kind, subject=subject, artefact=artefact, code=code, text=text, log=log, history=history)


def held_out_mm(artefact: Artefact) -> float | None:
    """The largest figure in mm of a key that says `held_out`, wherever it stands; None where there is none."""
    found = [value for path, value in flat(artefact.figures) if "held_out" in path and path.endswith("_mm")]
    return max(found, default=None)


def flat(figures: object, path: str = "") -> Iterator[tuple[str, float]]:
    """Every number of nested figures with its path, `a.b`; lists are left out."""
    if isinstance(figures, dict):
        for key, value in figures.items():
            yield from flat(value, f"{path}.{key}" if path else str(key))
    elif isinstance(figures, int | float) and not isinstance(figures, bool):
        yield path, float(figures)


def _in_force_anyway(folder: Path, kind: Kind, subject: str) -> Artefact | None:
    try:
        identity = current_id(folder, kind, subject)
        return None if identity is None else read_artefact(folder_of(folder, kind, subject) / f"{identity}.json")
    except ArtefactError:
        return None
