"""The voice at the bench: what is heard, what is cut short, and what the screen is told."""

from __future__ import annotations

import queue
import stat
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from drivers.voice import Ending, SpeechReady, Spoken, Voice, VoiceEvent, VoiceHealth
from drivers.voice_player import find_player
from drivers.voice_queue import Priority, Utterance

WITHIN_S = 10.0


class Listener:
    """Takes the voice's events, and waits for the one that a test needs."""

    def __init__(self) -> None:
        self.events: queue.Queue[VoiceEvent] = queue.Queue()
        self.seen: list[VoiceEvent] = []

    def until(self, right: Callable[[VoiceEvent], bool]) -> VoiceEvent:
        while True:
            event = self.events.get(timeout=WITHIN_S)
            self.seen.append(event)
            if right(event):
                return event

    def begun(self, utterance_id: str) -> SpeechReady:
        event = self.until(lambda e: isinstance(e, SpeechReady) and e.utterance_id == utterance_id)
        assert isinstance(event, SpeechReady)
        return event

    def end(self, utterance_id: str) -> Spoken:
        event = self.until(lambda e: isinstance(e, Spoken) and e.utterance_id == utterance_id)
        assert isinstance(event, Spoken)
        return event

    def health(self, code: str) -> VoiceHealth:
        event = self.until(lambda e: isinstance(e, VoiceHealth) and e.code == code)
        assert isinstance(event, VoiceHealth)
        return event


class Stage:
    """A voice with a stand-in for the loudspeaker: a program that notes each file, and plays until it is let go."""

    def __init__(self, folder: Path, script: str) -> None:
        self.log = folder / "played"
        self.log.touch()
        self.player = folder / "player"
        self.player.write_text(f"#!/bin/sh\n{script.format(log=self.log)}\n")
        self.player.chmod(self.player.stat().st_mode | stat.S_IXUSR)
        self.heard = Listener()

    def played(self) -> int:
        return len(self.log.read_text().splitlines())


@contextmanager
def speaking(voice: Voice) -> Iterator[Voice]:
    stop = threading.Event()
    thread = threading.Thread(target=voice.run, args=(stop,), name="voice")
    thread.start()
    try:
        yield voice
    finally:
        stop.set()
        thread.join()


SHORT = 'echo "$1" >> "{log}"'
LONG = 'echo "$1" >> "{log}"; sleep 60'
DEAF = 'echo "no sound card" >&2; exit 1'


def voice_on(stage: Stage, folder: Path, clock: Callable[[], float] = time.monotonic) -> Voice:
    return Voice(
        folder / "voice", rate_wpm=150, on_event=stage.heard.events.put, clock=clock, player=[str(stage.player)]
    )


def words(utterance_id: str, priority: Priority, text: str = "Please take the mirror.") -> Utterance:
    return Utterance(utterance_id=utterance_id, text=text, lang="en", priority=priority)


def test_a_sentence_is_played_and_its_sound_is_there_for_the_page(tmp_path: Path) -> None:
    """It should play the file once, tell its length, and hand the same file to whoever asks by the caption's id."""
    stage = Stage(tmp_path, SHORT)
    with speaking(voice_on(stage, tmp_path)) as voice:
        assert stage.heard.health("voice.ready").good
        assert voice.can_play
        voice.say(words("u1", Priority.INSTRUCTION))
        ready, end = stage.heard.begun("u1"), stage.heard.end("u1")
        assert end.played
        assert voice.wav_for("u1") == ready.wav_path == end.wav_path
        assert stage.log.read_text().split() == [str(ready.wav_path)]
        assert voice.wav_for("u2") is None


def test_safety_cuts_an_instruction_short(tmp_path: Path) -> None:
    """It should silence the instruction in the middle, player and all it started, and say that the robot moves."""
    stage = Stage(tmp_path, LONG)
    with speaking(voice_on(stage, tmp_path)) as voice:
        voice.say(words("u1", Priority.INSTRUCTION))
        stage.heard.begun("u1")
        voice.say(words("u2", Priority.SAFETY, "The robot moves."))
        assert stage.heard.end("u1").ending is Ending.INTERRUPTED
        stage.heard.begun("u2")


def test_small_talk_waits_for_the_instruction(tmp_path: Path) -> None:
    """It should let what is more urgent finish, and of what waits say only the newest of a kind."""
    stage = Stage(tmp_path, LONG)
    with speaking(voice_on(stage, tmp_path)) as voice:
        voice.say(words("u1", Priority.CORRECTION))
        stage.heard.begun("u1")
        voice.say(words("u2", Priority.INSTRUCTION))
        voice.say(words("u3", Priority.INSTRUCTION, "Now put it on the pins."))
        assert stage.heard.end("u2").ending is Ending.REPLACED
        assert not any(isinstance(e, Spoken) and e.utterance_id == "u1" for e in stage.heard.seen)
    # The voice is ended with the program: what was being said and what waited are both told as cut short.
    assert stage.heard.end("u1").ending is Ending.INTERRUPTED
    assert stage.heard.end("u3").ending is Ending.INTERRUPTED


def test_interrupt_is_silence_but_not_for_safety(tmp_path: Path) -> None:
    """It should end the sentence and what waits when somebody asks for quiet, and still say that the robot moves."""
    stage = Stage(tmp_path, LONG)
    with speaking(voice_on(stage, tmp_path)) as voice:
        voice.say(words("u1", Priority.INSTRUCTION))
        stage.heard.begun("u1")
        voice.say(words("u2", Priority.CHATTER))
        voice.interrupt()
        first = stage.heard.until(lambda e: isinstance(e, Spoken))
        second = stage.heard.until(lambda e: isinstance(e, Spoken))
        assert isinstance(first, Spoken)
        assert isinstance(second, Spoken)
        assert {first.utterance_id, second.utterance_id} == {"u1", "u2"}
        assert first.ending is second.ending is Ending.INTERRUPTED
        voice.say(words("u3", Priority.SAFETY, "The robot moves."))
        stage.heard.begun("u3")
        voice.interrupt()
        voice.say(words("u4", Priority.CHATTER))
        voice.say(words("u5", Priority.CHATTER))
        assert stage.heard.end("u4").ending is Ending.REPLACED
        assert not any(isinstance(e, Spoken) and e.utterance_id == "u3" for e in stage.heard.seen)


def test_without_a_player_the_screen_says_so_and_the_order_is_kept(tmp_path: Path) -> None:
    """It should make the sound for the page, take the sentence's time, and never pretend to have played it."""
    heard = Listener()
    voice = Voice(tmp_path, rate_wpm=300, on_event=heard.events.put, clock=time.monotonic, player=None)
    with speaking(voice):
        health = heard.health("voice.no_player")
        assert not health.good
        assert "alsa-utils" in health.detail
        assert not voice.can_play
        voice.say(words("u1", Priority.INSTRUCTION, "Take it."))
        end = heard.end("u1")
        assert end.ending is Ending.SILENT
        assert not end.played
        assert end.wav_path is not None
        assert end.wav_path.exists()


@pytest.mark.parametrize("script", [DEAF, None])
def test_a_player_that_fails_is_named_and_the_page_takes_over(tmp_path: Path, script: str | None) -> None:
    """It should say what the player said, and let the page play from this sentence on."""
    stage = Stage(tmp_path, script or "")
    if script is None:
        stage.player.unlink()
    with speaking(voice_on(stage, tmp_path)) as voice:
        voice.say(words("u1", Priority.INSTRUCTION, "Take it."))
        stage.heard.begun("u1")
        health = stage.heard.health("voice.player")
        assert ("no sound card" if script else "cannot be started") in health.detail
        assert not voice.can_play
        assert stage.heard.end("u1").ending is Ending.SILENT
        stage.player.write_text("#!/bin/sh\nexit 0\n")
        stage.player.chmod(0o700)
        voice.say(words("u2", Priority.INSTRUCTION, "Take it."))
        assert stage.heard.end("u2").played
        assert stage.heard.health("voice.ready").good


def test_a_player_that_never_ends_is_ended(tmp_path: Path) -> None:
    """It should wait for the sentence's length and a little more, then call the player broken and go on."""
    stage = Stage(tmp_path, LONG)
    now_s = [0.0]
    with speaking(voice_on(stage, tmp_path, lambda: now_s[0])) as voice:
        voice.say(words("u1", Priority.INSTRUCTION))
        ready = stage.heard.begun("u1")
        now_s[0] = ready.duration_s + 10.0
        assert "does not come to an end" in stage.heard.health("voice.player").detail
        assert stage.heard.end("u1").ending is Ending.SILENT


def test_a_voice_without_an_engine_fails_each_sentence_and_stays_up(tmp_path: Path) -> None:
    """It should tell the screen what to do, end every sentence as failed, and not take the station down."""
    heard = Listener()
    broken = (sys.executable, "-c", """print('{"ok": false, "error": "there is no eSpeak NG; run `make setup`"}')""")
    voice = Voice(
        tmp_path, rate_wpm=150, on_event=heard.events.put, clock=time.monotonic, player=None, voice_process=broken
    )
    with speaking(voice):
        assert "make setup" in heard.health("voice.process").detail
        voice.say(words("u1", Priority.SAFETY))
        end = heard.end("u1")
        assert end.ending is Ending.FAILED
        assert end.wav_path is None


def test_a_phrase_without_a_reading_is_told_and_the_next_one_is_spoken(tmp_path: Path) -> None:
    """It should leave kanji to the caption: the engine would read them as "Chinese letter"."""
    stage = Stage(tmp_path, SHORT)
    with speaking(voice_on(stage, tmp_path)) as voice:
        voice.say(Utterance(utterance_id="u1", text="六角ボルト", lang="ja", priority=Priority.INSTRUCTION))
        assert "kana" in stage.heard.health("voice.reading").detail
        assert stage.heard.end("u1").ending is Ending.FAILED
        voice.say(Utterance(utterance_id="u2", text="ろっかくボルト", lang="ja", priority=Priority.INSTRUCTION))
        assert stage.heard.end("u2").played
        assert stage.heard.health("voice.ready").good


def test_sentences_can_be_made_before_they_are_needed(tmp_path: Path) -> None:
    """It should give the same file later, when the sentence is said."""
    stage = Stage(tmp_path, SHORT)
    with speaking(voice_on(stage, tmp_path)) as voice:
        made = voice.synthesise("Please take the mirror.", "en")
        voice.say(words("u1", Priority.INSTRUCTION))
        assert stage.heard.begun("u1").wav_path == made


def test_a_player_is_found_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It should prefer the sound server's player, take ALSA's where that is all, and know when there is none."""
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_player() is None
    for name, expected in (("aplay", ("aplay", "-q")), ("pw-play", ("pw-play",))):
        (tmp_path / name).write_text("#!/bin/sh\n")
        (tmp_path / name).chmod(0o700)
        assert find_player() == expected
