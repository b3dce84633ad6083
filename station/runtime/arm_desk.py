"""The arm as a technician sees and serves it: everything to be shown in one value, and the wishes that go to the loop.

Thread-safe. Nothing here moves the arm: a wish is an event, and the core decides.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from drivers.api import CobotPosture, CobotStatus, Connected, Disconnected, DriverEvent
from station.config.errors import ConfigError
from station.config.gestures_file import save_gesture
from station.config.station_values import GestureBook
from station.core.events import Event, GestureTaught, ServiceAsked
from station.core.procedure import Role
from station.core.service_asks import Ask
from station.core.state import Phase, State
from station.motion.gesture import Gesture, TaughtPosture, Vector
from station.motion.moving_arm import ArmNow
from station.motion.people import Person
from station.motion.plan import MotionPlan
from station.motion.reaction import PartFigures
from station.motion.scene import MotionScene
from station.motion.supervision import Verdict
from station.runtime.gap_watch import GapWatch


class TeachError(Exception):
    """A gesture could not be taught or edited. The text says why and what to do."""

    code = "teach.refused"


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ArmView:
    """Everything about the arm at one moment."""

    t_mono_s: float
    connected: bool
    identity: Mapping[str, str] = field(default_factory=dict)
    """Model, firmware, serial ... as the arm told them."""
    lost_because: str = ""
    """Why the line was lost; empty while it is there or before it was tried."""
    posture: CobotPosture | None = None
    status: CobotStatus | None = None
    links: ArmNow | None = None
    """Where its links are on the bench, for a drawing; None on a bench without a supervisor."""
    persons: tuple[Person, ...] = ()
    verdict: Verdict | None = None
    reaction: Mapping[str, PartFigures] = field(default_factory=dict)
    plan: MotionPlan | None = None
    """Of the motion that is under way, or was last."""
    scene: MotionScene | None = None
    """Bench, tool and gestures as plans are made with."""


class ArmDesk:
    """One arm's desk."""

    def __init__(
        self,
        *,
        scene: MotionScene,
        book: GestureBook,
        gap: GapWatch | None,
        plan: Callable[[], MotionPlan | None],
        post: Callable[[Event, str], None],
        hold: Callable[[float], None],
        state: Callable[[], State],
        now_s: Callable[[], float],
        utc: Callable[[], str],
        joints: Callable[[], Mapping[str, Vector]] = dict,
    ) -> None:
        """`hold` is told while a jog's button is held; `utc` is the wall clock as ISO 8601 text; `joints` are those
        that are not where the scene has them, bench frame.
        """
        self._joints = joints
        self._scene = scene
        self._book = book
        self._gap = gap
        self._plan = plan
        self._post = post
        self._hold = hold
        self._state = state
        self._now_s = now_s
        self._utc = utc
        self._lock = threading.Lock()
        self._posture: CobotPosture | None = None
        self._status: CobotStatus | None = None
        self._identity: Mapping[str, str] = {}
        self._connected = False
        self._lost_because = ""

    @property
    def gestures_sha256(self) -> str:
        """Of the gestures file as it is used now; empty without one."""
        return self._book.sha256

    def scene(self) -> MotionScene:
        """What the next plan is made with."""
        with self._lock:
            limits = limits_told(self._identity) or self._scene.limits_deg
            reach = self._state().reach
            joints = {**self._scene.joints, **self._joints()}
            return replace(self._scene, limits_deg=limits, gestures=self._book.by_name, reach=reach, joints=joints)

    def heard(self, event: DriverEvent) -> None:
        """The arm reports."""
        with self._lock:
            match event:
                case CobotPosture():
                    self._posture = event
                case CobotStatus():
                    self._status = event
                case Connected():
                    self._connected, self._identity, self._lost_because = True, event.identity, ""
                case Disconnected():
                    self._connected, self._lost_because = False, event.reason
                    self._posture = self._status = None
                case _:
                    pass

    def view(self) -> ArmView:
        """Everything now."""
        scene = self.scene()
        gap = self._gap
        with self._lock:
            view = ArmView(
                t_mono_s=self._now_s(),
                connected=self._connected,
                identity=self._identity,
                lost_because=self._lost_because,
                posture=self._posture,
                status=self._status,
                plan=self._plan(),
                scene=scene,
            )
        if gap is None:
            return view
        return replace(view, links=gap.arm_now(), persons=gap.persons(), verdict=gap.verdict, reaction=gap.figures())

    def ask(self, wish: Ask, person: str) -> None:
        """A signed-in technician wants something of the arm."""
        self._post(ServiceAsked(ask=wish, person=person, role=Role.TECHNICIAN), "person")

    def hold(self) -> None:
        """The jog's button is held at this moment; said about ten times a second while it is."""
        self._hold(self._now_s())

    def teach_posture(self, name: str, speed_percent: int, person: str) -> None:
        """Keep where the arm stands now as a posture of that name. Raises TeachError."""
        posture = self._posture
        if posture is None or posture.moving or not self._connected:
            raise TeachError(
                "the arm does not tell a posture at rest; connect it, let it stand still, then teach again"
            )
        self.keep(
            TaughtPosture(
                name=name,
                angles_deg=tuple(round(angle, 2) for angle in posture.angles_deg),
                speed_percent=speed_percent,
                taught_by=person,
                taught_at=self._utc(),
            ),
            person,
        )

    def keep(self, gesture: Gesture, person: str) -> None:
        """Write a gesture, new or edited, to the gestures file and use it from now on. Raises TeachError.

        Not while a visit runs: a visit keeps the gestures that it began with.
        """
        if self._state().phase is Phase.RUNNING:
            raise TeachError("a visit is under way and keeps its gestures; end it, then teach")
        path: Path | None = self._book.path
        if path is None:
            raise TeachError("this station has no gestures file; name one under [station] gestures")
        try:
            book = save_gesture(path, gesture, stamp=self._utc())
        except ConfigError as error:
            raise TeachError(str(error)) from error
        except OSError as error:
            raise TeachError(
                f"{path} could not be written ({error.strerror}); check the disk and its rights"
            ) from error
        with self._lock:
            self._book = book
        self._post(GestureTaught(gesture=gesture.name, gestures_sha256=book.sha256, person=person), "person")


def limits_told(identity: Mapping[str, str]) -> tuple[tuple[float, float], ...] | None:
    """The joints' ranges as a driver writes them into its identity (`-168..168, ...`, degrees); None without them."""
    text = identity.get("joint_limits_deg", "")
    try:
        ranges = tuple(tuple(float(end) for end in part.split("..")) for part in text.split(",") if part.strip())
    except ValueError:
        return None
    if len(ranges) != 6 or any(len(ends) != 2 for ends in ranges):
        return None
    return tuple((ends[0], ends[1]) for ends in ranges)
