"""What the pages say of the tool's interlock: the first condition that is missing, and what to do about it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from support.corebench import ABSENT, bench_of, play
from support.coreworld import mirror
from support.scripted_desk import PHRASES, procedure, screen_at, with_fault

from station.core.procedure import AfterNok, OnFail, Role
from station.core.screen import Screen, ScreenFault, ScreenInterlock
from station.core.view import screen_of
from station.web.views import console_view, kiosk_view

MIRROR = procedure("door-mirror")
LOW = ScreenFault(
    code="tightening.torque_low",
    number="T101",
    subject="J1",
    words={"joint": "1"},
    holds=True,
    clear_by="visitor",
    ready=True,
)


def waiting_for(missing: str, socket: str = "21") -> Screen:
    order = ("socket", "position", "enable", "")
    place = order.index(missing)
    lock = ScreenInterlock(
        joint="1",
        socket=socket,
        socket_there=place > 0,
        position_there=place > 1,
        enabled=place > 2,
        missing=missing,
    )
    return replace(screen_at(MIRROR, "tighten-1"), interlock=lock, waiting_for=("tightening:J1", "hands:door"))


def stations(screen: Screen, language: str = "en") -> list[tuple[str, str, str]]:
    view = kiosk_view(screen, PHRASES, language, None)
    return [(each["kind"], each["status"], each["text"]) for each in view["interlock"]]


def technicians(screen: Screen) -> dict[str, Any]:
    return console_view(screen, PHRASES, "en", cameras=(), rundowns=(), overrides=())


@pytest.mark.parametrize(
    ("missing", "statuses", "says"),
    [
        ("socket", ["now", "later", "later"], "Put socket 21 on the tool"),
        ("position", ["done", "now", "later"], "Set the tool on joint 1"),
        ("enable", ["done", "done", "now"], "The tool is getting ready"),
        ("", ["done", "done", "go"], "Pull the trigger"),
    ],
)
def test_the_first_condition_that_is_missing_says_what_to_do(missing: str, statuses: list[str], says: str) -> None:
    """It should show socket, place and tool in their order, and a task at exactly one of them."""
    found = stations(waiting_for(missing))
    assert [status for _, status, _ in found] == statuses
    assert [text for _, status, text in found if status in ("now", "go")] == [says]
    assert [kind for kind, _, _ in found] == ["socket", "position", "enable" if missing else "pull"]


def test_a_joint_for_any_socket() -> None:
    """It should not speak of sockets, to nobody."""
    screen = waiting_for("position", socket="")
    assert [kind for kind, _, _ in stations(screen)] == ["position", "enable"]
    assert [line["name"] for line in technicians(screen)["interlock"]] == [
        "Tool seen at joint 1",
        "Tool enabled for joint 1",
    ]


def test_what_holds_the_work_comes_first() -> None:
    """It should show the visitor no task at the tool during a pause or a fault, and the technician what is missing."""
    screen = waiting_for("enable")
    for held in (replace(screen, paused=True), with_fault(screen, LOW)):
        assert stations(held) == []
        assert [(line["good"], line["text"]) for line in technicians(held)["interlock"]] == [
            (True, "there"),
            (True, "there"),
            (False, "missing"),
        ]
    assert stations(with_fault(screen, replace(LOW, holds=False))) != [], "a notice holds nothing"


def test_the_interlock_says_it_instead_of_the_list() -> None:
    """It should not name the tightening twice, and still name what else is not seen yet."""
    assert kiosk_view(waiting_for("position"), PHRASES, "en", None)["waiting"] == ["hands away"]
    without = replace(waiting_for("position"), interlock=None)
    assert kiosk_view(without, PHRASES, "en", None)["waiting"] == ["joint 1 tightened", "hands away"]


def test_a_marked_joint_is_told_from_a_bad_one() -> None:
    """It should be marked after the visitor has gone on, bad before, and come back for its rework."""
    work = mirror()
    strategy = OnFail(retries=0, then=AfterNok.MARK)
    steps = tuple(replace(s, on_fail=strategy) if s.id.startswith("tighten") else s for s in work.steps)
    bench = play(bench_of(replace(work, steps=steps)), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.pull(torque_nm=3.0)
    assert screen_of(bench.procedure, bench.state).joints[0].status == "bad"
    bench.acknowledge("tightening.marked", Role.VISITOR)
    screen = screen_of(bench.procedure, bench.state)
    assert screen.joints[0].status == screen.steps[6].status == "marked"
    bench.see("tool:J1", ABSENT)
    bench.timer("idle", 5.0)
    bench.tighten("J2")
    bench.tighten("J3")
    assert screen_of(bench.procedure, bench.state).joints[0].status == "bad", "its rework is due"


@pytest.mark.parametrize("language", ["en", "ja"])
def test_a_technician_sees_which_step_can_be_taken_back(language: str) -> None:
    """It should name the step as the progress bar does, and offer nothing when there is none."""
    screen = replace(screen_at(MIRROR, "tighten-2", language), undoable="tighten-1")
    view = console_view(screen, PHRASES, language, cameras=(), rundowns=(), overrides=())
    assert view["undo"]["step"] == "tighten-1"
    assert PHRASES.shown(language, "step.tighten-1.short") in view["undo"]["text"]
    assert technicians(replace(screen, undoable=""))["undo"] is None
