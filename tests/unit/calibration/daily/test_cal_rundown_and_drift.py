"""One test rundown against its history, and slow drift over many checks."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from calibration.daily.drift import DayPoint, drift_line, standardised
from calibration.daily.power import limit, needed, noticeable, power
from calibration.daily.rundown import rundown_shift
from calibration.daily.tool_check import check_tool
from calibration.daily.verdicts import Found
from calibration.observations import CalibrationError
from calibration.store import Store
from station.config.artefact import Artefact, Kind


def days(rng: np.random.Generator, creep: float, *, count: int = 30) -> list[DayPoint]:
    """Six figures a day with unit noise; the first creeps by `creep` a day."""
    reference = rng.normal(size=6) * 0.3
    return [
        DayPoint(
            utc=f"2026-{day // 28 + 1:02d}-{day % 28 + 1:02d}T08:00:00+00:00",
            difference=rng.normal(size=6) + np.array([creep * day, 0, 0, 0, 0, 0]) - reference,
            noise=np.eye(6),
        )
        for day in range(count)
    ]


def test_a_tool_that_changed_is_found() -> None:
    """It should notice the change that it calls noticeable, and nothing in its usual scatter."""
    rng = np.random.default_rng(1)
    history = list(rng.normal(20.0, 0.2, 25))
    quiet = rundown_shift(20.1, history)
    assert not quiet.moved and quiet.history == 25 and 0.5 < quiet.notices < 1.5
    hits = alarms = 0
    for _ in range(300):
        history = list(rng.normal(20.0, 0.2, 25))
        hits += rundown_shift(float(rng.normal(20.0 + quiet.notices * 0.2 / quiet.sigma, 0.2)), history).moved
        alarms += rundown_shift(float(rng.normal(20.0, 0.2)), history).moved
    assert 0.9 <= hits / 300 <= 0.99 and alarms <= 6


def test_a_tool_without_a_history_is_not_judged() -> None:
    """It should say how many rundowns are missing, and refuse readings without digits."""
    with pytest.raises(CalibrationError, match="there are 3 test rundowns"):
        rundown_shift(20.0, [20.0, 20.1, 19.9])
    with pytest.raises(CalibrationError, match="read the same"):
        rundown_shift(20.0, [20.0] * 10)


def test_a_slow_drift_is_seen_before_a_jump_would_be() -> None:
    """It should leave its limit on a creep that no single day shows, and stay below it without one."""
    rng = np.random.default_rng(2)
    seen, jumped, alarms, jump = [], [], 0, limit(6)
    for _ in range(40):
        creeping = days(rng, 0.08, count=80)
        line = drift_line(creeping, np.eye(6) * 0.09)
        seen.append(next((number for number, point in enumerate(line) if point.drifts), 99))
        jumped.append(next((n for n, day in enumerate(creeping) if day.difference @ day.difference / 1.09 > jump), 99))
        alarms += any(point.drifts for point in drift_line(days(rng, 0.0), np.eye(6) * 0.09))
    assert np.median(seen) + 4 <= np.median(jumped) < 99 and alarms <= 6, (seen, jumped, alarms)


def test_the_line_of_one_day_is_that_day() -> None:
    """It should begin with the first check's own share, and know the reference's noise to be the same each day."""
    day = days(np.random.default_rng(3), 0.0, count=1)
    (point,) = drift_line(day, np.zeros((6, 6)))
    assert point.mean == pytest.approx(0.25 * day[0].difference)
    assert point.covariance == pytest.approx(np.eye(6) / 16)
    assert standardised(point) == pytest.approx(np.sqrt(day[0].difference @ day[0].difference / point.limit))
    long = drift_line(days(np.random.default_rng(3), 0.0, count=200), np.eye(6))[-1]
    assert long.covariance[0, 0] == pytest.approx(1.0 + 0.25 / 1.75, rel=1e-6)
    assert drift_line([], np.eye(6)) == ()


def test_powers_are_those_of_the_distributions() -> None:
    """It should give the textbook's limits, and a power of the false-alarm rate where nothing changes."""
    assert limit(6, false_alarms=0.01) == pytest.approx(16.8119, abs=1e-3)
    assert limit(6, freedom=10**6, false_alarms=0.01) == pytest.approx(16.812, abs=1e-2)
    assert power(0.0, 6, freedom=30) == pytest.approx(0.005, rel=1e-3)
    assert power(needed(6, freedom=58), 6, freedom=58) == pytest.approx(0.95, abs=1e-6)
    assert noticeable(np.diag([1.0, 4.0, 1.0]), slice(0, 2)) == pytest.approx(2.0 * np.sqrt(needed(3)))
    with pytest.raises(ValueError, match="take more pictures"):
        limit(6, freedom=5)


def verified(store: Store, series: dict[str, list[float]]) -> None:
    figures = {name: {"reference_nm": readings, "min_nm": 18.0, "max_nm": 22.0} for name, readings in series.items()}
    artefact = Artefact.model_validate(
        {
            "kind": Kind.TORQUE, "subject": "tool", "made_utc": "2026-03-01T08:00:00+00:00", "by": "Ken", "method": "m",
            "software": "1", "result": {}, "figures": {"series": figures}, "verdict": {"good": True, "text": "Fit."},
        }
    )  # fmt: skip
    store.put_in_force(artefact, utc=artefact.made_utc, by="Ken", why="verified")


def test_one_rundown_is_judged_by_the_tools_own_verification(tmp_path: Path) -> None:
    """It should compare with the same joint type, ask which one it was, and judge nothing that it cannot."""
    store = Store(tmp_path)
    assert "never verified" in check_tool(tmp_path, 20.0, None).advice
    readings = np.random.default_rng(4).normal(20.0, 0.2, 25).round(3).tolist()
    verified(store, {"hard": readings})
    assert check_tool(tmp_path, 20.1, None).found is Found.SAME
    assert check_tool(tmp_path, 21.5, None).found is Found.MOVED
    verified(store, {"hard": readings, "soft": readings[:3]})
    asked = check_tool(tmp_path, 20.1, None)
    assert asked.found is Found.UNTOLD and "hard, soft" in asked.advice
    assert check_tool(tmp_path, 20.1, "hard").good
    assert "there are 3 test rundowns" in check_tool(tmp_path, 20.1, "soft").advice
