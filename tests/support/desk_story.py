"""A visitor at the paper desk, filmed: hands, sheets and keys by a script, written as a session's folder."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from support.paper_desk import Blob, Moment, PaperCamera

from station.desk_kit import geometry as g
from station.desk_kit.geometry import PaperBody
from station.simulation.desk_session import TOUCHES_FILE, Touch, Touched, touch_line
from vision.geometry import Transform

AWAY = np.array([40.0, -330.0, 60.0])
TOOL_PARK = np.array([165.0, -20.0, 0.0])


class Film:
    """Films a story. Bodies are by name; the hand comes from the visitor's side."""

    def __init__(self, camera: PaperCamera, folder: Path, size_px: tuple[int, int], *, fps: float = 8.0) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._camera = camera
        self._folder = folder
        self._fps = fps
        self._writer = cv2.VideoWriter(str(folder / "video.avi"), cv2.VideoWriter_fourcc(*"MJPG"), fps, size_px)
        assert self._writer.isOpened()
        self._touches: list[Touched] = []
        self._frames = 0
        self._hand: np.ndarray | None = None
        self._card: Transform | None = None
        self.bodies: dict[str, tuple[PaperBody, Transform]] = {}
        for part, at in g.TRAYS.items():
            self.bodies[part] = (g.carrier(part), Transform.of(at[0] + 1.1, at[1] - 0.8, 0.0, 0.0, 0.0, 1.5))
        for number, joint in enumerate(g.JOINTS):
            x = g.TOKENS_START[0] + (number - 1) * g.TOKENS_APART_MM
            self.bodies[f"token {joint}"] = (g.token(joint), Transform.of(x, g.TOKENS_START[1], 0.2, 0, 0, 12 * number))
        self.bodies["tool"] = (g.tower(), Transform.of(*TOOL_PARK, 0.0, 0.0, 8.0))

    @property
    def t_s(self) -> float:
        """Time of the next frame."""
        return self._frames / self._fps

    def wait(self, seconds: float) -> None:
        """Nothing moves."""
        for _ in range(max(1, round(seconds * self._fps))):
            self._shoot()

    def touch(self, touch: Touch) -> None:
        """A key or the screen is touched now."""
        self._touches.append(Touched(t_s=self.t_s, touch=touch))

    def show_pass(self, seconds: float) -> None:
        """Hold the pass up to the camera."""
        self._card = Transform.of(-10.0, 95.0, 115.0, -45.0)
        self._hand = np.array([-10.0, 30.0, 90.0])
        self.wait(seconds)
        self._card = self._hand = None

    def carry(self, name: str, to: tuple[float, float, float], *, yaw_deg: float = 0.0, seconds: float = 0.8) -> None:
        """Reach for a thing, carry it over in an arc, and let go of it; the hand stays there."""
        body, start = self.bodies[name]
        grip = np.array([0.0, -34.0, 22.0]) if name != "tool" else np.array([0.0, -34.0, 14.0])
        if name.startswith("token"):
            grip = np.array([0.0, -18.0, 14.0])
        self._reach(start.translation_mm + grip)
        begin, end = start.translation_mm, np.array(to)
        turned = start.yaw_deg()
        frames = max(2, round(seconds * self._fps))
        for number in range(1, frames + 1):
            share = number / frames
            at = begin + (end - begin) * share + np.array([0.0, 0.0, 35.0 * np.sin(np.pi * share)])
            lean = 6.0 * np.sin(np.pi * share)
            pose = Transform.of(*at, lean, -lean, turned + (yaw_deg - turned) * share)
            self.bodies[name] = (body, pose)
            self._hand = at + grip
            self._shoot()

    def leave(self) -> None:
        """The hand goes away."""
        self._reach(AWAY)
        self._hand = None

    def close(self) -> Path:
        """Write everything; the session's folder."""
        self._writer.release()
        text = "".join(touch_line(touched) + "\n" for touched in self._touches)
        (self._folder / TOUCHES_FILE).write_text(text, encoding="utf-8")
        return self._folder

    def _reach(self, to: np.ndarray) -> None:
        start = AWAY if self._hand is None else self._hand
        for share in (0.5, 1.0):
            self._hand = start + (to - start) * share
            self._shoot()

    def _shoot(self) -> None:
        hands = []
        if self._hand is not None:
            wrist = (float(self._hand[0]) - 12.0, float(self._hand[1]) - 330.0, float(self._hand[2]) + 30.0)
            hands = [Blob(start_mm=wrist, end_mm=tuple(float(v) for v in self._hand), radius_mm=18.0)]
        moment = Moment(bodies=list(self.bodies.values()), hands=hands, card=self._card)
        self._writer.write(self._camera.picture(moment))
        self._frames += 1


def joint_top(joint: str, dx: float = 0.0, dy: float = 0.0) -> tuple[float, float, float]:
    """On the joint's mark, on a carrier in its place, a little beside it."""
    x, y, z = g.joint_mm(joint)
    return (x + dx, y + dy, z + 0.2)


def begin(film: Film) -> None:
    """Consent and pass."""
    film.wait(2.0)
    film.touch("start")
    film.wait(1.0)
    film.touch("confirm")
    film.wait(0.8)
    film.show_pass(1.5)
    film.wait(0.8)


def place_mirror(film: Film) -> None:
    """The blue mirror from its tray to the door."""
    film.carry("paper-blue", (g.WORK_PLACE[0] + 0.9, g.WORK_PLACE[1] - 0.7, 0.0), yaw_deg=1.0)
    film.leave()
    film.wait(2.2)


def lay_nuts(film: Film, joints: tuple[str, ...] = ("J1", "J2", "J3")) -> None:
    """Nuts onto their marks."""
    for number, joint in enumerate(joints):
        film.carry(f"token {joint}", joint_top(joint, 0.8 * (-1) ** number, 0.6), yaw_deg=25.0 * number, seconds=0.5)
    film.leave()
    film.wait(2.2)


def tighten(film: Film, joint: str) -> None:
    """The tool onto the joint, the key held till it stops. A film cannot wait for the lamp, so it takes its time."""
    film.carry("tool", joint_top(joint, 0.7, -0.6), yaw_deg=5.0, seconds=0.7)
    film.wait(2.5)
    film.touch("trigger")
    film.wait(3.0)
    film.touch("let-go")
    film.wait(0.4)


def finish(film: Film) -> None:
    """The tool put away, a last look, the record."""
    film.carry("tool", tuple(float(v) for v in TOOL_PARK))
    film.leave()
    film.wait(3.0)
    film.touch("confirm")
    film.wait(1.0)
