"""What is done at a bench that the station hands over, and what a page is told of it. Contracts and values only."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from calibration.bench_work import BenchPlan, Progress, Say, Technician, TouchGoal
from calibration.daily.verdicts import DeviceVerdict
from calibration.robot_run import Stand
from station.config.artefact import Artefact


class Doing(StrEnum):
    """Where the work at the bench stands."""

    IDLE = "idle"
    WANTED = "wanted"
    """The station is to end what it does and hand its bench over."""
    RUNNING = "running"
    BROKEN = "broken"
    """It ended early; what was taken is kept."""
    RESULT = "result"
    KEEPING = "keeping"
    KEPT = "kept"


class RobotRefusedError(Exception):
    """A wish that is not carried out. `reason` is the end of the phrase's key `ui.robot_run.no.<reason>`."""

    code = "robot_run.refused"

    def __init__(self, reason: str, words: Mapping[str, str] | None = None) -> None:
        self.reason = reason
        self.words = words or {}
        super().__init__(reason)


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What a person is to do or to say before the run goes on."""

    number: int
    """An answer names it, so that none is taken for another question's."""
    what: str
    """End of the phrase's key `ui.robot_run.ask.<what>`."""
    words: Mapping[str, str]
    answers: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RobotView:
    """Everything at one moment."""

    doing: Doing
    visit: bool
    """Whether a visit is under way."""
    person: str
    moving: bool
    """Whether the arm is under way, or may set off at once."""
    question: Question | None
    taken: int
    poses: int
    """Poses that were taken, and of how many; 0 of 0 before they are chosen."""
    refused: tuple[tuple[int, str, str], ...]
    """Pose, camera, and why its picture gave no board."""
    news: tuple[str, ...]
    """What the run said, newest last; in English, as the record has it."""
    cameras: Mapping[str, int]
    """Camera -> number of its newest picture."""
    job: str
    """Name of what is done, or was last; empty before the first."""
    results: tuple[Result, ...]
    """What would be kept, or was."""
    board_on: bool
    """Whether nothing is under way and the board is still on the flange: the bench is not given back so."""


class Hands(Protocol):
    """What is done at the bench when the page says that it may be, or has been. Raises CalibrationError."""

    def put_on(self, what: str) -> None:
        """It is on the flange, or was taken away."""

    def hold_board(self, camera: str, number: int, of: int) -> None:
        """The lens board is held up."""

    def free(self, goal: TouchGoal) -> None:
        """Before somebody leads the tip."""

    def fast(self, goal: TouchGoal) -> None:
        """Once it is there, and whenever leading ends."""

    def lead_off(self) -> None:
        """The touch is taken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AtBench:
    """What a job has while it is done."""

    plan: BenchPlan
    stand: Stand
    technician: Technician
    person: str
    rundown: tuple[str, float] | None
    """Series of a test rundown that was made, and what the reference read, N·m."""
    say: Say
    progress: Progress


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """One thing that was found."""

    kind: str
    name: str
    good: bool
    error_mm: float | None
    """At the part, 95 %; None where that is no word for it."""
    text: str
    """In English, as the record has it."""
    id: str
    source: DeviceVerdict | Artefact | None = None
    """What words in other languages are made from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a job came to."""

    results: tuple[Result, ...]
    keep: Callable[[], tuple[Result, ...]] | None = None
    """Keeps it once it is accepted; None when it is kept already. Raises OSError."""


OpenBench = Callable[[BenchPlan, Callable[[], bool]], AbstractContextManager[tuple[Stand, Hands]]]
"""Opens stand and hands for a plan; whether it may go on moving is asked of the second all the while."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """Something that is done at the bench."""

    plan: Callable[[], BenchPlan]
    """With what. Raises CalibrationError, ArtefactError where it cannot be done yet."""
    open: OpenBench
    work: Callable[[AtBench], Done]
    """Do it. Raises CalibrationError, ArtefactError, CameraError, LinkError, OSError."""
