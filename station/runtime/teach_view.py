"""The teaching of checks as a technician sees it: values, and the error of what was refused."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One example that was taken."""

    id: str
    camera: str
    state: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Confusion:
    """Examples of one state that were told to be another when the model was tried."""

    state: str
    told: str
    count: int
    of: int
    """Of how many that were tried."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """What came of the last training for one camera."""

    camera: str
    usable: bool
    why: str
    """One sentence: what it was tried on and with what result, or why it cannot be used and what to do."""
    confusions: tuple[Confusion, ...]
    model: str
    """Id of the model in use; empty where none is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TaughtNow:
    """One check and how far its teaching is."""

    check: str
    kind: str
    states: tuple[str, ...]
    cameras: tuple[str, ...]
    """Those that look at it."""
    examples: tuple[Example, ...]
    trained: tuple[Trained, ...]
    training: bool
    """Whether it is being trained at this moment."""


class TeachRefusedError(Exception):
    """An example was not taken, or a training could not begin. The text is one sentence: why, and what to do."""

    code = "teaching.refused"
