"""Gestures files: read whole, and written by tools that teach or edit one gesture at a time.

A file is a table for each gesture, by its name. Technicians write it by hand too; a tool that saves a gesture writes
that gesture's table anew and leaves every other line as it is, comments included.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from station.config.errors import ConfigError, Problem
from station.config.gestures_model import SHAPES, plain
from station.config.procedure_draft import Findings
from station.config.station_values import GestureBook
from station.config.strict import nearest, parse
from station.config.toml_source import Source, key_lines, read_toml
from station.config.written_file import draft_of, keep_former, write_through
from station.motion.gesture import Gesture, StepBack, TaughtPosture

_NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What TOML takes as a key without quotes."""


def load_gestures(path: Path) -> GestureBook:
    """Read and check a gestures file. Raises ConfigError with every mistake in it."""
    source = read_toml(path)
    findings = Findings(source.problem)
    gestures: dict[str, Gesture] = {}
    for name, table in source.data.items():
        gesture = _gesture(name, table, source, findings)
        if gesture is not None:
            gestures[name] = gesture
    for name, gesture in gestures.items():
        if isinstance(gesture, StepBack) and not isinstance(gestures.get(gesture.posture), TaughtPosture):
            taught = [other for other, value in gestures.items() if isinstance(value, TaughtPosture)]
            what = f"`{gesture.posture}` is no posture of this file"
            findings.report((name, "posture"), what, nearest(gesture.posture, taught))
    if findings.problems:
        raise ConfigError(tuple(sorted(findings.problems, key=lambda problem: problem.line or 0)))
    return GestureBook(path=path, sha256=source.sha256, by_name=gestures)


def save_gesture(path: Path, gesture: Gesture, *, stamp: str) -> GestureBook:
    """Write one gesture into a file, new or in place of the one with its name; returns the file as it now is.

    The former version is kept as `history/<file>.<stamp>` first (`stamp` is a time as text, handed in). The file is
    replaced whole or not at all. Raises ConfigError when the file with the gesture would not be right (nothing is
    written then), and OSError when the disk does not take it.
    """
    old = path.read_text(encoding="utf-8")
    read_toml(path)
    new = with_gesture(old, gesture)
    draft = draft_of(path)
    write_through(draft, new)
    try:
        load_gestures(draft)
    except ConfigError as error:
        draft.unlink()
        problems = tuple(_named(problem, path) for problem in error.problems)
        raise ConfigError(problems) from error
    keep_former(path, old, stamp)
    draft.replace(path)
    return load_gestures(path)


def with_gesture(text: str, gesture: Gesture) -> str:
    """The text of a gestures file with one gesture's table written anew; a new gesture goes at its end."""
    lines = text.splitlines(keepends=True)
    table = [f"{line}\n" for line in _table_text(gesture)]
    headers = {path[0]: line for path, line in key_lines(text).items() if len(path) == 1}
    at = headers.get(gesture.name)
    if at is None:
        return text.rstrip() + "\n\n" + "".join(table)
    first = at - 1
    last = min((line - 1 for line in headers.values() if line > at), default=len(lines))
    # Comments and blank lines above the next header belong to the next gesture.
    while last > first + 1 and (not lines[last - 1].strip() or lines[last - 1].lstrip().startswith("#")):
        last -= 1
    return "".join([*lines[:first], *table, *lines[last:]])


def _gesture(name: str, table: object, source: Source, findings: Findings) -> Gesture | None:
    if not _NAME.fullmatch(name):
        findings.report((name,), f"`{name}` is no name for a gesture", "use letters, digits, - and _")
        return None
    if not isinstance(table, dict):
        findings.report((name,), f"`{name}` is no table", f"write its header in single brackets: [{name}]")
        return None
    kind = table.get("kind")
    if not isinstance(kind, str) or kind not in SHAPES:
        what = "`kind` is missing" if kind is None else f"there is no kind {kind!r}"
        findings.report((name, "kind"), what, f"use one of: {', '.join(SHAPES)}")
        return None
    shape, problems = parse(SHAPES[kind], source, (name,), table)
    findings.problems += problems
    return None if shape is None else shape.value(name)


def _table_text(gesture: Gesture) -> list[str]:
    return [f"[{gesture.name}]", *(f"{key} = {_toml(value)}" for key, value in plain(gesture).items())]


def _toml(value: object) -> str:
    """A value in TOML's grammar."""
    match value:
        case bool():
            return "true" if value else "false"
        case int() | float():
            short = f"{value:.10g}"
            return short if float(short) == value else repr(value)
        case str():
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + "".join(char if char.isprintable() else f"\\U{ord(char):08x}" for char in escaped) + '"'
        case Mapping():
            return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
        case tuple() | list():
            return "[" + ", ".join(_toml(item) for item in value) + "]"
    raise TypeError(f"{type(value).__name__} has no place in a gestures file")


def _named(problem: Problem, path: Path) -> Problem:
    return replace(problem, file=str(path))
