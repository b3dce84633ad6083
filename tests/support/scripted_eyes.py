"""Eyes and a teaching for the pages' tests: the test sets what is seen, and reads what was drawn and taught."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import cv2
import numpy as np
from support.scripted_desk import CONFIG

from station.runtime.eyes_desk import CameraNow, EyesView, ZonesRefusedError
from station.runtime.setting import read_files, setting_of
from station.runtime.teach_view import Confusion, Example, TaughtNow, TeachRefusedError, Trained
from vision.api import (
    BenchHand,
    BodyObservation,
    CameraState,
    CheckObservation,
    FactReading,
    FactValue,
    FrameAnalysis,
    PersonOutline,
    TagObservation,
)
from vision.bench import Zone
from vision.geometry import Transform

BENCH = setting_of(read_files(CONFIG / "station.sim.toml"), "test").bench
SQUARE = [[0, 0], [100, 0], [100, 100], [0, 100.5]]
OUTLINE = [[0, 0], [100, 0], [100, 100], [0, 100]]
COVARIANCE = np.diag([4.0, 1.0, 1.0, 1e-4, 1e-4, 1e-4])
SEEN = FrameAnalysis(
    camera="top",
    seq=1,
    t_mono_s=99.9,
    state=CameraState.GOOD,
    hands_known=True,
    checks=(CheckObservation(check="cap", state="seated", score=0.97, reason="", model="cap.top.0123abcd"),),
    busy_zones={"door": True, "cobot": False},
    people=(
        PersonOutline(
            outline_mm=np.array([[0, 0], [100, 0], [100, 100], [0, 100]]), z_mm=(0.0, 200.0), cues=("skin", "reach")
        ),
    ),
    people_known=True,
    tags=(TagObservation(tag_id=3, corners_px=np.zeros((4, 2))),),
    bodies=(
        BodyObservation(
            body="tool",
            bench_from_body=Transform.of(60, 30, 78),
            tag_ids=(30, 31),
            rms_px=0.2,
            covariance=COVARIANCE,
        ),
    ),
)
READINGS = (
    FactReading(fact="code", value=FactValue.PRESENT, t_mono_s=99.9, text="PASS-1"),
    FactReading(fact="hands:door", value=FactValue.UNKNOWN, t_mono_s=99.0, text="no camera sees the zone"),
    FactReading(
        fact="part:mirror@door",
        value=FactValue.ABSENT,
        t_mono_s=99.8,
        measures={"offset_mm": 3.14, "angle_deg": 2.0, "cameras": 2.0, "score": 0.876, "odd_thing": 1.0},
    ),
    FactReading(fact="tool:J1", value=FactValue.UNKNOWN, t_mono_s=99.8, text="a reason that nobody foresaw"),
)
VIEW = EyesView(
    t_mono_s=100.0,
    bench=BENCH,
    cameras=(CameraNow(name="top", newest=SEEN, per_s=9.87), CameraNow(name="side")),
    readings=READINGS,
    since_s={"hands:door": 80.0},
    zones_sha256="",
    zones_used=("door", "cobot"),
    zones_kept=True,
    stale_s=0.5,
    hands=(BenchHand(points_mm=np.zeros((21, 3)), sigma_mm=np.full(21, 12.0), cameras=("top", "side"), t_mono_s=99.9),),
)


@dataclass
class ScriptedEyes:
    """Shows what it is told, and remembers what was drawn."""

    shown: EyesView = VIEW
    drawn: list[tuple[tuple[Zone, ...], str, str]] = field(default_factory=list)
    refuses: ZonesRefusedError | None = None
    emptied_by: list[str] = field(default_factory=list)

    def view(self) -> EyesView:
        return self.shown

    def draw(self, zones: tuple[Zone, ...], based_on: str, person: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.drawn.append((zones, based_on, person))

    def bench_is_empty(self, person: str) -> None:
        if self.refuses is not None:
            raise self.refuses
        self.emptied_by.append(person)


UNTAUGHT = TaughtNow(
    check="cap",
    kind="seated",
    states=("seated", "proud"),
    cameras=("top",),
    examples=(),
    trained=(),
    training=False,
)


@dataclass
class ScriptedTeaching:
    """Keeps what is taken. What is seen now changes with every look; `refuses` is the gate that says no."""

    check: TaughtNow = UNTAUGHT
    refuses: str = ""
    by: list[str] = field(default_factory=list)
    looks: int = 0

    def now(self) -> tuple[TaughtNow, ...]:
        return (self.check,)

    def patch(self, check: str, camera: str) -> bytes | None:
        self.looks += 1
        return None if (check, camera) != ("cap", "top") else jpeg(self.looks)

    def example(self, example: str) -> bytes | None:
        known = {each.id for each in self.check.examples}
        return jpeg(int(example)) if example in known else None

    def take(self, check: str, state: str, person: str) -> None:
        if self.refuses:
            raise TeachRefusedError(self.refuses)
        taken = Example(id=str(len(self.by)), camera="top", state=state)
        self.by.append(person)
        self.check = replace(self.check, examples=(*self.check.examples, taken))

    def discard(self, example: str, person: str) -> None:
        kept = tuple(each for each in self.check.examples if each.id != example)
        self.check = replace(self.check, examples=kept)

    def train(self, check: str, person: str) -> None:
        counts = [sum(each.state == state for each in self.check.examples) for state in self.check.states]
        if min(counts) < 3:
            raise TeachRefusedError(f"there are only {min(counts)} examples of a state; take 3 at least")
        result = Trained(
            camera="top",
            usable=False,
            why="One state in four was told wrong when the light changed; take more examples of both.",
            confusions=(Confusion(state="proud", told="seated", count=1, of=4),),
            model="cap.top.0123abcd",
        )
        self.check = replace(self.check, trained=(result,))


def jpeg(number: int) -> bytes:
    """A small picture, another for each number."""
    image = np.full((60, 80, 3), (60 + 40 * number % 160, 120, 200 - 30 * number % 150), dtype=np.uint8)
    cv2.circle(image, (20 + 5 * number % 50, 30), 14, (240, 240, 240), -1)
    good, data = cv2.imencode(".jpg", image)
    assert good
    return data.tobytes()
