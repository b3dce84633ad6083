"""A simulated torque tool whose trigger is a key: it tightens a sound joint with whatever set the station selected.

Whether the tool stands on a joint is not its business: the station sees that with its cameras and enables the tool only
there, as on every bench. A key that is held for longer than the page says so is let go.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping

from drivers.torque_tool.open_protocol.joint_physics import ParameterSet, sound_joint
from drivers.torque_tool.open_protocol.simulator import OpenProtocolSimulator

LEASE_S = 0.8
"""A held key is held this long; the page says again that it is held every quarter of a second."""


class KeyTrigger:
    """`hold` and `let_go` from any thread; `turn` belongs to the thread that turns the simulated devices."""

    def __init__(
        self,
        tool: OpenProtocolSimulator,
        psets: Mapping[int, ParameterSet],
        now_s: Callable[[], float],
        *,
        lease_s: float = LEASE_S,
    ) -> None:
        self._tool = tool
        self._psets = psets
        self._now_s = now_s
        self._lease_s = lease_s
        self._lock = threading.Lock()
        self._until_s = float("-inf")
        self._pulled = False

    def hold(self) -> None:
        """The key is down."""
        with self._lock:
            self._until_s = self._now_s() + self._lease_s

    def let_go(self) -> None:
        """The key is up."""
        with self._lock:
            self._until_s = float("-inf")

    def turn(self, now_s: float) -> None:
        """Pull the trigger when the key has gone down, release it when it has come up."""
        with self._lock:
            held = now_s < self._until_s
        if held and not self._pulled:
            self._pulled = True
            pset = self._psets.get(self._tool.selected_pset)
            if pset is not None:
                self._tool.pull_trigger(sound_joint(pset), now_s)
        elif not held and self._pulled:
            self._pulled = False
            if self._tool.running:
                self._tool.release_trigger(now_s)
