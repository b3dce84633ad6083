"""The scenes of a set: still benches. Each kind comes as often as any other; everything else about it is chance."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np

from station.simulation.evaluation.chance import Rng, arm_at, beside, days, hand_over, one_of, person, pose, shine
from station.simulation.evaluation.stage import TOOL, NutState, Situation, Stage
from station.simulation.evaluation.story import LEAD_S, Story
from vision.bench import WatchPart
from vision.geometry import Transform
from vision.scene import DrawnCard, DrawnHand

SCENE_S = 1.9
"""How long a scene is looked at after its lead-in."""
FLICKER = 0.05


@dataclass(slots=True)
class Draft:
    """A bench that is being thought up."""

    rng: Rng
    stage: Stage
    bodies: dict[str, Transform]
    nuts: dict[str, NutState] = field(default_factory=dict)
    hands: list[DrawnHand] = field(default_factory=list)
    card: DrawnCard | None = None

    def target(self) -> tuple[str, Transform]:
        """The part that is at work, any variant, and the place where its role belongs."""
        watch = one_of(self.rng, self.seats())
        return watch.body, watch.bench_from_body

    def seats(self) -> list[WatchPart]:
        """Watches of parts at their places of work."""
        kinds = self.stage.kinds()
        return [w for w in self.stage.watches if isinstance(w, WatchPart) and kinds[w.fact] == "seated"]


def scene(index: int, seed: int, stage: Stage) -> Story:
    """Scene `index` of the set. Deterministic in all arguments."""
    rng = np.random.default_rng((seed, 1, index))
    title, make = KINDS[index % len(KINDS)]
    draft = Draft(rng=rng, stage=stage, bodies=resting(stage, rng))
    make(draft)
    arm = arm_at(rng, stage.files.station.cobot.bench_from_base.translation_mm) if stage.files.station.cobot else None
    before = Situation(bodies=draft.bodies, nuts=draft.nuts, arm=arm, shine=shine(rng))
    now = replace(before, hands=tuple(draft.hands), card=draft.card)
    still = days(rng, stage.bench, work_places(stage))
    return Story(
        item=f"scene-{index:03d}",
        title=title,
        end_s=LEAD_S + SCENE_S,
        situation=lambda t_s: before if t_s < LEAD_S else now,
        day=lambda camera, t_s: still[camera],
        flicker=FLICKER if rng.random() < 0.3 else 0.0,
        codes=draft.card is not None or index % 5 == 0,
        moving=False,
    )


def resting(stage: Stage, rng: Rng) -> dict[str, Transform]:
    """Every part somewhere in its tray, the tool at rest."""
    found = {
        part.id: stage.place(part.tray) @ pose((rng.uniform(-6, 6), rng.uniform(-6, 6), 0), (0, 0, rng.uniform(-8, 8)))
        for part in stage.files.procedure.parts
    }
    if stage.scene.tool_park is not None:
        turned = pose((rng.uniform(-8, 8), rng.uniform(-8, 8), 0), (0, 0, rng.uniform(-25, 25)))
        found[TOOL] = stage.scene.tool_park @ turned
    return found


def work_places(stage: Stage) -> np.ndarray:
    """(N, 3) where shadows and reflections matter."""
    return np.array([joint.bench_mm for joint in stage.bench.joints])


def seated_pose(place: Transform, rng: Rng) -> Transform:
    """In its place, as pins and hands leave it."""
    x, y, turn = rng.uniform(-0.7, 0.7), rng.uniform(-0.7, 0.7), rng.uniform(-0.6, 0.6)
    return place @ pose((x, y, rng.uniform(0.0, 0.3)), (0, 0, turn))


def almost_pose(place: Transform, rng: Rng) -> Transform:
    """Beside its place by 1 to 4 mm or turned by 1 to 5 degrees, in any direction that a table allows."""
    kind = one_of(rng, ("shift", "raised", "turned", "tilted", "both"))
    if kind in ("shift", "raised"):
        way = rng.normal(size=3) * ([1.0, 1.0, 0.3] if kind == "shift" else [0.2, 0.2, 1.0])
        way = way / np.linalg.norm(way) * rng.uniform(1.0, 4.0)
        return Transform.of(way[0], way[1], abs(way[2])) @ place
    angle = float(rng.uniform(1.0, 5.0) * one_of(rng, (-1.0, 1.0)))
    if kind == "turned":
        return place @ Transform.of(0, 0, 0, 0, 0, angle)
    about = float(rng.uniform(0.0, 360.0))
    tilt = Transform.of(0, 0, 0, yaw_deg=about) @ Transform.of(0, 0, 0, angle) @ Transform.of(0, 0, 0, yaw_deg=-about)
    # It rests on its lower edge.
    lift = 60.0 * float(np.sin(np.radians(abs(angle))))
    shift = rng.uniform(-2.0, 2.0, 2) if kind == "both" else np.zeros(2)
    return Transform.of(float(shift[0]), float(shift[1]), lift) @ place @ tilt


def nut_state(rng: Rng, kind: str = "") -> NutState:
    """A nut: tight, started by hand, or crossed."""
    kind = kind or one_of(rng, ("tight", "started", "crossed"))
    turn = float(rng.uniform(0.0, 60.0))
    if kind == "tight":
        return NutState(turn_deg=turn)
    if kind == "started":
        return NutState(lift_mm=float(rng.uniform(2.0, 9.0)), turn_deg=turn)
    return NutState(lift_mm=float(rng.uniform(4.0, 9.0)), tilt_deg=float(rng.uniform(5.0, 12.0)), turn_deg=6.0 * turn)


def some_nuts(draft: Draft, kind: str = "") -> None:
    """Each joint has a nut or has none."""
    for joint in draft.stage.bench.joints:
        if draft.rng.random() < 0.5:
            draft.nuts[joint.name] = nut_state(draft.rng, kind)


def _seated(draft: Draft) -> None:
    part, place = draft.target()
    draft.bodies[part] = seated_pose(place, draft.rng)
    some_nuts(draft)


def _almost(draft: Draft) -> None:
    part, place = draft.target()
    draft.bodies[part] = almost_pose(place, draft.rng)


def _far(draft: Draft) -> None:
    part, place = draft.target()
    shift = draft.rng.uniform(8.0, 55.0)
    way = draft.rng.uniform(0, 2 * np.pi)
    draft.bodies[part] = (
        Transform.of(shift * np.cos(way), shift * np.sin(way), 0.0)
        @ place
        @ Transform.of(0, 0, 0, yaw_deg=float(draft.rng.uniform(-40, 40)))
    )


def _empty(draft: Draft) -> None:
    if draft.rng.random() < 0.5:
        del draft.bodies[one_of(draft.rng, [part.id for part in draft.stage.files.procedure.parts])]


def _crossed(draft: Draft) -> None:
    _seated(draft)
    draft.nuts = {}
    some_nuts(draft, "crossed")


def _started(draft: Draft) -> None:
    _seated(draft)
    draft.nuts = {}
    some_nuts(draft, "started")


def _tool_near(draft: Draft) -> None:
    """The tool at, near, between or above joints."""
    _seated(draft)
    rng, joints = draft.rng, draft.stage.bench.joints
    first, second = (joints[int(i)] for i in rng.permutation(len(joints))[:2])
    at = np.array(first.bench_mm)
    kind = one_of(rng, ("at", "at", "near", "between", "above"))
    if kind == "at":
        at = beside(at, rng.uniform(-4.0, 4.0), rng.uniform(-4.0, 4.0), rng.uniform(-4.0, 14.0))
    elif kind == "near":
        way, off = rng.uniform(0, 2 * np.pi), rng.uniform(17.0, 40.0)
        at = beside(at, off * np.cos(way), off * np.sin(way), rng.uniform(0.0, 20.0))
    elif kind == "between":
        at = beside((at + second.bench_mm) / 2.0, 0.0, 0.0, rng.uniform(0.0, 20.0))
    else:
        at = beside(at, rng.uniform(-6.0, 6.0), rng.uniform(-6.0, 6.0), rng.uniform(42.0, 90.0))
    tilt = rng.uniform(-6.0, 6.0, 2) if kind != "near" else rng.uniform(-12.0, 12.0, 2)
    draft.bodies[TOOL] = pose(at, (*tilt, rng.uniform(-30, 30)))
    if rng.random() < 0.7:
        grip = draft.bodies[TOOL].apply([0.0, -90.0, 125.0])
        draft.hands.append(DrawnHand(bench_mm=grip, side="right", grip=1.0, **person(rng)))


def _hand_over_work(draft: Draft) -> None:
    """A hand, and what it wears, over a joint or over the part."""
    one_of(draft.rng, (_seated, _crossed, _almost))(draft)
    joint = one_of(draft.rng, draft.stage.bench.joints)
    draft.hands.append(hand_over(draft.rng, joint.bench_mm, person(draft.rng)))


def _sleeve_over_work(draft: Draft) -> None:
    """Somebody reaches over the work for something behind it."""
    _seated(draft)
    rng = draft.rng
    joint = one_of(rng, draft.stage.bench.joints).bench_mm
    who = person(rng) | {"sleeve": person(rng)["sleeve"] or (60, 50, 45)}
    palm = beside(joint, rng.uniform(-30, 30), rng.uniform(110, 200), rng.uniform(50, 90))
    draft.hands.append(DrawnHand(bench_mm=palm, side=one_of(rng, ("left", "right")), grip=float(rng.random()), **who))


def _two_people(draft: Draft) -> None:
    _seated(draft)
    rng = draft.rng
    first, second = person(rng), person(rng)
    spots = [np.array(joint.bench_mm) for joint in draft.stage.bench.joints]
    spots += [np.array(pose.translation_mm) for name, pose in draft.bodies.items() if name != TOOL]
    draft.hands.append(hand_over(rng, one_of(rng, spots), first))
    turn = float(rng.uniform(70, 180)) * one_of(rng, (-1.0, 1.0))
    draft.hands.append(hand_over(rng, one_of(rng, spots), second, turn_deg=turn))


def _held_part(draft: Draft) -> None:
    """A part in a hand, in the air over its place or beside it."""
    part, place = draft.target()
    rng = draft.rng
    lifted = pose((rng.uniform(-60, 60), rng.uniform(-60, 60), rng.uniform(4.0, 90.0)))
    tilted = pose((0, 0, 0), (rng.uniform(-8, 8), rng.uniform(-8, 8), rng.uniform(-25, 25)))
    draft.bodies[part] = lifted @ place @ tilted
    who = person(rng)
    for side in one_of(rng, (("right",), ("left", "right"))):
        x = 60.0 if side == "right" else -60.0
        grip = draft.bodies[part].apply([x, -135.0, 25.0])
        draft.hands.append(DrawnHand(bench_mm=grip, side=side, grip=0.6, **who))


def _hands_idle(draft: Draft) -> None:
    """Hands somewhere over the bench, and the work as it may be."""
    one_of(draft.rng, (_seated, _empty, _far, _crossed))(draft)
    rng = draft.rng
    who = person(rng)
    for side in one_of(rng, (("right",), ("left",), ("left", "right"))):
        at = np.array([rng.uniform(-420, 420), rng.uniform(-160, 180), rng.uniform(70, 150)])
        draft.hands.append(DrawnHand(bench_mm=at, side=side, grip=float(rng.random()), **who))


def _card(draft: Draft) -> None:
    """The pass is shown."""
    rng = draft.rng
    at = np.array([rng.uniform(-80, 60), rng.uniform(-160, -60), rng.uniform(80, 200)])
    draft.card = DrawnCard(
        text=draft.stage.scene.card_text,
        bench_from_card=pose(at, (rng.uniform(-15, 15), rng.uniform(-15, 15), rng.uniform(-60, 60))),
    )
    draft.hands.append(DrawnHand(bench_mm=beside(at, 0.0, -120.0, -15.0), side="left", grip=0.9, **person(rng)))


KINDS: tuple[tuple[str, Callable[[Draft], None]], ...] = (
    ("a part in its place", _seated),
    ("a part almost in its place", _almost),
    ("nuts started by hand", _started),
    ("the tool at, near, between or above joints", _tool_near),
    ("a hand over the work", _hand_over_work),
    ("crossed nuts", _crossed),
    ("a part almost in its place", _almost),
    ("two people", _two_people),
    ("an empty place", _empty),
    ("a sleeve over the work", _sleeve_over_work),
    ("a part in the hand", _held_part),
    ("the tool at, near, between or above joints", _tool_near),
    ("a part far beside its place", _far),
    ("hands over the bench", _hands_idle),
    ("the pass is shown", _card),
    ("a part in its place", _seated),
)
