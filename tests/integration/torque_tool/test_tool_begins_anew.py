"""What belonged to the old connection does not reach into the new one; and a disable that nothing holds up."""

from __future__ import annotations

from scripted import of, refused, result, silent
from test_tool_results import Numbered, acknowledge, archive, bench, losses, notes

from drivers.api import ArmTool, Connected, DisarmTool, TighteningResult
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.protocol import Message

WIDER = {"torque_min_nm": 7.0, "torque_max_nm": 9.9, "torque_target_nm": 9.0, "angle_min_deg": 20, "angle_max_deg": 80}


def test_asking_back_begins_anew_where_the_line_was_cut() -> None:
    """It should forget a result that waited for its limits, and ask for it and its limits again."""
    rig = bench(10, {64: archive(11, 12), 12: silent}).plug()
    rig.unplug()
    rig.answers[12] = bench(10).answers[12]
    rig.sent.clear()
    rig.plug()
    assert (rig.ids(), losses(rig), rig.mids(12)) == ([11, 12], [], [12])


def test_what_was_to_be_read_again_is_asked_for_like_all_else_after_a_cut() -> None:
    """It should not take the first answer of the new connection for the second one of the old."""
    rig = bench(10, {64: archive(11, 12)})
    sound = rig.answers[12]
    rig.answers[12] = lambda _: [of(13, pset=8)]
    asked = archive(11, 12)
    rig.answers[64] = lambda message: asked(message) if len(rig.mids(12)) == 0 else []
    rig.plug()
    rig.unplug()
    rig.answers |= {12: sound, 64: asked}
    rig.plug()
    assert (rig.ids(), losses(rig)) == ([11, 12], [])


def test_a_result_that_was_held_for_its_place_is_not_delivered_on_the_next_connection() -> None:
    """It should come from the archive then, in its order, and once."""
    rig = bench(10, {64: silent}).plug()
    rig.say(result(12))
    rig.unplug()
    rig.answers[64] = archive(11, 12)
    rig.plug()
    assert rig.ids() == [11, 12]


def test_a_push_before_the_handshake_is_over_waits_for_it() -> None:
    """It should be delivered with the name of the controller that is there now."""
    rig = bench(10, {64: archive(10)}).plug()
    rig.unplug()
    rig.answers[40] = silent
    rig.plug()
    rig.say(result(11))
    assert rig.ids() == []
    rig.say(of(41, tool_serial="T1", controller_serial="C1"))
    assert rig.ids() == [11]


def test_a_late_copy_of_the_old_connection_releases_nothing_on_the_new_one() -> None:
    """It should not acknowledge what was pushed before the line was cut: 0062 would mean another result."""
    rig = bench(10, {64: archive(10)}).plug()
    rig.say(result(11))
    rig.unplug()
    rig.plug()
    acknowledge(rig, 11)
    assert rig.mids(62) == []


def test_a_job_is_selected_again_on_a_new_connection() -> None:
    """It should not trust that the controller still has the job which it had before the line was cut."""
    rig = bench(10).plug()
    rig.submit(ArmTool(command_id="one", pset=7, job=3))
    rig.say(of(35, job=3, job_status=0, job_batch_mode=0, job_batch_size=2, job_batch_counter=0))
    rig.submit(ArmTool(command_id="two", pset=7, job=3))
    assert rig.mids(38) == [38]
    rig.unplug()
    rig.plug()
    rig.submit(ArmTool(command_id="three", pset=7, job=3))
    assert rig.mids(38) == [38, 38]


def told(job: int, status: int) -> Message:
    """0035: this job, at which status 0 is under way."""
    return of(35, job=job, job_status=status, job_batch_mode=0, job_batch_size=2, job_batch_counter=0)


def test_a_job_that_is_over_or_left_is_selected_again() -> None:
    """It should begin it anew when the controller says that it is done, or that another one is under way."""
    for news in (told(3, 1), told(4, 0)):
        rig = bench(10).plug()
        rig.submit(ArmTool(command_id="one", pset=7, job=3))
        rig.say(told(3, 0))
        rig.submit(DisarmTool(command_id="off"))
        rig.say(news)
        rig.submit(ArmTool(command_id="two", pset=7, job=3))
        assert rig.mids(38) == [38, 38]


def test_what_was_armed_before_the_cut_contradicts_nothing_after_it() -> None:
    """It should let the controller have any parameter set selected: nothing is enabled on the new connection."""
    rig = bench(10).plug()
    rig.submit(ArmTool(command_id="arm", pset=7))
    rig.unplug()
    rig.plug()
    rig.sent.clear()
    rig.say(of(15, pset=12, last_change="2026-01-01:00:00:00"))
    assert "tool.other_selected" not in notes(rig)
    assert rig.mids(42) == []


def test_limits_are_asked_for_anew_on_each_connection() -> None:
    """It should not judge by a parameter set as it was before the line was cut: somebody may have changed it."""
    rig = bench(10, {64: archive(11)}).plug()
    rig.unplug()
    rig.answers |= {64: archive(11, 12), 12: lambda _: [of(13, pset=7, **WIDER)]}
    rig.plug()
    windows = [(event.tightening_id, event.torque_min_nm) for event in rig.seen(TighteningResult)]
    assert windows == [(11, 8.1), (11, 7.0), (12, 7.0)]


def test_a_subscription_that_the_old_session_left_behind_is_as_good() -> None:
    """It should be connected and take results when the controller says that it reports already."""
    rig = bench(None, {60: refused(9)}).plug()
    rig.say(result(1))
    assert (len(rig.seen(Connected)), rig.tool.wants_hangup(), rig.ids()) == (1, None, [1])


def test_on_the_link_level_a_disable_does_not_wait_behind_a_keep_alive() -> None:
    """It should go out at once although the controller has not acknowledged the message before it."""
    rig = Numbered(OpenProtocolTool(carriage="tcp")).plug()
    rig.answers[9999] = silent
    rig.run(10.5)
    assert rig.mids()[-1] == 9999
    rig.answers[42] = silent
    rig.submit(DisarmTool(command_id="off"))
    assert rig.mids()[-1] == 42
