"""Jobs of the simulated controller: it leads through its steps, counts, locks and tells."""

from __future__ import annotations

from dataclasses import replace

import pytest
from op_client import OTHER, PSETS, Client, controller

from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.lists import Job, JobStep, decode_job
from drivers.torque_tool.open_protocol.messages import LAYOUTS, read
from drivers.torque_tool.open_protocol.profiles import MTF6000, PF4000, PF6000, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message


def step(pset: int, batch_size: int, *, auto_next: int = 1, max_nok: int = 0) -> JobStep:
    return JobStep(
        channel=1, pset=pset, auto_next=auto_next, batch_size=batch_size, socket=0, step_name=f"Set {pset}",
        step_type=1, max_nok=max_nok,
    )  # fmt: skip


AXLE = Job(
    job=7, name="Axle", forced_order=1, max_first_s=0, max_total_s=0, batch_mode=0, lock_at_done=1, line_control=0,
    repeat=0, loosening=0, steps=(step(5, 2), step(4, 1)),
)  # fmt: skip


def working(job: Job = AXLE, *, revision: int = 4) -> Client:
    """A client that is told of results and of the job, without acknowledging, and has selected it."""
    client = Client(controller(jobs=[job])).start()
    client.accepts(60, no_ack=True)
    client.accepts(34, revision=revision, no_ack=True)
    [told] = client.accepts(38, b"07")
    assert (told.mid, read(told)["job_status"]) == (35, 0)
    return client


def job_info(messages: list[Message]) -> dict[str, Value]:
    [told] = [message for message in messages if message.mid == 35]
    return read(told)


def brief(messages: list[Message]) -> tuple[Value, ...]:
    values = job_info(messages)
    return tuple(values[name] for name in ("job_status", "job_batch_counter", "job_tightening_status", "current_step"))


def test_the_controller_leads_through_a_job_and_locks_at_its_end() -> None:
    """It should choose each step's set, count what is good, tell 0035 after each result and lock when all is done."""
    client = working()
    assert client.simulator.running_job == 7
    assert client.simulator.selected_pset == 5
    assert brief(client.tighten()) == (0, 1, 1, 1)
    assert brief(client.tighten(torque_nm=5.0)) == (0, 1, 2, 1)
    assert brief(client.tighten()) == (0, 2, 1, 1)
    assert client.simulator.selected_pset == 4
    messages = client.tighten()
    assert [message.mid for message in messages] == [61, 35]
    assert (read(messages[0])["job"], read(messages[0])["batch_status"]) == (7, 1)
    assert brief(messages) == (1, 3, 1, 2)
    assert client.simulator.running_job == 0
    assert not client.simulator.pull_trigger(sound_joint(OTHER), client.now_s)
    client.accepts(127)
    assert client.simulator.pull_trigger(sound_joint(OTHER), client.now_s)


@pytest.mark.parametrize("revision", [1, 2, 3, 4, 5])
def test_job_info_comes_in_the_revision_subscribed_to(revision: int) -> None:
    """It should write all fields of each revision of 0035."""
    client = working(revision=revision)
    client.ask(150, b"VIN9")
    [told] = [message for message in client.tighten() if message.mid == 35]
    assert (told.revision, len(told.data)) == (revision, LAYOUTS[35, revision].size)
    values = read(told)
    assert (values["job"], values["job_batch_size"], values["job_batch_counter"]) == (7, 3, 1)
    assert values.get("steps", 2) == 2
    assert values.get("vin", "VIN9") == "VIN9"
    assert values.get("job_sequence_number", 1) == 1


@pytest.mark.parametrize("revision", [1, 2, 3, 4, 5])
def test_a_job_is_told_in_every_revision(revision: int) -> None:
    """It should list its jobs in both widths and tell each in five revisions."""
    client = Client(controller(jobs=[AXLE])).start()
    assert client.ask(30)[0].data == b"0107"
    assert client.ask(30, revision=2)[0].data == b"00010007"
    request = b"07" if revision == 1 else b"0007"
    [answer] = client.ask(32, request, revision=revision)
    assert (answer.mid, answer.revision) == (33, revision)
    job = decode_job(answer.data, revision)
    assert (job.job, job.name, [(s.pset, s.batch_size) for s in job.steps]) == (7, "Axle", [(5, 2), (4, 1)])
    assert client.refusal(32, request.replace(b"7", b"8"), revision=revision) == 17


@pytest.mark.parametrize(("profile", "code"), [(PF4000, 17), (PF6000, 20), (MTF6000, 17)])
def test_an_unknown_job_is_refused_in_the_family_s_way(profile: ControllerProfile, code: int) -> None:
    """It should say that there is no such job, or that it cannot be set."""
    assert Client(controller(profile)).start().refusal(38, b"01") == code


def test_a_job_with_a_set_that_is_gone_cannot_be_selected() -> None:
    """It should refuse a job whose parameter sets do not all exist, and one without steps."""
    client = Client(controller(jobs=[replace(AXLE, steps=(step(9, 1),)), replace(AXLE, job=8, steps=())])).start()
    assert client.refusal(38, b"07") == 20
    assert client.refusal(38, b"08") == 20


def test_in_forced_order_no_other_set_can_be_selected() -> None:
    """It should refuse 0018 for a later step, and take it where the order is free."""
    client = working()
    assert client.refusal(18, b"004") == 3
    assert client.refusal(18, b"009") == 2
    client.accepts(18, b"005")
    free = working(replace(AXLE, forced_order=0))
    free.accepts(18, b"004")
    assert brief(free.tighten()) == (0, 1, 1, 2)
    assert free.simulator.selected_pset == 5
    assert free.refusal(18, b"004") == 3


def test_without_automatic_change_somebody_selects_the_next_set() -> None:
    """It should lock after a step until its next set is selected by 0018."""
    client = working(replace(AXLE, steps=(step(5, 1, auto_next=0), step(4, 1))))
    client.tighten()
    assert not client.simulator.enabled
    client.accepts(18, b"004")
    assert client.simulator.enabled
    assert brief(client.tighten()) == (1, 2, 1, 2)


def test_a_mode_that_counts_all_ends_not_ok() -> None:
    """It should count a bad tightening too, and end the job not OK."""
    client = working(replace(AXLE, batch_mode=1))
    client.tighten(torque_nm=5.0)
    client.tighten()
    assert brief(client.tighten()) == (2, 3, 1, 2)


def test_too_many_bad_ones_in_a_row_end_the_job() -> None:
    """It should stop the job and lock the tool after so many not OK tightenings of one step."""
    client = working(replace(AXLE, steps=(step(5, 2, max_nok=2),)))
    client.tighten(torque_nm=5.0)
    client.tighten()
    client.tighten(torque_nm=5.0)
    assert brief(client.tighten(torque_nm=5.0)) == (2, 1, 2, 1)
    assert not client.simulator.enabled


def test_a_job_can_be_restarted_while_it_runs() -> None:
    """It should begin again, and refuse to restart what does not run, unless the family takes everything."""
    client = working()
    client.tighten()
    assert brief(client.accepts(39, b"07")) == (0, 0, 0, 1)
    assert client.refusal(39, b"08") == 21
    Client(controller(PF6000)).start().accepts(39, b"08")


def test_a_repeated_job_begins_again_by_itself() -> None:
    """It should tell the end and the new beginning."""
    client = working(replace(AXLE, lock_at_done=0, repeat=1, steps=(step(5, 1),)))
    told = [read(message) for message in client.tighten() if message.mid == 35]
    assert [(values["job_status"], values["job_batch_counter"]) for values in told] == [(1, 1), (0, 0)]
    assert client.simulator.running_job == 7


@pytest.mark.parametrize(("revision", "status"), [(2, 2), (4, 3)])
def test_an_aborted_job_is_told(revision: int, status: int) -> None:
    """It should tell "aborted" from revision 4 on, and "not OK" before."""
    client = working(revision=revision)
    assert job_info(client.accepts(127))["job_status"] == status
    assert client.accepts(127) == []
    assert client.simulator.enabled


def test_a_job_whose_time_is_up_is_aborted_and_locks() -> None:
    """It should watch the time to the first tightening and that of the whole job."""
    client = working(replace(AXLE, max_first_s=5, max_total_s=20))
    assert client.wait(4.5) == []
    client.tighten()
    client.ask(9999)
    assert client.wait(10.0) == []
    client.ask(9999)
    assert brief(client.wait(6.0)) == (3, 1, 3, 1)
    assert not client.simulator.enabled
    first = working(replace(AXLE, max_first_s=5))
    assert brief(first.wait(5.0)) == (3, 0, 3, 1)


def test_a_batch_is_counted_on_and_back_without_a_tightening() -> None:
    """It should move the counter by 0128 and 0129, and refuse to go back behind the beginning."""
    client = working()
    assert brief(client.accepts(128)) == (0, 1, 4, 1)
    assert brief(client.accepts(129)) == (0, 0, 5, 1)
    assert client.accepts(129) == []
    assert client.refusal(129, b"01010205", revision=2) == 1
    assert client.refusal(129, b"010102005", revision=2) == 23
    client.accepts(128)
    assert brief(client.accepts(129, b"010102005", revision=2)) == (0, 0, 5, 1)
    client.accepts(128)
    assert brief(client.accepts(128)) == (0, 2, 4, 1)
    assert client.simulator.selected_pset == 4
    assert brief(client.accepts(129)) == (0, 1, 5, 1)
    assert client.simulator.selected_pset == 5


def test_a_loosening_counts_nothing_and_a_job_may_forbid_it() -> None:
    """It should tell a loosening with its own status, and not turn back where the job says no."""
    client = working()
    assert client.simulator.pull_trigger(sound_joint(PSETS[5]), client.now_s, loosening=True)
    messages = client.wait(4.0)
    assert brief(messages) == (0, 0, 8, 1)
    never = working(replace(AXLE, loosening=1))
    assert not never.simulator.pull_trigger(sound_joint(PSETS[5]), never.now_s, loosening=True)
    bad_only = working(replace(AXLE, loosening=2))
    assert not bad_only.simulator.pull_trigger(sound_joint(PSETS[5]), bad_only.now_s, loosening=True)
    bad_only.tighten(torque_nm=5.0)
    assert bad_only.simulator.pull_trigger(sound_joint(PSETS[5]), bad_only.now_s, loosening=True)


def test_families_count_a_job_differently() -> None:
    """It should count the whole job on a Power Focus 4000, without steps, and the running batch on a 6000."""
    for profile, counted in ((PF4000, (3, 0)), (PF6000, (2, 1))):
        client = Client(controller(profile, jobs=[AXLE])).start()
        client.accepts(34, revision=3, no_ack=True)
        values = job_info(client.accepts(38, b"07"))
        assert (values["job_batch_size"], values["current_step"]) == counted


def test_the_mt_focus_tells_a_job_at_once_and_deselects_it_with_zero() -> None:
    """It should push 0035 behind the answer to 0008, and end the job with 0038 and 0."""
    client = Client(controller(MTF6000, jobs=[AXLE])).start()
    answers = client.ask(8, b"003500200")
    assert [(answer.mid, answer.data[:4]) for answer in answers] == [(5, b"0008"), (35, b"0100")]
    client.accepts(38, b"07")
    assert client.simulator.running_job == 7
    client.accepts(38, b"00")
    assert client.simulator.running_job == 0


@pytest.mark.parametrize(("revision", "number"), [(1, None), (2, 200), (999, None)])
def test_a_job_that_has_three_digits_is_left_out_where_two_fit(revision: int, number: int | None) -> None:
    """It should leave the field blank instead of sending another job's number."""
    client = Client(controller(jobs=[replace(AXLE, job=200)])).start()
    client.accepts(60, revision=revision, no_ack=True)
    client.accepts(34, no_ack=True)
    assert client.ask(30)[0].data == b"00"
    assert client.ask(30, revision=2)[0].data == b"00010200"
    assert job_info(client.accepts(38, b"0200", revision=2))["job"] is None
    assert read(client.tighten()[0])["job"] == number
