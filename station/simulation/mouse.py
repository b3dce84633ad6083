"""The person at the keyboard as the visitor: the mouse is the right hand on the simulated bench.

Drag a part, a nut out of the cup, or the tool by its body; the place, the stud or the joint catches what comes near it,
as pins and a socket do. Letting the tool go lays it in its stand, where it also gets the right socket. Points are
pixels of a camera's picture; the hand moves on a plane above the bench.
"""

from __future__ import annotations

import math
from collections.abc import Generator

from station.config.bench import pose_of
from station.simulation.visitor import NUT_GRIP, PART_GRIP, TOOL_GRIP
from station.simulation.world import AWAY, Point, World
from vision.bench import Bench
from vision.geometry import Transform

HAND_Z_MM = 110.0
CARRY_Z_MM = 60.0
"""Height at which a carried thing's origin moves over the bench."""
CATCH_MM = 30.0
"""A place catches a part within this, a stud a nut, a joint the tool."""
REACH_MM = {"part": 95.0, "tool": 70.0, "cup": 50.0, "card": 70.0}
CARD_EDGE = Transform.of(60.0, -305.0, 2.0)
"""The visitor's pass lies half over the bench's edge, where no camera can read it."""
IDLE_S = 2.0
"""A mouse that rests this long with nothing in hand takes its hand off the bench."""


class MouseVisitor:
    """Turns mouse events into what a hand does. Methods may be called from any thread; `act` runs with the world."""

    def __init__(self, world: World, bench: Bench, *, pass_text: str, tool_park: Transform) -> None:
        self._world = world
        self._bench = bench
        self._card_in_hand = False
        world.card_text, world.card_at = pass_text, CARD_EDGE
        self._park = tool_park
        self._at_mm: tuple[float, float] = (AWAY[0], AWAY[1])
        self._moved_s = float("-inf")
        self._nut_in_hand = False

    def act(self) -> Generator[None, None, None]:
        """One turn a tick, for ever: a resting mouse means hands off."""
        while True:
            with self._world.lock:
                hand = self._world.hands["right"]
                idle = self._world.now_s - self._moved_s > IDLE_S
                if (
                    idle
                    and not hand.holding
                    and not self._nut_in_hand
                    and not self._card_in_hand
                    and hand.at_mm != AWAY
                ):
                    self._world.carry("right", AWAY)
            yield

    def move(self, x_px: float, y_px: float, camera: str) -> None:
        """The mouse is at this pixel of that camera's picture. KeyError for a camera that is not there."""
        with self._world.lock:
            holding = self._world.hands["right"].holding
            height_mm = CARRY_Z_MM + 80.0 if holding else HAND_Z_MM
            x, y, _ = (float(v) for v in self._bench.camera(camera).bench_point_on_plane([[x_px, y_px]], height_mm)[0])
            self._at_mm = (x, y)
            self._moved_s = self._world.now_s
            if self._card_in_hand:
                self._world.card_at = Transform.of(x, y, HAND_Z_MM - 20.0)
                self._world.carry("right", (x, y - 110.0, HAND_Z_MM - 40.0))
            elif holding == "tool":
                self._move_tool(x, y)
            elif holding:
                self._move_body(holding, Transform.of(x, y, CARRY_Z_MM + 40.0), PART_GRIP)
            else:
                self._world.carry("right", (x, y - 85.0, HAND_Z_MM))

    def grab(self) -> None:
        """The button went down: take what is under the fingers."""
        with self._world.lock:
            x, y = self._at_mm
            if math.dist((x, y), tuple(CARD_EDGE.translation_mm[:2])) <= REACH_MM["card"]:
                self._card_in_hand = True
                return
            if math.dist((x, y), self._world.cup_mm[:2]) <= REACH_MM["cup"]:
                self._nut_in_hand = True
                self._world.hands["right"].grip = 1.0
                return
            found = [
                (math.dist((x, y), tuple(pose.translation_mm[:2])), name)
                for name, pose in self._world.poses.items()
                if math.dist((x, y), tuple(pose.translation_mm[:2])) <= REACH_MM["tool" if name == "tool" else "part"]
            ]
            if found:
                self._world.grab("right", min(found)[1])

    def release(self) -> None:
        """The button came up: let go, and let pins, studs and the tool's stand catch what is near them."""
        with self._world.lock:
            held = self._world.hands["right"].holding
            x, y = self._at_mm
            if self._card_in_hand:
                self._card_in_hand = False
                self._world.card_at = CARD_EDGE
            if self._nut_in_hand:
                self._nut_in_hand = False
                self._drop_nut(x, y)
            if held == "tool":
                self._world.let_go()
                self._world.put("tool", self._park)
                self._change_socket()
            elif held:
                self._lay(held, x, y)
            self._world.release("right")

    def trigger(self, pressed: bool) -> None:
        """The tool's trigger."""
        if pressed:
            self._world.pull_trigger()
        else:
            self._world.let_go()

    def _change_socket(self) -> None:
        """In its stand the tool gets the socket that the work asks for."""
        wanted = {joint.socket for joint in self._world.procedure.joints if joint.socket is not None}
        if len(wanted) == 1 and self._world.socket not in wanted:
            self._world.mount_socket(wanted.pop())

    def _move_tool(self, x: float, y: float) -> None:
        for joint in self._world.procedure.joints:
            jx, jy, jz = joint.position_mm
            if math.dist((x, y), (jx, jy)) <= CATCH_MM:
                nut = self._world.nuts.get(joint.id)
                top = jz + (8.0 if nut is None or nut.tight else 17.0)
                self._move_body("tool", Transform.of(jx, jy, top), TOOL_GRIP)
                return
        self._world.let_go()
        self._move_body("tool", Transform.of(x, y, CARRY_Z_MM + 110.0), TOOL_GRIP)

    def _move_body(self, body: str, pose: Transform, grip: Point) -> None:
        x, y, z = (float(v) for v in pose.translation_mm)
        self._world.hands["right"].at_mm = (x + grip[0], y + grip[1], z + grip[2])
        self._world.put(body, pose)

    def _drop_nut(self, x: float, y: float) -> None:
        for joint in self._world.procedure.joints:
            if math.dist((x, y), joint.position_mm[:2]) <= CATCH_MM and joint.id not in self._world.nuts:
                jx, jy, jz = joint.position_mm
                self._world.hands["right"].at_mm = (jx + NUT_GRIP[0], jy + NUT_GRIP[1], jz + NUT_GRIP[2])
                self._world.start_nut(joint.id)
                return

    def _lay(self, body: str, x: float, y: float) -> None:
        for place in self._world.procedure.places:
            if math.dist((x, y), place.at_mm[:2]) <= CATCH_MM:
                self._world.put(body, pose_of(place))
                return
        self._world.put(body, Transform.of(x, y, 2.0))
