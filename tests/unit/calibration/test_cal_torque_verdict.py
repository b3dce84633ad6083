"""What a technician is told of a tool, and what the station reads of it: fit for these joints, and no others."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from pydantic import ValidationError
from support.torquetool import TODAY, check_of, door, measured, run_of, with_class_a
from support.torquetool import UTC as MADE

from calibration.observations import CalibrationError
from calibration.report.drawing import svg_of
from calibration.report.pictures import plots_of
from calibration.report.standing import standings
from calibration.store import Store
from calibration.torque.artefact import Carried, carried_from, chart_figures, keep, torque_artefact
from calibration.torque.budget import NOT_CHECKED
from calibration.torque.series import HARD, SOFT, chosen, guidance, plans_of
from calibration.torque.verdict import SeriesVerdict, judge, reference_suits
from station.config.artefact import Artefact, ArtefactError, Kind
from station.config.torque_check import TorqueCheckShape
from station.config.torque_result import fitness_of, torque_result
from station.core.procedure import JointClass, Procedure
from station.runtime.tool_verification import read_verification

NOW = datetime(2026, 3, 10, tzinfo=UTC)
NOT_TO_BE_SAID = re.compile(
    r"ISO|VDI|MFU|PFU|capable|traceable|accredited|conform|calibrated to|tested to|certified|category", re.I
)


def verdicts(procedure: Procedure | None = None, **truth: float) -> tuple[SeriesVerdict, ...]:
    check = check_of()
    return tuple(
        judge(plan, measured(plan, seed=number, **truth), check.reference, check.spans_nm)
        for number, plan in enumerate(plans_of(procedure or door(), check), start=3)
    )


def artefact(found: tuple[SeriesVerdict, ...], utc: str = MADE, carried: Carried | None = None) -> Artefact:
    return torque_artefact(
        found, check_of(), tool_serial="T1", by="Kim", utc=utc, software="t", inputs={"run": "0" * 64}, carried=carried
    )


def test_a_series_is_asked_for_each_joint_type() -> None:
    plans = plans_of(door(), check_of())
    assert [(plan.name, plan.joints) for plan in plans] == [
        ("B-9Nm-pset1", ("mirror/J1", "mirror/J2")),
        ("B-9Nm-pset2", ("mirror/J3",)),
    ]
    split = plans_of(door(), check_of(hard=["mirror/J1"], soft=["mirror/J2"]))
    assert [(plan.name, plan.rate) for plan in split][:2] == [("B-9Nm-pset1-hard", HARD), ("B-9Nm-pset1-soft", SOFT)]
    assert "hard test joint" in guidance(split[0])
    assert chosen(plans, ["B-9Nm-pset2"]) == plans[1:]
    assert chosen(plans, []) == plans


def test_class_a_asks_for_more() -> None:
    plan = plans_of(with_class_a(), check_of())[-1]
    assert (plan.joint_class, plan.readings, plan.cmk_min, plan.deviation_max_percent) == (JointClass.A, 50, 2.0, 2.0)


@pytest.mark.parametrize(
    ("names", "code"), [(["nuts"], "torque.unknown_series"), (["B-9Nm-pset1", "x"], "torque.unknown_series")]
)
def test_a_series_that_there_is_not_is_named_with_those_that_there_are(names, code) -> None:
    with pytest.raises(CalibrationError) as raised:
        chosen(plans_of(door(), check_of()), names)
    assert raised.value.code == code
    assert "B-9Nm-pset1" in str(raised.value)


def test_a_procedure_without_windows_cannot_be_verified_for() -> None:
    bare = replace(door(), joints=tuple(replace(joint, torque_max_nm=0.0) for joint in door().joints))
    for procedure, check, code in (
        (bare, check_of(), "torque.no_window"),
        (replace(door(), steps=()), check_of(), "torque.no_joints"),
        (door(), check_of(hard=["other/J9", "mirror/J9"]), "torque.unknown_joint"),
    ):
        with pytest.raises(CalibrationError) as raised:
            plans_of(procedure, check)
        assert raised.value.code == code


def test_a_good_tool_is_fit_and_every_figure_is_there() -> None:
    found = verdicts()
    assert all(verdict.fit for verdict in found)
    kept = artefact(found)
    assert kept.verdict.good
    assert kept.verdict.text.startswith("Fit for: mirror/J1, mirror/J2, mirror/J3.")
    figures = kept.figures["series"]["B-9Nm-pset1"]  # type: ignore[index, call-overload] # JSON
    assert len(figures["reference_nm"]) == len(figures["tool_nm"]) == len(figures["at_utc"]) == 25
    assert figures["capability"]["cmk_lower"] < figures["capability"]["cmk"]
    assert figures["budget"]["note"] == NOT_CHECKED
    assert "reference transducer T20 no. R-7, certificate no. C-1, valid until 2026-12-31" in kept.method
    assert Artefact.model_validate_json(kept.text()).id == kept.id


@pytest.mark.parametrize(
    ("truth", "word"),
    [
        ({"s_nm": 0.25}, "Cm 1."),
        ({"mean_nm": 9.62, "s_nm": 0.08}, "Cmk"),
        ({"mean_nm": 9.9, "s_nm": 0.08}, "readings outside 8.1 to 9.9"),
        ({"tells_percent": 6.0}, "more than the reference"),
        ({"tells_percent": -6.0}, "less than the reference"),
    ],
)
def test_what_is_wrong_with_a_tool_is_found_and_said(truth, word) -> None:
    found = verdicts(**truth)
    assert not any(verdict.fit for verdict in found)
    assert all(word in verdict.why for verdict in found)
    kept = artefact(found)
    assert not kept.verdict.good
    assert kept.verdict.text.startswith("Fit for: no joint. Not fit for: mirror/J1")
    assert "adjusted" in kept.verdict.advice


def test_readings_in_two_groups_are_not_judged_by_cm() -> None:
    plan, check = plans_of(door(), check_of())[0], check_of()
    low, high = measured(plan, seed=1, mean_nm=8.85, s_nm=0.02), measured(plan, seed=2, mean_nm=9.15, s_nm=0.02)
    pairs = tuple(one for both in zip(low.pairs[:13], high.pairs[:13], strict=True) for one in both)
    verdict = judge(plan, replace(low, pairs=pairs[:25]), check.reference, {})
    assert not verdict.fit
    assert "do not spread like chance" in verdict.why


def test_too_few_readings_give_no_verdict() -> None:
    plan, check = plans_of(door(), check_of())[0], check_of()
    for run in (run_of(plan), measured(plan, n=24)):
        with pytest.raises(CalibrationError) as raised:
            judge(plan, run, check.reference, {})
        assert raised.value.code == "torque.few_readings"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"valid_until": "2026-03-01"}, "torque.reference_expired"),
        ({"uncertainty_percent": 2.6}, "torque.reference_coarse"),
        ({"range_nm": 9.5}, "torque.reference_small"),
    ],
)
def test_a_reference_that_may_not_judge_is_refused_before_anything_is_measured(changes, code) -> None:
    plan, reference = plans_of(door(), check_of())[0], check_of().reference
    reference_suits(reference, plan, TODAY)
    reference_suits(reference, plan, date(2026, 12, 31))
    reference_suits(replace(reference, uncertainty_percent=2.5), plan, TODAY)
    with pytest.raises(CalibrationError) as raised:
        reference_suits(replace(reference, **changes), plan, TODAY)
    assert raised.value.code == code


def test_nothing_that_may_not_be_claimed_is_written() -> None:
    texts = []
    for truth in ({}, {"s_nm": 0.3}, {"mean_nm": 9.9}, {"tells_percent": 8.0}):
        kept = artefact(verdicts(**truth))
        texts.append(kept.text())
    assert [text for text in texts if NOT_TO_BE_SAID.search(text.replace("ISO 8601", ""))] == []


def test_hard_and_soft_are_compared_where_both_were_measured() -> None:
    check = check_of(hard=["mirror/J1"], soft=["mirror/J2"])
    hard, soft, _ = plans_of(door(), check)
    both = (
        judge(hard, measured(hard, seed=1, mean_nm=9.1), check.reference, {}),
        judge(soft, measured(soft, seed=2, mean_nm=8.95), check.reference, {}),
    )
    (found,) = artefact(both).figures["two_joint"]  # type: ignore[misc, union-attr] # JSON
    assert (found["hard"], found["soft"]) == (hard.name, soft.name)  # type: ignore[index, call-overload]
    assert found["mean_shift_pct"] == pytest.approx(-1.6, abs=0.6)  # type: ignore[index, call-overload]


def read(store: Path, procedure: Procedure | None = None, now: datetime = NOW, uses: int = 0):
    return read_verification(store, procedure or door(), now=now, uses_since=lambda moment: uses)


def test_a_tool_fit_for_some_joints_is_read_so_by_the_station(tmp_path: Path) -> None:
    good, bad = verdicts()[0], verdicts(s_nm=0.4)[1]
    keep(Store(tmp_path), artefact((good, bad)), "verified")
    found = read(tmp_path)
    assert (found.code, found.fit, found.serial) == ("", ("J1", "J2"), "T1")
    assert "Cm " in found.why_not["J3"]
    assert found.rundowns_left == 5000
    assert read(tmp_path, uses=4990).rundowns_left == 10


def test_what_does_not_count_is_told_with_its_reason_and_never_as_fit(tmp_path: Path) -> None:
    assert read(tmp_path).code == "calibration.missing"
    store = Store(tmp_path)
    keep(store, artefact(verdicts()), "verified")
    assert read(tmp_path, now=NOW + timedelta(days=171)).fit == ("J1", "J2", "J3")
    for found in (
        read(tmp_path, now=NOW + timedelta(days=173)),
        read(tmp_path, uses=5000),
    ):
        assert (found.code, found.fit) == ("calibration.expired", ())
    store.refute(Kind.TORQUE, "tool", utc=MADE, by="Kim", why="the test rundown was 7 % high")
    assert read(tmp_path).code == "calibration.refuted"
    store.confirm(Kind.TORQUE, "tool")
    path = next(tmp_path.glob("torque-tool/torque-*.json"))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('"fit":true', '"fit": true'), encoding="utf-8")
    assert read(tmp_path).fit == ("J1", "J2", "J3"), "spaces change no figure"
    path.write_text(text.replace('"max_nm":9.9', '"max_nm":9.8'), encoding="utf-8")
    assert (read(tmp_path).code, read(tmp_path).fit) == ("calibration.damaged", ())
    path.unlink()
    assert read(tmp_path).code == "calibration.missing"


def test_a_tool_found_unfit_is_locked_even_where_an_older_verification_was_good(tmp_path: Path) -> None:
    store = Store(tmp_path)
    keep(store, artefact(verdicts()), "verified")
    keep(store, artefact(verdicts(s_nm=0.4), utc="2026-03-05T08:00:00+00:00"), "verified")
    found = read(tmp_path)
    assert (found.code, found.fit) == ("calibration.not_good", ())
    with pytest.raises(ArtefactError) as raised:
        store.roll_back(Kind.TORQUE, "tool", utc=MADE, by="Kim", why="it was good")
    assert raised.value.code == "calibration.no_way_back"
    (shown,) = standings(tmp_path, NOW)
    assert shown.code == "calibration.not_good" and shown.earlier() == ()


def test_a_joint_that_was_changed_after_the_verification_is_not_covered(tmp_path: Path) -> None:
    result = torque_result(artefact(verdicts()))
    for change in (
        {"torque_max_nm": 9.8},
        {"torque_target_nm": 9.1},
        {"pset": 5},
        {"joint_class": JointClass.A},
    ):
        joints = tuple(replace(j, **change) if j.id == "J1" else j for j in door().joints)
        fit, why_not = fitness_of(result, replace(door(), joints=joints))
        assert fit == ("J2", "J3")
        assert "present figures" in why_not["J1"]
    milder = tuple(replace(j, joint_class=JointClass.C) for j in door().joints)
    assert fitness_of(result, replace(door(), joints=milder))[0] == ("J1", "J2", "J3")
    assert fitness_of(result, replace(door(), id="another"))[0] == ()


def test_a_joint_type_that_is_not_measured_again_ends_when_its_own_verification_ends(tmp_path: Path) -> None:
    store = Store(tmp_path)
    first, second = verdicts()
    keep(store, artefact((first, second)), "verified")
    later = "2026-06-01T08:00:00+00:00"
    now = datetime.fromisoformat(later)
    carried = carried_from(store, now=now, serial="T1", uses=4000)
    assert carried is not None
    assert carried_from(store, now=now, serial="T9", uses=0) is None, "another tool carries nothing over"
    assert carried_from(store, now=now, serial="T1", uses=5000) is None
    again = artefact((first,), utc=later, carried=carried)
    assert (again.expires_utc, again.expires_count) == ("2026-08-29T08:00:00+00:00", 1000)
    assert again.figures["carried"] == ["B-9Nm-pset2"]
    assert again.inputs["carried"] == carried.id
    whole = artefact((first, second), utc=later, carried=carried)
    assert whole.expires_count == 5000 and "carried" not in whole.inputs
    keep(store, again, "one series")
    assert read(tmp_path, now=now).fit == ("J1", "J2", "J3")


def test_the_chart_grows_over_verifications_of_the_same_tool(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for month in range(1, 4):
        keep(store, artefact(verdicts(), utc=f"2026-0{month}-02T08:00:00+00:00"), "verified")
    charts = chart_figures(store.history(Kind.TORQUE, "tool"), "T1")
    assert {len(drawn["means_nm"]) for drawn in charts.values()} == {15}
    assert json.loads(json.dumps(charts))["B-9Nm-pset1"]["baseline"] == 15
    assert chart_figures(store.history(Kind.TORQUE, "tool"), "T9") == {}
    keep(store, artefact(verdicts(mean_nm=9.3), utc="2026-04-02T08:00:00+00:00"), "verified")
    drifted = chart_figures(store.history(Kind.TORQUE, "tool"), "T1")["B-9Nm-pset1"]
    assert any(signal["at"] >= 15 for signal in drifted["signals"])
    (shown,) = standings(tmp_path, NOW)
    charts_drawn = [plot for plot in plots_of(shown) if plot.name.startswith("chart-")]
    assert len(charts_drawn) == 2
    assert "More than chance: subgroup" in charts_drawn[0].caption
    assert svg_of(charts_drawn[0]).count("<path") > 10


REFERENCE = {
    "name": "T20",
    "serial": "R-7",
    "certificate": "C-1",
    "valid_until": date(2026, 12, 31),
    "uncertainty_percent": 0.5,
    "step_nm": 0.001,
    "range_nm": 20.0,
}


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"hard": ["p/J1"], "soft": ["p/J1"]}, "both hard and soft"),
        ({"cmk_min": 2.5}, "cmk_min_class_a"),
        ({"readings": 60}, "readings_class_a"),
        ({"deviation_max_percent": 1.0}, "deviation_max_percent_class_a"),
        ({"transducer": {"url": "x", "pattern": "("}}, "regular expression"),
        ({"transducer": {"url": "x", "pattern": "\\d+"}}, "(?P<value>"),
        ({"hard": ["J1"]}, "String should match pattern"),
        ({"cmk": 1.0}, "Extra inputs"),
        ({"readings": 5}, "greater than or equal to 10"),
    ],
)
def test_demands_that_make_no_sense_are_refused(changes, word) -> None:
    with pytest.raises(ValidationError) as raised:
        TorqueCheckShape.model_validate({"reference": REFERENCE, **changes})
    assert word in str(raised.value)
