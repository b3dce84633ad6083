"""A station's core between two visits with a torque tool on a test joint, for the page of its verification."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from support.corebench import CoreBench, rundown
from support.torquetool import UTC, check_of

from drivers.api import CommandDone, Connected, ReferenceRead
from station.core import effects as fx
from station.core import events as ev
from station.core.procedure import Procedure
from station.web.calibrate_torque_desk import TorqueWorkshop


@dataclass
class ToolAtTestJoint:
    """Somebody pulls the trigger; a tool that is what its `mean_nm`, `s_nm` and `tells_percent` say."""

    procedure: Procedure
    folder: Path
    now_s: Callable[[], float]
    typed: bool = True
    mean_nm: float = 9.0
    s_nm: float = 0.08
    tells_percent: float = 0.3
    serial: str = "T1"
    random: Random = field(default_factory=lambda: Random(5))
    lock: threading.RLock = field(default_factory=threading.RLock)
    put_in_force: int = 0

    def __post_init__(self) -> None:
        self.core = CoreBench(self.procedure)
        self.core.feed(Connected(device="tool", t_mono_s=0.0, identity={"tool_serial": self.serial}))
        self.workshop = TorqueWorkshop(
            procedure=self.procedure,
            check=check_of(readings=10, readings_class_a=10, hard=[f"{self.procedure.id}/J3"]),
            folder=self.folder,
            post=self.post,
            state=lambda: self.core.state,
            uses=lambda: 0,
            kept_anew=self.kept,
            utc=lambda: UTC,
            now_s=self.now_s,
            software="t",
            typed=self.typed,
        )
        self.enabled = ""

    def kept(self) -> None:
        self.put_in_force += 1

    def post(self, event: ev.Event) -> None:
        """Into the loop: decided at once, and the tool obeys."""
        with self.lock:
            for effect in self.core.feed(event):
                if isinstance(effect, fx.EnableTool):
                    self.enabled = effect.command_id
                    self.core.feed(CommandDone(device="tool", command_id=effect.command_id, t_mono_s=self.now_s()))
                elif isinstance(effect, fx.DisableTool):
                    self.enabled = ""

    def tighten(self) -> float:
        """A whole rundown; returns what really was in the joint, as the reference would show it."""
        with self.lock:
            assert self.enabled, "the trigger does nothing"
            true_nm = round(self.random.gauss(self.mean_nm, self.s_nm), 3)
            self.core.rundowns += 1
            told_nm = round(true_nm * (1.0 + self.tells_percent / 100.0), 2)
            pset = next(effect.pset for effect in reversed(self.core.log) if isinstance(effect, fx.EnableTool))
            result = rundown(self.core.rundowns, self.now_s(), torque_nm=told_nm, pset=pset, tool_serial=self.serial)
            self.core.feed(result)
            self.workshop.heard(result)
            return true_nm

    def read(self, value_nm: float) -> None:
        """The transducer sends its peak."""
        self.workshop.heard(
            ReferenceRead(device="reference", t_mono_s=self.now_s(), value_nm=value_nm, count=None, over=False, line="")
        )
