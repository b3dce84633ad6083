"""Making the arm ready after a person has asked for it: one `ClearStop` from its beginning to its end. Pure.

What to do next is read from the reports, not counted: safety first, then power, then brakes. Each dashboard command is
harmless to repeat. Nothing here is ever done without a `ClearStop`.
"""

from __future__ import annotations

from dataclasses import dataclass

from drivers.api import Outcome
from drivers.cobot.universal_robots.dashboard import Ask, is_taken
from drivers.cobot.universal_robots.exchange import Answer
from drivers.cobot.universal_robots.report import Report, RobotMode, Runtime, SafetyMode

AGAIN_S = 0.5
"""How long the controller gets to follow a command before it is said again; it refuses to unlock a protective stop that
is younger than 5 s, and says so."""
UNLOCK_LIMIT_S = 15.0
BUSY_LIMIT_S = 1.0
NOT_OURS = (
    "cobot.emergency_stop",
    "cobot.local_control",
    "cobot.safeguard_stop",
    "cobot.wrong_model",
    "cobot.free_drive",
)
"""What somebody has to end in another way."""
POWER_LIMIT_S = 60.0
"""A cold arm takes half a minute to power on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How the clearing ended: `code` is None when the arm takes motion."""

    outcome: Outcome = Outcome.REFUSED
    code: str | None = None
    detail: str = ""


class Clearing:
    """One `ClearStop`."""

    def __init__(self, command_id: str, now_s: float) -> None:
        self.command_id = command_id
        self._since_s = now_s
        self._next_s = now_s
        self._last_refusal = ""

    def asks(self, report: Report, now_s: float) -> tuple[Ask, ...]:
        """What to say to the dashboard now."""
        if now_s < self._next_s:
            return ()
        self._next_s = now_s + AGAIN_S
        if report.safety_mode == SafetyMode.PROTECTIVE_STOP:
            # The program that was interrupted only pauses: it must be gone before the stop is, or it could be resumed.
            stop = (Ask.STOP,) if report.plays else ()
            return (*stop, Ask.CLOSE_SAFETY_POPUP, Ask.UNLOCK)
        if report.safety_mode in (SafetyMode.VIOLATION, SafetyMode.FAULT):
            return (Ask.CLOSE_SAFETY_POPUP, Ask.RESTART_SAFETY)
        if report.robot_mode == RobotMode.POWER_OFF:
            return (Ask.CLOSE_SAFETY_POPUP, Ask.POWER_ON)
        if report.robot_mode == RobotMode.IDLE:
            return (Ask.BRAKE_RELEASE,)
        if report.runtime == Runtime.PAUSED:
            return (Ask.STOP,)
        return ()

    def answered(self, answer: Answer) -> None:
        """Keep what the controller says when it refuses."""
        if answer.line is None:
            self._last_refusal = "the dashboard does not answer"
        elif not is_taken(answer.ask, answer.line):
            self._last_refusal = answer.line

    def end(self, report: Report, standing: dict[str, str], now_s: float) -> End | None:
        """How it ended, or None while it goes on."""
        if not standing and not report.plays:
            return End()
        for code in NOT_OURS:
            if code in standing:
                return End(code=code, detail=standing[code])
        if not standing and report.runtime == Runtime.PLAYING and now_s >= self._since_s + BUSY_LIMIT_S:
            return End(code="cobot.busy", detail="another program has the arm; stop it at the teach pendant")
        if report.safety_mode == SafetyMode.RECOVERY:
            return End(code="cobot.safety_fault", detail=standing["cobot.safety_fault"])
        locked = report.safety_mode == SafetyMode.PROTECTIVE_STOP
        if now_s >= self._since_s + (UNLOCK_LIMIT_S if locked else POWER_LIMIT_S):
            said = f" (it says: {self._last_refusal})" if self._last_refusal else ""
            return End(
                outcome=Outcome.UNKNOWN,
                code="cobot.not_ready",
                detail=f"the robot did not become ready{said}; read the message on the teach pendant",
            )
        return None

    def next_wake_s(self) -> float:
        """When the next command is due."""
        return self._next_s
