"""Real sentences through the real engine in its real process."""

from __future__ import annotations

import os
import signal
import sys
import time
import wave
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from drivers.voice_synthesiser import VOICE_PROCESS, ProcessError, ReadingError, SpeechError, Synthesiser

MIRROR = "Take the blue mirror and hold it against the door."
MIRROR_KANA = "あおい ミラーを とって、ドアに あてて ください。"
# Not the system's eSpeak NG: the package's library answers to the same name once it is loaded.
PACKAGED = (
    sys.executable,
    "-c",
    "from drivers import voice_process as v; v.load_packaged_library(); raise SystemExit(v.main())",
)


def noting_pids(pids: Path) -> tuple[str, ...]:
    """The voice process, started so that a test can find it."""
    return ("/bin/sh", "-c", f'echo $$ >> "{pids}"; exec "$@"', "sh", *VOICE_PROCESS)


@pytest.fixture
def synthesiser(tmp_path: Path) -> Iterator[Synthesiser]:
    made = Synthesiser(tmp_path / "voice", rate_wpm=150, clock=time.monotonic, command=noting_pids(tmp_path / "pids"))
    with closing(made):
        yield made


def started(tmp_path: Path) -> list[int]:
    return [int(line) for line in (tmp_path / "pids").read_text().split()]


def loudness(path: Path) -> int:
    with wave.open(str(path)) as sound:
        assert (sound.getframerate(), sound.getnchannels(), sound.getsampwidth()) == (22050, 1, 2)
        samples = memoryview(sound.readframes(sound.getnframes())).cast("h")
    return max(abs(sample) for sample in samples)


@pytest.mark.parametrize(("text", "lang"), [(MIRROR, "en"), (MIRROR_KANA, "ja"), ("Nehmen Sie den Spiegel.", "de")])
def test_a_sentence_becomes_sound_of_a_likely_length(synthesiser: Synthesiser, text: str, lang: str) -> None:
    """It should speak about as long as a person: 50 to 150 ms for each letter or kana."""
    wav = synthesiser.synthesise(text, lang)
    assert 0.05 * len(text) < wav.duration_s < 0.15 * len(text)
    assert loudness(wav.path) > 3000


def test_the_packaged_engine_speaks_without_the_system_s(tmp_path: Path) -> None:
    """It should speak on a machine that has nothing but the Python packages."""
    voice = Synthesiser(tmp_path, rate_wpm=150, clock=time.monotonic, command=PACKAGED)
    with closing(voice):
        assert "espeak-ng" in voice.start()
        assert 2.0 < voice.synthesise(MIRROR, "en").duration_s < 6.0


def test_forty_sentences_in_a_row_are_each_what_was_asked(tmp_path: Path) -> None:
    """It should never give one sentence the sound of another, whatever language came before."""
    sentences = [(f"Now joint {number}, please." + " Turn it by hand." * (number % 4), "en") for number in range(20)]
    sentences += [(f"{number}ばんに こうぐを あてて" * (1 + number % 3), "ja") for number in range(20)]
    mixed = [sentences[(7 * number) % 40] for number in range(40)]
    alone: dict[tuple[str, str], bytes] = {}
    with closing(Synthesiser(tmp_path / "mixed", rate_wpm=150, clock=time.monotonic)) as voice:
        together = {sentence: voice.synthesise(*sentence).path.read_bytes() for sentence in mixed}
    with closing(Synthesiser(tmp_path / "sorted", rate_wpm=150, clock=time.monotonic)) as voice:
        for sentence in sorted(sentences):
            alone[sentence] = voice.synthesise(*sentence).path.read_bytes()
    lengths = {sentence: len(sound) for sentence, sound in together.items()}
    # The engine's melody depends a little on what it said before: up to 4 % of the length, less than a word.
    for sentence, sound in alone.items():
        assert lengths[sentence] == pytest.approx(len(sound), rel=0.05), sentence


def test_the_first_sentence_of_a_fresh_process_is_whole(tmp_path: Path) -> None:
    """It should not lose the beginning or the end of a sentence that comes right after the engine's settings."""
    lengths = []
    for number in range(6):
        with closing(Synthesiser(tmp_path / str(number), rate_wpm=150, clock=time.monotonic)) as voice:
            lengths.append(voice.synthesise("Now joint 1, please.", "en").duration_s)
    assert lengths == pytest.approx([lengths[0]] * 6, rel=0.05)
    assert lengths[0] > 1.5


def test_the_pace_is_the_station_s_from_the_first_sentence(tmp_path: Path) -> None:
    """It should speak slowly at once where the station file asks for it."""
    lengths = []
    for rate_wpm in (100, 200):
        with closing(Synthesiser(tmp_path, rate_wpm=rate_wpm, clock=time.monotonic)) as voice:
            lengths.append(voice.synthesise(MIRROR, "en").duration_s)
    assert 1.6 < lengths[0] / lengths[1] < 2.4


def test_a_sentence_said_before_comes_from_the_cache(synthesiser: Synthesiser) -> None:
    """It should keep the file, and make it again when it is damaged."""
    wav = synthesiser.synthesise(MIRROR, "en")
    kept = wav.path.stat().st_mtime_ns
    assert synthesiser.synthesise(MIRROR, "en") == wav
    assert wav.path.stat().st_mtime_ns == kept
    wav.path.write_bytes(wav.path.read_bytes()[:5000])
    assert synthesiser.synthesise(MIRROR, "en").path.stat().st_size > 100_000


@pytest.mark.parametrize(
    ("text", "lang", "why"),
    [
        ("六角ボルト", "ja", "kana"),
        ("Hello.", "xx", "`xx`"),
        ("…", "en", "nothing to say"),
        ("", "en", "nothing to say"),
    ],
)
def test_what_cannot_be_read_is_refused_and_the_next_is_right(
    synthesiser: Synthesiser, text: str, lang: str, why: str
) -> None:
    """It should say why, and not speak in another language's voice instead."""
    with pytest.raises(ReadingError, match=why):
        synthesiser.synthesise(text, lang)
    assert synthesiser.synthesise(MIRROR, "en").duration_s > 2.0


def test_a_killed_voice_process_is_back_with_the_next_sentence(synthesiser: Synthesiser, tmp_path: Path) -> None:
    """It should lose no sentence: the one that finds the process dead is said by the next process."""
    synthesiser.synthesise(MIRROR, "en")
    os.kill(started(tmp_path)[0], signal.SIGKILL)
    assert synthesiser.synthesise("It goes on.", "en").duration_s > 0.3
    assert len(started(tmp_path)) == 2


def test_a_voice_process_that_hangs_is_replaced(tmp_path: Path) -> None:
    """It should give up on a silent process after its time, and say so when the next one is silent too."""
    hangs = ("/bin/sh", "-c", """echo '{"engine": "deaf"}'; exec sleep 60""")
    voice = Synthesiser(tmp_path, rate_wpm=150, clock=time.monotonic, command=hangs, phrase_within_s=0.05)
    with closing(voice), pytest.raises(ProcessError, match="no answer"):
        voice.synthesise(MIRROR, "en")


def test_a_voice_that_cannot_start_is_not_tried_with_every_sentence(tmp_path: Path) -> None:
    """It should rest a moment after two failures, then try again."""
    tries = tmp_path / "tries"
    now_s = [100.0]
    broken = ("/bin/sh", "-c", f'echo x >> "{tries}"; exit 3')
    with closing(Synthesiser(tmp_path, rate_wpm=150, clock=lambda: now_s[0], command=broken)) as voice:
        for after_s, expected in ((0.0, 2), (0.5, 2), (0.9, 2), (1.1, 4)):
            now_s[0] = 100.0 + after_s
            with pytest.raises(ProcessError):
                voice.synthesise(MIRROR, "en")
            assert len(tries.read_text().split()) == expected


def test_a_cache_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """It should say where speech cannot be kept, and not blame the engine."""
    (tmp_path / "voice").write_text("a file where the folder should be")
    with closing(Synthesiser(tmp_path / "voice", rate_wpm=150, clock=time.monotonic)) as voice:
        with pytest.raises(SpeechError, match="cannot be kept") as caught:
            voice.synthesise(MIRROR, "en")
        assert not isinstance(caught.value, ProcessError)
