"""A technician verifies the tool on a test joint: it runs between visits, and what it tightens is no result of a visit.

The permission ends with the series, with the next visit, with the line, and by itself when nothing is tightened, or
when nobody looks at what is.
"""

from __future__ import annotations

from station.core import effects as fx
from station.core.service_asks import EndVerifying, KeepVerifying, VerifyTool
from station.core.state import Phase
from station.core.turn import Turn

IDLE_S = 180.0
"""So long after the last rundown that somebody has seen the permission ends. Rundowns alone make it no longer."""
TIMER = "verify"


def take_verify_ask(turn: Turn, ask: VerifyTool | KeepVerifying | EndVerifying) -> None:
    """Enable the tool for a series, let that last, or take it away. Never in a visit, and one series at a time."""
    if isinstance(ask, EndVerifying):
        end_verifying(turn)
        return
    if isinstance(ask, KeepVerifying):
        if turn.state.tool.verifying == ask.series:
            turn.do(fx.SetTimer(timer=TIMER, after_s=IDLE_S))
        return
    state = turn.state
    if state.phase is Phase.RUNNING or state.devices.get("tool") is not True or state.tool.verifying:
        return
    command_id = turn.new_id("c")
    turn.set_tool(verifying=ask.series, command_id=command_id, ready=False)
    turn.do(
        fx.EnableTool(command_id=command_id, joint="", pset=ask.pset, job=ask.job, batch_size=ask.batch_size or None)
    )
    turn.do(fx.SetTimer(timer=TIMER, after_s=IDLE_S))


def end_verifying(turn: Turn) -> None:
    """Take the permission away, once."""
    if turn.state.tool.verifying:
        turn.set_tool(verifying="", command_id="", ready=False)
        turn.do(fx.DisableTool(command_id=turn.new_id("c")))
        turn.do(fx.CancelTimer(timer=TIMER))
