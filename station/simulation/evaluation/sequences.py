"""The sequences of a set: benches on which something happens. Each kind as often as any other; the rest is chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from station.simulation.evaluation.acting import Acting, HandAt, NutSpan, PoseAt, along, hand_along, resting_at
from station.simulation.evaluation.chance import Rng, arm_at, beside, days, one_of, person, shine
from station.simulation.evaluation.scenes import (
    FLICKER,
    Draft,
    almost_pose,
    nut_state,
    resting,
    seated_pose,
    work_places,
)
from station.simulation.evaluation.stage import TOOL, Stage
from station.simulation.evaluation.story import LEAD_S, Story
from vision.geometry import Array, Transform
from vision.scene import DrawnHand, Shine
from vision.sim_disturbances import Disturbances

GRIP_IN_PART_MM = (60.0, -135.0, 25.0)
"""A palm on the lower edge of a part that it carries, in the part's frame."""
GRIP_IN_TOOL_MM = (0.0, -90.0, 125.0)
LIFT_MM = 80.0
AFTER_S = 2.2
"""How long the bench is left alone at the end, so that everything can be told."""


@dataclass(slots=True)
class Play:
    """A sequence that is being thought up. Times run from the end of the lead-in."""

    draft: Draft
    bodies: dict[str, PoseAt]
    nuts: list[NutSpan] = field(default_factory=list)
    hands: list[HandAt] = field(default_factory=list)
    darker: tuple[float, float, float] = (0.0, 0.0, 1.0)
    """From when to when the light has which gain."""
    end_s: float = LEAD_S + 3.0

    @property
    def rng(self) -> Rng:
        """Where chance comes from."""
        return self.draft.rng

    def comes(self, side: str, turn_deg: float = 0.0) -> DrawnHand:
        """A person's hand that reaches in."""
        return DrawnHand(bench_mm=np.zeros(3), side=side, grip=0.0, turn_deg=turn_deg, **person(self.rng))

    def seat(self, nuts: float) -> str:
        """Put a part in its place from the beginning; each joint has a nut with that chance. Gives the part's name."""
        part, place = self.draft.target()
        self.bodies[part] = resting_at(seated_pose(place, self.rng))
        for joint in self.draft.stage.bench.joints:
            if self.rng.random() < nuts:
                self.nuts.append(NutSpan(joint=joint.name, state=nut_state(self.rng)))
        return part


def sequence(index: int, seed: int, stage: Stage) -> Story:
    """Sequence `index` of the set. Deterministic in all arguments."""
    rng = np.random.default_rng((seed, 2, index))
    title, make = KINDS[index % len(KINDS)]
    draft = Draft(rng=rng, stage=stage, bodies=resting(stage, rng))
    play = Play(draft=draft, bodies={name: resting_at(at) for name, at in draft.bodies.items()})
    make(play)
    cobot = stage.files.station.cobot
    room = shine(rng)
    still = days(rng, stage.bench, work_places(stage))
    from_s, to_s, gain = play.darker
    dimmed = {name: replace(how, gain=how.gain * gain) for name, how in still.items()}

    def day(camera: str, t_s: float) -> Disturbances:
        return dimmed[camera] if from_s <= t_s < to_s else still[camera]

    def mirrored(t_s: float) -> Shine | None:
        # The reflection jumps when the light changes.
        return replace(room, at=(-room.at[1], room.at[0])) if room is not None and from_s <= t_s < to_s else room

    acting = Acting(
        bodies=play.bodies,
        nuts=tuple(play.nuts),
        hands=tuple(play.hands),
        arm=arm_at(rng, cobot.bench_from_base.translation_mm) if cobot else None,
        shine=mirrored,
    )
    return Story(
        item=f"sequence-{index:03d}",
        title=title,
        end_s=play.end_s,
        situation=acting.situation,
        day=day,
        flicker=FLICKER if rng.random() < 0.3 else 0.0,
        codes=False,
        moving=True,
    )


def _carried(play: Play, part: str, start: Transform, end: Transform, from_s: float, hand: DrawnHand) -> float:
    """A hand comes, takes the part from one pose to another, and goes. Gives the time when it is gone."""
    pace = float(play.rng.uniform(0.8, 1.3))
    t = [from_s + pace * share for share in (0.0, 0.7, 0.9, 1.9, 2.2, 2.35, 3.1)]
    up = Transform.of(0, 0, LIFT_MM)
    high = float(play.rng.uniform(10, 25))
    over = Transform.of(0, 0, high)
    keys = ((t[1], start), (t[2], over @ start), (t[3], over @ end), (t[4], end))
    way = along(keys[0], keys[1], (t[2] + 0.5 * (t[3] - t[2]), up @ _middle(start, end)), keys[2], keys[3])
    before = play.bodies.get(part)
    play.bodies[part] = lambda t_s: way(t_s) if before is None or t_s >= t[1] else before(t_s)
    out = np.array([play.rng.uniform(-60, 120), -560.0, 160.0])
    came = hand_along(hand, (t[0], out, 0.0), (t[1], start.apply(GRIP_IN_PART_MM), 0.6))
    left = hand_along(
        hand, (t[4], end.apply(GRIP_IN_PART_MM), 0.6), (t[5], end.apply(GRIP_IN_PART_MM), 0.0), (t[6], out, 0.0)
    )

    def at(t_s: float) -> DrawnHand | None:
        if t[1] <= t_s < t[4]:
            return replace(hand, bench_mm=way(t_s).apply(GRIP_IN_PART_MM), grip=0.6)
        return came(t_s) or left(t_s)

    play.hands.append(at)
    play.end_s = t[6] + AFTER_S
    return t[6]


def _middle(first: Transform, second: Transform) -> Transform:
    return Transform(first.rotation, (first.translation_mm + second.translation_mm) / 2.0)


def _placed(play: Play) -> None:
    part, place = play.draft.target()
    end = seated_pose(place, play.rng)
    _carried(play, part, play.draft.bodies[part], end, LEAD_S + 0.2, play.comes(one_of(play.rng, ("left", "right"))))


def _corrected(play: Play) -> None:
    """Placed almost right, and then right."""
    part, place = play.draft.target()
    hand = play.comes("right")
    almost = almost_pose(place, play.rng)
    gone_s = _carried(play, part, play.draft.bodies[part], almost, LEAD_S + 0.1, hand)
    _carried(play, part, almost, seated_pose(place, play.rng), gone_s + 1.6, hand)


def _taken(play: Play) -> None:
    """Somebody takes the part out of its place again."""
    part, place = play.draft.target()
    start, tray = seated_pose(place, play.rng), play.draft.bodies[part]
    play.bodies[part] = resting_at(start)
    _carried(play, part, start, tray, LEAD_S + 1.8, play.comes("right"))


def _nut_put_on(play: Play) -> None:
    play.seat(0.0)
    order = [int(i) for i in play.rng.permutation(len(play.draft.stage.bench.joints))][:2]
    hand, t_s = play.comes("right"), LEAD_S + 0.3
    for i in order:
        joint = play.draft.stage.bench.joints[i]
        on_s, gone_s = _visit(play, hand, joint.bench_mm, t_s)
        play.nuts.append(NutSpan(joint=joint.name, state=nut_state(play.rng), from_s=on_s))
        t_s = gone_s + 0.2
    play.end_s = t_s + AFTER_S


def _nut_taken_off(play: Play) -> None:
    play.seat(1.0)
    joint = one_of(play.rng, play.draft.stage.bench.joints)
    off_s, gone_s = _visit(play, play.comes("right"), joint.bench_mm, LEAD_S + 1.6)
    play.nuts = [replace(nut, to_s=off_s) if nut.joint == joint.name else nut for nut in play.nuts]
    play.end_s = gone_s + AFTER_S


def _visit(play: Play, hand: DrawnHand, at_mm: Array, from_s: float) -> tuple[float, float]:
    """A hand comes to a point, works there, and goes. Gives the middle of its work, and when it is gone."""
    x, y = float(play.rng.uniform(-12, 12)), float(play.rng.uniform(-85, -60))
    palm = beside(at_mm, x, y, float(play.rng.uniform(40, 60)))
    out = beside(at_mm, x, -560.0 - at_mm[1], 120.0)
    t = [from_s, from_s + 0.7, from_s + 0.7 + float(play.rng.uniform(0.4, 0.9))]
    play.hands.append(hand_along(hand, (t[0], out, 0.3), (t[1], palm, 1.0), (t[2], palm, 0.8), (t[2] + 0.7, out, 0.1)))
    return (t[1] + t[2]) / 2.0, t[2] + 0.7


def _tool_comes(play: Play) -> None:
    """The tool is brought to one joint, to the next, and back to its rest."""
    play.seat(0.7)
    rng, joints = play.rng, play.draft.stage.bench.joints
    rest = play.draft.bodies[TOOL]
    turn = Transform(Transform.of(0, 0, 0, yaw_deg=float(rng.uniform(-20, 20))).rotation, np.zeros(3))
    keys = [(LEAD_S + 0.9, rest)]
    t_s = LEAD_S + 1.2
    keys.append((t_s, Transform.of(0, 0, 120) @ rest))
    for i in [int(i) for i in rng.permutation(len(joints))][:2]:
        at = (
            Transform.of(
                *(
                    float(v)
                    for v in beside(joints[i].bench_mm, rng.uniform(-3, 3), rng.uniform(-3, 3), rng.uniform(0, 9))
                )
            )
            @ turn
        )
        above = Transform.of(0, 0, 90) @ at
        keys += [(t_s + 0.8, above), (t_s + 1.2, at), (t_s + 3.1, at), (t_s + 3.4, above)]
        t_s += 3.4
    keys += [(t_s + 0.8, Transform.of(0, 0, 120) @ rest), (t_s + 1.2, rest)]
    way = along(*keys)
    play.bodies[TOOL] = way
    hand = play.comes("right")
    out = np.array([250.0, -580.0, 200.0])
    came = hand_along(hand, (LEAD_S + 0.2, out, 0.2), (LEAD_S + 0.9, rest.apply(GRIP_IN_TOOL_MM), 1.0))
    left = hand_along(hand, (t_s + 1.2, rest.apply(GRIP_IN_TOOL_MM), 1.0), (t_s + 1.9, out, 0.2))

    def at_tool(t: float) -> DrawnHand | None:
        if LEAD_S + 0.9 <= t < t_s + 1.2:
            return replace(hand, bench_mm=way(t).apply(GRIP_IN_TOOL_MM), grip=1.0)
        return came(t) or left(t)

    play.hands.append(at_tool)
    play.end_s = t_s + 1.9 + 1.6


def _in_and_out(play: Play) -> None:
    """A hand reaches in and goes again, twice."""
    play.seat(0.5)
    hand, t_s = play.comes(one_of(play.rng, ("left", "right"))), LEAD_S + 1.6
    for _ in range(2):
        spot = one_of(
            play.rng, [*(joint.bench_mm for joint in play.draft.stage.bench.joints), np.array([-300.0, 0, 40.0])]
        )
        _, gone_s = _visit(play, hand, spot, t_s)
        t_s = gone_s + 1.8
    play.end_s = t_s + 0.6


def _second_person(play: Play) -> None:
    """Two people at the bench; the second one reaches in from a side."""
    play.seat(0.5)
    _, first_gone_s = _visit(
        play, play.comes("right"), one_of(play.rng, play.draft.stage.bench.joints).bench_mm, LEAD_S + 1.6
    )
    turn = float(play.rng.uniform(75, 175)) * one_of(play.rng, (-1.0, 1.0))
    hand = play.comes("left", turn)
    joint = one_of(play.rng, play.draft.stage.bench.joints).bench_mm
    back = Transform.of(0, 0, 0, yaw_deg=turn).apply([0.0, -1.0, 0.0])
    palm, out = np.asarray(joint + back * 75 + [0, 0, 60.0]), np.asarray(joint + back * 900 + [0, 0, 140.0])
    t_s = first_gone_s + float(play.rng.uniform(-0.8, 1.0))
    play.hands.append(
        hand_along(hand, (t_s, out, 0.3), (t_s + 0.9, palm, 0.8), (t_s + 1.7, palm, 0.6), (t_s + 2.6, out, 0.2))
    )
    play.end_s = t_s + 2.6 + AFTER_S


def _light_changes(play: Play) -> None:
    """Nobody moves anything; the light goes down and comes back, with another reflection meanwhile."""
    part = play.seat(0.5)
    if play.rng.random() < 0.5:
        _, place = play.draft.target()
        play.bodies[part] = resting_at(almost_pose(place, play.rng))
        play.nuts = []
    start_s = LEAD_S + float(play.rng.uniform(1.6, 2.2))
    play.darker = (start_s, start_s + 1.8, float(play.rng.uniform(0.4, 1.35)))
    play.end_s = start_s + 1.8 + 1.8


KINDS: tuple[tuple[str, Callable[[Play], None]], ...] = (
    ("a part is placed", _placed),
    ("nuts are put on", _nut_put_on),
    ("the tool comes to two joints", _tool_comes),
    ("a hand reaches in twice", _in_and_out),
    ("a part is placed badly and put right", _corrected),
    ("a nut is taken off", _nut_taken_off),
    ("a second person reaches in", _second_person),
    ("a part is taken away", _taken),
    ("the tool comes to two joints", _tool_comes),
    ("the light changes", _light_changes),
)
