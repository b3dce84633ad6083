"""Artefacts on disk: whole or not at all, never changed unnoticed, and a way back to each."""

import json
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from calibration.store import Store
from station.config.artefact import (
    Artefact,
    ArtefactError,
    Kind,
    Verdict,
    current_id,
    folder_of,
    in_force,
    read_artefact,
)

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def _lens(focal_px: float = 1150.0, *, good: bool = True, **more: object) -> Artefact:
    return Artefact.model_validate(
        {
            "kind": Kind.LENS,
            "subject": "top",
            "made_utc": NOW.isoformat(),
            "by": "Ken",
            "method": "ChArUco board, 20 views",
            "software": "1",
            "result": {"lens": [focal_px, focal_px, 639.5, 359.5, -0.11, 0.06, 0.0006, -0.0004, 0.0]},
            "figures": {"rms_px": 0.19},
            "verdict": Verdict(
                good=good, text="Good to 0.1 mm at the part.", advice="" if good else "Take more views."
            ),
            **more,
        }
    )


def _force(store: Store, artefact: Artefact, why: str = "new") -> None:
    store.put_in_force(artefact, utc=NOW.isoformat(), by="Ken", why=why)


def test_what_was_put_in_force_is_read_back_to_the_last_digit(tmp_path):
    artefact = _lens(1150.123456789012345)
    _force(Store(tmp_path), artefact)
    assert in_force(tmp_path, Kind.LENS, "top", now=NOW) == artefact
    assert current_id(tmp_path, Kind.LENS, "top") == artefact.id


def test_an_id_is_of_everything_in_the_file():
    ids = {_lens().id, _lens(1151.0).id, _lens(by="Mika").id, _lens(serial="A1").id, _lens(figures={"rms_px": 0.2}).id}
    assert len(ids) == 5


@pytest.mark.parametrize(
    ("damage", "code"),
    [
        (lambda text: text.replace("1150.0", "1160.0", 1), "calibration.damaged"),
        (lambda text: text[: len(text) // 2], "calibration.damaged"),
        (lambda text: text.replace('"by"', '"buy"'), "calibration.damaged"),
        (None, "calibration.missing"),
    ],
)
def test_a_file_that_was_changed_broken_or_taken_away_is_never_used(tmp_path, damage, code):
    artefact = _lens()
    _force(Store(tmp_path), artefact)
    path = folder_of(tmp_path, Kind.LENS, "top") / f"{artefact.id}.json"
    if damage is None:
        path.unlink()
    else:
        path.write_text(damage(path.read_text(encoding="utf-8")), encoding="utf-8")
    with pytest.raises(ArtefactError) as raised:
        in_force(tmp_path, Kind.LENS, "top", now=NOW)
    assert raised.value.code == code


def test_a_bad_one_stays_out_and_the_old_one_stays_in_force(tmp_path):
    store, old, bad = Store(tmp_path), _lens(), _lens(900.0, good=False)
    _force(store, old)
    with pytest.raises(ArtefactError, match="Take more views") as raised:
        _force(store, bad)
    assert raised.value.code == "calibration.not_good"
    assert in_force(tmp_path, Kind.LENS, "top", now=NOW) == old
    assert store.history(Kind.LENS, "top") == (old,)


def test_it_ends_with_its_time_with_its_uses_and_with_its_device(tmp_path):
    until = NOW + timedelta(days=1)
    artefact = _lens(expires_utc=until.isoformat(), expires_count=500, serial="A1")
    _force(Store(tmp_path), artefact)
    assert in_force(tmp_path, Kind.LENS, "top", now=until - timedelta(seconds=1), serial="A1", uses=499) == artefact
    for asked, code in (
        ({"now": until}, "calibration.expired"),
        ({"now": NOW, "uses": 500}, "calibration.expired"),
        ({"now": NOW, "serial": "B2"}, "calibration.other_device"),
    ):
        with pytest.raises(ArtefactError) as raised:
            in_force(tmp_path, Kind.LENS, "top", **asked)
        assert raised.value.code == code


def test_the_way_back_and_who_took_it(tmp_path):
    store, first, second = Store(tmp_path), _lens(), _lens(1151.0)
    with pytest.raises(ArtefactError, match="no lens calibration before"):
        store.roll_back(Kind.LENS, "top", utc="t", by="Ken", why="none yet")
    _force(store, first, "first")
    _force(store, second, "second")
    back = store.roll_back(Kind.LENS, "top", utc="2026-03-02T08:00:00+00:00", by="Mika", why="blurred pictures")
    assert back == first
    assert in_force(tmp_path, Kind.LENS, "top", now=NOW) == first
    assert [(line.id, line.by, line.why) for line in store.log(Kind.LENS, "top")] == [
        (first.id, "Ken", "first"),
        (second.id, "Ken", "second"),
        (first.id, "Mika", "blurred pictures"),
    ]
    assert store.roll_back(Kind.LENS, "top", utc="t", by="Mika", why="sharp after all", to=second.id) == second


def test_a_broken_last_line_of_the_log_hides_no_others(tmp_path):
    store = Store(tmp_path)
    _force(store, _lens())
    with (folder_of(tmp_path, Kind.LENS, "top") / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write('{"id": "lens-top-12')
    assert [line.by for line in store.log(Kind.LENS, "top")] == ["Ken"]
    _force(store, _lens(1151.0), "after the power came back")
    assert [line.why for line in store.log(Kind.LENS, "top")] == ["new", "after the power came back"]
    assert store.roll_back(Kind.LENS, "top", utc="t", by="Ken", why="try") == _lens()


def test_two_programs_that_write_at_once_lose_nothing(tmp_path):
    code = (
        "import sys; sys.path.insert(0, sys.argv[3]); from pathlib import Path; import test_cal_store as t\n"
        "for n in range(40): t._force(t.Store(Path(sys.argv[1])), t._lens(1000.0 + n, by=sys.argv[2]))"
    )
    here = str(Path(__file__).parent)
    writers = [subprocess.Popen([sys.executable, "-c", code, str(tmp_path), by, here]) for by in ("Ken", "Mika")]
    while any(writer.poll() is None for writer in writers):
        if current_id(tmp_path, Kind.LENS, "top") is not None:
            in_force(tmp_path, Kind.LENS, "top", now=NOW)
    assert [writer.wait() for writer in writers] == [0, 0]
    assert len(Store(tmp_path).log(Kind.LENS, "top")) == 80
    assert len(Store(tmp_path).history(Kind.LENS, "top")) == 80


def test_an_artefact_of_another_device_in_its_folder_is_not_taken_for_its_own(tmp_path):
    _force(Store(tmp_path), _lens())
    shutil.copytree(folder_of(tmp_path, Kind.LENS, "top"), folder_of(tmp_path, Kind.LENS, "side"))
    with pytest.raises(ArtefactError, match="is not of it") as raised:
        in_force(tmp_path, Kind.LENS, "side", now=NOW)
    assert raised.value.code == "calibration.damaged"


def test_files_say_their_own_frames_and_units(tmp_path):
    path = Store(tmp_path).keep(_lens())
    assert "a_from_b" in json.loads(path.read_text(encoding="utf-8"))["frames"]
    assert read_artefact(path).schema_ == "calibration/1"
