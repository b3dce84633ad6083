"""Every sentence is there in every language, and can be spoken."""

import re
from pathlib import Path

import pytest

from station.config.errors import ConfigError
from station.config.phrase_keys import is_spoken, required_keys
from station.config.phrases import GAP, PhraseError, load_phrases
from station.core.faults import FAULTS

CONFIG = Path(__file__).parents[3] / "config"
EN = (CONFIG / "phrases/en.toml").read_text(encoding="utf-8")
JA = (CONFIG / "phrases/ja.toml").read_text(encoding="utf-8")


def told(tmp_path: Path, en: str, ja: str) -> str:
    """What loading these two files complains of."""
    (tmp_path / "en.toml").write_text(en, encoding="utf-8")
    (tmp_path / "ja.toml").write_text(ja, encoding="utf-8")
    with pytest.raises(ConfigError) as caught:
        load_phrases(tmp_path)
    return str(caught.value)


def test_words_that_are_keys_are_sentences_of_the_same_language() -> None:
    """It should name both mirrors in the visitor's language, and in kana for the Japanese voice."""
    phrases = load_phrases(CONFIG / "phrases")
    words = {"part": "@part.mirror.right-blue", "wanted": "@part.mirror.left-red"}
    shown = phrases.shown("en", "fault.part.wrong.visitor", words)
    assert shown.startswith("That is the blue mirror for the right side. Yours is the red mirror for the left side.")
    assert "右側の青いミラー" in phrases.shown("ja", "fault.part.wrong.visitor", words)
    assert "みぎがわの あおい ミラー" in phrases.spoken("ja", "fault.part.wrong.visitor", words)


@pytest.mark.parametrize("language", ["en", "ja"])
def test_with_the_words_that_the_program_gives_no_sentence_has_a_gap(language: str) -> None:
    """It should fill every sentence that the program asks for, and none has a gap."""
    phrases = load_phrases(CONFIG / "phrases")
    for key, names in required_keys().items():
        words = dict.fromkeys(names, "1")
        assert GAP not in phrases.shown(language, key, words) + phrases.spoken(language, key, words)


def test_the_voice_is_never_given_kanji_or_latin() -> None:
    """It should have nothing but kana, punctuation and the words' places in every Japanese reading."""
    phrases = load_phrases(CONFIG / "phrases")
    for key in filter(is_spoken, phrases.keys("ja")):
        reading = re.sub(GAP, "", phrases.spoken("ja", key))
        assert not re.search(r"[一-鿿A-Za-z0-9]", reading), key


def test_every_fault_has_a_sentence_for_both_readers() -> None:
    """It should tell visitor and technician of every code, never in the same words."""
    phrases = load_phrases(CONFIG / "phrases")
    for language in phrases.languages:
        for code in FAULTS:
            visitor = phrases.shown(language, f"fault.{code}.visitor")
            assert visitor != phrases.shown(language, f"fault.{code}.technician")


def test_no_button_promises_to_stop_anything() -> None:
    """It should say Pause program: stopping is the red button's work."""
    phrases = load_phrases(CONFIG / "phrases")
    assert phrases.shown("en", "ui.pause_program") == "Pause program"
    for key in phrases.keys("en"):
        if key.startswith("ui.") and key != "ui.console.not_safety":
            assert not re.search(r"\bstop\b", phrases.shown("en", key), re.IGNORECASE), key


def test_a_missing_word_leaves_a_gap_and_a_missing_phrase_an_error() -> None:
    """It should show a sentence with a gap before a visitor, and refuse keys and languages that are not there."""
    phrases = load_phrases(CONFIG / "phrases")
    assert GAP in phrases.shown("en", "fault.nut.missing.visitor")
    with pytest.raises(PhraseError, match=r"did you mean `visit.welcome`"):
        phrases.shown("en", "visit.wellcome")
    with pytest.raises(PhraseError, match="no language `fr`"):
        phrases.shown("fr", "visit.welcome")


def test_every_mistake_in_all_languages_is_told_at_once(tmp_path: Path) -> None:
    """It should name file, line and key of each."""
    en = EN.replace('"ui.next" = "Next"', '"ui.nexst" = "Next"').replace("on joint {joint} yet", "on joint {nut} yet")
    ja = JA.replace('reading = "ぴったりです。"', 'reading = "ぴったりdeathです。"').replace(
        'reading = "kana"', 'reading = "kana"\nfont = "x"'
    )
    ja = ja.replace('"ui.ok" = "OK"', '"ui.ok" = "O{K"').replace(', reading = "いいですね。"', "")
    problems = told(tmp_path, en, ja)
    for expected in (
        "phrases.ui.next: this phrase is missing; add it: ja has it",
        "phrases.ui.nexst: this phrase is missing; add it: en has it",
        "phrases.fault.nut.missing.visitor: {nut} is never given; use {joint}",
        "phrases.fault.nut.missing.visitor: the words are {joint}, in en {nut}; use the same words",
        "the reading has `death`; write it in kana",
        "language.font: unknown key `font`",
        "phrases.ui.ok: a brace does not belong to a word",
        "phrases.step.passed.3.reading: `reading` is missing",
    ):
        assert expected in problems
    line = next(n for n, row in enumerate(en.splitlines(), 1) if "{nut}" in row)
    assert f"en.toml:{line}: phrases.fault.nut.missing.visitor" in problems


def test_a_spoken_japanese_sentence_without_reading_is_refused(tmp_path: Path) -> None:
    """It should want the kana."""
    ja = JA.replace('{ text = "ぴったりです。", reading = "ぴったりです。" }', '"ぴったりです。"')
    assert "phrases.step.passed.2: this is spoken and has no `reading`" in told(tmp_path, EN, ja)


def test_an_empty_folder_is_no_catalogue(tmp_path: Path) -> None:
    """It should say what to put there."""
    with pytest.raises(ConfigError, match="no phrase files"):
        load_phrases(tmp_path)
