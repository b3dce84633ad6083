"""A process engineer writes a procedure; every mistake is told at once, with its place and what to do."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.config.errors import ConfigError
from station.config.phrases import load_phrases
from station.config.procedure_draft import Known
from station.config.procedure_file import load_procedure, validate_against
from station.config.station_file import known_of, load_station
from station.core.procedure import Confirmation, Fastener, PartAt, PassShown, Role, Tightening

CONFIG = Path(__file__).parents[3] / "config"
PROCEDURES = ("door-mirror", "rear-emblem", "wheel")
MIRROR = (CONFIG / "procedures/door-mirror.toml").read_text(encoding="utf-8")


CHECK = """
[[check]]
id = "rim"
kind = "seated"
at_mm = [110, 120, 68]
size_mm = [60, 20]
states = ["seated", "raised"]

"""


def told(tmp_path: Path, text: str, known: Known | None = None) -> list[str]:
    """What loading this text complains of, one line a mistake."""
    path = tmp_path / "work.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_procedure(path, known)
    return [str(problem).replace(str(path), "work.toml") for problem in caught.value.problems]


def changed(*pairs: tuple[str, str]) -> str:
    """The mirror's procedure with some text replaced, each once."""
    text = MIRROR
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new, 1)
    return text


@pytest.mark.parametrize("name", PROCEDURES)
def test_every_procedure_fits_the_simulated_station_and_the_phrases(name: str) -> None:
    """It should load, and everything it names should be there."""
    station = load_station(CONFIG / "station.sim.toml")
    known = known_of(station, load_phrases(CONFIG / "phrases").keys("en"))
    procedure = load_procedure(CONFIG / f"procedures/{name}.toml", known)
    assert procedure.id == name
    assert all(f"{step.say}.short" in (known.phrases or ()) for step in procedure.steps)


def test_the_mirror_says_what_the_job_says() -> None:
    """It should place within 2 mm and 2 degrees, and tighten 1, 2, 3 in order at 9 N·m, class B."""
    procedure = load_procedure(CONFIG / "procedures/door-mirror.toml")
    assert PassShown() in procedure.step("check-in").demands
    place = procedure.step("place-mirror").demands[0]
    assert isinstance(place, PartAt)
    assert (place.within_mm, place.within_deg, place.still_s) == (2.0, 2.0, 0.5)
    order = [d.joint for step in procedure.steps for d in step.demands if isinstance(d, Tightening)]
    assert order == ["J1", "J2", "J3"]
    assert {(j.joint_class, j.torque_min_nm, j.torque_target_nm, j.torque_max_nm) for j in procedure.joints} == {
        ("B", 8.1, 9.0, 9.9)
    }
    assert all(Fastener(joint=j) in procedure.step(f"tighten-{j[1]}").gates for j in order)


def test_the_emblem_needs_neither_tool_nor_cobot() -> None:
    """It should ask for nothing that the emblem's bench may not have."""
    procedure = load_procedure(CONFIG / "procedures/rear-emblem.toml")
    assert not procedure.needs_tool()
    assert not procedure.needs_cobot()
    assert procedure.cobot_zone is None


def test_the_wheel_goes_in_star_order_with_a_qualified_word_on_each_joint() -> None:
    """It should be class A throughout, each joint with tool result and confirmation in one step."""
    procedure = load_procedure(CONFIG / "procedures/wheel.toml")
    steps = [step for step in procedure.steps if any(isinstance(d, Tightening) for d in step.demands)]
    assert [d.joint for step in steps for d in step.demands if isinstance(d, Tightening)] == [
        "J1",
        "J3",
        "J5",
        "J2",
        "J4",
    ]
    for step in steps:
        assert Confirmation(what="confirm.joint-qualified", by=Role.QUALIFIED) in step.demands
    assert {(j.joint_class, j.torque_target_nm) for j in procedure.joints} == {("A", 103.0)}
    for joint in procedure.joints:
        x, y = joint.position_mm[0] - 110, joint.position_mm[1] - 60
        assert (x * x + y * y) ** 0.5 == pytest.approx(114.3 / 2, abs=0.2)


def test_many_mistakes_are_told_at_once(tmp_path: Path) -> None:
    """It should name file, line, key, what is wrong and what to do, for every one of them, in the order of the file."""
    text = changed(
        ('title = "Door mirror"', 'titel = "Door mirror"\ntitle = "Door mirror"'),
        ('label = "2"', "label = 2"),
        ("min = 8.1, target = 9.0", "min = 9.1, target = 9.0"),
        ("id = 11, size_mm = 30", "id = 10, size_mm = 30"),
        ("demands = [{ pass_shown = {} }]", "demands = []"),
        ('role = "mirror", place = "door", within_mm', 'role = "mirror", place = "dor", within_mm'),
        ('gestures = ["step-back"]\n', 'gestures = ["step-back"]\ntimeout = 3\n'),
        ('tightening = { joint = "J3" }', 'tightening = { joint = "J4" }'),
    )
    problems = told(tmp_path, text)
    assert problems == sorted(problems, key=lambda problem: int(problem.split(":")[1]))
    together = "\n".join(problems)
    for expected in (
        "procedure.titel: unknown key `titel`; did you mean `title`?",
        "part[0].tag[1].id: tag 10 is on mirror-right-red twice",
        "joint[0].torque_nm: min, target, max are 9.1, 9, 9.9 N·m; let min < target < max",
        "joint[1].label: input should be a valid string, found 2; write a text in quotes",
        "step[1]: check-in has no demands, so it can never fail",
        "step[3].demands[0].part_at.place: there is no place `dor`; did you mean `door`?",
        "step[8].demands[0].tightening.joint: there is no joint `J4`; use one of: J1, J2, J3",
        "step[9].timeout: unknown key `timeout`; did you mean `timeout_s`?",
    ):
        assert expected in together
    assert len(problems) <= 11


def test_a_line_is_the_line_of_the_mistake(tmp_path: Path) -> None:
    """It should point at the element of an array that is written over several lines."""
    text = changed(
        ('{ fastener = { joint = "J2" } },\n    { fastener = { joint = "J3" } },', '{ fastener = { joint = "J9" } },')
    )
    (problem,) = told(tmp_path, text)
    line = next(n for n, row in enumerate(text.splitlines(), 1) if "J9" in row)
    assert problem.startswith(f"work.toml:{line}: step[5].demands[1].fastener.joint: there is no joint `J9`")


def test_text_that_is_not_toml_gives_its_line(tmp_path: Path) -> None:
    """It should say where reading ended."""
    (problem,) = told(tmp_path, 'title = "a"\n[procedure\n')
    assert problem.startswith("work.toml:2:")


def test_a_missing_file_says_so(tmp_path: Path) -> None:
    """It should name the file and what to check."""
    with pytest.raises(ConfigError, match="cannot be read"):
        load_procedure(tmp_path / "nothing.toml")


WRONG = {
    "a class A joint without an angle window": (
        [('class = "B"', 'class = "A"'), ("angle_deg = { min = 20, max = 110 }\n", "")],
        "J1 is class A and has no `angle_deg`",
    ),
    "a class A joint that nobody confirms": ([('class = "B"', 'class = "A"')], "nobody qualified confirms it"),
    "a tightened joint without a parameter set": ([("pset = 1\n", "")], "J1 is tightened but has no `pset`"),
    "a tightened joint without an angle window": (
        [("angle_deg = { min = 20, max = 110 }\n", "")],
        "J1 is tightened but has no `angle_deg`",
    ),
    "an angle window upside down": ([("min = 20, max = 110", "min = 120, max = 110")], "min, max are 120, 110 degrees"),
    "a tightening that no nut gates": ([('gates = [{ fastener = { joint = "J1" } }]', "")], "without having seen"),
    "a tightening gated by another joint's nut": (
        [('gates = [{ fastener = { joint = "J1" } }]', 'gates = [{ fastener = { joint = "J2" } }]')],
        "without having seen a fastener there",
    ),
    "gestures in an any-order group": ([('id = "tighten"\n', 'id = "tighten"\nany_order = true\n')], "has gestures"),
    "a place confirmed where it chooses": (
        [
            ('id = "tighten"\n', 'id = "tighten"\nany_order = true\n'),
            ('gestures = ["point-J1", "hold"]\n', 'position = "confirm"\n'),
        ],
        "the position chooses the joint",
    ),
    "a mark that nothing waits for": (
        [('id = "start-nuts"\n', 'id = "start-nuts"\non_fail = { then = "mark" }\n')],
        "is alone in its group",
    ),
    "a strategy that is none": (
        [('id = "tighten-1"\n', 'id = "tighten-1"\non_fail = { then = "ignore" }\n')],
        "on_fail.then",
    ),
    "a grace of minutes": ([("pset = 2\n", "pset = 2\ngrace_s = 60\n")], "grace_s"),
    "a group in two places": (
        [('id = "final-look"\n', 'id = "x"\n'), ('id = "record"\n', 'id = "record"\ngroup = "tighten"\n')],
        "do not stand together",
    ),
    "a group that is not declared": ([('group = "tighten"', 'group = "thigten"')], "there is no group `thigten`"),
    "a group without steps": ([("[[group]]\n", '[[group]]\nid = "more"\n\n[[group]]\n')], "no step is in group `more`"),
    "a place that stands twice": ([('id = "tray-left-red"\n', 'id = "door"\n')], "is also the id of place[0]"),
    "a tag on two parts": ([("id = 13,", "id = 10,")], "tag 10 is also on mirror-right-red"),
    "a variant that stands twice": ([('variant = "left-red"', 'variant = "right-red"')], "already"),
    "a role that no part has": (
        [('part_taken = { role = "mirror"', 'part_taken = { role = "miror"')],
        "did you mean `mirror`",
    ),
    "a part that is placed before it is taken": (
        [('part_taken = { role = "mirror" }', 'hands_clear = { zone = "tray" }')],
        "before any step has it taken",
    ),
    "two tolerances for one place": ([("within_mm = 2,", "within_mm = 3,")], "has other tolerances here"),
    "a part that is demanded in its tray": (
        [('place = "door", within', 'place = "tray-right-red", within')],
        "is the tray",
    ),
    "no time at all": ([("timeout_s = 240", "timeout_s = 0")], "0 s is no time"),
    "a demand with two kinds of evidence": (
        [('{ part_taken = { role = "mirror" } }', '{ part_taken = { role = "mirror" }, pass_shown = {} }')],
        "it has part_taken and pass_shown",
    ),
    "gestures without a zone": ([('cobot_zone = "cobot"\n', "")], "has no `cobot_zone`"),
    "a gate that is not seen": (
        [
            (
                'gates = [{ fastener = { joint = "J1" } }]',
                'gates = [{ fastener = { joint = "J1" } }, { tightening = { joint = "J2" } }]',
            )
        ],
        "a gate is something seen",
    ),
    "a check that sees nothing to tell apart": (
        [("[[group]]", CHECK.replace('["seated", "raised"]', '["seated"]') + "[[group]]")],
        "at least 2",
    ),
    "a state that was never taught": (
        [
            ("[[group]]", CHECK + "[[group]]"),
            ("{ pass_shown = {} }", '{ checked = { check = "rim", state = "seatd" } }'),
        ],
        "there is no state `seatd`; did you mean `seated`",
    ),
    "a check that is not there": (
        [("{ pass_shown = {} }", '{ checked = { check = "rim", state = "seated" } }')],
        "there is no check `rim`",
    ),
    "a fastener with another's tag": (
        [("pset = 2\n", "pset = 2\ntoken = [{ id = 12, size_mm = 20, at_mm = [0, 0, 3] }]\n")],
        "tag 12 is also on mirror-right-red",
    ),
    "a joint that points nowhere": ([("pset = 2\n", "pset = 2\naxis = [0, 0, 0]\n")], "has no direction"),
    "one table where several belong": ([("[[group]]", "[group]")], "double brackets"),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_what_cannot_work_is_refused(tmp_path: Path, mistake: str) -> None:
    """It should refuse a procedure with this mistake."""
    pairs, expected = WRONG[mistake]
    assert expected in "\n".join(told(tmp_path, changed(*pairs)))


def test_names_of_other_files_are_checked_where_they_are_known(tmp_path: Path) -> None:
    """It should find unknown zones, gestures, phrases, and tags that the station already uses."""
    known = Known(zones={"door"}, gestures={"home"}, phrases={"step.welcome"}, station_tags={10: "tool"})
    together = "\n".join(told(tmp_path, MIRROR, known))
    for expected in (
        "there is no zone `cobot`",
        "there is no gesture `point-J1`",
        "there is no phrase `step.record`",
        "there is no phrase `confirm.consent`",
        "there is no phrase `part.mirror.right-red`",
        "tag 10 is also on tool",
    ):
        assert expected in together
    procedure = load_procedure(CONFIG / "procedures/door-mirror.toml")
    with pytest.raises(ConfigError) as caught:
        validate_against(procedure, known)
    assert len(caught.value.problems) == len(told(tmp_path, MIRROR, known))


LINES = MIRROR.splitlines()


@given(st.integers(0, len(LINES) - 1))
def test_without_any_one_line_it_loads_or_says_why(tmp_path_factory: pytest.TempPathFactory, dropped: int) -> None:
    """It should never fail in any way but a list of mistakes."""
    path = tmp_path_factory.mktemp("procedures") / "work.toml"
    path.write_text("\n".join(LINES[:dropped] + LINES[dropped + 1 :]), encoding="utf-8")
    try:
        load_procedure(path)
    except ConfigError as error:
        assert error.problems
        assert all(problem.what and problem.todo for problem in error.problems)


def test_a_joint_goes_with_a_part_that_stands_at_one_place(tmp_path: Path) -> None:
    """It should take the role of a part, and refuse one that is not there or that the steps ask for nowhere."""
    on = 'label = "1"\nclass = "B"\n'
    path = tmp_path / "good.toml"
    path.write_text(changed((on, on + 'on = "mirror"\n')), encoding="utf-8")
    assert [joint.on for joint in load_procedure(path).joints] == ["mirror", "", ""]
    (line,) = told(tmp_path, changed((on, on + 'on = "miror"\n')))
    assert "there is no part with the role `miror`" in line
    somewhere = '{ part_at = { role = "mirror", place = "door", within_mm = 2, within_deg = 2, still_s = 0.5 } }'
    elsewhere = somewhere.replace('"door"', '"tray-right-red-2"')
    place = '[[place]]\nid = "tray-right-red-2"\nat_mm = [0, 0, 0]\n\n# The parts'
    (line,) = told(tmp_path, changed((on, on + 'on = "mirror"\n'), (somewhere, elsewhere), ("# The parts", place)))
    assert "J1 goes with the mirror, which the steps ask for at door and tray-right-red-2" in line
