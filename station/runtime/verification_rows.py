"""Rundowns of a verification in the station's journal: on record before the controller forgets them, and no result of
any visit. The station does not ask for them back when it starts again."""

from __future__ import annotations

from dataclasses import replace

from drivers.api import TighteningResult
from station.core.codec import to_plain
from station.runtime.clock import Clock
from station.runtime.journal import Entry, Journal, JournalError, KnownUpTo

KIND = "verification"


def record_rundown(journal: Journal, station: str, series: str, result: TighteningResult, clock: Clock) -> None:
    """Write one. Raises JournalError: when it cannot be written, or when the controller holds results of the work that
    the station has not taken yet, which would be passed over."""
    serial, number = result.controller_serial, result.tightening_id
    last = journal.last_tightening_id(station, serial)
    if last is not None and number > last + 1:
        raise JournalError(
            f"{journal.path}: the controller has made rundowns {last + 1} to {number - 1} that station {station} has "
            "not taken; start the station once, so that it takes them, then verify"
        )
    if last is not None and number <= last:
        return
    journal.append(
        Entry(
            visit="",
            kind=KIND,
            t_utc=clock.utc(),
            t_mono_s=clock.now_s(),
            source=f"verification of {series}",
            # The bytes are the controller's own form of the same figures.
            body={"series": series, "rundown": to_plain(replace(result, raw=b""))},
            known=KnownUpTo(station=station, controller_serial=serial, last_id=number),
        )
    )
