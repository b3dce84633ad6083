"""Zones drawn at a station that runs: who keeps people clear of the arm goes by them, and is never left blind."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.arm_station import ArmStation, arm_station

from station.motion.supervision import Level
from station.runtime.eyes_desk import ZonesRefusedError
from vision.bench import Zone, same_zones


def until(happened: Callable[[], bool], what: str) -> None:
    for _ in range(400):
        if happened():
            return
        time.sleep(0.02)
    pytest.fail(f"it did not happen: {what}")


def with_arms_zone(bench: ArmStation, outline: object) -> tuple[Zone, ...]:
    """The zones that are used now, the arm's with another outline."""
    return tuple(
        replace(zone, outline_mm=np.array(outline, dtype=float)) if zone.name == "cobot" else zone
        for zone in bench.station.eyes.bench.zones
    )


def level(bench: ArmStation) -> Level | None:
    """What the supervisor says now."""
    gap = bench.station.gap
    return gap.verdict.level if gap is not None and gap.verdict is not None else None


def persons(bench: ArmStation) -> list[str]:
    """Whose acts the journal has, in order."""
    events = [row.body["envelope"]["event"] for row in bench.station.journal.rows()]
    return [event["person"] for event in events if "person" in event]


def test_the_arm_is_watched_over_by_its_new_zone(tmp_path: Path):
    """It should be clear again once the cameras have spoken anew, and every picture be asked with the new zones."""
    with arm_station(tmp_path) as bench:
        station = bench.station
        until(lambda: level(bench) is Level.CLEAR, "nobody is near")
        zones = with_arms_zone(bench, [[0, -60], [380, -60], [380, 220], [0, 220]])
        station.eyes.draw(zones, "", "Ken")
        wanted = station.wanted().zones
        assert wanted is not None and same_zones(wanted, zones)
        until(lambda: level(bench) is Level.CLEAR, "the cameras tell of people under the new zone")
        # Floor in the picture, but not the air over it: nobody would see a hand come in.
        wide = with_arms_zone(bench, [[-500, -240], [400, -240], [400, 240], [-500, 240]])
        with pytest.raises(ZonesRefusedError) as caught:
            station.eyes.draw(wide, station.eyes.zones_sha256, "Ken")
        assert caught.value.reason == "arm_unwatched" and same_zones(station.eyes.bench.zones, zones)
        station.eyes.bench_is_empty("Ken")
        assert station.wanted().empty_since_s is not None and station.wanted().zones is not None
        until(lambda: persons(bench) == ["Ken"] * 2, "both words are in the journal")
