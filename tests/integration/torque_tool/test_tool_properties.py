"""For any order of commands, losses and time: no enable outlives a disable, and no command is forgotten."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tool_rig import Rig

from drivers.api import AcknowledgeResult, ArmTool, DisarmTool
from drivers.torque_tool.open_protocol.framing import Carriage
from drivers.torque_tool.open_protocol.joint_physics import sound_joint
from drivers.torque_tool.open_protocol.protocol import Message

ACTIONS = ("arm", "disarm", "acknowledge", "trigger", "wait", "long wait", "lose next", "unplug", "settle")


@settings(max_examples=150, deadline=None)
@given(
    carriage=st.sampled_from(Carriage),
    actions=st.lists(st.sampled_from(ACTIONS), min_size=1, max_size=25),
)
def test_no_enable_outlives_a_disable_and_every_command_ends_once(carriage: Carriage, actions: list[str]) -> None:
    """It should hold after any story; bytes move only in `settle` and with time, so commands pile up in between."""
    rig = Rig(carriage).plug()
    lose = 0
    ids: list[str] = []

    def deaf(message: Message) -> bool:
        nonlocal lose
        lose, lost = max(0, lose - 1), lose > 0
        return lost

    rig.deaf_to = deaf
    armed_since_disarm = False
    for number, action in enumerate(actions):
        command_id = f"{action} {number}"
        if action == "arm":
            rig.tool.submit(ArmTool(command_id=command_id, pset=7), rig.now_s)
            ids.append(command_id)
            armed_since_disarm = True
        elif action == "disarm":
            rig.tool.submit(DisarmTool(command_id=command_id), rig.now_s)
            ids.append(command_id)
            armed_since_disarm = False
            rig.sent.clear()
        elif action == "acknowledge":
            tightening_id = rig.results[-1].tightening_id if rig.results else 1
            rig.tool.submit(AcknowledgeResult(command_id=command_id, tightening_id=tightening_id), rig.now_s)
            ids.append(command_id)
        elif action == "trigger":
            rig.simulator.pull_trigger(sound_joint(rig.simulator_pset), rig.now_s)
        elif action == "lose next":
            lose += 1
        elif action == "unplug":
            rig.unplug()
            rig.plug()
        elif action == "settle":
            rig.settle()
        else:
            rig.run(1.0 if action == "wait" else 13.0, step_s=0.25)
    rig.run(60.0, step_s=0.25)
    for command_id in ids:
        assert len(rig.ends_of(command_id)) == 1
    if not armed_since_disarm:
        mids = rig.mids_sent()
        if 42 in mids:
            assert 43 not in mids[mids.index(42) :]
        assert not rig.simulator.enabled
