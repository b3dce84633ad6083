"""What a command takes where no file is named: the simulated bench."""

from __future__ import annotations

from pathlib import Path


def default_config() -> Path:
    """The simulated bench's station file: below the working folder, else beside the program."""
    here = Path("config/station.sim.toml")
    return here if here.is_file() else Path(__file__).resolve().parents[2] / "config" / "station.sim.toml"


def default_journal() -> Path:
    """Where the simulated bench keeps its journal."""
    from station.config.station_file import load_station

    return load_station(default_config()).data_dir / "journal.sqlite"
