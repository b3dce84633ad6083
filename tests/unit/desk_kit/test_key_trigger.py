"""The space bar as the trigger of the simulated tool."""

import random

from drivers.torque_tool.open_protocol.joint_physics import ParameterSet
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator
from station.simulation.key_trigger import LEASE_S, KeyTrigger

PSET = ParameterSet(
    pset=1,
    name="joint 1",
    torque_min_nm=8.1,
    torque_max_nm=9.9,
    torque_target_nm=9.0,
    angle_min_deg=20,
    angle_max_deg=110,
    angle_target_deg=65,
    snug_nm=1.8,
)


class Hands:
    """A clock, a tool and its key."""

    def __init__(self, *, enabled: bool = True) -> None:
        self.now = 0.0
        self.tool = OpenProtocolSimulator({1: PSET}, random.Random(1), enabled=enabled)
        self.key = KeyTrigger(self.tool, {1: PSET}, lambda: self.now)

    def run(self, seconds: float, *, again: bool = False) -> None:
        for _ in range(round(seconds / 0.01)):
            self.now += 0.01
            if again:
                self.key.hold()
            self.tool.advance(self.now)
            self.key.turn(self.now)

    @property
    def results(self) -> list[bool]:
        return [entry.ok for entry in self.tool.status(last=9).last]


def test_held_to_the_end_it_tightens_once() -> None:
    """It should tighten a sound joint one time, however long the key stays down."""
    hands = Hands()
    hands.run(5.0, again=True)
    assert hands.tool.status(last=9).tightenings == 1


def test_let_go_early_it_stops() -> None:
    """It should release the trigger at once."""
    hands = Hands()
    hands.key.hold()
    hands.run(0.1)
    assert hands.tool.running
    hands.key.let_go()
    hands.run(0.02)
    assert not hands.tool.running


def test_a_page_that_says_nothing_more_lets_go() -> None:
    """It should not stay pulled when no word comes that the key is still down."""
    hands = Hands()
    hands.key.hold()
    hands.run(0.05)
    assert hands.tool.running
    hands.now += LEASE_S
    hands.key.turn(hands.now)
    assert not hands.tool.running


def test_without_the_enable_nothing_turns() -> None:
    """It should not turn a tool that the station has not enabled, nor when the enable comes while the key is down."""
    hands = Hands(enabled=False)
    hands.run(1.0, again=True)
    assert not hands.tool.running and hands.tool.status(last=9).tightenings == 0
