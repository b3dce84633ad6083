"""What the pages' server may see and do: written here, kept by whoever runs the station.

Every method but those that say otherwise may be called from the server's event loop and returns at once; what it reads
is made in other threads.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from station.config.phrases import Phrases
from station.core.events import (
    FaultAcknowledged,
    HelpAnswered,
    HelpRequested,
    LanguageChosen,
    PauseRequested,
    PersonConfirmed,
    ReachChosen,
    ResumeRequested,
    RightUsed,
    VisitAbandoned,
)
from station.core.screen import Screen
from station.core.service_asks import Ask
from station.motion.gesture import Gesture
from station.runtime.arm_desk import ArmView
from station.web.calibrate_camera_desk import LensWorkshop
from station.web.calibrate_overview_desk import CalibrationBook
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.calibrate_torque_desk import TorqueWorkshop
from station.web.eyes_desk import Eyes
from station.web.record import Curve, OverrideNote, Record, Rundown
from station.web.teach_desk import Teaching

PersonEvent = (
    FaultAcknowledged
    | HelpAnswered
    | HelpRequested
    | LanguageChosen
    | PauseRequested
    | PersonConfirmed
    | ReachChosen
    | ResumeRequested
    | RightUsed
    | VisitAbandoned
)
"""What a person can make happen on a page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Caption:
    """What is being said, as shown text. `utterance` is the same id that the voice has."""

    utterance: str
    text: str
    priority: str
    by_page: bool = False
    """Whether the page must play it, because the station has no player."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The newest analysed picture of a camera, ready to be sent."""

    seq: int
    t_mono_s: float
    jpeg: bytes
    overlay: Mapping[str, Any]
    """As `vision.overlay.overlay_of` makes it, from the same picture."""


class BenchPointer(Protocol):
    """A visitor's hand that is moved with a pointing device over a camera's picture."""

    def move(self, x_px: float, y_px: float, camera: str) -> None:
        """The pointer is at this pixel of that camera's picture."""

    def grab(self) -> None:
        """Close the hand on what is under it."""

    def release(self) -> None:
        """Open the hand."""

    def trigger(self, pressed: bool) -> None:
        """Pull the tool's trigger, or let it go."""


class TriggerKey(Protocol):
    """The trigger of a simulated tool, as a key of the visitor's page."""

    def hold(self) -> None:
        """The key is down at this moment; said again and again while it is."""

    def let_go(self) -> None:
        """The key is up."""


class Arm(Protocol):
    """The arm as a technician sees and serves it. Only the core moves it: a wish is asked, never carried out, here."""

    def view(self) -> ArmView:
        """Everything about it now."""

    def ask(self, wish: Ask, person: str) -> None:
        """A signed-in technician wants something of it."""

    def hold(self) -> None:
        """The jog's button is held at this moment."""

    def teach_posture(self, name: str, speed_percent: int, person: str) -> None:
        """Keep where it stands. Raises TeachError. Writes to the disk: not from the event loop."""

    def keep(self, gesture: Gesture, person: str) -> None:
        """Write a gesture. Raises TeachError. Writes to the disk: not from the event loop."""


class Desk(Protocol):
    """The station as the pages know it."""

    @property
    def phrases(self) -> Phrases:
        """All sentences."""

    @property
    def bench_pointer(self) -> BenchPointer | None:
        """Only where a person may move things with the mouse."""

    @property
    def trigger_key(self) -> TriggerKey | None:
        """Only where the tool is simulated and its trigger is a key."""

    def screen(self) -> tuple[int, Screen | None]:
        """Version and newest screen, None before the first. The version changes with screen and caption."""

    def caption(self) -> Caption | None:
        """The newest caption."""

    def speech(self, utterance: str) -> bytes | None:
        """The WAV of an utterance that a page must play."""

    def camera_names(self) -> tuple[str, ...]:
        """Cameras that there are, the most telling first."""

    def picture(self, camera: str) -> Shown | None:
        """The newest picture of a camera."""

    def record(self) -> Record | None:
        """The record of the visit that is under way or was the last one."""

    def rundowns(self) -> tuple[Rundown, ...]:
        """Every result of this visit, in order."""

    def overrides(self) -> tuple[OverrideNote, ...]:
        """What people have decided by a right in this visit, in order."""

    def curve(self, result: str) -> Curve | None:
        """The curve of a result of this visit. Reads the disk: not from the event loop."""

    def listen(self, listener: Callable[[], None]) -> Callable[[], None]:
        """Call `listener` (from any thread) when screen, caption or a picture is new; returns what ends it."""

    def post(self, event: PersonEvent) -> None:
        """A person has done something, already judged against the newest screen."""

    def begin(self, language: str) -> None:
        """Open a visit in this language."""

    def arm(self) -> Arm | None:
        """The bench's arm; None on a bench without one."""

    def eyes(self) -> Eyes | None:
        """The eyes for technicians; None where nobody looks."""

    def teaching(self) -> Teaching | None:
        """The teaching of checks; None where the work has none."""

    def calibrations(self) -> CalibrationBook | None:
        """The station's calibrations; None where it keeps none."""

    def lenses(self) -> LensWorkshop | None:
        """Where technicians calibrate lenses; None where nobody looks."""

    def torque(self) -> TorqueWorkshop | None:
        """Where technicians verify the torque tool; None on a station that names no reference."""

    def robot_bench(self) -> RobotWorkshop | None:
        """Where technicians calibrate the arm; None where no bench is handed over for it."""
