"""Files that a running station writes for people to read: whole or not at all, with every former version kept."""

from __future__ import annotations

import os
from pathlib import Path

HISTORY = "history"
"""Folder beside such a file with its former versions, named by their time."""


def write_through(path: Path, text: str) -> None:
    """To the disk itself, so that a power cut leaves the old file or the new one. Raises OSError."""
    with path.open("w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())


def keep_former(path: Path, text: str, stamp: str) -> None:
    """Keep a file's former text as `history/<file>.<stamp>.toml` (`stamp` is a time as text). Raises OSError."""
    history = path.parent / HISTORY
    history.mkdir(exist_ok=True)
    plain = "".join(char if char.isalnum() else "-" for char in stamp)
    write_through(_free_name(history, f"{path.stem}.{plain}"), text)


def draft_of(path: Path) -> Path:
    """Where a new version stands until it is known to be right."""
    return path.with_name(f".{path.name}.new")


def _free_name(folder: Path, stem: str) -> Path:
    """A name that no former version has."""
    number, path = 1, folder / f"{stem}.toml"
    while path.exists():
        number += 1
        path = folder / f"{stem}.{number}.toml"
    return path
