"""The phrase files: every sentence of the program and of the procedures, in every language, shown and spoken."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from station.config.errors import ConfigError, Problem
from station.config.phrase_keys import is_spoken, required_keys
from station.config.procedure_draft import Findings
from station.config.shapes import Name
from station.config.strict import Strict, nearest, parse
from station.config.toml_source import Source, read_toml

GAP = "…"
"""Stands where a word was not given: a sentence with a gap is better than a page that fails in front of a visitor."""

_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_BAD_BRACE = re.compile(r"[{}]")
# Hiragana, katakana with the long-vowel mark and the middle dot, Japanese punctuation, spaces. A speech engine that is
# given kanji or Latin letters reads their names aloud.
_KANA = re.compile(r"[\u3041-\u3096\u30a1-\u30fa\u30fb\u30fc、。！？「」 \u3000]*")


class PhraseError(Exception):
    """A phrase or a language that the catalogue does not have."""

    code = "phrases.unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrase:
    """One sentence in one language."""

    text: str
    reading: str
    """What the voice says; the same as `text` where the language needs no reading."""


class _LanguageShape(Strict):
    """`[language]`."""

    id: Name
    name: Name
    """In the language itself."""
    reading: Literal["text", "kana"] = "text"


class _PhraseShape(Strict):
    """One entry that has a reading."""

    text: Name
    reading: Name


@dataclass(frozen=True, slots=True, kw_only=True)
class Phrases:
    """All sentences in all languages, checked: every language has every key, with the same placeholders."""

    languages: Mapping[str, str]
    """Language id -> its name in that language."""
    _catalogue: Mapping[str, Mapping[str, Phrase]]

    def keys(self, language: str) -> frozenset[str]:
        """All keys. Raises PhraseError for an unknown language."""
        return frozenset(self._of(language))

    def shown(self, language: str, key: str, words: Mapping[str, str] | None = None) -> str:
        """The sentence for the eye. Words that begin with `@` are keys. Raises PhraseError for an unknown key."""
        given = {name: self._word(language, value, self.shown) for name, value in (words or {}).items()}
        return _filled(self._phrase(language, key).text, given)

    def spoken(self, language: str, key: str, words: Mapping[str, str] | None = None) -> str:
        """The sentence for the voice. Raises PhraseError for an unknown key."""
        given = {name: self._word(language, value, self.spoken) for name, value in (words or {}).items()}
        return _filled(self._phrase(language, key).reading, given)

    def _word(self, language: str, value: str, look_up: Callable[[str, str], str]) -> str:
        return look_up(language, value[1:]) if value.startswith("@") else value

    def _phrase(self, language: str, key: str) -> Phrase:
        catalogue = self._of(language)
        if key not in catalogue:
            raise PhraseError(f"the phrase `{key}` is not in `{language}`; {nearest(key, catalogue)}")
        return catalogue[key]

    def _of(self, language: str) -> Mapping[str, Phrase]:
        if language not in self._catalogue:
            raise PhraseError(f"there is no language `{language}`; {nearest(language, self._catalogue)}")
        return self._catalogue[language]


def load_phrases(folder: Path) -> Phrases:
    """Read and check every `*.toml` of the folder. Raises ConfigError with every mistake in all of them."""
    problems: list[Problem] = []
    names: dict[str, str] = {}
    sources: dict[str, Source] = {}
    catalogue: dict[str, dict[str, Phrase]] = {}
    for path in sorted(folder.glob("*.toml")):
        source = read_toml(path)
        findings = Findings(source.problem)
        for key in source.data:
            if key not in ("language", "phrases"):
                findings.report((key,), f"unknown key `{key}`", nearest(key, ["language", "phrases"]))
        head, found = parse(_LanguageShape, source, ("language",), source.data.get("language", {}))
        findings.problems += found
        if head is not None and head.id in sources:
            findings.report(("language", "id"), f"{sources[head.id].path} has `{head.id}` already", "keep one file")
        elif head is not None:
            names[head.id], sources[head.id] = head.name, source
            catalogue[head.id] = _entries(source, head.reading == "kana", findings)
        problems += findings.problems
    if not sources and not problems:
        what, todo = "there are no phrase files", "put one file for each language there, such as en.toml"
        problems.append(Problem(file=str(folder), where="", line=None, what=what, todo=todo))
    problems += _compared(sources, catalogue)
    if problems:
        raise ConfigError(tuple(problems))
    return Phrases(languages=names, _catalogue=catalogue)


def _entries(source: Source, kana: bool, findings: Findings) -> dict[str, Phrase]:
    """Phrases of one language. A misshapen one is reported, and stands with its key all the same."""
    found: dict[str, Phrase] = {}
    entries = source.data.get("phrases", {})
    for key, entry in entries.items() if isinstance(entries, Mapping) else ():
        at = ("phrases", key)
        phrase = Phrase(text=str(entry), reading=str(entry))
        if not isinstance(entry, str):
            shape, problems = parse(_PhraseShape, source, at, entry)
            findings.problems += problems
            phrase = Phrase(text=shape.text, reading=shape.reading) if shape else phrase
        elif kana and is_spoken(key):
            findings.report(at, "this is spoken and has no `reading`", 'write { text = "...", reading = "kana" }')
        found[key] = phrase
        if _BAD_BRACE.search(_PLACEHOLDER.sub("", phrase.text)):
            findings.report(at, "a brace does not belong to a word", "write words as {name}, in small letters")
        extra = _words(phrase.reading) - _words(phrase.text)
        if extra:
            findings.report(at, f"the reading has {_listed(extra)} that the text does not have", "use the text's words")
        wrong = _KANA.sub("", _PLACEHOLDER.sub("", phrase.reading)) if kana and is_spoken(key) else ""
        if wrong and not isinstance(entry, str):
            findings.report(at, f"the reading has `{wrong}`", "write it in kana, numbers and foreign words too")
    return found


def _compared(sources: Mapping[str, Source], catalogue: Mapping[str, Mapping[str, Phrase]]) -> list[Problem]:
    """What must hold between the languages, and between them and the program."""
    problems: list[Problem] = []
    required = required_keys()
    everything = {key for phrases in catalogue.values() for key in phrases} | set(required)
    for language, phrases in catalogue.items():
        source = sources[language]
        for key in sorted(everything - set(phrases)):
            others = [other for other in catalogue if key in catalogue[other]]
            why = f"{', '.join(others)} has it" if others else "the program asks for it"
            problems.append(source.problem(("phrases", key), "this phrase is missing", f"add it: {why}"))
        for key, phrase in phrases.items():
            words = _words(phrase.text)
            if key in required and words - required[key]:
                todo = f"use {_listed(required[key])}" if required[key] else "write it without words"
                what = f"{_listed(words - required[key])} is never given"
                problems.append(source.problem(("phrases", key), what, todo))
            for other, theirs in catalogue.items():
                # Each pair once.
                if other < language and key in theirs and _words(theirs[key].text) != words:
                    what = f"the words are {_listed(words)}, in {other} {_listed(_words(theirs[key].text))}"
                    problems.append(source.problem(("phrases", key), what, "use the same words in every language"))
    return problems


def _words(text: str) -> set[str]:
    return set(_PLACEHOLDER.findall(text))


def _listed(words: set[str] | frozenset[str]) -> str:
    return " ".join(f"{{{word}}}" for word in sorted(words)) or "none"


def _filled(text: str, words: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: words.get(match[1], GAP), text)
