"""A real bench as a calibration sees it: the arm on its line, the cameras' pictures, a technician who is asked."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

from calibration.bench_work import TouchGoal
from calibration.flange_record import BOARD, FlangeRecord
from calibration.observations import CalibrationError
from calibration.picture_files import grey_of
from calibration.robot_run import Picture
from drivers.api import CobotPosture, CommandFailed, FreeDrive, MoveJoints
from station.commands.arm_line import FRESH_S, ArmLine
from station.config.station_values import StationConfig
from station.motion.plan import Leg
from vision.cameras.opening import open_source
from vision.cameras.source import CameraError, FrameSource

PICTURE_WITHIN_S = 3.0
SINKS = "An arm without brakes sinks now: hold it with one hand first."

Say = Callable[[str], None]
Wait = Callable[[], str | None]
"""Until the technician presses Enter; what was typed before it, where anybody listens to that."""


def typed_line() -> str:
    """What is typed at the terminal until Enter. Raises CalibrationError `calibration.nobody` where it is closed."""
    line = sys.stdin.readline()
    if not line:
        raise CalibrationError(
            "calibration.nobody", "nobody answers at this terminal, so nothing moves; start again at one that is open"
        )
    return line.strip()


class LiveStand:
    """A `calibration.robot_run.Stand`. Real time; for one thread."""

    def __init__(self, line: ArmLine, sources: Mapping[str, FrameSource], now_s: Callable[[], float]) -> None:
        """`now_s` is the clock that stamps pictures and postures."""
        self._line, self._sources, self._now_s = line, sources, now_s

    def now_s(self) -> float:
        """Monotonic."""
        return self._now_s()

    def wait(self, seconds: float) -> None:
        """In real time."""
        time.sleep(seconds)

    def posture(self) -> CobotPosture | None:
        """What the driver said last; None when that is so old that the arm may be elsewhere by now."""
        posture = self._line.posture
        return posture if posture is not None and self._now_s() - posture.t_mono_s < FRESH_S else None

    def go(self, leg: Leg) -> CommandFailed | None:
        """One leg; its lease is kept alive while this waits. Raises LinkError when no end comes."""
        end = self._line.finish(
            MoveJoints(
                command_id=self._line.command_id(),
                angles_deg=leg.points_deg[-1],
                through_deg=leg.points_deg[1:-1],
                speed_percent=leg.speed_percent,
            )
        )
        return end if isinstance(end, CommandFailed) else None

    def stop(self) -> None:
        """Stand still. Raises LinkError."""
        self._line.stop()

    def picture(self, camera: str) -> Picture:
        """The first picture that was taken after now: older ones may show the arm on its way."""
        asked_s = self._now_s()
        while self._now_s() - asked_s < PICTURE_WITHIN_S:
            try:
                frame = self._sources[camera].read()
            except CameraError as error:
                raise CalibrationError("calibration.no_picture", str(error)) from error
            if frame is None:
                break
            if frame.t_mono_s >= asked_s:
                return Picture(grey=grey_of(frame.image), t_s=frame.t_mono_s)
        raise CalibrationError(
            "calibration.no_picture",
            f"camera {camera} gave no new picture within {PICTURE_WITHIN_S:.0f} s; look at its cable, then start again",
        )


class AskedTechnician:
    """A `calibration.bench_flow.Technician` at the terminal."""

    def __init__(self, line: ArmLine, say: Say, wait: Wait, flange: FlangeRecord) -> None:
        self._line, self._say, self._wait, self._flange = line, say, wait, flange

    def hold_board(self, camera: str, number: int, of: int) -> None:
        """Not here: lenses come from their own command."""
        del number, of
        raise CalibrationError(
            "calibration.no_lens",
            f"camera {camera} has no lens in force; run `station calibrate camera {camera}` first",
        )

    def on_flange(self) -> str:
        """As the technician says. Raises CalibrationError `calibration.flange_unknown`."""
        self._say(
            "What is on the flange now? Type b for the board as it was left, or p for the pointer (put it on first if "
            "the flange is bare), then press Enter. The arm stands still."
        )
        said = (self._wait() or "").strip().lower()
        found = {"b": "board", "p": "pointer"}.get(said)
        if found is None:
            raise CalibrationError(
                "calibration.flange_unknown",
                f"`{said}` is neither b nor p; the arm does not move before it is known what it carries, start again",
            )
        self._flange.note(found)
        return found

    def stand_clear(self, where: str) -> None:
        """Asked for, then waited for."""
        self._say(f"Take your hands away, and keep out of the arm's reach. Enter: the arm goes to {where}.")
        self._wait()

    def put_on(self, what: str) -> None:
        """Asked for, then waited for."""
        if what == BOARD:  # noted before: whoever is asked for it may have begun to put it on
            self._flange.note(what)
        self._say(f"Put the {what} on the flange, and tighten it. The arm stands still until you press Enter.")
        self._wait()
        self._flange.note(what)

    def lead_to(self, goal: TouchGoal) -> None:
        """By hand: the joints are free until Enter."""
        lean = "as it stands, without turning the tool" if goal.as_it_stands else f"leaning {goal.lean_deg:.0f} degrees"
        self._say(f"{SINKS} Lead the tip onto {goal.place}, {lean}; then press Enter and hold it until it says so.")
        self._free(True)
        try:
            self._wait()
        finally:
            self._free(False)
        self._say("The arm holds its place.")

    def lead_off(self) -> None:
        """It stays where it is: the next way begins by drawing back along the tool, and is asked for."""
        self._say("That touch is taken; you may let go of the arm.")

    def _free(self, on: bool) -> None:
        end = self._line.finish(FreeDrive(command_id=self._line.command_id(), on=on))
        if isinstance(end, CommandFailed):
            raise CalibrationError("calibration.cannot_touch", f"{end.detail} ({end.code})")


@contextmanager
def live_cameras(station: StationConfig) -> Iterator[dict[str, FrameSource]]:
    """Every camera of a station, open. Raises CameraError."""
    with ExitStack() as stack:
        sources: dict[str, FrameSource] = {}
        for camera in station.cameras:
            source = open_source(camera.name, camera.source, camera.model, camera.fps, time.monotonic, camera.settings)
            stack.callback(source.close)
            sources[camera.name] = source
        yield sources
