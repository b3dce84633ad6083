"""The printed kit, the station's files and the measures all say the same, in millimetres."""

from pathlib import Path

import numpy as np
import pytest
from support.paper_desk import PX_PER_MM, printed

from station.config.bench import bench_of
from station.desk_kit import geometry as g
from station.desk_kit.sheets import write_kit
from station.runtime.setting import read_files
from vision.apriltag_detector import AprilTagDetector
from vision.bench import Body

CONFIG = Path(__file__).parents[3] / "config" / "station.desk.toml"
PAPER = {body.name: body for body in [g.mat(), g.tower(), *map(g.carrier, g.CARRIERS), *map(g.token, g.JOINTS)]}
ON_PAPER = 0.12
"""Half a pixel of the rendered page, in mm, and a little."""


def tags_on(page: np.ndarray) -> dict[int, np.ndarray]:
    """Tag id -> (4, 2) corners in the sheet's frame: bottom left, bottom right, top right, top left."""
    grey = np.ascontiguousarray(page.mean(axis=2).astype(np.uint8))
    height, width = grey.shape
    found = {}
    for tag in AprilTagDetector(1.0).detect(grey):
        if tag.hamming == 0:
            corners = np.array(tag.corners)[[2, 3, 0, 1]]
            found[tag.tag_id] = np.column_stack(
                [(corners[:, 0] - width / 2) / PX_PER_MM, (height / 2 - corners[:, 1]) / PX_PER_MM]
            )
    return found


@pytest.mark.parametrize("paper", ["a4", "letter"])
def test_every_tag_is_printed_where_and_as_large_as_the_measures_say(paper: str, tmp_path: Path) -> None:
    """It should find each tag on its page, upright, at its place and size within an eighth of a millimetre."""
    pages = printed(paper, tmp_path)
    seen = {sheet: tags_on(pages[sheet]) for sheet in (g.MAT, g.PARTS, g.TOOL)}
    wanted = [(panel.sheet, tag) for body in PAPER.values() for panel in body.panels for tag in panel.tags]
    assert len(wanted) == 20
    for sheet, tag in wanted:
        half = tag.size_mm / 2
        square = np.array(tag.at_mm) + np.array([[-half, -half], [half, -half], [half, half], [-half, half]])
        assert np.abs(seen[sheet][tag.tag_id] - square).max() < ON_PAPER, tag


def test_a_shrinking_printer_is_given_a_larger_drawing(tmp_path: Path) -> None:
    """It should draw 100/98 times as large where 98 mm of 100 came out, so that the paper is true."""
    tags = tags_on(printed("a4", tmp_path, scale=0.98)[g.MAT])
    for tag_id, at in g.FIXTURE_TAGS.items():
        assert np.abs(tags[tag_id].mean(axis=0) * 0.98 - at).max() < ON_PAPER


def test_a_misread_ruler_is_refused(tmp_path: Path) -> None:
    """It should not print for a scale that no printer has."""
    with pytest.raises(ValueError, match="divide by 100"):
        write_kit(tmp_path / "kit.pdf", "a4", scale=98.0)
    assert not (tmp_path / "kit.pdf").exists()


def test_the_same_kit_is_the_same_file(tmp_path: Path) -> None:
    """It should write the same bytes each time."""
    for name in ("one.pdf", "two.pdf"):
        write_kit(tmp_path / name, "letter")
    assert (tmp_path / "one.pdf").read_bytes() == (tmp_path / "two.pdf").read_bytes()


def same_tags(body: Body, paper: Body) -> None:
    """Fail unless both carry the same tags in the same places."""
    mine, its = ({mount.tag_id: mount for mount in each.tags} for each in (body, paper))
    assert mine.keys() == its.keys()
    for tag_id, mount in mine.items():
        assert mount.size_mm == its[tag_id].size_mm
        assert np.allclose(mount.corners_mm(), its[tag_id].corners_mm(), atol=1e-9), (body.name, tag_id)


def test_the_station_files_have_the_measures_of_the_sheets() -> None:
    """It should find mat, parts, tool, nuts, joints, trays, door and pass in the files as they are on paper."""
    files = read_files(CONFIG)
    bench = bench_of(files.station, files.procedure)
    same_tags(bench.fixture, PAPER["fixture"].body())
    for body in bench.bodies:
        same_tags(body, PAPER[body.name].body())
    assert {body.name for body in bench.bodies} == PAPER.keys() - {"fixture"}
    for joint in files.procedure.joints:
        assert joint.position_mm == pytest.approx(g.joint_mm(joint.id))
    places = {place.id: place.at_mm for place in files.procedure.places}
    assert places["door"] == (*g.WORK_PLACE, 0.0)
    for part in files.procedure.parts:
        assert places[part.tray] == (*g.TRAYS[part.id], 0.0)
    assert g.PASS_TEXT in files.orders


def test_folding_puts_faces_edge_to_edge() -> None:
    """It should make a closed lid and a closed tower: every wall meets the lid, and stands on the table."""
    for name, top_mm in (("paper-blue", g.CARRIER_HEIGHT_MM), ("tool", g.TOWER_HEIGHT_MM)):
        *walls, lid = PAPER[name].panels
        corners = lid.body_from_sheet.apply([[*corner, 0.0] for corner in lid.outline_mm])
        assert np.allclose(corners[:, 2], top_mm)
        for wall in walls:
            folded = wall.body_from_sheet.apply([[*corner, 0.0] for corner in wall.outline_mm])
            upper, lower = folded[folded[:, 2] > top_mm / 2], folded[folded[:, 2] <= top_mm / 2]
            assert len(upper) == len(lower) == 2 and np.allclose(lower[:, 2], 0.0, atol=1e-9)
            for corner in upper:
                assert np.linalg.norm(corners - corner, axis=1).min() < 1e-9
            outwards = wall.body_from_sheet.rotation[:, 2]
            assert outwards @ (folded.mean(axis=0) - [0.0, 0.0, top_mm / 2]) > 0
