"""What can go wrong on the bench: parts, nuts, hands, arm, cameras, the program itself. Named, held, resumed."""

from pathlib import Path

import pytest
from support.corebench import ABSENT, PRESENT, UNKNOWN, CoreBench, bench_of, opened, play
from support.coreworld import ORDER, OTHER_ORDER, mirror

from drivers.api import Outcome
from station.core import effects as fx
from station.core import events as ev
from station.core.faults import FAULTS, ClearBy
from station.core.procedure import Role
from station.core.state import Phase, StepStatus
from vision.api import FactReading, LookReport


def moving_arm(step: str = "hold") -> CoreBench:
    """The arm has been announced and is on its way."""
    bench = play(bench_of(mirror()), until=step)
    bench.timer("announce")
    assert bench.state.robot.moving
    return bench


def test_another_variant_is_refused_until_it_lies_in_its_tray_again():
    """It should name the part that was taken, hold, ignore a hand over the tray, and go on when it is back."""
    bench = play(bench_of(mirror()), until="take")
    bench.see("part:mirror-blue@tray-blue", ABSENT)
    (fault,) = bench.state.faults
    assert (fault.code, fault.subject) == ("part.wrong", "mirror-blue")
    assert fault.words == {"part": "@part.mirror.blue", "wanted": "@part.mirror.red"}
    bench.see("part:mirror-blue@tray-blue", UNKNOWN)
    bench.acknowledge("part.wrong", Role.TECHNICIAN)
    assert bench.codes() == ["part.wrong"]
    bench.see("part:mirror-blue@tray-blue", PRESENT)
    assert bench.codes() == []
    assert [say.phrase for say in bench.did(fx.Say)] == ["step.take"], "the instruction is said again"
    play(bench)


def test_the_order_says_which_variant_is_right():
    """It should want the blue part of a visitor who has ordered blue."""
    bench = play(bench_of(mirror()), until="check-in")
    bench.show_pass(OTHER_ORDER)
    bench.see("part:mirror-red@tray-red", ABSENT)
    assert bench.codes() == ["part.wrong"]


def test_a_part_beside_its_place_is_named_once_the_hands_are_away():
    """It should not nag while the visitor still works, and go on when the part sits right."""
    bench = play(bench_of(mirror()), until="place")
    bench.see("hands:door", PRESENT)
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", ABSENT)
    assert bench.codes() == []
    bench.see("hands:door", ABSENT)
    assert [(f.code, f.subject) for f in bench.state.faults] == [("part.misplaced", "mirror-red")]
    bench.see("part:mirror-red@door", PRESENT)
    assert bench.codes() == []
    play(bench)


def test_a_part_that_is_gone_again_holds_until_it_is_back():
    """It should notice that a placed part is no longer there, and not take a hand before it for its return."""
    bench = play(bench_of(mirror()), until="nuts")
    bench.see("part:mirror-red~door", ABSENT)
    assert [(f.code, f.subject) for f in bench.state.faults] == [("part.moved", "mirror-red")]
    bench.see("part:mirror-red~door", UNKNOWN)
    assert bench.codes() == ["part.moved"]
    bench.see("part:mirror-red~door", PRESENT)
    assert bench.codes() == []
    play(bench)


def test_a_nut_that_is_gone_again_holds_until_it_is_seen():
    """It should take the tool away while a started nut is missing, and not take a hand over it for a nut."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.see("fastener:J2", ABSENT)
    assert [(f.code, f.subject) for f in bench.state.faults] == [("nut.missing", "J2")]
    assert bench.did(fx.DisableTool)
    bench.see("fastener:J2", UNKNOWN)
    assert bench.codes() == ["nut.missing"]
    bench.see("fastener:J2", PRESENT)
    assert bench.codes() == []
    assert [effect.joint for effect in bench.did(fx.EnableTool)] == ["J1"]


def test_a_forgotten_nut_is_named_when_the_hands_have_been_away_for_a_while():
    """It should wait some seconds after the last hand, name each nut that is missing, and go on when they are there."""
    bench = play(bench_of(mirror()), until="nuts")
    bench.see("fastener:J1", PRESENT)
    assert [timer.timer for timer in bench.did(fx.SetTimer)] == ["missing:nuts"]
    bench.see("hands:door", PRESENT)
    assert [timer.timer for timer in bench.did(fx.CancelTimer)] == ["missing:nuts"]
    bench.see("hands:door", ABSENT)
    bench.timer("missing:nuts", 4.0)
    assert [(f.code, f.subject) for f in bench.state.faults] == [("nut.missing", "J2"), ("nut.missing", "J3")]
    bench.see("hands:door", PRESENT)
    assert bench.codes() == ["nut.missing", "nut.missing"]
    bench.see("fastener:J2", PRESENT)
    bench.see("fastener:J3", PRESENT)
    bench.see("hands:door", ABSENT)
    assert bench.codes() == []
    play(bench)


def test_a_hand_in_the_arms_zone_stops_the_arm_in_the_same_turn():
    """It should stop at once, hold until the zone is clear and the visitor has said go on, and announce itself anew."""
    bench = moving_arm()
    bench.see("hands:cobot", PRESENT)
    assert len(bench.did(fx.StopRobot)) == 1
    assert bench.codes() == ["robot.hands"]
    bench.acknowledge("robot.hands", Role.TECHNICIAN)
    assert bench.codes() == ["robot.hands"], "the hand is still there"
    bench.see("hands:cobot", ABSENT)
    assert bench.codes() == ["robot.hands"] and bench.did(fx.MoveRobot) == []
    bench.acknowledge("robot.hands", Role.VISITOR)
    assert bench.codes() == [] and bench.did(fx.MoveRobot) == []
    assert "robot.moves" in [say.phrase for say in bench.did(fx.Say)]
    bench.timer("announce")
    assert len(bench.did(fx.MoveRobot)) == 1
    play(bench)


def test_a_zone_that_cannot_be_seen_counts_as_a_hand():
    """It should stop the arm when nobody can say that the zone is clear."""
    bench = moving_arm()
    bench.see("hands:cobot", UNKNOWN)
    assert bench.did(fx.StopRobot) and bench.codes() == ["robot.hands"]


def test_a_step_that_resumes_by_itself_announces_the_arm_again():
    """It should need no tap there, and still tell the visitor before it moves again."""
    bench = moving_arm("tighten-J2")
    bench.see("hands:cobot", PRESENT)
    assert bench.did(fx.StopRobot) and bench.codes() == []
    bench.see("hands:cobot", ABSENT)
    assert bench.did(fx.MoveRobot) == []
    bench.timer("announce")
    assert len(bench.did(fx.MoveRobot)) == 1


def test_an_arm_that_was_held_up_is_announced_again():
    """It should not move at once after a pause or a hand that came between announcement and motion."""
    bench = play(bench_of(mirror()), until="hold")
    assert bench.state.robot.announcing == "hold"
    bench.see("hands:cobot", PRESENT)
    bench.timer("announce")
    bench.see("hands:cobot", ABSENT)
    assert bench.did(fx.MoveRobot) == []
    bench.feed(ev.PauseRequested(person="p"))
    bench.timer("announce")
    bench.feed(ev.ResumeRequested(person="p"))
    assert bench.did(fx.MoveRobot) == []
    bench.timer("announce")
    assert len(bench.did(fx.MoveRobot)) == 1


@pytest.mark.parametrize("outcome", list(Outcome))
def test_a_motion_that_fails_calls_a_technician(outcome):
    """It should hold, refuse the visitor's word, and carry out the same gesture after the technician's."""
    bench = moving_arm()
    bench.failed(bench.state.robot.command_id, "cobot", outcome)
    assert bench.codes() == ["robot.failed"] and bench.did(fx.CallPerson)
    bench.acknowledge("robot.failed", Role.VISITOR)
    assert bench.codes() == ["robot.failed"]
    bench.acknowledge("robot.failed", Role.TECHNICIAN)
    bench.timer("announce")
    assert [move.gesture for move in bench.did(fx.MoveRobot)] == ["point-J1"]
    play(bench)


def test_an_arm_that_does_not_stop_is_no_secret():
    """It should name a stop that failed, keep it over the end of the visit, and still want a technician."""
    bench = moving_arm()
    bench.see("hands:cobot", PRESENT)
    (stop,) = bench.did(fx.StopRobot)
    bench.failed(stop.command_id, "cobot", Outcome.UNKNOWN)
    assert "robot.failed" in bench.codes()
    bench.feed(ev.VisitAbandoned(person="p", reason="r"))
    bench.feed(opened("V2"))
    assert bench.codes() == ["robot.failed"]
    bench.acknowledge("robot.failed", Role.TECHNICIAN)
    assert bench.codes() == []


def test_an_unplugged_arm_holds_until_it_is_back_and_somebody_says_so():
    """It should not clear by a word alone, nor by the plug alone."""
    bench = moving_arm()
    bench.disconnect("cobot")
    assert bench.codes() == ["cobot.unplugged"] and not bench.state.robot.moving
    bench.acknowledge("cobot.unplugged", Role.TECHNICIAN)
    assert bench.codes() == ["cobot.unplugged"]
    bench.connect("cobot")
    assert bench.codes() == ["cobot.unplugged"]
    bench.acknowledge("cobot.unplugged", Role.VISITOR)
    assert bench.codes() == []
    play(bench)


def test_a_visit_with_an_unplugged_arm_says_so_at_once():
    """It should name an arm that was gone before the visit began."""
    bench = CoreBench(mirror())
    bench.disconnect("cobot")
    assert bench.codes() == []
    bench.feed(opened())
    assert bench.codes() == ["cobot.unplugged"]


@pytest.mark.parametrize("code", [code for code in FAULTS if code.startswith("camera.")])
def test_a_bad_camera_holds_until_it_is_good(code):
    """It should name what is wrong with the camera, hold, and go on by itself."""
    bench = play(bench_of(mirror()), until="take")
    bench.camera(False, code)
    assert [(f.code, f.subject) for f in bench.state.faults] == [(code, "left")]
    assert bool(bench.did(fx.CallPerson)) is FAULTS[code].calls
    bench.see("part:mirror-red@tray-red", ABSENT)
    assert bench.state.looks == ()
    bench.camera(True)
    assert bench.codes() == []
    bench.answer_all()
    assert bench.status("take") is StepStatus.PASSED


def test_after_a_restart_everything_that_was_seen_is_doubted():
    """It should hold until a person has said go on and what was there before is seen again, by a look of its own."""
    bench = play(bench_of(mirror()), until="tighten-J2")
    confirmations = bench.state.confirmations
    bench.feed(ev.StationRestarted(reason="power"))
    assert bench.state.facts == {} and bench.state.looks == ()
    assert "restart.check" in bench.codes()
    assert bench.state.confirmations == confirmations
    bench.connect()
    for zone in ("door", "cobot"):
        bench.see(f"hands:{zone}", ABSENT)
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", PRESENT)
    for joint in ("J1", "J2"):
        bench.see(f"fastener:{joint}", PRESENT)
    bench.acknowledge("restart.resumed", Role.VISITOR)
    assert "restart.check" in bench.codes() and bench.state.looks == ()
    bench.see("fastener:J3", PRESENT)
    assert [look.purpose for look in bench.state.looks] == ["restart"]
    bench.answer({"fastener:J3": UNKNOWN})
    assert "restart.check" in bench.codes()
    bench.answer_all()
    assert "restart.check" not in bench.codes()
    play(bench)


def test_a_restart_between_result_and_look_leaves_the_result_to_a_technician():
    """It should not count a result whose look the restart has lost, and ask a technician about the tight joint."""
    bench = play(bench_of(mirror()), until="tighten-J1")
    bench.gestures()
    bench.answer_all()
    bench.arm("J1")
    bench.pull()
    look = bench.state.looks[0]
    bench.feed(ev.StationRestarted(reason="crash"))
    assert bench.state.tightenings[-1].verdict == "asked_back"
    assert "result.asked_back" in bench.codes()
    bench.feed(LookReport(look_id=look.look_id, readings=(), t_mono_s=bench.now_s))
    assert bench.state.progress("tighten-J1").evidence == ()


def test_a_pass_of_nobody_is_a_kind_notice():
    """It should say that the pass is not known, hold nothing, and take the right one afterwards."""
    bench = play(bench_of(mirror()), until="check-in")
    bench.show_pass(None)
    assert bench.codes() == ["pass.unknown"] and not bench.state.faults[0].holds
    bench.timer("notice:pass.unknown", 6.0)
    assert bench.codes() == []
    bench.see("code", ABSENT)
    bench.show_pass(ORDER)
    assert bench.status("check-in") is StepStatus.PASSED


def test_a_slow_step_calls_a_person_again_and_again():
    """It should call each time the step's time is over, hold nothing, and set its timer again."""
    bench = play(bench_of(mirror()), until="take")
    for _ in range(2):
        bench.timer("step:take", 120.0)
        assert bench.codes() == ["step.timeout"] and bench.did(fx.CallPerson)
        assert "step:take" in [timer.timer for timer in bench.did(fx.SetTimer)]
        bench.timer("notice:step.timeout", 6.0)
    assert bench.codes() == []
    bench.timer("step:welcome")
    assert bench.codes() == [], "a timer of a passed step says nothing"


def test_a_call_for_help_stays_until_somebody_has_come():
    """It should call a person once, hold nothing, and end when a person answers."""
    bench = play(bench_of(mirror()), until="take")
    bench.feed(ev.HelpRequested())
    assert bench.did(fx.CallPerson) and bench.state.help_called
    bench.feed(ev.HelpRequested())
    assert bench.did(fx.CallPerson) == []
    bench.feed(ev.HelpAnswered(person="p"))
    assert not bench.state.help_called and "help.called" not in bench.codes()
    play(bench)


def test_a_pause_holds_everything_until_it_is_over():
    """It should stop the arm, pass nothing, and go on afterwards."""
    bench = moving_arm()
    bench.feed(ev.PauseRequested(person="p"))
    assert bench.did(fx.StopRobot)
    bench.confirm("record", "confirm.proud")
    bench.feed(ev.ResumeRequested(person="p"))
    play(bench)


@pytest.mark.parametrize("until", ["place", "tighten-J1", "record"])
def test_an_abandoned_visit_stays_abandoned(until):
    """It should stop the arm, close once, and let nothing that comes later pass a step or finish the visit."""
    bench = play(bench_of(mirror()), until=until)
    bench.gestures(2)
    bench.see("part:mirror-red~door", PRESENT)
    bench.see("part:mirror-red@door", PRESENT)
    looks = bench.state.looks
    bench.feed(ev.VisitAbandoned(person="p", reason="left"))
    assert [effect.outcome for effect in bench.did(fx.CloseVisit)] == ["abandoned"]
    steps = bench.state.steps
    for look in looks:
        readings = tuple(
            FactReading(fact=fact, value=bench.truth[fact], t_mono_s=bench.now_s + 0.1) for fact in look.facts
        )
        bench.feed(LookReport(look_id=look.look_id, readings=readings, t_mono_s=bench.now_s + 0.1))
    bench.confirm("record", "confirm.proud")
    bench.timer(f"step:{until}")
    assert (bench.state.outcome, bench.state.phase, bench.state.steps) == ("abandoned", Phase.ENDED, steps)


def test_a_timer_of_a_notice_clears_no_fault():
    """It should not let a stray timer clear what a person must clear."""
    bench = moving_arm()
    bench.see("hands:cobot", PRESENT)
    bench.timer("notice:robot.hands")
    assert bench.codes() == ["robot.hands"]


def test_the_stories_know_every_code():
    """It should have a story, here or with the tool, for each code of the fault table that decide can raise."""
    here = Path(__file__).parent
    files = (
        "test_core_arm.py",
        "test_core_bench_faults.py",
        "test_core_tool_faults.py",
        "test_core_after_nok.py",
        "test_core_lost_line.py",
        "test_core_interlock.py",
        "test_cal_tool_lock.py",
        "test_core_units.py",
    )
    told = "".join((here / name).read_text() for name in files)
    untold = [code for code in FAULTS if f'"{code}"' not in told and not code.startswith("camera.")]
    assert untold == []
    assert {kind.clear_by for kind in FAULTS.values()} == set(ClearBy)
