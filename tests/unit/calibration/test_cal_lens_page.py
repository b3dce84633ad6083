"""The ends of the lens's page on the server: who may, what is refused, and what is said in which language."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from support.rendered_board import aimed, seen_at
from support.scripted_desk import PHRASES, Clock, ScriptedDesk, procedure, screen_at
from support.scripted_lens import CAMERA, HeldBoard, with_board, workshop_of
from support.web_client import Web, web_of

from calibration.capture import Doing, Guidance, take
from calibration.lens_artefact import SHORTFALLS
from calibration.refusals import SENTENCES, Reason, Refusal
from station.config.artefact import Kind, current_id
from station.config.phrases import GAP
from station.web.calibrate_camera_desk import LensRefusedError
from station.web.calibrate_camera_views import lens_view

PATH = "/calibrate/camera/wish"


@dataclass(slots=True)
class Bench:
    desk: ScriptedDesk
    held: HeldBoard
    store: Path


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """Between two visits, with a board that was measured."""
    desk = ScriptedDesk(now=replace(screen_at(procedure("door-mirror"), "welcome"), phase="finished"))
    held = HeldBoard(desk=desk, clock=Clock())
    desk.workshop = workshop_of(held, tmp_path)
    with_board(tmp_path)
    return Bench(desk=desk, held=held, store=tmp_path)


@pytest.fixture
def served(bench: Bench) -> Iterator[Web]:
    with web_of(bench.desk) as running:
        yield running


def token(served: Web, name: str = "Ken", pin: str = "1357") -> str:
    return str(served.post("/sign-in", {"name": name, "pin": pin}).json()["token"])


def captured(bench: Bench, views: int) -> None:
    """Some views into the outlines, without looking at pictures."""
    workshop = bench.desk.workshop
    assert workshop is not None
    workshop.begin(CAMERA, "a4", "Ken")
    work = workshop._works[CAMERA]
    for number in range(views):
        target = work.session.state.target
        assert target is not None
        found = seen_at(aimed(target.camera_from_board, bench.held.rng), seed=number)
        work.session.state = take(work.session.state, replace(found, view=replace(found.view, view=number)))
        work.session._pictures.append((f"{number:064x}", b"png"))


def test_only_technicians_of_our_own_page_may(bench: Bench, served: Web) -> None:
    """It should turn away strangers, other roles, other origins, other shapes, and cameras that there are not."""
    begin = {"do": "begin", "camera": CAMERA, "board": "a4"}
    technician = token(served)
    assert served.post(PATH, begin, "nobody").status_code == 401
    assert served.post(PATH, begin, token(served, "Mika", "2468")).status_code == 403
    foreign = {"origin": "http://elsewhere.example", "authorization": f"Bearer {technician}"}
    assert served.http.post(PATH, headers=foreign, json=begin).status_code == 403
    assert served.post(PATH, {**begin, "do": "format"}, technician).status_code == 422
    assert served.post(PATH, {**begin, "board": "../a4"}, technician).status_code == 422
    assert served.post(PATH, {**begin, "camera": "attic"}, technician).status_code == 404
    assert served.http.get("/calibrate/camera/attic").status_code == 404
    assert served.http.get(f"/calibrate/camera/{CAMERA}").status_code == 200
    assert bench.desk.workshop is not None and bench.desk.workshop.look(CAMERA).phase == "idle"
    assert served.post(PATH, begin, technician).json() == {"verdict": "accepted"}
    assert bench.desk.workshop.look(CAMERA).phase == "capturing"


def test_what_does_not_fit_is_said_in_the_pages_language(bench: Bench, served: Web) -> None:
    """It should refuse a wish out of turn, without a board, or in the middle of a visit, with what to do."""
    technician = token(served)

    def said(body: dict[str, str], language: str = "en") -> str:
        answer = served.post(f"{PATH}?language={language}", {"camera": CAMERA, **body}, technician)
        assert answer.status_code == 409
        return str(answer.json()["text"])

    assert said({"do": "accept"}) == "There is nothing to do that with."
    assert "was never measured" in said({"do": "begin", "board": "b5"})
    assert served.post(PATH, {"do": "begin", "camera": CAMERA, "board": ""}, technician).status_code == 200
    assert "give no lens" in said({"do": "stop"})
    assert said({"do": "drop"}, "ja") == "対象がありません。"
    bench.desk.show(screen_at(procedure("door-mirror"), "welcome"))
    assert "visit is under way" in said({"do": "begin", "board": "a4"})


def test_the_feed_looks_while_somebody_watches(bench: Bench, served: Web) -> None:
    """It should say nothing before a hello, then what is seen; and look at no picture when nobody watches."""
    assert bench.held.given == 0
    served.post(PATH, {"do": "begin", "camera": CAMERA, "board": "a4"}, technician := token(served))
    bench.held.away = True
    with served.feed(f"/ws/calibrate/camera/{CAMERA}?language=en") as feed:
        feed.send({"do": "sign_in", "token": technician})
        for _ in range(3):
            shown = feed.json()
        assert shown["phase"] == "capturing" and shown["refusal"].startswith("No board is seen.")
        assert len(shown["target"]) == 4 and shown["taken"] == 0
    assert bench.held.given >= 2


def test_a_lens_is_put_in_force_only_when_it_is_good(bench: Bench) -> None:
    """It should refuse a poor one, keep a good one, and let nothing be done with it afterwards."""
    workshop = bench.desk.workshop
    assert workshop is not None
    captured(bench, 5)
    workshop.stop(CAMERA)
    view = workshop.look(CAMERA)
    assert view.artefact is not None and not view.artefact.verdict.good
    with pytest.raises(LensRefusedError, match="not_good"):
        workshop.accept(CAMERA)
    workshop.discard(CAMERA)
    captured(bench, 8)
    workshop.stop(CAMERA)
    workshop.accept(CAMERA)
    assert workshop.look(CAMERA).phase == "kept"
    kept = current_id(bench.store, Kind.LENS, CAMERA)
    assert kept is not None and kept == workshop.look(CAMERA).artefact.id  # type: ignore[union-attr]
    with pytest.raises(LensRefusedError, match="nothing"):
        workshop.accept(CAMERA)
    # The next capture knows it, and says how far it differs.
    captured(bench, 8)
    workshop.stop(CAMERA)
    again = lens_view(workshop.look(CAMERA), PHRASES, "en")["result"]
    assert any("differs from the last calibration" in line for line in again["lines"])


def test_a_full_disk_leaves_the_old_one(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """It should say so, and the capture can be kept when there is room again."""
    workshop = bench.desk.workshop
    assert workshop is not None
    captured(bench, 8)
    workshop.stop(CAMERA)
    (bench.store / "sets").write_text("in the way")
    with pytest.raises(LensRefusedError, match="disk"):
        workshop.accept(CAMERA)
    assert current_id(bench.store, Kind.LENS, CAMERA) is None and workshop.look(CAMERA).phase == "result"
    (bench.store / "sets").unlink()
    workshop.accept(CAMERA)
    assert current_id(bench.store, Kind.LENS, CAMERA) is not None


@pytest.mark.parametrize("language", ["en", "ja"])
def test_everything_has_its_words(bench: Bench, language: str) -> None:
    """It should have a sentence for each reason, without a gap; in English the command line's own."""
    captured(bench, 6)
    workshop = bench.desk.workshop
    assert workshop is not None
    workshop.stop(CAMERA)
    view = workshop.look(CAMERA)
    for reason in Reason:
        names = [part.split("}")[0] for part in SENTENCES[reason].split("{")[1:]]
        refusal = Refusal(reason=reason, words={name: f"<{name}>" for name in names})
        shown = lens_view(
            replace(view, guidance=Guidance(doing=Doing.MOVE, refusal=refusal, outline_px=None, held_share=0.0)),
            PHRASES,
            language,
        )
        assert all(f"<{name}>" in shown["refusal"] for name in names)
        if language == "en":
            assert shown["refusal"] == refusal.text
    shown = lens_view(view, PHRASES, language)
    texts = [shown["say"], shown["good"], *shown["result"]["lines"]]
    assert not [text for text in texts if GAP in text or "ui." in text or not text]
    assert set(SHORTFALLS) == {"few_views", "held_out", "left_out", "doubt"}
