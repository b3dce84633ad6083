"""Mistakes in files: every one of a file is listed at once, each with place, what is wrong and what to do."""

from __future__ import annotations

from dataclasses import dataclass

KeyPath = tuple[str | int, ...]
"""Keys and array indexes (from 0) from the top of the file."""


def shown_path(path: KeyPath) -> str:
    """`step[3].demands[0].joint` for ("step", 3, "demands", 0, "joint")."""
    text = ""
    for item in path:
        text += f"[{item}]" if isinstance(item, int) else f".{item}" if text else item
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One mistake."""

    file: str
    where: str
    """Key path such as `step[3].demands[0].joint`, indexes from 0; empty = the whole file."""
    line: int | None
    """From 1; None where it cannot be found."""
    what: str
    todo: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}"
        where = f" {self.where}:" if self.where else ""
        return f"{place}:{where} {self.what}; {self.todo}"


class ConfigError(Exception):
    """A file, or several that belong together, cannot be used. `problems` has every mistake that was found."""

    code = "config.invalid"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        self.problems = problems
        super().__init__("\n".join(str(problem) for problem in problems))
