"""Verdicts of calibrations and daily checks in the page's words: both languages, by codes and figures of the files."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from support.calibrated_store import NOW, made
from support.scripted_desk import PHRASES

from calibration.daily.rundown import rundown_shift
from calibration.daily.verdicts import DeviceVerdict, Found, tool_verdict, untold
from calibration.flange_record import FlangeRecord
from calibration.report.standing import Standing
from station.config.artefact import Artefact, Kind
from station.config.phrases import GAP
from station.web.bench_job import Doing, Result
from station.web.calibrate_overview_views import overview
from station.web.calibrate_robot_desk import RobotWorkshop
from station.web.calibrate_robot_views import robot_view
from station.web.calibrate_verdicts import SHORT, WHY, calibration_told, device_told

ARM = {"notices_deg": [0.1, 0.31, 0.2], "allowed_deg": 0.5, "largest_mm": 0.8, "likely_joint": 0, "likely_deg": 0.0}
TOOL = {"value": 19.0, "mean": 20.1, "unit": "N·m", "notices": 0.7, "allowed": 1.9}
CAMERA = {"notices_deg": 0.005, "notices_mm": 0.09, "notices_off_mm": 0.4, "off_mm": 0.3, "allowed_mm": 0.25}
FIGURES = {Kind.ARM: ARM, Kind.TORQUE: TOOL, Kind.CAMERA: CAMERA}
CHECKED = {"top": Kind.CAMERA, "cobot": Kind.ARM, "tool": Kind.TORQUE}


def english_words(text: str) -> list[str]:
    """Words of three letters and more that a Japanese sentence has no business with."""
    return [word for word in re.findall(r"[A-Za-z]{3,}", text) if word not in ("top", "cobot")]


ALL = [(Kind.CAMERA, found) for found in Found] + [
    (kind, found) for kind in (Kind.ARM, Kind.TORQUE) for found in (Found.SAME, Found.MOVED, Found.UNTOLD)
]


@pytest.mark.parametrize(("kind", "found"), ALL)
def test_each_verdict_of_a_check_is_worded_in_both_languages(kind: Kind, found: Found) -> None:
    """It should leave no gap and no English in a Japanese sentence, whatever was found of whatever device."""
    device = {"device": "top", "kind": str(kind), "found": str(found)}
    for why in sorted(WHY) if found is Found.UNTOLD else [""]:
        figures = {**FIGURES[kind], "why": why, "loose_tags": [7], "text": "as filed"}
        figures["advice"] = "" if found is Found.SAME else "as filed"
        for language in PHRASES.languages:
            told = device_told(device, figures, PHRASES, language)
            assert (told.language, GAP in told.text + told.advice) == (language, False)
            assert told.advice_language == language and bool(told.advice) is (found is not Found.SAME), told
            assert language == "en" or not english_words(told.text + told.advice), told


def test_the_detection_power_of_arm_and_tool_is_said() -> None:
    """It should say of the weakest joint, and of the tool in its unit, how small a change would have been noticed."""
    arm = device_told({"device": "cobot", "kind": "arm", "found": "same"}, ARM, PHRASES, "en")
    assert arm.text.endswith("(would have noticed 0.4° of joint 2, the weakest).")
    slipped = {**ARM, "likely_joint": 5, "likely_deg": -0.333}
    told = device_told({"device": "cobot", "kind": "arm", "found": "moved"}, slipped, PHRASES, "ja")
    assert "関節 5 が約 0.33° ずれています" in told.text and "関節 5" in told.advice
    readings = [20.0, 20.2, 19.9, 20.1, 20.3, 20.0, 20.1, 19.8, 20.2, 20.0]
    verdict = tool_verdict(rundown_shift(20.1, readings), "N·m", allowed=1.9)
    tool = device_told({"device": "tool", "kind": "torque", "found": "same"}, verdict.figures, PHRASES, "en")
    assert re.search(r"20\.1 N·m, 20\.06 N·m before; would have noticed 1\.0 N·m", tool.text)


def test_what_has_no_code_is_told_by_its_file() -> None:
    """It should show the file's own advice, marked as English, where no phrase is known."""
    filed = {"text": "top: not checked.", "advice": "Feed the cat."}
    told = device_told({"device": "top", "kind": "camera", "found": "untold"}, filed, PHRASES, "ja")
    assert (told.text, told.advice, told.advice_language) == (
        "カメラ top：点検できませんでした。",
        "Feed the cat.",
        "en",
    )
    odd = device_told({"device": "top", "kind": "lens", "found": "new"}, filed, PHRASES, "ja")
    assert (odd.text, odd.language) == ("top: not checked.", "en")
    assert untold("top", Kind.CAMERA, "daily.tags", "Clear the bench.").figures == {"why": "tags"}


def test_a_calibration_is_told_by_its_figures() -> None:
    """It should give error, hold-out and need in millimetres in the page's language, and what is short of it."""
    figures: dict[str, object] = {"error_at_part_95_mm": 0.412, "held_out_mm": 0.3, "needed_mm": 0.5}
    arm = made(Kind.ARM, "cobot", 1, {}, figures, "The arm: 0.41 mm")
    told = calibration_told(arm, PHRASES, "ja")
    assert told.text == "部品の位置で 0.41 mm（95 %）。 校正に使わなかったものでは 0.30 mm。 必要なのは 0.50 mm です。"
    assert told.advice == ""
    for short in ("", *sorted(SHORT)):
        bad = _not_good(made(Kind.LENS, "top", 1, {}, {"doubt_mm": 0.2, "needed_mm": 0.1, "short": short}, "x"))
        shown = calibration_told(bad, PHRASES, "ja")
        assert shown.advice and not english_words(shown.text + shown.advice)
    joints = {"hard": {"fit": True, "joints": ["p/J1"]}, "soft": {"fit": False, "joints": ["p/J3", "p/J2"]}}
    tool = calibration_told(made(Kind.TORQUE, "tool", 1, {"joints": joints}, {}, "x"), PHRASES, "en")
    assert tool.text == "Fit for: p/J1. Not fit for: p/J2, p/J3." and "locks" in tool.advice
    silent = calibration_told(made(Kind.ARM, "cobot", 1, {}, {}, "0.4 mm."), PHRASES, "ja")
    assert (silent.text, silent.language) == ("0.4 mm.", "en"), "figures that say nothing: the file's own words"


def test_what_a_check_left_out_is_said_as_not_done() -> None:
    """It should list the arm and the tool that a check of the cameras alone says nothing of, and not call it whole."""
    devices = [{"device": "top", "kind": "camera", "found": "same", "good": True}]
    check = made(Kind.DAILY, "b-1", 0, {"devices": devices}, {"top": CAMERA}, "top", good_for_days=1)
    check = check.model_copy(update={"method": "daily check"})
    standing = Standing(
        kind=Kind.DAILY, subject="b-1", artefact=check, code="", text="", log=(), history=(check,)
    )  # fmt: skip
    now = NOW + timedelta(hours=1)
    for language, arm in (
        ("en", "Robot (cobot): not done in this check."),
        ("ja", "ロボット（cobot）：今回は点検していません。"),
    ):
        daily = overview([standing], "b-1", now, PHRASES, language, "", CHECKED)["daily"]
        assert [each["found"] for each in daily["devices"]] == ["same", "not_done", "not_done"]
        assert daily["good"] and not daily["whole"] and not any(each["good"] for each in daily["devices"][1:])
        assert daily["devices"][1]["text"] == arm
    alone = overview([standing], "b-1", now, PHRASES, "en", "", {"top": Kind.CAMERA})["daily"]
    assert alone["whole"] and len(alone["devices"]) == 1


def _not_good(artefact: Artefact) -> Artefact:
    return artefact.model_copy(update={"verdict": artefact.verdict.model_copy(update={"good": False})})


def test_the_page_of_a_check_words_its_results_too(tmp_path: Path) -> None:
    """It should tell what the check found in the page's language, and a record without figures as it is."""
    slipped = {**ARM, "likely_joint": 5, "likely_deg": 0.3}
    found = DeviceVerdict(device="cobot", kind=Kind.ARM, found=Found.MOVED, text="cobot: off.", figures=slipped)
    sources = [found, made(Kind.ARM, "cobot", 1, {}, {}, "0.4 mm."), None]
    results = tuple(
        Result(kind="arm", name="cobot", good=False, error_mm=None, text="As filed.", id="1", source=source)
        for source in sources
    )
    view = RobotWorkshop({}, FlangeRecord(tmp_path), lambda: 0.0).look("Ken")
    shown = robot_view(replace(view, doing=Doing.KEPT, job="check", results=results), PHRASES, "ja")["results"]
    assert shown[0]["language"] == "ja" and "関節 5 が約 0.30°" in shown[0]["text"]
    assert [(each["text"], each["language"]) for each in shown[1:]] == [("As filed.", "en")] * 2
