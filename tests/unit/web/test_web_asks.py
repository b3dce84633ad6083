"""What people do on the pages: once, in time, and only who may."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.scripted_desk import STATION, Clock, ScriptedDesk, procedure, screen_at, with_fault
from support.web_client import Web, web_of

from station.core.events import FaultAcknowledged, HelpAnswered, PauseRequested, PersonConfirmed, VisitAbandoned
from station.core.procedure import Role
from station.core.screen import Screen, ScreenFault
from station.web.asking import ASKS, CLAIM_S, Verdict, event_of, judge
from station.web.people import FIRST_WAIT_S, LONGEST_WAIT_S, SESSION_S, VISITOR, WRONG_BEFORE_WAIT, People, Session

MIRROR = procedure("door-mirror")
WHEEL = procedure("wheel")
YES = {"do": "confirm", "step": "welcome", "what": "confirm.consent", "visit": "sim-1-0007"}


def post(web: Web, ask: dict[str, Any], token: str = "", path: str = "/act") -> tuple[int, dict[str, Any]]:
    answer = web.post(path, ask, token)
    return answer.status_code, answer.json()


def sign_in(web: Web, name: str, pin: str) -> str:
    status, body = post(web, {"name": name, "pin": pin}, path="/sign-in")
    assert status == 200
    return str(body["token"])


def held(
    code: str, clear_by: str, *, ready: bool = True, at: Screen | None = None, rights: tuple[str, ...] = ()
) -> Screen:
    fault = ScreenFault(
        code=code, number="X1", subject="J1", words={}, holds=True, clear_by=clear_by, ready=ready, rights=rights
    )
    return with_fault(at or screen_at(MIRROR, "tighten-1"), fault)


def test_two_people_say_yes_at_once() -> None:
    """It should take the first answer and give the other 409 with the state's version."""
    clock, desk = Clock(), ScriptedDesk(now=screen_at(MIRROR, "welcome"))
    with web_of(desk, clock.now_s) as web:
        assert post(web, YES) == (200, {"verdict": "accepted", "version": 1})
        assert post(web, YES) == (409, {"verdict": "stale", "version": 1})
    assert len(desk.posted) == 1


def test_an_answer_that_came_to_nothing_can_be_given_again() -> None:
    """It should take the answer again when the screen still asks after a while, so that nobody is locked out."""
    clock, desk = Clock(), ScriptedDesk(now=screen_at(MIRROR, "welcome"))
    with web_of(desk, clock.now_s) as web:
        assert post(web, YES)[0] == 200
        clock.s += CLAIM_S
        assert post(web, YES)[0] == 200


@pytest.mark.parametrize(
    "moment",
    [
        screen_at(MIRROR, "check-in"),
        replace(screen_at(MIRROR, "welcome"), visit_id="sim-1-0008"),
        replace(screen_at(MIRROR, "welcome"), paused=True),
        held("camera.lost", "itself", at=screen_at(MIRROR, "welcome")),
        None,
    ],
)
def test_a_replayed_yes(moment: Screen | None) -> None:
    """It should refuse an old yes with 409: after its step, in another visit, in a pause, while the work is held."""
    desk = ScriptedDesk(now=moment)
    with web_of(desk) as web:
        assert post(web, YES)[0] == 409
    assert desk.posted == []


def test_only_a_qualified_person_says_yes_for_a_wheel() -> None:
    """It should refuse the visitor with 403, and keep who it was with the answer."""
    desk = ScriptedDesk(now=screen_at(WHEEL, "tighten-1"))
    assert desk.now is not None
    question = desk.now.questions[0]
    ask = {"do": "confirm", "step": question.step, "what": question.what}
    with web_of(desk) as web:
        assert post(web, ask)[0] == 403
        assert post(web, ask, sign_in(web, "Mika", "2468"))[0] == 200
        assert post(web, ask, "made-up")[0] == 401
    assert desk.posted == [PersonConfirmed(step=question.step, what=question.what, role=Role.QUALIFIED, person="Mika")]


def test_who_may_clear_a_fault() -> None:
    """It should take a visitor's word for what visitors may clear, a technician's for the rest, and only when ready."""
    ask = {"do": "acknowledge", "code": "tightening.torque_low", "reason": "again"}
    desk = ScriptedDesk(now=held("tightening.torque_low", "visitor", ready=False))
    clock = Clock()
    with web_of(desk, clock.now_s) as web:
        assert post(web, ask)[0] == 409
        desk.show(held("tightening.torque_low", "visitor"))
        assert post(web, ask)[0] == 200
        clock.s += CLAIM_S
        desk.show(held("tightening.torque_low", "technician"))
        assert post(web, ask)[0] == 403
        assert post(web, ask, sign_in(web, "Mika", "2468"))[0] == 403
        ken = sign_in(web, "Ken", "1357")
        assert post(web, ask, ken)[0] == 200
        desk.show(held("tightening.torque_low", "itself"))
        assert post(web, ask, ken)[0] == 409
    assert desk.posted[-1] == FaultAcknowledged(
        code="tightening.torque_low", role=Role.TECHNICIAN, person="Ken", reason="again"
    )


def test_what_only_some_may_do() -> None:
    """It should let a qualified person answer the call for help, and only a technician end a visit."""
    desk = ScriptedDesk(now=replace(screen_at(MIRROR, "tighten-1"), help_called=True))
    with web_of(desk) as web:
        mika, ken = sign_in(web, "Mika", "2468"), sign_in(web, "Ken", "1357")
        assert post(web, {"do": "help_answered"})[0] == 403
        assert post(web, {"do": "help_answered"}, mika)[0] == 200
        assert post(web, {"do": "abandon", "reason": "late"}, mika)[0] == 403
        assert post(web, {"do": "abandon", "reason": "late"}, ken)[0] == 200
        assert post(web, {}, ken, "/sign-out")[0] == 200
        assert post(web, {"do": "pause"}, ken)[0] == 401
    assert desk.posted == [HelpAnswered(person="Mika"), VisitAbandoned(person="Ken", reason="late")]


def test_a_visit_begins() -> None:
    """It should open a visit in a language that there is, once, and not in the middle of another."""
    desk = ScriptedDesk(now=replace(screen_at(MIRROR, "welcome"), phase="idle", visit_id=""))
    with web_of(desk) as web:
        assert post(web, {"do": "begin", "language": "xx"})[0] == 409
        assert post(web, {"do": "begin", "language": "ja"})[0] == 200
        assert post(web, {"do": "begin", "language": "en"})[0] == 409
        desk.show(screen_at(MIRROR, "welcome"))
        assert post(web, {"do": "begin", "language": "ja"})[0] == 409
    assert desk.begun == ["ja"]


def test_a_pause_while_pins_are_locked() -> None:
    """It should make whoever guesses PINs wait, and let the visitor pause all the same."""
    clock, desk = Clock(), ScriptedDesk(now=screen_at(MIRROR, "tighten-1"))
    with web_of(desk, clock.now_s) as web:
        for _ in range(WRONG_BEFORE_WAIT):
            assert post(web, {"name": "Ken", "pin": "0000"}, path="/sign-in")[0] == 403
        status, body = post(web, {"name": "Ken", "pin": "1357"}, path="/sign-in")
        assert status == 429 and "30" in body["text"]
        assert post(web, {"do": "pause", "visit": "another"})[0] == 200
        clock.s += FIRST_WAIT_S
        assert sign_in(web, "Ken", "1357")
    assert desk.posted == [PauseRequested(person="visitor")]


def test_waiting_doubles() -> None:
    """It should wait 30 s after five wrong PINs, then twice as long each time up to 15 min, by name and by address."""
    clock = Clock()
    people = People(STATION.people, clock.now_s)
    for _ in range(WRONG_BEFORE_WAIT):
        assert people.must_wait("Ken", "a") is None
        assert people.told("Ken", "a", False) is None
    for wait_s in (30.0, 60.0, 120.0, 240.0, 480.0, LONGEST_WAIT_S, LONGEST_WAIT_S):
        for name, address in (("Ken", "b"), ("Mika", "a")):
            wait = people.must_wait(name, address)
            assert wait is not None and wait.seconds == pytest.approx(wait_s)
        assert people.must_wait("Mika", "b") is None
        clock.s += wait_s
        assert people.must_wait("Ken", "a") is None
        people.told("Ken", "a", False)


def test_a_session_rests_too_long() -> None:
    """It should keep a session that is used, and end one that is not."""
    clock = Clock()
    people = People(STATION.people, clock.now_s)
    token = people.told("Ken", "a", True)
    assert token is not None
    for _ in range(3):
        clock.s += SESSION_S - 1
        assert people.session(token) == Session(person="Ken", role=Role.TECHNICIAN)
    clock.s += SESSION_S + 1
    assert people.session(token) is None
    assert people.session(token) is None


def test_pins() -> None:
    """It should know right PINs from wrong ones, and nobody by an unknown name."""
    people = People(STATION.people, Clock().now_s)
    assert people.pin_is_right("Ken", "1357")
    assert not people.pin_is_right("Ken", "2468")
    assert not people.pin_is_right("Nobody", "1357")


ASK = st.sampled_from(
    [
        YES,
        {"do": "confirm", "step": "tighten-1", "what": "confirm.joint-qualified"},
        {"do": "acknowledge", "code": "tightening.torque_high"},
        {"do": "acknowledge", "code": "robot.hands"},
        {"do": "help_answered"},
        {"do": "abandon", "reason": "x"},
        {"do": "use_right", "right": "loosen", "subject": "J1", "reason": "x"},
        {"do": "use_right", "right": "undo", "subject": "welcome", "reason": "x"},
    ]
)
MOMENT = st.sampled_from(
    [
        screen_at(MIRROR, "welcome"),
        screen_at(WHEEL, "tighten-1"),
        held("tightening.torque_high", "technician", rights=("loosen",)),
        replace(screen_at(MIRROR, "tighten-1"), undoable="welcome"),
        held("robot.hands", "visitor", ready=False),
        replace(screen_at(MIRROR, "tighten-1"), help_called=True, paused=True),
    ]
)


@given(screen=MOMENT, ask=ASK)
def test_a_visitor_is_never_more_than_a_visitor(screen: Screen, ask: dict[str, str]) -> None:
    """It should never let a visitor do what a higher role must, whatever the screen shows."""
    asked = ASKS.validate_json(json.dumps(ask))
    if judge(screen, asked, VISITOR) is Verdict.ACCEPTED:
        event = event_of(asked, VISITOR)
        assert isinstance(event, PersonConfirmed | FaultAcknowledged)
        assert event.role is Role.VISITOR
        assert not any(fault.clear_by == "technician" for fault in screen.faults)
        assert all(question.by == "visitor" for question in screen.questions)
