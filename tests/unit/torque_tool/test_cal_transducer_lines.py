"""Lines of a reference transducer: readings, and what is none of them, each named."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.api import CommandError, Connected, DeviceHealth, DisarmTool, Disconnected, ReferenceRead
from drivers.torque_reference.driver import TorqueReference
from drivers.torque_reference.lines import LineError, peak_of
from drivers.torque_reference.simulator import WORDS, SimulatedTransducer
from station.config.torque_check import DEFAULT_PATTERN

PATTERN = re.compile(DEFAULT_PATTERN)


@pytest.mark.parametrize(
    ("line", "value", "count", "over"),
    [
        ("9.034", 9.034, None, False),
        ("+9.034 Nm", 9.034, None, False),
        ("0012 +9.034 N·m", 9.034, 12, False),
        ("12;9,034;Nm".replace(";Nm", " N.m"), 9.034, 12, False),
        ("12, 9.034 Nm", 9.034, 12, False),
        ("0007 +20.000 Nm OL", 20.0, 7, True),
        ("  103.0 nm  ", 103.0, None, False),
    ],
)
def test_lines_of_common_devices_are_read(line, value, count, over) -> None:
    peak = peak_of(line, PATTERN, "Nm")
    assert (peak.value_nm, peak.count, peak.over) == (value, count, over)


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("9.034 lbf.ft", "reference.wrong_unit"),
        ("12 9.034 kgf.cm", "reference.wrong_unit"),
        ("9034 mNm", "reference.wrong_unit"),
        ("", "reference.bad_line"),
        ("hello", "reference.bad_line"),
        ("9.034 9.035 9.036", "reference.bad_line"),
        ("\x8f\x03\xff", "reference.bad_line"),
        ("9" * 300, "reference.bad_line"),
    ],
)
def test_what_is_no_reading_is_named(line, code) -> None:
    with pytest.raises(LineError) as raised:
        peak_of(line, PATTERN, "N·m")
    assert raised.value.code == code
    assert ";" in str(raised.value)


def test_the_station_files_own_pattern_counts() -> None:
    pattern = re.compile(r"^PEAK=(?P<value>[\d.]+);N=(?P<count>\d+)$")
    assert peak_of("PEAK=9.03;N=4", pattern, "Nm").count == 4
    with pytest.raises(LineError):
        peak_of("9.03", pattern, "Nm")


@given(st.lists(st.integers(1, 7), max_size=40))
def test_lines_in_any_split_are_the_same_readings(cuts) -> None:
    driver = TorqueReference("reference", pattern=DEFAULT_PATTERN, unit="Nm")
    driver.link_up(0.0)
    data = b"1 9.01 Nm\r\n2 9.02 Nm\n\r\nnoise\r3 9.03 Nm\r\n"
    at = 0
    for cut in [*cuts, len(data)]:
        driver.received(data[at : at + cut], 1.0)
        at += cut
    connected, *events = driver.take_events()
    assert isinstance(connected, Connected)
    assert [event.value_nm for event in events if isinstance(event, ReferenceRead)] == [9.01, 9.02, 9.03]
    assert [event.code for event in events if isinstance(event, DeviceHealth)] == ["reference.bad_line"]
    assert driver.take_events() == ()


def test_a_flood_without_an_end_of_line_is_named_and_forgotten() -> None:
    driver = TorqueReference("reference", pattern=DEFAULT_PATTERN, unit="Nm")
    driver.link_up(0.0)
    driver.received(b"x" * 5000, 1.0)
    driver.received(b"\r\n4 9.04 Nm\r\n", 2.0)
    codes = [type(event).__name__ for event in driver.take_events()]
    assert codes == ["Connected", "DeviceHealth", "ReferenceRead"]


def test_half_a_line_from_before_a_break_belongs_to_nothing() -> None:
    driver = TorqueReference("reference", pattern=DEFAULT_PATTERN, unit="Nm")
    driver.link_up(0.0)
    driver.received(b"5 9.", 1.0)
    driver.link_down(1.5, "unplugged")
    driver.link_up(2.0)
    driver.received(b"05 Nm\r\n", 2.5)
    read = [event for event in driver.take_events() if isinstance(event, ReferenceRead | Disconnected)]
    assert [type(event).__name__ for event in read] == ["Disconnected", "ReferenceRead"]
    # What was cut off cannot be seen in what is left; beside the tool's word it is much too small, and left out.
    assert read[1].value_nm == 5.0


def test_it_is_never_told_anything() -> None:
    driver = TorqueReference("reference", pattern=DEFAULT_PATTERN, unit="Nm")
    with pytest.raises(CommandError):
        driver.submit(DisarmTool(command_id="c"), 0.0)
    assert driver.take_output() == driver.farewell(0.0) == b""
    assert driver.next_wake_s() is None and driver.wants_hangup() is None


def test_the_simulated_one_fails_in_its_seven_ways_and_in_no_other() -> None:
    with pytest.raises(ValueError, match="cannot fail"):
        SimulatedTransducer(range_nm=20.0).fail("sulks")
    said = {}
    for word in WORDS:
        device = SimulatedTransducer(range_nm=20.0)
        device.press(8.0, 0.0)
        device.advance(0.2)
        first = device.take_output()
        assert first == b"0001 +8.000 Nm\r\n"
        device.fail(word)
        for number in range(2, 5):
            device.press(9.0, float(number))
        device.advance(4.2)
        said[word] = device.take_output()
    assert said["ok"] == b"0002 +9.000 Nm\r\n0003 +9.000 Nm\r\n0004 +9.000 Nm\r\n"
    assert said["off"] == said["slow"] == b""
    assert said["stuck"].count(b"+8.000") == 3
    assert said["delayed"] == b"0002 +9.000 Nm\r\n0003 +9.000 Nm\r\n"
    assert said["intermittent"] == b"0002 +9.000 Nm\r\n0004 +9.000 Nm\r\n"
    assert b"lbf.ft" in said["wrong"] and b"Nm" not in said["garbage"]
    device = SimulatedTransducer(range_nm=20.0)
    device.press(25.0, 0.0)
    device.advance(1.0)
    assert device.take_output() == b"0001 +20.000 Nm OL\r\n"
