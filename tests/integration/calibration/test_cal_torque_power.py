"""How often the verdict is right: tools of known capability and deviation, many series each. Prints its table."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.torquetool import check_of, door, measured, with_class_a

from calibration.torque.series import Plan, plans_of
from calibration.torque.verdict import judge
from station.commands.verify_torque import Wishes, verify
from station.runtime.setting import read_files
from station.runtime.tool_verification import read_verification

TRIALS = 400


def share_fit(plan: Plan, **truth: float) -> float:
    """How many of the trials find the tool fit."""
    check = check_of()
    fit = sum(judge(plan, measured(plan, seed=seed, **truth), check.reference, {}).fit for seed in range(TRIALS))
    return fit / TRIALS


@pytest.mark.campaign
@pytest.mark.timeout(900)
def test_the_verdict_separates_good_tools_from_bad_ones() -> None:
    plain, class_a = plans_of(door(), check_of())[0], plans_of(with_class_a(), check_of())[-1]
    print()
    for name, plan, bars in (
        (
            "class B, 25 readings, Cmk 1.67",
            plain,
            {1.0: (0.0, 0.01), 1.33: (0.0, 0.12), 2.2: (0.90, 1.0), 2.67: (0.97, 1.0)},
        ),
        ("class A, 50 readings, Cmk 2.0", class_a, {1.33: (0.0, 0.005), 1.67: (0.0, 0.12), 2.67: (0.95, 1.0)}),
    ):
        for true_cmk, (low, high) in bars.items():
            found = share_fit(plan, s_nm=0.9 / (3.0 * true_cmk))
            print(f"{name}: true Cmk {true_cmk:.2f}: fit in {found:.1%}")
            assert low <= found <= high, (name, true_cmk, found)
    for tells_percent, (low, high) in {0.0: (0.97, 1.0), 3.5: (0.97, 1.0), 4.5: (0.0, 0.01), -4.5: (0.0, 0.01)}.items():
        found = share_fit(plain, s_nm=0.08, tells_percent=tells_percent)
        print(f"class B: the tool tells {tells_percent:+.1f} %: fit in {found:.1%}")
        assert low <= found <= high, (tells_percent, found)


@pytest.mark.campaign
@pytest.mark.timeout(1800)
def test_whole_verifications_of_simulated_tools_find_what_is_hidden_in_them(tmp_path: Path) -> None:
    """Real driver, wire-level controller and transducer: 15 seeds of each kind of tool."""
    joints = ("J1", "J2", "J3")
    expected = {"good": joints, "overshoots": joints[:2], "worn": (), "off": ()}
    files = read_files(Path(__file__).parents[3] / "config" / "station.sim.toml")
    print()
    for tool, fit in expected.items():
        right = 0
        for seed in range(15):
            folder = tmp_path / f"{tool}-{seed}"
            verify(files, Wishes(folder=folder, sim=tool, seed=seed))
            found = read_verification(folder, files.procedure, now=datetime.now(UTC), uses_since=lambda moment: 0)
            right += found.fit == fit
        print(f"{tool}: the verdict is right in {right} of 15")
        assert right >= (13 if tool in ("good", "overshoots") else 15)
