"""Who may serve the arm over the web, what is taken in, what goes on to the desk, and what its feed tells."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from support.scripted_desk import CONFIG, PHRASES, ScriptedDesk, procedure, screen_at
from support.supervised import CONFIG as SUPERVISED
from support.supervised import fingers, measured, moving, people
from support.web_client import Feed, Web, web_of
from websockets.exceptions import ConnectionClosed, InvalidStatus

from drivers.api import CobotPosture, CobotStatus
from station.config.gestures_model import SHAPES
from station.core.screen import Screen, ScreenArm, ScreenHealth
from station.core.service_asks import (
    Ask,
    Grip,
    GuideByHand,
    Jog,
    JogFrame,
    LetGo,
    MakeReady,
    SwitchOff,
    TryGesture,
)
from station.motion.gesture import Gesture, Hold, TaughtPosture
from station.motion.supervisor import Supervisor
from station.runtime.arm_desk import ArmView, TeachError
from station.runtime.setting import read_files, setting_of
from station.web.arm_views import mode_of
from station.web.gesture_figures import EditError, edited, gesture_view
from station.web.technicians import FORBIDDEN, SIGNED_OUT

ARM = setting_of(read_files(CONFIG / "station.sim.toml"), "test").arm
assert ARM is not None
SCENE = ARM.scene
ANGLES = (10.0, -20.0, 30.0, 0.0, 5.0, 179.0)
VIEW = ArmView(
    t_mono_s=100.0,
    connected=True,
    identity={"model": "myCobot 280", "joint_limits_deg": "-168..168"},
    posture=CobotPosture(device="cobot", t_mono_s=99.9, angles_deg=ANGLES, moving=False),
    status=CobotStatus(
        device="cobot",
        t_mono_s=99.5,
        powered=True,
        ready=True,
        free_drive=False,
        error="",
        temperatures_c=(31.0,) * 6,
        gripper_percent=40.0,
    ),
    scene=SCENE,
)


@dataclass
class ScriptedArm:
    """Remembers what it was asked."""

    shown: ArmView = VIEW
    asked: list[tuple[Ask, str]] = field(default_factory=list)
    held: int = 0
    taught: list[tuple[str, int, str]] = field(default_factory=list)
    kept: list[Gesture] = field(default_factory=list)
    refuses: str = ""
    let_go: threading.Event = field(default_factory=threading.Event)

    def view(self) -> ArmView:
        return self.shown

    def ask(self, wish: Ask, person: str) -> None:
        self.asked.append((wish, person))
        if isinstance(wish, LetGo):
            self.let_go.set()

    def hold(self) -> None:
        self.held += 1

    def teach_posture(self, name: str, speed_percent: int, person: str) -> None:
        if self.refuses:
            raise TeachError(self.refuses)
        self.taught.append((name, speed_percent, person))

    def keep(self, gesture: Gesture, person: str) -> None:
        if self.refuses:
            raise TeachError(self.refuses)
        self.kept.append(gesture)


def screen() -> Screen:
    return screen_at(procedure("door-mirror"), "welcome")


@pytest.fixture
def arm() -> ScriptedArm:
    return ScriptedArm()


@pytest.fixture
def desk(arm: ScriptedArm) -> ScriptedDesk:
    return ScriptedDesk(now=screen(), robot=arm)


@pytest.fixture
def web(desk: ScriptedDesk) -> Iterator[Web]:
    with web_of(desk) as running:
        yield running


def token_of(web: Web, name: str = "Ken", pin: str = "1357") -> str:
    return str(web.post("/sign-in", {"name": name, "pin": pin}).json()["token"])


WISHES: tuple[tuple[dict[str, Any], Ask], ...] = (
    ({"do": "try", "gesture": "wave"}, TryGesture(gesture="wave")),
    ({"do": "guide", "on": True}, GuideByHand(on=True)),
    ({"do": "guide", "on": False}, GuideByHand(on=False)),
    ({"do": "ready"}, MakeReady()),
    ({"do": "off"}, SwitchOff()),
    ({"do": "grip", "open_percent": 0}, Grip(open_percent=0)),
    ({"do": "let_go"}, LetGo()),
)


@pytest.mark.parametrize(("body", "wish"), WISHES)
def test_a_technicians_wishes(web: Web, arm: ScriptedArm, body: dict[str, Any], wish: Ask) -> None:
    """It should pass each on as what it is, with the person's name."""
    answer = web.post("/arm/wish", body, token_of(web))
    assert (answer.status_code, arm.asked) == (200, [(wish, "Ken")])


@pytest.mark.parametrize(("body", "wish"), WISHES)
def test_nobody_else_serves_the_arm(web: Web, arm: ScriptedArm, body: dict[str, Any], wish: Ask) -> None:
    """It should refuse visitors, qualified people and tokens that are worth nothing, even for letting go."""
    assert web.post("/arm/wish", body).status_code == 403
    assert web.post("/arm/wish", body, token_of(web, "Mika", "2468")).status_code == 403
    assert web.post("/arm/wish", body, "guessed").status_code == 401
    assert arm.asked == []


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"do": "dance"},
        {"do": "try"},
        {"do": "try", "gesture": ""},
        {"do": "try", "gesture": " wave"},
        {"do": "teach", "name": "over the tray", "speed_percent": 30},
        {"do": "try", "gesture": "a\nb"},
        {"do": "try", "gesture": "x" * 61},
        {"do": "guide", "on": "yes"},
        {"do": "guide", "on": 1},
        {"do": "grip", "open_percent": 101},
        {"do": "grip", "open_percent": 1.5},
        {"do": "ready", "more": 1},
        {"do": "jog", "frame": "joint", "axis": 1, "direction": 1, "speed_percent": 5},
        {"do": "teach", "name": "x", "speed_percent": 0},
        {"do": "edit", "gesture": "wave", "figures": {}},
        {"do": "edit", "gesture": "wave", "figures": {"at_mm": [1] * 7}},
        {"do": "edit", "gesture": "wave", "figures": {"at_mm": [1e9]}},
        {"do": "edit", "gesture": "wave", "figures": {"at_mm": {"x": 1}}},
        [],
        "ready",
        7,
    ],
)
def test_wishes_that_mean_nothing(web: Web, arm: ScriptedArm, body: object) -> None:
    """It should answer 422 to each, and ask nothing of the arm."""
    answer = web.post("/arm/wish", body, token_of(web))
    assert (answer.status_code, answer.json()["error"]) == (422, "web.not_understood")
    assert (arm.asked, arm.taught, arm.kept) == ([], [], [])


def test_not_while_a_visit_runs(web: Web, arm: ScriptedArm, desk: ScriptedDesk) -> None:
    """It should say why in the page's language, and let the arm stand still all the same."""
    desk.show(replace(screen(), arm=ScreenArm(refusal="service.visit_runs")))
    token = token_of(web)
    answer = web.post("/arm/wish?language=ja", {"do": "try", "gesture": "wave"}, token)
    assert (answer.status_code, answer.json()["text"]) == (409, PHRASES.shown("ja", "service.visit_runs"))
    assert web.post("/arm/wish", {"do": "let_go"}, token).status_code == 200
    assert arm.asked == [(LetGo(), "Ken")]


def test_a_bench_without_an_arm(desk: ScriptedDesk, web: Web) -> None:
    """It should say so to wishes and to feeds, and on the page's own question."""
    assert web.http.get("/about.json").json()["arm"] is True
    desk.robot = None
    assert web.http.get("/about.json").json()["arm"] is False
    token = token_of(web)
    assert web.post("/arm/wish", {"do": "ready"}, token).status_code == 404
    with web.feed("/ws/arm") as feed:
        feed.send({"do": "sign_in", "token": token})
        with pytest.raises(ConnectionClosed):
            feed.message()


def test_postures_are_taught(web: Web, arm: ScriptedArm) -> None:
    """It should teach new names and known postures, and leave gestures of other kinds alone."""
    token = token_of(web)
    for name in ("over-the-tray", "home"):
        assert web.post("/arm/wish", {"do": "teach", "name": name, "speed_percent": 30}, token).status_code == 200
    answer = web.post("/arm/wish", {"do": "teach", "name": "hold", "speed_percent": 30}, token)
    assert answer.status_code == 409 and "another kind" in answer.json()["text"]
    assert arm.taught == [("over-the-tray", 30, "Ken"), ("home", 30, "Ken")]
    arm.refuses = "the arm moves"
    answer = web.post("/arm/wish", {"do": "teach", "name": "home", "speed_percent": 30}, token)
    assert (answer.status_code, answer.json()["text"]) == (409, "the arm moves")


def test_gestures_are_edited(web: Web, arm: ScriptedArm) -> None:
    """It should change the figures that were sent and no others, and say what is wrong with one that cannot be."""
    token = token_of(web)
    body = {"do": "edit", "gesture": "hold", "figures": {"approach_mm": 55, "at_mm": [180, 61.5, 68]}}
    assert web.post("/arm/wish", body, token).status_code == 200
    before = SCENE.gestures["hold"]
    assert isinstance(before, Hold)
    assert arm.kept == [replace(before, approach_mm=55, at_mm=(180, 61.5, 68))]
    for figures, word in (
        ({"speed_percent": 0}, "speed_percent"),
        ({"speed_percent": "fast"}, "speed_percent"),
        ({"gentle_mm": 90}, "gentle"),
        ({"kind": "wave"}, "kind"),
        ({"moon": 1}, "moon"),
        ({"height_mm.low": 5}, "height_mm.low"),
    ):
        answer = web.post("/arm/wish", {"do": "edit", "gesture": "hold", "figures": figures}, token)
        assert answer.status_code == 422 and word in answer.json()["text"], figures
    answer = web.post("/arm/wish", {"do": "edit", "gesture": "gone", "figures": {"speed_percent": 9}}, token)
    assert answer.status_code == 409
    assert len(arm.kept) == 1


@pytest.mark.parametrize("name", SCENE.gestures)
def test_every_gesture_is_shown_as_it_is(name: str) -> None:
    """It should show each with figures that make the same gesture again."""
    gesture = SCENE.gestures[name]
    view = json.loads(json.dumps(gesture_view(gesture)))
    assert view["kind"] in SHAPES
    same = {each["key"]: each["value"] for each in view["figures"] if each["value"] is not None}
    assert edited(gesture, same) == gesture


def test_heights_are_edited_one_by_one() -> None:
    """It should take a height by itself, and refuse one that does not rise."""
    lower = edited(SCENE.gestures["present-nuts"], {"height_mm.low": 50})
    assert gesture_view(lower)["figures"] != gesture_view(SCENE.gestures["present-nuts"])["figures"]
    with pytest.raises(EditError, match="rise"):
        edited(SCENE.gestures["present-nuts"], {"height_mm.low": 500})


def fed(feed: Feed, kind: str) -> dict[str, Any]:
    while True:
        message: dict[str, Any] = feed.json()
        if message["kind"] == kind:
            return message


def until_closed(feed: Feed) -> int:
    """Read on until the server closes; the code that it gives."""
    with pytest.raises(ConnectionClosed) as closed:
        for _ in range(100):
            feed.message()
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code


def test_the_feed_tells_everything(web: Web, desk: ScriptedDesk) -> None:
    """It should tell the bench first, then joints, figures, notes and state, in the language asked for."""
    note = ScreenHealth(device="cobot", code="cobot.hot", detail="joint 2 is too hot; let the arm rest")
    desk.show(replace(screen(), health=(note, replace(note, device="tool"))))
    with web.feed("/ws/arm?language=ja") as feed:
        feed.send({"do": "sign_in", "token": token_of(web)})
        scene, now = feed.json(), fed(feed, "now")
    assert scene["kind"] == "scene" and scene["family"] == "myCobot 280"
    assert {box["id"] for box in scene["obstacles"]} >= {"door", "trays"}
    assert [gesture["name"] for gesture in scene["gestures"]] == list(SCENE.gestures)
    assert scene["postures"] == ["home", "park", "transport"] and len(scene["limits_deg"]) == 6
    assert now["angles_deg"] == list(ANGLES) and now["temperatures_c"] == [31.0] * 6
    assert (now["mode"], now["mode_text"]) == ("ready", PHRASES.shown("ja", "ui.arm.mode.ready"))
    assert now["identity"] == [["model", "myCobot 280"]]
    assert [(told["code"], told["detail"]) for told in now["notes"]] == [("cobot.hot", note.detail)]
    assert now["gap"]["level"] == "off" and now["word"] is None


def test_the_feed_tells_the_gap_term_by_term(web: Web, arm: ScriptedArm) -> None:
    """It should tell the pair that decides with each term, and terms that add up to the protective distance."""
    reaction = measured()
    links = moving(100.0).now()
    person = fingers(90.0, 20.0, t_s=99.95)
    verdict = Supervisor(SUPERVISED, reaction).update(100.0, links, people(person, t_s=99.95))
    arm.shown = replace(VIEW, links=links, persons=(person,), verdict=verdict, reaction=reaction.figures())
    with web.feed("/ws/arm?language=en") as feed:
        feed.send({"do": "sign_in", "token": token_of(web)})
        now = fed(feed, "now")
    gap = now["gap"]
    assert gap["level"] in ("slow", "hold") and gap["judged"] is True
    assert [term["symbol"] for term in gap["terms"]] == ["S_h", "S_r", "S_s", "C", "Z_d", "Z_r"]
    assert sum(term["mm"] for term in gap["terms"]) == pytest.approx(gap["protective_mm"], abs=0.4)
    assert [link["name"] for link in now["links"] if link["decides"]] == [gap["link"]]
    assert len(now["persons"][0]["outline_mm"]) == len(person.outline_mm)
    assert {"p50_ms", "p99_ms", "used_ms", "count", "name"} == set(gap["parts"][0])


@pytest.mark.parametrize(("who", "code"), [(("Mika", "2468"), FORBIDDEN), (None, SIGNED_OUT)])
def test_the_feed_is_for_technicians(web: Web, who: tuple[str, str] | None, code: int) -> None:
    """It should close without a word for everybody else."""
    with web.feed("/ws/arm") as feed:
        feed.send({"do": "sign_in", "token": token_of(web, *who) if who else "guessed"})
        with pytest.raises(ConnectionClosed) as closed:
            feed.message()
    assert closed.value.rcvd is not None and closed.value.rcvd.code == code


@pytest.mark.parametrize("hello", ["", "{", '{"do":"hold"}', '{"do":"sign_in"}', "[" * 20_000])
def test_a_feed_that_begins_with_something_else(web: Web, hello: str) -> None:
    """It should close, and fail nowhere."""
    with web.feed("/ws/arm") as feed:
        feed.send(hello)
        with pytest.raises(ConnectionClosed):
            feed.message()


@pytest.mark.parametrize("origin", [None, "null", "http://evil.example"])
def test_foreign_pages_have_no_feed_and_no_wish(web: Web, origin: str | None) -> None:
    """It should refuse both with 403."""
    with pytest.raises(InvalidStatus, match="403"), web.feed("/ws/arm", origin):
        pass
    headers = {"authorization": f"Bearer {token_of(web)}"} | ({} if origin is None else {"origin": origin})
    assert web.http.post("/arm/wish", headers=headers, json={"do": "ready"}).status_code == 403


def jog_message(**changes: object) -> dict[str, object]:
    return {"do": "jog", "frame": "tool", "axis": 3, "direction": -1, "speed_percent": 4, **changes}


def test_a_held_button(web: Web, arm: ScriptedArm) -> None:
    """It should begin with the press, be renewed while it is held, and end with the release."""
    with web.feed("/ws/arm") as feed:
        feed.send({"do": "sign_in", "token": token_of(web)})
        fed(feed, "now")
        feed.send(jog_message())
        for _ in range(3):
            feed.send({"do": "hold"})
        feed.send({"do": "let_go"})
        assert arm.let_go.wait(5.0)
    jog = Jog(frame=JogFrame.TOOL, axis=3, direction=-1, speed_percent=4)
    assert arm.asked == [(jog, "Ken"), (LetGo(), "Ken")]
    assert arm.held == 4


def test_a_page_that_goes_away_lets_go(web: Web, arm: ScriptedArm) -> None:
    """It should release the button that a lost page held, and do nothing for a page that held none."""
    token = token_of(web)
    with web.feed("/ws/arm") as feed:
        feed.send({"do": "sign_in", "token": token})
        fed(feed, "now")
    with web.feed("/ws/arm") as feed:
        feed.send({"do": "sign_in", "token": token})
        feed.send(jog_message())
        feed.send({"do": "hold"})
    assert arm.let_go.wait(5.0)
    assert [type(wish) for wish, _ in arm.asked] == [Jog, LetGo]


@pytest.mark.parametrize(
    "message",
    [
        {"do": "jog"},
        jog_message(axis=0),
        jog_message(axis=7),
        jog_message(direction=0),
        jog_message(direction=True),
        jog_message(speed_percent=11),
        jog_message(frame="moon"),
        {"do": "hold", "more": 1},
        {"do": "try", "gesture": "wave"},
    ],
)
def test_messages_of_no_button(web: Web, arm: ScriptedArm, message: dict[str, object]) -> None:
    """It should end the feed, and let go of what was held."""
    with web.feed("/ws/arm") as feed:
        feed.send({"do": "sign_in", "token": token_of(web)})
        feed.send(jog_message())
        feed.send(message)
        until_closed(feed)
    assert [type(wish) for wish, _ in arm.asked] == [Jog, LetGo]


def test_signing_out_ends_the_feed_and_the_motion(web: Web, arm: ScriptedArm) -> None:
    """It should close the feed of a session that has ended, and let go of what it held."""
    token = token_of(web)
    with web.feed("/ws/arm") as feed:
        feed.send({"do": "sign_in", "token": token})
        feed.send(jog_message())
        fed(feed, "now")
        web.post("/sign-out", {}, token)
        assert until_closed(feed) == SIGNED_OUT
    assert arm.let_go.wait(5.0)


@pytest.mark.parametrize(
    ("changes", "health", "mode"),
    [
        ({"powered": False, "ready": False}, (), "off"),
        ({"free_drive": True}, (), "free"),
        ({"ready": False}, (), "busy"),
        ({"ready": False}, ("cobot.protective_stop",), "stopped"),
        ({}, ("cobot.hot",), "ready"),
    ],
)
def test_the_state_in_a_word(changes: dict[str, Any], health: tuple[str, ...], mode: str) -> None:
    """It should say the one thing that matters most."""
    assert VIEW.status is not None
    shown = replace(screen(), health=tuple(ScreenHealth(device="cobot", code=code, detail="x") for code in health))
    assert mode_of(replace(VIEW, status=replace(VIEW.status, **changes)), shown) == mode


def test_without_a_line_the_arm_is_away() -> None:
    """It should say that nothing is there, or that it is only getting to know it."""
    assert mode_of(replace(VIEW, connected=False, status=None), screen()) == "away"
    assert mode_of(replace(VIEW, status=None), screen()) == "greeting"
    assert isinstance(SCENE.gestures["home"], TaughtPosture)
