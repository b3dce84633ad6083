"""What the Japanese voice may be given."""

from __future__ import annotations

import pytest

from drivers.kana import kana_only


@pytest.mark.parametrize(
    "text", ["みぎがわの あおい ミラーを とって ください。", "1ばんです。", "「つづける」に ふれて…", ""]
)
def test_kana_digits_and_marks_can_be_read(text: str) -> None:
    """It should let pass what the engine reads as a person would."""
    assert kana_only(text)


@pytest.mark.parametrize("text", ["青いミラー", "OKです", "ドア・ミラー", "12.5 N·m", "々"])
def test_what_the_engine_would_spell_out_is_refused(text: str) -> None:
    """It should find each letter that would be read out as "Chinese letter" or by its name."""
    assert not kana_only(text)
