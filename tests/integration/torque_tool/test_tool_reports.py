"""What a controller says by itself or about itself: alarms, inputs, its clock, its curves."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from scripted import Scripted, accepted, of, refused

from drivers.api import DeviceHealth, ToolInputs
from drivers.torque_tool.open_protocol.driver import OpenProtocolTool
from drivers.torque_tool.open_protocol.profiles import GENERIC, MTF6000, ControllerProfile
from drivers.torque_tool.open_protocol.protocol import Message


def connected(profile: ControllerProfile = GENERIC) -> Scripted:
    return Scripted(OpenProtocolTool(carriage="tcp", profile=profile)).plug()


def health(rig: Scripted, code: str) -> list[tuple[bool | None, bool]]:
    return [(event.standing, event.stops) for event in rig.seen(DeviceHealth) if event.code == code]


def alarm(code: str, *, controller_ready: int = 1, tool_ready: int = 1, text: str = "Tool too hot") -> Message:
    return of(71, 2, code=code, controller_ready=controller_ready, tool_ready=tool_ready, text=text)


def status(code: str, active: int) -> Message:
    return of(76, 1, active=active, code=code, controller_ready=1, tool_ready=1)


def test_an_alarm_stands_until_it_is_acknowledged_at_the_controller() -> None:
    """It should be told with its text, acknowledged by 0072, and ended by 0074, which is acknowledged by 0075."""
    rig = connected()
    rig.sent.clear()
    rig.say(alarm("E404"), alarm("E404"))
    assert health(rig, "tool.alarm.E404") == [(True, False)]
    assert "Tool too hot" in rig.events[-1].detail  # type: ignore[union-attr]
    rig.say(of(74, 2, code="E404"))
    assert health(rig, "tool.alarm.E404") == [(True, False), (False, False)]
    rig.say(of(74, 2, code="E404"))
    assert len(health(rig, "tool.alarm.E404")) == 2
    assert rig.mids() == [72, 72, 75, 75]


def test_an_alarm_stops_the_tool_when_controller_or_tool_is_not_ready() -> None:
    """It should say so, and again when that changes."""
    rig = connected()
    rig.say(alarm("E1", tool_ready=0), alarm("E2", controller_ready=0), alarm("E1"))
    assert health(rig, "tool.alarm.E1") == [(True, True), (True, False)]
    assert health(rig, "tool.alarm.E2") == [(True, True)]


def test_the_alarm_status_after_subscribing_begins_and_ends_alarms() -> None:
    """It should take 0076 for what stands now; "none active" ends all. A new connection begins with none."""
    rig = connected()
    rig.say(status("E7", 1), alarm("E8"))
    rig.say(status("", 0))
    assert health(rig, "tool.alarm.E7") == [(True, False), (False, False)]
    assert health(rig, "tool.alarm.E8") == [(True, False), (False, False)]
    rig.say(alarm("E9"))
    rig.unplug()
    rig.plug()
    rig.say(alarm("E9"))
    assert health(rig, "tool.alarm.E9") == [(True, False), (True, False)]


def test_an_unreadable_alarm_is_acknowledged_and_noted() -> None:
    """It should not cost the connection."""
    rig = connected()
    rig.sent.clear()
    rig.say(Message(mid=71, data=b"01"))
    assert rig.mids() == [72]
    assert health(rig, "tool.unreadable") == [(None, False)]


def test_a_focus_controller_gets_no_acknowledgements() -> None:
    """It should read its alarms all the same."""
    rig = connected(MTF6000)
    rig.sent.clear()
    rig.say(alarm("140"))
    assert rig.mids() == []
    assert health(rig, "tool.alarm.140") == [(True, False)]


def test_inputs_are_told_at_once_and_at_every_change() -> None:
    """It should give the numbers of the high ones, and nothing when nothing changed."""
    rig = connected()
    rig.say(Message(mid=211, data=b"10000001"), Message(mid=211, data=b"10000001"), Message(mid=211, data=b"00000000"))
    assert [event.high for event in rig.seen(ToolInputs)] == [(1, 8), ()]
    assert rig.mids(212) == [212] * 3
    rig.unplug()
    rig.plug()
    rig.say(Message(mid=211, data=b"00000000"))
    assert [event.high for event in rig.seen(ToolInputs)] == [(1, 8), (), ()]


class Clocked(Scripted):
    """A controller and a station with a clock each."""

    def __init__(self, *, ahead_s: float, set_clock: bool = False, profile: ControllerProfile = GENERIC) -> None:
        zone = ZoneInfo("Europe/Stockholm")
        self.ahead_s = ahead_s
        self.set_to: list[str] = []
        super().__init__(
            OpenProtocolTool(carriage="tcp", profile=profile, wall_clock=self.wall, time_zone=zone, set_clock=set_clock)
        )
        self.answers[80] = lambda message: [of(81, time=self.told(zone))]
        self.answers[82] = self.take_time

    def wall(self) -> datetime:
        return datetime(2026, 7, 1, 12, 0, 0, tzinfo=UTC) + timedelta(seconds=self.now_s)

    def told(self, zone: ZoneInfo) -> str:
        return (self.wall().astimezone(zone) + timedelta(seconds=self.ahead_s)).strftime("%Y-%m-%d:%H:%M:%S")

    def take_time(self, message: Message) -> list[Message]:
        self.set_to.append(message.data.decode())
        self.ahead_s = 0.0
        return list(accepted(message))


@pytest.mark.parametrize(("ahead_s", "wrong"), [(0.0, False), (4.0, False), (7.0, True), (-7.0, True)])
def test_the_clock_is_compared_on_connecting_in_the_zone_of_the_controller(ahead_s: float, wrong: bool) -> None:
    """It should stand as a fault from 5 s on, with the difference in its sentence."""
    rig = Clocked(ahead_s=ahead_s)
    rig.plug()
    assert health(rig, "tool.clock") == ([(True, False)] if wrong else [])
    if wrong:
        [event] = [event for event in rig.seen(DeviceHealth) if event.code == "tool.clock"]
        assert ("7 s ahead of" if ahead_s > 0 else "7 s behind the") in event.detail


def test_the_clock_is_compared_every_five_minutes_and_ends_when_right() -> None:
    """It should look again after 300 s and say when it is right."""
    rig = Clocked(ahead_s=3600.0)
    rig.plug()
    rig.ahead_s = 1.0
    rig.run(301.0, step_s=1.0)
    assert rig.mids(80) == [80, 80]
    assert health(rig, "tool.clock") == [(True, False), (False, False)]


def test_a_wrong_clock_is_set_where_that_is_allowed_and_read_again() -> None:
    """It should set the local time of the controller's zone once, and say nothing when that has helped."""
    rig = Clocked(ahead_s=3600.0, set_clock=True)
    rig.plug()
    assert rig.mids(80, 82) == [80, 82, 80]
    assert rig.set_to == ["2026-07-01:14:00:00"]
    assert health(rig, "tool.clock") == []


def test_a_clock_that_does_not_take_the_time_stands_as_wrong() -> None:
    """It should not set it over and over."""
    rig = Clocked(ahead_s=3600.0, set_clock=True)
    rig.answers[82] = accepted
    rig.plug()
    assert rig.mids(80, 82) == [80, 82, 80]
    assert health(rig, "tool.clock") == [(True, False)]


def test_a_clock_that_cannot_be_read_or_set_is_noted_and_tried_again_later() -> None:
    """It should not ask in a loop."""
    rig = Clocked(ahead_s=3600.0, set_clock=True)
    rig.answers[82] = refused(1)
    rig.plug()
    assert rig.mids(80, 82) == [80, 82, 80]
    assert health(rig, "tool.refused.01") == [(None, False)]
    assert health(rig, "tool.clock") == [(True, False)]
    unreadable = Clocked(ahead_s=0.0)
    unreadable.answers[80] = lambda message: [of(81, time="yesterday")]
    unreadable.plug()
    assert unreadable.mids(80) == [80]
    assert health(unreadable, "tool.unreadable") == [(None, False)]
