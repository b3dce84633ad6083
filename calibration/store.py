"""Where artefacts lie: written whole or not at all, every former one kept, and a way back to any of them."""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from station.config.artefact import (
    CURRENT,
    LOG,
    REFUTED,
    Artefact,
    ArtefactError,
    Kind,
    current_id,
    folder_of,
    read_artefact,
)
from station.config.written_file import draft_of, write_through


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """Who put which artefact in force, when and why."""

    id: str
    utc: str
    by: str
    why: str


class Store:
    """The artefacts of one station. Programs that write wait for each other; readers always find a whole state."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, artefact: Artefact) -> Path:
        """Write it without putting it in force, so that a bad one can be looked at. Raises OSError."""
        folder = folder_of(self.folder, artefact.kind, artefact.subject)
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / f"{artefact.id}.json"
        with _alone(folder):
            if not path.exists():
                _replace(path, artefact.text())
        return path

    def put_in_force(self, artefact: Artefact, *, utc: str, by: str, why: str) -> None:
        """Keep it, and let the station use it from its next start.

        Raises ArtefactError `calibration.not_good`, OSError. What is not good stays out; the old one stays in force.
        """
        if not artefact.verdict.good:
            raise ArtefactError("calibration.not_good", f"{artefact.verdict.text} {artefact.verdict.advice}".strip())
        self.keep(artefact)
        self._point(artefact, LogLine(id=artefact.id, utc=utc, by=by, why=why))

    def lock(self, artefact: Artefact, *, utc: str, by: str, why: str) -> None:
        """Let an artefact that is not good count, so that no station uses what it was made of: for a tool that was
        found unfit, an older and better verification must not live on. Raises OSError."""
        self.keep(artefact)
        self._point(artefact, LogLine(id=artefact.id, utc=utc, by=by, why=why))

    def roll_back(self, kind: Kind, subject: str, *, utc: str, by: str, why: str, to: str | None = None) -> Artefact:
        """Put the one before the current in force again, or `to`.

        Raises ArtefactError `calibration.missing`, `calibration.damaged`, `calibration.no_way_back`.
        """
        if kind is Kind.TORQUE:
            raise ArtefactError(
                "calibration.no_way_back",
                "a tool is not what it was; verify it again: `station calibrate torque`",
            )
        now = current_id(self.folder, kind, subject)
        earlier = [line.id for line in self.log(kind, subject) if line.id != now]
        wanted = to or (earlier[-1] if earlier else None)
        if wanted is None:
            raise ArtefactError("calibration.missing", f"{subject} has no {kind} calibration before {now}")
        artefact = read_artefact(folder_of(self.folder, kind, subject) / f"{wanted}.json")
        self._point(artefact, LogLine(id=wanted, utc=utc, by=by, why=why))
        return artefact

    def refute(self, kind: Kind, subject: str, *, utc: str, by: str, why: str) -> None:
        """A check found that what is in force no longer holds: no station starts on it. Raises ArtefactError, OSError.

        Another artefact of the same thing that is put in force is not concerned.
        """
        identity = current_id(self.folder, kind, subject)
        if identity is None:
            raise ArtefactError("calibration.missing", f"{subject} has no {kind} calibration that could be refuted")
        line = {"id": identity, "utc": utc, "by": by, "why": why}
        folder = folder_of(self.folder, kind, subject)
        with _alone(folder):
            _replace(folder / REFUTED, json.dumps(line, ensure_ascii=False))

    def confirm(self, kind: Kind, subject: str) -> None:
        """A later check found nothing against it any more. Raises OSError."""
        (folder_of(self.folder, kind, subject) / REFUTED).unlink(missing_ok=True)

    def log(self, kind: Kind, subject: str) -> tuple[LogLine, ...]:
        """Oldest first. A line that a power cut broke off is left out."""
        path = folder_of(self.folder, kind, subject) / LOG
        if not path.exists():
            return ()
        lines = (_log_line(line) for line in path.read_text(encoding="utf-8", errors="replace").splitlines())
        return tuple(line for line in lines if line is not None)

    def history(self, kind: Kind, subject: str, *, newest: int | None = None) -> tuple[Artefact, ...]:
        """Every artefact of one thing that can be read, by the time it was made.

        With `newest`, only so many files are read, those that were written last.
        """
        found = []
        paths = sorted(folder_of(self.folder, kind, subject).glob(f"{kind}-*.json"))
        if newest is not None:
            paths = sorted(paths, key=lambda path: path.stat().st_mtime_ns)[-newest:]
        for path in paths:
            try:
                found.append(read_artefact(path))
            except ArtefactError:  # a damaged old file hides no others; `station check` names it
                continue
        return tuple(sorted(found, key=lambda artefact: artefact.made_utc))

    def _point(self, artefact: Artefact, line: LogLine) -> None:
        folder = folder_of(self.folder, artefact.kind, artefact.subject)
        text = json.dumps({"id": line.id, "utc": line.utc, "by": line.by, "why": line.why}, ensure_ascii=False)
        with _alone(folder):
            _replace(folder / CURRENT, text)
            with (folder / LOG).open("a+", encoding="utf-8") as file:
                # After a line that a power cut broke off, the next one begins on its own.
                broken = file.tell() > 0 and not _ends_whole(folder / LOG)
                file.write(f"\n{text}\n" if broken else f"{text}\n")
                file.flush()
                os.fsync(file.fileno())


def _log_line(text: str) -> LogLine | None:
    try:
        return LogLine(**json.loads(text))
    except (ValueError, TypeError):  # broken off by a power cut; the artefacts themselves tell what was made
        return None


def _ends_whole(path: Path) -> bool:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read() == b"\n"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """Hold the folder against other programs that write. Raises OSError."""
    with (folder / ".lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _replace(path: Path, text: str) -> None:
    draft = draft_of(path)
    write_through(draft, text)
    draft.replace(path)
