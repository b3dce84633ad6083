"""What is on the flange, as a technician said last, on disk: no visit begins with the board on, whatever happened.

Nothing else tells a program that; and ways that are planned for the pointer are not free for the board.
"""

from __future__ import annotations

from pathlib import Path

BOARD, POINTER = "board", "pointer"
NAME = "on-flange.txt"


class FlangeRecord:
    """One file in the folder of a bench's artefacts; without it, it is the pointer."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / NAME

    def what(self) -> str:
        """`board` or `pointer`. What cannot be read is the board: it is asked for then."""
        try:
            return POINTER if self._path.read_text(encoding="utf-8").strip() == POINTER else BOARD
        except FileNotFoundError:
            return POINTER
        except (OSError, UnicodeDecodeError):
            return BOARD

    def note(self, what: str) -> None:
        """It is on now; what is laid aside elsewhere says nothing. Raises OSError."""
        if what in (BOARD, POINTER) and what != self.what():
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(what, encoding="utf-8")
