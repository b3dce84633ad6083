"""A recorded session's folder: what is written is read again, and mistakes are told with their line."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from station.simulation.desk_session import TOUCHES, SessionError, Touched, read_session, touch_line

TOUCHED = st.builds(Touched, t_s=st.floats(0.0, 9_999.0).map(lambda t: round(t, 3)), touch=st.sampled_from(TOUCHES))


@given(touches=st.lists(TOUCHED, max_size=12))
def test_what_is_written_is_read_again(touches: list[Touched], tmp_path_factory: pytest.TempPathFactory) -> None:
    """It should give the touches by time, whatever order they were written in."""
    folder = tmp_path_factory.mktemp("session")
    (folder / "film.avi").write_bytes(b"")
    (folder / "touches.jsonl").write_text("".join(touch_line(touched) + "\n" for touched in touches))
    read = read_session(folder)
    assert read.touches == tuple(sorted(touches, key=lambda touched: touched.t_s))
    assert read_session(folder / "film.avi") == read


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("pull", "2 is no JSON"),
        ('{"t_s": 1, "touch": "jump"}', "2 is no touch"),
        ('{"t_s": 1}', "2 is no touch"),
        ('{"t_s": 1, "touch": "start", "why": 1}', "2 is no touch"),
        ('{"t_s": -1, "touch": "start"}', "2: `t_s` is no time"),
        ('{"t_s": NaN, "touch": "start"}', "2: `t_s` is no time"),
        ('{"t_s": true, "touch": "start"}', "2: `t_s` is no time"),
        ('{"t_s": 1, "touch": ["start"]}', "2 is no touch"),
        ("[]", "2 is no touch"),
    ],
)
def test_a_line_that_is_wrong_is_named(line: str, told: str, tmp_path: Path) -> None:
    """It should say file, line and what stands there."""
    (tmp_path / "a.avi").write_bytes(b"")
    (tmp_path / "touches.jsonl").write_text('{"t_s": 0, "touch": "start"}\n' + line + "\n")
    with pytest.raises(SessionError, match=told):
        read_session(tmp_path)


def test_a_folder_without_video_or_touches_is_named(tmp_path: Path) -> None:
    """It should say what a session is made of."""
    with pytest.raises(SessionError, match="0 videos"):
        read_session(tmp_path)
    with pytest.raises(SessionError, match="one video"):
        read_session(tmp_path / "lost.avi")
    (tmp_path / "a.avi").write_bytes(b"")
    with pytest.raises(SessionError, match="is missing"):
        read_session(tmp_path)
