"""Arming, disarming, identifying: what goes out, what does not, and what a controller's contradictions do."""

from __future__ import annotations

import pytest
from scripted import Scripted, accepted, of, refused, silent

from drivers.api import (
    ArmTool,
    CommandDone,
    CommandError,
    CommandFailed,
    DeviceHealth,
    DisarmTool,
    IdentifyWork,
    Outcome,
)
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, PF6000, PF6000_28, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message


def connected(profile: ControllerProfile = GENERIC) -> Scripted:
    rig = Scripted(OpenProtocolTool(carriage="tcp", profile=profile)).plug()
    rig.sent.clear()
    return rig


def steps(rig: Scripted) -> list[tuple[int, int, bytes]]:
    return [(message.mid, message.revision, message.data) for message in rig.sent]


def arm(rig: Scripted, command_id: str = "arm", pset: int = 7, **more: int) -> CommandDone | CommandFailed | None:
    rig.submit(ArmTool(command_id=command_id, pset=pset, **more))
    return rig.end_of(command_id)


def selected(pset: int) -> Message:
    return of(15, pset=pset, last_change="2026-01-01:00:00:00")


def job_info(job: int) -> Message:
    return of(35, job=job, job_status=0, job_batch_mode=0, job_batch_size=2, job_batch_counter=0)


def test_a_parameter_set_with_a_batch() -> None:
    """It should select, set the batch and enable, each after the 0005 to the one before."""
    rig = connected()
    assert isinstance(arm(rig, batch_size=3), CommandDone)
    assert steps(rig) == [(18, 1, b"007"), (19, 1, b"00703"), (43, 1, b"")]


def test_a_large_batch_or_job_takes_the_revision_that_carries_it() -> None:
    """It should use four digits only where two do not do."""
    rig = connected()
    arm(rig, batch_size=100)
    arm(rig, "job", job=99)
    arm(rig, "large job", job=100)
    assert steps(rig) == [
        (18, 1, b"007"), (19, 2, b"0070100"), (43, 1, b""), (38, 1, b"99"), (43, 1, b""), (38, 2, b"0100"),
        (43, 1, b""),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("profile", "numbers", "why"),
    [
        (GENERIC, {"pset": 0}, "1 to 999"),
        (GENERIC, {"pset": 7, "batch_size": 0}, "1 to 9999"),
        (GENERIC, {"pset": 7, "job": 10000}, "1 to 9999"),
        (GENERIC, {"pset": 7, "job": 1, "batch_size": 2}, "own batches"),
        (PF6000, {"pset": 7, "batch_size": 100}, "1 to 99"),
    ],
)
def test_numbers_that_no_message_carries_are_not_taken(
    profile: ControllerProfile, numbers: dict[str, int], why: str
) -> None:
    """It should raise before anything is sent."""
    rig = connected(profile)
    with pytest.raises(CommandError, match=why):
        rig.submit(ArmTool(command_id="arm", **numbers))  # type: ignore[arg-type]
    assert rig.sent == []


@pytest.mark.parametrize("refusing", [18, 19, 43])
def test_a_refusal_at_any_step_ends_the_sequence(refusing: int) -> None:
    """It should go no further and pass the controller's reason on."""
    rig = connected()
    rig.answers[refusing] = refused(25)
    end = arm(rig, batch_size=3)
    assert isinstance(end, CommandFailed)
    assert (end.outcome, end.code) == (Outcome.REFUSED, "tool.refused.25")
    assert rig.mids()[-1] == refusing


def test_a_refusal_while_an_older_arming_is_in_force_switches_the_tool_off() -> None:
    """It should not leave the tool live on a parameter set that nobody wants any more."""
    rig = connected()
    arm(rig)
    rig.answers[18] = refused(2)
    assert isinstance(arm(rig, "other", pset=8), CommandFailed)
    assert rig.mids(18, 43, 42) == [18, 43, 18, 42]


def test_a_refused_acknowledgement_says_nothing_about_the_tool() -> None:
    """It should note it and arm all the same."""
    rig = connected()
    rig.answers[16] = refused(99)
    rig.answers[18] = lambda message: [*accepted(message), selected(7)]
    assert isinstance(arm(rig), CommandDone)
    assert "tool.refused.99" in [event.code for event in rig.seen(DeviceHealth)]


def test_another_parameter_set_than_the_accepted_one_fails_the_arming() -> None:
    """It should not enable, or disable at once, when 0015 contradicts the 0005."""
    rig = connected()
    rig.answers[18] = lambda message: [*accepted(message), selected(8)]
    end = arm(rig)
    assert isinstance(end, CommandFailed)
    assert (end.outcome, end.code) == (Outcome.UNKNOWN, "tool.other_selected")
    assert "parameter set 8" in end.detail
    assert rig.mids(43, 42) in ([42], [43, 42])


def test_a_selection_at_the_controller_switches_an_armed_tool_off_and_says_so() -> None:
    """It should disable within the same turn, whoever selected it, for jobs too."""
    rig = connected()
    arm(rig)
    rig.say(selected(7))
    assert rig.mids(42) == []
    rig.say(selected(8))
    assert rig.mids(42) == [42]
    assert "tool.other_selected" in [event.code for event in rig.seen(DeviceHealth)]
    rig.say(selected(8))
    assert rig.mids(42) == [42]
    arm(rig, "job", job=3)
    rig.say(job_info(3), selected(5), job_info(0))
    assert rig.mids(42) == [42]
    rig.say(job_info(4))
    assert rig.mids(42) == [42, 42]


def test_what_was_selected_before_is_no_contradiction() -> None:
    """It should not look at a 0015 that comes before the controller has accepted the selection."""
    rig = connected()
    rig.answers[18] = lambda message: [selected(3), *accepted(message), selected(7)]
    assert isinstance(arm(rig), CommandDone)
    assert rig.mids(42) == []


def test_the_work_is_told_once_now_and_again_on_every_connection() -> None:
    """It should say what is being worked on before anything is armed."""
    rig = connected()
    rig.submit(IdentifyWork(command_id="work", identifier="UNIT-0001"))
    assert isinstance(rig.end_of("work"), CommandDone)
    assert steps(rig) == [(50, 1, b"UNIT-0001")]
    rig.unplug()
    rig.sent.clear()
    rig.plug()
    arm(rig)
    assert rig.mids(50, 18) == [50, 18]


def test_the_work_is_told_in_the_words_of_the_family() -> None:
    """It should use 0150 where the profile says so."""
    rig = connected(MTF6000)
    rig.submit(IdentifyWork(command_id="work", identifier="UNIT-0001"))
    assert steps(rig) == [(150, 1, b"UNIT-0001")]


def test_identifiers_wait_for_each_other_and_the_last_one_is_kept() -> None:
    """It should tell each once in the order of the commands."""
    rig = connected()
    for name in ("first", "second"):
        rig.tool.submit(IdentifyWork(command_id=name, identifier=name), 0.0)
    rig.settle()
    assert [message.data for message in rig.sent] == [b"first", b"second"]
    rig.unplug()
    rig.plug()
    assert rig.sent[-1].data == b"second" or b"second" in [message.data for message in rig.sent[3:]]


def test_an_identifier_in_doubt_is_told_again() -> None:
    """It should report UNKNOWN when the line goes before the answer, and tell it on the next connection."""
    rig = connected()
    rig.answers[50] = silent
    rig.submit(IdentifyWork(command_id="work", identifier="UNIT-0001"))
    rig.tool.submit(IdentifyWork(command_id="next", identifier="UNIT-0002"), 0.0)
    rig.unplug()
    first, second = rig.end_of("work"), rig.end_of("next")
    assert isinstance(first, CommandFailed) and first.outcome is Outcome.UNKNOWN
    assert isinstance(second, CommandFailed) and second.outcome is Outcome.REFUSED
    rig.answers[50] = accepted
    rig.sent.clear()
    rig.plug()
    assert [message.data for message in rig.sent if message.mid == 50] == [b"UNIT-0001"]


def test_a_refused_identifier_is_not_told_again() -> None:
    """It should fail the command; a refusal on a later connection is a note."""
    rig = connected()
    rig.answers[50] = refused(8)
    rig.submit(IdentifyWork(command_id="work", identifier="UNIT-0001"))
    end = rig.end_of("work")
    assert isinstance(end, CommandFailed) and end.code == "tool.refused.08"
    rig.answers[50] = accepted
    rig.submit(IdentifyWork(command_id="again", identifier="UNIT-0001"))
    rig.answers[50] = refused(8)
    rig.unplug()
    rig.plug()
    assert "tool.refused.08" in [event.code for event in rig.seen(DeviceHealth)]
    with pytest.raises(CommandError, match="25"):
        rig.submit(IdentifyWork(command_id="long", identifier="X" * 26))


def test_an_identifier_that_a_disable_overtakes_is_told_after_it() -> None:
    """It should not be forgotten, and the disable not wait."""
    rig = connected()
    rig.answers[50] = silent
    rig.submit(IdentifyWork(command_id="work", identifier="UNIT-0001"))
    rig.answers[50] = accepted
    rig.submit(DisarmTool(command_id="off"))
    assert rig.mids() == [50, 42, 50]
    assert isinstance(rig.end_of("work"), CommandDone)


def test_a_job_is_selected_again_unless_the_controller_says_that_it_is_under_way() -> None:
    """It should not take a job for under way where nobody tells its end: the tool would stay locked for ever."""
    for tells, selections in ((True, 1), (False, 2)):
        rig = connected()
        for name in ("first", "second"):
            arm(rig, name, job=3)
            if tells:
                rig.say(job_info(3))
            rig.submit(DisarmTool(command_id=f"off {name}"))
        assert rig.mids(38) == [38] * selections


def test_a_family_without_a_message_for_it_says_so() -> None:
    """It should name the profile that lacks it."""
    profile = PF6000_28
    assert 38 in profile.revisions
    rig = connected(ControllerProfile(name="small", title="Small controller", system_type=0,
                                      revisions={1: 1, 18: 1, 42: 1, 43: 1, 60: 1}, subscribed={}))  # fmt: skip
    with pytest.raises(CommandError, match="Small controller has no MID 0038"):
        rig.submit(ArmTool(command_id="arm", pset=7, job=1))
