"""Data that come without a gap, but later and later: nobody may take them for the present."""

import pytest

from drivers.channels import Untagger, tagged
from drivers.cobot.universal_robots.lanes import SILENCE_S, Lanes
from drivers.cobot.universal_robots.line import Channel
from drivers.cobot.universal_robots.models import MODELS
from drivers.cobot.universal_robots.report import Report
from drivers.cobot.universal_robots.simulated_controller import SimulatedController
from drivers.cobot.universal_robots.simulated_sessions import RtdeSession

STEP_S = 0.01


def heard(
    late_per_s: float, clock_per_s: float, duration_s: float, step_s: float = STEP_S
) -> tuple[list[tuple[float, Report]], str | None]:
    """Reports by the time they were told, and why the connection was given up, on a line that gets later."""
    controller = SimulatedController(MODELS["UR5e"], powered=True)
    session, lanes, untagger = RtdeSession(controller), Lanes(0.0), Untagger()
    on_the_way: list[tuple[float, bytes]] = []
    told: list[tuple[float, Report]] = []
    for step in range(round(duration_s / step_s)):
        now_s = step * step_s
        for channel, part in untagger.feed(lanes.take_output()):
            if channel == Channel.RTDE and part:
                session.received(part)
        controller.advance(now_s * clock_per_s)
        session.advance()
        on_the_way += [(now_s + late_per_s * now_s, message) for message in session.take_messages()]
        while on_the_way and on_the_way[0][0] <= now_s:
            message = on_the_way.pop(0)[1]
            found = lanes.received(tagged(Channel.RTDE, message), now_s)
            told += [(now_s, report) for report in found if isinstance(report, Report)]
        lanes.identity = {"model": "UR5", "serial": "1", "software": "5.11"}
        lanes.remote = True
        if (reason := lanes.hangup(now_s)) is not None:
            return told, reason
    return told, None


def test_data_that_get_later_and_later_are_given_up() -> None:
    """It should hang up when they are half a second behind, and tell none that is older."""
    told, reason = heard(late_per_s=0.2, clock_per_s=1.0, duration_s=10.0)
    assert reason is not None
    assert "late" in reason
    assert told
    assert max(now_s - report.timestamp_s for now_s, report in told) <= SILENCE_S + 0.05


@pytest.mark.parametrize("clock_per_s", [0.9992, 1.0008])
def test_a_clock_that_runs_a_little_otherwise_is_not_late(clock_per_s: float) -> None:
    """It should not add drift up to lateness, however long the connection lasts."""
    told, reason = heard(late_per_s=0.0, clock_per_s=clock_per_s, duration_s=800.0, step_s=0.25)
    assert reason is None
    assert len(told) > 3000
