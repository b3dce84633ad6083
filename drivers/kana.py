"""What a Japanese sentence for the voice may be written in."""

from __future__ import annotations

import re

# eSpeak NG 1.51 reads kanji, Latin letters and the middle dot aloud by name ("Chinese letter", "Japanese letter");
# kana, digits and these marks it reads as a person would, and the ellipsis as a short pause.
_SPEAKABLE = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u30fc0-9０-９、。！？!?.,…「」 \u3000]*")


def kana_only(text: str) -> bool:
    """Whether the voice can read all of `text`: hiragana, katakana, digits and the marks that make it pause."""
    return _SPEAKABLE.fullmatch(text) is not None
