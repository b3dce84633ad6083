"""The files of a station together give the bench that vision and the devices need."""

import dataclasses
import sys
from pathlib import Path

import numpy as np
import pytest

from drivers.cobot.mycobot280.kinematics import joint_frames
from station.config.bench import bench_of, watches_of
from station.config.errors import ConfigError
from station.config.orders_file import load_orders
from station.config.procedure_file import load_procedure
from station.config.scene_file import load_scene
from station.config.station_file import load_station
from station.config.station_values import StationConfig
from station.core.checks import expected_facts
from station.core.state import State
from tests.support import doorbench

CONFIG = Path(__file__).parents[3] / "config"
SIM = (CONFIG / "station.sim.toml").read_text(encoding="utf-8")
ORDERS = (CONFIG / "orders.sim.toml").read_text(encoding="utf-8")
# Limits of the arm's joints as its maker documents them; the driver reads those of the very arm.
LIMITS_DEG = (168, 135, 150, 145, 165, 180)
