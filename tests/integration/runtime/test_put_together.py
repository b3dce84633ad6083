"""A station put together from its files, without devices: its start document, its ids, its appetite for codes."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from station.core.codec import digest
from station.core.events import PersonConfirmed
from station.core.procedure import Role
from station.core.state import Phase
from station.runtime.clock import SteppedClock
from station.runtime.journal import Journal
from station.runtime.replay import procedure_of
from station.runtime.setting import read_files, setting_of
from station.runtime.station import Station, next_visit_id, recover, silent_people

CONFIG = Path(__file__).parents[3] / "config" / "station.sim.toml"


@pytest.fixture
def journal(tmp_path):
    with closing(Journal(tmp_path / "journal.db")) as opened:
        yield opened


@pytest.fixture
def screens():
    return []


@pytest.fixture
def station(journal, screens):
    return Station(
        setting_of(read_files(CONFIG), "1.2.3"),
        journal=journal,
        clock=SteppedClock(),
        open_cobot=None,
        open_tool=None,
        people=silent_people(),
        publish=screens.append,
    )


def test_the_start_document_says_what_the_visit_runs_on(station, journal):
    """It should name procedure, station, software and calibration, and keep the procedure as it was run."""
    station.open_visit("V-0001")
    station.loop.turn()
    row = next(journal.rows("V-0001"))
    event = row.body["envelope"]["event"]
    setting = station.setting
    assert (event["kind"], event["visit_id"], event["software"]) == ("VisitOpened", "V-0001", "1.2.3")
    assert (event["station"], event["station_sha256"]) == (setting.station, setting.station_sha256)
    assert event["calibration"] == dict(setting.calibration)
    assert procedure_of(journal, event["procedure_sha256"]) == setting.procedure
    assert row.body["procedure"] == digest(setting.procedure)
    assert json.loads(journal.document(event["procedure_sha256"]))["id"] == setting.procedure.id


def test_visits_are_numbered_on(station, journal):
    """It should give the first free id, and another one after a visit took it."""
    assert next_visit_id(journal, "V") == "V-0001"
    station.open_visit("V-0001")
    station.loop.turn()
    assert next_visit_id(journal, "V") == "V-0002"
    assert next_visit_id(journal, "W") == "W-0001"


def test_codes_are_looked_for_only_while_a_pass_is_wanted(station, screens):
    """It should ask the cameras for codes in the step that wants one: looking for them costs time."""
    assert station.want.codes is False
    station.open_visit("V-0001")
    station.loop.turn()
    first = station.setting.procedure.steps[0]
    wanted = []
    for demand in first.demands:
        wanted.append(station.want.codes)
        event = PersonConfirmed(step=first.id, what=demand.what, role=Role.VISITOR, person="visitor")
        station.loop.post(event, "person")
        station.loop.turn()
    assert set(wanted) == {False}
    assert station.want.codes is True
    assert station.screen is screens[-1]


def test_a_restart_goes_on_with_what_the_journal_holds(station, journal):
    """It should know the visit, its step and who said what, and nothing that was seen."""
    station.open_visit("V-0001")
    station.loop.turn()
    state = recover(journal)
    again = Station(
        station.setting,
        journal=journal,
        clock=SteppedClock(),
        open_cobot=None,
        open_tool=None,
        people=silent_people(),
        state=state,
    )
    assert again.screen.step == station.screen.step
    again.restarted("test")
    again.loop.turn()
    assert (again.loop.state.phase, again.loop.state.visit_id) == (Phase.RUNNING, "V-0001")
    assert again.loop.state.facts == {}
    assert digest(recover(journal)) == digest(again.loop.state)


def test_a_bench_without_devices_has_no_ports(station):
    """It should run without them."""
    assert station.ports == ()
