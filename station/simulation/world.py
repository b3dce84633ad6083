"""The truth of the simulated bench: where things are, what holds them, what the nuts are like. In bench millimetres.

The real drivers talk to the two wire-level simulators held here; the real trackers look at pictures of `scene()`. Only
the renderer, the visitor's script and the scorer read this.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from drivers.cobot.arm.forward import joint_frames
from drivers.torque_tool.open_protocol.joint_physics import JointKind, ParameterSet, sound_joint
from drivers.torque_tool.open_protocol.lists import Job, JobStep
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.config.scene_file import Carried
from station.core.procedure import Procedure
from station.simulation.arms import SimulatedArm
from station.simulation.bad_views import BadView
from vision.geometry import Transform
from vision.scene import DrawnArm, DrawnCard, DrawnHand, DrawnNut, Look, Placed, Scene

Point = tuple[float, float, float]

AWAY: Point = (60.0, -520.0, 140.0)
"""Where a hand is that nobody sees: at the visitor's side."""
STARTED_HEIGHT_MM = 9.0
"""A nut started by hand stands this much higher than a tightened one."""
SEATED_SHARE = 0.6
"""A nut that felt this share of the target torque while the socket was on it counts as tight: sampled once a tick, the
last moment of the rise is not seen."""
NO_CUP: Point = (0.0, -200.0, 30.0)
"""Where a hand goes for nuts that are nowhere."""
SOCKET_REACH_MM = 8.0
"""The socket grips a nut within this distance."""


@dataclass(slots=True)
class Hand:
    """One hand of the visitor (or of somebody else)."""

    side: str
    at_mm: Point = AWAY
    grip: float = 0.0
    holding: str = ""
    """Body that it carries."""
    skin: tuple[int, int, int] = (110, 140, 195)


@dataclass(slots=True)
class Nut:
    """A nut on a stud."""

    kind: JointKind = JointKind.GOOD
    tight: bool = False
    turn_deg: float = 0.0


class World:
    """Everything on the bench. `advance` and the visitor's hands change it; `scene` may be called from any thread."""

    def __init__(
        self,
        procedure: Procedure,
        *,
        static: tuple[Placed, ...],
        looks: Mapping[str, Look],
        poses: Mapping[str, Transform],
        arm: SimulatedArm | None,
        bench_from_base: Transform,
        pointer_mm: float,
        tool: OpenProtocolSimulator | None,
        loose_nuts_mm: tuple[Point, ...] = (),
        carried: Carried | None = None,
        skin: tuple[int, int, int] = (110, 140, 195),
        sockets: Mapping[str, int] = MappingProxyType({}),
    ) -> None:
        """`looks` and `poses` are by body name: every part, and `tool`. `sockets` lie in a tray, each with the input of
        the controller that is high while it is out; the first one is on the tool.
        """
        self.procedure = procedure
        self.static = static
        self.lock = threading.RLock()
        self.poses = dict(poses)
        self.nuts: dict[str, Nut] = {}
        self.hands = {"right": Hand(side="right", skin=skin), "left": Hand(side="left", skin=skin)}
        self.card_text = ""
        self.card_at: Transform | None = None
        """bench_from_card of a card that lies or is dragged; None = the left hand holds it."""
        self.light = 1.0
        self.bad_views: dict[str, BadView] = {}
        """Camera -> what is wrong with its pictures."""
        self.arm = arm
        self.tool = tool
        self.socket = next(iter(sockets), "")
        """Which one is on the tool; empty = none."""
        self._sockets = dict(sockets)
        self._looks = dict(looks)
        self._loose_nuts_mm = loose_nuts_mm
        self._carried = carried if arm is not None else None
        self._bench_from_base = bench_from_base
        self._pointer_mm = pointer_mm
        self._running_joint = ""
        self._peak_nm = 0.0
        self._backwards = False
        self._now_s = 0.0
        self._wire_tray()

    @property
    def now_s(self) -> float:
        """Time of the last `advance`."""
        return self._now_s

    @property
    def cup_mm(self) -> Point:
        """Where the next loose nut is taken from: on the bench, or where the arm has brought it."""
        nuts = self._nuts_at()
        return nuts[0] if nuts else NO_CUP

    @property
    def looks(self) -> tuple[Look, ...]:
        """All looks that a scene can hold."""
        return (*self._looks.values(), *((self._carried.look,) if self._carried is not None else ()))

    def advance(self, now_s: float) -> None:
        """Let what is held follow its hand, and nuts turn with the tool."""
        with self.lock:
            self._now_s = now_s
            if self._running_joint and self.tool is not None:
                if self.joint_under_tool() == self._running_joint:
                    self._peak_nm = max(self._peak_nm, self.tool.torque_nm(now_s))
                if not self.tool.running:
                    self._end_rundown()

    def carry(self, side: str, at_mm: Point) -> None:
        """Move a hand; what it holds goes with it."""
        with self.lock:
            hand = self.hands[side]
            step = np.array(at_mm) - np.array(hand.at_mm)
            hand.at_mm = at_mm
            if hand.holding:
                pose = self.poses[hand.holding]
                self.poses[hand.holding] = Transform(pose.rotation, pose.translation_mm + step)

    def grab(self, side: str, body: str) -> None:
        """Close a hand on a body."""
        with self.lock:
            self.hands[side].holding = body
            self.hands[side].grip = 0.8

    def release(self, side: str) -> None:
        """Open a hand."""
        with self.lock:
            self.hands[side].holding = ""
            self.hands[side].grip = 0.0

    def put(self, body: str, pose: Transform) -> None:
        """A body comes to rest exactly there (pins and a tray guide it)."""
        with self.lock:
            self.poses[body] = pose

    def start_nut(self, joint: str, kind: JointKind = JointKind.GOOD) -> None:
        """A nut is started on the joint's stud by hand."""
        with self.lock:
            self.nuts[joint] = Nut(kind=kind)

    def mount_socket(self, socket: str) -> None:
        """Take the socket off the tool and put this one on; the others lie in the tray."""
        with self.lock:
            self.socket = socket
            self._wire_tray()

    def _wire_tray(self) -> None:
        if self.tool is not None and self._sockets:
            out = (self._sockets[self.socket],) if self.socket in self._sockets else ()
            self.tool.set_inputs(out, self._now_s)

    def remove_nut(self, joint: str) -> None:
        """The nut is taken off again."""
        with self.lock:
            self.nuts.pop(joint, None)

    def joint_under_tool(self) -> str:
        """The joint that the socket grips, empty when none."""
        with self.lock:
            if "tool" not in self.poses:
                return ""
            tip = self.poses["tool"].translation_mm
            for joint in self.procedure.joints:
                if (
                    float(np.linalg.norm(np.array(joint.position_mm)[:2] - tip[:2])) <= SOCKET_REACH_MM
                    and tip[2] < 110.0
                ):
                    return joint.id
            return ""

    def pull_trigger(self, *, loosening: bool = False) -> bool:
        """Pull the tool's trigger, perhaps with its direction reversed; True when it begins to turn."""
        with self.lock:
            if self.tool is None:
                return False
            joint = self.joint_under_tool()
            nut = self.nuts.get(joint)
            kind = JointKind.MISSING if nut is None else JointKind.ALREADY_TIGHT if nut.tight else nut.kind
            pset = self.psets().get(self.tool.selected_pset)
            if pset is None:
                return False
            if not self.tool.pull_trigger(sound_joint(pset, kind), self._now_s, loosening=loosening):
                return False
            self._running_joint, self._peak_nm, self._backwards = joint, 0.0, loosening
            return True

    def let_go(self) -> None:
        """Release the trigger."""
        with self.lock:
            if self.tool is not None and self.tool.running:
                self.tool.release_trigger(self._now_s)
            self._running_joint = ""

    def psets(self) -> dict[int, ParameterSet]:
        """The controller's parameter sets, made from the procedure's joints."""
        return parameter_sets(self.procedure)

    def scene(self) -> Scene:
        """The picture's moment."""
        with self.lock:
            return Scene(
                placed=tuple(
                    Placed(look=self._looks[name], bench_from_body=pose)
                    for name, pose in self.poses.items()
                    if name in self._looks
                )
                + self._drawn_cup(),
                nuts=(
                    *(self._drawn_nut(joint, nut) for joint, nut in self.nuts.items()),
                    *(DrawnNut(bench_mm=np.array(at_mm)) for at_mm in self._nuts_at()),
                ),
                hands=tuple(self._drawn_hand(hand) for hand in self.hands.values() if hand.at_mm[1] > -500.0),
                card=self._drawn_card(),
                arm=self._drawn_arm(),
                light=self.light,
            )

    def _nuts_at(self) -> tuple[Point, ...]:
        """Loose nuts that are left."""
        if self._carried is None:
            return self._loose_nuts_mm[len(self.nuts) :]
        left = self._carried.nuts_mm[len(self.nuts) :]
        return tuple((float(x), float(y), float(z)) for x, y, z in self._bench_from_tip().apply(left)) if left else ()

    def _drawn_cup(self) -> tuple[Placed, ...]:
        """A magnetic dish: it tilts with the tool and keeps its nuts."""
        if self._carried is None:
            return ()
        return (Placed(look=self._carried.look, bench_from_body=self._bench_from_tip()),)

    def _bench_from_tip(self) -> Transform:
        """The tip, with z back along the tool: upright when the tool points down."""
        assert self.arm is not None
        flange = joint_frames(self.arm.model, self.arm.joints.angles_deg)[-1]
        turn = self._bench_from_base.rotation @ flange[:3, :3] @ np.diag([1.0, -1.0, -1.0])
        return Transform(turn, self._arm_points()[-1])

    def _end_rundown(self) -> None:
        nut = self.nuts.get(self._running_joint)
        if self._backwards:
            self._running_joint = ""
            if nut is not None:
                nut.tight = False
            return
        target_nm = self.procedure.joint(self._running_joint).torque_target_nm if nut is not None else 0.0
        if nut is not None and nut.kind in (JointKind.GOOD, JointKind.CROSSED):
            nut.tight = self._peak_nm > SEATED_SHARE * target_nm
        if nut is not None and nut.kind is JointKind.LOW_TORQUE:
            nut.kind = JointKind.GOOD
        self._running_joint = ""

    def _drawn_nut(self, joint_id: str, nut: Nut) -> DrawnNut:
        x, y, z = self.procedure.joint(joint_id).position_mm
        lift = 0.0 if nut.tight else STARTED_HEIGHT_MM
        tilt = 9.0 if nut.kind is JointKind.CROSSED else 0.0
        return DrawnNut(bench_mm=np.array((x, y, z + lift)), turn_deg=nut.turn_deg, tilt_deg=tilt)

    def _drawn_hand(self, hand: Hand) -> DrawnHand:
        return DrawnHand(bench_mm=np.array(hand.at_mm), side=hand.side, grip=hand.grip, skin=hand.skin)

    def _drawn_card(self) -> DrawnCard | None:
        if not self.card_text:
            return None
        if self.card_at is not None:
            return DrawnCard(text=self.card_text, bench_from_card=self.card_at)
        x, y, z = self.hands["left"].at_mm
        return DrawnCard(text=self.card_text, bench_from_card=Transform.of(x, y + 120.0, z + 15.0))

    def _drawn_arm(self) -> DrawnArm | None:
        if self.arm is None:
            return None
        red, green, blue = self.arm.colour()
        return DrawnArm(points_mm=self._arm_points(), lamp=(blue, green, red))

    def _arm_points(self) -> NDArray[np.float64]:
        """(8, 3) base, the frames behind the joints, and the tip, bench frame."""
        assert self.arm is not None
        frames = joint_frames(self.arm.model, self.arm.joints.angles_deg)
        tip = frames[-1, :3, 3] + self._pointer_mm * frames[-1, :3, 2]
        return self._bench_from_base.apply(np.vstack([frames[:, :3, 3], tip]))


def jobs_of(procedure: Procedure) -> tuple[Job, ...]:
    """The jobs that a controller must have for this procedure: each with the parameter sets of its joints, in order."""
    numbers = dict.fromkeys(joint.job for joint in procedure.joints if joint.job is not None)
    return tuple(
        Job(
            job=number,
            name=f"job {number}",
            steps=tuple(
                JobStep(pset=joint.pset, batch_size=1)
                for joint in procedure.joints
                if joint.job == number and joint.pset is not None
            ),
        )
        for number in numbers
    )


def parameter_sets(procedure: Procedure) -> dict[int, ParameterSet]:
    """What a controller must be set to for this procedure."""
    return {
        joint.pset: ParameterSet(
            pset=joint.pset,
            name=f"joint {joint.label}",
            torque_min_nm=joint.torque_min_nm,
            torque_max_nm=joint.torque_max_nm,
            torque_target_nm=joint.torque_target_nm,
            angle_min_deg=round(joint.angle_min_deg),
            angle_max_deg=round(joint.angle_max_deg),
            angle_target_deg=round((joint.angle_min_deg + joint.angle_max_deg) / 2),
            snug_nm=joint.torque_target_nm * 0.2,
        )
        for joint in procedure.joints
        if joint.pset is not None
    }
