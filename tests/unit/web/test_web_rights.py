"""What only technicians may do on the pages: offered by the screen, for a reason, once."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.scripted_desk import Clock, ScriptedDesk, procedure, screen_at, with_fault
from support.web_client import Web, web_of

from station.core.events import FaultAcknowledged, RightUsed
from station.core.procedure import Right, Role
from station.core.screen import Screen, ScreenFault

MIRROR = procedure("door-mirror")
AT = replace(screen_at(MIRROR, "tighten-2"), undoable="tighten-1")
UNSEEN = ScreenFault(
    code="result.asked_back",
    number="T125",
    subject="J2",
    words={"joint": "2", "torque": "9.1", "angle": "60", "id": "7"},
    holds=True,
    clear_by="technician",
    ready=True,
    rights=("loosen", "accept_result"),
)


def use(right: str, subject: str, reason: str = "stood beside it") -> dict[str, Any]:
    return {"do": "use_right", "right": right, "subject": subject, "reason": reason, "visit": "sim-1-0007"}


def signed_in(web: Web, name: str, pin: str) -> str:
    return str(web.post("/sign-in", {"name": name, "pin": pin}).json()["token"])


@pytest.mark.parametrize(
    ("right", "subject"), [("loosen", "J2"), ("accept_result", "J2"), ("undo", "tighten-1")], ids=lambda value: value
)
def test_a_technician_uses_a_right_for_a_reason(right: str, subject: str) -> None:
    """It should refuse everybody below, and a blank reason, and tell the station who it was and why."""
    desk = ScriptedDesk(now=with_fault(AT, UNSEEN))
    with web_of(desk) as web:
        assert web.post("/act", use(right, subject)).status_code == 403
        assert web.post("/act", use(right, subject), signed_in(web, "Mika", "2468")).status_code == 403
        ken = signed_in(web, "Ken", "1357")
        answer = web.post("/act", use(right, subject, " \t "), ken)
        assert (answer.status_code, answer.json()["verdict"]) == (422, "reason_missing")
        assert desk.posted == []
        assert web.post("/act", use(right, subject), ken).status_code == 200
        assert web.post("/act", use(right, subject, "again"), ken).status_code == 409, "the other technician was first"
    assert desk.posted == [
        RightUsed(right=Right(right), subject=subject, role=Role.TECHNICIAN, person="Ken", reason="stood beside it")
    ]


@pytest.mark.parametrize(
    ("moment", "ask"),
    [
        (AT, use("loosen", "J2")),
        (with_fault(AT, UNSEEN), use("loosen", "J1")),
        (with_fault(AT, replace(UNSEEN, rights=("loosen",))), use("accept_result", "J2")),
        (with_fault(AT, UNSEEN), use("undo", "welcome")),
        (with_fault(replace(AT, undoable=""), UNSEEN), use("undo", "")),
        (with_fault(replace(AT, phase="ended"), UNSEEN), use("undo", "tighten-1")),
        (with_fault(replace(AT, visit_id="sim-1-0008"), UNSEEN), use("loosen", "J2")),
    ],
)
def test_a_right_that_the_screen_does_not_offer(moment: Screen, ask: dict[str, Any]) -> None:
    """It should call it stale: for a fault that is mended, another joint, another step, another visit."""
    desk = ScriptedDesk(now=moment)
    with web_of(desk) as web:
        assert web.post("/act", ask, signed_in(web, "Ken", "1357")).status_code == 409
    assert desk.posted == []


@pytest.mark.parametrize("right", ["open_door", "", None])
def test_a_right_that_there_is_not(right: str | None) -> None:
    """It should not be understood."""
    desk = ScriptedDesk(now=with_fault(AT, UNSEEN))
    with web_of(desk) as web:
        ask = use("loosen", "J2") | {"right": right}
        answer = web.post("/act", ask, signed_in(web, "Ken", "1357"))
    assert (answer.status_code, answer.json()["error"]) == (422, "web.not_understood")


def test_what_a_technician_mends_and_ends_needs_a_reason() -> None:
    """It should refuse a technician's word without one, as the core would ignore it; a visitor's needs none."""
    clock, desk = Clock(), ScriptedDesk(now=with_fault(AT, UNSEEN))
    mended = {"do": "acknowledge", "code": "result.asked_back"}
    with web_of(desk, clock.now_s) as web:
        ken = signed_in(web, "Ken", "1357")
        for ask in (mended, mended | {"reason": "  "}, {"do": "abandon", "reason": ""}):
            answer = web.post("/act", ask, ken)
            assert (answer.status_code, answer.json()["verdict"]) == (422, "reason_missing")
        assert web.post("/act", mended).status_code == 403, "who it is comes before why"
        assert web.post("/act", mended | {"reason": "loosened"}, ken).status_code == 200
        desk.show(with_fault(AT, replace(UNSEEN, code="tightening.torque_low", clear_by="visitor", rights=())))
        assert web.post("/act", {"do": "acknowledge", "code": "tightening.torque_low"}).status_code == 200
    assert [event.reason for event in desk.posted if isinstance(event, FaultAcknowledged)] == ["loosened", ""]
