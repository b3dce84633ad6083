"""The lone simulated controller as its page sees it: plain values out, button pushes in."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

from station.simulation.lone_tool import FAULT_WORDS, JOINT_WORDS, LoneTool


class ToolDesk:
    """A `station.web.simulator_page.SimulatorDesk`. `acted` is called after every push, so that its bytes go out."""

    def __init__(self, tool: LoneTool, now_s: Callable[[], float], acted: Callable[[], None]) -> None:
        self._tool = tool
        self._now_s = now_s
        self._acted = acted

    def state(self, after: int) -> Mapping[str, Any]:
        """What is shown, and the log's lines after this number."""
        return asdict(self._tool.look()) | {
            "log": [asdict(line) for line in self._tool.log(after)],
            "joints": JOINT_WORDS,
            "faults": FAULT_WORDS,
        }

    def curve(self) -> Mapping[str, Any] | None:
        """Samples, window and result of the last rundown; None before the first, and after the power was off."""
        curve, last = self._tool.curve(), self._tool.controller.status(last=1).last
        if curve is None or not last:
            return None
        measured = last[0].spindles[0]
        pset = measured.pset
        return asdict(curve) | {
            "window": {
                "torque_min_nm": pset.torque_min_nm,
                "torque_target_nm": pset.torque_target_nm,
                "torque_max_nm": pset.torque_max_nm,
                "angle_min_deg": pset.angle_min_deg,
                "angle_max_deg": pset.angle_max_deg,
            },
            "final": {"torque_nm": measured.torque_nm, "angle_deg": measured.angle_deg},
            "id": last[0].tightening_id,
        }

    def act(self, do: str, *, word: str, on: bool, inputs: tuple[int, ...]) -> None:
        """Push a button. Raises ValueError for a word or an input that there is not."""
        now_s = self._now_s()
        match do:
            case "trigger" | "loosen":
                self._tool.pull_trigger(now_s, loosening=do == "loosen")
            case "release":
                self._tool.controller.release_trigger(now_s)
            case "joint":
                self._tool.set_joint(word)
            case "fault":
                self._tool.fail(word)
            case "alarm":
                self._tool.set_alarm(on, now_s)
            case "inputs":
                self._tool.set_inputs(inputs, now_s)
            case _:
                raise ValueError(f"There is no button {do!r}.")
        self._acted()
