"""Who may draw zones over the web, what is taken in and refused, and what the eyes' feed tells of now and of old."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from support.scripted_desk import PHRASES, ScriptedDesk, procedure, screen_at
from support.scripted_eyes import BENCH, SEEN, VIEW, ScriptedEyes, ScriptedTeaching, jpeg
from support.web_client import Web, web_of
from websockets.exceptions import ConnectionClosed

from station.core.screen import Screen
from station.runtime.eyes_desk import CameraNow, EyesView, ZonesRefusedError
from station.web.eyes_views import bench_view, eyes_view, same_bench
from station.web.teach_views import taught_view
from station.web.technicians import FORBIDDEN, SIGNED_OUT
from vision.api import CameraState, FrameAnalysis

SQUARE = [[0, 0], [100, 0], [100, 100], [0, 100.5]]
DRAW: dict[str, Any] = {
    "do": "draw",
    "zones": [{"id": "door", "outline_mm": SQUARE, "z_mm": [0, 150]}],
    "based_on": "",
}


def screen() -> Screen:
    return screen_at(procedure("door-mirror"), "welcome")


@pytest.fixture
def eyes() -> ScriptedEyes:
    return ScriptedEyes()


@pytest.fixture
def desk(eyes: ScriptedEyes) -> ScriptedDesk:
    return ScriptedDesk(now=screen(), sight=eyes)


@pytest.fixture
def web(desk: ScriptedDesk) -> Iterator[Web]:
    with web_of(desk) as running:
        yield running


def token_of(web: Web, name: str = "Ken", pin: str = "1357") -> str:
    return str(web.post("/sign-in", {"name": name, "pin": pin}).json()["token"])


def now(view: EyesView = VIEW, at: Screen | None = None, language: str = "en") -> dict[str, Any]:
    return eyes_view(view, at or screen(), None, PHRASES, language)


def test_a_technician_draws(web: Web, eyes: ScriptedEyes):
    """It should hand the zones on as they were drawn, with what they were drawn over and by whom."""
    answer = web.post("/eyes/wish", DRAW, token_of(web))
    assert (answer.status_code, answer.json()) == (200, {"verdict": "accepted"})
    ((zones, based_on, person),) = eyes.drawn
    assert (based_on, person) == ("", "Ken")
    assert [(zone.name, zone.z_mm, zone.outline_mm.tolist()) for zone in zones] == [("door", (0, 150), SQUARE)]


def test_a_technician_answers_for_an_empty_bench(web: Web, eyes: ScriptedEyes):
    """It should go on with the name, and be refused in one sentence while the arm moves."""
    assert web.post("/eyes/wish", {"do": "empty"}, token_of(web)).status_code == 200
    assert web.post("/eyes/wish", {"do": "empty"}).status_code == 403
    assert eyes.emptied_by == ["Ken"]
    eyes.refuses = ZonesRefusedError("moving", "...", {})
    answer = web.post("/eyes/wish", {"do": "empty"}, token_of(web))
    assert (answer.status_code, answer.json()["text"]) == (409, "The robot moves. Let it stand still, then try again.")


def test_nobody_else_draws(web: Web, eyes: ScriptedEyes, desk: ScriptedDesk):
    """It should refuse a visitor, a qualified person and a token that is worth nothing, and a station without eyes."""
    assert web.post("/eyes/wish", DRAW).status_code == 403
    assert web.post("/eyes/wish", DRAW, token_of(web, "Mika", "2468")).status_code == 403
    assert web.post("/eyes/wish", DRAW, "made-up").status_code == 401
    desk.sight = None
    assert web.post("/eyes/wish", DRAW, token_of(web)).status_code == 404
    assert not eyes.drawn


@pytest.mark.parametrize(
    "change",
    [
        {"do": "erase"},
        {"extra": 1},
        {"based_on": "x" * 65},
        {"zones": [{"id": "door", "outline_mm": [[0, "1"]], "z_mm": [0, 1]}]},
        {"zones": [{"id": "door", "outline_mm": [[0, 1, 2]], "z_mm": [0, 1]}]},
        {"zones": [{"id": "door", "outline_mm": [], "z_mm": [0, 1]}]},
        {"zones": [{"id": "door", "outline_mm": [[0, 20_000]], "z_mm": [0, 1]}]},
        {"zones": [{"id": "d" * 61, "outline_mm": [[0, 0]], "z_mm": [0, 1]}]},
        {"zones": [DRAW["zones"][0]] * 61},
    ],
)
def test_what_makes_no_sense_is_not_taken_in(web: Web, eyes: ScriptedEyes, change: dict[str, Any]):
    """It should refuse unknown keys, texts for numbers, and more than any bench has."""
    assert web.post("/eyes/wish", DRAW | change, token_of(web)).status_code == 422
    assert not eyes.drawn


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "Edges 1 and 3 of zone door cross. Move a corner so that its outline is simple."),
        ("ja", "区域 door の辺 1 と辺 3 が交差しています。角を動かして、単純な形にしてください。"),
    ],
)
def test_a_refusal_is_one_sentence_in_the_pages_language(web: Web, eyes: ScriptedEyes, language: str, sentence: str):
    """It should say what is wrong and what to do, whatever language the visit has."""
    eyes.refuses = ZonesRefusedError("crossing", "...", {"zone": "door", "one": "1", "other": "3"})
    answer = web.post(f"/eyes/wish?language={language}", DRAW, token_of(web))
    assert (answer.status_code, answer.json()["text"]) == (409, sentence)


def test_the_feed_is_for_technicians_and_ends_with_their_session(web: Web, eyes: ScriptedEyes):
    """It should send the bench once and again when its zones change, and close when nobody is signed in any more."""
    token = token_of(web)
    with web.feed("/ws/eyes") as feed:
        feed.send({"do": "sign_in", "token": token})
        assert feed.json()["kind"] == "bench" and feed.json()["kind"] == "now" and feed.json()["kind"] == "now"
        moved = tuple(replace(zone, outline_mm=zone.outline_mm + 1.0) for zone in BENCH.zones)
        eyes.shown = replace(VIEW, bench=replace(BENCH, zones=moved), zones_sha256="aa")
        fed = [feed.json() for _ in range(4)]
        (bench,) = [message for message in fed if message["kind"] == "bench"]
        assert bench["zones"][0]["outline_mm"] == moved[0].outline_mm.tolist() and bench["zones_sha256"] == "aa"
        web.post("/sign-out", {}, token)
        with pytest.raises(ConnectionClosed) as closed:
            for _ in range(10):
                feed.json()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == SIGNED_OUT
    with web.feed("/ws/eyes") as feed:
        feed.send({"do": "sign_in", "token": token_of(web, "Mika", "2468")})
        with pytest.raises(ConnectionClosed) as closed:
            feed.json()
        assert closed.value.rcvd is not None and closed.value.rcvd.code == FORBIDDEN


def test_the_bench_comes_with_what_a_page_needs_to_draw_it():
    """It should give calibrations, zones with whether the work needs them, joints and tags."""
    bench = bench_view(VIEW)
    assert [camera["name"] for camera in bench["cameras"]] == ["top", "side"]
    assert {zone["id"]: zone["used"] for zone in bench["zones"]} == {"tray": False, "door": True, "cobot": True}
    assert len(bench["tags"]) == len(BENCH.fixture.tags) and len(bench["joints"]) == len(BENCH.joints)
    assert same_bench(VIEW, VIEW) and not same_bench(VIEW, None)


def test_what_is_seen_now_is_told_in_millimetres():
    """It should give the tool's nearest joint, the doubt's half axes, hands and people, and which zones are busy."""
    told = now()
    assert told["tool"]["joint"] == "J1" and told["tool"]["distance_mm"] == 10.0 and told["tool"]["angle_deg"] == 0.0
    (body,) = told["bodies"]
    assert body["tool"] and body["half_axes_mm"] == pytest.approx([4.9, 2.45], abs=0.01)
    assert told["hands"][0]["cameras"] == ["top", "side"] and told["hands"][0]["sigma_mm"] == 12.0
    assert told["people"][0]["cues"] == ["skin", "reach"]
    assert told["busy"] == {"tray": None, "door": True, "cobot": False}
    assert now(at=replace(screen(), phase="idle"))["refusal"] == "" and "visit" in told["refusal"]


@pytest.mark.parametrize(
    ("newest", "code"),
    [
        (replace(SEEN, t_mono_s=99.4), "camera.lost"),
        (replace(SEEN, state=CameraState.DEFOCUSED), "camera.defocused"),
        (None, ""),
    ],
)
def test_what_is_old_or_bad_is_never_shown_as_now(newest: FrameAnalysis | None, code: str):
    """It should leave out all that only this camera saw, and say of the camera what is wrong and what to do."""
    told = now(replace(VIEW, cameras=(CameraNow(name="top", newest=newest), CameraNow(name="side"))))
    assert not told["bodies"] and not told["people"] and told["tool"] is None
    assert set(told["busy"].values()) == {None}
    camera = told["cameras"][0]
    assert not camera["good"] and camera["code"] == code and "top" in camera["text"]
    assert camera["people"] is None and camera["hands"] is None


def test_what_the_station_says_of_a_camera_comes_first():
    """It should repeat the health that stands, though the newest picture looks good."""
    told = now(at=replace(screen(), bad_cameras={"top": "camera.moved"}))
    camera = told["cameras"][0]
    assert (camera["good"], camera["code"]) == (False, "camera.moved") and "tags" in camera["text"]
    good = now()["cameras"][0]
    assert (good["good"], good["text"], good["hands"], good["tags"], good["people"]) == (True, "good", 0, 1, 1)
    assert (good["age_s"], good["per_s"]) == (0.1, 9.9)


def test_facts_are_told_in_words_with_their_figures():
    """It should name each, say why it is unknown, since when, and give figures with units; the awaited ones first."""
    at = replace(screen(), waiting_for=("tool:J1",))
    rows = now(at=at)["facts"]
    assert [row["fact"] for row in rows] == ["tool:J1", "code", "hands:door", "part:mirror@door"]
    assert rows[0]["waited"] and rows[0]["name"] == "The tool is at J1"
    assert rows[0]["why"] == "a reason that nobody foresaw"
    assert (rows[1]["value_text"], rows[1]["text"], rows[1]["why"]) == ("yes", "PASS-1", "")
    assert (rows[2]["why"], rows[2]["since_s"], rows[2]["age_s"]) == ("no camera sees the zone now", 20.0, 1.0)
    assert [f"{each['label']} {each['text']}" for each in rows[3]["figures"]] == [
        "off by 3.1 mm",
        "turned by 2.0°",
        "cameras 2",
        "score 0.88",
        "odd thing 1",
    ]
    assert now(at=at, language="ja")["facts"][2]["why"] == "今この区域を見ているカメラがありません"


def test_examples_are_taken_discarded_and_trained_on(web: Web, desk: ScriptedDesk):
    """It should hand each wish on with who it is of, and give a gate's word in the page's language."""
    desk.lessons = lessons = ScriptedTeaching()
    token = token_of(web)
    take = {"do": "take", "check": "cap", "state": "seated"}
    for _ in range(2):
        assert web.post("/eyes/wish", take, token).status_code == 200
    assert web.post("/eyes/wish", {"do": "discard", "example": "0"}, token).status_code == 200
    assert [(each.id, each.state) for each in lessons.check.examples] == [("1", "seated")] and lessons.by == ["Ken"] * 2
    answer = web.post("/eyes/wish", {"do": "train", "check": "cap"}, token)
    assert answer.status_code == 409 and "only 0 examples" in answer.json()["text"]
    lessons.refuses = "blurred"
    answer = web.post("/eyes/wish?language=ja", take, token)
    assert (answer.status_code, answer.json()["text"]) == (409, "その部分の画像がぼけています")
    assert web.post("/eyes/wish", take).status_code == 403
    assert web.post("/eyes/wish", take | {"state": ""}, token).status_code == 422
    desk.lessons = None
    assert web.post("/eyes/wish", take, token).status_code == 404


def test_pictures_of_examples_are_for_technicians(web: Web, desk: ScriptedDesk):
    """It should give the region as it is now and each example to a session, and to nobody without one."""
    desk.lessons = lessons = ScriptedTeaching()
    lessons.take("cap", "seated", "Ken")
    for path, picture in (("/eyes/patch?check=cap&camera=top", jpeg(1)), ("/eyes/example?example=0", jpeg(0))):
        assert web.http.get(path).status_code == 403
        found = web.http.get(path, headers={"authorization": f"Bearer {token_of(web)}"})
        assert found.status_code == 200 and found.headers["content-type"] == "image/jpeg" and found.content == picture
    for path in ("/eyes/patch?check=cap&camera=side", "/eyes/patch", "/eyes/example?example=9", "/eyes/example"):
        assert web.http.get(path, headers={"authorization": f"Bearer {token_of(web)}"}).status_code == 404
    desk.lessons = None
    for path in ("/eyes/patch?check=cap&camera=top", "/eyes/example?example=0"):
        assert web.http.get(path, headers={"authorization": f"Bearer {token_of(web)}"}).status_code == 404


def test_teaching_is_told_in_words():
    """It should count examples by state, say of a training what remains confused, and what is told now."""
    lessons = ScriptedTeaching()
    for state in ("seated", "proud") * 3:
        lessons.take("cap", state, "Ken")
    lessons.train("cap", "Ken")
    (told,) = taught_view(lessons.now(), VIEW, PHRASES, "en")
    assert [(each["state"], len(each["examples"])) for each in told["states"]] == [("seated", 3), ("proud", 3)]
    assert told["kind"] == "is it seated?" and told["told"] == [
        {"camera": "top", "state": "seated", "text": "seated (0.97)"}
    ]
    (result,) = told["trained"]
    assert result["verdict"] == "Camera top: this check cannot be used."
    assert result["confusions"] == ["proud was told to be seated in 1 of 4."]
    unsure = replace(SEEN, checks=(replace(SEEN.checks[0], state="", reason="hidden by a hand"),))
    view = replace(VIEW, cameras=(CameraNow(name="top", newest=unsure),))
    assert taught_view(lessons.now(), view, PHRASES, "en")[0]["told"][0]["text"] == "a hand hides it"
    old = replace(VIEW, t_mono_s=200.0)
    assert taught_view(lessons.now(), old, PHRASES, "ja")[0]["told"] == []
