"""What the simulated controller remembers, and how the families give it back."""

from __future__ import annotations

import pytest
from op_client import Client, controller

from drivers.torque_tool.open_protocol.fields import Value
from drivers.torque_tool.open_protocol.messages import LAYOUTS, read
from drivers.torque_tool.open_protocol.profiles import PF6000_28


def old(client: Client, tightening_id: int, revision: int = 1) -> dict[str, Value]:
    return client.fetch(64, f"{tightening_id:010d}".encode(), revision=revision)


def test_the_archive_is_bounded_and_can_be_lost() -> None:
    """It should forget the oldest first, and answer 15 for what is gone."""
    client = Client(controller(archive=3)).start()
    for _ in range(5):
        client.tighten()
    assert old(client, 0)["tightening_id"] == 5
    assert old(client, 3)["tightening_id"] == 3
    assert client.refusal(64, b"0000000002") == 15
    client.simulator.forget_results(5)
    assert client.refusal(64, b"0000000004") == 15
    assert old(client, 5)["tightening_id"] == 5
    client.simulator.forget_results(6)
    assert client.refusal(64, b"0000000000") == 15
    client.tighten()
    assert old(client, 0)["tightening_id"] == 6


@pytest.mark.parametrize("revision", range(1, 11))
def test_results_are_pushed_and_asked_back_in_every_revision(revision: int) -> None:
    """It should write 0061 and 0065 in the length of each revision, with the same numbers in both."""
    client = Client(controller()).start()
    client.accepts(60, revision=revision)
    [result] = client.tighten(torque_nm=8.37, angle_deg=61)
    values = read(result)
    assert (result.revision, len(result.data)) == (revision, LAYOUTS[61, revision].size)
    request = b"0000000000" + (b"0" if revision == 10 else b"")
    kept = client.fetch(64, request, revision=revision)
    assert (values["torque_nm"], kept["torque_nm"]) == (8.37, 8.37)
    scale = 10 if revision == 10 else 1
    assert (values["angle_deg"], kept["angle_deg"]) == (61 * scale, 61 * scale)
    assert values["angle_max_deg"] == 80 * scale
    assert (values.get("torque_unit", 1), values.get("result_type", 1)) == (1, 1)
    assert (kept.get("station_id", 1), values.get("pset_name", "Bracket")) == (1, "Bracket")
    if revision == 10:
        assert (values["angle_numerator"], values["angle_denominator"]) == (1, 10)


def test_stages_follow_revision_6_in_revision_998() -> None:
    """It should add one stage, by the bytes of the table: 536 characters and 11 for the stage."""
    client = Client(controller()).start()
    client.accepts(60, revision=998)
    [result] = client.tighten(torque_nm=8.37, angle_deg=61)
    assert (result.revision, 20 + len(result.data)) == (998, 547)
    assert result.data[506:] == b"5601570158" + b"000837" + b"00061"


def test_a_release_2_8_power_focus_counts_over_all_stations() -> None:
    """It should answer with the latest not above, of any station, until nothing is left: one walks down and filters."""
    client = Client(controller(PF6000_28)).start()
    client.accepts(60, no_ack=True)
    pushed = [read(message)["tightening_id"] for _ in range(20) for message in client.tighten()]
    assert len(pushed) == 20
    assert pushed != list(range(1, 21))
    station = client.ask(1, revision=6)[0]
    own = read(station)["station_cell_id"]
    found: list[Value] = []
    others = 0
    asked = 0
    while True:
        [answer] = client.ask(64, f"{asked:010d}".encode(), revision=7)
        if answer.mid == 4:
            assert read(answer)["error"] == 15
            break
        values = read(answer)
        tightening_id = values["tightening_id"]
        assert isinstance(tightening_id, int)
        assert asked == 0 or tightening_id <= asked
        if values["station_id"] == own:
            found.append(tightening_id)
        else:
            others += 1
        asked = tightening_id - 1
        if asked == 0:
            break
    assert found == pushed[::-1]
    assert others > 0
