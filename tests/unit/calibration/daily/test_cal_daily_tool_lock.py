"""A test rundown may lock the torque tool, and never opens its lock."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.calibrated_store import force, torque_artefact

from calibration.daily.check import Checker, check_artefact, keep_check
from calibration.daily.verdicts import DeviceVerdict, Found
from calibration.store import Store
from station.config.artefact import ArtefactError, Kind, in_force

NOW = datetime(2026, 3, 20, 9, 0, tzinfo=UTC)


def check_day(store: Store, minute: int, found: Found) -> None:
    """A daily check of the tool alone, kept."""
    verdicts = [DeviceVerdict(device="tool", kind=Kind.TORQUE, found=found, text=f"The rundown: {found}.")]
    made = NOW.replace(minute=minute).isoformat()
    checker = Checker(station="b-1", by="Ken", made_utc=made, software="1", reference="r")
    keep_check(store, check_artefact(verdicts, checker), verdicts)


def test_one_good_rundown_opens_no_tools_lock(tmp_path: Path) -> None:
    """It should lock a tool whose rundown is far off until that is verified again, whatever later rundowns say."""
    store = Store(tmp_path)
    locked = force(store, torque_artefact())
    check_day(store, 1, Found.SAME)
    assert in_force(tmp_path, Kind.TORQUE, "tool", now=NOW) == locked
    for minute, found in ((2, Found.MOVED), (3, Found.SAME)):
        check_day(store, minute, found)
        with pytest.raises(ArtefactError) as told:
            in_force(tmp_path, Kind.TORQUE, "tool", now=NOW)
        assert told.value.code == "calibration.refuted"
    again = force(store, locked.model_copy(update={"made_utc": NOW.isoformat()}))
    assert in_force(tmp_path, Kind.TORQUE, "tool", now=NOW) == again
