"""A mistake is pointed at by its line."""

import tomllib

from hypothesis import given
from hypothesis import strategies as st

from station.config.errors import KeyPath
from station.config.toml_source import key_lines

WRITTEN = '''# A comment with [brackets] and key = 1
top = "a # no comment" # a comment
[one]
"quoted key" = """
three = "lines"
"""
list = [
    1, # a comment with ] in it
    "]", ["inner",
        "x"],
]
[one.two]
a.b = 'it''s'
[[many]]
x = 1
[[many]]
[many.inside]
y = 2
[[many.deep]]
z = 3
'''.replace("it''s", "it")


def test_each_key_and_element_has_its_line() -> None:
    """It should see through comments, strings, arrays and nested tables."""
    lines = key_lines(WRITTEN)
    rows = WRITTEN.splitlines()

    def row(path: KeyPath) -> str:
        return rows[lines[path] - 1].strip()

    assert row(("top",)).startswith("top")
    assert row(("one", "quoted key")).startswith('"quoted key"')
    assert row(("one", "list", 0)).startswith("1,")
    assert row(("one", "list", 1)).startswith('"]"')
    assert row(("one", "list", 2)).startswith('"]"')
    assert row(("one", "two", "a", "b")).startswith("a.b")
    assert row(("many", 0, "x")) == "x = 1"
    assert row(("many", 1, "inside", "y")) == "y = 2"
    assert row(("many", 1, "deep", 0, "z")) == "z = 3"
    assert ("one", "three") not in lines


@given(st.text())
def test_any_text_that_is_toml_has_lines_within_itself(text: str) -> None:
    """It should never fail on text that TOML accepts."""
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return
    count = text.count("\n") + text.count("\r") + 1
    assert all(1 <= line <= max(1, len(text.splitlines()), count) for line in key_lines(text).values())
