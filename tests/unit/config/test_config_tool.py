"""The torque tool's table of a station file, and what a procedure may ask of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from station.config.errors import ConfigError
from station.config.procedure_file import load_procedure
from station.config.station_file import known_of, load_station
from station.core.procedure import AfterNok, PositionMode

CONFIG = Path(__file__).parents[3] / "config"
SIM = (CONFIG / "station.sim.toml").read_text(encoding="utf-8")
SOCKETS = 'socket = [{ id = "13", input = 1 }, { id = "21", input = 2 }]\n'
MIRROR = (CONFIG / "procedures/door-mirror.toml").read_text(encoding="utf-8")


def told(tmp_path: Path, *pairs: tuple[str, str]) -> str:
    text = SIM
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    (tmp_path / "station.toml").write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_station(tmp_path / "station.toml")
    return str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('time_zone = "UTC"', 'time_zone = "Mars/Base"', "there is no time zone `Mars/Base`"),
        ("identify = true", 'profile = "pf9000"', "there is no profile `pf9000`; choose one of generic, pf4000"),
        (
            SOCKETS,
            'socket = [{ id = "13", input = 1 }, { id = "21", input = 1 }]\n',
            "two sockets have the same `input`",
        ),
        (SOCKETS, 'socket = [{ id = "13", input = 1 }, { id = "13", input = 2 }]\n', "two sockets have the same `id`"),
        (SOCKETS, 'socket = [{ id = "13", input = 9 }]\n', "socket[0].input"),
        ("identify = true", 'profile = "mtf6000"', "tells no inputs, so no socket is seen"),
        ("identify = true", "start_revision = 9", "start_revision"),
        ('carriage = "serial"', 'carriage = "usb"', "carriage"),
    ],
)
def test_what_the_tool_cannot_be_is_refused(tmp_path, old, new, expected):
    """It should name the key and what to write instead."""
    assert expected in told(tmp_path, (old, new))


def test_a_procedure_asks_only_for_sockets_that_the_station_can_see(tmp_path):
    """It should name the joint's socket that no input watches."""
    path = tmp_path / "work.toml"
    path.write_text(MIRROR.replace('socket = "13"', 'socket = "10"', 1), encoding="utf-8")
    with pytest.raises(ConfigError, match=r"joint\[0\]\.socket: there is no socket `10`"):
        load_procedure(path, known_of(load_station(CONFIG / "station.sim.toml")))


def test_the_position_mode_follows_from_step_and_group(tmp_path):
    """It should release at the joint, confirm where the step says so, and choose in an any-order group."""
    procedure = load_procedure(CONFIG / "procedures/door-mirror.toml")
    assert procedure.position_mode(procedure.step("tighten-1")) is PositionMode.RELEASE
    path = tmp_path / "work.toml"
    path.write_text(
        MIRROR.replace('id = "tighten-1"\n', 'id = "tighten-1"\nposition = "confirm"\non_fail = { then = "mark" }\n'),
        encoding="utf-8",
    )
    changed = load_procedure(path)
    assert changed.position_mode(changed.step("tighten-1")) is PositionMode.CONFIRM
    assert changed.step("tighten-1").on_fail.then is AfterNok.MARK
    free = MIRROR.replace('id = "tighten"\n', 'id = "tighten"\nany_order = true\n')
    for joint in ("J1", "J2", "J3"):
        free = free.replace(f'gestures = ["point-{joint}", "hold"]\n', "")
    path.write_text(free, encoding="utf-8")
    chosen = load_procedure(path)
    assert chosen.position_mode(chosen.step("tighten-2")) is PositionMode.CHOOSE
