"""Whatever a client says, in whatever order: the simulated controller neither breaks nor says what cannot be read."""

from __future__ import annotations

import random

from hypothesis import given, settings
from hypothesis import strategies as st
from op_client import PSETS

from drivers.torque_tool.open_protocol.carrier import make_carrier
from drivers.torque_tool.open_protocol.faulty_output import WORDS, Chunks
from drivers.torque_tool.open_protocol.framing import Carriage, Side
from drivers.torque_tool.open_protocol.joint_physics import JointKind, sound_joint
from drivers.torque_tool.open_protocol.lists import Job, JobStep
from drivers.torque_tool.open_protocol.profiles import PROFILES
from drivers.torque_tool.open_protocol.protocol import HeaderStyle, Message
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

JOBS = (
    Job(job=1, lock_at_done=1, steps=(JobStep(pset=4, batch_size=1), JobStep(pset=5, batch_size=2, auto_next=0))),
    Job(job=200, repeat=1, loosening=2, max_first_s=3, max_total_s=9, steps=(JobStep(pset=5, batch_size=1),)),
)
MIDS = sorted({mid for profile in PROFILES.values() for mid in profile.revisions} | {2, 4, 5, 61, 9997, 9998})
DATA = st.one_of(
    st.binary(max_size=40),
    st.sampled_from(
        [
            b"", b"004", b"005", b"00402", b"0040001", b"01", b"0200", b"0000000000", b"0000000001", b"VIN", b"008",
            b"0061", b"0060", b"00600003", b"2026-01-01:00:00:00", b"010001", b"0100010200", b"010102005",
            b"0900001380" + b" " * 29 + b"02001002", b"1201001310" + b" " * 29 + b"1", b"0901001000", b"003500200",
        ]
    ),
)  # fmt: skip
SAID = st.builds(
    Message,
    mid=st.sampled_from(MIDS),
    revision=st.one_of(st.integers(1, 11), st.sampled_from([998, 999])),
    no_ack=st.booleans(),
    sequence=st.integers(0, 4),
    data=DATA,
)
ACTS = st.one_of(
    SAID,
    st.binary(max_size=30),
    st.sampled_from([0.0, 0.3, 2.0, 6.0]),
    st.sampled_from(["pull", "loosen", "release", "inject", "again", "alarm", "end alarm", "inputs", "forget"]),
    st.sampled_from([f"fail {word}" for word in WORDS]),
)


def act(simulator: OpenProtocolSimulator, what: str, now_s: float, kind: JointKind) -> None:
    """Something that happens at the controller."""
    joint = sound_joint(PSETS[4], kind)
    if what in ("pull", "loosen"):
        simulator.pull_trigger(joint, now_s, loosening=what == "loosen")
    elif what == "release":
        simulator.release_trigger(now_s)
    elif what == "inject":
        simulator.inject_result(pset=4, torque_nm=9.0, angle_deg=50.0, now_s=now_s)
    elif what == "again":
        simulator.send_last_again(now_s)
    elif what == "alarm":
        simulator.raise_alarm("E404", "Transducer", now_s, tool_ready=False)
    elif what == "end alarm":
        simulator.end_alarm(now_s)
    elif what == "inputs":
        simulator.set_inputs((1, 8), now_s)
    elif what == "forget":
        simulator.forget_results(2)
    else:
        simulator.fail(what.removeprefix("fail "))


@settings(max_examples=300, deadline=None)
@given(
    profile=st.sampled_from(list(PROFILES.values())),
    carriage=st.sampled_from(list(Carriage)),
    style=st.sampled_from(list(HeaderStyle)),
    chunks=st.sampled_from(list(Chunks)),
    link_level=st.booleans(),
    spindles=st.sampled_from([1, 1, 3]),
    kind=st.sampled_from(list(JointKind)),
    acts=st.lists(ACTS, max_size=25),
)
def test_nothing_that_a_client_says_breaks_the_controller(
    profile: object,
    carriage: Carriage,
    style: HeaderStyle,
    chunks: Chunks,
    link_level: bool,
    spindles: int,
    kind: JointKind,
    acts: list[Message | bytes | float | str],
) -> None:
    """It should take every message, noise, fault and event, and send nothing but messages while it is sound."""
    simulator = OpenProtocolSimulator(
        PSETS,
        random.Random(1),
        carriage=carriage,
        profile=profile,  # type: ignore[arg-type]
        header_style=style,
        chunks=chunks,
        link_level=link_level,
        spindles=spindles,
        jobs=JOBS,
        archive=3,
    )
    client = make_carrier(carriage, Side.INTEGRATOR, style)
    # Steps of time are too coarse here for the 0.1 s between the characters of 3964R.
    now_s, sound = 0.0, carriage is not Carriage.SERIAL_3964R

    def carry(limit: int = 400) -> None:
        for _ in range(limit):
            back = simulator.take_output()
            client.received(back, now_s)
            out = client.take_output()
            simulator.received(out, now_s)
            if not back and not out:
                return

    client.send(Message(mid=1, revision=6), now_s)
    carry()
    for one in acts:
        if isinstance(one, Message):
            client.send(one, now_s)
        elif isinstance(one, bytes):
            simulator.received(one, now_s)
        elif isinstance(one, float):
            end_s = now_s + one
            while now_s < end_s:
                now_s = min(end_s, now_s + 0.1)
                client.advance(now_s)
                simulator.advance(now_s)
                carry()
        else:
            act(simulator, one, now_s, kind)
            sound = sound and not one.startswith("fail")
        carry()
        wake_s = simulator.next_wake_s()
        assert wake_s is None or wake_s >= 0.0
    assert not sound or client.discarded == 0
