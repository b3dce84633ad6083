"""The arm in the core: the gap to people, stops of its own, and what a technician may have it do."""

import pytest
from support.corebench import ABSENT, PRESENT, UNKNOWN, CoreBench, bench_of, play
from support.coreworld import mirror

from drivers.api import SWITCHED_ON, Connected, DeviceHealth, Outcome
from station.core import effects as fx
from station.core import events as ev
from station.core.codec import canonical, from_plain, to_plain
from station.core.lamp import Lamp, lamp_of
from station.core.procedure import Reach, Role
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
from station.core.state import Phase
from station.core.view import screen_of
from vision.api import FactValue

JOG = Jog(frame=JogFrame.TOOL, axis=3, direction=1, speed_percent=5)


def moving_arm(step: str = "hold") -> CoreBench:
    """A visit whose arm is under way."""
    bench = play(bench_of(mirror()), until=step)
    bench.timer("announce")
    assert bench.state.robot.moving
    return bench


def idle_bench() -> CoreBench:
    """No visit, both devices connected, nobody near."""
    bench = CoreBench(mirror())
    bench.see("hands:cobot", ABSENT)
    bench.connect()
    return bench


def gap(bench: CoreBench, level: str, limit_percent: int = 100) -> tuple[fx.Effect, ...]:
    """The supervisor says so."""
    return bench.feed(
        ev.SeparationChanged(
            level=level,
            limit_percent=limit_percent,
            link="forearm",
            distance_mm=120.0,
            protective_mm=180.0,
            speed_mm_s=90.0,
            reaction_s=0.2,
            stopping_s=0.1,
            people_age_s=0.08,
            terms_mm={"person": 60.0},
        )
    )


def note(bench: CoreBench, code: str, standing: bool) -> tuple[fx.Effect, ...]:
    """The arm says something of itself that stops it."""
    return bench.feed(
        DeviceHealth(
            device="cobot", t_mono_s=bench.now_s, code=code, detail="look at it", standing=standing, stops=True
        )
    )


def ask(bench: CoreBench, wish: Ask, role: Role = Role.TECHNICIAN) -> tuple[fx.Effect, ...]:
    """Somebody at the console wants something."""
    return bench.feed(ev.ServiceAsked(ask=wish, person="Ken", role=role))


def test_somebody_who_comes_nearer_slows_the_arm_and_then_stops_it():
    """It should tell the arm each limit once, stop at `hold`, and go on only after a word, announced anew."""
    bench = moving_arm()
    gap(bench, "slow", 50)
    assert [effect.percent for effect in bench.did(fx.SlowRobot)] == [50] and bench.state.robot.moving
    gap(bench, "slow", 50)
    assert bench.did(fx.SlowRobot) == []
    gap(bench, "hold", 0)
    assert len(bench.did(fx.StopRobot)) == 1 and bench.codes() == ["robot.hands"]
    bench.acknowledge("robot.hands", Role.TECHNICIAN)
    assert bench.codes() == ["robot.hands"], "somebody is still too near"
    gap(bench, "clear", 100)
    assert [effect.percent for effect in bench.did(fx.SlowRobot)] == [100]
    bench.acknowledge("robot.hands", Role.VISITOR)
    assert bench.did(fx.MoveRobot) == [] and "robot.moves" in [say.phrase for say in bench.did(fx.Say)]
    bench.timer("announce")
    assert len(bench.did(fx.MoveRobot)) == 1
    play(bench)


def test_where_the_procedure_allows_it_the_arm_goes_on_by_itself_when_there_is_room():
    """It should need no tap there, and still tell the visitor."""
    bench = moving_arm("tighten-J2")
    gap(bench, "hold", 0)
    assert bench.did(fx.StopRobot) and bench.codes() == []
    gap(bench, "clear")
    assert bench.did(fx.MoveRobot) == []
    bench.timer("announce")
    assert len(bench.did(fx.MoveRobot)) == 1


@pytest.mark.parametrize("level", ["hold", "unknown"])
def test_no_motion_begins_while_somebody_is_near_or_nobody_can_say(level: str):
    """It should not even announce it, and the screen should say what is waited for."""
    bench = bench_of(mirror())
    gap(bench, level, 0)
    play(bench, until="hold")
    assert not bench.state.robot.announcing and not bench.state.robot.moving
    assert screen_of(bench.procedure, bench.state).waiting_for == ("separation",)
    gap(bench, "clear")
    bench.timer("announce")
    assert len(bench.did(fx.MoveRobot)) == 1


def test_a_limit_that_the_arm_does_not_take_stops_it():
    """It should not go on at full speed beside a person."""
    bench = moving_arm()
    gap(bench, "slow", 25)
    bench.failed(bench.state.robot.limit_id, "cobot")
    assert len(bench.did(fx.StopRobot)) == 1 and bench.codes() == ["robot.failed"]


def test_an_arm_that_comes_back_is_told_the_limit_again():
    """It should not rely on what the old connection was told."""
    bench = moving_arm()
    gap(bench, "slow", 25)
    bench.disconnect("cobot")
    bench.connect("cobot")
    assert [effect.percent for effect in bench.did(fx.SlowRobot)] == [25]


def test_after_a_restart_nobody_knows_who_is_near():
    """It should wait for the supervisor's first word."""
    bench = moving_arm()
    gap(bench, "clear")
    bench.feed(ev.StationRestarted(reason="r"))
    assert not bench.state.separation.allows
    bench.see("hands:cobot", ABSENT)
    bench.connect()
    assert not bench.state.robot.announcing
    gap(bench, "clear")
    bench.acknowledge("restart.resumed", Role.VISITOR)
    assert bench.state.robot.announcing == "hold"


@pytest.mark.parametrize("moving_first", [True, False])
def test_an_arm_that_stopped_itself_is_made_ready_only_by_a_technician(moving_first: bool):
    """It should name one fault whichever word comes first, and never clear the stop by itself."""
    bench = moving_arm()
    command_id = bench.state.robot.command_id
    if moving_first:
        bench.failed(command_id, "cobot", Outcome.UNKNOWN, "cobot.protective_stop")
        assert not bench.did(fx.ReadyRobot)
        note(bench, "cobot.protective_stop", True)
    else:
        note(bench, "cobot.protective_stop", True)
        assert len(bench.did(fx.StopRobot)) == 1
        bench.failed(command_id, "cobot", Outcome.UNKNOWN, "cobot.protective_stop")
    assert bench.codes() == ["robot.stopped"]
    assert "robot.stopped" in [effect.code for effect in bench.log if isinstance(effect, fx.CallPerson)]
    bench.acknowledge("robot.stopped", Role.VISITOR)
    assert bench.codes() == ["robot.stopped"] and not bench.did(fx.ReadyRobot)
    bench.acknowledge("robot.stopped", Role.TECHNICIAN)
    assert len(bench.did(fx.ReadyRobot)) == 1 and bench.codes() == ["robot.stopped"]
    bench.failed(bench.state.robot.ready_id, "cobot", Outcome.REFUSED, "cobot.protective_stop")
    assert bench.codes() == ["robot.stopped"] and bench.state.robot.service_word == "cobot.protective_stop"
    bench.acknowledge("robot.stopped", Role.TECHNICIAN)
    ready_id = bench.state.robot.ready_id
    note(bench, "cobot.protective_stop", False)
    bench.done(ready_id)
    assert bench.codes() == [] and bench.did(fx.MoveRobot) == []
    play(bench)


def test_a_stop_that_has_ended_by_itself_still_wants_a_technicians_word():
    """It should not need a command then."""
    bench = moving_arm()
    note(bench, "cobot.not_powered", True)
    note(bench, "cobot.not_powered", False)
    assert bench.codes() == ["robot.stopped"]
    bench.acknowledge("robot.stopped", Role.TECHNICIAN)
    assert bench.codes() == [] and not bench.did(fx.ReadyRobot)


def test_an_arm_that_stands_stopped_is_a_fault_of_the_visit_that_opens():
    """It should be told at the beginning, not when the arm is first needed."""
    bench = idle_bench()
    note(bench, "cobot.protective_stop", True)
    assert bench.codes() == []
    bench = bench_of(mirror(), bench)
    assert bench.codes() == ["robot.stopped"]


def test_a_pulled_cable_is_a_cable_even_when_the_motion_fails_first():
    """It should name the connection, not a technician's fault of the arm."""
    bench = moving_arm()
    bench.failed(bench.state.robot.command_id, "cobot", Outcome.UNKNOWN, "link.lost")
    assert bench.codes() == ["cobot.unplugged"]
    bench.disconnect("cobot")
    assert bench.codes() == ["cobot.unplugged"]
    bench.connect("cobot")
    bench.acknowledge("cobot.unplugged", Role.VISITOR)
    play(bench)


def test_a_technician_tries_a_gesture_slowly_after_it_was_told():
    """It should announce, move at ten percent, and stop for hands like any motion."""
    bench = idle_bench()
    ask(bench, TryGesture(gesture="hold"))
    assert "robot.moves" in [say.phrase for say in bench.did(fx.Say)] and not bench.did(fx.MoveRobot)
    assert lamp_of(bench.state) is Lamp.MOVES
    bench.timer("announce")
    assert [(e.gesture, e.at_most_percent) for e in bench.did(fx.MoveRobot)] == [("hold", 10)]
    bench.see("hands:cobot", PRESENT)
    assert len(bench.did(fx.StopRobot)) == 1 and bench.codes() == []


@pytest.mark.parametrize(
    ("zone", "level", "word"),
    [
        (PRESENT, "clear", "motion.people_near"),
        (ABSENT, "hold", "motion.people_near"),
        (UNKNOWN, "clear", "motion.people_unseen"),
        (ABSENT, "unknown", "motion.people_unseen"),
        (PRESENT, "unknown", "motion.people_near"),
    ],
)
@pytest.mark.parametrize("begun", ["asked", "announced", "moving"])
def test_a_technician_is_told_whether_somebody_is_near_or_nobody_can_say(
    begun: str, zone: FactValue, level: str, word: str
):
    """It should not send for a hand where a camera is what is missing, whenever the gesture is held."""
    bench = idle_bench()
    if begun != "asked":
        ask(bench, TryGesture(gesture="hold"))
    if begun == "moving":
        bench.timer("announce")
    bench.see("hands:cobot", zone)
    gap(bench, level)
    if begun == "asked":
        ask(bench, TryGesture(gesture="hold"))
    elif begun == "announced":
        bench.timer("announce")
    assert bench.state.robot.service_word == word and not bench.state.robot.moving


def test_a_jog_lasts_as_long_as_its_button():
    """It should move while held, stop when let go, and take the arm's own "interrupted" for no fault."""
    bench = idle_bench()
    ask(bench, JOG)
    jog = bench.did(fx.JogRobot)[0]
    assert (jog.frame, jog.axis, jog.direction, jog.speed_percent) == ("tool", 3, 1, 5)
    ask(bench, JOG)
    assert bench.did(fx.JogRobot) == [], "one motion at a time"
    ask(bench, LetGo())
    assert len(bench.did(fx.StopRobot)) == 1
    bench.failed(jog.command_id, "cobot", Outcome.UNKNOWN, "cobot.interrupted")
    assert bench.codes() == []
    ask(bench, JOG)
    assert len(bench.did(fx.JogRobot)) == 1
    bench.failed(bench.state.robot.command_id, "cobot", Outcome.UNKNOWN, "cobot.lease_expired")
    assert bench.codes() == [] and bench.state.robot.service_word == "cobot.lease_expired"


@pytest.mark.parametrize("speed", [50, 0, -3])
def test_a_jog_is_never_fast(speed: int):
    """It should stay within one and ten percent whatever is asked."""
    bench = idle_bench()
    ask(bench, Jog(frame=JogFrame.JOINT, axis=1, direction=-1, speed_percent=speed))
    assert 1 <= bench.did(fx.JogRobot)[0].speed_percent <= 10


@pytest.mark.parametrize(
    "wish", [TryGesture(gesture="hold"), JOG, GuideByHand(on=True), MakeReady(), SwitchOff(), Grip(open_percent=50)]
)
def test_only_a_technician_serves_the_arm_and_never_while_the_work_goes_on(wish: Ask):
    """It should do nothing for anybody else, nor in the middle of a step."""
    bench = idle_bench()
    assert ask(bench, wish, Role.QUALIFIED) == ask(bench, wish, Role.VISITOR) == ()
    bench = bench_of(mirror())
    assert ask(bench, wish) == ()
    assert screen_of(bench.procedure, bench.state).arm.refusal == "service.visit_runs"
    bench.disconnect("cobot")
    assert ask(bench, wish) == ()
    bench.feed(ev.PauseRequested(person="p"))
    bench.connect("cobot")
    bench.acknowledge("cobot.unplugged", Role.TECHNICIAN)
    assert ask(bench, wish) != ()


def test_a_tried_gesture_within_a_held_visit_counts_for_no_step():
    """It should leave the step where it was, and let the work take its own gesture up again."""
    bench = moving_arm()
    bench.see("hands:cobot", PRESENT)
    bench.see("hands:cobot", ABSENT)
    index = bench.state.progress("hold").gesture_index
    ask(bench, TryGesture(gesture="home"))
    bench.timer("announce")
    bench.done(bench.state.robot.command_id)
    assert bench.state.progress("hold").gesture_index == index
    bench.acknowledge("robot.hands", Role.VISITOR)
    bench.timer("announce")
    assert len(bench.did(fx.MoveRobot)) == 1
    play(bench)


def test_a_visit_that_opens_stops_what_a_technician_had_moving():
    """It should begin with an arm that stands still."""
    bench = idle_bench()
    ask(bench, JOG)
    bench_of(mirror(), bench)
    assert any(isinstance(effect, fx.StopRobot) for effect in bench.log) and not bench.state.robot.moving


def test_what_a_technician_asked_and_did_not_get_is_told():
    """It should keep the code for the console until the next wish."""
    bench = idle_bench()
    ask(bench, GuideByHand(on=True))
    assert bench.did(fx.FreeRobot)[0].on
    bench.failed(bench.state.robot.service_id, "cobot", Outcome.UNKNOWN, "cobot.no_answer")
    assert screen_of(bench.procedure, bench.state).arm.service_word == "cobot.no_answer"
    ask(bench, GuideByHand(on=False))
    assert screen_of(bench.procedure, bench.state).arm.service_word == ""


def test_guiding_by_hand_ends_even_while_something_moves():
    """It should stop the arm first; letting go is never refused."""
    bench = idle_bench()
    ask(bench, JOG)
    ask(bench, GuideByHand(on=False))
    assert [type(effect) for effect in bench.last] == [fx.StopRobot, fx.FreeRobot]


def test_the_lamp_follows_the_arm():
    """It should be amber from the announcement on, blue where it shows, red where it is held, green at the end."""
    bench = play(bench_of(mirror()), until="hold")
    assert lamp_of(bench.state) is Lamp.MOVES
    bench.timer("announce")
    assert lamp_of(bench.state) is Lamp.MOVES
    bench.see("hands:cobot", PRESENT)
    assert lamp_of(bench.state) is Lamp.HELD
    bench.see("hands:cobot", ABSENT)
    bench.acknowledge("robot.hands", Role.VISITOR)
    bench.gestures()
    assert lamp_of(bench.state) is Lamp.SHOWS
    play(bench)
    assert bench.state.phase is Phase.ENDED and lamp_of(bench.state) is Lamp.DONE


@pytest.mark.parametrize(
    "event",
    [
        ev.ServiceAsked(ask=JOG, person="Ken", role=Role.TECHNICIAN),
        ev.ServiceAsked(ask=LetGo(), person="Ken", role=Role.TECHNICIAN),
        ev.GestureTaught(gesture="hold", gestures_sha256="00", person="Ken"),
        ev.MotionPlanned(command_id="c", gesture="hold", clearance_mm=22.5, between="forearm and door", duration_s=2.0),
    ],
)
def test_the_journal_keeps_what_was_asked_of_the_arm(event: ev.Event):
    """It should read back as it was written, and change nothing by itself unless it is a wish."""
    plain = to_plain(event)
    assert from_plain(ev.Event, plain) == event and canonical(plain)


def test_how_high_things_are_brought_is_the_visitors_choice():
    """It should be kept for this visit and forgotten for the next."""
    bench = bench_of(mirror())
    bench.feed(ev.ReachChosen(reach=Reach.LOW))
    assert bench.state.reach is Reach.LOW
    bench.feed(ev.VisitAbandoned(person="p", reason="r"))
    assert bench_of(mirror(), bench).state.reach is Reach.MIDDLE


def test_an_arm_that_comes_back_without_power_wants_a_technician():
    """It should not take a restarted board for a word that whoever pressed its emergency stop is done."""
    bench = moving_arm()
    bench.disconnect("cobot")
    bench.feed(Connected(device="cobot", t_mono_s=bench.now_s, identity={"power": SWITCHED_ON}))
    assert bench.codes() == ["cobot.unplugged", "robot.stopped"]
    bench.acknowledge("cobot.unplugged", Role.VISITOR)
    assert bench.codes() == ["robot.stopped"]
    bench.acknowledge("robot.stopped", Role.TECHNICIAN)
    assert bench.codes() == []
    play(bench)


def test_an_arm_that_is_switched_on_before_the_first_visit_is_no_fault():
    """It should take the morning for what it is."""
    bench = CoreBench(mirror())
    bench.see("hands:cobot", ABSENT)
    bench.feed(Connected(device="cobot", t_mono_s=bench.now_s, identity={"power": SWITCHED_ON}))
    bench.connect("tool")
    assert bench_of(mirror(), bench).codes() == []
