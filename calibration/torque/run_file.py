"""A run on disk: one line when it begins, one for each pair and for each thing left out, written through at once.

What was measured before a power cut, a Ctrl-C or a lost line is there, and the run goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from calibration.observations import CalibrationError
from calibration.torque.readings import LeftOut, Pair, Run
from calibration.torque.series import Plan

GOES_ON_WITHIN = timedelta(hours=12)
"""Later it is not one run any more."""
SCHEMA = "torque-run/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What a run was begun with."""

    series: str
    plan_sha256: str
    """Of the plan's figures: a run of other figures is another run."""
    tool_serial: str
    reference_serial: str
    by: str
    begun_utc: str


def head_of(plan: Plan, *, tool_serial: str, reference_serial: str, by: str, utc: str) -> Head:
    """A run that begins now."""
    text = json.dumps(asdict(plan), sort_keys=True, ensure_ascii=False)
    return Head(
        series=plan.name,
        plan_sha256=hashlib.sha256(text.encode()).hexdigest(),
        tool_serial=tool_serial,
        reference_serial=reference_serial,
        by=by,
        begun_utc=utc,
    )


class RunFile:
    """One run's file, kept under its series' name until a verdict was made of it. One program at a time writes."""

    def __init__(self, folder: Path, head: Head, run: Run) -> None:
        """`run` is empty; what stands in the file already is read by `open_run`."""
        self.path = folder / f"{head.series}.jsonl"
        self.head = head
        self.run = run

    def begin(self) -> None:
        """Write the first line; a run that stands there is put aside under its time. Raises OSError."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        if self.path.exists():
            self.put_aside()
        self._write({"schema": SCHEMA, **asdict(self.head)})

    def keep(self, run: Run) -> None:
        """Write what is new in `run` before anybody is told of it. Raises OSError."""
        for entry in run.left_out[len(self.run.left_out) :]:
            self._write({"left_out": asdict(entry), "pairs": len(run.pairs), "last_id": run.last_id})
        for pair in run.pairs[len(self.run.pairs) :]:
            self._write({"pair": asdict(pair)})
        self.run = run

    def put_aside(self) -> Path:
        """The run has ended: its file gets a name that no other run takes. Raises OSError."""
        digest = self.sha256()[:16]
        target = self.path.with_name(f"{self.path.stem}-{digest}.jsonl")
        self.path.replace(target)
        return target

    def sha256(self) -> str:
        """Of the file's bytes. Raises OSError."""
        return hashlib.sha256(self.path.read_bytes()).hexdigest()

    def _write(self, line: dict[str, Any]) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(line, ensure_ascii=False) + "\n")
            file.flush()
            os.fsync(file.fileno())


def open_run(folder: Path, head: Head, run: Run, *, anew: bool = False) -> RunFile:
    """Go on with the run of this series that was broken off, or begin one.

    Raises CalibrationError `torque.other_run` where what was broken off does not fit (say `anew` then), OSError.
    """
    file = RunFile(folder, head, run)
    if anew or not file.path.exists():
        file.begin()
        return file
    lines = _lines(file.path)
    found = lines[0] if lines else {}
    for key, what in (("plan_sha256", "figures"), ("tool_serial", "tool"), ("reference_serial", "reference")):
        if found.get(key) != getattr(head, key):
            raise CalibrationError(
                "torque.other_run",
                f"{file.path} was begun with another {what}; begin anew with --anew, it is put aside",
            )
    since = datetime.fromisoformat(head.begun_utc) - datetime.fromisoformat(str(found["begun_utc"]))
    if since > GOES_ON_WITHIN:
        raise CalibrationError(
            "torque.other_run",
            f"{file.path} was begun {found['begun_utc']}, too long ago for one run; begin anew with --anew",
        )
    file.head = replace(head, by=str(found["by"]), begun_utc=str(found["begun_utc"]))
    file.run = _replayed(run, lines[1:])
    return file


def _lines(path: Path) -> list[dict[str, Any]]:
    """Whole lines; a last one that a power cut broke off is cut away, so that the next one begins on its own."""
    text = path.read_text(encoding="utf-8")
    whole = text[: text.rfind("\n") + 1]
    if whole != text:
        with path.open("r+", encoding="utf-8") as file:
            file.truncate(len(whole.encode()))
    try:
        return [json.loads(line) for line in whole.splitlines()]
    except ValueError as error:
        raise CalibrationError(
            "torque.other_run", f"{path} cannot be read ({error}); begin anew with --anew, it is put aside"
        ) from error


def _replayed(run: Run, lines: list[dict[str, Any]]) -> Run:
    for line in lines:
        if "pair" in line:
            pair = Pair(**line["pair"])
            run = replace(run, pairs=(*run.pairs, pair), last_id=max(run.last_id, pair.tightening_id))
        elif "left_out" in line:
            run = replace(
                run,
                pairs=run.pairs[: line["pairs"]],
                left_out=(*run.left_out, LeftOut(**line["left_out"])),
                last_id=max(run.last_id, line["last_id"]),
            )
    return run
