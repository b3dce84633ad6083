"""The service behind the page of the calibrations: who may, when not, and what is refused in a sentence."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import httpx
import pytest
from support.calibrated_store import NOW, calibrated_store
from support.scripted_desk import STATION, ScriptedDesk, procedure, screen_at
from support.web_client import Web, web_of

from station.web.calibrate_overview_desk import CalibrationBook


@dataclass(frozen=True, slots=True)
class Technician:
    """Signed in."""

    web: Web
    token: str

    def get(self, path: str) -> httpx.Response:
        return self.web.http.get(path, headers={"authorization": f"Bearer {self.token}"})

    def post(self, path: str, body: dict[str, str]) -> httpx.Response:
        return self.web.post(path, body, self.token)


@contextmanager
def technician(desk: ScriptedDesk) -> Iterator[Technician]:
    """A client that is signed in as one."""
    with web_of(desk) as web:
        yield Technician(web, str(web.post("/sign-in", {"name": "Ken", "pin": "1357"}).json()["token"]))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return calibrated_store(tmp_path_factory.mktemp("store"), days=3).folder


@pytest.fixture
def desk(folder: Path) -> ScriptedDesk:
    book = CalibrationBook(station=replace(STATION, id="b-1"), folder=folder, software="1", utc=NOW.isoformat)
    screen = replace(screen_at(procedure("door-mirror"), "welcome"), phase="idle")
    return ScriptedDesk(now=screen, book=book)


def back(**more: str) -> dict[str, str]:
    return {"do": "roll_back", "kind": "camera", "subject": "top", "to": "camera-top-0", "why": "try", **more}


def test_the_view_is_in_the_pages_language(desk: ScriptedDesk) -> None:
    """It should give rows, the last check and the drift as plain values, and no not-a-number."""
    with technician(desk) as client:
        english = client.get("/calibration/view?language=en")
        japanese = client.get("/calibration/view?language=ja").json()
    told = json.loads(english.text, parse_constant=lambda word: pytest.fail(f"the view holds {word}"))
    assert [row["kind"] for row in told["rows"]] == ["lens", "camera", "camera", "arm", "torque"]
    assert told["daily"]["good"] and len(told["drift"]) == 2 and told["refusal"] == "" and told["referenced"]
    assert told["daily"]["devices"][0]["text"].startswith("Camera top: has not moved")
    assert japanese["daily"]["devices"][0]["text"].startswith("カメラ top：動いていません")
    assert japanese["rows"][0]["age"] == "13 日前"


def test_what_cannot_be_done_is_said(desk: ScriptedDesk) -> None:
    """It should refuse while a visit runs, without eyes, to what is not there, and what is not meant so."""
    assert desk.now is not None
    with technician(desk) as client:
        missing = client.post("/calibration/wish", back())
        assert missing.status_code == 409 and "is not there" in missing.json()["text"]
        blind = client.post("/calibration/wish?language=en", {"do": "check"})
        assert blind.status_code == 409 and "No camera is looked at" in blind.json()["text"]
        assert client.post("/calibration/wish", back(to="../../etc/passwd")).status_code == 422
        assert client.post("/calibration/wish", back(why="")).status_code == 422
        assert client.get("/calibration/report?form=doc").status_code == 404
        desk.show(replace(desk.now, phase="running"))
        running = client.post("/calibration/wish?language=en", back())
        assert running.status_code == 409 and "A visit is under way" in running.json()["text"]
        desk.book = None
        assert client.get("/calibration/view").status_code == 404
        assert client.post("/calibration/wish", back()).status_code == 404


def test_nobody_is_told_anything(desk: ScriptedDesk) -> None:
    """It should answer 401 to a token that is worth nothing, and 403 to who is no technician."""
    with web_of(desk) as web:
        client = web.http
        for path in ("/calibration/view", "/calibration/report?form=pdf"):
            assert client.get(path).status_code == 403
            assert client.get(path, headers={"authorization": "Bearer nobody"}).status_code == 401
