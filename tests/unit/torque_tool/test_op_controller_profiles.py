"""Controller families: which MIDs and revisions they speak, what they leave blank, how they treat a second client."""

from __future__ import annotations

from dataclasses import replace

import pytest
from op_client import Client, controller

from drivers.torque_tool.open_protocol.messages import read
from drivers.torque_tool.open_protocol.profiles import (
    GENERIC,
    MTF6000,
    PF4000,
    PF6000,
    PF6000_28,
    PROFILES,
    ControllerProfile,
)
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_every_mid_of_a_family_is_answered(profile: ControllerProfile) -> None:
    """It should know every MID of its family, in its highest revision and in none above."""
    silent = {16, 23, 36, 53, 62, 72, 75, 77, 92, 102, 153, 212, 1203}
    not_spoken = {12: (3, 4)}
    for mid, highest in profile.revisions.items():
        client = Client(controller(profile)).start()
        answers = client.ask(mid, revision=highest)
        if mid in silent:
            assert answers == []
            continue
        if answers[0].mid == 4 and highest not in not_spoken.get(mid, ()):
            assert read(answers[0])["error"] not in (97, 99), (mid, highest)
        [too_high, *_] = Client(controller(profile)).start().ask(mid, revision=highest + 1)
        assert (too_high.mid, read(too_high)["error"]) == (4, 97), mid


@pytest.mark.parametrize("profile", PROFILES.values(), ids=list(PROFILES))
def test_a_family_names_itself(profile: ControllerProfile) -> None:
    """It should say its system type, and leave blank what it is known to leave blank."""
    [answer] = Client(controller(profile)).ask(1, revision=6)
    values = read(answer)
    assert values["system_type"] == profile.system_type
    for name, value in values.items():
        assert (value is None) == (name in profile.blank), name


def test_a_release_2_8_power_focus_leaves_fields_of_results_blank() -> None:
    """It should send spaces for what it does not measure, and numbers for what it does."""
    client = Client(controller(PF6000_28)).start()
    client.accepts(60, revision=2)
    values = read(client.tighten(torque_nm=5.0)[0])
    assert (values["cell_id"], values["error_status"], values["strategy_options"]) == (None, None, None)
    assert (values["torque_nm"], values["tightening_status"]) == (5.0, 0)


def test_the_mt_focus_speaks_some_mids_in_one_revision_alone() -> None:
    """It should take 0001 in revision 6, 0030 in 2 and 0040 in 5, and refuse all others with 97."""
    for revision in range(1, 8):
        client = Client(controller(MTF6000))
        if revision == 6:
            client.start(6)
        else:
            assert client.refusal(1, revision=revision) == 97
    client = Client(controller(MTF6000)).start()
    assert client.ask(30, revision=2)[0].mid == 31
    assert client.refusal(30, revision=1) == 97
    assert client.ask(40, revision=5)[0].mid == 41
    assert client.refusal(40, revision=4) == 97


def test_the_mt_focus_ignores_acknowledgements() -> None:
    """It should say nothing to 0016, 0036, 0072, 0075, 0077, 0212 and 1203."""
    client = Client(controller(MTF6000)).start()
    for mid in (16, 36, 72, 75, 77, 212, 1203):
        assert client.tell(mid) == []


@pytest.mark.parametrize(("profile", "code"), [(GENERIC, 96), (PF4000, 96), (PF6000, 16), (MTF6000, 16)])
def test_a_second_client_is_refused_in_the_family_s_way(profile: ControllerProfile, code: int) -> None:
    """It should answer 0001 in a running session with 96 or 16, and take it when the first has stopped."""
    client = Client(controller(profile, refuse_second_start=True)).start()
    assert client.refusal(1, revision=6) == code
    client.accepts(3)
    client.start()


def test_some_controllers_close_after_a_refused_revision() -> None:
    """It should want to hang up after 97 to 0001, and not after another 97."""
    client = Client(controller(replace(PF4000, closes_after_97=True)))
    assert client.refusal(1, revision=7) == 97
    assert client.simulator.wants_hangup() == "revision 7 of 0001 was refused"
    client.start(6)
    assert client.refusal(60, revision=8) == 97
    assert client.simulator.wants_hangup() is None


def test_a_clock_that_may_not_be_set_is_not() -> None:
    """It should refuse 0082 and go on as before."""
    client = Client(controller(replace(GENERIC, clock_may_be_set=False))).start()
    assert client.refusal(82, b"2026-05-06:07:08:09") == 79
    assert client.ask(80)[0].data == b"2026-01-01:00:00:00"


@pytest.mark.parametrize(
    ("style", "head"),
    [
        (HeaderStyle.BLANK, b"00209999            "),
        (HeaderStyle.SPACES, b"00209999001         "),
        (HeaderStyle.DIGITS, b"00209999001001010000"),
        (HeaderStyle.MIXED, b"00209999001     0000"),
    ],
)
def test_headers_are_written_in_four_ways(style: HeaderStyle, head: bytes) -> None:
    """It should fill unused header fields with digits, with spaces, or with both in one header."""
    client = Client(controller(header_style=style)).start()
    client.simulator.received(b"00209999            \x00", client.now_s)
    assert client.simulator.take_output() == head + b"\x00"


@pytest.mark.parametrize("spindles", [1, 2, 10])
def test_tools_are_counted(spindles: int) -> None:
    """It should know as many tools as it has spindles, all of them by 9999, and four ways to lock."""
    client = Client(controller(spindles=spindles)).start()
    client.accepts(42, b"01" + f"{spindles:04d}".encode() + b"0203", revision=2)
    assert not client.simulator.enabled
    client.accepts(43, b"019999", revision=2)
    assert client.simulator.enabled
    assert client.refusal(43, b"01" + f"{spindles + 1:04d}".encode(), revision=2) == 29
    assert client.refusal(42, b"0100010204", revision=2) == 36


def test_unknown_mids_do_no_harm() -> None:
    """It should refuse every MID that it does not have with 99 and still be there."""
    client = Client(controller()).start()
    for mid in range(10_000):
        if mid not in GENERIC.revisions and mid not in (4, 5, 9997, 9998):
            [answer] = client.say(Message(mid=mid))
            assert (answer.mid, read(answer)["error"]) == (4, 99)
    assert client.ask(9999)[0].mid == 9999
