"""A TOML file as read: data, hash of its bytes, and the line on which each key stands."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from station.config.errors import ConfigError, KeyPath, Problem, shown_path

_HEADER = re.compile(r"^\s*(\[\[?)\s*([^\[\]]+?)\s*\]")
_KEY = re.compile(r"""^\s*((?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[A-Za-z0-9_-]+|"[^"]*"|'[^']*'))*)\s*=""")
_KEY_PART = re.compile(r"""[A-Za-z0-9_-]+|"[^"]*"|'[^']*'""")
_SYNTAX_PLACE = re.compile(r"\s*\(at line (\d+), column (\d+)\)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file."""

    path: Path
    data: Mapping[str, Any]
    sha256: str
    """Of the file's bytes."""
    lines: Mapping[KeyPath, int]

    def line_of(self, path: KeyPath) -> int | None:
        """The line of the key, or of the nearest thing around it that has one."""
        for length in range(len(path), 0, -1):
            if path[:length] in self.lines:
                return self.lines[path[:length]]
        return None

    def problem(self, path: KeyPath, what: str, todo: str) -> Problem:
        """A mistake at a key of this file."""
        return Problem(file=str(self.path), where=shown_path(path), line=self.line_of(path), what=what, todo=todo)


def read_toml(path: Path) -> Source:
    """Read a file. Raises ConfigError when it is not there, is not text, or breaks TOML's grammar."""
    try:
        raw = path.read_bytes()
        text = raw.decode("utf-8")
        data = tomllib.loads(text)
    except OSError as error:
        what, todo = f"the file cannot be read ({error.strerror})", "check the path and who may read it"
        raise ConfigError((Problem(file=str(path), where="", line=None, what=what, todo=todo),)) from error
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        what, todo = "this is not UTF-8 text", "save the file as UTF-8"
        raise ConfigError((Problem(file=str(path), where="", line=line, what=what, todo=todo),)) from error
    except tomllib.TOMLDecodeError as error:
        place = _SYNTAX_PLACE.search(str(error))
        at_line = int(place[1]) if place else len(text.splitlines())
        what = f"this is not TOML: {_SYNTAX_PLACE.sub('', str(error))}"
        todo = "mend this line; what follows it has not been read yet"
        raise ConfigError((Problem(file=str(path), where="", line=at_line, what=what, todo=todo),)) from error
    return Source(path=path, data=data, sha256=hashlib.sha256(raw).hexdigest(), lines=key_lines(text))


def key_lines(text: str) -> dict[KeyPath, int]:
    """Line (from 1) of every table, key, and element of a key's array, in text that is known to be TOML."""
    lines: dict[KeyPath, int] = {}
    counts: dict[KeyPath, int] = {}
    prefix: KeyPath = ()
    value = _ValueScanner()
    for number, line in enumerate(text.splitlines(), start=1):
        rest = line
        if not value.open:
            header, key = _HEADER.match(line), _KEY.match(line)
            if header:
                prefix = _table_path(_parts(header[2]), header[1] == "[[", counts)
                lines.setdefault(prefix, number)
                continue
            if not key:
                continue
            path = (*prefix, *_parts(key[1]))
            lines[path] = number
            value.begin(path)
            rest = line[key.end() :]
        for element in value.feed(rest):
            lines[element] = number
    return lines


def _parts(dotted: str) -> tuple[str, ...]:
    return tuple(part.strip("\"'") for part in _KEY_PART.findall(dotted))


def _table_path(names: tuple[str, ...], is_array: bool, counts: dict[KeyPath, int]) -> KeyPath:
    """The header's path with the index of each array of tables on the way; counts a new element of its own array."""
    path: KeyPath = ()
    for name in names[:-1]:
        path = (*path, name)
        if path in counts:
            path = (*path, counts[path])
    path = (*path, names[-1])
    if not is_array:
        return path
    counts[path] = counts.get(path, -1) + 1
    return (*path, counts[path])


class _ValueScanner:
    """Follows one value over its lines, and tells where the elements of its outermost array begin."""

    def __init__(self) -> None:
        self.open = False
        self._path: KeyPath = ()
        self._depth = 0
        self._quote = ""
        self._index = 0
        self._expecting = False

    def begin(self, path: KeyPath) -> None:
        """A new value starts."""
        self._path, self._depth, self._quote, self._index, self._expecting = path, 0, "", 0, False

    def feed(self, line: str) -> list[KeyPath]:
        """Take a line; returns the paths of the array elements that begin on it."""
        found: list[KeyPath] = []
        at = 0
        while at < len(line):
            if self._quote:
                at = self._inside_string(line, at)
                continue
            char = line[at]
            if char == "#":
                break
            if self._expecting and self._depth == 1 and not char.isspace() and char not in ",]":
                found.append((*self._path, self._index))
                self._expecting = False
            if char in "\"'":
                self._quote = char * 3 if line.startswith(char * 3, at) else char
                at += len(self._quote)
                continue
            if char in "[{":
                self._depth += 1
                self._expecting = self._expecting or (self._depth == 1 and char == "[")
            elif char in "]}":
                self._depth -= 1
            elif char == "," and self._depth == 1:
                self._index += 1
                self._expecting = True
            at += 1
        self.open = self._depth > 0 or len(self._quote) == 3
        return found

    def _inside_string(self, line: str, at: int) -> int:
        """The position after the string's end or after the next character of it."""
        if line.startswith(self._quote, at):
            length = len(self._quote)
            self._quote = ""
            return at + length
        return at + (2 if line[at] == "\\" and self._quote[0] == '"' else 1)
